//! Rooms of this node in which somebody may hear what is said: what was told, and who types.
//!
//! Locks: a room here before a room of presence, never after.

mod room;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_domain::ports::{Change, ChangeKind, Clock, Observer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::store::{Appended, ChatSink, ChatStore, Draft, Notice, Published};
use super::{ChatSettings, MsgId};
use room::HallRoom;

/// The rooms of this node.
pub(super) struct Hall {
    presence: PresenceService,
    store: Arc<dyn ChatStore>,
    clock: Arc<dyn Clock>,
    settings: ChatSettings,
    rooms: Mutex<HashMap<RoomId, Arc<HallRoom>>>,
    /// How many rooms are read at once.
    repairs: Semaphore,
    own: Weak<Self>,
}

impl Hall {
    pub(super) fn new(
        presence: PresenceService,
        store: Arc<dyn ChatStore>,
        clock: Arc<dyn Clock>,
        settings: ChatSettings,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Self {
            presence,
            store,
            clock,
            settings,
            rooms: Mutex::default(),
            repairs: Semaphore::new(ChatSettings::REPAIRS_MAX),
            own: own.clone(),
        })
    }

    /// Hears from now on, and looks regularly whether it has heard everything.
    pub(super) fn start(self: &Arc<Self>, shutdown: &CancellationToken) {
        self.store.feed_into(self.clone());
        let (hall, shutdown) = (self.clone(), shutdown.clone());
        tokio::spawn(async move {
            let ended = shutdown.cancelled();
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    () = &mut ended => return,
                    () = hall.clock.sleep(ChatSettings::CHECK_EVERY) => hall.check().await,
                }
            }
        });
    }

    pub(super) fn store(&self) -> &dyn ChatStore {
        &*self.store
    }

    /// Says something in a room.
    pub(super) async fn append(
        &self,
        room: &RoomId,
        draft: &Draft,
    ) -> Result<Appended, StoreError> {
        let local = self.find(room);
        let floor = local.as_ref().map_or(MsgId::START, |local| local.told());
        let appended = self.store.append(room, draft, floor).await?;
        if let Some(local) = local {
            self.expect(local, appended.id);
        }
        Ok(appended)
    }

    /// The connection is gone, or no longer there: it does not type.
    pub(super) fn end_typing(&self, room: RoomId, user: UserId, conn: ConnId) {
        let types = |local: &Arc<HallRoom>| local.shows_typing(&conn);
        if self.find(&room).filter(types).is_none() {
            return;
        }
        let store = self.store.clone();
        tokio::spawn(async move {
            let typing = false;
            // Where this is not heard, it ends by itself.
            let _ = store
                .notify(&room, &Notice::Typing { user, conn, typing })
                .await;
        });
    }

    fn find(&self, room: &RoomId) -> Option<Arc<HallRoom>> {
        self.lock().get(room).cloned()
    }

    /// An own message has this id: if it is not told in time, this node is deaf.
    fn expect(&self, room: Arc<HallRoom>, id: MsgId) {
        if room.told() >= id {
            return;
        }
        let Some(hall) = self.own.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            hall.clock.sleep(ChatSettings::OWN_SEEN).await;
            if room.told() < id {
                hall.repair(&room);
            }
        });
    }

    /// Reads what was missed, in the background, until that works.
    fn repair(&self, room: &Arc<HallRoom>) {
        let Some(hall) = self.own.upgrade().filter(|_| room.begin_repair()) else {
            return;
        };
        let room = room.clone();
        tokio::spawn(async move {
            let mut pause = ChatSettings::BACKOFF.0;
            while hall.has(&room) {
                let since = {
                    // It is never closed.
                    let _turn = hall.repairs.acquire().await;
                    let told = room.begin_reading();
                    hall.store.since(room.id(), told, told).await
                };
                match since {
                    Ok(since) => {
                        if room.read(since, &hall.presence) {
                            return;
                        }
                    }
                    Err(_) => {
                        hall.clock.sleep(pause).await;
                        pause = (pause * 2).min(ChatSettings::BACKOFF.1);
                    }
                }
            }
        });
    }

    fn has(&self, room: &Arc<HallRoom>) -> bool {
        let found = self.find(room.id());
        found.is_some_and(|found| Arc::ptr_eq(&found, room))
    }

    /// A last message that was lost is followed by none that shows the gap: compares with the
    /// store.
    async fn check(&self) {
        self.store.tidy();
        let rooms: Vec<Arc<HallRoom>> = self.lock().values().cloned().collect();
        let ids: Vec<RoomId> = rooms.iter().map(|room| room.id().clone()).collect();
        let Ok(lasts) = self.store.lasts(&ids).await else {
            return;
        };
        for (room, last) in rooms.iter().zip(lasts) {
            if room.is_behind_still(last) {
                self.repair(room);
            }
        }
    }

    async fn open_room(&self, room: &HallRoom) -> Result<bool, StoreError> {
        self.store.subscribe(room.id()).await?;
        let lasts = self.store.lasts(std::slice::from_ref(room.id())).await?;
        let last = lasts.first().copied().unwrap_or_default();
        Ok(room.begin(last, &self.presence))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RoomId, Arc<HallRoom>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Observer for Hall {
    async fn open(&self, id: &RoomId) -> Result<(), StoreError> {
        if self.find(id).is_some() {
            return Ok(());
        }
        let room = Arc::new(HallRoom::new(id.clone()));
        self.lock().insert(id.clone(), room.clone());
        match self.open_room(&room).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.repair(&room);
                Ok(())
            }
            Err(error) => {
                self.close(id);
                Err(error)
            }
        }
    }

    fn close(&self, id: &RoomId) {
        if self.lock().remove(id).is_some() {
            self.store.unsubscribe(id);
        }
    }

    fn changed(&self, change: &Change) {
        if matches!(change.kind, ChangeKind::Left { .. })
            && let Some(hall) = self.own.upgrade()
        {
            let Change {
                room, user, conn, ..
            } = change.clone();
            // Presence holds its room's lock.
            tokio::spawn(async move { hall.end_typing(room, user, conn) });
        }
    }
}

impl ChatSink for Hall {
    fn published(&self, room: &RoomId, published: Published) {
        if let Some(room) = self.find(room)
            && room.feed(published, &self.presence)
        {
            self.repair(&room);
        }
    }

    fn noticed(&self, room: &RoomId, notice: Notice) {
        let Some(room) = self.find(room) else { return };
        let span = (self.clock.now(), self.settings.typing);
        let Some(conn) = room.notice(notice, span, &self.presence) else {
            return;
        };
        // It ends by itself: looked at when its time is over, and again if that was prolonged.
        let (presence, clock) = (self.presence.clone(), self.clock.clone());
        tokio::spawn(async move {
            while let Some(until) = room.typing_until(&conn) {
                let left = until.since(clock.now());
                clock.sleep(left).await;
                room.expire_typing(&conn, clock.now(), &presence);
            }
        });
    }

    fn interrupted(&self) {
        let rooms: Vec<Arc<HallRoom>> = self.lock().values().cloned().collect();
        for room in rooms {
            self.repair(&room);
        }
    }
}
