//! From what a run has gathered to its report and its outcome.

use hdrhistogram::Histogram;

use super::{
    Audit, Connections, Environment, ErrorCount, FORMAT, Latency, Point, Process, Report, figures,
};
use crate::clock::SECOND;
use crate::coordinator::Gathered;
use crate::exit::Outcome;
use crate::metric::Metric;
use crate::plan::{Plan, Scenario};
use crate::record::histogram;
use crate::threshold::Threshold;
use crate::watch::{Used, Watched};

/// From here on a process of the generator counts as busy.
const BUSY_CORES: f64 = 0.9;
/// From here on a generator's own delay is worth a word.
const LAG_MS: f64 = 10.0;
/// Quantiles of a curve: each next is 10^(1/5) times as rare.
const CURVE_STEPS: i32 = 25;

/// The report of a run, and how it ended.
pub(crate) fn build(
    plan: &Plan,
    gathered: &Gathered,
    thresholds: &[Threshold],
    started_ms: u64,
) -> (Report, Outcome) {
    let span_ns = gathered.span.map_or(0, |span| span.end - span.measure);
    let measured_s = span_ns as f64 / SECOND as f64;
    let counts = &gathered.counts;
    let process = |watched: &Option<Watched>| {
        let watched = watched.as_ref()?;
        Some(used(&watched.used()?, watched, gathered))
    };
    let mut report = Report {
        format: FORMAT,
        outcome: String::new(),
        exit_code: 0,
        reasons: Vec::new(),
        partial: gathered.partial,
        environment: environment(started_ms),
        plan: plan.clone(),
        measured_s,
        verdicts: Vec::new(),
        latencies: latencies(plan, gathered, measured_s),
        errors: errors(gathered),
        audit: Audit {
            expected: gathered.expected,
            received: gathered.received,
            views: gathered.views,
            faults: gathered.faults,
        },
        connections: Connections {
            made: counts.connected,
            joined: counts.joined,
            disconnects: counts.disconnects,
            reconnects: counts.reconnects,
            lost: counts.lost,
            draining: counts.draining,
            cycles: counts.cycles,
        },
        server: process(&gathered.server),
        redis: process(&gathered.redis),
        generator_cores: generator_cores(gathered).sum(),
        notes: notes(gathered),
        series: series(plan, gathered),
        figures: Default::default(),
    };
    report.figures = figures::figures(&report, counts);
    let judge = |it: &Threshold| it.judge(report.figures.get(&it.figure).copied());
    report.verdicts = thresholds.iter().map(judge).collect();
    let (outcome, reasons) = judge_all(plan, gathered, &report);
    report.outcome = outcome.to_string();
    report.exit_code = outcome.code();
    report.reasons = reasons;
    (report, outcome)
}

/// What is not proven to be well is not well.
fn judge_all(plan: &Plan, gathered: &Gathered, report: &Report) -> (Outcome, Vec<String>) {
    let mut reasons = Vec::new();
    let counts = &gathered.counts;
    let nothing = match plan.scenario {
        Scenario::Idle => counts.connected == 0 || plan.join && counts.joined == 0,
        _ => counts.begun == 0 || !gathered.latencies.contains_key(&plan.main_metric()),
    };
    let failed = nothing && !gathered.partial;
    if failed {
        reasons.push("nothing was done: no operation was answered".to_owned());
    }
    let faults = gathered.faults.named();
    let found = faults.iter().filter(|(_, count)| *count > 0);
    let mut wrong: Vec<String> = found
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    if counts.disconnects > 0 {
        wrong.push(format!("{} connections broke", counts.disconnects));
    }
    if counts.lost > 0 {
        wrong.push(format!(
            "{} presences were ended by the server",
            counts.lost
        ));
    }
    let audit_failed = !wrong.is_empty();
    reasons.extend(audit_failed.then(|| format!("audit: {}", wrong.join(", "))));
    let missed = report.verdicts.iter().filter(|it| !it.holds);
    let missed: Vec<&str> = missed.map(|it| it.threshold.as_str()).collect();
    reasons.extend((!missed.is_empty()).then(|| format!("missed: {}", missed.join(", "))));
    reasons.extend(gathered.partial.then(|| "interrupted".to_owned()));
    let outcome = match () {
        () if failed => Outcome::Failed,
        () if audit_failed => Outcome::AuditFailed,
        () if !missed.is_empty() => Outcome::ThresholdMissed,
        () if gathered.partial => Outcome::Interrupted,
        () => Outcome::Passed,
    };
    (outcome, reasons)
}

fn generator_cores(gathered: &Gathered) -> impl Iterator<Item = f64> {
    let used = gathered.generators.iter().filter_map(Watched::used);
    used.map(|used| used.cores())
}

