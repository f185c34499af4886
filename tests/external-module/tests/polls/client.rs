//! A Socket.IO client over WebSocket, as small as the cases need.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long an answer may take before the case has failed.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Packets that came and were not asked for yet.
    passed: Vec<Packet>,
    next_ack: u64,
}

#[derive(Debug)]
enum Packet {
    Event(String, Value),
    Ack(u64, Value),
}

impl Client {
    /// Connects and enters the namespace `/`.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let url = format!("ws://{server}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = connect_async(url).await.unwrap();
        let mut client = Self {
            stream,
            passed: Vec::new(),
            next_ack: 0,
        };
        client.send("40").await;
        while !client.text().await.unwrap().starts_with("40") {}
        client
    }

    /// Emits and returns the answer.
    pub(crate) async fn ask(&mut self, event: &str, payload: Value) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        let packet = format!("42{id}{}", json!([event, payload]));
        self.send(&packet).await;
        let mine = |packet: &Packet| matches!(packet, Packet::Ack(of, _) if *of == id);
        match self.until(mine).await {
            Packet::Ack(_, answer) | Packet::Event(_, answer) => answer,
        }
    }

    /// Joins a room as a user.
    pub(crate) async fn join(&mut self, room: &str, user: &str) {
        let payload = json!({ "roomId": room, "userId": user });
        let answer = self.ask("presence:join", payload).await;
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// The first event of that name with these fields, come or still to come.
    pub(crate) async fn hears(&mut self, event: &str, fields: Value) -> Value {
        let fits = |payload: &Value| {
            let mut fields = fields.as_object().unwrap().iter();
            fields.all(|(name, value)| payload[name] == *value)
        };
        let wanted = |packet: &Packet| matches!(packet, Packet::Event(name, payload) if name == event && fits(payload));
        match self.until(wanted).await {
            Packet::Event(_, payload) | Packet::Ack(_, payload) => payload,
        }
    }

    /// Reads until the server closes the stream.
    pub(crate) async fn closed(&mut self) {
        while self.text().await.is_some() {}
    }

    /// Breaks the stream.
    pub(crate) fn cut(self) {
        drop(self);
    }

    async fn until(&mut self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        if let Some(at) = self.passed.iter().position(&wanted) {
            return self.passed.remove(at);
        }
        loop {
            let text = self.text().await.expect("the server closed the stream");
            let Some(packet) = parse(&text) else { continue };
            if wanted(&packet) {
                return packet;
            }
            self.passed.push(packet);
        }
    }

    /// The next text; none at the stream's end. Pings are answered.
    async fn text(&mut self) -> Option<String> {
        loop {
            let message = timeout(ANSWER_MAX, self.stream.next()).await;
            match message.expect("the server says something")? {
                Ok(Message::Text(text)) if text == "2" => self.send("3").await,
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    async fn send(&mut self, text: &str) {
        // A stream that was closed says so when it is read.
        let _ = self.stream.send(Message::text(text)).await;
    }
}

fn parse(text: &str) -> Option<Packet> {
    let (kind, rest) = text.split_at_checked(2)?;
    let start = rest.find('[')?;
    let mut args: Vec<Value> = serde_json::from_str(&rest[start..]).ok()?;
    match kind {
        "42" => Some(Packet::Event(
            args.first()?.as_str()?.to_owned(),
            args.into_iter().nth(1).unwrap_or_default(),
        )),
        "43" => Some(Packet::Ack(
            rest[..start].parse().ok()?,
            args.drain(..).next().unwrap_or_default(),
        )),
        _ => None,
    }
}
