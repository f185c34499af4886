//! What the reports say.

use crate::rig::{Server, bench, latency, read, report};

#[test]
fn the_json_has_latencies_series_and_processes() {
    let server = Server::start();
    let load = "fanout --rooms 2 --rate 100 --duration 3s --ramp 200ms --warm-up 500ms";
    let words = format!("{load} --url {} --server-pid {}", server.url, server.pid());
    let report = report(&words, 0);
    let update = latency(&report, "update");
    // The warm-up is audited, but not measured.
    assert_eq!(update["count"], 600);
    assert_eq!(report["audit"]["expected"], 700 * 10 + 2 * 10 * 9);
    let of = |statistic: &str| update["statistics"][statistic].as_f64().unwrap();
    let statistics = ["min", "p50", "p90", "p95", "p99", "max"].map(of);
    assert!(
        statistics.is_sorted() && statistics[0] > 0.0,
        "{statistics:?}"
    );
    assert!(update["curve"].as_array().unwrap().len() > 10);
    assert!((update["per_second"].as_f64().unwrap() - 200.0).abs() < 1.0);
    assert!(
        report["series"].as_array().unwrap().len() >= 2,
        "{}",
        report["series"]
    );
    let process = &report["server"];
    assert!(
        process["rss_end"].as_u64().unwrap() > 1_000_000,
        "{process}"
    );
    assert!(process["cpu_us_per_event"].as_f64().is_some(), "{process}");
    assert!(
        report["figures"]["server.cpu_per_operation"]
            .as_f64()
            .is_some()
    );
}

#[test]
fn the_text_begins_with_the_verdict() {
    let server = Server::start();
    let load = "presence --rooms 2 --heartbeats 10 --duration 500ms --ramp 0";
    let out = bench(&format!(
        "{load} --url {} --threshold join.p50<60s",
        server.url
    ))
    .with(0)
    .out;
    let place = |text: &str| {
        out.find(text)
            .unwrap_or_else(|| panic!("no {text} in\n{out}"))
    };
    assert!(place("ok      join.p50<60s") < place("latency, ms"));
    assert!(place("latency, ms") < place("delivery"));
    place("passed (exit 0)");
}

#[test]
fn a_run_is_compared_with_an_earlier_one() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (json, html) = (folder.path().join("a.json"), folder.path().join("b.html"));
    let load = "fanout --rooms 2 --rate 20 --duration 1s --ramp 100ms";
    let words = format!("{load} --url {}", server.url);
    bench(&format!("{words} --json {}", json.display())).with(0);
    assert_eq!(read(&json)["format"], 1);
    let compare = format!(
        "{words} --baseline {} --html {}",
        json.display(),
        html.display()
    );
    let done = bench(&compare).with(0);
    assert!(done.out.contains("  baseline"), "{}", done.out);
    let page = std::fs::read_to_string(&html).unwrap();
    for told in [
        "Latency by percentile",
        "Rate over time",
        "update, baseline",
        "class=\"before\"",
        " %</small>",
    ] {
        assert!(page.contains(told), "{told} is not in the page");
    }
    // It needs nothing but itself.
    for foreign in ["<script", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign} is in the page");
    }
    std::fs::write(&json, "{}").unwrap();
    let done = bench(&compare).with(1);
    assert!(done.err.contains("no report of rtm bench"), "{}", done.err);
}
