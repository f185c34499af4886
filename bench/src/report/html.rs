//! The report as one page that needs nothing else: no script, no network.

mod plots;

use std::fmt::Write;

use super::text::{SHOWN, ms, or_dash};
use super::{Latency, Process, Report};

const STYLE: &str = include_str!("html/style.css");

/// The page.
pub(crate) fn page(report: &Report, baseline: Option<&Report>) -> String {
    let plan = &report.plan;
    let name = plan.scenario.name();
    let mut page = String::with_capacity(64 * 1024);
    let class = if report.exit_code == 0 { "good" } else { "bad" };
    let partial = if report.partial {
        " <b class=\"bad\">partial</b>"
    } else {
        ""
    };
    // Writing to a string never fails.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>rtm bench {name}</title><style>{STYLE}</style></head><body><main><h1>rtm bench {name} <b class=\"{class}\">{}</b>{partial}</h1><p>{} rooms of {} users at <code>{}</code>, measured for {:.1} s by {} process{}. {}</p>",
        escaped(&report.outcome),
        plan.rooms,
        plan.users,
        escaped(&plan.url),
        report.measured_s,
        plan.processes,
        if plan.processes == 1 { "" } else { "es" },
        escaped(&report.reasons.join("; ")),
    );
    for note in &report.notes {
        let _ = write!(page, "<p class=\"bad\">Note: {}.</p>", escaped(note));
    }
    verdicts(&mut page, report);
    page.push_str("<h2>Latency</h2>");
    latencies(&mut page, report, baseline);
    page.push_str("<div class=\"plots\">");
    page.push_str(&plots::plots(report, baseline));
    page.push_str("</div>");
    delivery(&mut page, report);
    errors(&mut page, report);
    processes(&mut page, report, baseline);
    about(&mut page, report, baseline);
    page.push_str("</main></body></html>\n");
    page
}

fn verdicts(page: &mut String, report: &Report) {
    page.push_str("<h2>Thresholds</h2><ul class=\"verdicts\">");
    for verdict in &report.verdicts {
        let (class, sign) = if verdict.holds {
            ("good", "holds")
        } else {
            ("bad", "missed")
        };
        let found = verdict.found.map(|it| format!("{it:.3} {}", verdict.unit));
        let found = found.unwrap_or_else(|| "nothing was measured".into());
        let threshold = escaped(&verdict.threshold);
        let _ = write!(
            page,
            "<li><b class=\"{class}\">{sign}</b> <code>{threshold}</code>: {found}</li>"
        );
    }
    page.push_str("</ul>");
}

fn latencies(page: &mut String, report: &Report, baseline: Option<&Report>) {
    page.push_str("<div class=\"wide\"><table><thead><tr><th>milliseconds<th>count<th>per second");
    for statistic in SHOWN {
        let _ = write!(page, "<th>{statistic}");
    }
    page.push_str("<th>errors</thead><tbody>");
    for latency in &report.latencies {
        let before = baseline.and_then(|it| it.latencies.iter().find(|it| it.name == latency.name));
        row(page, &latency.name, "", latency, before);
        if let Some(before) = before {
            row(page, "baseline", " class=\"before\"", before, None);
        }
    }
    page.push_str("</tbody></table></div>");
}

fn row(page: &mut String, name: &str, class: &str, latency: &Latency, before: Option<&Latency>) {
    let rate = or_dash(latency.per_second.map(|it| format!("{it:.1}")));
    let _ = write!(
        page,
        "<tr{class}><th>{}<td>{}<td>{rate}{}",
        escaped(name),
        latency.count,
        change(latency.per_second, before.and_then(|it| it.per_second)),
    );
    for statistic in SHOWN {
        let of = |it: &Latency| it.statistics.get(statistic).copied();
        let value = of(latency);
        let change = change(value, before.and_then(of));
        let _ = write!(page, "<td>{}{change}", or_dash(value.map(ms)));
    }
    let _ = write!(page, "<td>{}", latency.errors);
}

