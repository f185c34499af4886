//! Stays connected: reconnects, resumes, sends heartbeats, and keeps a view of each room.

mod hear;
mod keep;
pub(crate) mod shared;

use std::sync::Arc;

use rtm_protocol::{Lost, PresenceEvent, names};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::broadcast;

use crate::connection::Connection;
use crate::error::{ClientError, ClosedBy};
use crate::options::{ClientOptions, JoinOptions};
use crate::room::Room;
use shared::Shared;

/// Something that happened to a client.
#[derive(Debug, Clone)]
pub enum ClientEvent {
    /// It is connected, and its presences are resumed.
    Connected,
    /// Its connection is closed; it tries to reconnect.
    Disconnected(ClosedBy),
    /// The server refused a reconnection; it tries again.
    Refused(Arc<ClientError>),
    /// A room that it is in changed. Its view has taken it in.
    Presence(Arc<PresenceEvent>),
    /// One of its own presences ended; it joins again only if that expired.
    Lost(Lost),
    /// Any other event: its name and its arguments.
    Other(Arc<str>, Arc<[Box<RawValue>]>),
}

/// A client that stays connected. Cheap to clone; [`close`](Self::close) it, or drop all clones.
#[derive(Clone)]
pub struct Client {
    keeper: Arc<Keeper>,
}

struct Keeper {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.forget_connection();
    }
}

impl Client {
    /// Connects to the server at an `http` or `https` URL. Later it reconnects by itself.
    ///
    /// # Errors
    ///
    /// The first connection cannot be made, or is refused.
    pub async fn connect(url: &str, options: ClientOptions) -> Result<Self, ClientError> {
        let shared = Arc::new(Shared::new(url, options));
        keep::connect(&shared).await?;
        let task = tokio::spawn(keep::keep(Arc::downgrade(&shared)));
        Ok(Self {
            keeper: Arc::new(Keeper { shared, task }),
        })
    }

    /// Joins a room, and stays in it until [`Room::leave`].
    ///
    /// # Errors
    ///
    /// The server refuses, or does not answer.
    pub async fn join(&self, room_id: &str, options: JoinOptions) -> Result<Room, ClientError> {
        let shared = &self.keeper.shared;
        shared.enter(room_id, options);
        match keep::join(shared, room_id).await {
            Ok(()) => Ok(Room::new(shared.clone(), room_id)),
            Err(error) => {
                shared.exit(room_id);
                Err(error)
            }
        }
    }

    /// What happens from now on. Whoever takes it too slowly is told how much was dropped.
    pub fn events(&self) -> broadcast::Receiver<ClientEvent> {
        self.keeper.shared.events.subscribe()
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// There is no connection at the moment, or too much waits.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, payload: &T) -> Result<(), ClientError> {
        self.connection()?.emit(name, payload)
    }

    /// Sends an event and returns its ack, read as a reply.
    ///
    /// # Errors
    ///
    /// As [`Connection::request`]; or there is no connection at the moment.
    pub async fn request<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        name: &str,
        payload: &T,
    ) -> Result<R, ClientError> {
        self.connection()?.request(name, payload).await
    }

    /// Brings a fresh token of the same subject.
    ///
    /// # Errors
    ///
    /// As [`Connection::request`].
    pub async fn refresh_token(&self, token: &str) -> Result<(), ClientError> {
        let request = rtm_protocol::AuthRefreshRequest { token };
        let reply = self.request(names::AUTH_REFRESH, &request).await;
        reply.map(|_: rtm_protocol::AuthRefreshReply| ())
    }

    /// Whether it is connected now.
    pub fn is_connected(&self) -> bool {
        self.connection()
            .is_ok_and(|connection| connection.closed().is_none())
    }

    /// Says farewell: its presences end at once.
    pub async fn close(self) {
        self.keeper.task.abort();
        if let Ok(connection) = self.connection() {
            connection.close().await;
        }
    }

    fn connection(&self) -> Result<Connection, ClientError> {
        self.keeper.shared.connection()
    }
}
