//! Asks a connection regularly whether it still is one.
//!
//! A subscriber that hears nothing cannot tell a quiet server from one that is gone, and the
//! client library never gives up a connection on which only a subscription waits to be answered.
//! A ping it does miss. So a deaf connection is noticed, given up and made again, and nobody
//! else need wait to find out.

use std::sync::Weak;

use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::prelude::Options;
use futures_util::future::try_join_all;

use super::Inner;
use crate::gate::{Health, Purpose};
use crate::settings::RedisSettings;

/// Pings for as long as somebody uses the channels.
pub(super) async fn beat(channels: Weak<Inner>) {
    while let Some(channels) = channels.upgrade() {
        // Who was refused asks again soon after the first answer.
        let pause = match channels.gate.health() {
            Health::Answers => RedisSettings::PULSE,
            Health::Away { .. } => RedisSettings::PULSE_WHILE_AWAY,
        };
        // What came of it, the gate has noted.
        let _ = channels.gate.pass(Purpose::Upkeep, channels.ping()).await;
        drop(channels);
        tokio::time::sleep(pause).await;
    }
}

impl Inner {
    /// Pings every server that there is a connection to.
    async fn ping(&self) -> Result<(), Error> {
        if !self.subscriber.is_clustered() {
            return self.subscriber.ping(None).await;
        }
        let servers = self.subscriber.active_connections();
        let ping = |server| async {
            let options = Options {
                cluster_node: Some(server),
                ..Options::default()
            };
            let there = self.subscriber.with_options(&options);
            there.ping::<()>(None).await
        };
        try_join_all(servers.into_iter().map(ping)).await?;
        Ok(())
    }
}
