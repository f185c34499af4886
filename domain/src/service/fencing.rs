//! What comes back from the store: published events, readings of a room, and looks at one
//! record, with what they mean for the seats of this node.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join;

use crate::error::{Refusal, Rejection, StoreError};
use crate::ids::ConnId;
use crate::ports::{Committed, Conns, Lost, Witness};
use crate::presence::command::Command;
use crate::presence::epoch::{Epoch, Version};
use crate::presence::event::Published;
use crate::presence::policy::Policy;
use crate::presence::record::Found;
use crate::seat::judge::{Overheard, Verdict};
use crate::seat::{Against, Standing};
use crate::service::Node;
use crate::service::room::{LocalRoom, Repair};
use crate::service::session::SeatCell;
use crate::view::View;

impl Node {
    /// An event of a local room: fences the seats that it replaces, then tells the room, in one
    /// step.
    pub(super) fn take_in(self: &Arc<Self>, room: &Arc<LocalRoom>, published: Published) {
        let (to_judge, repair) = room.with(|inner| {
            let (mut fenced, mut to_judge) = (Vec::new(), Vec::new());
            for cell in inner.seats_of(&published.event.conn).to_vec() {
                let overheard = cell.seat().overhear(&published.event);
                match overheard {
                    Overheard::Nothing => {}
                    Overheard::Over(why) => fenced.push((cell, why)),
                    Overheard::Doubt => to_judge.push(cell),
                }
            }
            // Off the receivers first: whoever goes is not told its own leave.
            for (cell, why) in fenced {
                cell.lose_within(inner, why);
            }
            let repair = inner.feed(room.id(), published.clone(), self.ports.telling());
            (to_judge, repair)
        });
        for cell in to_judge {
            self.judge_soon(cell);
        }
        if repair {
            self.need_repair(room);
        }
    }

    /// Subscribes to a room and reads it, unless that was done. Only then may a commit in it be
    /// sent, or its event could fall between the two, and it would not be known which life of the
    /// store applied it.
    pub(super) async fn open(self: &Arc<Self>, room: &Arc<LocalRoom>) -> Result<(), StoreError> {
        let look = || {
            room.with(|inner| {
                let is_open = inner.view.as_ref().is_some_and(View::is_open);
                (is_open, inner.failed)
            })
        };
        let (is_open, failed) = look();
        if is_open {
            return Ok(());
        }
        let _opening = room.opening.lock().await;
        let (is_open, failed_now) = look();
        if is_open {
            return Ok(());
        }
        if failed_now != failed {
            // Each in turn would wait as long as whoever was waited for has.
            return Err(StoreError::Unreachable("the room was not read".into()));
        }
        room.with(|inner| inner.view = Some(View::opening()));
        let read = join(
            self.subscribe_and_read(room),
            self.open_for_observers(room.id()),
        );
        let (again, opened) = read.await;
        match opened.and(again) {
            Ok(again) => {
                room.with(|inner| inner.view.as_mut().map(View::opened));
                if again {
                    self.need_repair(room);
                }
                Ok(())
            }
            Err(error) => {
                room.with(|inner| {
                    inner.view = None;
                    inner.failed += 1;
                });
                Err(error)
            }
        }
    }

    /// The view of a room may be wrong: reads the room again, in the background, until that
    /// works.
    pub(super) fn need_repair(self: &Arc<Self>, room: &Arc<LocalRoom>) {
        let start = room.with(|inner| {
            let start = inner.view.is_some() && inner.repair == Repair::None;
            inner.repair = match inner.repair {
                Repair::None if start => Repair::Running,
                Repair::None => Repair::None,
                Repair::Running | Repair::RunAgain => Repair::RunAgain,
            };
            start
        });
        if !start {
            return;
        }
        self.ports.meter.repair();
        let (node, room) = (self.clone(), room.clone());
        self.spawn(async move {
            let mut pause = Policy::BACKOFF.0;
            loop {
                let opening = room.opening.lock().await;
                let on = room.with(|inner| match &mut inner.view {
                    Some(view) => {
                        view.begin_repair();
                        inner.repair = Repair::Running;
                        true
                    }
                    None => {
                        inner.repair = Repair::None;
                        false
                    }
                });
                if !on {
                    return;
                }
                let read = node.subscribe_and_read(&room).await;
                drop(opening);
                match read {
                    Ok(again) => {
                        let done = room.with(|inner| {
                            let done = !again && inner.repair == Repair::Running;
                            if done {
                                inner.repair = Repair::None;
                            }
                            done
                        });
                        if done {
                            return;
                        }
                    }
                    Err(_) => {
                        node.sleep(pause).await;
                        pause = (pause * 2).min(Policy::BACKOFF.1);
                    }
                }
            }
        });
    }

    /// Call with the room's `opening` held. True if events are missing again.
    async fn subscribe_and_read(
        self: &Arc<Self>,
        room: &Arc<LocalRoom>,
    ) -> Result<bool, StoreError> {
        self.ports.feed.subscribe(room.id()).await?;
        let floor = room.with(|inner| inner.view.as_ref().map_or(Version(0), View::heard));
        let read = self.ports.store.read(room.id(), floor, Conns::Live).await?;
        let part = self.part_of(room.id());
        self.answered(part, &read.witness);
        let trust = self.trust(part);
        let wall = self.ports.clock.wall();
        Ok(room.with(|inner| {
            let Some(view) = &mut inner.view else {
                return false;
            };
            let (deliveries, again) = view.repair(&read, trust, wall);
            inner.deliver(room.id(), &deliveries, self.ports.telling());
            again
        }))
    }

