//! The message bus between the nodes' Socket.IO: channels of the Redis that they share.

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use rtm_redis::{ChannelSink, Channels, ConnectError, Redis};
use rtm_socketio::{Bus, BusAway, BusSink};

/// A bus that is away until it is opened.
#[derive(Default)]
pub(super) struct RedisBus {
    channels: OnceLock<Channels>,
    sink: OnceLock<Arc<dyn BusSink>>,
}

impl RedisBus {
    /// Opens it, with connections of its own.
    pub(super) async fn open(self: &Arc<Self>, redis: &Redis) -> Result<(), ConnectError> {
        let channels = redis.channels(Arc::new(Ears(Arc::downgrade(self)))).await?;
        // A server starts once.
        let _ = self.channels.set(channels);
        Ok(())
    }

    /// The channels, and what one of them is called there.
    fn named(&self, name: &str) -> Option<(Channels, String)> {
        let channels = self.channels.get()?;
        Some((channels.clone(), channels.keys().channel(name)))
    }
}

impl Bus for RedisBus {
    fn start(&self, sink: Arc<dyn BusSink>) {
        let _ = self.sink.set(sink);
    }

    fn publish(&self, channel: &str, message: Bytes) -> BoxFuture<'static, Result<usize, BusAway>> {
        let Some((channels, channel)) = self.named(channel) else {
            return ready(Err(BusAway)).boxed();
        };
        async move {
            let reached = channels.publish(&channel, message).await;
            let reached = reached.map_err(|_| BusAway)?;
            Ok(usize::try_from(reached).unwrap_or(usize::MAX))
        }
        .boxed()
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'static, Result<(), BusAway>> {
        let Some((channels, channel)) = self.named(channel) else {
            return ready(Err(BusAway)).boxed();
        };
        async move { channels.subscribe(channel).await.map_err(|_| BusAway) }.boxed()
    }

    fn unsubscribe(&self, channel: &str) {
        if let Some((channels, channel)) = self.named(channel) {
            channels.unsubscribe(channel);
        }
    }
}

/// Hears for the bus, and does not keep it.
struct Ears(Weak<RedisBus>);

impl ChannelSink for Ears {
    fn message(&self, channel: &str, payload: &[u8]) {
        let Some(bus) = self.0.upgrade() else { return };
        let (Some(channels), Some(sink)) = (bus.channels.get(), bus.sink.get()) else {
            return;
        };
        if let Some(name) = channels.keys().name_of_channel(channel) {
            sink.receive(name, Bytes::copy_from_slice(payload));
        }
    }

    fn interrupted(&self) {
        tracing::info!("messages of other nodes may have been lost; they are heard again");
    }
}
