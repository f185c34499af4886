//! Delivery, expected against received.
//!
//! Every event of a sender has a number, from 1. A [`Receiver`] notes the numbers it is told; the
//! [`Ledger`] says, after the run, which numbers every sender has used. What differs is a fault. So
//! members of a room may be in several processes: only the ledger has to pass between them.

mod bits;
mod faults;
mod ledger;
mod numbers;
mod receiver;

pub(crate) use faults::Faults;
pub(crate) use ledger::{Ledger, Sent};
pub(crate) use receiver::{Audited, Receiver, Shape, Told, Truth};
