//! Commands, flags, help and version.

use super::{Bench, Invocation};
use crate::config::{TokenCommand, settings};

#[test]
fn flags_may_stand_before_and_behind_the_command() {
    for words in [
        &["--port", "5"][..],
        &["serve", "--port", "5"],
        &["--port", "5", "serve"],
    ] {
        assert_eq!(
            Bench::new()
                .args(words.iter().copied())
                .load()
                .unwrap()
                .config
                .http
                .port,
            5
        );
    }
    let twice = Bench::new().args([
        "--port", "1", "--port", "2", "serve", "--port", "3", "--port", "4",
    ]);
    assert_eq!(twice.load().unwrap().config.http.port, 4);
}

#[test]
fn help_and_version_are_texts_to_print() {
    for words in [
        &["--help"][..],
        &["serve", "--help"],
        &["help", "serve"],
        &["-h"],
    ] {
        let help = Bench::new().args(words.iter().copied()).printed();
        for setting in settings() {
            assert!(help.contains(setting.flag()), "{}", setting.name());
            assert!(help.contains(setting.name()), "{}", setting.name());
            assert!(help.contains(setting.about()), "{}", setting.name());
            assert!(help.contains(&format!(
                "Default: {}; allowed: {}",
                setting.default_text(),
                setting.allowed()
            )));
            assert!(
                help.contains(&format!("\n{}:\n", setting.section())),
                "{}",
                setting.section()
            );
        }
        assert!(help.contains("RTM_CONFIG"));
    }
    for words in [&["--version"][..], &["-V"], &["serve", "--version"]] {
        let version = Bench::new().args(words.iter().copied()).printed();
        assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    }
}

#[test]
fn a_command_about_tokens_is_read_with_the_configuration() {
    let bench = Bench::new().env([("AUTH_JWT_ISSUER", "login")]).args([
        "--port", "5", "token", "new", "--user", "ada", "--room", "a=join", "--room", "b=join",
    ]);
    let Invocation::Token(TokenCommand::New(new), loaded) = bench.invoke().unwrap() else {
        panic!("is something else");
    };
    assert_eq!((new.user.as_str(), new.ttl.as_secs()), ("ada", 3600));
    assert_eq!(new.rooms, ["a=join", "b=join"]);
    assert_eq!(loaded.config.http.port, 5);
    assert_eq!(loaded.config.auth.jwt_issuer.as_deref(), Some("login"));
    for (words, told) in [
        (&["token", "new"][..], "--user"),
        (&["token", "new", "--user", "a", "--ttl-secs", "0"], "0"),
        (&["token", "mew"], "mew"),
    ] {
        let refused = Bench::new().args(words.iter().copied()).invoke();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn the_load_harness_is_read_without_the_configuration() {
    // An unknown variable with a prefix of ours is a mistake elsewhere.
    let bench = Bench::new().env([("MAX_P95_LATENCY_MS", "5")]);
    let bench = bench.args(["bench", "storm", "--users", "5"]);
    assert!(matches!(bench.invoke(), Ok(Invocation::Bench(_))));
    for (words, told) in [
        (&["bench", "strom"][..], "strom"),
        (&["bench", "--users", "none"], "none"),
        (&["bench", "--threshold", "join.p99"], "join.p99"),
        (&["bench", "--saturate", "--in-flight", "2"], "--in-flight"),
    ] {
        let refused = Bench::new().args(words.iter().copied()).invoke();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
}
