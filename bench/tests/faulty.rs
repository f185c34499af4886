//! A presence server of a few lines, with faults to order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// None, but it knows neither versions nor leases, and tells who joins so, too.
    IsOld,
    /// One event in a thousand is not sent.
    Loses,
    /// Every event is sent twice.
    Doubles,
    /// Two neighbours change places, each hundred events.
    Swaps,
    /// Every event is sent a while too late.
    Delays,
    /// Its own view of a room lacks a member.
    Forgets,
    /// Its own view of a room has old states.
    ShowsOld,
    /// It breaks a connection after a thousand events.
    Cuts,
    /// It answers no heartbeat.
    IsSilent,
    /// It refuses every other heartbeat.
    Refuses,
}

/// By how much it delays.
const DELAY: std::time::Duration = std::time::Duration::from_millis(300);

/// Starts one, which runs as long as the test's process.
pub(crate) fn serve(fault: Fault) -> String {
    let (tell, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("there is a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0")
                .await
                .expect("there is a port");
            tell.send(listener.local_addr().expect("it has an address"))
                .expect("it is awaited");
            let world = Arc::new(Mutex::new(World::new(fault)));
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                tokio::spawn(attend(stream, world.clone(), number));
            }
        });
    });
    let address = address.recv().expect("the server starts");
    format!("http://{address}")
}

struct World {
    fault: Fault,
    rooms: BTreeMap<String, Room>,
    /// Events that were to be sent.
    events: u64,
    beats: u64,
}

#[derive(Default)]
struct Room {
    version: u64,
    members: BTreeMap<u64, Member>,
}

struct Member {
    user_id: Value,
    state: Value,
    first_state: Value,
    line: UnboundedSender<Option<String>>,
    held: Option<String>,
}

