//! The harness, as the binary `rtm` runs it: against the real server, and against servers with
//! faults that it has to find.

mod deliveries;
mod faulty;
mod interrupts;
mod options;
mod pages;
mod reports;
mod rig;
