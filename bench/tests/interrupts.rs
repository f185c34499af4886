//! An interrupted run reports what it has.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::faulty::{Fault, serve};
use crate::rig::{Done, command, read};

/// Interrupts a run as soon as it has said a line, and waits for its end.
fn interrupted_at(line: &str, words: &str) -> Done {
    let mut command = command(words);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut lines = BufReader::new(child.stderr.take().expect("it has an output")).lines();
    assert!(
        lines.any(|it| it.is_ok_and(|it| it.starts_with(line))),
        "it never says {line}"
    );
    let pid =
        Pid::from_raw(i32::try_from(child.id()).expect("an id is small")).expect("an id is not 0");
    kill_process(pid, Signal::INT).expect("it still runs");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let mut done = Done::from(child.wait_with_output().expect("it ends"));
    done.err = rest.join("\n");
    done
}

#[test]
fn an_interrupt_ends_the_load_and_reports() {
    let url = serve(Fault::Nothing);
    let folder = tempfile::tempdir().unwrap();
    for processes in [1, 2] {
        let path = folder.path().join("report.json");
        let words = format!(
            "fanout --rooms 2 --rate 50 --duration 10m --ramp 100ms --report-interval 100ms \
             --processes {processes} --url {url} --json {}",
            path.display()
        );
        let done = interrupted_at("load    20 connected", &words).with(130);
        assert!(done.err.contains("interrupted"), "{}", done.err);
        assert!(done.out.contains("PARTIAL"), "{}", done.out);
        let report = read(&path);
        assert_eq!(report["partial"], true);
        assert!(
            report["audit"]["expected"].as_u64().unwrap() > 180,
            "{report}"
        );
        assert_eq!(report["audit"]["expected"], report["audit"]["received"]);
    }
}

#[test]
fn an_interrupt_of_the_ramp_reports_too() {
    let url = serve(Fault::Nothing);
    let words = format!("presence --ramp 10m --url {url}");
    let done = interrupted_at("ramp", &words).with(130);
    assert!(done.out.contains("PARTIAL"), "{}", done.out);
}

#[test]
fn a_server_with_a_fault_is_not_excused_by_an_interrupt() {
    let url = serve(Fault::Doubles);
    let words = "fanout --rooms 2 --rate 50 --duration 10m --ramp 100ms --report-interval 100ms";
    interrupted_at("load    20 connected", &format!("{words} --url {url}")).with(4);
}