async fn attend(stream: TcpStream, world: Arc<Mutex<World>>, number: u64) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    let (line, mut queue) = unbounded_channel::<Option<String>>();
    let open = r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    let _ = line.send(Some(open.into()));
    let delays = lock(&world).fault == Fault::Delays;
    let writer = tokio::spawn(async move {
        while let Some(Some(text)) = queue.recv().await {
            if delays && text.starts_with("42") {
                tokio::time::sleep(DELAY).await;
            }
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    let mut room = None;
    loop {
        let text = tokio::select! {
            message = source.next() => match message {
                Some(Ok(Message::Text(text))) => text,
                _ => break,
            },
            () = line.closed() => break,
        };
        match text.as_str() {
            "40" => {
                let _ = line.send(Some(r#"40{"sid":"s"}"#.into()));
            }
            "41" => break,
            text => lock(&world).take(text, number, &line, &mut room),
        }
    }
    if let Some(room) = room {
        lock(&world).leave(&room, number);
    }
    writer.abort();
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            rooms: BTreeMap::new(),
            events: 0,
            beats: 0,
        }
    }

    fn take(
        &mut self,
        text: &str,
        number: u64,
        line: &UnboundedSender<Option<String>>,
        room: &mut Option<String>,
    ) {
        let Some(rest) = text.strip_prefix("42") else {
            return;
        };
        let (id, json) = rest.split_at(rest.find('[').expect("it is an event"));
        let packet: Value = serde_json::from_str(json).expect("it is JSON");
        let answer = match packet[0].as_str() {
            Some("presence:join") => {
                let id = packet[1]["roomId"].as_str().expect("a room has an id");
                *room = Some(id.to_owned());
                self.join(id, number, &packet[1], line)
            }
            Some("presence:heartbeat") => self.beat(room.as_deref(), number, &packet[1]),
            _ => Some(json!({ "ok": true })),
        };
        if let Some(answer) = answer {
            let _ = line.send(Some(format!("43{id}[{answer}]")));
        }
    }

    fn join(
        &mut self,
        room: &str,
        number: u64,
        ask: &Value,
        line: &UnboundedSender<Option<String>>,
    ) -> Option<Value> {
        let member = Member {
            user_id: ask["userId"].clone(),
            state: ask["state"].clone(),
            first_state: ask["state"].clone(),
            line: line.clone(),
            held: None,
        };
        let (user_id, state) = (member.user_id.clone(), member.state.clone());
        let fault = self.fault;
        let own = self.rooms.entry(room.to_owned()).or_default();
        own.members.insert(number, member);
        let looks = user_id.as_str().is_some_and(|id| id.contains("observer"));
        let left_out = usize::from(looks && fault == Fault::Forgets);
        let entry = |(number, it): (&u64, &Member)| {
            let old = looks && fault == Fault::ShowsOld;
            let state = if old { &it.first_state } else { &it.state };
            json!({ "connId": number.to_string(), "userId": it.user_id, "state": state, "lastSeenMs": 1, "epoch": 1 })
        };
        let snapshot: Vec<Value> = own.members.iter().skip(left_out).map(entry).collect();
        let version = own.version + 1;
        self.tell(room, number, "join", &user_id, &state);
        if fault == Fault::IsOld {
            let own = json!({ "connId": number.to_string(), "epoch": 1 });
            return Some(json!({ "ok": true, "snapshot": snapshot, "self": own }));
        }
        Some(json!({
            "ok": true, "snapshot": snapshot, "version": version, "ttlMs": 30_000,
            "self": { "connId": number.to_string(), "epoch": 1, "key": "k" },
        }))
    }

    fn beat(&mut self, room: Option<&str>, number: u64, ask: &Value) -> Option<Value> {
        self.beats += 1;
        if self.fault == Fault::Refuses && self.beats.is_multiple_of(2) {
            return Some(json!({ "ok": false, "code": "unavailable", "error": "not now" }));
        }
        if let (Some(patch), Some(room)) = (ask.get("patchState"), room) {
            let own = self.rooms.get_mut(room)?;
            let member = own.members.get_mut(&number)?;
            member.state = patch.clone();
            let user_id = member.user_id.clone();
            self.tell(room, number, "update", &user_id, patch);
        }
        (self.fault != Fault::IsSilent).then(|| json!({ "ok": true, "changed": true, "epoch": 1 }))
    }

    fn leave(&mut self, room: &str, number: u64) {
        let Some(own) = self.rooms.get_mut(room) else {
            return;
        };
        if let Some(member) = own.members.remove(&number) {
            self.tell(room, number, "leave", &member.user_id, &Value::Null);
        }
    }

    fn tell(&mut self, room: &str, number: u64, kind: &str, user_id: &Value, state: &Value) {
        let own = self.rooms.get_mut(room).expect("it is there");
        own.version += 1;
        let mut event = json!({
            "type": kind, "roomId": room, "userId": user_id, "connId": number.to_string(),
            "state": state, "ts": 1, "epoch": 1, "version": own.version, "prev": own.version - 1,
        });
        if self.fault == Fault::IsOld {
            let fields = event.as_object_mut().expect("it is an object");
            fields.retain(|name, _| !["version", "prev"].contains(&name.as_str()));
        }
        let packet = format!(r#"42["presence:event",{event}]"#);
        for member in own.members.values_mut() {
            self.events += 1;
            let send = |text: &String| {
                let _ = member.line.send(Some(text.clone()));
            };
            match self.fault {
                Fault::Loses if self.events.is_multiple_of(1_000) => {}
                Fault::Doubles => {
                    send(&packet);
                    send(&packet);
                }
                Fault::Swaps if self.events.is_multiple_of(100) => {
                    member.held.get_or_insert(packet.clone());
                }
                Fault::Cuts if self.events == 1_000 => {
                    let _ = member.line.send(None);
                }
                _ => send(&packet),
            }
            let was_held = self.fault != Fault::Swaps || !self.events.is_multiple_of(100);
            if was_held && let Some(held) = member.held.take() {
                let _ = member.line.send(Some(held));
            }
        }
    }
}
