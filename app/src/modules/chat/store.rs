//! What chat needs of a store. The doc comments are the contract; one suite in `app/tests/chat`
//! holds every store to it.

use std::sync::Arc;

use async_trait::async_trait;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use serde_json::value::RawValue;

use super::MsgId;

/// Keeps the latest messages of rooms and how far users have read, and brings what is said to
/// the nodes that have members there.
///
/// Every call may fail; it then is unknown whether it was done. A room in which nothing was said
/// for the retention is forgotten with all of this.
#[async_trait]
pub trait ChatStore: Send + Sync {
    /// Where what is said in subscribed rooms goes. The first call counts.
    fn feed_into(&self, sink: Arc<dyn ChatSink>);

    /// In one step: stores a message under [`MsgId::next`] of the store's clock, the room's last
    /// id and `floor`, publishes it, and forgets what is more than the room's history. One of the
    /// same user and `client_msg_id` that is still kept is neither stored nor published again.
    async fn append(
        &self,
        room: &RoomId,
        draft: &Draft,
        floor: MsgId,
    ) -> Result<Appended, StoreError>;

    /// The latest messages, or the latest before one, oldest first: `limit` at most, and fewer
    /// where they would be larger than a page.
    async fn page(
        &self,
        room: &RoomId,
        before: Option<MsgId>,
        limit: usize,
    ) -> Result<Vec<Arc<Stored>>, StoreError>;

    /// The messages after one, oldest first, as many as fit a page. Raises the room's last id to
    /// `floor` before that.
    async fn since(&self, room: &RoomId, after: MsgId, floor: MsgId) -> Result<Since, StoreError>;

    /// The last ids of rooms, in their order.
    async fn lasts(&self, rooms: &[RoomId]) -> Result<Vec<MsgId>, StoreError>;

    /// The user has read up to here, at most to the last message. Returns the position if that
    /// is further than before. Only the furthest readers are kept, `READERS_MAX` of them.
    async fn mark_read(
        &self,
        room: &RoomId,
        user: &UserId,
        upto: MsgId,
    ) -> Result<Option<MsgId>, StoreError>;

    /// How far users have read, those who read furthest last.
    async fn receipts(&self, room: &RoomId) -> Result<Vec<(UserId, MsgId)>, StoreError>;

    /// Tells all nodes with members in a room something that is not kept.
    async fn notify(&self, room: &RoomId, notice: &Notice) -> Result<(), StoreError>;

    /// Returns when the subscription is confirmed: what is published from then on reaches the
    /// sink in order, or is followed by [`ChatSink::interrupted`].
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError>;

    /// Ends a subscription. Late messages may still arrive.
    fn unsubscribe(&self, room: &RoomId);

    /// Forgets what is older than it may be. Called every few seconds.
    fn tidy(&self) {}
}

/// Users whose reading is kept per room.
pub const READERS_MAX: usize = 1_000;

/// Takes what is said in rooms. Never blocks.
pub trait ChatSink: Send + Sync {
    /// A message was stored.
    fn published(&self, room: &RoomId, published: Published);
    /// Something that is not kept.
    fn noticed(&self, room: &RoomId, notice: Notice);
    /// Messages of any room may have been lost.
    fn interrupted(&self);
}

/// Something that a user says.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who.
    pub user: UserId,
    /// What, as JSON.
    pub message: Box<RawValue>,
    /// The client's own name for it.
    pub client_msg_id: Option<Box<str>>,
}

/// A message that is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: MsgId,
    /// What was said.
    pub draft: Draft,
}

/// A stored message in its place.
#[derive(Debug, Clone)]
pub struct Published {
    /// The id of the room's message before it.
    pub prev: MsgId,
    /// The message.
    pub stored: Arc<Stored>,
}

/// The answer to an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The id of the message.
    pub id: MsgId,
    /// Whether it was stored now, and not by an earlier try.
    pub fresh: bool,
}

/// What was said after a message.
#[derive(Debug, Clone)]
pub struct Since {
    /// The messages, oldest first.
    pub messages: Vec<Arc<Stored>>,
    /// Whether nothing between is forgotten.
    pub complete: bool,
    /// Whether there are more than fit a page.
    pub more: bool,
    /// The room's last id.
    pub last: MsgId,
}

/// Something that members are told and nobody keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Somebody types, or has ceased to.
    Typing {
        /// Who.
        user: UserId,
        /// By which connection.
        conn: ConnId,
        /// Whether they type.
        typing: bool,
    },
    /// Somebody has read up to here.
    Read {
        /// Who.
        user: UserId,
        /// By which connection.
        conn: ConnId,
        /// Up to here.
        upto: MsgId,
    },
}