/// Where the figures are more of the generator than of the server.
fn notes(gathered: &Gathered) -> Vec<String> {
    let mut notes = Vec::new();
    if generator_cores(gathered).any(|cores| cores > BUSY_CORES) {
        let text = "a process of the generator was busy: latencies may be its own, and the server \
                    may be able to do more; use --processes, or less load";
        notes.push(text.to_owned());
    }
    let lag = gathered.latencies.get(&Metric::Lag);
    let lag_ms = lag.map_or(0.0, |lag| lag.value_at_quantile(0.99) as f64 / 1e3);
    if lag_ms > LAG_MS {
        let text = format!(
            "the generator sent 1 % of its operations {lag_ms:.0} ms late or later; that is part of \
             their latencies"
        );
        notes.push(text);
    }
    notes
}

fn environment(started_ms: u64) -> Environment {
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    Environment {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_ms,
        os: format!("{} {}", text(system.sysname()), text(system.release())),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

fn latencies(plan: &Plan, gathered: &Gathered, measured_s: f64) -> Vec<Latency> {
    let ms = |us: u64| us as f64 / 1e3;
    let nothing = histogram();
    let metrics = Metric::ALL.into_iter();
    let known = metrics.filter(|metric| {
        gathered.latencies.contains_key(metric) || gathered.errors.contains_key(metric)
    });
    known
        .map(|metric| {
            let all = gathered.latencies.get(&metric).unwrap_or(&nothing);
            let errors = gathered.errors.get(&metric).into_iter();
            let quantile = |quantile| ms(all.value_at_quantile(quantile));
            let statistics = [
                ("min", ms(all.min())),
                ("p50", quantile(0.5)),
                ("p90", quantile(0.9)),
                ("p95", quantile(0.95)),
                ("p99", quantile(0.99)),
                ("p999", quantile(0.999)),
                ("max", ms(all.max())),
                ("mean", all.mean() / 1e3),
            ];
            let some = !all.is_empty();
            let statistics = statistics.into_iter().filter(|_| some);
            Latency {
                name: metric.name().to_owned(),
                count: all.len(),
                per_second: (measured_s > 0.0 && plan.is_load(metric))
                    .then(|| all.len() as f64 / measured_s),
                errors: errors.flat_map(|reasons| reasons.values()).sum(),
                statistics: statistics.map(|(name, it)| (name.to_owned(), it)).collect(),
                curve: curve(all),
            }
        })
        .collect()
}

fn curve(all: &Histogram<u64>) -> Vec<(f64, f64)> {
    let quantiles = (0..=CURVE_STEPS).map(|step| 1.0 - 10f64.powf(-f64::from(step) / 5.0));
    // Beyond the number of samples a curve only repeats its end.
    let rare = |quantile: &f64| (1.0 - quantile) * all.len() as f64 >= 1.0;
    let point = |quantile| (quantile, all.value_at_quantile(quantile) as f64 / 1e3);
    quantiles.take_while(rare).map(point).collect()
}

fn errors(gathered: &Gathered) -> Vec<ErrorCount> {
    let of = |(metric, reasons): (&Metric, &std::collections::BTreeMap<String, u64>)| {
        let operation = metric.name().to_owned();
        let one = move |(code, count): (&String, &u64)| ErrorCount {
            operation: operation.clone(),
            code: code.clone(),
            count: *count,
        };
        reasons.iter().map(one).collect::<Vec<_>>()
    };
    gathered.errors.iter().flat_map(of).collect()
}

fn used(used: &Used, watched: &Watched, gathered: &Gathered) -> Process {
    let per = |count: u64| (count > 0).then(|| used.cpu_ns as f64 / 1e3 / count as f64);
    let grown = used.rss_end.saturating_sub(used.rss_before) as f64;
    let connections = gathered.counts.connected;
    Process {
        cpu_s: used.seconds(),
        cores: used.cores(),
        cpu_us_per_operation: per(gathered.counts.measured),
        cpu_us_per_event: per(gathered.counts.measured_events),
        rss_before: used.rss_before,
        rss_begin: Some(used.rss_begin),
        rss_end: used.rss_end,
        rss_max: used.rss_max,
        rss_per_connection: (connections > 0).then(|| grown / connections as f64),
        samples: watched.samples.clone(),
    }
}

fn series(plan: &Plan, gathered: &Gathered) -> Vec<Point> {
    let main = plan.main_metric();
    let ms = |all: Option<&Histogram<u64>>, quantile| {
        let all = all.filter(|all| !all.is_empty())?;
        Some(all.value_at_quantile(quantile) as f64 / 1e3)
    };
    let point = |(second, latencies): (&u64, &std::collections::BTreeMap<_, Histogram<u64>>)| {
        let mut events = histogram();
        for (_, of) in latencies
            .iter()
            .filter(|(metric, _): &(&Metric, _)| metric.is_event())
        {
            // Both have the same bounds.
            let _ = events.add(of);
        }
        let operations = latencies.get(&main);
        Point {
            second: *second,
            operations: operations.map_or(0, Histogram::len),
            events: events.len(),
            p50_ms: ms(operations, 0.5),
            p99_ms: ms(operations, 0.99),
            event_p50_ms: ms(Some(&events), 0.5),
            event_p99_ms: ms(Some(&events), 0.99),
        }
    };
    gathered.seconds.iter().map(point).collect()
}
