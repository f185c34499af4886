//! Counts and histograms, of the whole run and of the current second.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// The longest latency that is told from longer ones, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;
/// Decimal digits that a latency keeps.
const DIGITS: u8 = 3;
/// Kinds of errors that are counted apart.
const REASONS_MAX: usize = 100;

/// A histogram of microseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, DIGITS)
        .unwrap_or_else(|_| unreachable!("the bounds are good"))
}

/// A histogram as pairs of value and count: it is passed between processes like that.
pub(crate) type Sparse = Vec<(u64, u64)>;

pub(crate) fn sparse(histogram: &Histogram<u64>) -> Sparse {
    let values = histogram.iter_recorded();
    values
        .map(|it| (it.value_iterated_to(), it.count_at_value()))
        .collect()
}

pub(crate) fn add_sparse(histogram: &mut Histogram<u64>, sparse: &Sparse) {
    for (value, count) in sparse {
        histogram.saturating_record_n(*value, *count);
    }
}

/// Errors by operation and reason.
pub(crate) type Errors = BTreeMap<Metric, BTreeMap<String, u64>>;

/// What a process measures.
pub(crate) struct Record {
    latencies: Vec<Option<Latency>>,
    errors: Errors,
    reasons: usize,
}

struct Latency {
    all: Histogram<u64>,
    second: Histogram<u64>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            latencies: Metric::ALL.iter().map(|_| None).collect(),
            errors: Errors::new(),
            reasons: 0,
        }
    }

    pub(crate) fn latency(&mut self, metric: Metric, ns: u64) {
        let latency = self.latencies[metric as usize].get_or_insert_with(|| Latency {
            all: histogram(),
            second: histogram(),
        });
        let us = ns / 1_000;
        latency.all.saturating_record(us);
        latency.second.saturating_record(us);
    }

    pub(crate) fn error(&mut self, metric: Metric, reason: &str) {
        let reasons = self.errors.entry(metric).or_default();
        if let Some(count) = reasons.get_mut(reason) {
            *count += 1;
            return;
        }
        // A server that words each error differently is not to fill the memory.
        let known = self.reasons < REASONS_MAX;
        self.reasons += 1;
        let reason = if known { reason } else { "other" };
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// What the second that ends had.
    pub(crate) fn take_second(&mut self) -> BTreeMap<Metric, Sparse> {
        let mut second = BTreeMap::new();
        for (metric, latency) in Metric::ALL.into_iter().zip(&mut self.latencies) {
            if let Some(latency) = latency.as_mut().filter(|it| !it.second.is_empty()) {
                second.insert(metric, sparse(&latency.second));
                latency.second.reset();
            }
        }
        second
    }

    pub(crate) fn totals(&self) -> Totals {
        let latencies = Metric::ALL.into_iter().zip(&self.latencies);
        Totals {
            latencies: latencies
                .filter_map(|(metric, latency)| Some((metric, sparse(&latency.as_ref()?.all))))
                .collect(),
            errors: self.errors.clone(),
        }
    }
}

/// What a process measured, to be passed on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) latencies: BTreeMap<Metric, Sparse>,
    pub(crate) errors: Errors,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_of_two_processes_add_up() {
        let (mut one, mut other) = (Record::new(), Record::new());
        for ms in 1..=50 {
            one.latency(Metric::Join, ms * 1_000_000);
            other.latency(Metric::Join, (50 + ms) * 1_000_000);
        }
        let mut sum = histogram();
        add_sparse(&mut sum, &one.totals().latencies[&Metric::Join]);
        add_sparse(&mut sum, &other.totals().latencies[&Metric::Join]);
        assert_eq!(sum.len(), 100);
        let p50 = sum.value_at_quantile(0.5);
        assert!((49_900..=50_100).contains(&p50), "{p50}");
        assert_eq!(one.take_second()[&Metric::Join].len(), 50);
        assert!(one.take_second().is_empty());
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut record = Record::new();
        for number in 0..1_000 {
            record.error(Metric::Join, &number.to_string());
        }
        let errors = &record.totals().errors[&Metric::Join];
        assert_eq!(errors.len(), REASONS_MAX + 1);
        assert_eq!(errors.values().sum::<u64>(), 1_000);
    }
}
