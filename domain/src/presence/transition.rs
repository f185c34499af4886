//! The rules. Same record, command, time and policy: same decision.

use crate::error::{Excess, Limit, Rejection};
use crate::presence::command::Command;
use crate::presence::epoch::Epoch;
use crate::presence::event::Happened;
use crate::presence::policy::Policy;
use crate::presence::record::{Phase, Reason, Record, Standing};
use crate::presence::state::State;
use crate::time::Timestamp;

/// What shall become of a record. Decided here, done by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Write this record, with this event (P3).
    Put {
        /// The record.
        record: Record,
        /// What happened.
        event: Happened,
    },
    /// Write this tombstone, with the event `Left(reason)`.
    End {
        /// The tombstone.
        record: Record,
        /// Why.
        reason: Reason,
    },
    /// Nothing changes.
    Keep,
    /// Nothing changes, and whoever asked is told why.
    Refuse(Rejection),
}

/// Decides what `command` makes of a record in this standing. The table stands in the
/// documentation of [`presence`](crate::presence).
pub fn transition(
    standing: Standing<'_>,
    command: Command,
    now: Timestamp,
    policy: &Policy,
) -> Decision {
    use Command::*;
    use Standing::*;
    match (command, standing) {
        (
            Join {
                user,
                key,
                epoch,
                state,
            },
            Absent,
        ) => {
            let record = Record {
                user,
                key,
                epoch,
                state,
                written: now,
                phase: Phase::Open,
            };
            join(record, policy)
        }
        (Join { .. }, Live(_) | Lapsed(_) | Ended(..)) => Decision::Keep,

        (Resume { .. }, Absent | Ended(_, Reason::Left | Reason::Kicked)) => {
            Decision::Refuse(Rejection::Forgotten)
        }
        (
            Resume {
                user,
                key,
                asked,
                state,
            },
            Live(found) | Lapsed(found) | Ended(found, Reason::Disconnected | Reason::Expired),
        ) => {
            if user != found.user || key != found.key {
                return Decision::Refuse(Rejection::Forgotten);
            }
            match resumed_epoch(asked, found.epoch) {
                Err(rejection) => Decision::Refuse(rejection),
                Ok(epoch) => {
                    let record = Record {
                        epoch,
                        state: state.unwrap_or_else(|| found.state.clone()),
                        written: now,
                        phase: Phase::Open,
                        ..found.clone()
                    };
                    join(record, policy)
                }
            }
        }

        (Rejoin { own, .. }, Live(found) | Lapsed(found) | Ended(found, _))
            if found.epoch > own.epoch =>
        {
            stale(found)
        }
        (Rejoin { own, state }, Absent | Live(_) | Lapsed(_) | Ended(..)) => {
            let state = state.unwrap_or_else(|| own.state.clone());
            let record = Record {
                state,
                written: now,
                phase: Phase::Open,
                ..*own
            };
            join(record, policy)
        }

        (Patch { .. }, Absent | Ended(..)) => Decision::Refuse(Rejection::NotPresent),
        (Patch { epoch, .. }, Live(found) | Lapsed(found)) if epoch < found.epoch => stale(found),
        (Patch { epoch, .. }, Live(found) | Lapsed(found)) if epoch > found.epoch => {
            Decision::Refuse(Rejection::UnknownEpoch)
        }
        (Patch { patch, .. }, Live(found) | Lapsed(found)) => match found.state.patched(&patch) {
            None => Decision::Keep,
            Some(state) => {
                if let Err(excess) = fits(&state, policy) {
                    return Decision::Refuse(excess.into());
                }
                Decision::Put {
                    event: Happened::Updated(state.clone()),
                    record: Record {
                        state,
                        written: now,
                        ..found.clone()
                    },
                }
            }
        },

        (Reassert { own }, Live(found) | Lapsed(found) | Ended(found, _))
            if found.epoch > own.epoch =>
        {
            stale(found)
        }
        (Reassert { own }, Live(_) | Lapsed(_)) => {
            let event = Happened::Updated(own.state.clone());
            put(*own, now, event)
        }
        (Reassert { own }, Absent | Ended(..)) => {
            let event = Happened::Joined(own.state.clone());
            put(*own, now, event)
        }

        (Close { own }, Live(found) | Lapsed(found)) if found.epoch > own.epoch => stale(found),
        // Told also where others see no difference: when it arrives, its lease may be over, and
        // who has not shown it since would never hear of it.
        (Close { own }, Live(_) | Lapsed(_)) => closing(*own, Happened::Updated),
        (Close { own }, Absent) => closing(*own, Happened::Joined),
        (Close { .. }, Ended(..)) => Decision::Keep,

        (End { own, .. }, Live(found) | Lapsed(found)) if found.epoch > own.epoch => stale(found),
        (End { own, .. }, Ended(found, _)) if found.epoch >= own.epoch => Decision::Keep,
        (End { own, reason }, Absent | Live(_) | Lapsed(_) | Ended(..)) => end(*own, reason, now),

        (Kick, Absent | Ended(..)) => Decision::Keep,
        (Kick, Live(found) | Lapsed(found)) => end(found.clone(), Reason::Kicked, now),

        (Expire, Absent | Live(_) | Ended(..)) => Decision::Keep,
        (Expire, Lapsed(found)) => {
            let reason = match found.phase {
                Phase::Closing => Reason::Disconnected,
                Phase::Open | Phase::Ended(_) => Reason::Expired,
            };
            end(found.clone(), reason, now)
        }
    }
}

/// The epoch that a resume takes: what was asked for, if it is above the presence's and not
/// absurdly far. Asked by the client, so that the late message of a dead socket never wins over
/// a later one.
fn resumed_epoch(asked: Option<Epoch>, held: Epoch) -> Result<Epoch, Rejection> {
    let epoch = asked.unwrap_or(held.next());
    if epoch <= held {
        return Err(Rejection::StaleEpoch { current: held });
    }
    if !epoch.within_step_of(held) {
        return Err(Rejection::EpochTooFar);
    }
    Ok(epoch)
}

fn join(record: Record, policy: &Policy) -> Decision {
    match fits(&record.state, policy) {
        Err(excess) => Decision::Refuse(excess.into()),
        Ok(()) => Decision::Put {
            event: Happened::Joined(record.state.clone()),
            record,
        },
    }
}

fn put(record: Record, now: Timestamp, event: Happened) -> Decision {
    Decision::Put {
        record: Record {
            written: now,
            phase: Phase::Open,
            ..record
        },
        event,
    }
}

fn closing(record: Record, event: fn(State) -> Happened) -> Decision {
    Decision::Put {
        event: event(record.state.clone()),
        record: Record {
            phase: Phase::Closing,
            ..record
        },
    }
}

/// What can be resumed keeps its state; nothing else has a use for one.
fn end(record: Record, reason: Reason, now: Timestamp) -> Decision {
    let state = match reason {
        Reason::Disconnected | Reason::Expired => record.state,
        Reason::Left | Reason::Kicked => State::default(),
    };
    Decision::End {
        record: Record {
            state,
            written: now,
            phase: Phase::Ended(reason),
            ..record
        },
        reason,
    }
}

fn stale(found: &Record) -> Decision {
    Decision::Refuse(Rejection::StaleEpoch {
        current: found.epoch,
    })
}

fn fits(state: &State, policy: &Policy) -> Result<(), Excess> {
    if state.bytes() <= policy.state_bytes_max {
        return Ok(());
    }
    Err(Excess {
        limit: Limit::StateBytes,
        max: policy.state_bytes_max as u64,
    })
}

#[cfg(test)]
mod tests;
