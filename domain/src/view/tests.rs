//! What a view tells of each event and of each repair. Random streams are in
//! `tests/streams.rs`.

mod given;
mod repairs;
mod streams;

use super::*;
use given::*;

// Applying

#[test]
fn an_event_in_its_place_is_told_once() {
    let mut view = on(10, []);
    let one = event(("a", 5), (10, 11), joined("1"));
    let deliveries = delivered(view.feed(one.clone()));
    assert_eq!(told(&deliveries), [line(("a", 5), join("1"), (10, 11))]);
    assert_eq!(deliveries[0].at, Timestamp(11));
    assert_eq!(view.version(), Version(11));
    assert!(delivered(view.feed(one)).is_empty(), "a duplicate");
}

#[test]
fn an_update_is_told_with_the_full_state() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    let deliveries = delivered(view.feed(event(("a", 5), (10, 11), updated("2"))));
    assert_eq!(told(&deliveries), [line(("a", 5), update("2"), (10, 11))]);
}

#[test]
fn a_join_of_somebody_shown_tells_the_higher_epoch() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    let deliveries = delivered(view.feed(event(("a", 6), (10, 11), joined("1"))));
    assert_eq!(told(&deliveries), [line(("a", 6), join("1"), (10, 11))]);
}

#[test]
fn an_update_that_raises_the_epoch_or_shows_somebody_new_is_told_as_a_join() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    let deliveries = delivered(view.feed(event(("a", 6), (10, 11), updated("1"))));
    assert_eq!(told(&deliveries), [line(("a", 6), join("1"), (10, 11))]);
    let deliveries = delivered(view.feed(event(("b", 5), (11, 12), updated("1"))));
    assert_eq!(told(&deliveries), [line(("b", 5), join("1"), (11, 12))]);
}

#[test]
fn a_leave_is_told_of_who_is_shown_with_the_epoch_that_is_shown() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    let deliveries = delivered(view.feed(left(("a", 7), (10, 11))));
    assert_eq!(told(&deliveries), [line(("a", 5), leave(), (10, 11))]);
    assert!(view.is_empty());
    assert!(delivered(view.feed(left(("a", 7), (11, 12)))).is_empty());
}

/// P3.
#[test]
fn an_event_that_changes_nothing_is_not_told_and_the_next_one_chains_past_it() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    for (prev, kind) in [(10, joined("1")), (11, updated("1"))] {
        assert!(delivered(view.feed(event(("a", 5), (prev, prev + 1), kind))).is_empty());
    }
    assert_eq!((view.version(), view.told()), (Version(12), Version(10)));
    let deliveries = delivered(view.feed(event(("a", 5), (12, 13), updated("2"))));
    assert_eq!(told(&deliveries), [line(("a", 5), update("2"), (10, 13))]);
}

/// P2, P6.
#[test]
fn a_lower_epoch_is_told_as_a_leave_and_a_join() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    let deliveries = delivered(view.feed(event(("a", 4), (10, 11), updated("1"))));
    assert_eq!(
        told(&deliveries),
        [
            line(("a", 5), vanish(), (10, 11)),
            line(("a", 4), join("1"), (11, 11)),
        ]
    );
}

// Gaps

#[test]
fn an_event_behind_a_gap_waits_for_a_repair() {
    let mut view = on(10, []);
    assert_eq!(
        view.feed(event(("b", 5), (11, 12), joined("2"))),
        Fed::Repair
    );
    assert!(!view.is_on());
    assert_eq!(view.feed(event(("c", 5), (12, 13), joined("3"))), Fed::Wait);
    let missed = read(11, [found(("a", 5), 1, "1")]);
    let (deliveries, again) = view.repair(&missed, Trust::Full, NOW);
    assert!(!again && view.is_on());
    assert_eq!(
        told(&deliveries),
        [
            line(("a", 5), join("1"), (10, 11)),
            line(("b", 5), join("2"), (11, 12)),
            line(("c", 5), join("3"), (12, 13)),
        ]
    );
}

#[test]
fn an_event_older_than_the_view_is_ignored() {
    let mut view = on(10, []);
    for (prev, version) in [(1, 2), (8, 9), (9, 10)] {
        let old = event(("a", 5), (prev, version), joined("1"));
        assert!(delivered(view.feed(old)).is_empty());
    }
    assert!(view.is_empty() && view.is_on());
}

#[test]
fn an_event_in_its_place_is_applied_whatever_its_version_is() {
    // A store that lost its data starts with lower numbers only if nobody gave it a floor.
    let mut view = on(10, []);
    let deliveries = delivered(view.feed(event(("a", 5), (10, 3), joined("1"))));
    assert_eq!(told(&deliveries), [line(("a", 5), join("1"), (10, 10))]);
    assert_eq!(view.version(), Version(3));
}

#[test]
fn a_view_that_waits_holds_nobody() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    assert!(view.holds(&conn("a"), epoch(5)) && view.holds(&conn("a"), epoch(4)));
    assert!(!view.holds(&conn("a"), epoch(6)) && !view.holds(&conn("b"), epoch(5)));
    assert!(view.begin_repair());
    assert!(!view.begin_repair(), "it waits already");
    assert!(!view.holds(&conn("a"), epoch(5)));
    assert!(view.shows(&conn("a")), "it is shown nevertheless");
}

// Snapshots

#[test]
fn the_first_reading_is_the_version_of_the_first_snapshot() {
    let mut view = View::opening();
    assert!(!view.is_on());
    view.repair(&read(10, [found(("a", 5), 1, "1")]), Trust::Full, NOW);
    let snapshot = view.snapshot(|_, _| Timestamp(77));
    assert_eq!(snapshot.version, Version(10));
    assert_eq!(snapshot.entries[0].last_seen, Timestamp(77));
    assert_eq!(entries(&view), [("a".into(), 5, "1".into())]);
}

#[test]
fn the_first_reading_of_an_empty_room_counts_too() {
    let mut view = on(10, []);
    assert_eq!(view.told(), Version(10));
    let deliveries = delivered(view.feed(event(("a", 5), (10, 11), joined("1"))));
    assert_eq!(deliveries[0].prev, Version(10));
}

#[test]
fn a_snapshot_carries_what_was_told_last_and_is_ordered() {
    let mut view = on(10, [found(("b", 5), 1, "1")]);
    delivered(view.feed(event(("b", 5), (10, 11), updated("1"))));
    assert_eq!(view.snapshot(|_, at| at).version, Version(10));
    delivered(view.feed(event(("a", 5), (11, 12), joined("2"))));
    assert_eq!(view.snapshot(|_, at| at).version, Version(12));
    let names: Vec<_> = entries(&view).into_iter().map(|entry| entry.0).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn an_own_join_leaves_the_version_where_it_is() {
    let view = on(10, [found(("a", 5), 1, "1")]);
    let own = view.own_join(&conn("a")).unwrap();
    assert_eq!(told(&[own]), [line(("a", 5), join("1"), (10, 10))]);
    assert_eq!(view.own_join(&conn("b")), None);
}
