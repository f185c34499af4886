//! What the domain needs from outside. The doc comments are the contract: `tests/` has one suite
//! that every store passes.

mod meter;
mod observer;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::error::StoreError;
use crate::ids::{ConnId, RoomId};
use crate::presence::epoch::{Revision, Version};
use crate::presence::event::{Delivery, Event, Published};
use crate::presence::lease::{LeaseName, Renewal};
use crate::presence::record::{Found, Record};
use crate::presence::snapshot::Snapshot;
use crate::time::{Moment, Timestamp};

pub use meter::Meter;
pub use observer::{Change, ChangeKind, Observer};

/// Keeps records, leases and versions, and publishes events. Knows no rule and no field of a
/// record.
///
/// Every call may fail with [`StoreError`]; it then is unknown whether it was done, and it may
/// be done later. A call gives up within a few seconds.
///
/// A store may consist of several [parts](Part), such as the servers of a cluster. Each room
/// lives in one of them for ever.
#[async_trait]
pub trait PresenceStore: Send + Sync {
    /// How many parts there are, numbered from 0.
    fn parts(&self) -> u16 {
        1
    }

    /// The part in which a room lives.
    fn part_of(&self, room: &RoomId) -> Part {
        let _ = room;
        Part(0)
    }

    /// In one step: compares the revision, replaces the record, moves its deadline and publishes
    /// the event.
    ///
    /// A record whose revision already is the commit's own answers `Applied` and changes nothing
    /// (a retry). A tombstone past its deadline counts as no record. The event's version is
    /// [`Version::next`] of the store's clock, the room's last version and the floor.
    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;

    /// For each lease that runs: lets it run for `remaining` from now if that is longer. A lease
    /// that is absent or over is reported and never revived. All of them live in `part`.
    async fn renew(
        &self,
        part: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError>;

    /// Raises the room's version to `floor`, and returns it with the room's records: those of
    /// `conns`, or all that are not tombstones. One whose lease is missing is lapsed.
    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError>;

    /// In one part: clamps leases to `longest_lease`, forgets what is past its deadline, and
    /// returns up to `limit` records whose lease is over.
    async fn due(
        &self,
        part: Part,
        limit: usize,
        longest_lease: Duration,
    ) -> Result<Due, StoreError>;
}

/// A part of a store that may fail, restart, and tell the time on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(pub u16);

/// One write of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The room.
    pub room: RoomId,
    /// The connection.
    pub conn: ConnId,
    /// The revision that must stand there; `None`: no record.
    pub expected: Option<Revision>,
    /// The name of this write.
    pub revision: Revision,
    /// What to write.
    pub record: Record,
    /// Whether it is a tombstone.
    pub place: Place,
    /// How long from the store's now its deadline lies: a lease, or how long a tombstone is kept.
    pub keep: Duration,
    /// What to publish.
    pub event: Option<Event>,
    /// The highest version that the writing node has shown in this room.
    pub floor: Version,
}

/// Where a store keeps a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Among the presences, with a lease.
    Live,
    /// Among the tombstones, until they are forgotten.
    Ended,
}

/// The answer to a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Done, now or by an earlier try.
    Applied {
        /// The version of the record's latest event.
        version: Version,
    },
    /// Not done: this stands there.
    Conflict {
        /// What was found.
        found: Option<Found>,
    },
}

/// The answer to a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Leases that were absent or over.
    pub reported: Vec<LeaseName>,
    /// The versions of the rooms asked for, in their order.
    pub versions: Vec<Version>,
    /// Who answered, and when.
    pub witness: Witness,
}

/// Who answered, and when by its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The server that takes writes. A restart or a failover gives another one.
    pub identity: Identity,
    /// Its clock.
    pub time: Timestamp,
}

/// Names one life of the store's server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(pub Arc<str>);

/// Which of a room's records to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conns<'a> {
    /// All that are not tombstones.
    Live,
    /// That of one connection, tombstone or not.
    One(&'a ConnId),
}

/// The answer to a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The version of the room's latest event.
    pub version: Version,
    /// The records, in the order of their connection ids.
    pub records: Vec<(ConnId, Found)>,
    /// Who answered, and when.
    pub witness: Witness,
}

/// The answer to a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Records whose lease is over, those that have waited longest first.
    pub lapsed: Vec<(RoomId, ConnId, Found)>,
    /// Who answered, and when.
    pub witness: Witness,
}

/// Subscribes this node to rooms. What is published there reaches
/// [`FeedSink::published`], in the order of its versions for one room, at most once.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Returns when the subscription is confirmed: everything committed from then on arrives,
    /// or is followed by [`FeedSink::interrupted`].
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError>;

    /// Ends a subscription. Late events may still arrive.
    async fn unsubscribe(&self, room: &RoomId);
}

/// Takes what a feed brings. Never blocks.
pub trait FeedSink: Send + Sync {
    /// An event of a room.
    fn published(&self, room: &RoomId, published: Published);

    /// Events of a room, or of all rooms, may have been lost.
    fn interrupted(&self, room: Option<&RoomId>);
}

/// The two clocks of a node, and waiting by them.
pub trait Clock: Send + Sync {
    /// The steady clock.
    fn now(&self) -> Moment;
    /// The calendar.
    fn wall(&self) -> Timestamp;
    /// Completes when `span` has passed on the steady clock.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()>;
}

/// Runs work in the background.
pub trait Tasks: Send + Sync {
    /// Runs `work` to its end. A panic in it must harm nothing else.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}

/// A source of secrets: unpredictable bits.
pub trait Entropy: Send + Sync {
    /// 128 random bits.
    fn bits(&self) -> u128;
}

/// Puts deliveries and snapshots into the form in which peers send them, once for all receivers.
pub trait Encoder: Send + Sync {
    /// The message that tells `delivery` to the members of `room`.
    fn encode(&self, room: &RoomId, delivery: &Delivery) -> Message;
    /// The entries of a snapshot, for all who are answered with it.
    fn encode_snapshot(&self, snapshot: &Snapshot) -> Message;
}

/// A delivery or a snapshot, encoded. Only the adapter that made it knows what is in it.
pub type Message = Arc<dyn Any + Send + Sync>;

/// A client's socket, as presence speaks to it. No call blocks: what cannot be queued closes the
/// socket.
pub trait Peer: Send + Sync {
    /// Sends an encoded delivery, or whatever else was encoded for it.
    fn deliver(&self, message: &Message);
    /// Says that its presence ended while the socket lives.
    fn lost(&self, room: &RoomId, conn: &ConnId, reason: Lost);
    /// When anything arrived from it last, by the node's steady clock.
    fn heard(&self) -> Moment;
}

/// Why a presence ended under a living socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// No heartbeat for the TTL.
    Expired,
    /// A newer socket resumed it.
    Replaced,
    /// Somebody removed it.
    Kicked,
}
