//! The feed of presence events: one channel per room.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Feed, FeedSink};

use crate::channels::{ChannelSink, Channels};
use crate::codec::event_from_bytes;
use crate::keys::Keys;

/// Brings the events of rooms.
pub struct RedisFeed {
    pub(crate) channels: Channels,
}

#[async_trait]
impl Feed for RedisFeed {
    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        self.channels.subscribe(self.channel(room)).await
    }

    async fn unsubscribe(&self, room: &RoomId) {
        self.channels.unsubscribe(self.channel(room));
    }
}

impl RedisFeed {
    fn channel(&self, room: &RoomId) -> String {
        let keys = self.channels.keys();
        keys.events(keys.part_of(room), room)
    }
}

/// Reads what arrives, and hands it to the service.
pub(crate) struct FeedEars {
    pub(crate) keys: Arc<Keys>,
    pub(crate) sink: OnceLock<Arc<dyn FeedSink>>,
}

impl ChannelSink for FeedEars {
    fn message(&self, channel: &str, payload: &[u8]) {
        let (Some(room), Some(sink)) = (self.keys.room_of_events(channel), self.sink.get()) else {
            return;
        };
        let room = RoomId::trusted(room);
        match event_from_bytes(payload) {
            Ok(published) => sink.published(&room, published),
            Err(error) => {
                tracing::error!(%room, %error, "an event cannot be read; the room is read instead");
                sink.interrupted(Some(&room));
            }
        }
    }

    fn interrupted(&self) {
        if let Some(sink) = self.sink.get() {
            sink.interrupted(None);
        }
    }
}
