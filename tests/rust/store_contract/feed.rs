//! `Feed`: events of subscribed rooms, in order, once.

use rtm_domain::ids::RoomId;
use rtm_domain::presence::event::Happened;

use super::subject::{Subject, end, over, quiet, write};

pub(crate) async fn events_of_a_room_arrive_in_order_and_chained(it: &impl Subject) {
    subscribe(it, "r").await;
    let before = it.read("r").await.version;
    let first = write("r", "a");
    let second = over(&first);
    let third = end(&second);
    let mut versions = Vec::new();
    for commit in [&first, &write("r", "b"), &second, &third] {
        versions.push(it.applied(commit).await);
    }
    let heard = it.heard().await;
    let mut prev = before;
    for ((room, published), version) in heard.iter().zip(&versions) {
        assert_eq!(room.as_str(), "r");
        assert_eq!((published.prev, published.version), (prev, *version));
        prev = *version;
    }
    assert_eq!(heard.len(), 4);
    let event = third.event.expect("it has one");
    assert!(matches!(event.kind, Happened::Left(_)));
    assert_eq!(heard[3].1.event, event);
}

pub(crate) async fn only_subscribed_rooms_are_heard(it: &impl Subject) {
    it.applied(&write("r", "early")).await;
    subscribe(it, "r").await;
    it.applied(&write("other", "a")).await;
    it.applied(&write("r", "a")).await;
    let heard = it.heard().await;
    let conns: Vec<&str> = heard.iter().map(|(_, it)| it.event.conn.as_str()).collect();
    assert_eq!(conns, ["a"]);
    assert_eq!(heard[0].0.as_str(), "r");
}

pub(crate) async fn after_unsubscribing_nothing_more_is_committed_to_it(it: &impl Subject) {
    subscribe(it, "r").await;
    it.feed().unsubscribe(&RoomId::trusted("r")).await;
    // Late events may still arrive; not any more when it has had its turn, and others after it.
    subscribe(it, "other").await;
    subscribe(it, "other").await;
    it.applied(&write("r", "a")).await;
    it.applied(&write("other", "a")).await;
    assert_eq!(it.heard().await.len(), 1);
    subscribe(it, "r").await;
    it.applied(&write("r", "b")).await;
    assert_eq!(it.heard().await.len(), 2);
}

pub(crate) async fn a_write_without_an_event_publishes_nothing(it: &impl Subject) {
    subscribe(it, "r").await;
    let first = write("r", "a");
    it.applied(&first).await;
    it.applied(&quiet(over(&first))).await;
    assert_eq!(it.heard().await.len(), 1);
}

pub(crate) async fn conflicts_and_retries_publish_nothing(it: &impl Subject) {
    subscribe(it, "r").await;
    let first = write("r", "a");
    it.applied(&first).await;
    it.applied(&first).await;
    let mut other = write("r", "a");
    other.revision.attempt = 5;
    it.conflict(&other).await;
    assert_eq!(it.heard().await.len(), 1);
}

pub(crate) async fn subscribing_twice_brings_each_event_once(it: &impl Subject) {
    subscribe(it, "r").await;
    subscribe(it, "r").await;
    it.applied(&write("r", "a")).await;
    assert_eq!(it.heard().await.len(), 1);
}

async fn subscribe(it: &impl Subject, room: &str) {
    let room = RoomId::trusted(room);
    it.feed().subscribe(&room).await.expect("it answers");
}
