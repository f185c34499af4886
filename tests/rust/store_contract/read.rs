//! `PresenceStore::read`: a room's records and its version.

use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Conns, Part};
use rtm_domain::presence::epoch::Version;

use super::subject::{Subject, end, write};

pub(crate) async fn a_room_shows_all_but_tombstones_in_order(it: &impl Subject) {
    for conn in ["b", "c", "a", "d"] {
        it.applied(&write("r", conn)).await;
    }
    it.applied(&write("other", "e")).await;
    let version = it.applied(&end(&write("r", "c"))).await;
    let read = it.read("r").await;
    let conns: Vec<&str> = read.records.iter().map(|(conn, _)| conn.as_str()).collect();
    assert_eq!(conns, ["a", "b", "d"]);
    assert_eq!(read.version, version);
}

pub(crate) async fn one_connection_is_shown_also_as_a_tombstone(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.applied(&write("r", "b")).await;
    let ended = end(&first);
    it.applied(&ended).await;
    let found = it.find(&first).await.expect("it is there");
    assert_eq!(found.record, ended.record);
    assert_eq!(found.revision, ended.revision);
}

pub(crate) async fn a_forgotten_tombstone_is_not_shown(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.applied(&end(&first)).await;
    it.advance(1000).await;
    assert_eq!(it.find(&first).await, None);
}

pub(crate) async fn lapsed_records_are_shown_as_lapsed(it: &impl Subject) {
    it.applied(&write("r", "a")).await;
    it.advance(500).await;
    it.applied(&write("r", "b")).await;
    it.advance(500).await;
    let lapsed: Vec<bool> = {
        let records = it.read("r").await.records;
        records.iter().map(|(_, found)| found.lapsed).collect()
    };
    assert_eq!(lapsed, [true, false]);
}

pub(crate) async fn a_floor_raises_the_version_and_never_lowers_it(it: &impl Subject) {
    let room = RoomId::trusted("r");
    let version = it.applied(&write("r", "a")).await;
    let floor = Version(version.0 + 5000);
    for (floor, after) in [(Version(1), version), (floor, floor), (version, floor)] {
        let read = it.store().read(&room, floor, Conns::Live).await;
        assert_eq!(read.expect("it answers").version, after);
    }
    let renewed = it
        .store()
        .renew(Part(0), &[], std::slice::from_ref(&room))
        .await;
    assert_eq!(renewed.expect("it answers").versions, [floor]);
}

pub(crate) async fn a_floor_counts_for_the_next_event(it: &impl Subject) {
    let room = RoomId::trusted("r");
    it.feed().subscribe(&room).await.expect("it answers");
    let floor = Version(it.time().0 + 5000);
    it.store()
        .read(&room, floor, Conns::Live)
        .await
        .expect("it answers");
    let version = it.applied(&write("r", "a")).await;
    assert_eq!(version, Version(floor.0 + 1));
    let heard = it.heard().await;
    let (_, published) = heard.first().expect("it was published");
    assert_eq!((published.prev, published.version), (floor, version));
}

pub(crate) async fn reading_a_room_that_is_not_there_leaves_nothing(it: &impl Subject) {
    let read = it.read("r").await;
    assert_eq!((read.version, read.records), (Version(0), vec![]));
    assert!(it.is_empty().await);
}

pub(crate) async fn a_raised_version_is_forgotten_when_the_clock_has_passed_it(it: &impl Subject) {
    let floor = Version(it.time().0 + 300);
    let room = RoomId::trusted("r");
    it.store()
        .read(&room, floor, Conns::Live)
        .await
        .expect("it answers");
    it.advance(200).await;
    it.due(10).await;
    assert_eq!(it.read("r").await.version, floor);
    it.advance(200).await;
    it.due(10).await;
    assert!(
        it.is_empty().await,
        "a room without records is kept for ever"
    );
}
