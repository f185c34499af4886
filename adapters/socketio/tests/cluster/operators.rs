//! What else can be done with sockets of other nodes.

use std::time::Duration;

use futures_util::StreamExt;
use rtm_socketio::socketioxide::AckError;
use serde_json::{Value, json};

use crate::client::Client;
use crate::hub::Hub;
use crate::node::{Node, channel};

/// How long clients may take to answer.
const ANSWER_MAX: Duration = Duration::from_millis(500);

#[tokio::test]
async fn sockets_of_all_nodes_answer_a_broadcast() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 3).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.reachable(&hub, &["a"]).await);
        clients.push(node.reachable(&hub, &["a", "b"]).await);
    }
    let asked = nodes[0]
        .io()
        .to(["a", "b"])
        .emit_with_ack::<_, Value>("ask", &1);
    let acks = asked.await.expect("asked").collect::<Vec<_>>();
    let answer = futures_util::future::join_all(clients.iter_mut().map(|client| async {
        let event = client.event().await;
        let id = client.id.clone();
        client.answer(&event, json!(id)).await;
    }));
    let (acks, _) = tokio::join!(acks, answer);
    let mut answered: Vec<String> = Vec::new();
    for (id, answer) in acks {
        assert_eq!(answer.expect("answered"), json!(id.to_string()));
        answered.push(id.to_string());
    }
    assert_eq!(sorted(answered), ids(&clients));
    assert_eq!(nodes[0].cluster.counts().unanswered, 0);
}

#[tokio::test]
async fn a_socket_that_does_not_answer_is_told_from_those_that_do() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut answers = nodes[1].reachable(&hub, &["a"]).await;
    let silent = nodes[1].reachable(&hub, &["a"]).await;
    let ask = nodes[0].io().to("a").timeout(ANSWER_MAX);
    let acks = ask
        .emit_with_ack::<_, Value>("ask", &1)
        .await
        .expect("asked");
    let event = answers.event().await;
    answers.answer(&event, json!("yes")).await;
    let acks = acks.collect::<Vec<_>>().await;
    assert_eq!(acks.len(), 2);
    for (id, answer) in acks {
        if id.to_string() == silent.id {
            assert!(matches!(answer, Err(AckError::Timeout)), "{answer:?}");
        } else {
            assert_eq!(answer.expect("answered"), json!("yes"));
        }
    }
}

#[tokio::test]
async fn a_dead_node_does_not_keep_the_answers_of_others() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 3).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.reachable(&hub, &["a"]).await);
    }
    hub.freeze(2);
    let ask = nodes[0].io().to("a").timeout(ANSWER_MAX);
    let acks = ask
        .emit_with_ack::<_, Value>("ask", &1)
        .await
        .expect("asked");
    for client in &mut clients[..2] {
        let event = client.event().await;
        client.answer(&event, json!(1)).await;
    }
    assert_eq!(acks.collect::<Vec<_>>().await.len(), 2);
    let sockets = nodes[0].io().to("a").fetch_sockets().await.expect("told");
    let found = sockets.iter().map(|socket| socket.data().id.to_string());
    assert_eq!(sorted(found.collect()), ids(&clients[..2]));
    assert_eq!(nodes[0].cluster.counts().unanswered, 2);
}

#[tokio::test]
async fn sockets_and_rooms_of_all_nodes_are_told() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 3).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.reachable(&hub, &["a"]).await);
    }
    clients.push(nodes[1].reachable(&hub, &["a", "b"]).await);
    let outside = nodes[2].client(&["c"]).await;

    let sockets = nodes[0].io().to("a").fetch_sockets().await.expect("told");
    let found = sockets.iter().map(|socket| socket.data().id.to_string());
    assert_eq!(sorted(found.collect()), ids(&clients));
    let mut rooms = nodes[0].io().to("a").rooms().await.expect("told");
    rooms.sort();
    assert_eq!(rooms, ["a", "b"]);
    let remote = sockets
        .iter()
        .find(|it| it.data().id.to_string() == clients[3].id);
    let mut rooms = remote.expect("it is there").rooms().await.expect("told");
    rooms.sort();
    assert_eq!(rooms, ["a", "b"]);

    clients.push(outside);
    let sockets = nodes[0].io().fetch_sockets().await.expect("told");
    let found = sockets.iter().map(|socket| socket.data().id.to_string());
    assert_eq!(sorted(found.collect()), ids(&clients));
}

#[tokio::test]
async fn sockets_of_other_nodes_join_and_leave_rooms() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].reachable(&hub, &["a"]).await;
    let mut there = nodes[1].reachable(&hub, &["a"]).await;
    let mut outside = nodes[1].reachable(&hub, &["c"]).await;
    let io = nodes[0].io();

    io.to("a").join("b").await.expect("told");
    io.to("b").emit("joined", &()).await.expect("sent");
    hub.subscribed(1, &channel("b"), true).await;
    io.to("b").emit("still", &()).await.expect("sent");
    io.to("a").leave("b").await.expect("told");
    io.to("b").emit("left", &()).await.expect("sent");
    io.emit("end", &()).await.expect("sent");
    for client in [&mut here, &mut there] {
        assert_eq!(client.until("end").await, ["joined", "still"]);
    }
    assert_eq!(outside.until("end").await, [""; 0]);
}

#[tokio::test]
async fn one_socket_of_another_node_can_be_spoken_to() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut client = nodes[1].reachable(&hub, &["a"]).await;
    let mut other = nodes[1].client(&[]).await;
    let mut sockets = nodes[0].io().to("a").fetch_sockets().await.expect("told");
    let remote = sockets.pop().expect("it is told of");

    remote.emit("alone", &1).await.expect("sent");
    remote.join("b").await.expect("told");
    nodes[0].io().to("b").emit("room", &2).await.expect("sent");
    assert_eq!(client.event().await.name, "alone");
    assert_eq!(client.event().await.name, "room");
    remote.leave("b").await.expect("told");
    let acks = remote
        .emit_with_ack::<_, Value>("ask", &3)
        .await
        .expect("asked");
    let event = client.event().await;
    client.answer(&event, json!("yes")).await;
    let acks = acks.collect::<Vec<_>>().await;
    let [(_, Ok(answer))] = &acks[..] else {
        panic!("{acks:?}");
    };
    assert_eq!(answer, "yes");
    assert_eq!(*nodes[1].socket(&client).rooms(), ["a"]);

    remote.clone().disconnect().await.expect("told");
    client.disconnected().await;
    remote.join("gone").await.expect("told");
    nodes[0].io().emit("end", &()).await.expect("sent");
    assert_eq!(other.until("end").await, [""; 0]);
    // Nobody keeps a socket that is gone.
    for node in &nodes {
        let rooms = node.io().to("gone").rooms().await.expect("told");
        assert!(rooms.is_empty(), "{rooms:?}");
    }
}

#[tokio::test]
async fn sockets_of_all_nodes_are_disconnected() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].reachable(&hub, &["a"]).await;
    let mut there = nodes[1].reachable(&hub, &["a"]).await;
    let mut outside = nodes[1].client(&[]).await;
    nodes[0].io().to("a").disconnect().await.expect("told");
    here.disconnected().await;
    there.disconnected().await;
    nodes[0].io().emit("end", &()).await.expect("sent");
    assert_eq!(outside.until("end").await, [""; 0]);
}

fn ids(clients: &[Client]) -> Vec<String> {
    sorted(clients.iter().map(|client| client.id.clone()).collect())
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}
