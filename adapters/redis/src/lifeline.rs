//! Gives up connections that take commands and answer none.
//!
//! The client library counts the silence of a connection from the last command that was *sent*.
//! A node sends some every tick, so it never gives up one whose answers stay out: behind a
//! proxy, a firewall or an address that has moved, such a connection can live for hours.

use std::time::Duration;

use fred::interfaces::ClientLike;

use crate::gate::Health;
use crate::settings::RedisSettings;

/// Looks at `health` for as long as there is any, and makes the client's connection anew once it
/// has been silent for too long.
pub(crate) async fn watch(client: impl ClientLike, health: impl Fn() -> Option<Health>) {
    loop {
        tokio::time::sleep(RedisSettings::UNRESPONSIVE_CHECK).await;
        let Some(health) = health() else { return };
        let silent = match health {
            Health::Answers => Duration::ZERO,
            Health::Away { for_, .. } => for_,
        };
        // One that is being made cannot be given up. Those of a cluster are left to the kernel's
        // time-out: the library has no way to make just one of them anew.
        let can = client.is_connected() && !client.is_clustered();
        if can && silent >= RedisSettings::UNRESPONSIVE {
            tracing::warn!("a connection to Redis does not answer; making another");
            if let Err(error) = client.force_reconnection().await {
                tracing::debug!(%error, "not connected again yet");
            }
        }
    }
}
