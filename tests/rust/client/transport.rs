//! One connection: limits, refusals, farewells.

use std::sync::mpsc;
use std::time::Duration;

use rtm_client::protocol::{JoinReply, JoinRequest, names};
use rtm_client::{ClientError, ClosedBy, ConnectOptions, Connection, Event, Listener, NoListener};
use serde_json::json;

use super::rig::Rig;

struct Names(mpsc::Sender<String>);

impl Listener for Names {
    fn event(&mut self, event: Event<'_>) {
        let _ = self.0.send(event.name.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_in_the_order_in_which_they_were_sent() {
    let rig = Rig::start(Duration::from_secs(30)).await;
    let (send, heard) = mpsc::channel();
    let opened = Connection::open(&rig.url(), ConnectOptions::default(), Names(send)).await;
    let connection = opened.unwrap();
    let join = JoinRequest::<&str, ()> {
        room_id: "hall",
        user_id: Some("ann"),
        state: None,
        resume: None,
    };
    let joined: JoinReply = connection
        .request(names::PRESENCE_JOIN, &join)
        .await
        .unwrap();
    assert_eq!(joined.snapshot.len(), 1);
    let patches = (0..200).map(|n| {
        let patch = json!({ "patchState": { "n": n } });
        connection.ask(names::PRESENCE_HEARTBEAT, &patch)
    });
    // All are sent before the first is answered.
    let asked: Vec<_> = patches.collect();
    let mut last = 0;
    for answer in asked {
        let answer = answer.await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer.get()).unwrap();
        assert_eq!(answer["changed"], true);
        let version = answer["version"].as_u64().unwrap();
        assert!(version > last);
        last = version;
    }
    connection.close().await;
    assert_eq!(connection.closed(), Some(ClosedBy::Us));
    assert!(matches!(
        connection.emit("x", &()),
        Err(ClientError::Closed(_))
    ));
    assert_eq!(
        heard.iter().filter(|name| name == "presence:event").count(),
        201
    );
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_server_is_told() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let url = format!("http://127.0.0.1:{port}");
    let failed = Connection::open(&url, ConnectOptions::default(), NoListener).await;
    assert!(matches!(failed, Err(ClientError::Connect(_))));
    let failed = Connection::open("nonsense", ConnectOptions::default(), NoListener).await;
    assert!(matches!(failed, Err(ClientError::Url(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_closes_and_is_noticed() {
    let rig = Rig::start(Duration::from_secs(30)).await;
    let opened = Connection::open(&rig.url(), ConnectOptions::default(), NoListener).await;
    let connection = opened.unwrap();
    rig.stop().await;
    assert_ne!(connection.wait_closed().await, ClosedBy::Us);
    let late = connection.ask("presence:leave", &()).await;
    assert!(matches!(late, Err(ClientError::Closed(_))));
}

/// Takes every packet of Socket.IO as it is.
struct Packets(mpsc::Sender<String>);

impl Listener for Packets {
    fn event(&mut self, event: Event<'_>) {
        panic!("{} was taken before", event.name);
    }

    fn packet(&mut self, packet: &str) -> bool {
        let taken = packet.starts_with('4');
        if taken {
            let _ = self.0.send(packet.to_owned());
        }
        taken
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_can_be_sent_and_taken_as_they_are_and_the_address_be_told() {
    let rig = Rig::start(Duration::from_secs(30)).await;
    let url = rig.url();
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let options = ConnectOptions {
        address: Some(address),
        ..ConnectOptions::default()
    };
    let (send, taken) = mpsc::channel();
    // That name stands for no address.
    let opened = Connection::open("http://rtm.invalid", options, Packets(send)).await;
    let connection = opened.unwrap();
    let join = r#"427["presence:join",{"roomId":"hall","userId":"ann"}]"#;
    connection.send_packet(join.into()).unwrap();
    let mut packets = taken.iter();
    let answer = packets.find(|packet| packet.starts_with("437[")).unwrap();
    assert!(answer.contains("\"ok\":true"), "{answer}");
    connection.close().await;
    rig.stop().await;
}
