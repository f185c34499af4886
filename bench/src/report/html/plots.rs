//! Which plots the page has.

use crate::report::plot::{Line, Plot};
use crate::report::{Latency, Point, Process, Report};

pub(super) fn plots(report: &Report, baseline: Option<&Report>) -> String {
    let figures = [
        curves(report, baseline),
        over_time(
            report,
            baseline,
            "Latency over time",
            "ms",
            &LATENCIES,
            true,
        ),
        over_time(
            report,
            baseline,
            "Rate over time",
            "per second",
            &RATES,
            false,
        ),
        of_processes(report, baseline, "CPU over time", "cores", |sample| {
            sample.cores
        }),
        of_processes(report, baseline, "Memory over time", "MiB", |sample| {
            sample.rss_bytes as f64 / 1_048_576.0
        }),
    ];
    figures.concat()
}

/// A value of each second, by name.
type Value = (&'static str, fn(&Point) -> Option<f64>);

const LATENCIES: [Value; 4] = [
    ("operation p50", |it| it.p50_ms),
    ("operation p99", |it| it.p99_ms),
    ("event p50", |it| it.event_p50_ms),
    ("event p99", |it| it.event_p99_ms),
];

const RATES: [Value; 2] = [
    ("operations", |it| Some(it.operations as f64)),
    ("events", |it| Some(it.events as f64)),
];

/// The report, and what was before, if the reader wants to compare.
fn both<'a>(report: &'a Report, baseline: Option<&'a Report>) -> Vec<(&'a Report, bool)> {
    let before = baseline.map(|it| (it, true));
    [(report, false)].into_iter().chain(before).collect()
}

fn named(name: &str, is_baseline: bool) -> String {
    let suffix = if is_baseline { ", baseline" } else { "" };
    format!("{name}{suffix}")
}

fn curves(report: &Report, baseline: Option<&Report>) -> String {
    let rare = |quantile: f64| -(1.0 - quantile).max(1e-9).log10();
    let mut lines = Vec::new();
    // Where there is a load, the ramp before it is of less interest.
    let has_load = report.latencies.iter().any(|it| it.per_second.is_some());
    let shown = |it: &&Latency| it.curve.len() > 1 && (it.per_second.is_some() || !has_load);
    for (of, is_baseline) in both(report, baseline) {
        for latency in of.latencies.iter().filter(shown) {
            let same = |it: &Latency| it.name == latency.name;
            let Some(colour) = report.latencies.iter().position(same) else {
                continue;
            };
            let points = latency.curve.iter().filter(|(quantile, _)| *quantile > 0.0);
            lines.push(Line {
                name: named(&latency.name, is_baseline),
                colour,
                is_baseline,
                points: points
                    .map(|(quantile, ms)| (rare(*quantile), *ms))
                    .collect(),
            });
        }
    }
    let ticks = ["50", "90", "99", "99.9", "99.99", "99.999"];
    let quantiles = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
    let ticks = quantiles.into_iter().zip(ticks);
    let ticks = ticks.map(|(quantile, label)| (rare(quantile), format!("{label} %")));
    let plot = Plot {
        title: "Latency by percentile",
        x_label: "percentile",
        y_label: "ms",
        x_ticks: Some(ticks.collect()),
        log_y: true,
        lines,
    };
    plot.figure()
}

fn over_time(
    report: &Report,
    baseline: Option<&Report>,
    title: &str,
    y_label: &str,
    values: &[Value],
    log_y: bool,
) -> String {
    let mut lines = Vec::new();
    for (of, is_baseline) in both(report, baseline) {
        for (colour, (name, value)) in values.iter().enumerate() {
            let points = of.series.iter();
            let points = points.filter_map(|it| Some((it.second as f64, value(it)?)));
            let points: Vec<(f64, f64)> = points.collect();
            if points.iter().any(|point| point.1 > 0.0) {
                lines.push(Line {
                    name: named(name, is_baseline),
                    colour,
                    is_baseline,
                    points,
                });
            }
        }
    }
    let plot = Plot {
        title,
        x_label: "seconds",
        y_label,
        x_ticks: None,
        log_y,
        lines,
    };
    plot.figure()
}

fn of_processes(
    report: &Report,
    baseline: Option<&Report>,
    title: &str,
    y_label: &str,
    value: impl Fn(&crate::watch::Sample) -> f64,
) -> String {
    let mut lines = Vec::new();
    for (of, is_baseline) in both(report, baseline) {
        let processes: [(&str, &Option<Process>); 2] =
            [("server", &of.server), ("redis", &of.redis)];
        for (colour, (name, process)) in processes.into_iter().enumerate() {
            let Some(process) = process else {
                continue;
            };
            let points = process.samples.iter();
            lines.push(Line {
                name: named(name, is_baseline),
                colour,
                is_baseline,
                points: points.map(|it| (it.second as f64, value(it))).collect(),
            });
        }
    }
    let plot = Plot {
        title,
        x_label: "seconds",
        y_label,
        x_ticks: None,
        log_y: false,
        lines,
    };
    plot.figure()
}
