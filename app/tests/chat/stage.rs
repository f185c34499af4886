//! A store under test, and ears that note what it publishes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rtm::domain::ids::{RoomId, UserId};
use rtm::modules::chat::store::{ChatSink, Notice, Published};
use rtm::modules::chat::{ChatSettings, ChatStore, Draft, MemoryChat, MsgId, RedisChat};
use rtm_redis::{Redis, RedisSettings};
use rtm_tests::redis::{RedisServer, is_installed};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::memory::Clocks;

/// How long something may take that is awaited.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) store: Arc<dyn ChatStore>,
    pub(crate) ears: Arc<Ears>,
    /// Ends with the stage.
    _server: Option<RedisServer>,
}

/// Both stores, where there is a Redis to test with.
pub(crate) async fn stages(settings: ChatSettings) -> Vec<Stage> {
    let memory = MemoryChat::new(Arc::new(Clocks::default()), settings);
    let mut stages = vec![Stage::new(Arc::new(memory), None)];
    if is_installed() {
        let server = tokio::task::spawn_blocking(RedisServer::start)
            .await
            .unwrap();
        let redis = Redis::connect(&RedisSettings::new(server.url()))
            .await
            .unwrap();
        let store = RedisChat::open(&redis, settings).await.unwrap();
        stages.push(Stage::new(Arc::new(store), Some(server)));
    }
    stages
}

impl Stage {
    fn new(store: Arc<dyn ChatStore>, server: Option<RedisServer>) -> Self {
        let ears = Arc::new(Ears::default());
        store.feed_into(ears.clone());
        Self {
            store,
            ears,
            _server: server,
        }
    }

    pub(crate) async fn say(&self, text: &str) -> MsgId {
        let (room, draft) = (room(), draft("ada", text, None));
        let said = self.store.append(&room, &draft, MsgId::START).await;
        said.unwrap().id
    }

    /// What a page holds, in short.
    pub(crate) async fn page(&self, before: Option<MsgId>, limit: usize) -> Vec<String> {
        let page = self.store.page(&room(), before, limit).await.unwrap();
        page.iter()
            .map(|stored| stored.draft.message.get().to_owned())
            .collect()
    }
}

#[derive(Default)]
pub(crate) struct Ears {
    heard: Mutex<Vec<(RoomId, MsgId, MsgId)>>,
    noticed: Mutex<Vec<Notice>>,
    changed: Notify,
}

impl Ears {
    /// What was published: the id before, and the id.
    pub(crate) fn heard(&self) -> Vec<(MsgId, MsgId)> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|(_, prev, id)| (*prev, *id)).collect()
    }

    pub(crate) async fn until_heard(&self, count: usize) -> Vec<(MsgId, MsgId)> {
        self.until(|ears| ears.heard().len() >= count).await;
        self.heard()
    }

    pub(crate) async fn until_noticed(&self) -> Notice {
        self.until(|ears| !ears.noticed.lock().unwrap().is_empty())
            .await;
        self.noticed.lock().unwrap().remove(0)
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if is_so(self) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it comes");
    }
}

impl ChatSink for Ears {
    fn published(&self, room: &RoomId, published: Published) {
        let heard = (room.clone(), published.prev, published.stored.id);
        self.heard.lock().unwrap().push(heard);
        self.changed.notify_waiters();
    }

    fn noticed(&self, _: &RoomId, notice: Notice) {
        self.noticed.lock().unwrap().push(notice);
        self.changed.notify_waiters();
    }

    fn interrupted(&self) {}
}

pub(crate) fn room() -> RoomId {
    RoomId::trusted("{1}:room\u{1f47b}")
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::trusted(name)
}

pub(crate) fn draft(of: &str, message: &str, name: Option<&str>) -> Draft {
    Draft {
        user: user(of),
        message: RawValue::from_string(message.to_owned()).unwrap(),
        client_msg_id: name.map(Into::into),
    }
}
