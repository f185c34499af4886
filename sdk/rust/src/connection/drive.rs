//! The one task of a connection: reads, writes, answers pings, watches for silence.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::acks::Acks;
use super::dial::Stream;
use super::{AckReply, Event, Listener};
use crate::error::ClosedBy;
use crate::packet::{self, EventPacket, Packet};

/// Attachments that one packet may have.
const ATTACHMENTS_MAX: usize = 1_000;

pub(super) struct Drive<L> {
    pub(super) stream: Stream,
    pub(super) queue: mpsc::Receiver<String>,
    /// Weak, so that a connection nobody holds any more is closed.
    pub(super) outbound: mpsc::WeakSender<String>,
    pub(super) acks: Arc<Acks>,
    pub(super) silence_max: Duration,
    pub(super) listener: L,
}

/// Whether the connection goes on.
type Step = Result<(), ClosedBy>;

impl<L: Listener> Drive<L> {
    pub(super) async fn run(mut self) -> ClosedBy {
        let by = match self.drive().await {
            Ok(()) => ClosedBy::Us,
            Err(by) => by,
        };
        // What is still in the buffers is for nobody.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.close(None)).await;
        self.queue.close();
        self.acks.close();
        self.listener.closed(&by);
        by
    }

    async fn drive(&mut self) -> Step {
        // Moving the timer at each message would cost more than most messages: it is only moved
        // when it fires.
        let mut heard = Instant::now();
        let silence = sleep_until(heard + self.silence_max);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                message = self.stream.next() => {
                    let message = message.ok_or(ClosedBy::Stream)?;
                    heard = Instant::now();
                    self.take(message.map_err(|_| ClosedBy::Stream)?).await?;
                }
                text = self.queue.recv() => match text {
                    Some(text) => if self.send_all(text).await? { return Ok(()) },
                    None => return Ok(()),
                },
                () = &mut silence => {
                    let until = heard + self.silence_max;
                    if until <= Instant::now() {
                        return Err(ClosedBy::PingTimeout);
                    }
                    silence.as_mut().reset(until);
                }
            }
        }
    }

    /// Sends what waits, together. True after a farewell.
    async fn send_all(&mut self, first: String) -> Result<bool, ClosedBy> {
        let mut next = Some(first);
        let mut farewell = false;
        while let Some(text) = next {
            farewell = text == packet::DISCONNECT;
            let fed = self.stream.feed(Message::text(text)).await;
            fed.map_err(|_| ClosedBy::Stream)?;
            next = if farewell {
                None
            } else {
                self.queue.try_recv().ok()
            };
        }
        self.stream.flush().await.map_err(|_| ClosedBy::Stream)?;
        Ok(farewell)
    }

    async fn take(&mut self, message: Message) -> Step {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(ClosedBy::Server),
            // A binary message stands behind the packet that announces it.
            Message::Binary(_) => return Err(ClosedBy::BadPacket),
            _ => return Ok(()),
        };
        if self.listener.packet(text.as_str()) {
            return Ok(());
        }
        match packet::read(text.as_str()).ok_or(ClosedBy::BadPacket)? {
            Packet::Ping => {
                let pong = self.stream.send(Message::text(packet::PONG)).await;
                pong.map_err(|_| ClosedBy::Stream)
            }
            Packet::Event(event) => {
                let attachments = self.attachments(event.attachments).await?;
                self.hand_over(&event, &attachments);
                Ok(())
            }
            Packet::Ack {
                id,
                args,
                attachments,
            } => {
                self.attachments(attachments).await?;
                self.acks.answer(id, &args);
                Ok(())
            }
            Packet::Close | Packet::Disconnected => Err(ClosedBy::Server),
            Packet::Other | Packet::Open(_) | Packet::Connected | Packet::Refused(_) => Ok(()),
        }
    }

    fn hand_over(&mut self, event: &EventPacket<'_>, attachments: &[Bytes]) {
        let args: &[&RawValue] = &event.args;
        let ack = event.ack.zip(self.outbound.upgrade());
        self.listener.event(Event {
            name: &event.name,
            args,
            attachments,
            ack: ack.map(|(id, outbound)| AckReply { id, outbound }),
        });
    }

    async fn attachments(&mut self, count: usize) -> Result<Vec<Bytes>, ClosedBy> {
        if count > ATTACHMENTS_MAX {
            return Err(ClosedBy::BadPacket);
        }
        let mut attachments = Vec::with_capacity(count);
        while attachments.len() < count {
            match self.stream.next().await {
                Some(Ok(Message::Binary(bytes))) => attachments.push(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(_)) => return Err(ClosedBy::BadPacket),
                Some(Err(_)) | None => return Err(ClosedBy::Stream),
            }
        }
        Ok(attachments)
    }
}
