//! Every cell of the table in the documentation of `presence`, one row a section; random
//! sequences are in `tests/sequences.rs`.

mod given;
mod sequences;

use super::Decision;
use crate::error::Rejection;
use crate::ids::{ResumeKey, UserId};
use crate::presence::command::Command;
use crate::presence::epoch::Epoch;
use crate::presence::event::Happened;
use crate::presence::record::{Phase, Reason};
use given::*;

// Join

#[test]
fn a_join_of_nobody_puts_a_record() {
    let joined = record(5, "1", Phase::Open);
    assert_eq!(on_absent(join(5, "1")), put_joined(joined));
}

#[test]
fn a_join_never_replaces_a_record() {
    for found in every_standing(5) {
        assert_eq!(on(join(9, "2"), &found), Decision::Keep);
    }
}

#[test]
fn a_join_with_too_much_state_is_refused() {
    let text = "1".repeat(policy().state_bytes_max);
    assert_eq!(on_absent(join(5, &text)), too_large());
}

// Resume

#[test]
fn a_resume_of_nobody_is_forgotten() {
    assert_eq!(
        on_absent(resume(Some(6), None)),
        refuse(Rejection::Forgotten)
    );
}

#[test]
fn a_resume_takes_the_epoch_it_asks_for_and_keeps_the_state() {
    for found in resumable(5) {
        let resumed = record(8, "1", Phase::Open);
        assert_eq!(on(resume(Some(8), None), &found), put_joined(resumed));
    }
}

#[test]
fn a_resume_that_names_no_epoch_takes_the_next_one() {
    for found in resumable(5) {
        let resumed = record(6, "2", Phase::Open);
        assert_eq!(on(resume(None, Some("2")), &found), put_joined(resumed));
    }
}

#[test]
fn a_resume_opens_a_closing_presence() {
    let found = found(record(5, "1", Phase::Closing), false);
    let resumed = record(6, "1", Phase::Open);
    assert_eq!(on(resume(Some(6), None), &found), put_joined(resumed));
}

#[test]
fn a_resume_that_asks_for_no_higher_epoch_is_stale() {
    for found in resumable(5) {
        for asked in [0, 4, 5] {
            assert_eq!(on(resume(Some(asked), None), &found), stale(5));
        }
    }
}

#[test]
fn a_resume_asks_for_a_million_more_at_most() {
    let found = live(5);
    let highest = 5 + Epoch::STEP_MAX;
    let resumed = record(highest, "1", Phase::Open);
    assert_eq!(on(resume(Some(highest), None), &found), put_joined(resumed));
    assert_eq!(
        on(resume(Some(highest + 1), None), &found),
        refuse(Rejection::EpochTooFar)
    );
}

#[test]
fn a_resume_with_another_key_or_user_is_forgotten_before_anything_else() {
    for found in resumable(5) {
        for asked in [Some(1), Some(6), None] {
            let (mut key, mut user) = (resume(asked, None), resume(asked, None));
            if let Command::Resume { key, .. } = &mut key {
                *key = ResumeKey::trusted("another");
            }
            if let Command::Resume { user, .. } = &mut user {
                *user = UserId::trusted("mallory");
            }
            assert_eq!(on(key, &found), refuse(Rejection::Forgotten));
            assert_eq!(on(user, &found), refuse(Rejection::Forgotten));
        }
    }
}

#[test]
fn a_resume_of_what_left_or_was_kicked_is_forgotten() {
    for reason in [Reason::Left, Reason::Kicked] {
        let ended = ended(5, reason);
        assert_eq!(
            on(resume(Some(6), None), &ended),
            refuse(Rejection::Forgotten)
        );
    }
}

// Rejoin

#[test]
fn a_rejoin_puts_the_owners_record_in_every_standing() {
    let rejoined = || record(6, "1", Phase::Open);
    assert_eq!(on_absent(rejoin(6, None)), put_joined(rejoined()));
    for found in every_standing(5) {
        assert_eq!(on(rejoin(6, None), &found), put_joined(rejoined()));
    }
}

#[test]
fn a_rejoin_replaces_the_state_that_it_brings() {
    let rejoined = record(6, "2", Phase::Open);
    assert_eq!(on(rejoin(6, Some("2")), &live(5)), put_joined(rejoined));
    let text = "1".repeat(policy().state_bytes_max);
    assert_eq!(on(rejoin(6, Some(&text)), &live(5)), too_large());
}

#[test]
fn a_rejoin_never_outbids_a_higher_epoch() {
    for found in every_standing(7) {
        assert_eq!(on(rejoin(6, None), &found), stale(7));
    }
}

// Patch

#[test]
fn a_patch_puts_the_merged_state() {
    for found in [live(5), lapsed(5)] {
        let patched = record(5, "2", Phase::Open);
        assert_eq!(on(patch(5, "2"), &found), put_updated(patched));
    }
}

#[test]
fn a_patch_that_changes_nothing_keeps_the_record() {
    for found in [live(5), lapsed(5)] {
        assert_eq!(on(patch(5, "1"), &found), Decision::Keep);
    }
}

#[test]
fn a_patch_of_another_epoch_is_refused() {
    for found in [live(5), lapsed(5)] {
        assert_eq!(on(patch(4, "2"), &found), stale(5));
        assert_eq!(on(patch(6, "2"), &found), refuse(Rejection::UnknownEpoch));
    }
}

