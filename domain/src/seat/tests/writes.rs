//! What a seat drafts, and what it learns from the answers.

use super::given::*;
use super::*;
use crate::ports::Place;
use crate::presence::command::Command;
use crate::presence::epoch::Version;
use crate::presence::event::Happened;

#[test]
fn a_first_draft_expects_nobody() {
    let mut seat = fresh();
    assert!(!seat.has_written());
    let draft = draft(&mut seat, join(), JOINED).unwrap().unwrap();
    assert!(seat.has_written() && seat.is_unsettled());
    let commit = draft.commit;
    assert_eq!(commit.expected, None);
    assert_eq!(commit.revision.attempt, 1);
    assert_eq!(
        (commit.place, commit.keep),
        (Place::Live, span(TTL + GRACE))
    );
    let event = commit.event.unwrap();
    assert_eq!(event.kind, Happened::Joined(state("1")));
    assert_eq!((event.epoch, event.writer), (epoch(5), seat.id()));
}

#[test]
fn an_applied_draft_is_known_and_confirms_the_lease() {
    let seat = joined();
    assert!(!seat.is_unsettled());
    assert!(seat.is_confirmed(at(JOINED + TTL + GRACE - 1)));
    assert!(!seat.is_confirmed(at(JOINED + TTL + GRACE)));
    assert_eq!(seat.record(Timestamp(0)).state, state("1"));
}

#[test]
fn every_draft_has_a_name_of_its_own_and_expects_the_known_one() {
    let mut seat = joined();
    let first = draft(&mut seat, patch("2"), JOINED).unwrap().unwrap();
    let second = draft(&mut seat, patch("3"), JOINED).unwrap().unwrap();
    assert_eq!(first.commit.revision.attempt, 2);
    assert_eq!(second.commit.revision.attempt, 3);
    assert_eq!(first.commit.expected, second.commit.expected);
    assert_eq!(first.commit.expected.unwrap().attempt, 1);
}

#[test]
fn a_draft_of_unknown_outcome_leaves_the_memory_as_it_was() {
    let mut seat = joined();
    draft(&mut seat, patch("2"), JOINED).unwrap().unwrap();
    assert!(seat.is_unsettled());
    assert_eq!(seat.record(Timestamp(0)).state, state("1"));
}

#[test]
fn what_changes_nothing_is_no_draft_and_settles_nothing() {
    let mut seat = joined();
    assert!(draft(&mut seat, patch("1"), JOINED).unwrap().is_none());
    assert!(!seat.is_unsettled());
    assert_eq!(seat.record(Timestamp(0)).state, state("1"));
}

#[test]
fn a_refused_command_is_no_draft() {
    let mut seat = joined();
    let command = Command::Patch {
        epoch: epoch(4),
        patch: state("2"),
    };
    let current = epoch(5);
    let refused = draft(&mut seat, command, JOINED).unwrap_err();
    assert_eq!(refused, Rejection::StaleEpoch { current });
    assert!(!seat.is_unsettled());
}

/// P2: whoever speaks with the older epoch is stale from the moment of the draft.
#[test]
fn a_rejoin_raises_the_epoch_before_it_is_answered() {
    let mut seat = joined();
    let again = rejoin(&seat);
    let draft = draft(&mut seat, again, JOINED).unwrap().unwrap();
    assert_eq!(draft.commit.record.epoch, epoch(6));
    assert_eq!(seat.epoch(), epoch(6));
    let current = epoch(6);
    assert_eq!(
        seat.check_epoch(Some(epoch(5))),
        Err(Rejection::StaleEpoch { current })
    );
}

#[test]
fn a_draft_carries_the_floor() {
    let mut seat = joined();
    let (against, times, floor) = (Against::Memory, times(JOINED), Version(77));
    let draft = seat.draft(patch("2"), against, times, floor, &policy());
    assert_eq!(draft.unwrap().unwrap().commit.floor, floor);
}

#[test]
fn a_patch_leases_what_is_left_of_the_deadline() {
    let mut seat = joined();
    let draft = draft(&mut seat, patch("2"), JOINED + 1_000).unwrap();
    let commit = draft.unwrap().commit;
    assert_eq!(commit.keep, span(TTL - 1_000 + GRACE));
}

#[test]
fn a_closing_draft_leases_the_linger() {
    let mut seat = joined();
    seat.close(at(JOINED), &policy());
    let own = Box::new(seat.record(Timestamp(0)));
    let draft = draft(&mut seat, Command::Close { own }, JOINED).unwrap();
    let commit = draft.unwrap().commit;
    assert_eq!(commit.record.phase, Phase::Closing);
    assert_eq!((commit.place, commit.keep), (Place::Live, span(2_000)));
}

#[test]
fn an_end_is_kept_for_the_lookback() {
    let mut seat = joined();
    let (own, reason) = (Box::new(seat.record(Timestamp(0))), Reason::Left);
    let draft = draft(&mut seat, Command::End { own, reason }, JOINED).unwrap();
    let commit = draft.unwrap().commit;
    assert_eq!(commit.record.phase, Phase::Ended(reason));
    assert_eq!((commit.place, commit.keep), (Place::Ended, span(6_000)));
    assert_eq!(commit.event.unwrap().kind, Happened::Left(reason));
}

#[test]
fn a_draft_against_what_was_found_expects_that() {
    let mut seat = joined();
    let other = found((4, 2, 9), Phase::Open);
    let own = Box::new(seat.record(Timestamp(0)));
    let against = Against::Found(Some(&other));
    let reassert = Command::Reassert { own };
    let draft = seat.draft(reassert, against, times(JOINED), Version(0), &policy());
    let commit = draft.unwrap().unwrap().commit;
    assert_eq!(commit.expected, Some(other.revision));
    assert_eq!(commit.revision.epoch, epoch(5));
    assert_eq!(commit.event.unwrap().kind, Happened::Updated(state("1")));
}

/// "The state is kept unless `state` is given": also by the next attempt, when the answer to
/// the first one was lost.
#[test]
fn a_resume_of_unknown_outcome_remembers_the_state_that_it_keeps() {
    let mut seat = fresh();
    let resume = Command::Resume {
        user: seat.user().clone(),
        key: seat.key().clone(),
        asked: Some(epoch(6)),
        state: None,
    };
    let earlier = found((5, 2, 1), Phase::Ended(Reason::Disconnected));
    let against = Against::Found(Some(&earlier));
    let draft = seat.draft(resume, against, times(JOINED), Version(0), &policy());
    assert_eq!(draft.unwrap().unwrap().commit.record.state, state("found"));
    assert_eq!(seat.record(Timestamp(0)).state, state("found"));
}
