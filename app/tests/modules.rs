//! Modules of a real server, heard by real clients: one that fails harms no other.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod modules {
    mod client;
    mod every;
    mod failing;
    mod log;
    mod observing;
    mod reckless;
    mod refused;
    mod slow;
    mod stage;
    mod without_presence;
    mod witness;
}
