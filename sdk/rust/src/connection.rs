//! One connection, without reconnecting: one task, one stream, nothing else.

mod acks;
mod dial;
mod drive;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use rtm_protocol::read_ack;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::error::{ClientError, ClosedBy};
use crate::options::ConnectOptions;
use crate::packet;
use acks::Acks;

/// An event of the server.
#[derive(Debug)]
pub struct Event<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its arguments, as JSON.
    pub args: &'a [&'a RawValue],
    /// Its attachments; an argument refers to them by `{"_placeholder":true,"num":n}`.
    pub attachments: &'a [Bytes],
    /// Takes the answer, if the server asks for one.
    pub ack: Option<AckReply>,
}

/// Answers an event of the server. Dropped, it answers nothing.
#[derive(Debug)]
pub struct AckReply {
    id: u64,
    outbound: mpsc::Sender<String>,
}

impl AckReply {
    /// Answers.
    ///
    /// # Errors
    ///
    /// Too much waits to be sent, or the connection is closed.
    pub fn send<T: Serialize + ?Sized>(self, payload: &T) -> Result<(), ClientError> {
        let payload = json(payload)?;
        enqueue(&self.outbound, packet::ack(self.id, &payload))
    }
}

/// Takes the events of a connection, on the connection's own task: it must not block.
pub trait Listener: Send + 'static {
    /// An event arrived.
    fn event(&mut self, event: Event<'_>);

    /// A packet arrived, as it is on the wire, attachments apart. `true` takes it: it is read no
    /// further. For tools that read less of each packet than there is; most leave this out.
    fn packet(&mut self, packet: &str) -> bool {
        let _ = packet;
        false
    }

    /// The connection is closed. Nothing comes after it.
    fn closed(&mut self, by: &ClosedBy) {
        let _ = by;
    }
}

/// Takes no event.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoListener;

impl Listener for NoListener {
    fn event(&mut self, _: Event<'_>) {}
}

/// One connection. Cheap to clone; it is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    outbound: mpsc::Sender<String>,
    acks: Arc<Acks>,
    closed: watch::Receiver<Option<ClosedBy>>,
    options: ConnectOptions,
}

impl Connection {
    /// Connects to the server at an `http` or `https` URL, and joins the main namespace.
    ///
    /// # Errors
    ///
    /// There is no such server, or it refuses.
    pub async fn open(
        url: &str,
        options: ConnectOptions,
        listener: impl Listener,
    ) -> Result<Self, ClientError> {
        let (outbound, queue) = mpsc::channel(options.outbound_max);
        let acks = Arc::new(Acks::default());
        let dialled = dial::dial(url, &options);
        let (stream, opened) = timeout(options.connect_timeout, dialled)
            .await
            .map_err(|_| ClientError::Connect("no answer in time".into()))??;
        let (tell_closed, closed) = watch::channel(None);
        let drive = drive::Drive {
            stream,
            queue,
            outbound: outbound.downgrade(),
            acks: acks.clone(),
            silence_max: opened.silence_max(),
            listener,
        };
        tokio::spawn(async move {
            let by = drive.run().await;
            tell_closed.send_replace(Some(by));
        });
        Ok(Self {
            inner: Arc::new(Inner {
                outbound,
                acks,
                closed,
                options,
            }),
        })
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// Too much waits to be sent, or the connection is closed.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, payload: &T) -> Result<(), ClientError> {
        let payload = json(payload)?;
        self.enqueue(packet::event(None, name, Some(&payload)))
    }

    /// Sends a packet as it is: the counterpart of [`Listener::packet`], which takes the ack. Ids
    /// of acks count from 0 in [`ask`](Self::ask), and are the caller's affair here.
    ///
    /// # Errors
    ///
    /// Too much waits to be sent, or the connection is closed.
    pub fn send_packet(&self, packet: String) -> Result<(), ClientError> {
        self.enqueue(packet)
    }

    /// Sends an event now, in its place among those sent before and after, and returns what will
    /// come back: the first argument of the ack, as JSON. The ack is waited for as long as the
    /// options say.
    pub fn ask<T: Serialize + ?Sized>(
        &self,
        name: &str,
        payload: &T,
    ) -> impl Future<Output = Result<Box<RawValue>, ClientError>> + Send + use<T> {
        let asked = self.send_with_ack(name, payload);
        let (inner, patience) = (self.inner.clone(), self.inner.options.ack_timeout);
        async move {
            let (id, answer) = asked?;
            match timeout(patience, answer).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => Err(ClientError::Closed(inner.closed_by())),
                Err(_) => {
                    inner.acks.forget(id);
                    Err(ClientError::Timeout)
                }
            }
        }
    }

    /// The same, read as the reply that the event promises.
    ///
    /// # Errors
    ///
    /// Also what the server refuses, as [`ClientError::Reply`].
    pub async fn request<T: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        name: &str,
        payload: &T,
    ) -> Result<R, ClientError> {
        let answer = self.ask(name, payload).await?;
        let reply = read_ack::<R>(answer.get());
        let reply = reply.map_err(|error| ClientError::protocol(error.to_string()))?;
        reply.map_err(Into::into)
    }

    /// Whether it is closed, and by whom.
    pub fn closed(&self) -> Option<ClosedBy> {
        self.inner.closed.borrow().clone()
    }

    /// Completes when it is closed.
    pub async fn wait_closed(&self) -> ClosedBy {
        let mut closed = self.inner.closed.clone();
        let told = closed.wait_for(Option::is_some).await;
        told.ok()
            .and_then(|by| by.clone())
            .unwrap_or(ClosedBy::Stream)
    }

    /// Leaves the namespace and closes. The server takes it as a farewell: nothing lingers.
    pub async fn close(&self) {
        if self.enqueue(packet::DISCONNECT.into()).is_ok() {
            self.wait_closed().await;
        }
    }

    fn send_with_ack<T: Serialize + ?Sized>(
        &self,
        name: &str,
        payload: &T,
    ) -> Result<(u64, acks::Answer), ClientError> {
        let payload = json(payload)?;
        let (id, answer) = self.inner.acks.expect().ok_or(ClientError::QueueFull)?;
        let sent = self.enqueue(packet::event(Some(id), name, Some(&payload)));
        if let Err(error) = sent {
            self.inner.acks.forget(id);
            return Err(error);
        }
        Ok((id, answer))
    }

    fn enqueue(&self, text: String) -> Result<(), ClientError> {
        match enqueue(&self.inner.outbound, text) {
            Err(ClientError::Closed(_)) => Err(ClientError::Closed(self.inner.closed_by())),
            outcome => outcome,
        }
    }
}

impl Inner {
    fn closed_by(&self) -> ClosedBy {
        let by = self.closed.borrow();
        by.clone().unwrap_or(ClosedBy::Stream)
    }
}

fn enqueue(outbound: &mpsc::Sender<String>, text: String) -> Result<(), ClientError> {
    outbound.try_send(text).map_err(|error| match error {
        TrySendError::Full(_) => ClientError::QueueFull,
        TrySendError::Closed(_) => ClientError::Closed(ClosedBy::Stream),
    })
}

fn json<T: Serialize + ?Sized>(payload: &T) -> Result<Box<RawValue>, ClientError> {
    to_raw_value(payload).map_err(|error| ClientError::protocol(error.to_string()))
}
