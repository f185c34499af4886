//! A Socket.IO client that only listens.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long an event may take that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an event is waited for that may not come.
const A_MOMENT: Duration = Duration::from_millis(100);

pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Connects, and enters the namespace `/`.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let url = format!("ws://{server}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = connect_async(url).await.expect("the server is there");
        let mut client = Self(stream);
        client.send("40").await;
        while !client.packet().await.starts_with("40") {}
        client
    }

    /// Returns when an event has come.
    pub(crate) async fn until(&mut self, event: &str) {
        let heard = tokio::time::timeout(PATIENCE, self.hear(event)).await;
        assert!(heard.is_ok(), "{event} did not come");
    }

    /// Whether an event comes.
    pub(crate) async fn hears(&mut self, event: &str) -> bool {
        let heard = tokio::time::timeout(A_MOMENT, self.hear(event));
        heard.await.is_ok()
    }

    async fn hear(&mut self, event: &str) {
        let start = format!("42[\"{event}\"");
        while !self.packet().await.starts_with(&start) {}
    }

    async fn packet(&mut self) -> String {
        loop {
            let message = self.0.next().await.expect("the line is open");
            let Message::Text(text) = message.expect("it is a message") else {
                continue;
            };
            if text == "2" {
                self.send("3").await;
            } else {
                return text.to_string();
            }
        }
    }

    async fn send(&mut self, packet: &str) {
        let sent = self.0.send(Message::text(packet)).await;
        sent.expect("the line is open");
    }
}
