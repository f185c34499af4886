//! The report on a terminal: the verdict first.

use std::fmt::{Display, Write};

use super::{Latency, Process, Report};
use crate::threshold::Verdict;

/// Statistics that are shown.
pub(super) const SHOWN: [&str; 5] = ["p50", "p90", "p95", "p99", "max"];

pub(crate) fn text(report: &Report, baseline: Option<&Report>) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = write(&mut text, report, baseline);
    text
}

fn write(text: &mut String, report: &Report, baseline: Option<&Report>) -> std::fmt::Result {
    let plan = &report.plan;
    let partial = if report.partial {
        "  PARTIAL: interrupted"
    } else {
        ""
    };
    writeln!(
        text,
        "\n{}: {} rooms x {} users at {}, measured for {:.1} s{partial}\n",
        plan.scenario.name(),
        plan.rooms,
        plan.users,
        plan.url,
        report.measured_s,
    )?;
    for verdict in &report.verdicts {
        let sign = if verdict.holds { "ok    " } else { "MISSED" };
        writeln!(
            text,
            "  {sign}  {}  ({})",
            verdict.threshold,
            found(verdict)
        )?;
    }
    writeln!(
        text,
        "\n  {:<13}{:>10}{:>11}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}",
        "latency, ms", "count", "per s", "p50", "p90", "p95", "p99", "max", "errors"
    )?;
    for latency in &report.latencies {
        row(text, &latency.name, latency)?;
        let before = baseline.and_then(|it| it.latencies.iter().find(|it| it.name == latency.name));
        if let Some(before) = before {
            row(text, "  baseline", before)?;
        }
    }
    for error in &report.errors {
        writeln!(
            text,
            "\n  error  {} {}: {}",
            error.operation, error.code, error.count
        )?;
    }
    let audit = &report.audit;
    writeln!(
        text,
        "\n  delivery      {} of {} expected; {} views compared",
        audit.received, audit.expected, audit.views
    )?;
    let faults = audit.faults.named();
    let counts = faults.iter().map(|(name, count)| format!("{name} {count}"));
    writeln!(
        text,
        "                {}",
        counts.collect::<Vec<_>>().join(", ")
    )?;
    let connections = &report.connections;
    writeln!(
        text,
        "  connections   {} made, {} broke, {} came back, {} presences lost",
        connections.made, connections.disconnects, connections.reconnects, connections.lost
    )?;
    process(
        text,
        "server",
        report.server.as_ref(),
        baseline.and_then(|it| it.server.as_ref()),
    )?;
    process(
        text,
        "redis",
        report.redis.as_ref(),
        baseline.and_then(|it| it.redis.as_ref()),
    )?;
    writeln!(
        text,
        "  generator     {:.2} cores of {} processes",
        report.generator_cores, plan.processes
    )?;
    for note in &report.notes {
        writeln!(text, "  note          {note}")?;
    }
    let reasons = report.reasons.join("; ");
    let sign = if reasons.is_empty() { "" } else { ": " };
    writeln!(
        text,
        "\n{} (exit {}){sign}{reasons}",
        report.outcome, report.exit_code
    )
}

fn row(text: &mut String, name: &str, latency: &Latency) -> std::fmt::Result {
    let rate = or_dash(latency.per_second.map(|it| format!("{it:.1}")));
    write!(text, "  {name:<13}{:>10}{rate:>11}", latency.count)?;
    for statistic in SHOWN {
        let value = latency.statistics.get(statistic).map(|it| ms(*it));
        write!(text, "{:>10}", or_dash(value))?;
    }
    writeln!(text, "{:>9}", latency.errors)
}

fn process(
    text: &mut String,
    name: &str,
    now: Option<&Process>,
    before: Option<&Process>,
) -> std::fmt::Result {
    for (name, process) in [(name, now), ("  baseline", before)] {
        let Some(process) = process else {
            return Ok(());
        };
        let us = |value: Option<f64>| or_dash(value.map(|it| format!("{it:.2} us")));
        let kib = process
            .rss_per_connection
            .map(|it| format!("{:.2} KiB", it / 1024.0));
        writeln!(
            text,
            "  {name:<14}{:.2} cores, {} per operation, {} per event; memory {:.1} MiB ({} per connection)",
            process.cores,
            us(process.cpu_us_per_operation),
            us(process.cpu_us_per_event),
            process.rss_end as f64 / 1048576.0,
            or_dash(kib),
        )?;
    }
    Ok(())
}

fn found(verdict: &Verdict) -> String {
    match verdict.found {
        Some(found) => format!("{found:.3} {}", verdict.unit).trim_end().to_owned(),
        None => "nothing was measured".to_owned(),
    }
}

/// Milliseconds with as many digits as there are.
pub(super) fn ms(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.3}"),
        value if value < 1_000.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

pub(super) fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
