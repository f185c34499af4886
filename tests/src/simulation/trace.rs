//! What happened, in order: counted always, written down only when somebody will read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::HandClock;

/// How often what was injected.
pub type Tally = BTreeMap<&'static str, u64>;

/// Takes notes.
#[derive(Clone, Default)]
pub(super) struct Trace {
    clock: Arc<HandClock>,
    notes: Arc<Mutex<Notes>>,
    writes: bool,
}

#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    violations: Vec<String>,
    tally: Tally,
    /// Of everything noted, whether written down or not.
    steps: u64,
}

impl Trace {
    pub(super) fn new(clock: Arc<HandClock>, writes: bool) -> Self {
        Self {
            clock,
            notes: Arc::default(),
            writes,
        }
    }

    pub(super) fn line(&self, line: impl FnOnce() -> String) {
        let mut notes = self.notes();
        notes.steps += 1;
        if self.writes {
            let line = format!("{:>6} {}", self.clock.passed(), line());
            notes.lines.push(line);
        }
    }

    /// A fault was injected.
    pub(super) fn fault(&self, what: &'static str, line: impl FnOnce() -> String) {
        *self.notes().tally.entry(what).or_default() += 1;
        self.line(|| format!("FAULT {what} {}", line()));
    }

    pub(super) fn violation(&self, violation: String) {
        self.line(|| format!("VIOLATION {violation}"));
        self.notes().violations.push(violation);
    }

    pub(super) fn is_broken(&self) -> bool {
        !self.notes().violations.is_empty()
    }

    pub(super) fn take(&self) -> (Vec<String>, Vec<String>, Tally, u64) {
        let notes = std::mem::take(&mut *self.notes());
        (notes.lines, notes.violations, notes.tally, notes.steps)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
