//! The domain as it is in `domain/src`, but for a switch at each rule that some mutant leaves
//! out. `build.rs` makes it from the sources and from `tests/mutants/rules`; with no mutant
//! chosen it does what the domain does.

pub mod mutants;

include!(concat!(env!("OUT_DIR"), "/domain/lib.rs"));
