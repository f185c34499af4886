//! A node hears of the rooms of its sockets, and of no others.

use rtm_socketio::Cluster;

use crate::hub::{Fault, Hub};
use crate::node::{Node, channel};

#[tokio::test]
async fn a_node_hears_of_a_room_while_it_has_a_socket_there() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let first = nodes[0].reachable(&hub, &["a", "b"]).await;
    let second = nodes[0].reachable(&hub, &["a"]).await;
    assert_eq!(hub.rooms(0), [channel("a"), channel("b")]);
    assert!(hub.rooms(1).is_empty(), "{:?}", hub.rooms(1));

    nodes[0].socket(&first).leave("b");
    hub.subscribed(0, &channel("b"), false).await;
    drop(first);
    nodes[0].socket(&second).join("c");
    hub.subscribed(0, &channel("c"), true).await;
    assert_eq!(hub.rooms(0), [channel("a"), channel("c")]);

    drop(second);
    hub.subscribed(0, &channel("a"), false).await;
    hub.subscribed(0, &channel("c"), false).await;
    assert!(hub.rooms(0).is_empty(), "{:?}", hub.rooms(0));
}

#[tokio::test]
async fn a_room_without_sockets_anywhere_costs_other_nodes_nothing() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut client = nodes[1].reachable(&hub, &["a"]).await;
    for _ in 0..100 {
        nodes[0]
            .io()
            .to("nobody")
            .emit("n", &())
            .await
            .expect("sent");
    }
    nodes[0].io().to("a").emit("end", &()).await.expect("sent");
    client.until("end").await;
    assert_eq!(nodes[1].cluster.counts().received, 1);
}

#[tokio::test]
async fn a_closed_node_hears_nothing() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 1).await;
    let _client = nodes[0].reachable(&hub, &["a"]).await;
    nodes[0]
        .gateway
        .close(std::time::Duration::from_secs(1))
        .await;
    hub.subscribed(0, &channel("a"), false).await;
    hub.subscribed(0, "all:/", false).await;
}

#[tokio::test]
async fn what_could_not_be_subscribed_is_subscribed_when_the_bus_is_back() {
    let hub = Hub::new();
    hub.set(Fault::Away);
    let node = Node::start(0, Cluster::over(hub.join())).await;
    let mut client = node.client(&["a"]).await;
    assert_eq!(hub.rooms(0), [""; 0]);
    hub.set(Fault::None);
    hub.subscribed(0, &channel("a"), true).await;
    hub.subscribed(0, "all:/", true).await;
    let nodes = Node::cluster(&hub, 1).await;
    nodes[0]
        .io()
        .to("a")
        .emit("hello", &())
        .await
        .expect("sent");
    assert_eq!(client.event().await.name, "hello");
}
