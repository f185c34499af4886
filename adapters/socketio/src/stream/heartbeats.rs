//! The heartbeats of WebSockets: each client is asked at its time whether it is there, and cut if
//! it does not answer. One timer serves all of them.
//!
//! The transport would ask as well, through a queue that grows by it. As answers are kept from
//! it, it asks a new session once, and one that polled until its WebSocket is in use.
//!
//! Time is counted in ticks. A node that does not run has none, so nobody is cut for an answer
//! that it could not hear; but those whose time to be asked has come meanwhile are asked at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rtm_domain::time::millis;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use crate::limits::Limits;
use crate::line::Cut;
use crate::stream::lane::Lane;

/// The longest time between two ticks.
const TICK_MAX: Duration = Duration::from_millis(100);

/// Ticks in an interval or time-out, at least, unless these are shorter than that in ms.
const TICKS_MIN: u32 = 10;

/// Ticks that an answer may take beyond its time: after a pause, what has come meanwhile is read
/// first.
const TICKS_OF_GRACE: u64 = 2;

/// Ticks after which a stream is looked at, at the latest: so long what is gone keeps its place.
const LOOK_AFTER_MAX: u64 = 100;

/// How many clients are asked before others on the thread get their turn.
const TURN: usize = 128;

/// All of them.
#[derive(Debug)]
pub(crate) struct Heartbeats {
    tick: Duration,
    interval_ticks: u64,
    timeout_ticks: u64,
    upgrade_ticks: u64,
    due: Mutex<Due>,
}

#[derive(Debug, Default)]
struct Due {
    /// The number of this tick.
    now: u64,
    /// What is looked at in later ones.
    at: BTreeMap<u64, Vec<Beat>>,
}

#[derive(Debug)]
struct Beat {
    lane: Weak<Lane>,
    step: Step,
}

/// What a client is in the middle of. Its times are ticks.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Its session, which polled, is being upgraded, or has said nothing since.
    Upgrading { until: u64 },
    /// It has been asked, answers until then, and is asked again.
    Asked { until: u64, again: u64 },
}

impl Heartbeats {
    pub(crate) fn new(limits: &Limits) -> Self {
        let shorter = limits.ping_interval.min(limits.ping_timeout);
        let tick = millis(TICK_MAX.min(shorter / TICKS_MIN)).max(1);
        let ticks = |span| (millis(span) / tick).max(1);
        Self {
            tick: Duration::from_millis(tick),
            interval_ticks: ticks(limits.ping_interval),
            timeout_ticks: ticks(limits.ping_timeout) + TICKS_OF_GRACE,
            upgrade_ticks: ticks(limits.upgrade_timeout),
            due: Mutex::default(),
        }
    }

    /// Looks after the stream of a new session, which the transport asks once, at once.
    pub(crate) fn watch(&self, lane: &Arc<Lane>) {
        let mut due = self.due();
        let step = self.asked(due.now);
        due.add(Arc::downgrade(lane), step);
    }

    /// Looks after a stream to which a session is being upgraded. The transport asks it, about
    /// once an interval, until its writer has the stream.
    pub(crate) fn watch_upgrade(&self, lane: &Arc<Lane>) {
        let mut due = self.due();
        let until = due.now + self.upgrade_ticks + self.interval_ticks + self.timeout_ticks;
        due.add(Arc::downgrade(lane), Step::Upgrading { until });
    }

    /// Asks, and looks for answers, as long as there is somebody to do so for.
    pub(crate) async fn run(heartbeats: Weak<Self>) {
        let Some(tick) = heartbeats.upgrade().map(|it| it.tick) else {
            return;
        };
        let mut next = Instant::now() + tick;
        loop {
            sleep_until(next).await;
            let Some(heartbeats) = heartbeats.upgrade() else {
                return;
            };
            let late = next.elapsed();
            let missed = u32::try_from(late.as_millis() / tick.as_millis()).unwrap_or(u32::MAX);
            next += tick.saturating_mul(missed.saturating_add(1));
            heartbeats.tick(missed.into()).await;
        }
    }

    /// A tick, after so many that were missed.
    async fn tick(&self, missed: u64) {
        let (now, beats) = {
            let mut due = self.due();
            due.now += 1;
            let now = due.now;
            let later = due.at.split_off(&(now + missed + 1));
            (now, std::mem::replace(&mut due.at, later))
        };
        for (number, beat) in beats.into_values().flatten().enumerate() {
            if number % TURN == TURN - 1 {
                yield_now().await;
            }
            if let Some(step) = self.beat(&beat, now, missed) {
                self.due().add(beat.lane, step);
            }
        }
    }

    /// Does what is due. Returns what is next, unless the stream is gone.
    fn beat(&self, beat: &Beat, now: u64, missed: u64) -> Option<Step> {
        let lane = beat.lane.upgrade().filter(|it| !it.handle().is_closed())?;
        match beat.step {
            // The transport may have asked it long ago.
            Step::Upgrading { .. } if lane.is_ready() => Some(self.ask(&lane, now)),
            Step::Upgrading { until } if now < until => Some(beat.step),
            Step::Upgrading { .. } => {
                // Its session may have another stream.
                lane.handle().close();
                None
            }
            Step::Asked { again, .. } if lane.is_answered() && again <= now + missed => {
                Some(self.ask(&lane, now))
            }
            Step::Asked { until, again } if lane.is_answered() || now < until => {
                // It is not asked while it owes an answer.
                let passed = if again <= now { self.interval_ticks } else { 0 };
                let again = again + passed;
                Some(Step::Asked { until, again })
            }
            Step::Asked { .. } => {
                lane.handle().cut(Cut::PingTimeout);
                None
            }
        }
    }

    fn ask(&self, lane: &Arc<Lane>, now: u64) -> Step {
        lane.ping();
        self.asked(now)
    }

    fn asked(&self, now: u64) -> Step {
        Step::Asked {
            until: now + self.timeout_ticks,
            again: now + self.interval_ticks,
        }
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Due {
    fn add(&mut self, lane: Weak<Lane>, step: Step) {
        let at = match step {
            Step::Upgrading { .. } => self.now + 1,
            Step::Asked { until, again } => match until > self.now {
                true => until.min(again),
                false => again,
            },
        };
        let at = at.clamp(self.now + 1, self.now + LOOK_AFTER_MAX);
        self.at.entry(at).or_default().push(Beat { lane, step });
    }
}

#[cfg(test)]
mod tests;
