//! What is reported, and what is kept out of a report.

use super::Bench;

#[test]
fn a_named_file_must_exist() {
    let report = Bench::new()
        .args(["--config=none.toml"])
        .load()
        .unwrap_err()
        .to_string();
    assert!(
        report.contains("--config: the file \"none.toml\" cannot be read"),
        "{report}"
    );
    let report = Bench::new()
        .env([("RTM_CONFIG", "none.toml")])
        .load()
        .unwrap_err()
        .to_string();
    assert!(
        report.contains("environment: RTM_CONFIG: the file \"none.toml\" cannot be read"),
        "{report}"
    );
}

#[test]
fn a_lookback_below_the_ttl_is_refused() {
    let bench = Bench::new()
        .env([("PRESENCE_TTL_MS", "60000")])
        .file("rtm.toml", "presence_reaper_lookback_ms = 59_999");
    let report = bench.load().unwrap_err().to_string();
    let expected = "rtm.toml:1:1: presence_reaper_lookback_ms is \"59999\", \
        allowed is PRESENCE_TTL_MS (60000) or more\n      \
        leave it out for twice the TTL: 120000";
    assert!(report.contains(expected), "{report}");
    assert!(
        Bench::new()
            .args(["--presence-reaper-lookback-ms", "30000"])
            .load()
            .is_ok()
    );
}

#[test]
fn all_mistakes_of_all_sources_are_reported_together() {
    let bench = Bench::new()
        .args([
            "--prot",
            "1",
            "-max-nestng",
            "1",
            "--max_nesting=3",
            "srve",
            "--port",
            "-1",
            "--host",
        ])
        .env([("PRESENCE_TTL_MS", "5"), ("CHAT_NONSENSE", "1")])
        .file(".env", "# mine\nLOG_LEVL=debug\nMAX_NESTING=129\n")
        .file(
            "rtm.toml",
            "log_format = \"jsn\"\nprot = 1\nmax_id_bytes = \"1kb\"\n",
        );
    let errors = bench.load().unwrap_err();
    let lines = [
        "--prot: no such flag\n      did you mean --port?",
        "-m: no such flag\n      did you mean --max-nesting?",
        "--max_nesting: no such flag\n      did you mean --max-nesting?",
        "command line: \"srve\" is neither a flag nor a command\n      did you mean serve?",
        "--port is \"-1\", allowed is 0 to 65_535\n      the nearest allowed value is 0",
        "--host: has no value behind it\n      write --host=value",
        "environment: PRESENCE_TTL_MS is \"5\", allowed is 100 to 86_400_000 ms\n      \
         the nearest allowed value is 100",
        "environment: CHAT_NONSENSE: no such variable\n      rtm --help lists all of them",
        ".env line 2: LOG_LEVL: no such variable\n      did you mean LOG_LEVEL?",
        ".env line 3: MAX_NESTING is \"129\", allowed is 1 to 128 levels\n      \
         the nearest allowed value is 128",
        "rtm.toml:1:1: log_format is \"jsn\", allowed is auto, pretty or json\n      \
         did you mean json?",
        "rtm.toml:2:1: prot: no such key\n      did you mean port?",
        "rtm.toml:3:1: max_id_bytes is \"1kb\", allowed is 1 to 65_536 bytes\n      \
         write it in bytes: 1000",
    ];
    let report = errors.to_string();
    for line in lines {
        assert!(report.contains(line), "{line}\nis missing in\n{report}");
    }
    assert_eq!(errors.iter().count(), lines.len(), "{report}");
}

#[test]
fn secrets_are_shown_nowhere() {
    let loaded = Bench::new()
        .env([("REDIS_URL", "redis://:hunter2@cache")])
        .load()
        .unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"));
    assert_eq!(
        loaded.given[0].to_string(),
        "REDIS_URL=*** (environment: REDIS_URL)"
    );

    let bad = "redsi://:hunter2@cache";
    let benches = [
        Bench::new().args(["--redis-url", bad]),
        Bench::new().args(["--redis-urll", bad]),
        Bench::new().args(["--redis-urll=redis://:hunter2@cache"]),
        Bench::new().args(["serve", bad]),
        Bench::new().args(["--auth-jwt-secret", "hunter2"]),
        Bench::new().env([("REDIS_URL", bad), ("AUTH_JWT_SECRTE", "hunter2")]),
        Bench::new().file(".env", &format!("REDIS_URL={bad}")),
        Bench::new().file(".env", "REDIS_URL='redis://:hunter2@cache"),
        Bench::new().file("rtm.toml", &format!("redis_url = \"{bad}\"")),
        Bench::new().file("rtm.toml", "redis_url = \"redis://:hunter2@cache"),
    ];
    for bench in benches {
        let errors = bench.load().unwrap_err();
        assert!(
            !format!("{errors} {errors:?}").contains("hunter2"),
            "{errors}"
        );
    }
}
