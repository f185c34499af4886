//! Joining a room: fresh, resumed from another socket, or again.

use std::sync::Arc;

use futures_util::future::{Either, select};

use crate::error::{Refusal, Rejection};
use crate::ids::{ConnId, ResumeKey, RoomId};
use crate::ports::{Committed, Conns};
use crate::presence::command::Command;
use crate::presence::epoch::{Epoch, Version};
use crate::presence::policy::Policy;
use crate::presence::record::Found;
use crate::seat::judge::Verdict;
use crate::seat::{Against, Seat, Standing};
use crate::service::Node;
use crate::service::room::{Admission, LocalRoom};
use crate::service::session::{JoinAsk, Joined, Reply, ResumeAsk, SeatCell, SessionState, Synced};

/// What a join is, of a socket that has a seat in the room.
enum Again {
    /// What it had asked for before, done now.
    Resumed,
    /// Another join.
    Rejoin,
}

impl Node {
    pub(super) async fn join(
        self: &Arc<Self>,
        session: &Arc<SessionState>,
        ask: JoinAsk,
        reply: Reply<Joined>,
    ) {
        // Kept until the answer is given, so that the room is not closed meanwhile.
        let hold = self.rooms.hold(&ask.room);
        match self.enter(session, hold.room(), ask).await {
            Ok(cell) => self.admit(&cell, reply).await,
            Err(refusal) => reply(Err(refusal)),
        }
    }

    pub(super) fn sync(&self, session: &SessionState, room: &RoomId, reply: Reply<Synced>) {
        let live = |cell: &Arc<SeatCell>| cell.seat().standing() == Standing::Live;
        let Some(cell) = session.seat(room).filter(live) else {
            return reply(Err(Rejection::NotPresent.into()));
        };
        let mut reply = Some(reply);
        let mut answer = |snapshot| {
            if let Some(reply) = reply.take() {
                reply(Ok(snapshot));
            }
        };
        let times = self.times();
        if let Some(snapshot) = cell.room.snapshot(times, &self.policy) {
            // Not while others wait for the room.
            snapshot.encoded(&*self.ports.encoder);
        }
        if !cell.room.sync(times, &self.policy, &mut answer)
            && let Some(reply) = reply
        {
            reply(Err(Refusal::Unavailable));
        }
    }

