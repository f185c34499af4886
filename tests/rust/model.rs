//! Random steps on every store, each compared with what a naive store answers: one that keeps a
//! list and looks through all of it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use proptest::prelude::*;
use rtm_domain::ids::{ConnId, RoomId, SeatId};
use rtm_domain::ports::{Clock, Commit, Conns, Feed, FeedSink, Part, Place, PresenceStore};
use rtm_domain::presence::epoch::{Revision, Version};
use rtm_domain::presence::event::Published;
use rtm_domain::presence::lease::LeaseName;
use rtm_domain::presence::record::{Phase, Reason};
use rtm_redis::Publishing;
use rtm_tests::backend::{Backend, InMemory, Stage};
use rtm_tests::clock::HandClock;
use rtm_tests::executor::Executor;
use rtm_tests::redis::{self, OnRedis};
use rtm_tests::world::ms;

use crate::store_contract::subject::{epoch, renewal, write};

mod naive;

use naive::{Forgets, Naive};

const ROOMS: [&str; 2] = ["r", "s"];
const CONNS: [&str; 3] = ["a", "b", "c"];

/// What happens to the store.
#[derive(Debug, Clone)]
enum Step {
    /// A write. What it expects is what stands there, what stood there, or nothing.
    Commit {
        place: (usize, usize),
        expects: Expects,
        epoch: u64,
        attempt: u64,
        ended: bool,
        event: bool,
        keep: u64,
        floor: u64,
    },
    /// The latest commit again.
    Retry,
    Renew(Vec<((usize, usize), u64, u64)>),
    ReadRoom(usize, u64),
    ReadOne(usize, usize),
    Due {
        limit: usize,
        longest: u64,
    },
    Subscribe(usize),
    Unsubscribe(usize),
    Pass(u64),
}

#[derive(Debug, Clone, Copy)]
enum Expects {
    WhatIsThere,
    Nothing,
    SomethingElse,
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_in_memory_answers_like_a_naive_one(steps in steps()) {
        Pair::new(&InMemory, Forgets::UnheardRooms).run(&steps)?;
    }
}

proptest! {
    // Each has a server of its own.
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_on_redis_answers_like_a_naive_one(
        publishing in prop_oneof![Just(Publishing::Sharded), Just(Publishing::Plain)],
        steps in steps(),
    ) {
        if redis::is_installed() {
            Pair::new(&OnRedis { publishing }, Forgets::AnyRoom).run(&steps)?;
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..ROOMS.len(), 0..CONNS.len());
    let expects = prop_oneof![
        6 => Just(Expects::WhatIsThere),
        2 => Just(Expects::Nothing),
        1 => Just(Expects::SomethingElse),
    ];
    let span = || prop_oneof![Just(0u64), 1u64..50, 1u64..500];
    let floor = || prop_oneof![4 => Just(0u64), 1 => 1u64..800];
    let commit = (
        place(),
        expects,
        1u64..4,
        1u64..6,
        any::<bool>(),
        any::<bool>(),
        span(),
        floor(),
    );
    let commit = commit.prop_map(
        |(place, expects, epoch, attempt, ended, event, keep, floor)| Step::Commit {
            place,
            expects,
            epoch,
            attempt,
            ended,
            event,
            keep,
            floor,
        },
    );
    prop_oneof![
        10 => commit,
        1 => Just(Step::Retry),
        3 => prop::collection::vec((place(), 1u64..4, span()), 0..4).prop_map(Step::Renew),
        3 => (0..ROOMS.len(), floor()).prop_map(|(room, floor)| Step::ReadRoom(room, floor)),
        3 => place().prop_map(|(room, conn)| Step::ReadOne(room, conn)),
        3 => (0..4usize, 1u64..400).prop_map(|(limit, longest)| Step::Due { limit, longest }),
        1 => (0..ROOMS.len()).prop_map(Step::Subscribe),
        1 => (0..ROOMS.len()).prop_map(Step::Unsubscribe),
        6 => span().prop_map(Step::Pass),
    ]
}

/// The store and the naive one.
struct Pair {
    clock: Arc<HandClock>,
    stage: Arc<dyn Stage>,
    store: Arc<dyn PresenceStore>,
    feed: Arc<dyn Feed>,
    ear: Arc<Ear>,
    naive: Naive,
    latest: Option<Commit>,
}

#[derive(Default)]
struct Ear(Mutex<Vec<(RoomId, Published)>>);

impl FeedSink for Ear {
    fn published(&self, room: &RoomId, published: Published) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((room.clone(), published));
    }

    fn interrupted(&self, _: Option<&RoomId>) {}
}

