//! What only memory has: a clock moved by hand, and a bound on its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm::domain::ids::RoomId;
use rtm::domain::ports::Clock;
use rtm::domain::time::{Moment, Timestamp};
use rtm::modules::chat::{ChatSettings, ChatStore, MemoryChat, MsgId};

use super::stage::draft;

/// Both clocks start at a day, and stand.
#[derive(Default)]
pub(crate) struct Clocks(AtomicU64);

const DAY: u64 = 86_400_000;

impl Clock for Clocks {
    fn now(&self) -> Moment {
        Moment(DAY + self.0.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(self.now().0)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn what_is_silent_for_the_retention_is_forgotten() {
    let clock = Arc::new(Clocks::default());
    let settings = ChatSettings {
        retention: Duration::from_millis(100),
        ..ChatSettings::default()
    };
    let store = MemoryChat::new(clock.clone(), settings);
    let room = RoomId::trusted("room");
    let said = store
        .append(&room, &draft("ada", "1", Some("n")), MsgId::START)
        .await
        .unwrap();
    clock.0.store(99, Ordering::SeqCst);
    assert_eq!(store.page(&room, None, 10).await.unwrap().len(), 1);
    clock.0.store(100, Ordering::SeqCst);
    assert_eq!(store.page(&room, None, 10).await.unwrap().len(), 0);
    let since = store.since(&room, said.id, MsgId::START).await.unwrap();
    assert!(!since.complete && since.messages.is_empty());
    assert_eq!(store.bytes(), 0);
    let again = store
        .append(&room, &draft("ada", "1", Some("n")), MsgId::START)
        .await
        .unwrap();
    assert!(again.fresh && again.id > said.id);
    clock.0.store(300, Ordering::SeqCst);
    store.tidy();
    assert_eq!(store.bytes(), 0);
}

#[tokio::test]
async fn memory_is_bounded_and_the_rooms_silent_for_longest_go_first() {
    let clock = Arc::new(Clocks::default());
    let max = 1 << 20;
    let settings = ChatSettings {
        memory_bytes_max: max,
        page_bytes_max: 2 * max,
        history_max: 10_000,
        ..ChatSettings::default()
    };
    let store = MemoryChat::new(clock.clone(), settings);
    let text = format!("\"{}\"", "x".repeat(10_000));
    let say = async |room: &RoomId| {
        clock.0.fetch_add(1, Ordering::SeqCst);
        store
            .append(room, &draft("ada", &text, None), MsgId::START)
            .await
            .unwrap();
        assert!(store.bytes() <= max, "{}", store.bytes());
    };
    let [lively, silent, loud] = ["lively", "silent", "loud"].map(RoomId::trusted);
    say(&silent).await;
    for nth in 0..60 {
        say(&RoomId::trusted(format!("room-{nth}"))).await;
        say(&lively).await;
    }
    let kept = async |room| store.page(room, None, 10_000).await.unwrap().len();
    assert_eq!((kept(&silent).await, kept(&lively).await), (0, 60));
    for _ in 0..200 {
        say(&loud).await;
    }
    let last = kept(&loud).await;
    assert!((50..=105).contains(&last), "{last}");
}
