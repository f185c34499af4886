//! The command line, and the variables of the harness that this one replaces.

use crate::faulty::{Fault, serve};
use crate::rig::{bench, command, latency, read, report, run};

#[test]
fn the_old_variables_are_understood() {
    let url = serve(Fault::Nothing);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let mut command = command(&format!("--json {}", path.display()));
    command
        .env("TARGET_URL", &url)
        .env("ROOM_COUNT", "3")
        .env("USERS_PER_ROOM", "4")
        .env("TEST_DURATION_MS", "1000")
        .env("HEARTBEATS_PER_SEC", "2.5")
        .env("RAMP_UP_MS", "100")
        .env("ACK_TIMEOUT_MS", "1500")
        .env("REPORT_INTERVAL_MS", "500")
        .env("MAX_ERROR_RATE", "0")
        .env("MAX_P95_LATENCY_MS", "5000")
        .env("MAX_P99_LATENCY_MS", "6000")
        .env("MIN_SUCCESS_RATE", "0.99");
    run(&mut command).with(0);
    let report = read(&path);
    let plan = &report["plan"];
    assert_eq!(plan["scenario"], "presence");
    assert_eq!((&plan["rooms"], &plan["users"]), (&3.into(), &4.into()));
    assert_eq!(plan["duration_ns"], 1_000_000_000);
    assert_eq!(plan["ramp_ns"], 100_000_000);
    assert_eq!(plan["ack_timeout_ns"], 1_500_000_000);
    assert_eq!(latency(&report, "heartbeat")["count"], 30);
    let verdicts = report["verdicts"].as_array().unwrap();
    let texts: Vec<&str> = verdicts
        .iter()
        .map(|it| it["threshold"].as_str().unwrap())
        .collect();
    let expected = [
        "errors.rate<=0",
        "success.rate>=0.99",
        "heartbeat.p95<=5000ms",
        "heartbeat.p99<=6000ms",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn a_fractional_rate_is_kept() {
    let url = serve(Fault::Nothing);
    // 40 users with half a heartbeat a second each.
    let words = "presence --rooms 20 --heartbeats 0.5 --duration 1s --ramp 0";
    let report = report(&format!("{words} --url {url}"), 0);
    assert_eq!(latency(&report, "heartbeat")["count"], 20);
    assert_eq!(latency(&report, "event.update")["count"], 40);
}

#[test]
fn a_threshold_that_is_missed_is_an_exit_code() {
    let url = serve(Fault::Nothing);
    let load = "presence --rooms 2 --heartbeats 10 --duration 500ms --ramp 0";
    let words = format!("{load} --url {url}");
    bench(&format!("{words} --threshold heartbeat.p50<1h")).with(2);
    bench(&format!(
        "{words} --threshold heartbeat.max<60s --threshold join.count>=4"
    ))
    .with(0);
    let done = bench(&format!("{words} --threshold heartbeat.p50<1ns")).with(3);
    assert!(
        done.out.contains("MISSED  heartbeat.p50<1ns"),
        "{}",
        done.out
    );
    // What was not measured does not hold.
    bench(&format!("{words} --threshold chat.p99<1s")).with(3);
}

#[test]
fn what_cannot_be_understood_is_refused_before_anything_runs() {
    for (words, told) in [
        ("--threshold heartbeat.p98<50ms", "heartbeat.p98"),
        ("--threshold heartbeat.p99<50", "a time with a unit"),
        ("--heartbeats 0", "--heartbeats"),
        ("--heartbeats many", "--heartbeats"),
        ("--duration 1x", "--duration"),
        ("--rooms 0", "--rooms"),
        ("--local-addresses 127.0.0.8-127.0.0.1", "--local-addresses"),
        ("--saturate --rate 5", "--rate"),
        ("presents", "presents"),
    ] {
        let done = bench(&format!("{words} --url http://127.0.0.1:1")).with(2);
        assert!(done.err.contains(told), "{words}: {}", done.err);
        assert!(!done.err.contains("no server"), "{}", done.err);
    }
    bench("--url nonsense").with(1);
    bench("--url http://127.0.0.1:1,nonsense").with(1);
    bench("--baseline /nowhere.json").with(1);
}

#[test]
fn help_says_what_there_is() {
    let help = bench("--help").with(0).out;
    for told in [
        "presence",
        "storm",
        "--threshold",
        "HEARTBEATS_PER_SEC",
        "Exit codes:",
    ] {
        assert!(help.contains(told), "{told} is not in\n{help}");
    }
    assert!(!help.contains("worker"), "{help}");
}

#[test]
fn more_connections_than_files_are_refused_before_anything_runs() {
    let url = serve(Fault::Nothing);
    let done = bench(&format!("--rooms 1000000 --users 1000 --url {url}")).with(1);
    assert!(done.err.contains("open files"), "{}", done.err);
}
