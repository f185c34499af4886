//! Every setting from every source, and who wins.

mod command_line;
mod refused;

use std::fs;
use std::time::Duration;

use super::*;
use crate::config::{CorsOrigins, LeaseMode, LogFormat, Setting};

/// For each setting another value than its default.
const OTHER: [(&str, &str); 53] = [
    ("HOST", "::1"),
    ("PORT", "0"),
    ("CORS_ORIGINS", "https://a.example"),
    ("SHUTDOWN_TIMEOUT_MS", "1"),
    ("REDIS_URL", "redis://:hunter2@cache:6379"),
    ("REDIS_PREFIX", "rtm-staging"),
    ("REDIS_PUBLISHING", "plain"),
    ("REDIS_COMMAND_TIMEOUT_MS", "700"),
    ("AUTH_MODE", "jwt"),
    ("AUTH_JWT_SECRET", "a secret that is long enough to be one"),
    ("AUTH_JWT_PUBLIC_KEY_FILE", "key.pem"),
    ("AUTH_JWT_JWKS_FILE", "jwks.json"),
    ("AUTH_JWT_AUDIENCE", "rtm"),
    ("AUTH_JWT_ISSUER", "login"),
    ("AUTH_JWT_LEEWAY_MS", "0"),
    ("PING_INTERVAL_MS", "2_000"),
    ("PING_TIMEOUT_MS", "3_000"),
    ("CONNECT_TIMEOUT_MS", "4_000"),
    ("UPGRADE_TIMEOUT_MS", "5_000"),
    ("WRITE_STALL_MS", "6_000"),
    ("PRESENCE_ENABLED", "false"),
    ("PRESENCE_TTL_MS", "7_000"),
    ("PRESENCE_REAPER_INTERVAL_MS", "800"),
    ("PRESENCE_REAPER_LOOKBACK_MS", "9_000"),
    ("PRESENCE_LINGER_MS", "10"),
    ("PRESENCE_LEASE", "transport"),
    ("CHAT_ENABLED", "false"),
    ("CHAT_MAX_HISTORY", "31"),
    ("CHAT_TYPING_MS", "3200"),
    ("CHAT_RETENTION_MS", "3300"),
    ("CHAT_MEMORY_BYTES", "3400000"),
    ("RELAY_EVENTS", "cursor:move,draw"),
    ("RELAY_EVENTS_PER_SECOND", "36"),
    ("MAX_MESSAGE_BYTES", "2000"),
    ("MAX_ATTACHMENTS", "0"),
    ("MAX_NESTING", "12"),
    ("MAX_ID_BYTES", "13"),
    ("MAX_STATE_BYTES", "14"),
    ("MAX_CHAT_BYTES", "35"),
    ("MAX_RELAY_BYTES", "37"),
    ("MAX_ROOMS_PER_CONNECTION", "15"),
    ("MAX_CONNECTIONS_PER_ROOM", "16"),
    ("MAX_EVENTS_PER_SECOND", "17"),
    ("MAX_EVENTS_BURST", "18"),
    ("MAX_CONNECTIONS", "19"),
    ("MAX_CONNECTIONS_PER_ADDRESS", "20"),
    ("MAX_QUEUE_BYTES", "2100"),
    ("MAX_QUEUE_PACKETS", "22"),
    ("MAX_INBOX_BYTES", "2300"),
    ("METRICS_ENABLED", "false"),
    ("METRICS_TOKEN", "a token that is long enough"),
    ("LOG_FORMAT", "json"),
    ("LOG_LEVEL", "info,rtm=debug"),
];

#[test]
fn nothing_set_is_the_default() {
    let loaded = Bench::new().load().unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.given.is_empty());
}

