//! All figures by name, for thresholds and for comparisons.

use std::collections::BTreeMap;

use super::{Process, Report};
use crate::message::Counts;
use crate::metric::Metric;

pub(super) fn figures(report: &Report, counts: &Counts) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    let mut set = |name: String, value: f64| {
        figures.insert(name, value);
    };
    for latency in &report.latencies {
        let name = &latency.name;
        for (statistic, value) in &latency.statistics {
            set(format!("{name}.{statistic}"), *value);
        }
        set(format!("{name}.count"), latency.count as f64);
        if let Some(rate) = latency.per_second {
            set(format!("{name}.rate"), rate);
        }
        set(format!("{name}.errors"), latency.errors as f64);
    }
    // A connection that was not made was attempted, too; keepalives are counted by their errors.
    let attempts = counts.begun + counts.connected + not_begun(report);
    set("errors.count".into(), counts.errors as f64);
    if attempts > 0 {
        let part = (counts.errors as f64 / attempts as f64).min(1.0);
        set("errors.rate".into(), part);
        set("success.rate".into(), 1.0 - part);
    }
    if report.measured_s > 0.0 {
        let per_second = |count: u64| count as f64 / report.measured_s;
        set("events.rate".into(), per_second(counts.measured_events));
        set("cycles.rate".into(), per_second(counts.cycles));
    }
    set("connections.disconnects".into(), counts.disconnects as f64);
    set("connections.reconnects".into(), counts.reconnects as f64);
    set("connections.lost".into(), counts.lost as f64);
    for (name, count) in report.audit.faults.named() {
        set(format!("audit.{name}"), count as f64);
    }
    set("audit.total".into(), report.audit.faults.total() as f64);
    for (of, process) in [("server", &report.server), ("redis", &report.redis)] {
        for (name, value) in process.iter().flat_map(of_process) {
            set(format!("{of}.{name}"), value);
        }
    }
    figures
}

fn not_begun(report: &Report) -> u64 {
    let connect = Metric::Connect.name();
    let never = report.errors.iter();
    let never = never.filter(|it| it.operation == connect || it.code == "not begun");
    never.map(|it| it.count).sum()
}

fn of_process(process: &Process) -> Vec<(&'static str, f64)> {
    let ms = |us: f64| us / 1e3;
    let known = [
        ("cpu", Some(process.cores)),
        ("cpu_per_operation", process.cpu_us_per_operation.map(ms)),
        ("cpu_per_event", process.cpu_us_per_event.map(ms)),
        ("rss", Some(process.rss_end as f64)),
        ("rss_per_connection", process.rss_per_connection),
        ("rss_growth", process.rss_growth()),
    ];
    let some = known.into_iter();
    some.filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::audit::Faults;
    use crate::threshold;

    #[test]
    fn every_fault_can_be_named_by_a_threshold() {
        for (name, _) in Faults::default().named() {
            assert!(threshold::unit(&format!("audit.{name}")).is_some());
        }
    }
}
