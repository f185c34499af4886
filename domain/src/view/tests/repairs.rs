//! What a repair tells, whom it believes, and what it does with events that wait.

use super::given::*;
use super::*;

#[test]
fn a_repair_tells_the_differences_and_nothing_else() {
    let before = [
        found(("a", 5), 1, "1"),
        found(("b", 5), 1, "1"),
        found(("c", 5), 1, "1"),
        found(("d", 5), 1, "1"),
    ];
    let mut view = on(10, before);
    view.begin_repair();
    let after = [
        found(("a", 5), 1, "1"),
        found(("b", 5), 2, "2"),
        found(("c", 6), 1, "1"),
        found(("e", 5), 1, "1"),
    ];
    let (deliveries, again) = view.repair(&read(20, after), Trust::Full, NOW);
    assert!(!again);
    assert_eq!(
        told(&deliveries),
        [
            line(("d", 5), vanish(), (10, 20)),
            line(("b", 5), update("2"), (20, 20)),
            line(("c", 6), join("1"), (20, 20)),
            line(("e", 5), join("1"), (20, 20)),
        ]
    );
}

#[test]
fn a_repair_without_differences_tells_nothing() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    view.begin_repair();
    let (deliveries, again) = view.repair(&read(20, [found(("a", 5), 7, "1")]), Trust::Full, NOW);
    assert!(deliveries.is_empty() && !again);
    assert_eq!((view.version(), view.told()), (Version(20), Version(10)));
}

/// P4.
#[test]
fn a_reading_with_a_lower_version_lets_no_version_fall() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    view.begin_repair();
    let (deliveries, _) = view.repair(&read(4, []), Trust::Full, NOW);
    assert_eq!(told(&deliveries), [line(("a", 5), vanish(), (10, 10))]);
    assert_eq!(
        view.version(),
        Version(4),
        "the store's is what it chains to"
    );
}

#[test]
fn events_that_the_reading_holds_are_dropped() {
    let mut view = on(10, []);
    view.begin_repair();
    assert_eq!(view.feed(event(("a", 5), (10, 11), joined("1"))), Fed::Wait);
    assert_eq!(view.feed(left(("a", 5), (11, 12))), Fed::Wait);
    assert_eq!(view.feed(event(("b", 5), (12, 13), joined("2"))), Fed::Wait);
    let (deliveries, again) = view.repair(&read(12, []), Trust::Full, NOW);
    assert!(!again);
    assert_eq!(told(&deliveries), [line(("b", 5), join("2"), (10, 13))]);
}

#[test]
fn a_gap_among_the_waiting_events_asks_for_another_reading() {
    let mut view = on(10, []);
    view.begin_repair();
    view.feed(event(("a", 5), (10, 11), joined("1")));
    view.feed(event(("c", 5), (12, 13), joined("3")));
    view.feed(event(("c", 5), (13, 14), updated("4")));
    let (deliveries, again) = view.repair(&read(10, []), Trust::Full, NOW);
    assert!(again && !view.is_on());
    assert_eq!(told(&deliveries), [line(("a", 5), join("1"), (10, 11))]);
    let records = [found(("a", 5), 1, "1"), found(("b", 5), 1, "2")];
    let (deliveries, again) = view.repair(&read(12, records), Trust::Full, NOW);
    assert!(!again && view.is_on());
    assert_eq!(
        told(&deliveries),
        [
            line(("b", 5), join("2"), (11, 12)),
            line(("c", 5), join("3"), (12, 13)),
            line(("c", 5), update("4"), (13, 14)),
        ]
    );
}

// Lapsed leases

#[test]
fn a_fresh_view_leaves_lapsed_records_out() {
    assert!(on(10, [lapsed(("a", 5), 1, "1")]).is_empty());
}

#[test]
fn who_is_shown_is_not_removed_because_its_lease_lapsed() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    view.begin_repair();
    let lapsed = [lapsed(("a", 5), 2, "2")];
    let (deliveries, _) = view.repair(&read(11, lapsed), Trust::Full, NOW);
    assert_eq!(told(&deliveries), [line(("a", 5), update("2"), (10, 11))]);
}

// A store that changed identity a moment ago

#[test]
fn a_settling_repair_removes_nobody() {
    let mut view = on(10, [found(("a", 5), 1, "1")]);
    view.begin_repair();
    let (deliveries, _) = view.repair(&read(11, []), Trust::Settling, NOW);
    assert!(deliveries.is_empty());
    view.begin_repair();
    let (deliveries, _) = view.repair(&read(12, []), Trust::Full, NOW);
    assert_eq!(told(&deliveries), [line(("a", 5), vanish(), (10, 12))]);
}

#[test]
fn a_settling_repair_goes_back_to_nothing_older() {
    let mut view = on(10, [found(("a", 5), 7, "7"), found(("b", 6), 1, "1")]);
    view.begin_repair();
    let older = || [found(("a", 5), 6, "6"), found(("b", 5), 9, "9")];
    let (deliveries, _) = view.repair(&read(11, older()), Trust::Settling, NOW);
    assert!(deliveries.is_empty());
    view.begin_repair();
    let (deliveries, _) = view.repair(&read(12, older()), Trust::Full, NOW);
    assert_eq!(
        told(&deliveries),
        [
            line(("a", 5), update("6"), (10, 12)),
            line(("b", 6), vanish(), (12, 12)),
            line(("b", 5), join("9"), (12, 12)),
        ]
    );
}

#[test]
fn a_settling_repair_adds_and_updates() {
    let mut view = on(10, [found(("a", 5), 7, "7")]);
    view.begin_repair();
    let newer = [found(("a", 5), 8, "8"), found(("b", 5), 1, "1")];
    let (deliveries, _) = view.repair(&read(11, newer), Trust::Settling, NOW);
    assert_eq!(
        told(&deliveries),
        [
            line(("a", 5), update("8"), (10, 11)),
            line(("b", 5), join("1"), (11, 11)),
        ]
    );
}

// Too many events

/// P9.
#[test]
fn more_waiting_events_than_the_limit_ask_for_another_reading() {
    let mut view = on(0, []);
    view.begin_repair();
    let many = Policy::REPAIR_BUFFER_MAX as u64 + 10;
    for version in 1..=many {
        let value = version.to_string();
        let next = event(("a", 5), (version - 1, version), updated(&value));
        assert_eq!(view.feed(next), Fed::Wait);
        let Phase::Repairing { waiting, .. } = &view.phase else {
            panic!("not repairing");
        };
        assert!(waiting.len() <= Policy::REPAIR_BUFFER_MAX);
    }
    let (deliveries, again) = view.repair(&read(0, []), Trust::Full, NOW);
    assert!(again && deliveries.is_empty() && !view.is_on());
    let last = [found(("a", 5), many, "9")];
    let (deliveries, again) = view.repair(&read(many, last), Trust::Full, NOW);
    assert!(!again && view.is_on());
    assert_eq!(told(&deliveries), [line(("a", 5), join("9"), (0, many))]);
}

#[test]
fn as_many_waiting_events_as_the_limit_are_applied() {
    let mut view = on(0, []);
    view.begin_repair();
    let many = Policy::REPAIR_BUFFER_MAX as u64;
    for version in 1..=many {
        let value = version.to_string();
        view.feed(event(("a", 5), (version - 1, version), updated(&value)));
    }
    let (deliveries, again) = view.repair(&read(0, []), Trust::Full, NOW);
    assert!(!again && view.is_on());
    assert_eq!(deliveries.len(), Policy::REPAIR_BUFFER_MAX);
}
