//! What this node tells others of its sockets.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use socketioxide::AckError;
use socketioxide_core::adapter::{AckStreamItem, BroadcastOptions};
use socketioxide_core::packet::Packet;

use crate::cluster::adapter::ClusterAdapter;
use crate::cluster::wire::{Found, Head, Question};

/// How long sockets may take to answer a broadcast of another node.
const ACK_MAX: Duration = Duration::from_secs(60);

/// Answers of sockets that share a message, if they come together.
const ACKS_MAX: usize = 64;

/// Sockets in one message.
const SOCKETS_MAX: usize = 4_096;

/// Rooms in one message.
const ROOMS_MAX: usize = 256;

impl ClusterAdapter {
    /// Answers a question about this node's sockets.
    pub(in crate::cluster) fn tell(
        self: &Arc<Self>,
        head: Head,
        opts: BroadcastOptions,
        question: Question,
    ) {
        match question {
            Question::Acks(payload, within) => {
                let packet = Packet::event(self.local.path().clone(), payload);
                let within = Some(within.min(ACK_MAX));
                let (acks, _) = self.local.broadcast_with_ack(packet, opts, within);
                let adapter = Arc::downgrade(self);
                tokio::spawn(pass_on(adapter, head, acks.ready_chunks(ACKS_MAX)));
            }
            Question::Sockets => {
                let sockets = self.local.fetch_sockets(opts);
                let sids: Vec<_> = sockets.into_iter().map(|socket| socket.id).collect();
                for sids in sids.chunks(SOCKETS_MAX) {
                    self.answer(&head, Found::Sockets(sids.to_vec()), false);
                }
                self.answer(&head, Found::Sockets(Vec::new()), true);
            }
            Question::Rooms => {
                let rooms: Vec<_> = self.local.rooms(opts).into_iter().collect();
                for rooms in rooms.chunks(ROOMS_MAX) {
                    self.answer(&head, Found::Rooms(rooms.to_vec()), false);
                }
                self.answer(&head, Found::Rooms(Vec::new()), true);
            }
        }
    }

    fn answer(&self, head: &Head, found: Found, last: bool) {
        if let Some(shared) = &self.shared {
            shared.answer(self, head, found, last);
        }
    }
}

/// Passes answers of sockets on as they come. Each comes in time, or says that it did not.
async fn pass_on(
    adapter: Weak<ClusterAdapter>,
    head: Head,
    acks: impl Stream<Item = Vec<AckStreamItem<AckError>>>,
) {
    let mut acks = std::pin::pin!(acks);
    while let Some(acks) = acks.next().await {
        let Some(adapter) = adapter.upgrade() else {
            return;
        };
        adapter.answer(&head, Found::Acks(acks), false);
    }
    if let Some(adapter) = adapter.upgrade() {
        adapter.answer(&head, Found::Acks(Vec::new()), true);
    }
}
