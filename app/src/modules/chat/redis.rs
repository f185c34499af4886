//! Messages in a Redis Stream per room, which nodes share.
//!
//! Scripts append and publish in one step, and keep stream, names and readers of a room together.
//! They know no field of what is said.

mod answer;
mod body;
mod scripts;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::time::millis;
use rtm_redis::fred::types::Value;
use rtm_redis::{ChannelSink, Channels, ConnectError, Keys, Redis, Script};

use super::store::{
    Appended, ChatSink, ChatStore, Draft, Notice, Published, READERS_MAX, Since, Stored,
};
use super::{ChatSettings, MsgId};
use answer::List;
use scripts::Scripts;

/// Rooms that one script call looks at.
const ROOMS_PER_CALL: usize = 256;

/// Keeps messages in Redis.
pub struct RedisChat {
    channels: Channels,
    keys: Keys,
    publish: &'static str,
    scripts: Scripts,
    settings: ChatSettings,
    ears: Arc<Ears>,
}

impl RedisChat {
    /// A store on a connected Redis, with connections of its own for what is said.
    ///
    /// # Errors
    ///
    /// Redis cannot be reached.
    pub async fn open(redis: &Redis, settings: ChatSettings) -> Result<Self, ConnectError> {
        let ears = Arc::new(Ears {
            keys: redis.keys().clone(),
            sink: OnceLock::new(),
        });
        Ok(Self {
            channels: redis.channels(ears.clone()).await?,
            keys: redis.keys().clone(),
            publish: if redis.is_sharded() {
                "SPUBLISH"
            } else {
                "PUBLISH"
            },
            scripts: Scripts::new(),
            settings,
            ears,
        })
    }

    fn stream(&self, room: &RoomId) -> String {
        self.keys.of_room("chat", room)
    }

    /// The last id, and the ids of messages by their clients' names for them.
    fn names(&self, room: &RoomId) -> String {
        self.keys.of_room("chat-names", room)
    }

    fn readers(&self, room: &RoomId) -> String {
        self.keys.of_room("chat-readers", room)
    }

    fn channel(&self, room: &RoomId) -> String {
        self.keys.of_room(CHANNEL, room)
    }

    async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<List, StoreError> {
        List::of(self.channels.run(script, keys, args).await?)
    }

    fn retention(&self) -> Value {
        millis(self.settings.retention).to_string().into()
    }
}

const CHANNEL: &str = "chat-channel";

#[async_trait]
impl ChatStore for RedisChat {
    fn feed_into(&self, sink: Arc<dyn ChatSink>) {
        let _ = self.ears.sink.set(sink);
    }

    async fn append(
        &self,
        room: &RoomId,
        draft: &Draft,
        floor: MsgId,
    ) -> Result<Appended, StoreError> {
        let keys = vec![self.stream(room), self.names(room), self.channel(room)];
        let args = vec![
            body::name_of(draft).into(),
            body::of_draft(draft)?.into(),
            floor.number().to_string().into(),
            self.settings.history_max.to_string().into(),
            self.retention(),
            self.publish.into(),
        ];
        let mut answer = self.run(&self.scripts.append, keys, args).await?;
        Ok(Appended {
            id: answer.id()?,
            fresh: answer.flag()?,
        })
    }

    async fn page(
        &self,
        room: &RoomId,
        before: Option<MsgId>,
        limit: usize,
    ) -> Result<Vec<Arc<Stored>>, StoreError> {
        let before = before.map_or("+".into(), |before| before.number().to_string());
        let args = vec![
            before.into(),
            limit.to_string().into(),
            self.settings.page_bytes_max.to_string().into(),
        ];
        let keys = vec![self.stream(room)];
        let mut answer = self.run(&self.scripts.page, keys, args).await?;
        let mut page = answer.messages()?;
        page.reverse();
        Ok(page)
    }

