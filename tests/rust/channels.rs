//! Channels between nodes, on a real Redis.

use std::sync::Arc;

use futures_util::future::join_all;
use rtm_redis::{ChannelSink, Channels, Publishing, Redis, RedisSettings};
use rtm_tests::redis::{RedisServer, is_installed, runtime};

/// Channels that are subscribed to at once: several of each part.
const CHANNELS: usize = 300;
const ROUNDS: usize = 10;

/// Does not listen.
struct Deaf;

impl ChannelSink for Deaf {
    fn message(&self, _channel: &str, _payload: &[u8]) {}
    fn interrupted(&self) {}
}

/// A node reads a room when its subscription is said to be made. Were it made only after that, an
/// event in between would be missed, and a join would wait for the room to be read again.
async fn made_when_that_is_said(channels: &Channels) {
    for round in 0..ROUNDS {
        let heard_by = join_all((0..CHANNELS).map(async |nth| {
            let channel = channels.keys().channel(&format!("{round}/{nth}"));
            let made = channels.subscribe(channel.clone()).await;
            made.expect("the server answers");
            let heard_by = channels.publish(&channel, "x".into()).await;
            heard_by.expect("the server answers")
        }));
        assert_eq!(heard_by.await, [1; CHANNELS], "round {round}");
    }
}

fn on_a_server(publishing: Publishing) {
    if !is_installed() {
        return;
    }
    let server = RedisServer::start();
    let settings = RedisSettings {
        publishing,
        ..RedisSettings::new(server.url())
    };
    runtime().block_on(async {
        let redis = Redis::connect(&settings).await.expect("it was started");
        let channels = redis.channels(Arc::new(Deaf)).await;
        made_when_that_is_said(&channels.expect("it was started")).await;
    });
}

#[test]
fn a_sharded_subscription_is_made_when_that_is_said() {
    on_a_server(Publishing::Sharded);
}

#[test]
fn a_plain_subscription_is_made_when_that_is_said() {
    on_a_server(Publishing::Plain);
}