impl Pair {
    fn new(backend: &dyn Backend, forgets: Forgets) -> Self {
        let clock = HandClock::new();
        let stage = backend.open(&clock, 1);
        let ear = Arc::new(Ear::default());
        // A single node hears at once: nothing is left to run.
        stage.attach(0, ear.clone(), &Executor::new(None));
        Self {
            clock,
            store: stage.store(),
            feed: stage.feed(0),
            stage,
            ear,
            naive: Naive::new(forgets),
            latest: None,
        }
    }

    fn run(mut self, steps: &[Step]) -> Result<(), TestCaseError> {
        for step in steps {
            self.perform(step)?;
            let heard = self.ear.0.lock().unwrap_or_else(PoisonError::into_inner);
            let expected = self.naive.heard(&heard);
            prop_assert_eq!(&*heard, &expected, "after {:?}", step);
        }
        // With time, everything goes.
        for room in 0..ROOMS.len() {
            self.perform(&Step::Unsubscribe(room))?;
        }
        for kept in self.naive.records.clone() {
            if kept.place == Place::Live {
                self.write(
                    kept.room,
                    kept.conn,
                    Some(kept.found.revision),
                    (9, 9),
                    true,
                )?;
            }
        }
        self.perform(&Step::Pass(10_000))?;
        self.perform(&Step::Due {
            limit: 10,
            longest: 1,
        })?;
        // That rooms go without being asked for is a case of the contract.
        for room in 0..ROOMS.len() {
            self.perform(&Step::ReadRoom(room, 0))?;
        }
        prop_assert_eq!(
            self.stage.size(),
            Some((0, 0)),
            "something is kept for ever"
        );
        Ok(())
    }

