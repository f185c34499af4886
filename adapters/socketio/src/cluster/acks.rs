//! The answers of sockets to a broadcast: those of this node, and those of others as they come.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::{BoxStream, FusedStream, StreamExt};
use socketioxide::adapter::Emitter;
use socketioxide_core::adapter::{AckStreamItem, SocketEmitter};

type Local = <Emitter as SocketEmitter>::AckStream;
type Item = AckStreamItem<<Emitter as SocketEmitter>::AckError>;

/// Ends when all sockets have answered or run out of time.
pub struct ClusterAcks {
    local: Option<Pin<Box<Local>>>,
    remote: Option<BoxStream<'static, Item>>,
}

impl ClusterAcks {
    pub(super) fn new(local: Local, remote: Option<BoxStream<'static, Item>>) -> Self {
        Self {
            local: Some(Box::pin(local)),
            remote,
        }
    }
}

impl Stream for ClusterAcks {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        if let Some(local) = &mut self.local {
            match local.poll_next_unpin(cx) {
                Poll::Ready(Some(ack)) => return Poll::Ready(Some(ack)),
                Poll::Ready(None) => self.local = None,
                Poll::Pending => {}
            }
        }
        if let Some(remote) = &mut self.remote {
            match remote.poll_next_unpin(cx) {
                Poll::Ready(Some(ack)) => return Poll::Ready(Some(ack)),
                Poll::Ready(None) => self.remote = None,
                Poll::Pending => {}
            }
        }
        match self.is_terminated() {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    }
}

impl FusedStream for ClusterAcks {
    fn is_terminated(&self) -> bool {
        self.local.is_none() && self.remote.is_none()
    }
}
