//! A node's way to the store and its feed: commands arrive in their order, late or never, and so
//! do the answers. A command that nobody waits for any more is done all the same.

use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use rtm_domain::error::StoreError;
use rtm_domain::ids::{RoomId, SeatId};
use rtm_domain::ports::{
    Clock, Commit, Committed, Conns, Due, Feed, Identity, Part, PresenceStore, Read, Renewed,
    Tasks, Witness,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::Renewal;

use super::{Cluster, Desk};

pub(super) struct Way {
    cluster: Cluster,
    link: usize,
    life: u64,
}

type Done<T> = (T, Option<(RoomId, Published)>);

impl Way {
    pub(super) fn new(cluster: Cluster, link: usize) -> Self {
        // Attaching the node begins the life in which this is used.
        let life = cluster.state().links[link].life + 1;
        Self {
            cluster,
            link,
            life,
        }
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Done<T> + Send + 'static,
    ) -> Result<(T, Witness), StoreError> {
        let Some((server, due)) = self.depart() else {
            let server = self.cluster.state().links[self.link].server;
            return Ok(self.cluster.perform(server, work));
        };
        let (cluster, link) = (self.cluster.clone(), self.link);
        let (answer, answered) = oneshot::channel();
        self.cluster.shared.network.spawn(Box::pin(async move {
            cluster.sleep_until(due).await;
            if !cluster.arrive(link, server).await {
                return;
            }
            let done = cluster.perform(server, work);
            let due = cluster.turn_back(link);
            cluster.sleep_until(due).await;
            if cluster.returns(link, server) {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(done);
            }
        }));
        let timeout_ms = self.cluster.state().weather.timeout_ms;
        let timeout = self
            .cluster
            .shared
            .clock
            .sleep(Duration::from_millis(timeout_ms));
        match select(answered, timeout).await {
            Either::Left((Ok(done), _)) => return Ok(done),
            Either::Left((Err(_), timeout)) => timeout.await,
            Either::Right(_) => {}
        }
        Err(StoreError::Unreachable("no answer in time".into()))
    }

    /// The node learns who answers.
    fn knows(&self, witness: &Witness) {
        let link = &mut self.cluster.state().links[self.link];
        if link.life == self.life {
            link.known = Some(witness.identity.clone());
        }
    }

    /// Where a command goes, and when it will be there; nothing if it takes no time.
    fn depart(&self) -> Option<(usize, u64)> {
        let mut state = self.cluster.state();
        if state.weather.usual_ms == 0 {
            return None;
        }
        let span = state.span(self.cluster.trace(), "command delayed");
        let now = self.cluster.now();
        let link = &mut state.links[self.link];
        link.asked_at = link.asked_at.max(now + span);
        Some((link.server, link.asked_at))
    }
}

impl Cluster {
    /// A node has heard that a server applied what a seat wrote.
    fn answered(&self, by: &Identity, seat: SeatId) {
        let mut state = self.state();
        if let Some(server) = state.servers.iter_mut().find(|it| it.identity == *by) {
            server.book.answered(seat);
        }
    }

    /// Whether a command gets there. Waits while the server stands still.
    async fn arrive(&self, link: usize, server: usize) -> bool {
        loop {
            let now = self.now();
            let frozen_until = {
                let state = self.state();
                let at = &state.servers[server];
                if at.is_down(now) || !state.links[link].speaks(now) {
                    drop(state);
                    self.trace().fault("command lost", || format!("of n{link}"));
                    return false;
                }
                at.frozen_until
            };
            if frozen_until <= now {
                return true;
            }
            self.sleep_until(frozen_until).await;
        }
    }

    fn turn_back(&self, link: usize) -> u64 {
        let mut state = self.state();
        let span = state.span(self.trace(), "answer delayed");
        let due = self.now() + span;
        let link = &mut state.links[link];
        link.answered_at = link.answered_at.max(due);
        link.answered_at
    }

    /// Whether an answer gets back.
    fn returns(&self, link: usize, server: usize) -> bool {
        let now = self.now();
        let state = self.state();
        let through = !state.servers[server].is_down(now) && state.links[link].hears(now);
        drop(state);
        if !through {
            self.trace().fault("answer lost", || format!("for n{link}"));
        }
        through
    }
}

#[async_trait]
impl PresenceStore for Way {
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let (link, trace) = (self.link, self.cluster.trace().clone());
        let (seat, truly) = (commit.revision.seat, self.cluster.shared.clock.clone());
        let known = self.cluster.state().links[link].known.clone();
        let work = move |desk: &mut Desk<'_>| {
            let time = desk.time;
            let before = desk.data().current(time, &commit.room, &commit.conn);
            let before = before.cloned();
            desk.remember();
            let (committed, published) = desk.data().commit(time, &commit);
            let written = matches!(committed, Committed::Applied { .. })
                && before.as_ref().map(|kept| kept.revision) != Some(commit.revision);
            trace.line(|| told(link, desk.name(), &commit, &committed));
            if written {
                let others = desk.servers.iter().enumerate();
                let mut others = others.filter(|(nth, _)| *nth != desk.server);
                let was_lost = others.any(|(_, it)| it.book.knows(seat));
                let book = &mut desk.servers[desk.server].book;
                let times = (time, truly.passed());
                for violation in book.check(times, before.as_ref(), &commit, was_lost) {
                    trace.violation(violation);
                }
            }
            let published = published.map(|published| (commit.room.clone(), published));
            (committed, published)
        };
        let (committed, witness) = self.call(work).await?;
        let is_applied = matches!(committed, Committed::Applied { .. });
        // Not of a node that still believes in another one: which had it, it cannot know.
        if is_applied && known.is_none_or(|known| known == witness.identity) {
            self.cluster.answered(&witness.identity, seat);
        }
        Ok(committed)
    }

    async fn renew(
        &self,
        _: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        let (renewals, rooms) = (renewals.to_vec(), rooms.to_vec());
        let (link, trace) = (self.link, self.cluster.trace().clone());
        let work = move |desk: &mut Desk<'_>| {
            let time = desk.time;
            if !renewals.is_empty() {
                desk.remember();
            }
            let reported = desk.data().renew(time, &renewals);
            if !renewals.is_empty() {
                trace.line(|| {
                    let names = renewals.iter().map(|it| it.lease.conn.to_string());
                    let names: Vec<String> = names.collect();
                    format!("n{link} renews {names:?}, {} reported", reported.len())
                });
            }
            let versions = rooms.iter().map(|room| desk.data().version(room));
            let versions: Vec<Version> = versions.collect();
            ((reported, versions), None)
        };
        let ((reported, versions), witness) = self.call(work).await?;
        self.knows(&witness);
        Ok(Renewed {
            reported,
            versions,
            witness,
        })
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        let room = room.clone();
        let one = match conns {
            Conns::Live => None,
            Conns::One(conn) => Some(conn.clone()),
        };
        let (link, trace) = (self.link, self.cluster.trace().clone());
        let work = move |desk: &mut Desk<'_>| {
            let conns = one.as_ref().map_or(Conns::Live, Conns::One);
            let time = desk.time;
            let read = desk.data().read(time, &room, floor, conns);
            trace.line(|| {
                let what = one.as_ref().map_or(room.as_str(), |conn| conn.as_str());
                let (at, version, count) = (desk.name(), read.0.0, read.1.len());
                format!("n{link} reads {what} of {at}: v{version}, {count} found")
            });
            (read, None)
        };
        let ((version, records), witness) = self.call(work).await?;
        self.knows(&witness);
        Ok(Read {
            version,
            records,
            witness,
        })
    }

    async fn due(&self, _: Part, limit: usize, longest_lease: Duration) -> Result<Due, StoreError> {
        let work = move |desk: &mut Desk<'_>| {
            let time = desk.time;
            (desk.data().due(time, limit, longest_lease), None)
        };
        let (lapsed, witness) = self.call(work).await?;
        self.knows(&witness);
        Ok(Due { lapsed, witness })
    }
}

