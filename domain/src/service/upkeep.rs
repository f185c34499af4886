//! What happens with time: ticks look at this node's seats and rooms, sweeps at what dead nodes
//! left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::iter;

use crate::ids::RoomId;
use crate::ports::{Lost, Part, Witness};
use crate::presence::command::Command;
use crate::presence::lease::{LeaseName, Renewal};
use crate::presence::policy::{LeaseMode, Policy};
use crate::presence::record::Reason;
use crate::seat::{Due, Standing};
use crate::service::room::LocalRoom;
use crate::service::session::SeatCell;
use crate::service::{Node, PresenceService, lock};
use crate::sweeper::{Arming, Audit, News};
use crate::time::{Listening, Moment};
use crate::view::Trust;

/// What the node knows about time and its store.
pub(super) struct Upkeep {
    pub(super) listening: Listening,
    pub(super) audit: Audit,
    parts: Vec<PartUpkeep>,
}

/// What it knows about one part of its store.
struct PartUpkeep {
    arming: Arming,
    settled_at: Moment,
}

/// What a tick has to do in one part.
#[derive(Default)]
struct PartWork {
    rooms: Vec<Arc<LocalRoom>>,
    due: Vec<(Arc<SeatCell>, Renewal)>,
}

impl Upkeep {
    pub(super) fn new(policy: &Policy, parts: u16, now: Moment) -> Self {
        let part = |_| PartUpkeep {
            arming: Arming::new(policy),
            settled_at: now,
        };
        Self {
            listening: Listening::new(policy.tick(), now),
            audit: Audit::new(policy),
            parts: (0..parts).map(part).collect(),
        }
    }

    fn part(&mut self, part: Part) -> &mut PartUpkeep {
        &mut self.parts[usize::from(part.0)]
    }
}

/// Held by a tick that asks the store.
struct Waiting(Arc<Node>);

