//! The service of one node over mocked ports, by a hand-moved clock. A store that behaves stands
//! behind the mocks; a case says what of it fails, and when.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod service {
    mod audit;
    mod conflicts;
    mod endings;
    mod histories;
    mod identity;
    mod kit;
    mod observing;
    mod outages;
    mod ports;
    mod races;
    mod rooms;
    mod shelf;
    mod views;
}
