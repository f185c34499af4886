//! The rows of the table of verdicts in `docs/presence.md`, in their order.

use super::*;
use crate::presence::lease::LeaseName;
use crate::seat::tests::given::*;
use crate::seat::{Due, Standing};
use crate::time::{Moment, Timestamp};

const OWN: (u64, u64, u64) = (5, 1, 1);

#[test]
fn a_higher_epoch_fences_whatever_became_of_it() {
    for phase in phases() {
        assert_eq!(judge(&joined(), &found((6, 2, 1), phase)), Verdict::Fenced);
    }
    assert_eq!(judge(&joined(), &lapsed((6, 2, 1))), Verdict::Fenced);
    assert_eq!(
        judge(&joined(), &found((6, 1, 9), Phase::Open)),
        Verdict::Fenced
    );
}

#[test]
fn the_same_epoch_by_another_seat_fences_while_it_lives() {
    for phase in [Phase::Open, Phase::Closing] {
        assert_eq!(judge(&joined(), &found((5, 2, 1), phase)), Verdict::Fenced);
    }
}

#[test]
fn an_own_later_write_is_adopted() {
    let mut seat = joined();
    let unknown = draft(&mut seat, patch("2"), JOINED).unwrap().unwrap();
    let landed = found((5, 1, 2), Phase::Open);
    assert_eq!(landed.revision, unknown.commit.revision);
    assert_eq!(judge(&seat, &landed), Verdict::Adopt);
    seat.adopt(&landed);
    assert!(!seat.is_unsettled());
    assert_eq!(judge(&seat, &landed), Verdict::Fine);
    assert_eq!(seat.record(Timestamp(0)).state, landed.record.state);
}

#[test]
fn an_own_first_write_of_unknown_outcome_is_adopted() {
    let mut seat = fresh();
    draft(&mut seat, join(), JOINED).unwrap().unwrap();
    assert_eq!(judge(&seat, &found(OWN, Phase::Open)), Verdict::Adopt);
}

/// The row of `Adopt` comes before that of the lease: others have seen this write.
#[test]
fn an_own_later_write_is_adopted_also_when_its_lease_is_over() {
    let mut seat = joined();
    draft(&mut seat, patch("2"), JOINED).unwrap().unwrap();
    assert_eq!(judge(&seat, &lapsed((5, 1, 2))), Verdict::Adopt);
}

#[test]
fn an_attempt_after_an_adopted_one_has_a_new_name() {
    let mut seat = joined();
    seat.adopt(&found((5, 1, 40), Phase::Open));
    let next = draft(&mut seat, patch("2"), JOINED).unwrap().unwrap();
    assert_eq!(next.commit.revision.attempt, 41);
    assert_eq!(next.commit.expected.unwrap().attempt, 40);
}

#[test]
fn the_known_revision_is_fine_while_its_lease_runs() {
    assert_eq!(judge(&joined(), &found(OWN, Phase::Open)), Verdict::Fine);
    assert_eq!(judge(&joined(), &lapsed(OWN)), Verdict::Reassert);
}

#[test]
fn a_tombstone_of_this_epoch_ends_it_with_its_reason() {
    let ended = |reason| judge(&joined(), &found((5, 2, 1), Phase::Ended(reason)));
    assert_eq!(ended(Reason::Kicked), Verdict::Ended(Lost::Kicked));
    assert_eq!(ended(Reason::Left), Verdict::Ended(Lost::Expired));
    assert_eq!(ended(Reason::Disconnected), Verdict::Ended(Lost::Expired));
}

#[test]
fn an_expiry_is_believed_only_of_a_silent_client() {
    let expired = found((5, 2, 1), Phase::Ended(Reason::Expired));
    let verdict = |millis| joined().judge(Some(&expired), None, at(millis), &policy());
    assert_eq!(verdict(JOINED + TTL - 1), Verdict::Reassert);
    assert_eq!(verdict(JOINED + TTL), Verdict::Ended(Lost::Expired));
}

#[test]
fn a_tombstone_of_an_older_epoch_is_written_over() {
    for reason in [Reason::Left, Reason::Disconnected, Reason::Expired] {
        let ended = found((4, 2, 1), Phase::Ended(reason));
        assert_eq!(judge(&joined(), &ended), Verdict::Reassert);
    }
}

#[test]
fn what_the_same_store_has_forgotten_is_over() {
    let verdict = |by, millis| joined().judge(None, by, at(millis), &policy());
    let (same, other) = (store("a"), store("b"));
    let forgotten = JOINED + 6_000;
    assert_eq!(verdict(Some(&same), forgotten), Verdict::Reassert);
    let over = Verdict::Ended(Lost::Expired);
    assert_eq!(verdict(Some(&same), forgotten + 1), over);
    assert_eq!(verdict(Some(&other), forgotten + 1), Verdict::Reassert);
    assert_eq!(verdict(None, forgotten + 1), Verdict::Reassert);
}

/// A clock that jumps ahead takes tombstones with it.
#[test]
fn what_a_store_forgot_early_by_a_jump_of_its_clock_is_over_too() {
    let verdict = |by| joined().judge(None, Some(&by), at(JOINED + 1), &policy());
    assert_eq!(verdict(store_later("a", 6_000)), Verdict::Reassert);
    let over = Verdict::Ended(Lost::Expired);
    assert_eq!(verdict(store_later("a", 6_001)), over);
    assert_eq!(verdict(store_later("b", 6_001)), Verdict::Reassert);
}

