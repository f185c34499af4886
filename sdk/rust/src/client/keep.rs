//! Keeps a client connected and its presences alive.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rtm_protocol::{ErrorCode, HeartbeatReply, HeartbeatRequest, SyncReply, SyncRequest, names};
use tokio::time::{Instant, sleep, sleep_until};

use super::ClientEvent;
use super::hear::Ears;
use super::shared::{Shared, Todo};
use crate::backoff::{Backoff, between};
use crate::connection::Connection;
use crate::error::ClientError;
use crate::options::ConnectOptions;

/// The heartbeat interval before the server's TTL is known.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(10);

/// One attempt to connect, with a fresh token.
pub(super) async fn connect(shared: &Arc<Shared>) -> Result<(), ClientError> {
    let token = match &shared.options.token_provider {
        Some(provider) => provider()
            .await
            .map_err(|why| ClientError::Token(why.into()))?,
        None => shared.options.connection.token.clone(),
    };
    let options = ConnectOptions {
        token,
        ..shared.options.connection.clone()
    };
    let ears = Ears(Arc::downgrade(shared));
    let connection = Connection::open(&shared.url, options, ears).await?;
    shared.set_connection(connection);
    Ok(())
}

/// Joins a room, or resumes its presence.
pub(super) async fn join(shared: &Shared, room_id: &str) -> Result<(), ClientError> {
    let connection = shared.connection()?;
    let Some(request) = shared.join_request(room_id) else {
        return Ok(());
    };
    let reply = connection.request(names::PRESENCE_JOIN, &request).await?;
    shared.joined(room_id, reply);
    Ok(())
}

/// Runs until the client is gone.
pub(super) async fn keep(client: Weak<Shared>) {
    let Some(shared) = client.upgrade() else {
        return;
    };
    let mut backoff = Backoff::new(shared.options.backoff);
    loop {
        if let Ok(connection) = shared.connection() {
            attend(&shared, &connection, &mut backoff).await;
            shared.forget_connection();
        }
        if let Some(range) = shared.take_draining() {
            sleep(between(range)).await;
        }
        match connect(&shared).await {
            Ok(()) => shared.tell(ClientEvent::Connected),
            Err(error) => {
                shared.tell(ClientEvent::Refused(Arc::new(error)));
                sleep(backoff.pause()).await;
            }
        }
    }
}

/// Serves one connection until it is closed, or the server wants to be left.
async fn attend(shared: &Arc<Shared>, connection: &Connection, backoff: &mut Backoff) {
    let mut beaten = Instant::now();
    loop {
        for (room_id, todo) in shared.todo() {
            let done = match todo {
                Todo::Nothing => Ok(()),
                Todo::Join => join(shared, &room_id).await,
                Todo::Sync => sync(shared, connection, &room_id).await,
            };
            match done {
                Ok(()) => backoff.reset(),
                Err(ClientError::Reply(reply)) if reply.code == ErrorCode::StaleEpoch => {
                    shared.replaced(&room_id);
                }
                Err(error) => {
                    tracing::debug!(room = room_id, %error, "trying again");
                    sleep(backoff.pause()).await;
                    shared.again(&room_id, todo);
                }
            }
            if connection.closed().is_some() {
                return;
            }
        }
        tokio::select! {
            _ = connection.wait_closed() => return,
            () = shared.work.notified() => {}
            // Reckoned each time, as the first join tells the TTL.
            () = sleep_until(beaten + interval(shared)) => {
                beaten = Instant::now();
                heartbeat(shared, connection).await;
            }
        }
        if let Some(range) = shared.take_draining() {
            sleep(between(range)).await;
            return;
        }
    }
}

async fn sync(shared: &Shared, connection: &Connection, room_id: &str) -> Result<(), ClientError> {
    shared.begin_sync(room_id);
    let request = SyncRequest { room_id };
    let reply: SyncReply = connection.request(names::PRESENCE_SYNC, &request).await?;
    shared.synced(room_id, reply.snapshot, reply.version);
    Ok(())
}

/// One heartbeat renews all presences of the connection.
async fn heartbeat(shared: &Shared, connection: &Connection) {
    if !shared.is_in_a_room() {
        return;
    }
    let request = HeartbeatRequest::<String>::default();
    let answer = connection
        .request(names::PRESENCE_HEARTBEAT, &request)
        .await;
    match answer.map(|_: HeartbeatReply| ()) {
        Ok(()) => {}
        Err(ClientError::Reply(reply)) => match reply.code {
            ErrorCode::NotPresent | ErrorCode::UnknownEpoch => shared.rejoin_all(),
            // It counts all the same; or a newer socket has it, which is told otherwise.
            _ => tracing::debug!(code = %reply.code, "a heartbeat was refused"),
        },
        Err(error) => tracing::debug!(%error, "a heartbeat was not answered"),
    }
}

fn interval(shared: &Shared) -> Duration {
    let ttl = shared.ttl_ms().map(Duration::from_millis);
    let derived = ttl.map_or(HEARTBEAT_DEFAULT, |ttl| ttl / 3);
    shared.options.heartbeat_interval.unwrap_or(derived)
}
