//! The pure paths that every message takes through `domain` and `sdk/protocol`.
//!
//! `cargo bench -p rtm-hot-paths` times them. `cargo run --release -p rtm-hot-paths` counts their
//! instructions and compares them with `baseline.json`: the same functions, on the same input. A
//! count does not depend on what else the machine does, so it can fail a build; a time cannot.

mod domain;
mod protocol;

pub use domain::domain;
pub use protocol::protocol;

/// One path: what is done for one message, or one look at one thing.
pub struct Path {
    /// Where it is, and what of it.
    pub name: &'static str,
    /// Walks it once.
    pub walk: Box<dyn FnMut()>,
}

impl Path {
    fn new<T>(name: &'static str, mut work: impl FnMut() -> T + 'static) -> Self {
        Self {
            name,
            walk: Box::new(move || {
                std::hint::black_box(work());
            }),
        }
    }
}

/// All of them.
pub fn paths() -> Vec<Path> {
    domain().into_iter().chain(protocol()).collect()
}
