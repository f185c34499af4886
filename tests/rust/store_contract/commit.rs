//! `PresenceStore::commit`: one step, compared by revision.

use rtm_domain::presence::epoch::Version;

use super::subject::{Subject, end, epoch, keep, over, quiet, write};

pub(crate) async fn a_first_write_is_applied(it: &impl Subject) {
    let first = write("r", "a");
    let version = it.applied(&first).await;
    let found = it.find(&first).await.expect("it is there");
    assert_eq!(found.revision, first.revision);
    assert_eq!(found.record, first.record);
    assert_eq!(found.version, version);
    assert!(!found.lapsed);
}

pub(crate) async fn a_write_that_expects_what_stands_there_replaces_it(it: &impl Subject) {
    let first = write("r", "a");
    let before = it.applied(&first).await;
    let second = over(&first);
    let version = it.applied(&second).await;
    assert!(version > before);
    let found = it.find(&first).await.expect("it is there");
    assert_eq!(found.record, second.record);
    assert_eq!(found.revision, second.revision);
    assert_eq!(found.version, version);
}

pub(crate) async fn a_write_that_expects_something_else_conflicts_and_changes_nothing(
    it: &impl Subject,
) {
    let first = write("r", "a");
    it.applied(&first).await;
    let second = over(&first);
    it.applied(&second).await;
    let before = it.read("r").await;
    let mut late = over(&first);
    late.revision.attempt = 9;
    let found = it.conflict(&late).await.expect("it found something");
    assert_eq!(found.revision, second.revision);
    assert_eq!(found.record, second.record);
    let after = it.read("r").await;
    assert_eq!(after.records, before.records);
    assert_eq!(after.version, before.version);
}

pub(crate) async fn a_write_that_expects_nothing_conflicts_with_a_record(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let mut other = write("r", "a");
    other.revision.attempt = 2;
    let found = it.conflict(&other).await.expect("it found something");
    assert_eq!(found.revision, first.revision);
}

pub(crate) async fn a_write_that_expects_a_record_conflicts_with_nothing(it: &impl Subject) {
    assert_eq!(it.conflict(&over(&write("r", "a"))).await, None);
    assert_eq!(it.read("r").await.records, []);
}

pub(crate) async fn a_retry_is_recognised_and_changes_nothing(it: &impl Subject) {
    let first = write("r", "a");
    let version = it.applied(&first).await;
    it.applied(&write("r", "b")).await;
    it.advance(500).await;
    let mut retry = first.clone();
    retry.record.state = [("n", "2")].into_iter().collect();
    assert_eq!(it.applied(&retry).await, version);
    let found = it.find(&first).await.expect("it is there");
    assert_eq!(found.record, first.record);
    // Its lease was not moved either.
    it.advance(500).await;
    assert!(it.find(&first).await.expect("it is there").lapsed);
}

pub(crate) async fn a_retry_is_recognised_when_its_lease_is_over(it: &impl Subject) {
    let first = write("r", "a");
    let version = it.applied(&first).await;
    it.advance(1500).await;
    assert_eq!(it.applied(&first).await, version);
    assert!(it.find(&first).await.expect("it is there").lapsed);
}

pub(crate) async fn a_retry_that_was_overtaken_conflicts(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let second = over(&first);
    it.applied(&second).await;
    let found = it.conflict(&first).await.expect("it found something");
    assert_eq!(found.revision, second.revision);
}

pub(crate) async fn a_tombstone_is_found_until_its_deadline(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let ended = end(&first);
    it.applied(&ended).await;
    it.advance(999).await;
    let mut fresh = write("r", "a");
    fresh.revision.epoch = epoch(2);
    let found = it.conflict(&fresh).await.expect("it found the tombstone");
    assert_eq!(found.record, ended.record);
    // It may be written over by who has seen it.
    fresh.expected = Some(ended.revision);
    it.applied(&fresh).await;
    it.advance(5).await;
    let found = it.find(&fresh).await.expect("it is there");
    assert_eq!((found.revision, found.lapsed), (fresh.revision, false));
}

