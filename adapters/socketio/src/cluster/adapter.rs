//! The adapter itself: this node first, then the others.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use socketioxide::BroadcastError;
use socketioxide::adapter::Emitter;
use socketioxide_core::adapter::{
    BroadcastFlags, BroadcastOptions, CoreAdapter, CoreLocalAdapter, DefinedAdapter,
    RemoteSocketData, Room, RoomParam,
};
use socketioxide_core::packet::{Packet, PacketData};
use socketioxide_core::{Uid, Value};
use tokio::time::Instant;

use crate::cluster::acks::ClusterAcks;
use crate::cluster::bridges::Bridges;
use crate::cluster::interest::{self, Interest};
use crate::cluster::shared::Shared;
use crate::cluster::wire::{Action, Body, Draft, Found, Question};
use crate::cluster::{Cluster, channel, here};
use crate::registry::Registry;
use crate::way_out;

mod answers;

/// How long other nodes may take to tell of their sockets or rooms.
const TELL_MAX: Duration = Duration::from_secs(2);

/// How much longer than a client an answer of a client of another node may take.
const ACK_MARGIN: Duration = Duration::from_millis(500);

/// The Socket.IO adapter: local with a [`Cluster`] of one node, across nodes with a bus.
pub struct ClusterAdapter {
    local: CoreLocalAdapter<Emitter>,
    registry: Arc<Registry>,
    shared: Option<Arc<Shared>>,
    interest: Arc<Interest>,
    bridges: Bridges,
    closed: AtomicBool,
}

/// What the adapters of all namespaces share.
#[derive(Debug)]
pub struct AdapterState {
    pub(crate) cluster: Cluster,
    pub(crate) registry: Arc<Registry>,
}

impl DefinedAdapter for ClusterAdapter {}

impl CoreAdapter<Emitter> for ClusterAdapter {
    type Error = Infallible;
    type State = AdapterState;
    type AckStream = ClusterAcks;
    type InitRes = ();

    fn new(state: &AdapterState, local: CoreLocalAdapter<Emitter>) -> Self {
        Self {
            local,
            registry: state.registry.clone(),
            shared: state.cluster.0.clone(),
            interest: Arc::default(),
            bridges: Bridges::default(),
            closed: AtomicBool::new(false),
        }
    }

    fn init(self: Arc<Self>, on_success: impl FnOnce() + Send + 'static) {
        // Nobody stays at the way out.
        let is_used = **self.local.path() != *way_out::NAMESPACE;
        if let Some(shared) = self.shared.as_ref().filter(|_| is_used) {
            shared.add(&self);
            let (adapter, interest) = (Arc::downgrade(&self), self.interest.clone());
            tokio::spawn(interest::follow(adapter, interest, Arc::downgrade(shared)));
        }
        on_success();
    }

    async fn close(&self) -> Result<(), Infallible> {
        if let Some(shared) = &self.shared
            && !self.closed.swap(true, Ordering::SeqCst)
        {
            shared.remove(self.local.path());
            self.interest.touch();
        }
        Ok(())
    }

    async fn server_count(&self) -> Result<u16, Infallible> {
        let Some(shared) = &self.shared else {
            return Ok(1);
        };
        let channels = vec![channel::all(self.local.path())];
        let draft = Draft::new(self.node(), &channels, None, &Body::Ping);
        let mut count = 0;
        for reached in shared.outbox.ask(channels, draft) {
            let reached = tokio::time::timeout(TELL_MAX, reached).await;
            count += reached.map_or(0, Result::unwrap_or_default);
        }
        Ok(u16::try_from(count).unwrap_or(u16::MAX).max(1))
    }

    async fn broadcast(
        &self,
        packet: Packet,
        opts: BroadcastOptions,
    ) -> Result<(), BroadcastError> {
        let payload = payload(&packet);
        let here = here::broadcast(&self.local, &self.registry, packet, opts.clone());
        if let Some(payload) = payload {
            self.tell_others(opts, Action::Emit(payload));
        }
        here.map_err(BroadcastError::Socket)
    }

    async fn broadcast_with_ack(
        &self,
        packet: Packet,
        opts: BroadcastOptions,
        timeout: Option<Duration>,
    ) -> Result<ClusterAcks, Infallible> {
        let payload = payload(&packet);
        let (here, _) = self.local.broadcast_with_ack(packet, opts.clone(), timeout);
        let within = timeout.unwrap_or(self.local.ack_timeout());
        let others = payload.and_then(|payload| {
            let question = Question::Acks(payload, within);
            self.ask_others(opts, question, within.saturating_add(ACK_MARGIN))
        });
        let others = others.map(|found| {
            let acks = found.map(|(_, found)| match found {
                Found::Acks(acks) => acks,
                Found::Sockets(_) | Found::Rooms(_) => Vec::new(),
            });
            acks.flat_map(stream::iter).boxed()
        });
        Ok(ClusterAcks::new(here, others))
    }

    async fn add_sockets(
        &self,
        opts: BroadcastOptions,
        rooms: impl RoomParam,
    ) -> Result<(), Infallible> {
        let rooms: Vec<Room> = rooms.into_room_iter().collect();
        self.act(opts.clone(), Action::Join(rooms.clone()));
        self.tell_others(opts, Action::Join(rooms));
        Ok(())
    }