    async fn since(&self, room: &RoomId, after: MsgId, floor: MsgId) -> Result<Since, StoreError> {
        let keys = vec![self.stream(room), self.names(room)];
        let args = vec![
            after.number().to_string().into(),
            floor.number().to_string().into(),
            self.settings.page_bytes_max.to_string().into(),
            self.retention(),
        ];
        let mut answer = self.run(&self.scripts.since, keys, args).await?;
        Ok(Since {
            last: answer.id()?,
            complete: answer.flag()?,
            more: answer.flag()?,
            messages: answer.messages()?,
        })
    }

    async fn lasts(&self, rooms: &[RoomId]) -> Result<Vec<MsgId>, StoreError> {
        // A script's keys lie in one slot.
        let mut parts: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (nth, room) in rooms.iter().enumerate() {
            let part = parts.entry(self.keys.part_of(room)).or_default();
            part.push(nth);
        }
        let calls = parts.values().flat_map(|part| part.chunks(ROOMS_PER_CALL));
        let asked = calls.map(|nths| async move {
            let keys = nths.iter().map(|nth| self.names(&rooms[*nth])).collect();
            let answer = self.run(&self.scripts.lasts, keys, Vec::new()).await?;
            Ok::<_, StoreError>((nths, answer.ids()?))
        });
        let mut lasts = vec![MsgId::START; rooms.len()];
        for (nths, ids) in try_join_all(asked).await? {
            for (nth, id) in nths.iter().zip(ids) {
                lasts[*nth] = id;
            }
        }
        Ok(lasts)
    }

    async fn mark_read(
        &self,
        room: &RoomId,
        user: &UserId,
        upto: MsgId,
    ) -> Result<Option<MsgId>, StoreError> {
        let keys = vec![self.readers(room), self.names(room)];
        let args = vec![
            user.as_str().into(),
            upto.number().to_string().into(),
            READERS_MAX.to_string().into(),
            self.retention(),
        ];
        let mut answer = self.run(&self.scripts.mark_read, keys, args).await?;
        let moved = answer.flag()?;
        let upto = answer.id()?;
        Ok(moved.then_some(upto))
    }

    async fn receipts(&self, room: &RoomId) -> Result<Vec<(UserId, MsgId)>, StoreError> {
        let keys = vec![self.readers(room)];
        let mut answer = self.run(&self.scripts.receipts, keys, Vec::new()).await?;
        let mut receipts = Vec::new();
        while !answer.is_empty() {
            receipts.push((UserId::trusted(answer.text()?), answer.id()?));
        }
        Ok(receipts)
    }

    async fn notify(&self, room: &RoomId, notice: &Notice) -> Result<(), StoreError> {
        let payload = body::of_notice(notice)?;
        let channel = self.channel(room);
        self.channels.tell(&channel, payload.into()).await?;
        Ok(())
    }

    async fn subscribe(&self, room: &RoomId) -> Result<(), StoreError> {
        self.channels.subscribe(self.channel(room)).await
    }

    fn unsubscribe(&self, room: &RoomId) {
        self.channels.unsubscribe(self.channel(room));
    }
}

/// Reads what arrives.
struct Ears {
    keys: Keys,
    sink: OnceLock<Arc<dyn ChatSink>>,
}

impl ChannelSink for Ears {
    fn message(&self, channel: &str, payload: &[u8]) {
        let (Some(room), Some(sink)) = (self.keys.room_of(CHANNEL, channel), self.sink.get())
        else {
            return;
        };
        let room = RoomId::trusted(room);
        match body::heard(payload) {
            Ok(body::Heard::Message { prev, stored }) => {
                let stored = Arc::new(stored);
                sink.published(&room, Published { prev, stored });
            }
            Ok(body::Heard::Notice(notice)) => sink.noticed(&room, notice),
            // If it was a message, the next one shows the gap.
            Err(error) => tracing::error!(%room, %error, "what was said cannot be read"),
        }
    }

    fn interrupted(&self) {
        if let Some(sink) = self.sink.get() {
            sink.interrupted();
        }
    }
}