#[test]
fn a_renewal_and_a_look_move_what_a_jump_is_measured_from() {
    let lease = lease_of(&joined()).unwrap();
    let jump = |seat: &Seat, millis| {
        let by = store_later("a", millis);
        seat.judge(None, Some(&by), at(JOINED + 1), &policy())
    };
    let mut renewed = joined();
    assert!(renewed.renewed(&lease, Moment(JOINED), span(TTL), &store_later("a", 500)));
    let mut seen = joined();
    seen.verified(&store_later("a", 500));
    for seat in [renewed, seen] {
        assert_eq!(jump(&seat, 6_500), Verdict::Reassert);
        assert_eq!(jump(&seat, 6_501), Verdict::Ended(Lost::Expired));
    }
}

#[test]
fn a_renewal_moves_when_a_store_may_have_forgotten() {
    let mut seat = joined();
    let Some(lease) = lease_of(&seat) else {
        panic!("no renewal");
    };
    assert!(seat.renewed(&lease, Moment(JOINED + 3_000), span(TTL), &store("a")));
    let verdict = |by, millis| seat.judge(None, Some(&by), at(millis), &policy());
    let forgotten = JOINED + 3_000 + 6_000;
    assert_eq!(verdict(store("a"), forgotten), Verdict::Reassert);
    let over = Verdict::Ended(Lost::Expired);
    assert_eq!(verdict(store("a"), forgotten + 1), over);
    assert_eq!(verdict(store("b"), forgotten + 1), Verdict::Reassert);
}

#[test]
fn a_renewal_that_was_overtaken_moves_nothing_back() {
    let mut seat = joined();
    let lease = lease_of(&seat).unwrap();
    for (asked, millis) in [(3_000, 3_000), (1_000, 1_000)] {
        let by = store_later("a", millis);
        assert!(seat.renewed(&lease, Moment(JOINED + asked), span(TTL), &by));
    }
    let by = store_later("a", 9_000);
    let verdict = seat.judge(None, Some(&by), at(JOINED + 9_000), &policy());
    assert_eq!(verdict, Verdict::Reassert);
}

/// It may have an older record, under a lease of the same name.
#[test]
fn a_renewal_by_another_store_vouches_for_nothing_until_the_record_was_seen_there() {
    let mut seat = joined();
    let Some(lease) = lease_of(&seat) else {
        panic!("no renewal");
    };
    let renew =
        |seat: &mut Seat, by| seat.renewed(&lease, Moment(JOINED + TTL), span(2 * TTL), &store(by));
    assert!(!renew(&mut seat, "b"));
    assert!(!seat.is_confirmed(at(JOINED + 2 * TTL)));
    seat.verified(&store("b"));
    assert!(renew(&mut seat, "b"));
    assert!(seat.is_confirmed(at(JOINED + 2 * TTL)));
}

#[test]
fn anything_older_is_written_again() {
    assert_eq!(
        judge(&joined(), &found((4, 2, 9), Phase::Open)),
        Verdict::Reassert
    );
    assert_eq!(judge(&joined(), &lapsed((4, 1, 1))), Verdict::Reassert);
    assert_eq!(
        judge(&joined(), &found((5, 1, 0), Phase::Open)),
        Verdict::Reassert
    );
}

/// Its rejoin was not answered, and others end the presence that they see: the seat does not
/// bring it back by itself.
#[test]
fn a_kick_of_the_known_epoch_holds_against_a_rejoin_of_unknown_outcome() {
    let mut seat = joined();
    let again = rejoin(&seat);
    draft(&mut seat, again, JOINED).unwrap().unwrap();
    let kicked = found((5, 9, 1), Phase::Ended(Reason::Kicked));
    assert_eq!(judge(&seat, &kicked), Verdict::Ended(Lost::Kicked));
}

// A seat that is leaving

#[test]
fn a_leaving_seat_ends_nothing_and_its_own() {
    let seat = joined();
    assert!(seat.may_end(None));
    for phase in [Phase::Open, Phase::Closing] {
        assert!(seat.may_end(Some(&found(OWN, phase))));
        assert!(seat.may_end(Some(&found((5, 1, 7), phase))));
        assert!(seat.may_end(Some(&found((4, 2, 7), phase))));
        assert!(!seat.may_end(Some(&found((5, 2, 1), phase))));
        assert!(!seat.may_end(Some(&found((6, 1, 1), phase))));
    }
    let ended = |epoch| found((epoch, 2, 1), Phase::Ended(Reason::Expired));
    assert!(seat.may_end(Some(&ended(4))));
    assert!(!seat.may_end(Some(&ended(5))));
    assert!(!seat.may_end(Some(&ended(6))));
}

fn judge(seat: &Seat, found: &Found) -> Verdict {
    assert_ne!(seat.standing(), Standing::Gone);
    seat.judge(Some(found), Some(&store("a")), at(JOINED), &policy())
}

fn phases() -> impl Iterator<Item = Phase> {
    let ended = [
        Reason::Left,
        Reason::Disconnected,
        Reason::Expired,
        Reason::Kicked,
    ];
    let live = [Phase::Open, Phase::Closing];
    live.into_iter().chain(ended.map(Phase::Ended))
}

fn lease_of(seat: &Seat) -> Option<LeaseName> {
    let mut seat = seat.clone();
    seat.extend(at(JOINED + 2_500), &policy());
    match seat.due(at(JOINED + 2_500), &policy()) {
        Due::Renew(renewal) => Some(renewal.lease),
        _ => None,
    }
}