    async fn del_sockets(
        &self,
        opts: BroadcastOptions,
        rooms: impl RoomParam,
    ) -> Result<(), Infallible> {
        let rooms: Vec<Room> = rooms.into_room_iter().collect();
        self.act(opts.clone(), Action::Leave(rooms.clone()));
        self.tell_others(opts, Action::Leave(rooms));
        Ok(())
    }

    async fn disconnect_socket(&self, opts: BroadcastOptions) -> Result<(), BroadcastError> {
        let here = self.local.disconnect_socket(opts.clone());
        self.tell_others(opts, Action::Disconnect);
        here.map_err(BroadcastError::Socket)
    }

    async fn rooms(&self, opts: BroadcastOptions) -> Result<Vec<Room>, Infallible> {
        let mut rooms = self.local.rooms(opts.clone());
        if let Some(mut others) = self.ask_others(opts, Question::Rooms, TELL_MAX) {
            while let Some((_, found)) = others.next().await {
                if let Found::Rooms(found) = found {
                    rooms.extend(found);
                }
            }
        }
        Ok(rooms.into_iter().collect())
    }

    async fn fetch_sockets(
        &self,
        opts: BroadcastOptions,
    ) -> Result<Vec<RemoteSocketData>, Infallible> {
        let mut sockets = self.local.fetch_sockets(opts.clone());
        if let Some(mut others) = self.ask_others(opts, Question::Sockets, TELL_MAX) {
            while let Some((server_id, found)) = others.next().await {
                if let Found::Sockets(found) = found {
                    sockets.extend(found.into_iter().map(|id| RemoteSocketData {
                        id,
                        server_id,
                        ns: self.local.path().clone(),
                    }));
                }
            }
        }
        Ok(sockets)
    }

    /// Also what the transport calls before a socket joins or leaves a room.
    fn get_local(&self) -> &CoreLocalAdapter<Emitter> {
        self.interest.touch();
        &self.local
    }
}

impl ClusterAdapter {
    pub(super) fn local(&self) -> &CoreLocalAdapter<Emitter> {
        &self.local
    }

    /// This node's name among the others.
    pub(super) fn node(&self) -> Uid {
        self.local.server_id()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Does something with sockets of this node.
    pub(super) fn act(&self, opts: BroadcastOptions, action: Action) {
        match action {
            Action::Emit(payload) => {
                let packet = Packet::event(self.local.path().clone(), payload);
                if let Err(errors) = here::broadcast(&self.local, &self.registry, packet, opts) {
                    tracing::debug!(count = errors.len(), "sockets did not get a broadcast");
                }
            }
            Action::Join(rooms) => {
                // The local adapter would take in a socket that is gone, or of another node, and
                // never forget it.
                if !is_one_socket(&opts) || !self.local.fetch_sockets(opts.clone()).is_empty() {
                    self.local.add_sockets(opts, rooms);
                }
                self.interest.touch();
            }
            Action::Leave(rooms) => self.local.del_sockets(opts, rooms),
            Action::Disconnect => {
                if let Err(errors) = self.local.disconnect_socket(opts) {
                    tracing::debug!(count = errors.len(), "sockets could not be disconnected");
                }
            }
        }
    }

    fn tell_others(&self, opts: BroadcastOptions, action: Action) {
        let Some(shared) = &self.shared else { return };
        let channels = self.channels(&opts);
        if !channels.is_empty() {
            if let Action::Join(rooms) = &action {
                self.bridges.open(rooms, &channels, Instant::now());
            }
            let body = Body::Do(opts, action);
            let draft = Draft::new(self.node(), &channels, None, &body);
            shared.outbox.send(channels, draft);
        }
    }

    /// The channels on which the other nodes with sockets that `opts` selects hear of it.
    fn channels(&self, opts: &BroadcastOptions) -> Vec<String> {
        let path = self.local.path();
        let mut channels = channel::of(path, self.node(), opts);
        if !channels.is_empty() && opts.server_id.is_none() {
            self.bridges
                .extend(&mut channels, &opts.rooms, Instant::now());
        }
        match channels.len() > channel::COPIES_MAX {
            true => vec![channel::all(path)],
            false => channels,
        }
    }

    fn ask_others(
        &self,
        opts: BroadcastOptions,
        question: Question,
        within: Duration,
    ) -> Option<BoxStream<'static, (Uid, Found)>> {
        let shared = self.shared.as_ref()?;
        let channels = self.channels(&opts);
        if channels.is_empty() {
            return None;
        }
        let ask = shared.asks.begin(&shared.counters)?;
        let body = Body::Ask(opts, question);
        let draft = Draft::new(self.node(), &channels, Some(ask.id), &body);
        let reached = shared.outbox.ask(channels, draft);
        Some(ask.answers(reached, Instant::now() + within))
    }
}

/// What an event carries. Nothing else is broadcast.
fn payload(packet: &Packet) -> Option<Value> {
    match &packet.inner {
        PacketData::Event(value, _) | PacketData::BinaryEvent(value, _) => Some(value.clone()),
        _ => None,
    }
}

fn is_one_socket(opts: &BroadcastOptions) -> bool {
    opts.rooms.is_empty() && !opts.has_flag(BroadcastFlags::Broadcast)
}