#[test]
fn a_patch_of_nobody_is_refused() {
    let not_present = || refuse(Rejection::NotPresent);
    assert_eq!(on_absent(patch(5, "2")), not_present());
    for reason in REASONS {
        assert_eq!(on(patch(5, "2"), &ended(5, reason)), not_present());
    }
}

#[test]
fn the_limit_counts_the_state_after_the_patch() {
    let max = policy().state_bytes_max;
    let fitting = "1".repeat(max - r#"{"a":}"#.len());
    let patched = record(5, &fitting, Phase::Open);
    assert_eq!(on(patch(5, &fitting), &live(5)), put_updated(patched));
    assert_eq!(on(patch(5, &format!("{fitting}1")), &live(5)), too_large());
}

// Reassert

#[test]
fn a_reassert_updates_what_is_there_and_joins_otherwise() {
    let own = || record(5, "1", Phase::Open);
    assert_eq!(on_absent(reassert(5)), put_joined(own()));
    for epoch in [4, 5] {
        assert_eq!(on(reassert(5), &live(epoch)), put_updated(own()));
        assert_eq!(on(reassert(5), &lapsed(epoch)), put_updated(own()));
        for reason in REASONS {
            let ended = ended(epoch, reason);
            assert_eq!(on(reassert(5), &ended), put_joined(own()));
        }
    }
}

#[test]
fn a_reassert_never_outbids_a_higher_epoch() {
    for found in every_standing(6) {
        assert_eq!(on(reassert(5), &found), stale(6));
    }
}

// Close

#[test]
fn a_close_marks_the_record() {
    for found in [live(5), lapsed(5)] {
        let Decision::Put { record, .. } = on(close(5), &found) else {
            panic!("not put");
        };
        assert_eq!((record.phase, record.epoch), (Phase::Closing, epoch(5)));
    }
}

#[test]
fn a_close_keeps_what_ended_and_never_outbids() {
    for reason in REASONS {
        assert_eq!(on(close(5), &ended(5, reason)), Decision::Keep);
        assert_eq!(on(close(5), &ended(6, reason)), Decision::Keep);
    }
    assert_eq!(on(close(5), &live(6)), stale(6));
    assert_eq!(on(close(5), &lapsed(6)), stale(6));
}

/// P3: also where nothing seems to change. The lease may be over when the write arrives, and a
/// fresh view has left the record out then.
#[test]
fn a_close_always_carries_an_event() {
    let other_state = found(record(5, "2", Phase::Open), false);
    for found in [live(5), live(4), lapsed(5), other_state] {
        let Decision::Put { event, .. } = on(close(5), &found) else {
            panic!("not put");
        };
        assert!(matches!(event, Happened::Updated(_)), "{event:?}");
    }
    let Decision::Put { event, .. } = on_absent(close(5)) else {
        panic!("not put");
    };
    assert!(matches!(event, Happened::Joined(_)), "{event:?}");
}

// End

#[test]
fn an_end_writes_a_tombstone_also_over_nothing() {
    for reason in REASONS {
        assert_eq!(on_absent(end(5, reason)), tombstone(5, reason));
        for epoch in [4, 5] {
            assert_eq!(on(end(5, reason), &live(epoch)), tombstone(5, reason));
            assert_eq!(on(end(5, reason), &lapsed(epoch)), tombstone(5, reason));
        }
        for before in REASONS {
            let ended = |epoch| ended(epoch, before);
            assert_eq!(on(end(5, reason), &ended(4)), tombstone(5, reason));
            assert_eq!(on(end(5, reason), &ended(5)), Decision::Keep);
            assert_eq!(on(end(5, reason), &ended(6)), Decision::Keep);
        }
    }
}

#[test]
fn an_end_of_an_older_epoch_is_stale() {
    assert_eq!(on(end(5, Reason::Left), &live(6)), stale(6));
    assert_eq!(on(end(5, Reason::Left), &lapsed(6)), stale(6));
}

// Kick

#[test]
fn a_kick_ends_whoever_is_there() {
    for found in [live(5), lapsed(5)] {
        assert_eq!(on(Command::Kick, &found), tombstone(5, Reason::Kicked));
    }
    assert_eq!(on_absent(Command::Kick), Decision::Keep);
    for reason in REASONS {
        assert_eq!(on(Command::Kick, &ended(5, reason)), Decision::Keep);
    }
}

// Expire

#[test]
fn only_a_lapsed_record_expires() {
    assert_eq!(on_absent(Command::Expire), Decision::Keep);
    assert_eq!(on(Command::Expire, &live(5)), Decision::Keep);
    for reason in REASONS {
        assert_eq!(on(Command::Expire, &ended(5, reason)), Decision::Keep);
    }
    let expired = tombstone(5, Reason::Expired);
    assert_eq!(on(Command::Expire, &lapsed(5)), expired);
}

#[test]
fn a_closing_record_expires_as_disconnected() {
    let found = found(record(5, "1", Phase::Closing), true);
    let gone = tombstone(5, Reason::Disconnected);
    assert_eq!(on(Command::Expire, &found), gone);
}
