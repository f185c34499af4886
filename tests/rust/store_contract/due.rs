//! `PresenceStore::due`: what is over, and what may be forgotten.

use rtm_domain::ids::RoomId;
use rtm_domain::ports::Part;
use rtm_tests::world::ms;

use super::subject::{Subject, end, keep, over, quiet, write};

pub(crate) async fn what_is_over_is_due_those_first_that_have_waited_longest(it: &impl Subject) {
    it.applied(&keep(write("z", "c"), 100)).await;
    it.applied(&keep(write("a", "b"), 300)).await;
    it.applied(&keep(write("m", "a"), 200)).await;
    it.applied(&keep(write("m", "z"), 5000)).await;
    it.advance(300).await;
    assert_eq!(it.due(10).await, ["z/c", "m/a", "a/b"]);
    // Asking changes nothing: what is due stays so until somebody ends it.
    assert_eq!(it.due(10).await, ["z/c", "m/a", "a/b"]);
    let due = it
        .store()
        .due(Part(0), 10, ms(100_000))
        .await
        .expect("it answers");
    for (room, conn, found) in due.lapsed {
        let first = write(room.as_str(), conn.as_str());
        assert!(found.lapsed);
        assert_eq!(
            (found.revision, found.record),
            (first.revision, first.record)
        );
    }
}

pub(crate) async fn no_more_than_the_limit_is_returned(it: &impl Subject) {
    for (conn, span) in [("a", 3), ("b", 1), ("c", 2)] {
        it.applied(&keep(write("r", conn), span)).await;
    }
    it.advance(10).await;
    assert_eq!(it.due(2).await, ["r/b", "r/c"]);
    it.applied(&end(&write("r", "b"))).await;
    assert_eq!(it.due(2).await, ["r/c", "r/a"]);
}

pub(crate) async fn a_lease_that_was_renewed_or_replaced_is_not_due(it: &impl Subject) {
    let (renewed, replaced) = (write("r", "a"), write("r", "b"));
    it.applied(&renewed).await;
    it.applied(&replaced).await;
    it.advance(900).await;
    assert!(!it.reports(&renewed, 1000).await);
    it.applied(&over(&replaced)).await;
    it.advance(900).await;
    assert_eq!(it.due(10).await, [""; 0]);
}

pub(crate) async fn a_lease_is_over_at_its_deadline(it: &impl Subject) {
    it.applied(&write("r", "a")).await;
    it.advance(999).await;
    assert_eq!(it.due(10).await, [""; 0]);
    it.advance(1).await;
    assert_eq!(it.due(10).await, ["r/a"]);
}

pub(crate) async fn a_lease_that_is_too_long_is_clamped(it: &impl Subject) {
    let (long, short) = (keep(write("r", "a"), 1_000_000), write("r", "b"));
    it.applied(&long).await;
    it.applied(&short).await;
    it.store()
        .due(Part(0), 10, ms(3000))
        .await
        .expect("it answers");
    it.advance(1000).await;
    assert_eq!(it.due(10).await, ["r/b"]);
    it.advance(1999).await;
    assert!(!it.find(&long).await.expect("it is there").lapsed);
    it.advance(1).await;
    assert_eq!(it.due(10).await, ["r/b", "r/a"]);
    // Tombstones are no leases.
    let ended = keep(end(&long), 1_000_000);
    it.applied(&ended).await;
    it.store()
        .due(Part(0), 10, ms(10))
        .await
        .expect("it answers");
    it.advance(5000).await;
    assert!(it.find(&ended).await.is_some());
}

pub(crate) async fn tombstones_are_forgotten_and_never_due(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.applied(&end(&first)).await;
    it.applied(&keep(write("r", "b"), 5000)).await;
    it.advance(1000).await;
    assert_eq!(it.due(10).await, [""; 0]);
    assert_eq!(it.find(&first).await, None);
    assert_eq!(it.read("r").await.records.len(), 1);
}

pub(crate) async fn rooms_and_records_are_forgotten_in_the_end(it: &impl Subject) {
    let room = RoomId::trusted("heard");
    it.feed().subscribe(&room).await.expect("it answers");
    for room in ["a", "b", "heard"] {
        for conn in ["x", "y"] {
            let first = write(room, conn);
            it.applied(&first).await;
            let closing = quiet(over(&first));
            it.applied(&closing).await;
            it.applied(&end(&closing)).await;
        }
    }
    it.advance(500).await;
    it.due(10).await;
    assert!(!it.is_empty().await);
    it.advance(500).await;
    it.due(10).await;
    it.feed().unsubscribe(&room).await;
    assert!(it.is_empty().await);
}
