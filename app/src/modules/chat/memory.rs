//! Messages of one process: a room's lock is the transaction.

mod room;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use dashmap::DashMap;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::ports::Clock;

use super::store::{Appended, ChatSink, ChatStore, Draft, Notice, Published, Since, Stored};
use super::{ChatSettings, MsgId};
use room::Room;

/// Keeps messages in memory, up to a size.
pub struct MemoryChat {
    clock: Arc<dyn Clock>,
    settings: ChatSettings,
    rooms: DashMap<RoomId, Arc<Mutex<Room>>>,
    bytes: AtomicUsize,
    sink: OnceLock<Arc<dyn ChatSink>>,
}

impl MemoryChat {
    /// An empty store.
    pub fn new(clock: Arc<dyn Clock>, settings: ChatSettings) -> Self {
        Self {
            clock,
            settings,
            rooms: DashMap::new(),
            bytes: AtomicUsize::new(0),
            sink: OnceLock::new(),
        }
    }

    /// How much it keeps, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Changes a room, and makes it if it is not there.
    fn change<T>(&self, id: &RoomId, change: impl FnOnce(&mut Room) -> T) -> T {
        loop {
            let room = self.rooms.entry(id.clone()).or_default().clone();
            let mut room = lock(&room);
            // It was forgotten between the two locks.
            if !room.is_forgotten() {
                return self.counted(&mut room, change);
            }
        }
    }

    fn look<T>(&self, id: &RoomId, look: impl FnOnce(&mut Room) -> T) -> T {
        let room = self.rooms.get(id).map(|room| room.clone());
        match room {
            Some(room) => self.counted(&mut lock(&room), look),
            None => look(&mut Room::default()),
        }
    }

    fn counted<T>(&self, room: &mut Room, change: impl FnOnce(&mut Room) -> T) -> T {
        let before = room.bytes();
        room.expire(self.clock.now(), self.settings.retention);
        let outcome = change(room);
        let after = room.bytes();
        if after > before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
        outcome
    }

    /// Makes place: forgets the rooms that were silent for longest.
    fn make_place(&self, but: &RoomId) {
        let max = self.settings.memory_bytes_max;
        if self.bytes() <= max {
            return;
        }
        let rooms = self.rooms.iter();
        let mut rooms: Vec<_> = rooms
            .map(|room| (lock(room.value()).written(), room.key().clone()))
            .collect();
        rooms.sort();
        // Somewhat more than needed, so that not every message has to look at all rooms.
        for (_, id) in rooms.iter().filter(|(_, id)| id != but) {
            if self.bytes() <= max / 10 * 9 {
                return;
            }
            self.forget(id);
        }
        self.look(but, |room| {
            let before = room.bytes();
            let total = |room: &Room| self.bytes() - (before - room.bytes());
            while total(room) > max && room.drop_oldest() {}
        });
    }

    fn forget(&self, id: &RoomId) {
        if let Some((_, room)) = self.rooms.remove(id) {
            let bytes = lock(&room).forget();
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl ChatStore for MemoryChat {
    fn feed_into(&self, sink: Arc<dyn ChatSink>) {
        let _ = self.sink.set(sink);
    }

    async fn append(
        &self,
        room: &RoomId,
        draft: &Draft,
        floor: MsgId,
    ) -> Result<Appended, StoreError> {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let appended = self.change(room, |kept| {
            if let Some(id) = kept.known(draft) {
                return Appended { id, fresh: false };
            }
            let prev = kept.last();
            let id = MsgId::next(wall, prev, floor);
            let stored = Arc::new(Stored {
                id,
                draft: draft.clone(),
            });
            kept.push(stored.clone(), now, self.settings.history_max);
            if let Some(sink) = self.sink.get() {
                // With the room locked, so that all hear the same order.
                sink.published(room, Published { prev, stored });
            }
            Appended { id, fresh: true }
        });
        self.make_place(room);
        Ok(appended)
    }

    async fn page(
        &self,
        room: &RoomId,
        before: Option<MsgId>,
        limit: usize,
    ) -> Result<Vec<Arc<Stored>>, StoreError> {
        let bytes = self.settings.page_bytes_max;
        Ok(self.look(room, |room| room.page(before, limit, bytes)))
    }

    async fn since(&self, room: &RoomId, after: MsgId, floor: MsgId) -> Result<Since, StoreError> {
        let bytes = self.settings.page_bytes_max;
        Ok(match floor {
            MsgId::START => self.look(room, |room| room.since(after, bytes)),
            floor => self.change(room, |room| {
                room.raise(floor);
                room.since(after, bytes)
            }),
        })
    }

    async fn lasts(&self, rooms: &[RoomId]) -> Result<Vec<MsgId>, StoreError> {
        let last = |id: &RoomId| self.look(id, |room| room.last());
        Ok(rooms.iter().map(last).collect())
    }

    async fn mark_read(
        &self,
        room: &RoomId,
        user: &UserId,
        upto: MsgId,
    ) -> Result<Option<MsgId>, StoreError> {
        Ok(self.look(room, |room| room.mark_read(user, upto)))
    }

    async fn receipts(&self, room: &RoomId) -> Result<Vec<(UserId, MsgId)>, StoreError> {
        Ok(self.look(room, |room| room.receipts()))
    }

    async fn notify(&self, room: &RoomId, notice: &Notice) -> Result<(), StoreError> {
        if let Some(sink) = self.sink.get() {
            sink.noticed(room, notice.clone());
        }
        Ok(())
    }

    async fn subscribe(&self, _: &RoomId) -> Result<(), StoreError> {
        Ok(())
    }

    fn unsubscribe(&self, _: &RoomId) {}

    fn tidy(&self) {
        let now = self.clock.now();
        let over = |room: &Arc<Mutex<Room>>| lock(room).is_over(now, self.settings.retention);
        let rooms = self.rooms.iter().filter(|room| over(room.value()));
        let rooms: Vec<RoomId> = rooms.map(|room| room.key().clone()).collect();
        for id in rooms {
            self.forget(&id);
        }
    }
}

fn lock(room: &Mutex<Room>) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}
