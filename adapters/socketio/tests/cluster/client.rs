//! A Socket.IO client over a raw WebSocket.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;

pub(crate) struct Client {
    /// Its socket's id.
    pub(crate) id: String,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// An event that a client received.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) payload: Value,
    ack: Option<String>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = connect_async(url).await.expect("the node is there");
        let mut client = Self {
            id: String::new(),
            stream,
        };
        client.send("40".into()).await;
        let connected = client.packet("40").await.expect("it is let in");
        let connected: Value = serde_json::from_str(&connected).expect("it is JSON");
        client.id = connected["sid"].as_str().expect("it has an id").into();
        client
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        let packet = self.packet("42").await.expect("it is connected");
        let start = packet.find('[').expect("it has arguments");
        let (ack, arguments) = packet.split_at(start);
        let arguments: Vec<Value> = serde_json::from_str(arguments).expect("they are JSON");
        Event {
            name: arguments[0].as_str().expect("it has a name").into(),
            payload: arguments.get(1).cloned().unwrap_or_default(),
            ack: Some(ack.to_owned()).filter(|ack| !ack.is_empty()),
        }
    }

    /// The names of the events up to `last`.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let name = self.event().await.name;
            if name == last {
                return names;
            }
            names.push(name);
        }
    }

    pub(crate) async fn answer(&mut self, event: &Event, payload: Value) {
        let ack = event.ack.as_deref().expect("it asks for an answer");
        self.send(format!("43{ack}[{payload}]")).await;
    }

    /// Completes when the server has disconnected it.
    pub(crate) async fn disconnected(&mut self) {
        while let Some(packet) = self.packet("4").await {
            if packet == "1" {
                return;
            }
        }
    }

    async fn send(&mut self, packet: String) {
        let sent = self.stream.send(Message::text(packet)).await;
        sent.expect("the node is there");
    }

    /// The rest of the next packet that begins with `start`; none when the stream has ended.
    async fn packet(&mut self, start: &str) -> Option<String> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            let message = next.unwrap_or_else(|_| panic!("no packet {start}"))?;
            let Ok(Message::Text(text)) = message else {
                return None;
            };
            if text == "2" {
                self.send("3".into()).await;
            } else if let Some(rest) = text.strip_prefix(start) {
                return Some(rest.to_owned());
            }
        }
    }
}
