//! One node's connections: one for commands, one for its feed.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_channel::mpsc::UnboundedSender;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::Identity;
use rtm_domain::presence::event::Published;

use super::node_clock::NodeClock;

pub(super) struct Link {
    pub(super) server: usize,
    /// Behind `server` for a moment after a failover: the demoted one keeps its subscribers.
    pub(super) feed_server: usize,
    /// Who, as far as the node knows, is the store: whose answer it got last.
    pub(super) known: Option<Identity>,
    /// One more for every life of the node.
    pub(super) life: u64,
    pub(super) clock: Arc<NodeClock>,
    /// Until then nothing comes through.
    pub(super) cut_until: u64,
    /// Until then commands come through, answers and events do not.
    pub(super) one_way_until: u64,
    /// Until then events are lost, and nobody notices.
    pub(super) deaf_until: u64,
    /// When the latest command, answer and event will be there: none overtakes another.
    pub(super) asked_at: u64,
    pub(super) answered_at: u64,
    pub(super) told_at: u64,
    /// What the node is subscribed to.
    pub(super) rooms: BTreeSet<RoomId>,
    ear: Option<UnboundedSender<Brought>>,
}

pub(super) enum Brought {
    Published(RoomId, Published),
    Interrupted,
}

impl Link {
    pub(super) fn new(clock: Arc<NodeClock>) -> Self {
        Self {
            server: 0,
            feed_server: 0,
            known: None,
            life: 0,
            clock,
            cut_until: 0,
            one_way_until: 0,
            deaf_until: 0,
            asked_at: 0,
            answered_at: 0,
            told_at: 0,
            rooms: BTreeSet::new(),
            ear: None,
        }
    }

    pub(super) fn begin_life(&mut self, ear: UnboundedSender<Brought>) {
        self.end_life();
        self.ear = Some(ear);
    }

    pub(super) fn end_life(&mut self) {
        self.life += 1;
        self.known = None;
        self.ear = None;
        self.rooms.clear();
    }

    /// Whether commands come through.
    pub(super) fn speaks(&self, now: u64) -> bool {
        now >= self.cut_until
    }

    /// Whether answers and events come through.
    pub(super) fn hears(&self, now: u64) -> bool {
        now >= self.cut_until && now >= self.one_way_until
    }

    pub(super) fn tell(&self, brought: Brought) {
        if let Some(ear) = &self.ear {
            // A dead node hears nothing.
            let _ = ear.unbounded_send(brought);
        }
    }
}
