//! Asks connections regularly whether they still are.
//!
//! A subscriber that hears nothing cannot tell a quiet server from one that is gone. A ping it
//! does miss. So a deaf connection is noticed, given up and made again, and nobody else need wait
//! to find out.

use std::sync::Weak;

use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::prelude::Options;
use futures_util::future::{join, try_join_all};

use super::Inner;
use crate::gate::{Health, Purpose};
use crate::settings::RedisSettings;

/// Pings for as long as somebody uses the channels.
pub(super) async fn beat(channels: Weak<Inner>) {
    while let Some(channels) = channels.upgrade() {
        // Who was refused asks again soon after the first answer.
        let pause = match channels.health() {
            Health::Answers => RedisSettings::PULSE,
            Health::Away { .. } => RedisSettings::PULSE_WHILE_AWAY,
        };
        // What came of it, the gates have noted: who publishes need not wait for subscriptions.
        let subscriber = ping(&channels.subscriber);
        let publisher = ping(&channels.publisher);
        let subscribing = channels.subscribing.pass(Purpose::Upkeep, subscriber);
        let publishing = channels.publishing.pass(Purpose::Upkeep, publisher);
        let _ = join(subscribing, publishing).await;
        drop(channels);
        tokio::time::sleep(pause).await;
    }
}

/// Pings every server that a client has a connection to.
async fn ping(client: &impl ClientLike) -> Result<(), Error> {
    if !client.is_clustered() {
        return client.ping(None).await;
    }
    let ping = |server| async {
        let options = Options {
            cluster_node: Some(server),
            ..Options::default()
        };
        client.with_options(&options).ping::<()>(None).await
    };
    try_join_all(client.active_connections().into_iter().map(ping)).await?;
    Ok(())
}
