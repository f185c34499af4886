//! The connections of this node.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
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
    per_address: DashMap<IpAddr, usize>,
    count: AtomicUsize,
    next: AtomicU64,
    /// Streams to which sessions are being upgraded that have not joined the namespace yet: one
    /// for each stream at most.
    upgrades: DashMap<Box<str>, Weak<StreamHandle>>,
    /// Those that were let in and not yet announced. The transport forgets a socket that goes
    /// away in that moment without saying so.
    unannounced: Mutex<VecDeque<(Moment, Arc<Connection>)>>,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Node { max: usize },
    Address { max: usize },
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
        self.count.load(Ordering::Relaxed)
    }

    /// Takes a connection in, unless that would be one too many. `0` is no limit.
    pub(crate) fn admit(
        &self,
        connection: &Arc<Connection>,
        (node_max, address_max): (usize, usize),
        now: Moment,
    ) -> Result<(), Full> {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        if node_max > 0 && count >= node_max {
            self.count.fetch_sub(1, Ordering::SeqCst);
            return Err(Full::Node { max: node_max });
        }
        if let Some(address) = connection.remote() {
            let mut here = self.per_address.entry(address).or_insert(0);
            if address_max > 0 && *here >= address_max {
                self.count.fetch_sub(1, Ordering::SeqCst);
                return Err(Full::Address { max: address_max });
            }
            *here += 1;
        }
        self.connections
            .insert(connection.sid().into(), connection.clone());
        let mut unannounced = self
            .unannounced
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unannounced.push_back((now, connection.clone()));
        Ok(())
    }

    /// A session is being upgraded to `stream`: its connection's line, now or when there is one.
    pub(crate) fn upgrade(&self, sid: &str, stream: &Arc<StreamHandle>) {
        if self.find(sid).is_none() && stream.begin_upgrade() {
            self.upgrades.insert(sid.into(), Arc::downgrade(stream));
        }
        // It may have been let in meanwhile.
        if let Some(connection) = self.find(sid) {
            self.upgrades.remove(sid);
            connection.line().carried_by(stream.clone());
        }
    }

    /// The stream to which a session was upgraded before its connection was let in.
    pub(crate) fn take_upgrade(&self, sid: &str) -> Option<Arc<StreamHandle>> {
        self.upgrades
            .remove(sid)
            .and_then(|(_, stream)| stream.upgrade())
    }

    /// Forgets upgrades whose stream is gone.
    pub(crate) fn forget_upgrades(&self) {
        self.upgrades.retain(|_, stream| stream.strong_count() > 0);
    }

    /// Forgets a connection. False if it was not there, or another one has its place by now.
    pub(crate) fn remove(&self, connection: &Connection) -> bool {
        if self
            .connections
            .remove_if(connection.sid(), |_, it| it.id() == connection.id())
            .is_none()
        {
            return false;
        }
        self.count.fetch_sub(1, Ordering::SeqCst);
        if let Some(address) = connection.remote() {
            self.per_address.remove_if_mut(&address, |_, here| {
                *here = here.saturating_sub(1);
                *here == 0
            });
        }
        true
    }

    /// Connections that were let in more than `patience` ago and have gone away unannounced.
    pub(crate) fn vanished(&self, now: Moment, patience: Duration) -> Vec<Arc<Connection>> {
        let mut unannounced = self
            .unannounced
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut vanished = Vec::new();
        while let Some((since, _)) = unannounced.front() {
            if now.since(*since) < patience {
                break;
            }
            let connection = unannounced.pop_front().map(|(_, connection)| connection);
            vanished.extend(connection.filter(|connection| !connection.is_open()));
        }
        vanished
    }
}
