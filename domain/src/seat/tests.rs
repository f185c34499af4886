//! What a seat does in each standing, by hand-moved time. Its verdicts are in `judge/tests.rs`.

pub(in crate::seat) mod given;
mod writes;

use super::*;
use crate::time::Listening;
use given::*;

// Heartbeats and silence

#[test]
fn a_heartbeat_moves_the_deadline_by_the_ttl() {
    let mut seat = joined();
    let received = at(JOINED + 1_000);
    seat.heartbeat(None, received, &policy()).unwrap();
    assert!(!seat.is_silent(at(JOINED + 1_000 + TTL - 1)));
    assert!(seat.is_silent(at(JOINED + 1_000 + TTL)));
    assert_eq!(seat.silent_for(at(JOINED + 1_700), &policy()), span(700));
}

#[test]
fn a_heartbeat_that_queued_counts_from_when_it_arrived() {
    let mut seat = joined();
    seat.heartbeat(None, at(JOINED + 2_000), &policy()).unwrap();
    seat.heartbeat(None, at(JOINED + 1_000), &policy()).unwrap();
    assert!(!seat.is_silent(at(JOINED + 2_000 + TTL - 1)));
}

/// P8.
#[test]
fn a_heartbeat_after_the_ttl_is_refused_and_renews_nothing() {
    let mut seat = joined();
    let late = seat.heartbeat(None, at(JOINED + TTL), &policy());
    assert_eq!(late, Err(Rejection::NotPresent));
    assert_eq!(seat.due(at(JOINED + TTL), &policy()), Due::Expired);
}

#[test]
fn a_heartbeat_of_another_epoch_is_refused_and_renews_nothing() {
    let mut seat = joined();
    let beat = |seat: &mut Seat, number| {
        seat.heartbeat(Some(epoch(number)), at(JOINED + 1_000), &policy())
    };
    let current = epoch(5);
    assert_eq!(beat(&mut seat, 4), Err(Rejection::StaleEpoch { current }));
    assert_eq!(beat(&mut seat, 6), Err(Rejection::UnknownEpoch));
    assert!(seat.is_silent(at(JOINED + TTL)));
    assert_eq!(beat(&mut seat, 5), Ok(()));
    assert!(!seat.is_silent(at(JOINED + TTL)));
}

#[test]
fn only_a_live_seat_takes_heartbeats() {
    let mut leaving = joined();
    leaving.leave(Reason::Left, at(JOINED), &policy());
    let mut closing = joined();
    closing.close(at(JOINED), &policy());
    let mut gone = joined();
    gone.vanish();
    for mut seat in [fresh(), leaving, closing, gone] {
        let refused = seat.heartbeat(None, at(JOINED), &policy());
        assert_eq!(refused, Err(Rejection::NotPresent));
    }
}

#[test]
fn no_epoch_means_the_own_one() {
    assert_eq!(joined().check_epoch(None), Ok(()));
    assert_eq!(joined().check_epoch(Some(epoch(5))), Ok(()));
}

#[test]
fn a_transport_that_was_heard_a_while_ago_extends_from_then() {
    let mut seat = joined();
    seat.extend_by(span(500), at(JOINED + 2_000), &policy());
    assert!(!seat.is_silent(at(JOINED + 1_500 + TTL - 1)));
    assert!(seat.is_silent(at(JOINED + 1_500 + TTL)));
    // Nothing heard for longer than the TTL moves nothing.
    let mut silent = joined();
    silent.extend_by(span(9_000), at(JOINED + TTL), &policy());
    assert_eq!(silent.due(at(JOINED + TTL), &policy()), Due::Expired);
}

// Pauses

#[test]
fn a_pause_of_the_node_is_no_silence() {
    let mut listening = Listening::new(span(500), Moment(JOINED));
    let seat = joined();
    let paused = Moment(JOINED + 60_000);
    assert!(!seat.is_silent(listening.now(paused)), "before the tick");
    listening.tick(paused);
    assert!(!seat.is_silent(listening.now(paused)), "after the tick");
    // Half a second was listened to before the pause, so 2.5 s of the TTL are left.
    for millis in (500..=2_500).step_by(500) {
        let clock = Moment(paused.0 + millis);
        listening.tick(clock);
        assert_eq!(seat.is_silent(listening.now(clock)), millis == 2_500);
    }
}

#[test]
fn a_heartbeat_that_lay_unread_during_a_pause_counts() {
    let listening = Listening::new(span(500), Moment(JOINED));
    let mut seat = joined();
    let first_read = listening.now(Moment(JOINED + 60_000));
    assert_eq!(seat.heartbeat(None, first_read, &policy()), Ok(()));
}

#[test]
fn a_pause_makes_the_next_lease_no_shorter() {
    let mut listening = Listening::new(span(500), Moment(JOINED));
    let seat = joined();
    let paused = Moment(JOINED + 60_000);
    listening.tick(paused);
    let now = listening.now(paused);
    let Due::Renew(renewal) = seat.due(now, &policy()) else {
        panic!("not renewed");
    };
    assert_eq!(renewal.remaining, span(TTL - 500 + GRACE));
}

// Ticks

#[test]
fn a_silent_client_is_due_at_the_ttl_and_not_before() {
    let seat = joined();
    assert_ne!(seat.due(at(JOINED + TTL - 1), &policy()), Due::Expired);
    assert_eq!(seat.due(at(JOINED + TTL), &policy()), Due::Expired);
}

