//! What only the store in memory promises: limits.

use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Committed, PresenceStore};
use rtm_memory::MemoryLimits;

use super::run;
use super::subject::{Memory, Subject, end, keep, over, write};

#[test]
fn when_full_new_records_are_refused_and_the_others_live_on() {
    run(
        || Some(limited(2, usize::MAX)),
        async |it: &Memory| {
            let first = write("r", "a");
            it.applied(&first).await;
            it.applied(&write("r", "b")).await;
            let refused = it.store.commit(write("r", "c")).await;
            assert!(matches!(refused, Err(StoreError::Full(_))));
            it.applied(&over(&first)).await;
            assert_eq!(it.store.size(), (1, 2));
        },
    );
}

#[test]
fn when_full_the_oldest_tombstones_make_room() {
    run(
        || Some(limited(3, usize::MAX)),
        async |it: &Memory| {
            for conn in ["a", "b"] {
                it.applied(&write("r", conn)).await;
                it.applied(&end(&write("r", conn))).await;
                it.advance(1).await;
            }
            for conn in ["c", "d"] {
                it.applied(&write("r", conn)).await;
            }
            assert_eq!(it.find(&write("r", "a")).await, None);
            assert!(it.find(&write("r", "b")).await.is_some());
            it.applied(&write("r", "e")).await;
            assert_eq!(it.find(&write("r", "b")).await, None);
            assert_eq!(it.store.size(), (1, 3));
        },
    );
}

#[test]
fn a_full_store_still_recognises_a_retry_and_tells_of_a_conflict() {
    run(
        || Some(limited(1, usize::MAX)),
        async |it: &Memory| {
            let first = write("r", "a");
            it.applied(&first).await;
            let retry = it.store.commit(first.clone()).await;
            assert!(matches!(retry, Ok(Committed::Applied { .. })), "{retry:?}");
            let mut other = first.clone();
            other.revision.attempt = 2;
            let conflict = it.store.commit(other).await;
            assert!(
                matches!(conflict, Ok(Committed::Conflict { .. })),
                "{conflict:?}"
            );
        },
    );
}

#[test]
fn a_full_store_takes_ends_and_forgets_them_first() {
    run(
        || Some(limited(2, usize::MAX)),
        async |it: &Memory| {
            for conn in ["a", "b"] {
                it.applied(&write("r", conn)).await;
            }
            it.applied(&end(&write("r", "a"))).await;
            it.applied(&write("r", "c")).await;
            assert_eq!(it.store.size(), (1, 2));
            assert_eq!(it.read("r").await.records.len(), 2);
        },
    );
}

#[test]
fn tombstones_weigh_no_more_than_they_may() {
    run(
        || Some(limited(1_000, 10_000)),
        async |it: &Memory| {
            let text = format!("\"{}\"", "x".repeat(1_000));
            for nth in 0..50 {
                let mut first = write("r", &format!("c{nth:02}"));
                first.record.state = [("text", text.as_str())].into_iter().collect();
                it.applied(&first).await;
                let mut ended = keep(end(&first), 60_000);
                ended.record.state = first.record.state.clone();
                it.applied(&ended).await;
                it.advance(1).await;
            }
            let (_, records) = it.store.size();
            assert!((5..=9).contains(&records), "{records} tombstones are kept");
            // The youngest stay.
            assert!(it.find(&write("r", "c49")).await.is_some());
            assert!(it.find(&write("r", "c30")).await.is_none());
            it.advance(60_000).await;
            it.due(10).await;
            assert!(it.is_empty().await);
        },
    );
}

#[test]
fn a_room_that_is_only_subscribed_to_is_kept_until_it_is_not() {
    run(
        || Some(limited(10, 10)),
        async |it: &Memory| {
            let room = RoomId::trusted("r");
            it.feed().subscribe(&room).await.expect("it answers");
            assert_eq!(it.store.size(), (1, 0));
            it.feed().unsubscribe(&room).await;
            assert_eq!(it.store.size(), (0, 0));
        },
    );
}

fn limited(records_max: usize, tombstone_bytes_max: usize) -> Memory {
    Memory::limited(MemoryLimits {
        records_max,
        tombstone_bytes_max,
    })
}
