//! Messages that have arrived in part, packets that wait for attachments among them: a budget for
//! all connections together. Beyond it, the one that has the most is given up, so that nobody needs
//! to fear others who has sent little.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::Limits;
use crate::metrics::Metrics;

/// What all connections have sent in part.
pub(crate) struct Partials {
    max: usize,
    metrics: Arc<Metrics>,
    bytes: AtomicUsize,
    large: Mutex<Large>,
}

/// Those of some size, of which one may have to go.
#[derive(Default)]
struct Large {
    next: u64,
    partials: BTreeMap<u64, (usize, GiveUp)>,
}

/// Gives a message up, whoever it is that reads it. It must not block.
type GiveUp = Arc<dyn Fn() + Send + Sync>;

/// What one connection has sent in part.
pub(crate) struct Partial {
    all: Arc<Partials>,
    bytes: usize,
    /// Its number among the large ones.
    number: Option<u64>,
    give_up: GiveUp,
}

impl Partials {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            max: limits.partial_bytes_max,
            metrics,
            bytes: AtomicUsize::new(0),
            large: Mutex::default(),
        }
    }

    /// A message of which nothing has come; `give_up` is called if it has to go.
    pub(crate) fn begin(self: &Arc<Self>, give_up: impl Fn() + Send + Sync + 'static) -> Partial {
        Partial {
            all: self.clone(),
            bytes: 0,
            number: None,
            give_up: Arc::new(give_up),
        }
    }

    /// Gives up the largest ones until the budget holds. One alone may have any size that a
    /// message may have.
    fn relieve(&self) {
        let mut given_up = Vec::new();
        let mut large = self.large();
        while self.bytes.load(Ordering::SeqCst) > self.max && large.partials.len() > 1 {
            let largest = large.partials.iter().max_by_key(|(_, (bytes, _))| *bytes);
            let Some(number) = largest.map(|(number, _)| *number) else {
                break;
            };
            if let Some((bytes, give_up)) = large.partials.remove(&number) {
                self.bytes.fetch_sub(bytes, Ordering::SeqCst);
                given_up.push(give_up);
            }
        }
        drop(large);
        if !given_up.is_empty() {
            let (count, max) = (given_up.len(), self.max);
            tracing::info!(count, max, "unfinished messages were given up");
            self.metrics.crowded_out("MAX_PARTIAL_BYTES", count);
        }
        for give_up in given_up {
            give_up();
        }
    }

    fn large(&self) -> MutexGuard<'_, Large> {
        self.large.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partial {
    /// So much has come of the message that is being read; 0 once it is complete.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes == self.bytes {
            return;
        }
        let (before, now) = (std::mem::replace(&mut self.bytes, bytes), bytes);
        let is_large = now >= Limits::PARTIAL_BYTES_MIN;
        if self.number.is_some() || is_large {
            let mut large = self.all.large();
            if let Some(number) = self.number {
                let Some((known, _)) = large.partials.get_mut(&number) else {
                    // Given up: it counts no more.
                    return;
                };
                *known = now;
                if !is_large {
                    large.partials.remove(&number);
                    self.number = None;
                }
            } else {
                let number = large.next;
                large.next += 1;
                let entry = (now, self.give_up.clone());
                large.partials.insert(number, entry);
                self.number = Some(number);
            }
            self.count(before, now);
        } else {
            self.count(before, now);
        }
        if now > before && self.all.bytes.load(Ordering::SeqCst) > self.all.max {
            self.all.relieve();
        }
    }

    fn count(&self, before: usize, now: usize) {
        let all = &self.all.bytes;
        match now > before {
            true => all.fetch_add(now - before, Ordering::SeqCst),
            false => all.fetch_sub(before - now, Ordering::SeqCst),
        };
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Partial").field(&self.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: usize = Limits::PARTIAL_BYTES_MIN - 1;

    fn partials(max: usize) -> Arc<Partials> {
        let limits = Limits {
            partial_bytes_max: max,
            ..Limits::default()
        };
        Arc::new(Partials::new(&limits, Arc::default()))
    }

    fn begin(all: &Arc<Partials>) -> (Partial, Arc<AtomicUsize>) {
        let given_up = Arc::new(AtomicUsize::new(0));
        let counter = given_up.clone();
        let partial = all.begin(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        (partial, given_up)
    }

    #[test]
    fn beyond_the_budget_the_largest_has_to_go_and_small_ones_never() {
        let all = partials(100_000);
        let (mut small, small_gone) = begin(&all);
        let (mut large, large_gone) = begin(&all);
        let (mut larger, larger_gone) = begin(&all);
        small.set(SMALL);
        large.set(40_000);
        larger.set(50_000);
        assert_eq!(larger_gone.load(Ordering::SeqCst), 0);
        large.set(49_000);
        assert_eq!(larger_gone.load(Ordering::SeqCst), 1);
        assert_eq!(all.bytes.load(Ordering::SeqCst), SMALL + 49_000);
        // What still comes of it counts no more, and neither does its end.
        larger.set(60_000);
        drop(larger);
        assert_eq!(all.bytes.load(Ordering::SeqCst), SMALL + 49_000);
        for gone in [small_gone, large_gone] {
            assert_eq!(gone.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn one_alone_may_be_larger_than_the_budget() {
        let all = partials(10_000);
        let (mut alone, gone) = begin(&all);
        alone.set(1_000_000);
        assert_eq!(gone.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn what_is_complete_or_gone_counts_no_more() {
        let all = partials(10_000);
        let (mut one, _) = begin(&all);
        for bytes in [SMALL, 0, 9_000, SMALL, 9_000, 0, 5_000] {
            one.set(bytes);
            assert_eq!(all.bytes.load(Ordering::SeqCst), bytes);
        }
        drop(one);
        assert_eq!(all.bytes.load(Ordering::SeqCst), 0);
        assert!(all.large().partials.is_empty());
    }
}
