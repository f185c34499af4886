//! What an audit found.

use serde::{Deserialize, Serialize};

/// How often each kind of fault was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Faults {
    /// Due, and never told.
    pub(crate) missing: u64,
    /// Told more than once.
    pub(crate) duplicate: u64,
    /// Told after what came after it.
    pub(crate) out_of_order: u64,
    /// Told later than an event may be.
    pub(crate) late: u64,
    /// Told, but never sent.
    pub(crate) unexpected: u64,
    /// Events that could not be read.
    pub(crate) unreadable: u64,
    /// Clients whose view of their room is not the server's.
    pub(crate) diverged: u64,
    /// Members whom the server's view of a room lacks.
    pub(crate) absent: u64,
    /// Rooms whose view, or history, could not be asked for.
    pub(crate) unverified: u64,
    /// Messages that a room's history has wrong.
    pub(crate) history: u64,
}

impl Faults {
    /// All of them, by name.
    pub(crate) fn named(&self) -> [(&'static str, u64); 10] {
        [
            ("missing", self.missing),
            ("duplicate", self.duplicate),
            ("out_of_order", self.out_of_order),
            ("late", self.late),
            ("unexpected", self.unexpected),
            ("unreadable", self.unreadable),
            ("diverged", self.diverged),
            ("absent", self.absent),
            ("unverified", self.unverified),
            ("history", self.history),
        ]
    }

    /// How many there are.
    pub(crate) fn total(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.missing += other.missing;
        self.duplicate += other.duplicate;
        self.out_of_order += other.out_of_order;
        self.late += other.late;
        self.unexpected += other.unexpected;
        self.unreadable += other.unreadable;
        self.diverged += other.diverged;
        self.absent += other.absent;
        self.unverified += other.unverified;
        self.history += other.history;
    }
}
