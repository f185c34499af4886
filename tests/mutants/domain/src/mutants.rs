//! Which mutants there are, and which one runs on this thread.

use std::cell::Cell;

/// The domain without one of its rules.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// Its name: that of its file.
    pub name: &'static str,
    /// What it leaves out.
    pub about: &'static str,
    /// Why it could not be made: what it replaces is not, or not just once, in the sources.
    pub misfit: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/all.rs"));

thread_local! {
    static CHOSEN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// From now on this one runs on this thread; none: the domain as it is.
pub fn choose(mutant: Option<usize>) {
    CHOSEN.set(mutant);
}

pub(crate) fn runs(mutant: usize) -> bool {
    CHOSEN.get() == Some(mutant)
}
