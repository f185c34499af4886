//! Many schedules, on all cores.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Tally, play};

/// Schedules to play: those of the seeds from `first` on.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub schedules: u64,
}

/// What came of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many schedules were played.
    pub schedules: u64,
    /// How much happened in them.
    pub steps: u64,
    /// What was injected.
    pub tally: Tally,
    /// The seeds in which invariants were broken, in order, and the first of those.
    pub broken: Vec<(u64, String)>,
}

impl Campaign {
    /// Plays them all. `prepare` is called on each thread before.
    pub fn run(self, prepare: impl Fn() + Sync) -> Summary {
        let next = AtomicU64::new(self.first);
        let summary = Mutex::new(Summary::default());
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    prepare();
                    loop {
                        let seed = next.fetch_add(1, Ordering::SeqCst);
                        if seed >= self.first + self.schedules {
                            return;
                        }
                        let outcome = play(seed, false);
                        let summary = summary.lock();
                        let mut summary = summary.unwrap_or_else(PoisonError::into_inner);
                        summary.schedules += 1;
                        summary.steps += outcome.steps;
                        for (what, count) in outcome.tally {
                            *summary.tally.entry(what).or_default() += count;
                        }
                        if let Some(first) = outcome.violations.into_iter().next() {
                            summary.broken.push((seed, first));
                        }
                    }
                });
            }
        });
        let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
        summary.broken.sort();
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} schedules, {} steps, {} broken",
            self.schedules,
            self.steps,
            self.broken.len()
        )?;
        for (what, count) in &self.tally {
            writeln!(f, "{count:>10}  {what}")?;
        }
        Ok(())
    }
}
