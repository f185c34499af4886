//! What a server does wrong is found, each time, and what it does right is no fault.

use serde_json::Value;

use crate::faulty::{Fault, serve};
use crate::rig::{Server, bench, report};

/// Rooms whose members take turns, as fast as the server answers.
const LOAD: &str =
    "fanout --rooms 4 --users 10 --in-flight 2 --duration 1s --ramp 100ms --settle 1s";

/// The faults that were found in a server, and its whole report.
#[track_caller]
fn faults_of(fault: Fault, words: &str, code: i32) -> (Value, Value) {
    let url = serve(fault);
    let report = report(&format!("{words} --url {url}"), code);
    (report["audit"]["faults"].clone(), report)
}

#[track_caller]
fn count(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no count"))
}

/// All but these are 0.
#[track_caller]
fn only(faults: &Value, names: &[&str]) {
    for (name, count) in faults.as_object().expect("there are faults") {
        let expected = names.contains(&name.as_str());
        assert_eq!(count != &Value::from(0), expected, "{name} in {faults}");
    }
}

#[test]
fn a_server_without_fault_passes() {
    let (faults, report) = faults_of(Fault::Nothing, LOAD, 0);
    only(&faults, &[]);
    assert_eq!(report["audit"]["expected"], report["audit"]["received"]);
    assert!(count(&report["audit"]["expected"]) > 1_000, "{report}");
    assert_eq!(report["audit"]["views"], 40);
}

#[test]
fn an_older_server_is_audited_too() {
    let (faults, report) = faults_of(Fault::IsOld, LOAD, 0);
    only(&faults, &[]);
    assert_eq!(report["audit"]["expected"], report["audit"]["received"]);
}

#[test]
fn an_event_lost_in_a_thousand_is_found_each_time() {
    for _ in 0..3 {
        let (faults, report) = faults_of(Fault::Loses, LOAD, 4);
        let (missing, expected) = (
            count(&faults["missing"]),
            count(&report["audit"]["expected"]),
        );
        // A join event that a snapshot makes up for is none that was lost, nor is one to an observer.
        let lost = expected / 1_000;
        assert!(
            missing > 0 && missing.abs_diff(lost) <= lost / 20 + 2,
            "{missing} of {expected}"
        );
        assert_eq!(
            (&faults["duplicate"], &faults["out_of_order"]),
            (&0.into(), &0.into())
        );
    }
}

#[test]
fn an_event_sent_twice_is_found() {
    let (faults, report) = faults_of(Fault::Doubles, LOAD, 4);
    only(&faults, &["duplicate"]);
    // All were.
    let events = report["latencies"].as_array().expect("there are latencies");
    let updates = events.iter().find(|it| it["name"] == "event.update");
    let updates = count(&updates.expect("there are updates")["count"]);
    assert!(
        count(&faults["duplicate"]) >= updates / 2 - updates / 10,
        "{faults}"
    );
}

#[test]
fn neighbours_that_change_places_are_found() {
    let (faults, _) = faults_of(Fault::Swaps, LOAD, 4);
    assert!(count(&faults["out_of_order"]) > 10, "{faults}");
    assert_eq!(faults["duplicate"], 0);
}

#[test]
fn events_that_come_too_late_are_found() {
    let words = "fanout --rooms 1 --users 3 --rate 2 --duration 1s --ramp 100ms --late 200ms";
    let (faults, _) = faults_of(Fault::Delays, words, 4);
    only(&faults, &["late"]);
}

#[test]
fn a_view_that_is_not_the_server_s_is_found() {
    let (faults, _) = faults_of(Fault::Forgets, LOAD, 4);
    only(&faults, &["diverged", "absent"]);
    assert_eq!(
        (&faults["diverged"], &faults["absent"]),
        (&36.into(), &4.into())
    );
    let (faults, _) = faults_of(Fault::ShowsOld, LOAD, 4);
    only(&faults, &["diverged"]);
    assert_eq!(faults["diverged"], 40);
}