impl Waiting {
    fn begin(node: &Arc<Node>) -> Option<Self> {
        let before = node.renewing.fetch_add(1, Ordering::SeqCst);
        let waiting = Self(node.clone());
        (before < Policy::TICKS_WAITING_MAX).then_some(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.renewing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PresenceService {
    /// Ends silent clients, renews the leases of the others, and compares the views with the
    /// store. Call it every [`Policy::tick`].
    pub async fn tick(&self) {
        self.node.clone().tick().await;
    }

    /// The same in the background: a store that does not answer must not keep the next tick from
    /// coming in time, or the wait for it would be taken for a pause of this node.
    pub(super) fn tick_soon(&self) {
        let work = self.node.clone().tick();
        self.node.spawn(work);
    }

    /// Ends presences whose node is gone, also those whose lease went with it. Call it every
    /// [`Policy::sweep_interval`].
    pub async fn sweep(&self) {
        iter(self.node.parts())
            .for_each_concurrent(Policy::SWEEPING_MAX, |part| self.node.sweep(part))
            .await;
        self.node.audit().await;
    }
}

impl Node {
    fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        (0..self.ports.store.parts()).map(Part)
    }

    pub(super) fn part_of(&self, room: &RoomId) -> Part {
        self.ports.store.part_of(room)
    }

    async fn sweep(self: &Arc<Self>, part: Part) {
        let longest = self.policy.longest_lease();
        loop {
            let limit = Policy::SWEEP_BATCH_MAX;
            let Ok(due) = self.ports.store.due(part, limit, longest).await else {
                return;
            };
            self.answered(part, &due.witness);
            let full = due.lapsed.len() == limit;
            for (room, conn, found) in due.lapsed {
                if !self.is_armed(part) {
                    return;
                }
                let swept = self.end_from_outside(&room, &conn, Some(found), &Command::Expire);
                if swept.await.is_err() {
                    return;
                }
            }
            if !full {
                return;
            }
        }
    }

    /// Looks at the seats at once; what is returned asks the store.
    fn tick(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        {
            let clock = self.ports.clock.now();
            let mut upkeep = lock(&self.upkeep);
            let late = upkeep.listening.tick(clock);
            for part in &mut upkeep.parts {
                part.arming.late(late, clock);
            }
        }
        // What is due now and not asked for is so at the next tick.
        let waiting = Waiting::begin(&self);
        let rooms = self.rooms.all();
        let renewals = self.look_at_seats(&rooms);
        async move {
            let Some(_waiting) = waiting else { return };
            self.renew(&rooms, renewals).await;
            for room in rooms {
                self.close_if_idle(&room).await;
            }
        }
    }

    /// A part of the store answered: notes it, and if it is another server than before, has
    /// everything in it looked at again. If its clock jumped ahead, the seats: they must write
    /// again, before sweepers are armed, what their next renewals may find too late.
    pub(super) fn answered(self: &Arc<Self>, part: Part, witness: &Witness) {
        let now = self.ports.clock.now();
        let news = {
            let mut upkeep = lock(&self.upkeep);
            let part = upkeep.part(part);
            let news = part.arming.answered(witness, now);
            if news == News::AnotherLife {
                part.settled_at = now.after(Policy::SETTLE);
            }
            news
        };
        let node = self.clone();
        match news {
            News::Nothing => {}
            News::ClockAhead => self.spawn(async move { node.judge_all(part).await }),
            News::AnotherLife => self.spawn(async move {
                node.repair_all(part);
                node.judge_all(part).await;
                node.sleep(Policy::SETTLE).await;
                node.repair_all(part);
            }),
        }
    }

    pub(super) fn trust(&self, part: Part) -> Trust {
        let now = self.ports.clock.now();
        match now < lock(&self.upkeep).part(part).settled_at {
            true => Trust::Settling,
            false => Trust::Full,
        }
    }

    /// The latest answer of the store for a room's part.
    pub(super) fn witness(&self, room: &RoomId) -> Option<Witness> {
        let part = self.part_of(room);
        lock(&self.upkeep).part(part).arming.witness().cloned()
    }

    pub(super) fn is_armed(&self, part: Part) -> bool {
        let now = self.ports.clock.now();
        lock(&self.upkeep).part(part).arming.is_armed(now)
    }

    fn rooms_in(&self, part: Part) -> Vec<Arc<LocalRoom>> {
        let mut rooms = self.rooms.all();
        rooms.retain(|room| self.part_of(room.id()) == part);
        rooms
    }

    fn repair_all(self: &Arc<Self>, part: Part) {
        for room in self.rooms_in(part) {
            self.need_repair(&room);
        }
    }

    async fn judge_all(self: &Arc<Self>, part: Part) {
        let rooms = self.rooms_in(part);
        let cells = rooms.iter().flat_map(|room| room.seats());
        let live = cells.filter(|cell| cell.seat().standing() == Standing::Live);
        iter(live)
            .for_each_concurrent(Policy::JUDGING_MAX, |cell| async move {
                // Not answered: the next renewal reports it.
                let _ = self.look(&cell).await;
            })
            .await;
    }

    fn look_at_seats(self: &Arc<Self>, rooms: &[Arc<LocalRoom>]) -> Vec<(Arc<SeatCell>, Renewal)> {
        let now = self.now();
        let mut renewals = Vec::new();
        for room in rooms {
            room.drop_old_snapshot(now.clock);
        }
        for cell in rooms.iter().flat_map(|room| room.seats()) {
            let due = {
                let mut seat = cell.seat();
                if self.policy.lease == LeaseMode::Transport && !cell.is_orphaned() {
                    // Listening time and clock differ by pauses only, in which nothing was heard.
                    let silent = now.clock.since(cell.peer.heard());
                    seat.extend_by(silent, now, &self.policy);
                }
                seat.due(now, &self.policy)
            };
            match due {
                Due::Nothing => {}
                Due::Renew(renewal) => renewals.push((cell, renewal)),
                Due::Expired => self.end_soon(cell, Reason::Expired, Some(Lost::Expired)),
                Due::LingerOver => self.end_soon(cell, Reason::Disconnected, None),
            }
        }
        renewals
    }

    fn end_soon(self: &Arc<Self>, cell: Arc<SeatCell>, reason: Reason, lost: Option<Lost>) {
        let node = self.clone();
        self.spawn(async move {
            // Goes on by itself if the store does not answer.
            let _ = node.leave(&cell, reason, lost).await;
        });
    }

    async fn renew(self: &Arc<Self>, rooms: &[Arc<LocalRoom>], due: Vec<(Arc<SeatCell>, Renewal)>) {
        // Every part is asked, also where nothing is due: that it answers is what arms sweepers.
        let mut parts: BTreeMap<Part, PartWork> = BTreeMap::new();
        parts.extend(self.parts().map(|part| (part, PartWork::default())));
        for room in rooms {
            let part = parts.entry(self.part_of(room.id())).or_default();
            part.rooms.push(room.clone());
        }
        for (cell, renewal) in due {
            let part = parts.entry(self.part_of(&renewal.lease.room)).or_default();
            part.due.push((cell, renewal));
        }
        join_all(
            parts
                .into_iter()
                .map(|(part, work)| self.renew_in(part, work)),
        )
        .await;
    }

    async fn renew_in(self: &Arc<Self>, part: Part, PartWork { rooms, due }: PartWork) {
        let ids: Vec<_> = rooms.iter().map(|room| room.id().clone()).collect();
        let mut batches: Vec<&[(Arc<SeatCell>, Renewal)]> =
            due.chunks(Policy::RENEW_BATCH_MAX).collect();
        if batches.is_empty() {
            batches.push(&[]);
        }
        for (nth, batch) in batches.into_iter().enumerate() {
            let renewals: Vec<Renewal> = batch.iter().map(|(_, renewal)| renewal.clone()).collect();
            let asked = self.ports.clock.now();
            // The versions are asked for once.
            let ids: &[_] = if nth == 0 { &ids } else { &[] };
            let Ok(renewed) = self.ports.store.renew(part, &renewals, ids).await else {
                return;
            };
            self.answered(part, &renewed.witness);
            let reported: BTreeSet<&LeaseName> = renewed.reported.iter().collect();
            for (cell, renewal) in batch {
                let (span, by) = (renewal.remaining, &renewed.witness);
                let holds = !reported.contains(&renewal.lease)
                    && cell.seat().renewed(&renewal.lease, asked, span, by);
                if !holds {
                    self.judge_soon(cell.clone());
                }
            }
            for (room, version) in rooms.iter().zip(renewed.versions) {
                if room.differs_still(version) {
                    self.need_repair(room);
                }
            }
        }
    }

    async fn close_if_idle(&self, room: &Arc<LocalRoom>) {
        if !room.is_idle(self.ports.clock.now()) {
            return;
        }
        let _opening = room.opening.lock().await;
        // Another tick may have closed it, and its successor be in use.
        if self.rooms.has(room) && room.turn_off() {
            self.ports.feed.unsubscribe(room.id()).await;
            self.close_for_observers(room.id());
            self.rooms.forget(room);
        }
    }
}