#[test]
fn every_setting_is_accepted_from_every_source() {
    let flags = OTHER.map(|(name, value)| format!("{}={value}", setting(name).flag()));
    let from_flags = Bench::new().args(flags);
    let from_environment = Bench::new().env(OTHER);
    let lines: String = OTHER
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let from_dotenv = Bench::new().file(".env", &lines);
    let keys: String = OTHER
        .iter()
        .map(|(name, value)| format!("{} = \"{value}\"\n", setting(name).key()))
        .collect();
    let from_file = Bench::new().file("rtm.toml", &keys);

    let loads =
        [from_flags, from_environment, from_dotenv, from_file].map(|bench| bench.load().unwrap());
    for loaded in &loads {
        assert_eq!(loaded.config, loads[0].config);
        let names: Vec<_> = loaded
            .given
            .iter()
            .map(|given| given.setting.name())
            .collect();
        assert_eq!(
            names,
            settings().iter().map(Setting::name).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_setting_reaches_its_own_field() {
    let default = Config::default();
    let mut seen = vec![format!("{default:?}")];
    for (name, value) in OTHER {
        let mut config = Config::default();
        setting(name).apply(&mut config, value).unwrap();
        let text = format!("{config:?}");
        assert!(!seen.contains(&text), "{name} changes nothing of its own");
        seen.push(text);
    }
    let all = Bench::new().env(OTHER).load().unwrap().config;
    assert_eq!(all.http.address().to_string(), "[::1]:0");
    assert_eq!(
        all.http.cors_origins,
        CorsOrigins::Only(vec!["https://a.example".into()])
    );
    assert_eq!(
        all.redis.url.unwrap().expose(),
        "redis://:hunter2@cache:6379"
    );
    assert_eq!(
        (all.presence.ttl, all.presence.lease),
        (Duration::from_secs(7), LeaseMode::Transport)
    );
    assert_eq!(
        (all.log.format, all.log.level.as_str()),
        (LogFormat::Json, "info,rtm=debug")
    );
    assert_eq!(
        (all.limits.events_per_second, all.limits.inbox_bytes),
        (17, 2300)
    );
}

#[test]
fn the_stronger_source_wins() {
    let mut bench = Bench::new();
    let port = |bench: &Bench| bench.load().unwrap().config.http.port;
    assert_eq!(port(&bench), 3000);
    bench = bench.file("rtm.toml", "port = 1");
    assert_eq!(port(&bench), 1);
    bench = bench.file(".env", "PORT=2");
    assert_eq!(port(&bench), 2);
    bench = bench.env([("PORT", "3")]);
    assert_eq!(port(&bench), 3);
    bench = bench.args(["--port", "4"]);
    assert_eq!(port(&bench), 4);
    assert_eq!(
        bench.load().unwrap().place_of("PORT"),
        Some(&Place::Flag("--port".into()))
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let bench = Bench::new()
        .env([("PORT", ""), ("HOST", " ")])
        .file(".env", "PORT=5\nHOST=\n");
    let loaded = bench.load().unwrap();
    assert_eq!(loaded.config.http.address().to_string(), "127.0.0.1:5");
    assert_eq!(loaded.place_of("HOST"), None);
}

#[test]
fn the_file_is_named_by_flag_then_environment_then_dotenv() {
    let bench = Bench::new()
        .file("a.toml", "port = 1")
        .file("b.toml", "port = 2")
        .file("c.toml", "port = 3");
    let bench = bench.file("rtm.toml", "port = 4");
    let port = |bench: &Bench| bench.load().unwrap().config.http.port;
    assert_eq!(port(&bench), 4);
    let bench = bench.file(".env", "RTM_CONFIG=c.toml");
    assert_eq!(port(&bench), 3);
    let bench = bench.env([("RTM_CONFIG", "b.toml")]);
    assert_eq!(port(&bench), 2);
    let bench = bench.args(["--config", "a.toml"]);
    assert_eq!(port(&bench), 1);
}

#[test]
fn derived_defaults_follow_the_ttl_wherever_it_was_set() {
    let config = Bench::new()
        .args(["--presence-ttl-ms", "6000"])
        .load()
        .unwrap()
        .config;
    assert_eq!(config.presence.lookback(), Duration::from_secs(12));
    assert_eq!(config.ping_interval(), Duration::from_secs(2));
    assert_eq!(config.ping_timeout(), Duration::from_secs(2));
}

#[test]
fn a_url_of_another_source_can_be_taken_back() {
    let bench = Bench::new()
        .file(".env", "REDIS_URL=redis://cache")
        .args(["--redis-url", "none"]);
    assert_eq!(bench.load().unwrap().config.redis.url, None);
}

fn setting(name: &str) -> &'static Setting {
    settings()
        .iter()
        .find(|setting| setting.name() == name)
        .unwrap()
}

/// A command line, an environment and a directory of its own.
struct Bench {
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            args: vec!["rtm".into()],
            env: Vec::new(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn args<T: Into<OsString>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(words.into_iter().map(Into::into));
        self
    }

    fn env<'a>(mut self, vars: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.env.extend(
            vars.into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn invoke(&self) -> Result<Invocation, ConfigErrors> {
        load(self.args.clone(), self.env.clone(), self.dir.path())
    }

    fn load(&self) -> Result<Loaded, ConfigErrors> {
        match self.invoke()? {
            Invocation::Serve(loaded) => Ok(*loaded),
            other => panic!("is {other:?}"),
        }
    }

    fn printed(&self) -> String {
        match self.invoke().unwrap() {
            Invocation::Print(text) => text,
            other => panic!("is {other:?}"),
        }
    }
}