#[test]
fn a_lease_is_renewed_when_it_moved_and_less_than_two_thirds_of_a_ttl_are_confirmed() {
    let mut seat = joined();
    // The join confirmed the lease for TTL + GRACE.
    seat.heartbeat(None, at(JOINED + 1_000), &policy()).unwrap();
    let until = JOINED + TTL + GRACE;
    let enough = at(until - TTL * 2 / 3);
    assert_eq!(seat.due(enough, &policy()), Due::Nothing);
    let less = at(until - TTL * 2 / 3 + 1);
    let Due::Renew(renewal) = seat.due(less, &policy()) else {
        panic!("not renewed");
    };
    let deadline = JOINED + 1_000 + TTL;
    assert_eq!(
        renewal.remaining,
        span(deadline - less.clock.0 + GRACE),
        "what is left of the deadline, and the grace"
    );
    assert_eq!(renewal.lease.epoch, epoch(5));
}

#[test]
fn a_lease_that_did_not_move_is_not_renewed() {
    assert_eq!(joined().due(at(JOINED + TTL - 1), &policy()), Due::Nothing);
}

#[test]
fn a_renewed_lease_is_confirmed_from_when_it_was_asked_for() {
    let mut seat = joined();
    seat.heartbeat(None, at(JOINED + 2_900), &policy()).unwrap();
    let asked = at(JOINED + 2_900);
    let Due::Renew(renewal) = seat.due(asked, &policy()) else {
        panic!("not renewed");
    };
    seat.renewed(&renewal.lease, asked.clock, renewal.remaining, &store("a"));
    let until = JOINED + 2_900 + TTL + GRACE;
    assert!(seat.is_confirmed(at(until - 1)));
    assert!(!seat.is_confirmed(at(until)));
    assert_eq!(seat.due(asked, &policy()), Due::Nothing);
}

#[test]
fn a_renewal_never_shortens_what_is_confirmed() {
    let mut seat = joined();
    let lease = seat.lease();
    seat.renewed(&lease, Moment(JOINED), span(1), &store("a"));
    assert!(seat.is_confirmed(at(JOINED + TTL + GRACE - 1)));
}

#[test]
fn the_lease_of_an_older_epoch_confirms_nothing() {
    let mut seat = joined();
    let older = seat.lease();
    let again = rejoin(&seat);
    draft(&mut seat, again, JOINED).unwrap().unwrap();
    seat.renewed(&older, Moment(JOINED), span(60_000), &store("a"));
    assert!(!seat.is_confirmed(at(JOINED + TTL + GRACE)));
}

// Closing

#[test]
fn a_seat_whose_socket_is_gone_lingers_by_the_clock() {
    let mut seat = joined();
    assert!(seat.close(at(JOINED + 100), &policy()));
    assert_eq!(seat.due(at(JOINED + 2_099), &policy()), Due::Nothing);
    assert_eq!(seat.due(at(JOINED + 2_100), &policy()), Due::LingerOver);
    assert!(seat.leave(Reason::Disconnected, at(JOINED + 2_100), &policy()));
}

#[test]
fn a_closing_seat_is_neither_renewed_nor_closed_again() {
    let mut seat = joined();
    seat.close(at(JOINED), &policy());
    assert_eq!(seat.due(at(JOINED + 1_999), &policy()), Due::Nothing);
    assert!(!seat.close(at(JOINED + 1_000), &policy()));
    assert_eq!(seat.due(at(JOINED + 2_000), &policy()), Due::LingerOver);
}

#[test]
fn a_seat_that_never_entered_may_close_and_then_not_enter() {
    let mut seat = fresh();
    assert!(seat.close(at(JOINED), &policy()));
    seat.enter();
    assert!(matches!(seat.standing(), Standing::Closing { .. }));
}

// Leaving

#[test]
fn a_leaving_seat_asks_for_nothing_until_it_gives_up() {
    let mut seat = joined();
    assert!(seat.leave(Reason::Left, at(JOINED), &policy()));
    assert_eq!(
        seat.standing(),
        Standing::Leaving {
            reason: Reason::Left,
            give_up: Moment(JOINED + TTL + GRACE),
        }
    );
    assert_eq!(seat.due(at(JOINED + TTL), &policy()), Due::Nothing);
}

#[test]
fn a_seat_leaves_once_and_for_its_first_reason() {
    let mut seat = joined();
    assert!(seat.leave(Reason::Left, at(JOINED), &policy()));
    assert!(!seat.leave(Reason::Expired, at(JOINED + 1), &policy()));
    assert!(!seat.close(at(JOINED + 1), &policy()));
    seat.enter();
    let reason = Reason::Left;
    assert!(matches!(seat.standing(), Standing::Leaving { reason: r, .. } if r == reason));
}

#[test]
fn what_is_gone_stays_gone() {
    let mut seat = joined();
    seat.vanish();
    assert!(!seat.leave(Reason::Left, at(JOINED), &policy()));
    assert!(!seat.close(at(JOINED), &policy()));
    seat.enter();
    assert_eq!(seat.standing(), Standing::Gone);
    assert_eq!(seat.due(at(JOINED + 60_000), &policy()), Due::Nothing);
}
