//! Who gets a broadcast: each socket that is meant, once, in order.

use serde_json::json;

use crate::hub::Hub;
use crate::node::{Node, channel};

#[tokio::test]
async fn a_broadcast_to_a_room_reaches_its_sockets_on_every_node_once() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 3).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.reachable(&hub, &["a"]).await);
        clients.push(node.client(&["a"]).await);
        clients.push(node.client(&["other"]).await);
    }
    nodes[0]
        .io()
        .to("a")
        .emit("hello", &json!({"n": 1}))
        .await
        .expect("sent");
    nodes[0].io().emit("end", &()).await.expect("sent");
    for (at, client) in clients.iter_mut().enumerate() {
        let expected: &[&str] = if at % 3 == 2 { &[] } else { &["hello"] };
        assert_eq!(client.until("end").await, expected, "client {at}");
    }
    assert_eq!(hub.published(&channel("a")), 1);
}

#[tokio::test]
async fn payloads_arrive_as_they_were_sent() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut client = nodes[1].reachable(&hub, &["a"]).await;
    let payload = json!({"text": "grüße \u{1F600} \"quoted\"", "n": [1.5, -3, null, true], "deep": {"a": {}}});
    nodes[0]
        .io()
        .to("a")
        .emit("hello", &payload)
        .await
        .expect("sent");
    assert_eq!(client.event().await.payload, payload);
}

#[tokio::test]
async fn a_socket_in_two_rooms_gets_a_broadcast_to_both_once() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 4).await;
    let mut both = nodes[1].reachable(&hub, &["a", "b"]).await;
    let mut only_a = nodes[2].reachable(&hub, &["a"]).await;
    let mut only_b = nodes[3].reachable(&hub, &["b"]).await;
    let mut apart = [
        nodes[1].reachable(&hub, &["a"]).await,
        nodes[1].reachable(&hub, &["b"]).await,
    ];
    // Whichever copy comes first.
    for late in ["a", "b"] {
        hub.hold(&channel(late));
        for n in 0..2 {
            nodes[0]
                .io()
                .to(["a", "b"])
                .emit(format!("{late}{n}"), &())
                .await
                .expect("sent");
        }
        hub.release(&channel(late));
    }
    nodes[0].io().emit("end", &()).await.expect("sent");
    for client in [&mut both, &mut only_a, &mut only_b]
        .into_iter()
        .chain(&mut apart)
    {
        assert_eq!(client.until("end").await, ["a0", "a1", "b0", "b1"]);
    }
}

#[tokio::test]
async fn many_rooms_cost_one_message() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut client = nodes[1].client(&["r40", "r41"]).await;
    let rooms: Vec<String> = (0..100).map(|n| format!("r{n}")).collect();
    nodes[0]
        .io()
        .to(rooms)
        .emit("hello", &())
        .await
        .expect("sent");
    nodes[0].io().emit("end", &()).await.expect("sent");
    assert_eq!(client.until("end").await, ["hello"]);
    assert_eq!(hub.published("all:/"), 2);
    assert_eq!(hub.published(&channel("r40")), 0);
}

#[tokio::test]
async fn those_excepted_get_nothing_on_any_node() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut in_both = Vec::new();
    let mut only_a = Vec::new();
    for node in &nodes {
        in_both.push(node.reachable(&hub, &["a", "quiet"]).await);
        only_a.push(node.reachable(&hub, &["a"]).await);
    }
    nodes[0]
        .io()
        .to("a")
        .except("quiet")
        .emit("to", &())
        .await
        .expect("sent");
    nodes[0]
        .io()
        .except("quiet")
        .emit("all", &())
        .await
        .expect("sent");
    nodes[0].io().emit("end", &()).await.expect("sent");
    for (quiet, loud) in in_both.iter_mut().zip(&mut only_a) {
        assert_eq!(quiet.until("end").await, [""; 0]);
        assert_eq!(loud.until("end").await, ["to", "all"]);
    }
}

#[tokio::test]
async fn a_sender_does_not_hear_its_own_broadcast_and_others_do() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut sender = nodes[0].reachable(&hub, &["a"]).await;
    let mut other = nodes[1].reachable(&hub, &["a"]).await;
    let socket = nodes[0].socket(&sender);
    socket.to("a").emit("to", &()).await.expect("sent");
    socket
        .broadcast()
        .emit("broadcast", &())
        .await
        .expect("sent");
    nodes[0].io().emit("end", &()).await.expect("sent");
    assert_eq!(sender.until("end").await, [""; 0]);
    assert_eq!(other.until("end").await, ["to", "broadcast"]);
}

#[tokio::test]
async fn what_is_local_stays_on_its_node() {
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 2).await;
    let mut here = nodes[0].reachable(&hub, &["a"]).await;
    let mut there = nodes[1].reachable(&hub, &["a"]).await;
    nodes[0]
        .io()
        .local()
        .to("a")
        .emit("local", &())
        .await
        .expect("sent");
    nodes[0].io().emit("end", &()).await.expect("sent");
    assert_eq!(here.until("end").await, ["local"]);
    assert_eq!(there.until("end").await, [""; 0]);
    assert_eq!(hub.published(&channel("a")), 0);
}

#[tokio::test]
async fn messages_of_a_sender_arrive_in_order() {
    const COUNT: u64 = 4_000;
    let hub = Hub::new();
    let nodes = Node::cluster(&hub, 3).await;
    let mut clients = Vec::new();
    for node in &nodes {
        clients.push(node.reachable(&hub, &["a"]).await);
    }
    let send = async {
        for n in 0..COUNT {
            for node in &nodes[..2] {
                node.io()
                    .to("a")
                    .emit("n", &json!([node.index, n]))
                    .await
                    .expect("sent");
            }
            // Clients read meanwhile: this is no test of their queues.
            if n % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    let read = futures_util::future::join_all(clients.iter_mut().map(|client| async {
        let mut next = [0, 0];
        while next != [COUNT, COUNT] {
            let payload = client.event().await.payload;
            let sender = usize::from(payload[0] == 1);
            assert_eq!(payload[1], next[sender], "of node {sender}");
            next[sender] += 1;
        }
    }));
    tokio::join!(send, read);
}
