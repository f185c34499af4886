//! Which rooms this node hears of: those in which it has a socket, and for a while those in which
//! it had one.
//!
//! The transport does not tell its adapter who joins a room. It does ask for the local rooms
//! before each join and leave, which is the sign to look through them. Looking is done in small
//! steps, and takes one [`SHARE`]th of a core's time at most.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
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

/// How often to look without a sign, and to try again what could not be subscribed.
const EVERY: Duration = Duration::from_secs(2);

/// Looking is followed by a pause this many times as long.
const SHARE: u32 = 20;

/// Sockets looked at between two chances for others to run.
const STEP: usize = 128;

/// What changes the subscriptions of a namespace from outside.
#[derive(Default)]
pub(super) struct Interest {
    touched: Notify,
    /// Channels that could not be subscribed. They are tried again.
    failed: Mutex<Vec<String>>,
}

impl Interest {
    /// The sign that rooms may have changed.
    pub(super) fn touch(&self) {
        self.touched.notify_one();
    }

    fn failed(&self) -> MutexGuard<'_, Vec<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the subscriptions of a namespace, for as long as it lives and is not closed.
pub(super) async fn follow(
    adapter: Weak<ClusterAdapter>,
    interest: Arc<Interest>,
    shared: Weak<Shared>,
) {
    let mut heard = Heard::new(interest.clone());
    let mut next = Instant::now();
    loop {
        let signed = tokio::select! {
            () = interest.touched.notified() => true,
            () = tokio::time::sleep_until(next) => false,
        };
        if signed {
            tokio::time::sleep(SOON).await;
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let Some(adapter) = adapter.upgrade().filter(|adapter| !adapter.is_closed()) else {
            return heard.forget_all(&shared);
        };
        let start = Instant::now();
        heard.drop_failed();
        heard.own(&adapter, &shared);
        heard.look(&adapter, &shared).await;
        heard.forget(&shared, start);
        next = start + if signed { AGAIN } else { EVERY };
        drop((adapter, shared));
        tokio::time::sleep(start.elapsed() * SHARE).await;
    }
}

/// What is heard of.
struct Heard {
    /// The channels that are always subscribed.
    own: BTreeSet<String>,
    /// Rooms, with their channel and when they last had a socket.
    rooms: HashMap<Room, (String, Instant)>,
    interest: Arc<Interest>,
}

impl Heard {
    fn new(interest: Arc<Interest>) -> Self {
        Self {
            own: BTreeSet::new(),
            rooms: HashMap::new(),
            interest,
        }
    }

    fn own(&mut self, adapter: &ClusterAdapter, shared: &Shared) {
        let path = adapter.local().path();
        for channel in [channel::all(path), channel::node(path, adapter.node())] {
            if self.own.insert(channel.clone()) {
                self.subscribe(channel, shared);
            }
        }
    }

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
            if let Some((_, had)) = self.rooms.get_mut(&room) {
                *had = now;
            } else if self.rooms.len() < ROOMS_MAX {
                let channel = channel::room(adapter.local().path(), &room);
                self.rooms.insert(room, (channel.clone(), now));
                self.subscribe(channel, shared);
            } else {
                let what = "too many rooms: some hear nothing of other nodes";
                shared.counters.unsubscribed.happened(what);
            }
        }
    }

    fn subscribe(&self, channel: String, shared: &Shared) {
        let (subscribed, interest) = (shared.bus.subscribe(&channel), self.interest.clone());
        tokio::spawn(async move {
            if let Err(away) = subscribed.await {
                tracing::debug!(%away, channel, "cannot subscribe yet");
                interest.failed().push(channel);
            }
        });
    }

    /// Forgets what could not be subscribed, so that it is found anew.
    fn drop_failed(&mut self) {
        let failed = std::mem::take(&mut *self.interest.failed());
        if !failed.is_empty() {
            let failed: BTreeSet<String> = failed.into_iter().collect();
            self.own.retain(|channel| !failed.contains(channel));
            self.rooms
                .retain(|_, (channel, _)| !failed.contains(channel));
        }
    }

    fn forget(&mut self, shared: &Shared, now: Instant) {
        self.rooms.retain(|_, (channel, had)| {
            let keep = now.saturating_duration_since(*had) < LINGER;
            if !keep {
                shared.bus.unsubscribe(channel);
            }
            keep
        });
    }

    fn forget_all(self, shared: &Shared) {
        let rooms = self.rooms.into_values().map(|(channel, _)| channel);
        for channel in rooms.chain(self.own) {
            shared.bus.unsubscribe(&channel);
        }
    }
}