#[test]
fn a_connection_that_breaks_is_a_fault_and_comes_back() {
    let (_, report) = faults_of(Fault::Cuts, LOAD, 4);
    assert_eq!(report["connections"]["disconnects"], 1);
    assert_eq!(report["connections"]["reconnects"], 1);
    assert_eq!(report["exit_code"], 4);
}

#[test]
fn a_server_that_is_down_or_silent_is_a_failure() {
    let done = bench("presence --url http://127.0.0.1:1 --duration 1s").with(1);
    assert!(done.err.contains("no server to measure"), "{}", done.err);
    let words = "presence --rooms 1 --duration 500ms --ramp 0 --ack-timeout 300ms --settle 0";
    let (_, report) = faults_of(Fault::IsSilent, words, 1);
    assert_eq!(report["errors"][0]["code"], "timeout");
}

#[test]
fn errors_are_counted_by_code_and_miss_the_threshold() {
    let (_, report) = faults_of(Fault::Refuses, LOAD, 3);
    let error = &report["errors"][0];
    assert_eq!(
        (&error["operation"], &error["code"]),
        (&"update".into(), &"unavailable".into())
    );
    assert!(count(&error["count"]) > 10, "{report}");
    assert_eq!(report["verdicts"][0]["holds"], false);
    faults_of(Fault::Refuses, &format!("{LOAD} --max-error-rate 0.6"), 0);
}

#[test]
fn every_scenario_passes_on_the_real_server() {
    let server = Server::start();
    for words in [
        "presence --rooms 5 --heartbeats 20",
        "presence --rooms 5 --saturate --patch-every 0",
        "fanout --rooms 2 --users 5 --in-flight 1 --senders 1 --until delivery",
        "storm --users 100",
        "churn --rooms 2 --rate 50 --hold 100ms",
        "churn --rooms 2 --in-flight 2 --hold 0 --reconnect",
        "idle --rooms 5",
        "idle --rooms 5 --no-join",
        "chat --rooms 2 --users 5 --rate 50",
    ] {
        let words = format!("{words} --duration 500ms --ramp 200ms --url {}", server.url);
        let report = report(&words, 0);
        assert_eq!(report["outcome"], "passed", "{words}");
        assert_eq!(
            report["audit"]["expected"], report["audit"]["received"],
            "{words}"
        );
    }
}

#[test]
fn the_audit_holds_across_processes() {
    let server = Server::start();
    let words = "--rooms 3 --users 7 --processes 3 --duration 1s --ramp 200ms";
    let from = "--local-addresses 127.0.0.1-127.0.0.3";
    let real = report(
        &format!("fanout --rate 50 {words} {from} --url {}", server.url),
        0,
    );
    assert_eq!(real["audit"]["expected"], real["audit"]["received"]);
    // 150 a second to 7 members each, and the joins that each member was told or shown.
    assert_eq!(real["audit"]["expected"], 150 * 7 + 3 * 7 * 6);
    assert_eq!(real["audit"]["views"], 21);
    let (faults, _) = faults_of(
        Fault::Loses,
        &format!("fanout --in-flight 3 {words} --settle 1s"),
        4,
    );
    assert!(count(&faults["missing"]) > 0, "{faults}");
}

#[test]
fn servers_that_do_not_know_each_other_are_found_out() {
    let (one, other) = (serve(Fault::Nothing), serve(Fault::Nothing));
    let url = format!("{LOAD} --url {one},{other}");
    let report = report(&url, 4);
    let faults = &report["audit"]["faults"];
    // Half of each room is not told of the other half, and not shown it either.
    assert!(count(&faults["missing"]) > 0, "{faults}");
    assert!(count(&faults["diverged"]) > 0, "{faults}");
    assert_eq!(faults["absent"], 40, "{faults}");
}

#[test]
fn the_members_of_a_room_are_spread_over_the_servers() {
    let server = Server::start();
    let words = format!("{LOAD} --url {},{}", server.url, server.url);
    let report = report(&words, 0);
    assert_eq!(report["audit"]["expected"], report["audit"]["received"]);
    // Each with what each of them shows.
    assert_eq!(report["audit"]["views"], 80);
}