/// By how much a figure differs from what it was.
fn change(now: Option<f64>, before: Option<f64>) -> String {
    match now.zip(before) {
        Some((now, before)) if before > 0.0 => {
            format!(" <small>{:+.0} %</small>", (now / before - 1.0) * 100.0)
        }
        _ => String::new(),
    }
}

fn delivery(page: &mut String, report: &Report) {
    let audit = &report.audit;
    let connections = &report.connections;
    let _ = write!(
        page,
        "<h2>Delivery</h2><p>{} of {} expected events were received; {} clients' views were compared with the server's. {} connections were made, {} broke, {} came back; {} presences were lost.</p><table><tbody>",
        audit.received,
        audit.expected,
        audit.views,
        connections.made,
        connections.disconnects,
        connections.reconnects,
        connections.lost,
    );
    for (name, count) in audit.faults.named() {
        let class = if count > 0 { "bad" } else { "" };
        let _ = write!(
            page,
            "<tr><th>{}<td class=\"{class}\">{count}",
            name.replace('_', " ")
        );
    }
    page.push_str("</tbody></table>");
}

fn errors(page: &mut String, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    page.push_str("<h2>Errors</h2><table><tbody>");
    for error in &report.errors {
        let (operation, code) = (escaped(&error.operation), escaped(&error.code));
        let _ = write!(page, "<tr><th>{operation}<td>{code}<td>{}", error.count);
    }
    page.push_str("</tbody></table>");
}

fn processes(page: &mut String, report: &Report, baseline: Option<&Report>) {
    let own = report.generator_cores;
    let _ = write!(
        page,
        "<h2>Processes</h2><div class=\"wide\"><table><thead><tr><th><th>cores<th>CPU per operation<th>CPU per event<th>memory<th>per connection</thead><tbody><tr><th>generator<td>{own:.2}<td>-<td>-<td>-<td>-"
    );
    let of = |report: &Report| {
        [
            ("server", report.server.clone()),
            ("redis", report.redis.clone()),
        ]
    };
    let before = baseline.map(of).into_iter().flatten();
    let before = before.map(|(name, process)| (format!("{name}, baseline"), process));
    let now = of(report).map(|(name, process)| (name.to_owned(), process));
    for (name, process) in now.into_iter().chain(before) {
        if let Some(process) = process {
            process_row(page, &name, &process);
        }
    }
    page.push_str("</tbody></table></div>");
}

fn process_row(page: &mut String, name: &str, process: &Process) {
    let us = |value: Option<f64>| or_dash(value.map(|it| format!("{it:.2} µs")));
    let kib = process
        .rss_per_connection
        .map(|it| format!("{:.2} KiB", it / 1024.0));
    let _ = write!(
        page,
        "<tr><th>{name}<td>{:.2}<td>{}<td>{}<td>{:.1} MiB<td>{}",
        process.cores,
        us(process.cpu_us_per_operation),
        us(process.cpu_us_per_event),
        process.rss_end as f64 / 1048576.0,
        or_dash(kib),
    );
}

fn about(page: &mut String, report: &Report, baseline: Option<&Report>) {
    let line = |report: &Report| {
        let about = &report.environment;
        let (os, version) = (escaped(&about.os), escaped(&about.version));
        let started = about.started_ms;
        format!(
            "rtm {version} on {os}, {} cores, started {started} ms after 1970",
            about.cores
        )
    };
    let plan = serde_json::to_string_pretty(&report.plan).unwrap_or_default();
    let _ = write!(page, "<h2>Run</h2><p>{}.</p>", line(report));
    if let Some(baseline) = baseline {
        let _ = write!(page, "<p>Baseline: {}.</p>", line(baseline));
    }
    let plan = escaped(&plan);
    let _ = write!(
        page,
        "<details><summary>Plan</summary><pre>{plan}</pre></details>"
    );
}

/// A text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