    fn perform(&mut self, step: &Step) -> Result<(), TestCaseError> {
        for room in 0..ROOMS.len() {
            self.naive.forgotten[room] |= self.naive.may_forget(room, &self.clock);
        }
        match step.clone() {
            Step::Pass(span) => self.clock.advance(ms(span)),
            Step::Subscribe(room) => {
                now(self.feed.subscribe(&id(room))).expect("it answers");
                self.naive.subscribed[room] = true;
                // From now on it is remembered, so it is known which it was.
                let read = now(self.store.read(&id(room), Version(0), Conns::Live));
                let told = read.expect("it answers").version;
                self.naive.told(room, Version(0), told)?;
            }
            Step::Unsubscribe(room) => {
                self.naive.was_subscribed[room] |= self.naive.subscribed[room];
                self.naive.subscribed[room] = false;
                now(self.feed.unsubscribe(&id(room)));
            }
            Step::Commit {
                place: (room, conn),
                expects,
                epoch: number,
                attempt,
                ended,
                event,
                keep,
                floor,
            } => {
                let there = self.naive.current(room, conn, self.clock.passed());
                let mut commit = write(ROOMS[room], CONNS[conn]);
                commit.expected = match expects {
                    Expects::WhatIsThere => there.map(|kept| kept.found.revision),
                    Expects::Nothing => None,
                    Expects::SomethingElse => Some(revision(7, 77)),
                };
                commit.revision = revision(number, attempt);
                commit.record.epoch = epoch(number);
                commit.keep = ms(keep);
                if ended {
                    commit.place = Place::Ended;
                    commit.record.phase = Phase::Ended(Reason::Left);
                }
                commit.event = commit.event.filter(|_| event);
                if floor > 0 {
                    commit.floor = Version(self.clock.wall().0 + floor);
                }
                self.commit(room, conn, commit)?;
            }
            Step::Retry => {
                if let Some(commit) = self.latest.clone() {
                    let room = ROOMS.iter().position(|it| *it == commit.room.as_str());
                    let conn = CONNS.iter().position(|it| *it == commit.conn.as_str());
                    self.commit(room.unwrap_or(0), conn.unwrap_or(0), commit)?;
                }
            }
            Step::Renew(asked) => {
                let renewals: Vec<_> = asked
                    .iter()
                    .map(|((room, conn), number, span)| {
                        let mut of = write(ROOMS[*room], CONNS[*conn]);
                        of.revision.epoch = epoch(*number);
                        renewal(&of, *span)
                    })
                    .collect();
                let rooms = [id(1), id(0)];
                let renewed =
                    now(self.store.renew(Part(0), &renewals, &rooms)).expect("it answers");
                let mut reported: Vec<LeaseName> = Vec::new();
                for ((place, number, span), renewal) in asked.iter().zip(&renewals) {
                    if !self
                        .naive
                        .renew(*place, *number, *span, self.clock.passed())
                    {
                        reported.push(renewal.lease.clone());
                    }
                }
                prop_assert_eq!(renewed.reported, reported);
                for (room, told) in [1, 0].into_iter().zip(renewed.versions) {
                    self.naive.told(room, Version(0), told)?;
                }
            }
            Step::ReadRoom(room, floor) => {
                let floor = if floor > 0 {
                    self.clock.wall().0 + floor
                } else {
                    0
                };
                let read = now(self.store.read(&id(room), Version(floor), Conns::Live));
                let read = read.expect("it answers");
                self.naive.told(room, Version(floor), read.version)?;
                prop_assert_eq!(read.records, self.naive.live(room, self.clock.passed()));
            }
            Step::ReadOne(room, conn) => {
                let conns = ConnId::trusted(CONNS[conn]);
                let read = now(self.store.read(&id(room), Version(0), Conns::One(&conns)));
                let found = read.expect("it answers").records.into_iter().next();
                let there = self.naive.current(room, conn, self.clock.passed());
                prop_assert_eq!(found.map(|(_, found)| found), there.map(|kept| kept.found));
            }
            Step::Due { limit, longest } => {
                let due = now(self.store.due(Part(0), limit, ms(longest))).expect("it answers");
                let due: Vec<_> = due.lapsed;
                let expected = self.naive.due(limit, longest, self.clock.passed());
                prop_assert_eq!(due, expected);
                let records = self.stage.size().map(|(_, records)| records);
                prop_assert_eq!(records, Some(self.naive.records.len()));
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        room: usize,
        conn: usize,
        expected: Option<Revision>,
        (number, attempt): (u64, u64),
        ended: bool,
    ) -> Result<(), TestCaseError> {
        let mut commit = write(ROOMS[room], CONNS[conn]);
        commit.expected = expected;
        commit.revision = revision(number, attempt);
        commit.place = if ended { Place::Ended } else { Place::Live };
        self.commit(room, conn, commit)
    }

    fn commit(&mut self, room: usize, conn: usize, commit: Commit) -> Result<(), TestCaseError> {
        let answer = now(self.store.commit(commit.clone())).expect("it answers");
        let times = (self.clock.passed(), self.clock.wall().0);
        let expected = self.naive.commit(room, conn, commit.clone(), times);
        prop_assert_eq!(answer, expected, "{:?}", commit);
        self.latest = Some(commit);
        Ok(())
    }
}

fn revision(number: u64, attempt: u64) -> Revision {
    Revision {
        epoch: epoch(number),
        seat: SeatId(1),
        attempt,
    }
}

fn id(room: usize) -> RoomId {
    RoomId::trusted(ROOMS[room])
}

/// The store in memory never waits; the one on Redis does so inside of a call.
fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("it is answered by now")
}
