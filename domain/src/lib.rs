//! What presence means: who is in which room, with which state, behind ports.
//!
//! No runtime, no clock, no I/O. [`presence`] has the rules and their table, [`seat`], [`view`]
//! and [`sweeper`] the machines around them, [`ports`] what they need from outside, and
//! [`service`] runs the machines over the ports. Whoever brings the ports can embed it anywhere:
//! see `examples/embed.rs`.

pub mod error;
pub mod ids;
pub mod ports;
pub mod presence;
pub mod seat;
pub mod service;
pub mod sweeper;
pub mod time;
pub mod view;

pub use service::PresenceService;