#[async_trait]
impl Feed for Way {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        let (link, life) = (self.link, self.life);
        let feed_server = {
            let mut state = self.cluster.state();
            state.links[link].rooms.insert(room.clone());
            state.links[link].feed_server
        };
        let room = room.clone();
        let work = move |desk: &mut Desk<'_>| {
            let ears = &mut desk.servers[feed_server].ears;
            ears.entry(room).or_default().insert(link, life);
            ((), None)
        };
        self.call(work).await.map(|_| ())
    }

    async fn unsubscribe(&self, room: &RoomId) {
        let link = self.link;
        let feed_server = {
            let mut state = self.cluster.state();
            state.links[link].rooms.remove(room);
            state.links[link].feed_server
        };
        let room = room.clone();
        let work = move |desk: &mut Desk<'_>| {
            if let Some(ears) = desk.servers[feed_server].ears.get_mut(&room) {
                ears.remove(&link);
            }
            ((), None)
        };
        // Late events are ignored, so nobody needs to know whether it was done.
        let _ = self.call(work).await;
    }
}

fn told(link: usize, server: &str, commit: &Commit, committed: &Committed) -> String {
    let happened = commit.event.as_ref().map(|event| &event.kind);
    let revision = commit.revision;
    format!(
        "n{link} writes {} e{} s{:04x}.{} {happened:?} to {server}: {}",
        commit.conn,
        revision.epoch.number(),
        revision.seat.0 as u16,
        revision.attempt,
        match committed {
            Committed::Applied { version } => format!("applied, v{}", version.0),
            Committed::Conflict { found: None } => "conflict, found none".into(),
            Committed::Conflict { found: Some(found) } => format!(
                "conflict, found e{} s{:04x}.{} {:?}",
                found.revision.epoch.number(),
                found.revision.seat.0 as u16,
                found.revision.attempt,
                found.record.phase
            ),
        }
    )
}
