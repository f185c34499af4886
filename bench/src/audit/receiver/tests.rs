//! Each kind of fault is found, and a clean delivery is clean.

use super::*;
use crate::audit::{Ledger, Sent};

const SHAPE: Shape = Shape {
    members: 3,
    senders_from: 0,
    senders: 3,
    shown: true,
};

fn who(member: u32) -> Who {
    Who { member, life: 0 }
}

fn ledger(last: u32, unsure: &[u32]) -> Room {
    let mut ledger = Ledger::default();
    let room = ledger.room_mut(0);
    room.there.extend([0, 1, 2]);
    let unsure = unsure.iter().copied().collect();
    room.sent.insert(1, Sent { last, unsure });
    ledger.room(0).unwrap().clone()
}

fn receiver(numbers: &[u32]) -> (Receiver, Faults) {
    let (mut receiver, mut faults) = (Receiver::new(SHAPE, 0), Faults::default());
    receiver.snapshot([(who(1), 0)].into_iter(), Some(1), false);
    receiver.take(Told::Join(who(2)), Some(2), &mut faults);
    for (at, number) in numbers.iter().enumerate() {
        let version = Some(3 + at as u64);
        receiver.take(Told::Number(1, *number), version, &mut faults);
    }
    (receiver, faults)
}

#[test]
fn a_clean_delivery_is_clean() {
    let (receiver, faults) = receiver(&[1, 2, 3]);
    let audited = receiver.audit(&ledger(3, &[]));
    assert_eq!(faults, Faults::default());
    assert_eq!((audited.expected, audited.received), (5, 5));
    let truth = Truth::from([(0, (0, 0)), (1, (0, 3)), (2, (0, 0))]);
    assert!(receiver.agrees(&truth));
}

#[test]
fn what_is_missing_is_counted_unless_it_was_not_sure_to_be_sent() {
    let (receiver, _) = receiver(&[1, 4]);
    assert_eq!(receiver.audit(&ledger(6, &[])).missing, 4);
    let audited = receiver.audit(&ledger(6, &[3, 4, 6]));
    assert_eq!((audited.expected, audited.missing), (5, 2));
}

#[test]
fn duplicates_swaps_and_inventions_are_told_apart() {
    let (_, faults) = receiver(&[1, 1, 3, 2]);
    assert_eq!((faults.duplicate, faults.out_of_order), (1, 1));
    let (inventive, _) = receiver(&[1, 2, 3]);
    assert_eq!(inventive.audit(&ledger(2, &[])).unexpected, 1);
    let (mut swapped, mut faults) = receiver(&[1]);
    swapped.take(Told::Number(2, 1), Some(2), &mut faults);
    assert_eq!(faults.out_of_order, 1);
    swapped.take(Told::Join(who(2)), Some(3), &mut faults);
    assert_eq!(faults.duplicate, 1);
}

#[test]
fn views_differ_by_members_and_by_what_they_show() {
    let (swapped, _) = receiver(&[1, 3, 2]);
    let truth = |last| Truth::from([(0, (0, 0)), (1, (0, last)), (2, (0, 0))]);
    assert!(!swapped.agrees(&truth(3)));
    let (mut receiver, mut faults) = receiver(&[1, 2, 3]);
    assert!(!receiver.agrees(&Truth::from([(0, (0, 0)), (1, (0, 3))])));
    receiver.take(Told::Leave(who(2)), Some(9), &mut faults);
    assert!(!receiver.agrees(&truth(3)));
    assert!(receiver.audit(&ledger(3, &[])).missing == 1);
    // It comes back in another life.
    let back = Told::Join(Who { member: 2, life: 1 });
    receiver.take(back, Some(10), &mut faults);
    let truth = Truth::from([(0, (0, 0)), (1, (0, 3)), (2, (1, 0))]);
    assert!(receiver.agrees(&truth));
    assert_eq!(faults, Faults::default());
}
