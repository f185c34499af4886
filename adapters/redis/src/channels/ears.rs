//! Takes in messages as they arrive.

use std::sync::Arc;

use fred::clients::SubscriberClient;
use fred::interfaces::EventInterface;
use tokio::sync::broadcast::error::RecvError;

use super::ChannelSink;

/// Hands on what arrives, for as long as the client lives.
pub(super) fn listen(subscriber: &SubscriberClient, sink: Arc<dyn ChannelSink>) {
    let mut messages = subscriber.message_rx();
    tokio::spawn(async move {
        loop {
            match messages.recv().await {
                Ok(message) => {
                    if let Some(payload) = message.value.as_bytes() {
                        sink.message(&message.channel, payload);
                    }
                }
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "messages came faster than they were taken in");
                    sink.interrupted();
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}
