//! Which rooms this node hears of: those in which it has a socket, and for a while those in which
//! it had one.
//!
//! The transport does not tell its adapter who joins a room. It does ask for the local rooms
//! before each join and leave, which is the sign to look through them. Looking is cheap, done in
//! small steps, and takes [`SHARE`] of a core's time at most.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use socketioxide_core::adapter::{BroadcastFlags, BroadcastOptions, Room};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cluster::adapter::ClusterAdapter;
use crate::cluster::channel;
use crate::cluster::shared::Shared;

/// How long a room without sockets is still heard of. Who reconnects misses nothing.
const LINGER: Duration = Duration::from_secs(5);

/// Rooms that one namespace hears of. Those above it get nothing from other nodes.
const ROOMS_MAX: usize = 200_000;

/// How long after the sign a join takes effect, at most, as a rule.
const SOON: Duration = Duration::from_millis(1);

/// When to look again after a sign, for a join that was held up.
const AGAIN: Duration = Duration::from_millis(100);

/// How often to look without a sign.
const EVERY: Duration = Duration::from_secs(2);

/// Looking is followed by a pause this many times as long.
const SHARE: u32 = 20;

/// Sockets looked at between two chances for others to run.
const STEP: usize = 128;

/// The sign that rooms may have changed.
#[derive(Default)]
pub(super) struct Interest(Notify);

impl Interest {
    pub(super) fn touch(&self) {
        self.0.notify_one();
    }
}

/// Keeps the subscriptions of a namespace, for as long as it lives and is not closed.
pub(super) async fn follow(
    adapter: Weak<ClusterAdapter>,
    interest: Arc<Interest>,
    shared: Weak<Shared>,
) {
    let mut rooms = Rooms::default();
    let mut next = Instant::now() + EVERY;
    loop {
        let signed = tokio::select! {
            () = interest.0.notified() => true,
            () = tokio::time::sleep_until(next) => false,
        };
        if signed {
            tokio::time::sleep(SOON).await;
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let Some(adapter) = adapter.upgrade().filter(|adapter| !adapter.is_closed()) else {
            return rooms.forget_all(&shared);
        };
        let start = Instant::now();
        rooms.look(&adapter, &shared).await;
        rooms.forget(&shared, start);
        next = start + if signed { AGAIN } else { EVERY };
        drop((adapter, shared));
        tokio::time::sleep(start.elapsed() * SHARE).await;
    }
}

/// The rooms heard of: by their channel, and when they last had a socket.
#[derive(Default)]
struct Rooms(HashMap<Room, (String, Instant)>);

impl Rooms {
    async fn look(&mut self, adapter: &ClusterAdapter, shared: &Shared) {
        let mut everybody = BroadcastOptions::default();
        everybody.add_flag(BroadcastFlags::Broadcast);
        let sids = adapter.local().sockets(everybody);
        for sids in sids.chunks(STEP) {
            for sid in sids {
                self.found(adapter.local().socket_rooms(*sid), adapter, shared);
            }
            tokio::task::yield_now().await;
        }
    }

    fn found(&mut self, found: HashSet<Room>, adapter: &ClusterAdapter, shared: &Shared) {
        let now = Instant::now();
        for room in found {
            if let Some((_, had)) = self.0.get_mut(&room) {
                *had = now;
            } else if self.0.len() < ROOMS_MAX {
                let channel = channel::room(adapter.local().path(), &room);
                shared.bus.subscribe(&channel);
                self.0.insert(room, (channel, now));
            } else {
                let what = "too many rooms: some hear nothing of other nodes";
                shared.counters.unsubscribed.happened(what);
            }
        }
    }

    fn forget(&mut self, shared: &Shared, now: Instant) {
        self.0.retain(|_, (channel, had)| {
            let keep = now.saturating_duration_since(*had) < LINGER;
            if !keep {
                shared.bus.unsubscribe(channel);
            }
            keep
        });
    }

    fn forget_all(&mut self, shared: &Shared) {
        for (_, (channel, _)) in self.0.drain() {
            shared.bus.unsubscribe(&channel);
        }
    }
}
