//! The connections of this node.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use dashmap::DashMap;
use rtm_domain::ids::SocketId;
use rtm_domain::time::Moment;

use crate::connection::Connection;
use crate::stream::StreamHandle;

/// Connections by the id of their transport session, which is a secret.
#[derive(Default)]
pub(crate) struct Registry {
    connections: DashMap<Box<str>, Arc<Connection>>,
    next: AtomicU64,
    /// WebSockets to which sessions have been upgraded, or are being: whoever enters the namespace,
    /// for the first time or again, is carried by them.
    upgrades: DashMap<Box<str>, Vec<Weak<StreamHandle>>>,
    /// Those that were let in and not yet announced, and since when. The transport forgets a
    /// socket that goes away in that moment without saying so.
    unannounced: Mutex<BTreeMap<SocketId, (Moment, Weak<Connection>)>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Session ids are secrets.
        f.debug_struct("Registry")
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

impl Registry {
    pub(crate) fn next_id(&self) -> SocketId {
        SocketId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn find(&self, sid: &str) -> Option<Arc<Connection>> {
        self.connections.get(sid).map(|entry| entry.value().clone())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        let connections = self.connections.iter();
        connections.map(|entry| entry.value().clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Takes a connection in, at `now`.
    pub(crate) fn add(&self, connection: &Arc<Connection>, now: Moment) {
        let (sid, id) = (connection.sid().into(), connection.id());
        self.connections.insert(sid, connection.clone());
        let entry = (now, Arc::downgrade(connection));
        self.unannounced().insert(id, entry);
    }

    /// A connection is announced: the transport says from now on when it goes away.
    pub(crate) fn announced(&self, connection: &Connection) {
        self.unannounced().remove(&connection.id());
    }

    /// A session is being upgraded to `stream`: the line of its connection, and of those to come.
    pub(crate) fn upgrade(&self, sid: &str, stream: &Arc<StreamHandle>) {
        let upgrade = Arc::downgrade(stream);
        self.upgrades.entry(sid.into()).or_default().push(upgrade);
        // It may have been let in meanwhile.
        if let Some(connection) = self.find(sid) {
            connection.line().carried_by(stream);
        }
    }

    /// The streams to which a session was upgraded: one, unless its client asked for several.
    pub(crate) fn upgrades(&self, sid: &str) -> Vec<Arc<StreamHandle>> {
        let streams = self.upgrades.get(sid);
        let streams = streams.iter().flat_map(|streams| streams.value());
        streams.filter_map(Weak::upgrade).collect()
    }

    /// Forgets upgrades whose stream is gone.
    pub(crate) fn forget_upgrades(&self) {
        self.upgrades.retain(|_, streams| {
            streams.retain(|stream| stream.strong_count() > 0);
            !streams.is_empty()
        });
    }

    /// Forgets a connection, unless another one has its place by now.
    pub(crate) fn remove(&self, connection: &Connection) {
        self.connections
            .remove_if(connection.sid(), |_, other| other.id() == connection.id());
        self.unannounced().remove(&connection.id());
    }

    /// Connections that were let in `patience` ago and have gone away unannounced.
    pub(crate) fn vanished(&self, now: Moment, patience: Duration) -> Vec<Arc<Connection>> {
        let mut unannounced = self.unannounced();
        let mut vanished = Vec::new();
        while let Some(first) = unannounced.first_entry()
            && now.since(first.get().0) >= patience
        {
            let (_, connection) = first.remove();
            vanished.extend(connection.upgrade().filter(|it| !it.is_open()));
        }
        vanished
    }

    fn unannounced(&self) -> MutexGuard<'_, BTreeMap<SocketId, (Moment, Weak<Connection>)>> {
        self.unannounced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
