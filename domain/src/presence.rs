//! What presence means: one record per connection and room, and the rules that change it.
//!
//! [`transition`](transition::transition) is the only place where a record changes. Each
//! command meets a record in one of four standings:
//!
//! | command | absent | live | lapsed | ended |
//! |---|---|---|---|---|
//! | `Join` | put, `Joined` | keep | keep | keep |
//! | `Resume` | forgotten | fence, then put, `Joined` | as live | `left`, `kicked`: forgotten; else as live |
//! | `Rejoin` | put, `Joined` | put with the next epoch, `Joined` | as live | put, `Joined` |
//! | `Patch` | not present | put, `Updated`; keep if nothing changes | as live | not present |
//! | `Reassert` | put, `Joined` | put, `Updated` | put, `Updated` | put, `Joined` |
//! | `Close` | put closing, `Joined` | put closing, `Updated` | put closing, `Updated` | keep |
//! | `End` | end, `Left` | end, `Left` | end, `Left` | epoch below: end, `Left`; else keep |
//! | `Kick` | keep | end, `Left(Kicked)` | end, `Left(Kicked)` | keep |
//! | `Expire` | keep | keep | end, `Left(Expired)`; closing: `Left(Disconnected)` | keep |
//!
//! Commands of an owner carry its epoch; against a record with a higher one they change nothing
//! (`StaleEpoch`). "Fence" for `Resume` means: another key or user is `Forgotten`, an epoch that
//! is not above the record's is `StaleEpoch`, one too far above it is `EpochTooFar`.

pub mod command;
pub mod epoch;
pub mod event;
pub mod lease;
pub mod policy;
pub mod record;
pub mod snapshot;
pub mod state;
pub mod transition;
