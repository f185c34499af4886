//! What must hold: `heartbeat.p99<50ms`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// A condition on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    pub(crate) figure: String,
    compare: Compare,
    value: f64,
}

/// Whether a threshold holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) threshold: String,
    /// The figure in its own unit; none: nothing was measured, which never holds.
    pub(crate) found: Option<f64>,
    pub(crate) unit: String,
    pub(crate) holds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    LessOrSame,
    More,
    MoreOrSame,
}

/// In what a figure is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Bytes,
    Plain,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Bytes => "bytes",
            Self::Plain => "",
        }
    }
}

/// Statistics of a latency.
pub(crate) const LATENCY_STATISTICS: [&str; 8] =
    ["min", "p50", "p90", "p95", "p99", "p999", "max", "mean"];
const COUNTS: [&str; 3] = ["count", "rate", "errors"];
const OF_A_PROCESS: [(&str, Unit); 6] = [
    ("cpu", Unit::Plain),
    ("cpu_per_operation", Unit::Milliseconds),
    ("cpu_per_event", Unit::Milliseconds),
    ("rss", Unit::Bytes),
    ("rss_per_connection", Unit::Bytes),
    ("rss_growth", Unit::Plain),
];
const OTHERS: [&str; 8] = [
    "errors.count",
    "errors.rate",
    "success.rate",
    "events.rate",
    "cycles.rate",
    "connections.disconnects",
    "connections.reconnects",
    "connections.lost",
];

/// The unit of a figure, if there is one of that name.
pub(crate) fn unit(figure: &str) -> Option<Unit> {
    if OTHERS.contains(&figure) {
        return Some(Unit::Plain);
    }
    let (of, what) = figure.rsplit_once('.')?;
    match of {
        "server" | "redis" => {
            let found = OF_A_PROCESS.iter().find(|(name, _)| *name == what);
            return found.map(|(_, unit)| *unit);
        }
        "audit" => {
            let names = crate::audit::Faults::default().named();
            let known = what == "total" || names.iter().any(|(name, _)| *name == what);
            return known.then_some(Unit::Plain);
        }
        _ => {}
    }
    let known = Metric::ALL.iter().any(|metric| metric.name() == of);
    match what {
        _ if !known => None,
        what if LATENCY_STATISTICS.contains(&what) => Some(Unit::Milliseconds),
        what if COUNTS.contains(&what) => Some(Unit::Plain),
        _ => None,
    }
}

impl Threshold {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("--threshold '{text}': {why}");
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let Some(at) = compact.find(['<', '>']) else {
            return Err(wrong(
                "write WHAT<VALUE, such as 'heartbeat.p99<50ms'".into(),
            ));
        };
        let (figure, rest) = compact.split_at(at);
        let (compare, value) = match (rest.strip_prefix("<="), rest.strip_prefix(">=")) {
            (Some(value), _) => (Compare::LessOrSame, value),
            (_, Some(value)) => (Compare::MoreOrSame, value),
            _ if rest.starts_with('<') => (Compare::Less, &rest[1..]),
            _ => (Compare::More, &rest[1..]),
        };
        let unit = unit(figure).ok_or_else(|| {
            wrong(format!(
                "there is no figure {figure:?}; there are {}",
                "join.p99 and the like, errors.rate, events.rate, audit.missing, server.cpu, server.rss; \
                 docs/benchmarks.md has them all"
            ))
        })?;
        let value = read(value, unit).ok_or_else(|| {
            let example = match unit {
                Unit::Milliseconds => "a time with a unit, such as 50ms, 800us or 1s",
                Unit::Bytes => "a size with a unit, such as 100MB, 30KiB or 512B",
                Unit::Plain => "a number, such as 0.01 or 1%",
            };
            wrong(format!("{value:?} is not {example}"))
        })?;
        Ok(Self {
            text: text.to_owned(),
            figure: figure.to_owned(),
            compare,
            value,
        })
    }

    pub(crate) fn judge(&self, found: Option<f64>) -> Verdict {
        let holds = found.is_some_and(|found| match self.compare {
            Compare::Less => found < self.value,
            Compare::LessOrSame => found <= self.value,
            Compare::More => found > self.value,
            Compare::MoreOrSame => found >= self.value,
        });
        Verdict {
            threshold: self.text.clone(),
            found,
            unit: unit(&self.figure).map_or("", Unit::name).to_owned(),
            holds,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn read(text: &str, unit: Unit) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '%');
    let number: f64 = digits.parse().ok().filter(|it: &f64| it.is_finite())?;
    let factor = match (unit, &text[digits.len()..]) {
        (Unit::Milliseconds, "ns") => 1e-6,
        (Unit::Milliseconds, "us" | "µs") => 1e-3,
        (Unit::Milliseconds, "ms") => 1.0,
        (Unit::Milliseconds, "s") => 1e3,
        (Unit::Bytes, "B") => 1.0,
        (Unit::Bytes, "KB" | "kB") => 1e3,
        (Unit::Bytes, "MB") => 1e6,
        (Unit::Bytes, "GB") => 1e9,
        (Unit::Bytes, "KiB") => 1024.0,
        (Unit::Bytes, "MiB") => 1024.0 * 1024.0,
        (Unit::Bytes, "GiB") => 1024.0 * 1024.0 * 1024.0,
        (Unit::Plain, "") => 1.0,
        (Unit::Plain, "%") => 0.01,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_hold_or_not() {
        let holds = |text: &str, found| Threshold::parse(text).unwrap().judge(found).holds;
        assert!(holds("heartbeat.p99<50ms", Some(49.9)));
        assert!(!holds("heartbeat.p99<50ms", Some(50.0)));
        assert!(holds("heartbeat.p99 <= 50ms", Some(50.0)));
        assert!(holds("event.update.max<1s", Some(999.0)));
        assert!(holds("server.cpu_per_event<8us", Some(0.0079)));
        assert!(holds("errors.rate<=1%", Some(0.01)));
        assert!(holds("server.rss<=1MiB", Some(1_048_576.0)));
        assert!(holds("server.rss_growth<5%", Some(-0.01)));
        assert!(!holds("server.rss_growth<5%", Some(0.06)));
        assert!(holds("audit.missing<1", Some(0.0)));
        assert!(holds("events.rate>1000", Some(1_001.0)));
        // Nothing measured is not good.
        assert!(!holds("heartbeat.p99<50ms", None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for bad in [
            "",
            "heartbeat.p99",
            "heartbeat.p98<50ms",
            "nothing.p99<50ms",
            "heartbeat.p99<50",
            "heartbeat.p99<ms",
            "heartbeat.p99<50MB",
            "errors.rate<1s",
            "errors.rate<nan",
            "<50ms",
        ] {
            let error = Threshold::parse(bad).unwrap_err();
            assert!(error.contains(bad), "{error}");
        }
    }
}
