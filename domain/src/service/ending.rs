//! Ending presences: asked by their owner, by the clock, by a closed socket, or from outside.

use std::sync::Arc;

use crate::error::{Refusal, StoreError};
use crate::ids::{ConnId, RoomId};
use crate::ports::{Commit, Committed, Conns, Lost, Place};
use crate::presence::command::Command;
use crate::presence::epoch::{Revision, Version};
use crate::presence::event::{Event, Happened};
use crate::presence::policy::Policy;
use crate::presence::record::{Found, Reason, Standing as RecordStanding};
use crate::presence::transition::{Decision, transition};
use crate::seat::{Against, Standing};
use crate::service::Node;
use crate::service::session::{Farewell, SeatCell};

impl Node {
    /// Ends a seat's presence. It is off the receivers at once; `Ok` when that is committed. If
    /// the store does not answer it goes on by itself.
    pub(super) async fn leave(
        self: &Arc<Self>,
        cell: &Arc<SeatCell>,
        reason: Reason,
        lost: Option<Lost>,
    ) -> Result<(), Refusal> {
        let (now, _) = self.times();
        let (began, conn) = {
            let mut seat = cell.seat();
            let overtaken = reason == Reason::Expired && !seat.is_silent(now);
            let began = !overtaken && seat.leave(reason, now, &self.policy);
            (began, seat.conn().clone())
        };
        if !began {
            return Ok(());
        }
        cell.detach();
        if let Some(lost) = lost {
            cell.peer.lost(cell.room.id(), &conn, lost);
        }
        match self.try_end(cell).await {
            Ok(()) => Ok(()),
            Err(_) => {
                let (node, cell) = (self.clone(), cell.clone());
                self.spawn(async move { node.keep_ending(&cell).await });
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Its socket is gone: the presence ends, or lingers where that is on.
    pub(super) async fn part(self: &Arc<Self>, cell: &Arc<SeatCell>, farewell: Farewell) {
        if farewell == Farewell::None && !self.policy.linger.is_zero() {
            self.linger(cell).await;
        } else {
            // Whether it was committed or goes on by itself, nobody is there to be told.
            let _ = self.leave(cell, Reason::Disconnected, None).await;
        }
    }

    /// Its socket is gone: the presence lingers until resumed.
    pub(super) async fn linger(self: &Arc<Self>, cell: &Arc<SeatCell>) {
        let began = cell.seat().close(self.now(), &self.policy);
        if !began {
            return;
        }
        cell.detach();
        let mut pause = Policy::BACKOFF.0;
        while self.try_close(cell).await.is_err() {
            self.sleep(pause).await;
            pause = (pause * 2).min(Policy::BACKOFF.1);
        }
    }

    /// Removes a connection wherever its socket is.
    pub(super) async fn kick(
        self: &Arc<Self>,
        room: &RoomId,
        conn: &ConnId,
    ) -> Result<bool, Refusal> {
        let read = self
            .ports
            .store
            .read(room, Version(0), Conns::One(conn))
            .await?;
        let found = read.records.into_iter().next().map(|(_, found)| found);
        self.end_from_outside(room, conn, found, &Command::Kick)
            .await
    }

    /// Ends a presence that this node has no seat for. False if the rules keep it.
    pub(super) async fn end_from_outside(
        self: &Arc<Self>,
        room: &RoomId,
        conn: &ConnId,
        mut found: Option<Found>,
        command: &Command,
    ) -> Result<bool, Refusal> {
        let writer = self.seat_id();
        for attempt in 1..=u64::from(Policy::OUTSIDE_ATTEMPTS_MAX) {
            let (_, wall) = self.times();
            let standing = RecordStanding::of(found.as_ref());
            let Decision::End { record, reason } =
                transition(standing, command.clone(), wall, &self.policy)
            else {
                return Ok(false);
            };
            let epoch = record.epoch;
            let event = Event {
                conn: conn.clone(),
                user: record.user.clone(),
                epoch,
                writer,
                attempt,
                at: wall,
                kind: Happened::Left(reason),
            };
            let commit = Commit {
                room: room.clone(),
                conn: conn.clone(),
                expected: found.as_ref().map(|found| found.revision),
                revision: Revision {
                    epoch,
                    seat: writer,
                    attempt,
                },
                record,
                place: Place::Ended,
                keep: self.policy.lookback,
                event: Some(event),
                floor: self.floor(room),
            };
            match self.commit_from_outside(commit).await? {
                Committed::Applied { .. } => return Ok(true),
                Committed::Conflict { found: other } => found = other,
            }
        }
        Err(Refusal::Unavailable)
    }

    /// Tries again, with pauses, until it is done or the sweepers have it anyway.
    async fn keep_ending(self: &Arc<Self>, cell: &Arc<SeatCell>) {
        let mut pause = Policy::BACKOFF.0;
        loop {
            self.sleep(pause).await;
            pause = (pause * 2).min(Policy::BACKOFF.1);
            let give_up = match cell.seat().standing() {
                Standing::Leaving { give_up, .. } => give_up,
                _ => return,
            };
            if self.now().clock >= give_up {
                cell.remove();
                return;
            }
            if self.try_end(cell).await.is_ok() {
                return;
            }
        }
    }

    async fn try_end(self: &Arc<Self>, cell: &Arc<SeatCell>) -> Result<(), StoreError> {
        let _turn = cell.turn.lock().await;
        let reason = match cell.seat().standing() {
            Standing::Leaving { reason, .. } => reason,
            _ => return Ok(()),
        };
        if !cell.seat().has_written() {
            cell.remove();
            return Ok(());
        }
        self.write_over(cell, |own| Command::End { own, reason })
            .await?;
        cell.remove();
        Ok(())
    }

    async fn try_close(self: &Arc<Self>, cell: &Arc<SeatCell>) -> Result<(), StoreError> {
        let _turn = cell.turn.lock().await;
        if !matches!(cell.seat().standing(), Standing::Closing { .. }) {
            return Ok(());
        }
        if !cell.seat().has_written()
            || !self.write_over(cell, |own| Command::Close { own }).await?
        {
            cell.remove();
        }
        Ok(())
    }

    /// Writes what `command` makes of the record over whatever the store has, unless that is
    /// somebody else's by now. False if it is. Call with the seat's turn held.
    async fn write_over(
        self: &Arc<Self>,
        cell: &SeatCell,
        command: impl Fn(Box<crate::presence::record::Record>) -> Command,
    ) -> Result<bool, StoreError> {
        let mut found = None;
        let (mut looked, mut watch) = (false, None);
        for _ in 0..Policy::ATTEMPTS_MAX {
            let (now, wall) = self.times();
            let floor = cell.room.floor();
            let draft = {
                let mut seat = cell.seat();
                if looked && !seat.may_end(found.as_ref()) {
                    let own = found.filter(|found| found.revision.seat == seat.id());
                    drop(seat);
                    if let Some(own) = own {
                        // Written by an earlier attempt whose answer was lost.
                        cell.room.watch(watch, own.version);
                    }
                    return Ok(false);
                }
                let against = match looked {
                    true => Against::Found(found.as_ref()),
                    false => Against::Memory,
                };
                let command = command(Box::new(seat.record(wall)));
                seat.draft(command, against, (now, wall), floor, &self.policy)
            };
            let Ok(Some(draft)) = draft else {
                return Ok(false);
            };
            watch = self.watch(&cell.room, &draft.commit);
            let by = self.witness(cell.room.id());
            match self.ports.store.commit(draft.commit.clone()).await? {
                Committed::Applied { version } => {
                    cell.room.watch(watch, version);
                    cell.seat().applied(draft, by);
                    self.expect(&cell.room, version);
                    return Ok(true);
                }
                Committed::Conflict { found: other } => {
                    found = other;
                    looked = true;
                }
            }
            // A tombstone may be written again over nothing, a presence not.
            let closing = matches!(cell.seat().standing(), Standing::Closing { .. });
            if found.is_none() && closing && self.may_be_forgotten(cell).await? {
                return Ok(false);
            }
        }
        Err(StoreError::Unreachable("others keep writing".into()))
    }

    async fn may_be_forgotten(self: &Arc<Self>, cell: &SeatCell) -> Result<bool, StoreError> {
        let conn = cell.seat().conn().clone();
        let (_, witness) = self.find(cell, &conn).await?;
        let by = Some(&witness);
        Ok(cell.seat().may_be_forgotten(by, self.now(), &self.policy))
    }
}