    /// Looks at what the store has of a seat, and acts on it, in the background.
    pub(super) fn judge_soon(self: &Arc<Self>, cell: Arc<SeatCell>) {
        if cell.judging.swap(true, Ordering::SeqCst) {
            return;
        }
        let node = self.clone();
        self.spawn(async move {
            // Lost or not answered: the next renewal reports it again.
            let _ = node.look(&cell).await;
            cell.judging.store(false, Ordering::SeqCst);
        });
    }

    /// Looks at what the store has of a seat and acts on it, for as long as one command takes.
    pub(super) async fn look(self: &Arc<Self>, cell: &SeatCell) -> Result<(), Refusal> {
        let _turn = cell.turn.lock().await;
        self.settle(cell).await
    }

    /// Call with the seat's turn held.
    pub(super) async fn settle(self: &Arc<Self>, cell: &SeatCell) -> Result<(), Refusal> {
        let conn = cell.seat().conn().clone();
        let (found, witness) = self.find(cell, &conn).await?;
        self.answer_for(cell, found, Some(&witness))
            .await
            .map(|_| ())
    }

    /// Judges what a commit or a look found, and does what the verdict asks for. Returns the
    /// version of what was written, if anything was. Call with the seat's turn held.
    pub(super) async fn answer_for(
        self: &Arc<Self>,
        cell: &SeatCell,
        mut found: Option<Found>,
        witness: Option<&Witness>,
    ) -> Result<Option<Version>, Refusal> {
        let mut by = witness.cloned();
        if found.is_none() && by.is_none() {
            // Nothing means little unless it is known who says so.
            let conn = cell.seat().conn().clone();
            let looked = self.find(cell, &conn).await?;
            (found, by) = (looked.0, Some(looked.1));
        }
        let written_to = by.clone().or_else(|| self.witness(cell.room.id()));
        for _ in 0..Policy::ATTEMPTS_MAX {
            let (now, wall) = self.times();
            let floor = cell.room.floor();
            let draft = {
                let mut seat = cell.seat();
                match seat.standing() {
                    Standing::Joining | Standing::Live => {}
                    Standing::Closing { .. } | Standing::Leaving { .. } | Standing::Gone => {
                        return Err(Rejection::NotPresent.into());
                    }
                }
                let verdict = seat.judge(found.as_ref(), by.as_ref(), now, &self.policy);
                if let (Verdict::Fine | Verdict::Adopt, Some(by)) = (verdict, &by) {
                    seat.verified(by);
                }
                match verdict {
                    Verdict::Fenced => Err(Lost::Replaced),
                    Verdict::Ended(lost) => Err(lost),
                    Verdict::Adopt => {
                        if let Some(found) = &found {
                            seat.adopt(found);
                        }
                        return Ok(None);
                    }
                    // A write that is still on its way could land later: the same record under a
                    // new name makes it conflict.
                    Verdict::Fine if !seat.is_unsettled() => return Ok(None),
                    Verdict::Fine | Verdict::Reassert => {
                        let own = Box::new(seat.record(wall));
                        let against = Against::Found(found.as_ref());
                        let reassert = Command::Reassert { own };
                        Ok(seat.draft(reassert, against, (now, wall), floor, &self.policy)?)
                    }
                }
            };
            match draft {
                Err(lost) => {
                    cell.lose(lost);
                    return Err(Rejection::NotPresent.into());
                }
                Ok(None) => return Ok(None),
                Ok(Some(draft)) => match self.commit(&cell.room, draft.commit.clone()).await? {
                    Committed::Applied { version } => {
                        cell.seat().applied(draft, written_to);
                        self.expect(&cell.room, version);
                        return Ok(Some(version));
                    }
                    Committed::Conflict { found: other } => found = other,
                },
            }
        }
        Err(Refusal::Unavailable)
    }

    pub(super) async fn find(
        self: &Arc<Self>,
        cell: &SeatCell,
        conn: &ConnId,
    ) -> Result<(Option<Found>, Witness), StoreError> {
        let conns = Conns::One(conn);
        let read = self
            .ports
            .store
            .read(cell.room.id(), Version(0), conns)
            .await?;
        self.answered(self.part_of(cell.room.id()), &read.witness);
        let mut records = read.records.into_iter();
        Ok((records.next().map(|(_, found)| found), read.witness))
    }

    /// Fences seats of this node that a newer one replaces, before the feed says so.
    pub(super) fn fence_older(&self, cell: &SeatCell, conn: &ConnId, epoch: Epoch) {
        cell.room.with(|inner| {
            for other in inner.seats_of(conn).to_vec() {
                // An epoch that it only asked for is not its own: a lost rejoin may have asked for
                // the very one that was given here.
                let older = !std::ptr::eq(&*other, cell) && other.seat().known_epoch() < epoch;
                if older {
                    other.lose_within(inner, Lost::Replaced);
                }
            }
        });
    }

    /// An own commit got this version: if the view has not reached it in time, it is deaf.
    pub(super) fn expect(self: &Arc<Self>, room: &Arc<LocalRoom>, version: Version) {
        let reached = move |room: &LocalRoom| {
            room.with(|inner| {
                inner
                    .view
                    .as_ref()
                    .is_none_or(|view| view.version() >= version)
            })
        };
        if reached(room) {
            return;
        }
        let (node, room) = (self.clone(), room.clone());
        self.spawn(async move {
            node.sleep(Policy::OWN_COMMIT_SEEN).await;
            if !reached(&room) {
                node.need_repair(&room);
            }
        });
    }
}