pub(crate) async fn a_tombstone_past_its_deadline_counts_as_nothing(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let ended = end(&first);
    it.applied(&ended).await;
    it.advance(1000).await;
    let mut late = over(&ended);
    late.revision.attempt = 7;
    assert_eq!(it.conflict(&late).await, None);
    let mut fresh = write("r", "a");
    fresh.revision.epoch = epoch(2);
    it.applied(&fresh).await;
}

pub(crate) async fn a_lapsed_record_is_found_as_such(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.advance(1000).await;
    let mut other = write("r", "a");
    other.revision.epoch = epoch(2);
    let found = it.conflict(&other).await.expect("it found something");
    assert!(found.lapsed);
    other.expected = Some(found.revision);
    it.applied(&other).await;
    assert!(!it.find(&other).await.expect("it is there").lapsed);
}

pub(crate) async fn records_of_other_rooms_and_connections_are_left_alone(it: &impl Subject) {
    // Names that a careless key would mix up.
    let all = [
        write("r", "a:b"),
        write("r:a", "b"),
        write("r", "a"),
        write("r:a:b", "b"),
    ];
    for commit in &all {
        it.applied(commit).await;
    }
    it.applied(&end(&all[0])).await;
    for commit in &all[1..] {
        let found = it.find(commit).await.expect("it is there");
        assert_eq!(found.record, commit.record);
    }
    assert_eq!(it.read("r").await.records.len(), 1);
}

pub(crate) async fn a_version_is_the_clock_or_one_more_than_the_last(it: &impl Subject) {
    let first = write("r", "a");
    let before = it.time();
    let version = it.applied(&first).await;
    assert!(version >= Version(before.0) && version <= Version(it.time().0));
    let mut last = version;
    let mut latest = first;
    for _ in 0..20 {
        latest = over(&latest);
        let version = it.applied(&latest).await;
        assert!(version > last);
        assert!(version.0 <= (last.0 + 1).max(it.time().0));
        last = version;
    }
    it.advance(500).await;
    let before = it.time();
    let version = it.applied(&over(&latest)).await;
    assert!(version >= Version(before.0));
}

pub(crate) async fn a_version_is_one_more_than_the_floor(it: &impl Subject) {
    let mut first = write("r", "a");
    first.floor = Version(it.time().0 + 1_000_000);
    assert_eq!(it.applied(&first).await, Version(first.floor.0 + 1));
    // From then on without a floor, and in another room not at all.
    let second = it.applied(&write("r", "b")).await;
    assert_eq!(second, Version(first.floor.0 + 2));
    assert!(it.applied(&write("other", "a")).await < first.floor);
}

pub(crate) async fn a_write_without_an_event_keeps_the_version(it: &impl Subject) {
    let first = write("r", "a");
    let version = it.applied(&first).await;
    it.applied(&write("r", "b")).await;
    it.advance(100).await;
    let before = it.read("r").await.version;
    let silent = quiet(over(&first));
    assert_eq!(it.applied(&silent).await, version);
    assert_eq!(it.read("r").await.version, before);
    let found = it.find(&silent).await.expect("it is there");
    assert_eq!((found.record, found.version), (silent.record, version));
}

pub(crate) async fn a_conflict_raises_no_version(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let before = it.read("r").await.version;
    it.advance(100).await;
    let mut other = write("r", "a");
    other.revision.attempt = 2;
    other.floor = Version(before.0 + 1_000);
    it.conflict(&other).await;
    assert_eq!(it.read("r").await.version, before);
}

pub(crate) async fn a_write_moves_the_deadline_also_to_earlier(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let short = keep(quiet(over(&first)), 100);
    it.applied(&short).await;
    it.advance(100).await;
    assert!(it.find(&short).await.expect("it is there").lapsed);
    let long = keep(quiet(over(&short)), 5000);
    it.applied(&long).await;
    it.advance(4000).await;
    assert!(!it.find(&long).await.expect("it is there").lapsed);
    assert_eq!(it.due(10).await, [""; 0]);
}
