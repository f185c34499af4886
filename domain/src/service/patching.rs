//! Heartbeats: a plain one costs no call to the store, a patch is one commit.

use std::sync::Arc;

use crate::error::{Refusal, Rejection};
use crate::ports::Committed;
use crate::presence::command::Command;
use crate::presence::epoch::Epoch;
use crate::presence::policy::Policy;
use crate::presence::state::State;
use crate::seat::{Against, Standing};
use crate::service::Node;
use crate::service::session::{Beat, SeatCell};
use crate::time::Now;

impl Node {
    /// `Ok` means that a lease confirmed by the store lies ahead.
    pub(super) fn beat(
        &self,
        cell: &SeatCell,
        epoch: Option<Epoch>,
        received: Now,
    ) -> Result<Beat, Refusal> {
        let now = self.now();
        let mut seat = cell.seat();
        seat.heartbeat(epoch, received, &self.policy)?;
        if !seat.is_confirmed(now) {
            return Err(Refusal::Unavailable);
        }
        Ok(Beat {
            changed: false,
            epoch: seat.epoch(),
            version: None,
        })
    }

    pub(super) async fn patch(
        self: &Arc<Self>,
        cell: &SeatCell,
        (epoch, received): (Option<Epoch>, Now),
        patch: State,
    ) -> Result<Beat, Refusal> {
        let _turn = cell.turn.lock().await;
        cell.seat().heartbeat(epoch, received, &self.policy)?;
        if cell.seat().is_unsettled() {
            self.settle(cell).await?;
        }
        for _ in 0..Policy::ATTEMPTS_MAX {
            let (times, floor) = (self.times(), cell.room.floor());
            let draft = {
                let mut seat = cell.seat();
                if seat.standing() != Standing::Live {
                    return Err(Rejection::NotPresent.into());
                }
                let command = Command::Patch {
                    epoch: seat.epoch(),
                    patch: patch.clone(),
                };
                seat.draft(command, Against::Memory, times, floor, &self.policy)?
            };
            let Some(draft) = draft else {
                return self.beat(cell, epoch, received);
            };
            let by = self.witness(cell.room.id());
            match self.commit(&cell.room, draft.commit.clone()).await? {
                Committed::Applied { version } => {
                    let mut seat = cell.seat();
                    seat.applied(draft, by);
                    let beat = Beat {
                        changed: true,
                        epoch: seat.epoch(),
                        version: Some(version),
                    };
                    drop(seat);
                    self.expect(&cell.room, version);
                    return Ok(beat);
                }
                Committed::Conflict { found } => {
                    self.answer_for(cell, found, None).await?;
                }
            }
        }
        Err(Refusal::Unavailable)
    }
}
