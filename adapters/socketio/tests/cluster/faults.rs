//! The bus is away, silent, or full of garbage.

use futures_util::StreamExt;
use serde_json::Value;

use rtm_socketio::Cluster;

use crate::hub::{Fault, Hub};
use crate::node::{Node, channel};

#[tokio::test]
async fn without_the_bus_a_node_serves_its_own_and_with_it_all_again() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].reachable(&hub, &["a"]).await;
    let mut there = nodes[1].reachable(&hub, &["a"]).await;
    let io = nodes[0].io();
    for fault in [Fault::Away, Fault::Silent] {
        hub.set(fault);
        io.to("a").emit("away", &()).await.expect("sent");
        assert_eq!(here.event().await.name, "away");
        let sockets = io.to("a").fetch_sockets().await.expect("told");
        assert_eq!(sockets.len(), 1, "{fault:?}");
        let acks = io.to("a").timeout(std::time::Duration::from_millis(200));
        let acks = acks
            .emit_with_ack::<_, Value>("ask", &())
            .await
            .expect("asked");
        let event = here.event().await;
        here.answer(&event, Value::Null).await;
        assert_eq!(acks.collect::<Vec<_>>().await.len(), 1, "{fault:?}");

        hub.set(Fault::None);
        io.to("a").emit("back", &()).await.expect("sent");
        assert_eq!(here.event().await.name, "back");
        assert_eq!(there.event().await.name, "back");
    }
    assert_eq!(nodes[0].cluster.counts().undelivered, 3);
}

#[tokio::test]
async fn what_waits_for_the_bus_is_bounded() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].client(&["here"]).await;
    hub.set(Fault::Silent);
    for _ in 0..80_000 {
        nodes[0]
            .io()
            .to("elsewhere")
            .emit("n", &())
            .await
            .expect("sent");
    }
    nodes[0]
        .io()
        .to("here")
        .emit("end", &())
        .await
        .expect("sent");
    assert_eq!(here.until("end").await, [""; 0]);
    let dropped = nodes[0].cluster.counts().dropped;
    assert!((1..80_000).contains(&dropped), "{dropped} were dropped");
}

#[tokio::test]
async fn a_message_too_large_for_the_bus_stays_on_its_node() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].reachable(&hub, &["a"]).await;
    let mut there = nodes[1].reachable(&hub, &["a"]).await;
    let large = "x".repeat(5 * 1024 * 1024);
    nodes[0]
        .io()
        .to("a")
        .emit("large", &large)
        .await
        .expect("sent");
    // While it waits, nothing else may: it is larger than a queue.
    assert_eq!(here.event().await.name, "large");
    nodes[0].io().to("a").emit("end", &()).await.expect("sent");
    assert_eq!(here.until("end").await, [""; 0]);
    assert_eq!(there.until("end").await, [""; 0]);
    assert_eq!(nodes[0].cluster.counts().oversized, 1);
}

#[tokio::test]
async fn garbage_and_other_versions_are_ignored() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut client = nodes[1].reachable(&hub, &["a"]).await;
    hub.inject(&channel("a"), "");
    hub.inject(&channel("a"), vec![255; 100]);
    hub.inject("all:/", "garbage");
    nodes[0].io().to("a").emit("end", &()).await.expect("sent");
    assert_eq!(client.until("end").await, [""; 0]);
    assert_eq!(nodes[1].cluster.counts().foreign, 3);
}

#[tokio::test]
async fn a_node_alone_needs_no_bus() {
    let node = Node::start(0, Cluster::alone()).await;
    let mut client = node.client(&["a"]).await;
    let mut other = node.client(&[]).await;
    node.io().to("a").emit("hello", &()).await.expect("sent");
    let acks = node
        .io()
        .to("a")
        .emit_with_ack::<_, Value>("ask", &())
        .await;
    assert_eq!(client.event().await.name, "hello");
    let event = client.event().await;
    client.answer(&event, Value::Null).await;
    assert_eq!(acks.expect("asked").collect::<Vec<_>>().await.len(), 1);
    assert_eq!(node.io().fetch_sockets().await.expect("told").len(), 2);
    node.io().to("a").disconnect().await.expect("told");
    client.disconnected().await;
    node.io().emit("end", &()).await.expect("sent");
    assert_eq!(other.until("end").await, [""; 0]);
}
