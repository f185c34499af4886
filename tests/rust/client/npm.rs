//! The client against the Socket.IO server of npm: it speaks the protocol, not just to us.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rtm_client::{ClientError, ClosedBy, ConnectOptions, Connection, Event, Listener};
use serde_json::json;

struct NodeServer {
    child: Child,
    url: String,
}

impl NodeServer {
    /// `None` if there is no Node, or its packages are not installed; `tests/all.sh` sees to both.
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol");
        let must = std::env::var_os("RTM_REQUIRE_ALL").is_some();
        if !folder.join("node_modules/socket.io").is_dir() {
            assert!(
                !must,
                "npm packages are missing, and no test may be left out"
            );
            eprintln!("LEFT OUT: run npm ci in tests/protocol, or tests/all.sh");
            return None;
        }
        let mut child = Command::new("node")
            .arg("support/socketio-server.js")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let url = lines.next().expect("it says where it listens");
        Some(Self {
            child,
            url: url.expect("it is text"),
        })
    }
}

impl Drop for NodeServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Ears(mpsc::Sender<(String, String, usize)>);

impl Listener for Ears {
    fn event(&mut self, event: Event<'_>) {
        let args: Vec<&str> = event.args.iter().map(|arg| arg.get()).collect();
        let said = (
            event.name.to_owned(),
            args.join(" "),
            event.attachments.len(),
        );
        if let Some(ack) = event.ack {
            let sent = ack.send(&json!({ "heard": event.name }));
            sent.expect("the connection is open");
        }
        let _ = self.0.send(said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_acks_attachments_and_farewells() {
    let Some(server) = NodeServer::start() else {
        return;
    };
    let (send, heard) = mpsc::channel();
    let opened = Connection::open(&server.url, ConnectOptions::default(), Ears(send)).await;
    let connection = opened.unwrap();
    let answer = connection
        .ask("echo", &json!({ "a": [1, null, "é"] }))
        .await;
    assert_eq!(answer.unwrap().get(), r#"{"a":[1,null,"é"]}"#);
    // The server asks back, and tells what it was answered.
    let answer = connection.ask("ask-me", &()).await.unwrap();
    assert_eq!(answer.get(), r#"{"heard":"question"}"#);
    let answer = connection.ask("send-binary", &()).await.unwrap();
    assert_eq!(answer.get(), "true");
    let patience = Duration::from_secs(10);
    let first = heard.recv_timeout(patience).unwrap();
    assert_eq!((first.0.as_str(), first.1.as_str()), ("question", "42"));
    let (name, args, attachments) = heard.recv_timeout(patience).unwrap();
    assert_eq!((name.as_str(), attachments), ("binary", 2));
    assert!(args.contains(r#""_placeholder":true"#), "{args}");
    // The server's own ping interval is short: pings were answered or it would have closed.
    let answer = connection.ask("after-pings", &()).await.unwrap();
    assert_eq!(answer.get(), "true");
    connection.emit("kick-me", &()).unwrap();
    assert_eq!(connection.wait_closed().await, ClosedBy::Server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_servers_words() {
    let Some(server) = NodeServer::start() else {
        return;
    };
    let options = ConnectOptions {
        token: Some("bad".into()),
        ..ConnectOptions::default()
    };
    let refused = Connection::open(&server.url, options, rtm_client::NoListener).await;
    let Err(ClientError::Refused(refusal)) = refused else {
        panic!("it lets in whom it should not");
    };
    assert_eq!(refusal.message, "bad token");
}
