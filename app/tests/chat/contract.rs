//! The promises of the port, one case each.

use futures_util::future::join_all;
use rtm::domain::ids::ConnId;
use rtm::modules::chat::store::{Notice, READERS_MAX};
use rtm::modules::chat::{ChatSettings, MsgId};

use super::stage::{draft, room, stages, user};

fn settings() -> ChatSettings {
    ChatSettings {
        history_max: 5,
        ..ChatSettings::default()
    }
}

#[tokio::test]
async fn messages_are_kept_in_order_and_no_more_than_the_history() {
    for stage in stages(settings()).await {
        let mut ids = Vec::new();
        for nth in 0..8 {
            ids.push(stage.say(&nth.to_string()).await);
        }
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        assert_eq!(stage.page(None, 100).await, ["3", "4", "5", "6", "7"]);
        assert_eq!(stage.page(None, 2).await, ["6", "7"]);
        assert_eq!(stage.page(Some(ids[6]), 2).await, ["4", "5"]);
        assert!(stage.page(Some(ids[3]), 2).await.is_empty());
        assert!(stage.page(Some(MsgId::START), 2).await.is_empty());
        assert_eq!(stage.store.lasts(&[room()]).await.unwrap(), [ids[7]]);
    }
}

#[tokio::test]
async fn what_is_said_comes_back_as_it_was() {
    for stage in stages(settings()).await {
        let said = draft(
            "ad\u{e4} \"\\ ",
            r#"{ "n": 1.0, "b":[1e400, null],"a":"\ud83d\udc7b" }"#,
            Some("näme"),
        );
        let id = stage
            .store
            .append(&room(), &said, MsgId::START)
            .await
            .unwrap()
            .id;
        let page = stage.store.page(&room(), None, 1).await.unwrap();
        assert_eq!((page[0].id, page[0].draft.user.clone()), (id, said.user));
        assert_eq!(page[0].draft.message.get(), said.message.get());
        assert_eq!(page[0].draft.client_msg_id, said.client_msg_id);
    }
}

#[tokio::test]
async fn a_name_is_one_message_for_as_long_as_that_is_kept() {
    for stage in stages(settings()).await {
        let say = |of, name| {
            let draft = draft(of, "0", Some(name));
            let stage = &stage;
            async move {
                stage
                    .store
                    .append(&room(), &draft, MsgId::START)
                    .await
                    .unwrap()
            }
        };
        let one = say("ada", "name").await;
        assert!(one.fresh);
        let again = say("ada", "name").await;
        assert!(!again.fresh && again.id == one.id);
        assert!(say("bob", "name").await.fresh && say("ada", "last").await.fresh);
        stage.say("1").await;
        stage.say("2").await;
        assert!(!say("ada", "name").await.fresh);
        stage.say("3").await;
        assert!(say("ada", "name").await.fresh, "it is forgotten");
    }
}

#[tokio::test]
async fn many_writers_make_one_chain() {
    for stage in stages(settings()).await {
        stage.store.subscribe(&room()).await.unwrap();
        let said = join_all((0..200).map(|_| stage.say("0"))).await;
        let heard = stage.ears.until_heard(200).await;
        let mut prev = MsgId::START;
        for (before, id) in &heard {
            assert_eq!(*before, prev);
            prev = *id;
        }
        let mut said = said;
        said.sort();
        assert_eq!(heard.iter().map(|(_, id)| *id).collect::<Vec<_>>(), said);
    }
}

#[tokio::test]
async fn a_message_comes_after_all_that_a_node_has_told() {
    for stage in stages(settings()).await {
        let first = stage.say("0").await;
        let told = MsgId::from_number(first.number() + 100_000_000_000);
        let next = stage
            .store
            .append(&room(), &draft("ada", "1", None), told)
            .await
            .unwrap();
        assert!(next.id > told);
        assert!(stage.say("2").await > next.id);
        // Also where a node that reads the room is the only one to know.
        let higher = MsgId::from_number(next.id.number() + 100_000_000_000);
        let since = stage.store.since(&room(), higher, higher).await.unwrap();
        assert_eq!(
            (since.last, since.complete, since.more),
            (higher, true, false)
        );
        stage.store.subscribe(&room()).await.unwrap();
        let last = stage.say("3").await;
        assert_eq!(
            stage.ears.until_heard(1).await.last(),
            Some(&(higher, last))
        );
    }
}

#[tokio::test]
async fn what_was_said_since_is_complete_unless_something_between_is_forgotten() {
    for stage in stages(settings()).await {
        let nothing = stage
            .store
            .since(&room(), MsgId::START, MsgId::START)
            .await
            .unwrap();
        assert!(nothing.complete && nothing.messages.is_empty() && nothing.last == MsgId::START);
        let mut ids = Vec::new();
        for nth in 0..7 {
            ids.push(stage.say(&nth.to_string()).await);
        }
        let beyond = MsgId::from_number(ids[6].number() + 1);
        for (after, complete, count) in [
            (MsgId::START, false, 5),
            (ids[0], false, 5),
            (ids[1], true, 5),
            (ids[2], true, 4),
            (ids[6], true, 0),
            (beyond, false, 0),
        ] {
            let since = stage
                .store
                .since(&room(), after, MsgId::START)
                .await
                .unwrap();
            assert_eq!(
                (since.complete, since.messages.len()),
                (complete, count),
                "{after}"
            );
            assert_eq!((since.last, since.more), (ids[6], false));
        }
    }
}

