//! What a worker knows: its users, their rooms, and what was measured.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtm_client::Connection;
use tokio::sync::{Notify, Semaphore};

use crate::audit::{Faults, Ledger, Receiver, Sent};
use crate::clock::MILLISECOND;
use crate::message::{Counts, Span};
use crate::metric::Metric;
use crate::plan::{Pace, Plan, Scenario};
use crate::record::Record;

/// Connections that are being made at once.
const DIALS_MAX: usize = 256;
/// Time between two heartbeats of who has nothing else to send, where the server names no TTL.
pub(super) const KEEPALIVE_NS: u64 = 10_000 * MILLISECOND;

/// Shared by the tasks of a worker. All of them run on one thread: the lock is never waited for.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Told when something is over that may be waited for.
    pub(super) changed: Notify,
    pub(super) dials: Semaphore,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Ramp,
    Run,
    /// The load is over; what is due may still come.
    Settle,
    /// Nothing that comes counts any more.
    Over,
}

pub(super) struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) part: Part,
    pub(super) span: Option<Span>,
    pub(super) users: Vec<User>,
    pub(super) rooms: BTreeMap<u32, Room>,
    pub(super) record: Record,
    pub(super) counts: Counts,
    pub(super) faults: Faults,
    /// Who is in a room until when, in churn.
    pub(super) holding: VecDeque<(u64, usize)>,
    /// Who is to connect, and since when.
    pub(super) to_connect: Vec<(usize, u64)>,
}

/// A seat in a room, of which this process has the connection.
pub(super) struct User {
    pub(super) room: u32,
    pub(super) seat: u32,
    pub(super) life: u32,
    /// Counts its connections, so that an earlier one's end is not taken for the present one's.
    pub(super) serial: u32,
    pub(super) connection: Option<Connection>,
    pub(super) joined: bool,
    /// The ramp has done with it.
    pub(super) tried: bool,
    /// It was there, and is to come back by itself.
    pub(super) away: bool,
    pub(super) ids: u64,
    pub(super) pending: VecDeque<Pending>,
    pub(super) sent: Sent,
    pub(super) beats: u32,
    pub(super) last_beat: u64,
    pub(super) keepalive_ns: u64,
    /// What it is told, if it stays.
    pub(super) receiver: Option<Receiver>,
    /// A cycle of churn is in progress, and others wait since they were due.
    pub(super) busy: bool,
    pub(super) waiting: VecDeque<u64>,
    pub(super) token: bool,
}

/// A request that is not answered yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) id: u64,
    pub(super) metric: Metric,
    pub(super) due: u64,
    pub(super) sent: u64,
    /// The number of the event that it causes, if it does.
    pub(super) number: Option<u32>,
    /// The next one of a closed loop begins when it is over.
    pub(super) token: bool,
}

/// A room, as far as it is in this process.
#[derive(Default)]
pub(super) struct Room {
    pub(super) senders: Vec<usize>,
    pub(super) next_sender: usize,
    pub(super) members: Vec<usize>,
    /// Places of a closed loop that found nobody to send.
    pub(super) idle_tokens: u32,
    /// Events that have to reach all, by sender and number.
    pub(super) awaited: HashMap<(u32, u32), Awaited>,
}

pub(super) struct Awaited {
    pub(super) due: u64,
    pub(super) left: usize,
    pub(super) answered: bool,
    pub(super) token: bool,
}

impl Shared {
    pub(super) fn new(plan: Arc<Plan>, process: u32) -> Self {
        Self {
            state: Mutex::new(State::new(plan, process)),
            changed: Notify::new(),
            dials: Semaphore::new(DIALS_MAX),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(plan: Arc<Plan>, process: u32) -> Self {
        let mut users = Vec::new();
        let mut rooms: BTreeMap<u32, Room> = BTreeMap::new();
        let shape = plan.shape();
        for room in 0..plan.rooms {
            for seat in 0..plan.seats_per_room() {
                if plan.process_of(room, seat) != process {
                    continue;
                }
                let own = rooms.entry(room).or_default();
                let stays = seat < plan.users;
                if stays {
                    own.members.push(users.len());
                }
                if seat.wrapping_sub(shape.senders_from) < shape.senders {
                    own.senders.push(users.len());
                }
                let receiver = (stays && plan.join).then(|| Receiver::new(shape, seat));
                users.push(User::new(room, seat, receiver));
            }
        }
        Self {
            plan,
            part: Part::Ramp,
            span: None,
            users,
            rooms,
            record: Record::new(),
            counts: Counts::default(),
            faults: Faults::default(),
            holding: VecDeque::new(),
            to_connect: Vec::new(),
        }
    }

    /// Whether something that was due then belongs to what is measured.
    pub(super) fn is_measured(&self, due: u64) -> bool {
        match self.span {
            Some(span) => (span.measure..span.end).contains(&due),
            // In churn only those who come and go count.
            None => self.plan.scenario != Scenario::Churn,
        }
    }

    pub(super) fn latency(&mut self, metric: Metric, due: u64, now: u64) {
        if self.is_measured(due) {
            self.record.latency(metric, now.saturating_sub(due));
        }
    }

    pub(super) fn error(&mut self, metric: Metric, reason: &str) {
        self.counts.errors += 1;
        self.record.error(metric, reason);
    }

    pub(super) fn is_closed_loop(&self) -> bool {
        matches!(self.plan.pace, Pace::Closed(_))
    }

    /// Whether anything that was begun is not over.
    pub(super) fn is_busy(&self) -> bool {
        let awaited = self.rooms.values().any(|room| !room.awaited.is_empty());
        // Signs of life never end.
        let asks = |user: &User| user.pending.iter().any(|it| it.metric != Metric::Keepalive);
        let busy = |user: &User| user.busy || asks(user);
        awaited || self.users.iter().any(busy)
    }

    /// What was sent from here, and who is there.
    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for user in &self.users {
            let room = ledger.room_mut(user.room);
            if user.receiver.is_some() {
                let there = user.joined && !user.away;
                let set = if there {
                    &mut room.there
                } else {
                    &mut room.unsure
                };
                set.insert(user.seat);
            }
            if user.sent.last > 0 {
                room.sent.insert(user.seat, user.sent.clone());
            }
        }
        ledger
    }
}

impl User {
    fn new(room: u32, seat: u32, receiver: Option<Receiver>) -> Self {
        Self {
            room,
            seat,
            life: 0,
            serial: 0,
            connection: None,
            joined: false,
            tried: false,
            away: false,
            ids: 0,
            pending: VecDeque::new(),
            sent: Sent {
                last: 0,
                unsure: BTreeSet::new(),
            },
            beats: 0,
            last_beat: 0,
            keepalive_ns: KEEPALIVE_NS,
            receiver,
            busy: false,
            waiting: VecDeque::new(),
            token: false,
        }
    }
}
