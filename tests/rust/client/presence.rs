//! Joins, changes, restarts: the client's view is what the server shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rtm_client::protocol::{LostReason, State};
use rtm_client::{Client, ClientError, ClientOptions, JoinOptions};

use super::rig::{Rig, options, until};

const LONG: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn members_see_each_other_come_change_and_go() {
    let rig = Rig::start(LONG).await;
    let (ann, bob) = (rig.client().await, rig.client().await);
    let hall = ann.join("hall", JoinOptions::as_user("ann")).await.unwrap();
    let with_mood = JoinOptions {
        state: Some(State::parse(r#"{"mood":"calm","n":1.50}"#).unwrap()),
        ..JoinOptions::as_user("bob")
    };
    let bobs = bob.join("hall", with_mood).await.unwrap();
    until(&ann, || hall.members().len() == 2).await;
    assert_eq!(bobs.members().len(), 2);
    let changed = bobs
        .update(State::parse(r#"{"mood":"merry"}"#).unwrap())
        .await;
    assert!(changed.unwrap());
    let shows = |text: &str| {
        let members = hall.members();
        members
            .iter()
            .any(|member| member.state.to_string() == text)
    };
    until(&ann, || shows(r#"{"mood":"merry","n":1.50}"#)).await;
    bobs.leave().await.unwrap();
    until(&ann, || hall.members().len() == 1).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_keep_a_presence_for_longer_than_its_ttl() {
    // Long enough for a busy machine to send three heartbeats in it.
    let ttl = Duration::from_secs(3);
    let rig = Rig::start(ttl).await;
    let ann = rig.client().await;
    let hall = ann.join("hall", JoinOptions::as_user("ann")).await.unwrap();
    let (_, joined) = hall.own().unwrap();
    let silent = ClientOptions {
        heartbeat_interval: Some(LONG),
        ..options()
    };
    let bob = Client::connect(&rig.url(), silent).await.unwrap();
    let bobs = bob.join("hall", JoinOptions::as_user("bob")).await.unwrap();
    until(&ann, || hall.members().len() == 2).await;
    // Bob is told that he is gone, and comes back by himself as the same connection.
    let before = bobs.own().unwrap();
    until(&bob, || bobs.own().is_some_and(|own| own.1 > before.1)).await;
    assert_eq!(bobs.own().unwrap().0, before.0);
    assert!(hall.lost().is_none());
    until(&ann, || hall.members().len() == 2).await;
    let epoch = hall.own().map(|own| own.1);
    assert_eq!(epoch, Some(joined), "ann never had to join again");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_server_everyone_is_back() {
    let mut rig = Rig::start(LONG).await;
    let clients = [rig.client().await, rig.client().await, rig.client().await];
    let mut rooms = Vec::new();
    for (nth, client) in clients.iter().enumerate() {
        let user = JoinOptions::as_user(format!("user-{nth}"));
        rooms.push(client.join("hall", user).await.unwrap());
    }
    let patch = State::parse(r#"{"kept":true}"#).unwrap();
    rooms[0].update(patch).await.unwrap();
    rig.restart().await;
    for (client, room) in clients.iter().zip(&rooms) {
        let all_back = || {
            let members = room.members();
            let kept = members.iter().filter(|it| it.state.get("kept").is_some());
            members.len() == 3 && kept.count() == 1 && client.is_connected()
        };
        until(client, all_back).await;
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_is_refused_disturbs_no_other() {
    let rig = Rig::start(LONG).await;
    let ann = rig.client().await;
    let hall = ann.join("hall", JoinOptions::as_user("ann")).await.unwrap();
    let refused = ann.join("", JoinOptions::as_user("ann")).await;
    assert!(matches!(refused, Err(ClientError::Reply(reply)) if reply.field.is_some()));
    assert_eq!(hall.lost(), None::<LostReason>);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_before_every_attempt() {
    let mut rig = Rig::start(LONG).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let with_tokens = ClientOptions {
        token_provider: Some(Arc::new(move || {
            let nth = counter.fetch_add(1, Ordering::SeqCst);
            // The second time there is none: the client tries again, and never without.
            let token = if nth == 1 {
                Err("away".into())
            } else {
                Ok(Some("t".into()))
            };
            Box::pin(async move { token })
        })),
        ..options()
    };
    let client = Client::connect(&rig.url(), with_tokens).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    rig.restart().await;
    until(&client, || {
        client.is_connected() && asked.load(Ordering::SeqCst) >= 3
    })
    .await;
    rig.stop().await;
}