#[tokio::test]
async fn a_page_has_a_size_and_one_message_at_least() {
    let small = ChatSettings {
        page_bytes_max: 3_000,
        history_max: 100,
        ..settings()
    };
    for stage in stages(small).await {
        let mut ids = Vec::new();
        for nth in 0..40 {
            ids.push(stage.say(&format!("\"{nth}{}\"", "x".repeat(500))).await);
        }
        let page = stage.page(None, 100).await;
        assert!(page.len() > 1 && page.len() < 7, "{}", page.len());
        assert!(page.last().unwrap().starts_with("\"39"));
        let since = stage
            .store
            .since(&room(), ids[0], MsgId::START)
            .await
            .unwrap();
        assert!(since.more && since.complete && since.messages[0].id == ids[1]);
        stage.say(&format!("\"{}\"", "y".repeat(5_000))).await;
        assert_eq!(stage.page(None, 100).await.len(), 1);
    }
}

#[tokio::test]
async fn reading_goes_forward_up_to_the_last_message() {
    for stage in stages(settings()).await {
        let mark = |of: &'static str, upto| {
            let stage = &stage;
            async move {
                stage
                    .store
                    .mark_read(&room(), &user(of), upto)
                    .await
                    .unwrap()
            }
        };
        let beyond = MsgId::from_number((1 << 53) - 1);
        assert_eq!(mark("ada", beyond).await, None, "nothing was said");
        let (one, two) = (stage.say("1").await, stage.say("2").await);
        assert_eq!(mark("bob", beyond).await, Some(two));
        assert_eq!(mark("ada", one).await, Some(one));
        assert_eq!(mark("ada", one).await, None);
        assert_eq!(mark("ada", MsgId::START).await, None);
        let receipts = stage.store.receipts(&room()).await.unwrap();
        assert_eq!(receipts, [(user("ada"), one), (user("bob"), two)]);
    }
}

#[tokio::test]
async fn those_who_have_read_least_are_forgotten_first() {
    for stage in stages(settings()).await {
        let one = stage.say("1").await;
        stage
            .store
            .mark_read(&room(), &user("least"), one)
            .await
            .unwrap();
        let two = stage.say("2").await;
        for nth in 0..READERS_MAX {
            let reader = user(&format!("user-{nth}"));
            stage.store.mark_read(&room(), &reader, two).await.unwrap();
        }
        let receipts = stage.store.receipts(&room()).await.unwrap();
        assert_eq!(receipts.len(), READERS_MAX);
        assert!(receipts.iter().all(|(_, upto)| *upto == two));
    }
}

#[tokio::test]
async fn notices_reach_those_who_have_subscribed() {
    for stage in stages(settings()).await {
        stage.store.subscribe(&room()).await.unwrap();
        let conn = ConnId::trusted("c-1");
        for notice in [
            Notice::Typing {
                user: user("ada"),
                conn: conn.clone(),
                typing: true,
            },
            Notice::Read {
                user: user("ada"),
                conn,
                upto: MsgId::from_number(1 << 52),
            },
        ] {
            stage.store.notify(&room(), &notice).await.unwrap();
            assert_eq!(stage.ears.until_noticed().await, notice);
        }
    }
}

#[tokio::test]
async fn rooms_know_nothing_of_each_other() {
    for stage in stages(settings()).await {
        stage.say("1").await;
        let others = [
            "room",
            "names:room",
            "{1}:room",
            "{1}:room\u{1f47b} ",
            "last",
        ];
        for other in others.map(rtm::domain::ids::RoomId::trusted) {
            assert!(stage.store.page(&other, None, 10).await.unwrap().is_empty());
            assert_eq!(
                stage
                    .store
                    .lasts(std::slice::from_ref(&other))
                    .await
                    .unwrap(),
                [MsgId::START]
            );
            assert!(stage.store.receipts(&other).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn the_last_ids_of_many_rooms_come_in_their_order() {
    for stage in stages(settings()).await {
        let rooms: Vec<_> = (0..1_000)
            .map(|nth| rtm::domain::ids::RoomId::trusted(format!("r{nth}")))
            .collect();
        let said = draft("ada", "0", None);
        let mut expected = vec![MsgId::START; rooms.len()];
        for nth in (0..rooms.len()).step_by(7) {
            expected[nth] = stage
                .store
                .append(&rooms[nth], &said, MsgId::START)
                .await
                .unwrap()
                .id;
        }
        assert_eq!(stage.store.lasts(&rooms).await.unwrap(), expected);
    }
}