    async fn enter(
        self: &Arc<Self>,
        session: &Arc<SessionState>,
        room: &Arc<LocalRoom>,
        ask: JoinAsk,
    ) -> Result<Arc<SeatCell>, Refusal> {
        if self.is_draining() {
            return Err(Refusal::Draining);
        }
        if let Some(cell) = session.seat(room.id()) {
            match self.resume_again(&cell, &ask).await {
                Ok(Again::Resumed) => return Ok(cell),
                Ok(Again::Rejoin) => return self.rejoin(cell, ask).await,
                Err(Refusal::Rejected(Rejection::Forgotten)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        session.check_room_for_seat(self.policy.rooms_per_connection_max)?;
        self.open(room).await?;
        if let Some(resume) = ask.resume.clone() {
            match self.resume(session, room, &ask, resume).await {
                Err(Refusal::Rejected(Rejection::Forgotten)) => {}
                outcome => return outcome,
            }
        }
        self.join_fresh(session, room, ask).await
    }

    async fn join_fresh(
        self: &Arc<Self>,
        session: &Arc<SessionState>,
        room: &Arc<LocalRoom>,
        ask: JoinAsk,
    ) -> Result<Arc<SeatCell>, Refusal> {
        let entropy = &self.ports.entropy;
        let (conn, key) = (
            ConnId::mint(entropy.bits()),
            ResumeKey::mint(entropy.bits()),
        );
        let command = Command::Join {
            user: ask.user.clone(),
            key: key.clone(),
            epoch: Epoch::first(self.ports.clock.wall()),
            state: ask.state.clone().unwrap_or_default(),
        };
        let seat = self.new_seat(room, conn, &ask, key);
        self.take_seat(session, room, seat, command, None).await
    }

    async fn resume(
        self: &Arc<Self>,
        session: &Arc<SessionState>,
        room: &Arc<LocalRoom>,
        ask: &JoinAsk,
        resume: ResumeAsk,
    ) -> Result<Arc<SeatCell>, Refusal> {
        let command = resuming(ask, &resume);
        let conns = Conns::One(&resume.conn);
        let read = self.ports.store.read(room.id(), Version(0), conns).await?;
        self.answered(self.part_of(room.id()), &read.witness);
        let found = read.records.into_iter().next().map(|(_, found)| found);
        let seat = self.new_seat(room, resume.conn, ask, resume.key);
        self.take_seat(session, room, seat, command, found).await
    }

    /// The socket asks once more to resume what it was not answered before. Meanwhile the
    /// presence's earlier socket may have gone on writing, and that is to be kept.
    async fn resume_again(
        self: &Arc<Self>,
        cell: &Arc<SeatCell>,
        ask: &JoinAsk,
    ) -> Result<Again, Refusal> {
        let resume = match &ask.resume {
            Some(resume) if cell.seat().is_unanswered(&resume.conn) => resume,
            _ => return Ok(Again::Rejoin),
        };
        if *cell.seat().user() != ask.user {
            return Ok(Again::Rejoin);
        }
        self.open(&cell.room).await?;
        let _turn = cell.turn.lock().await;
        let (found, _) = self.find(cell, &resume.conn).await?;
        let own = cell.seat().id();
        if found
            .as_ref()
            .is_some_and(|found| found.revision.seat == own)
        {
            return Ok(Again::Rejoin);
        }
        match self.write_first(cell, resuming(ask, resume), found).await? {
            true => Ok(Again::Resumed),
            false => Err(Refusal::Unavailable),
        }
    }

    fn new_seat(&self, room: &LocalRoom, conn: ConnId, ask: &JoinAsk, key: ResumeKey) -> Seat {
        let place = (room.id().clone(), conn);
        Seat::new(self.seat_id(), place, (ask.user.clone(), key), self.now())
    }

    /// Gives the socket a seat and commits its first record. If the rules say no, or others keep
    /// writing, the seat is gone again; if the store does not answer it stays, and the socket's
    /// next join goes on with the same connection.
    async fn take_seat(
        self: &Arc<Self>,
        session: &Arc<SessionState>,
        room: &Arc<LocalRoom>,
        seat: Seat,
        command: Command,
        found: Option<Found>,
    ) -> Result<Arc<SeatCell>, Refusal> {
        let cell = session.add_seat(room, seat, &self.policy)?;
        let _turn = cell.turn.lock().await;
        if self.write_first(&cell, command, found).await? {
            return Ok(cell.clone());
        }
        let refusal = match cell.seat().standing() {
            Standing::Joining => Refusal::Unavailable,
            _ => return Err(Rejection::NotPresent.into()),
        };
        cell.remove();
        Err(refusal)
    }

    /// Commits a seat's first record over `found`. False if others kept writing, or the seat is
    /// past that. Call with its turn held.
    async fn write_first(
        self: &Arc<Self>,
        cell: &Arc<SeatCell>,
        command: Command,
        mut found: Option<Found>,
    ) -> Result<bool, Refusal> {
        for _ in 0..Policy::ATTEMPTS_MAX {
            let (times, floor) = (self.times(), cell.room.floor());
            let draft = {
                let mut seat = cell.seat();
                if seat.standing() != Standing::Joining {
                    break;
                }
                seat.extend(times.0, &self.policy);
                let against = Against::Found(found.as_ref());
                seat.draft(command.clone(), against, times, floor, &self.policy)
            };
            let draft = match draft {
                Ok(Some(draft)) => draft,
                Ok(None) => break,
                Err(rejection) => {
                    cell.remove();
                    return Err(rejection.into());
                }
            };
            let watch = self.watch(&cell.room, &draft.commit);
            let by = self.witness(cell.room.id());
            match self.ports.store.commit(draft.commit.clone()).await? {
                Committed::Applied { version } => {
                    cell.room.watch(watch, version);
                    self.took(cell, |seat| seat.applied(draft, by), version);
                    return Ok(true);
                }
                Committed::Conflict { found: Some(own) }
                    if own.revision.seat == cell.seat().id() =>
                {
                    // An earlier attempt whose answer was lost.
                    cell.room.watch(watch, own.version);
                    self.took(cell, |seat| seat.adopt(&own), own.version);
                    return Ok(true);
                }
                Committed::Conflict { found: other } => found = other,
            }
        }
        Ok(false)
    }

    fn took(self: &Arc<Self>, cell: &SeatCell, learn: impl FnOnce(&mut Seat), version: Version) {
        let (conn, epoch) = {
            let mut seat = cell.seat();
            learn(&mut seat);
            (seat.conn().clone(), seat.epoch())
        };
        self.fence_older(cell, &conn, epoch);
        self.expect(&cell.room, version);
    }

    /// The socket joins the room that it is in, or tries again where the store did not answer.
    async fn rejoin(
        self: &Arc<Self>,
        cell: Arc<SeatCell>,
        ask: JoinAsk,
    ) -> Result<Arc<SeatCell>, Refusal> {
        if *cell.seat().user() != ask.user {
            return Err(Rejection::ForeignUser.into());
        }
        self.open(&cell.room).await?;
        let _turn = cell.turn.lock().await;
        let unsettled = {
            let seat = cell.seat();
            seat.standing() == Standing::Live && seat.is_unsettled()
        };
        if unsettled {
            // Others may have seen what it is not known to have written.
            let conn = cell.seat().conn().clone();
            let (found, witness) = self.find(&cell, &conn).await?;
            let by = Some(&witness);
            let now = self.now();
            let mut seat = cell.seat();
            if seat.judge(found.as_ref(), by, now, &self.policy) == Verdict::Adopt
                && let Some(found) = &found
            {
                seat.adopt(found);
            }
        }
        let next = cell.seat().epoch().next();
        for _ in 0..Policy::ATTEMPTS_MAX {
            let (now, wall) = self.times();
            let floor = cell.room.floor();
            let draft = {
                let mut seat = cell.seat();
                if !matches!(seat.standing(), Standing::Joining | Standing::Live) {
                    return Err(Rejection::NotPresent.into());
                }
                seat.extend(now, &self.policy);
                let mut own = Box::new(seat.record(wall));
                own.epoch = own.epoch.max(next);
                let state = ask.state.clone();
                let command = Command::Rejoin { own, state };
                seat.draft(command, Against::Memory, (now, wall), floor, &self.policy)?
            };
            let Some(draft) = draft else { break };
            let by = self.witness(cell.room.id());
            match self.commit(&cell.room, draft.commit.clone()).await? {
                Committed::Applied { version } => {
                    self.took(&cell, |seat| seat.applied(draft, by), version);
                    drop(_turn);
                    return Ok(cell);
                }
                Committed::Conflict { found } => {
                    self.answer_for(&cell, found, None).await?;
                }
            }
        }
        Err(Refusal::Unavailable)
    }

    /// Waits until the view shows the seat, then lets it in.
    async fn admit(self: &Arc<Self>, cell: &Arc<SeatCell>, reply: Reply<Joined>) {
        let mut reply = Some(reply);
        let (mut repaired, mut may_encode) = (false, true);
        loop {
            let joined = {
                let seat = cell.seat();
                (seat.conn().clone(), seat.epoch(), seat.key().clone())
            };
            let mut answer = |snapshot| {
                if let Some(reply) = reply.take() {
                    let (conn, epoch, key) = joined.clone();
                    reply(Ok(Joined {
                        snapshot,
                        conn,
                        epoch,
                        key,
                    }));
                }
            };
            let encoder = &*self.ports.encoder;
            let (by, times) = ((encoder, may_encode), self.times());
            match cell.room.admit(cell, by, times, &self.policy, &mut answer) {
                Admission::Done => return,
                Admission::Gone => break,
                Admission::Encode(snapshot) => {
                    snapshot.encoded(encoder);
                    // A room that changes all the time is not waited for.
                    may_encode = false;
                }
                Admission::NotYet(shown) => {
                    let timeout = Box::pin(self.sleep(Policy::OWN_COMMIT_SEEN));
                    if let Either::Right(_) = select(shown, timeout).await {
                        if repaired {
                            break;
                        }
                        repaired = true;
                        self.need_repair(&cell.room);
                    }
                }
            }
        }
        if let Some(reply) = reply {
            let live = matches!(cell.seat().standing(), Standing::Joining | Standing::Live);
            reply(Err(match live {
                true => Refusal::Unavailable,
                false => Rejection::NotPresent.into(),
            }));
        }
    }
}

fn resuming(ask: &JoinAsk, resume: &ResumeAsk) -> Command {
    Command::Resume {
        user: ask.user.clone(),
        key: resume.key.clone(),
        asked: resume.epoch,
        state: ask.state.clone(),
    }
}
