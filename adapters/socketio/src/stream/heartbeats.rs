//! The heartbeats of WebSockets: each client is asked at its time whether it is there, and cut if
//! it does not answer. One timer serves all of them.
//!
//! The transport would ask as well, with a task and timers for each stream and through a queue
//! that grows by it. It asks once, and its answer is kept from it.
//!
//! Time is counted in ticks. A node that does not run has none, so nobody is cut for an answer
//! that it could not hear.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rtm_domain::time::millis;
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};

use crate::limits::Limits;
use crate::line::Cut;
use crate::stream::lane::Lane;

/// The longest time between two ticks.
const TICK_MAX: Duration = Duration::from_millis(100);

/// Ticks in an interval or time-out, at least.
const TICKS_MIN: u32 = 10;

/// Ticks that an answer may take beyond its time: after a pause, what has come meanwhile is read
/// first.
const TICKS_OF_GRACE: u64 = 2;

/// How many clients are asked before others on the thread get their turn.
const TURN: usize = 128;

/// All of them.
#[derive(Debug)]
pub(crate) struct Heartbeats {
    tick: Duration,
    interval_ticks: u64,
    timeout_ticks: u64,
    due: Mutex<Due>,
}

#[derive(Debug, Default)]
struct Due {
    /// The number of this tick.
    now: u64,
    /// What is due at later ones.
    at: BTreeMap<u64, Vec<Beat>>,
}

#[derive(Debug)]
struct Beat {
    lane: Weak<Lane>,
    step: Step,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The session that polled has to be here.
    Upgraded {
        /// By this tick.
        until: u64,
    },
    Ask,
    /// The answer has to be there.
    Answered {
        /// At which tick it is asked again.
        again: u64,
    },
}

impl Heartbeats {
    pub(crate) fn new(limits: &Limits) -> Self {
        let shorter = limits.ping_interval.min(limits.ping_timeout);
        let tick = TICK_MAX.min(shorter / TICKS_MIN);
        let tick = tick.max(Duration::from_millis(1));
        let ticks = |span| (millis(span) / millis(tick)).max(1);
        Self {
            tick,
            interval_ticks: ticks(limits.ping_interval),
            timeout_ticks: ticks(limits.ping_timeout) + TICKS_OF_GRACE,
            due: Mutex::default(),
        }
    }

    /// Looks after the stream of a new session, which the transport asks once, at once.
    pub(crate) fn watch(&self, lane: &Arc<Lane>) {
        let mut due = self.due();
        let again = due.now + self.interval_ticks;
        let at = due.now + self.timeout_ticks;
        due.add(at, Beat::new(lane, Step::Answered { again }));
    }

    /// Looks after a stream to which a session is being upgraded that the transport asks, about
    /// once an interval, until its writer has the stream.
    pub(crate) fn watch_upgrade(&self, lane: &Arc<Lane>) {
        let mut due = self.due();
        let until = due.now + self.interval_ticks + self.timeout_ticks;
        let at = due.now + 1;
        due.add(at, Beat::new(lane, Step::Upgraded { until }));
    }

    /// Asks, and looks for answers, as long as there is somebody to do so for.
    pub(crate) async fn run(heartbeats: Weak<Self>) {
        let Some(tick) = heartbeats.upgrade().map(|it| it.tick) else {
            return;
        };
        let mut ticks = interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let Some(heartbeats) = heartbeats.upgrade() else {
                return;
            };
            heartbeats.tick().await;
        }
    }

    async fn tick(&self) {
        let (now, due) = {
            let mut due = self.due();
            due.now += 1;
            let now = due.now;
            (now, due.at.remove(&now).unwrap_or_default())
        };
        for (number, beat) in due.into_iter().enumerate() {
            if number % TURN == TURN - 1 {
                yield_now().await;
            }
            if let Some((at, step)) = self.beat(&beat, now) {
                self.due().add(at, Beat { step, ..beat });
            }
        }
    }

    /// Does what is due. Returns what is next, unless the stream is gone.
    fn beat(&self, beat: &Beat, now: u64) -> Option<(u64, Step)> {
        let lane = beat.lane.upgrade().filter(|it| !it.handle().is_closed())?;
        match beat.step {
            // The transport may have asked it long ago.
            Step::Upgraded { .. } if lane.is_ready() => Some(self.ask(&lane, now)),
            Step::Upgraded { until } if now < until => Some((now + 1, beat.step)),
            Step::Ask => Some(self.ask(&lane, now)),
            Step::Answered { again } if lane.is_answered() && now < again => {
                Some((again, Step::Ask))
            }
            Step::Answered { .. } if lane.is_answered() => Some(self.ask(&lane, now)),
            Step::Upgraded { .. } | Step::Answered { .. } => {
                lane.handle().cut(Cut::PingTimeout);
                None
            }
        }
    }

    fn ask(&self, lane: &Arc<Lane>, now: u64) -> (u64, Step) {
        lane.ping();
        let again = now + self.interval_ticks;
        (now + self.timeout_ticks, Step::Answered { again })
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Beat {
    fn new(lane: &Arc<Lane>, step: Step) -> Self {
        let lane = Arc::downgrade(lane);
        Self { lane, step }
    }
}

impl Due {
    fn add(&mut self, at: u64, beat: Beat) {
        self.at.entry(at).or_default().push(beat);
    }
}

#[cfg(test)]
mod tests;
