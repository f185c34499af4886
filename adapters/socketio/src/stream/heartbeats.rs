//! The heartbeats of WebSockets: each client is asked at its time whether it is there, and cut if
//! it does not answer. One timer serves all of them.
//!
//! The transport would ask as well, through a queue that grows by it. As answers are kept from
//! it, it asks a new session once, and one that polled until its WebSocket is in use.
//!
//! Clients are asked by the clock, as they leave if they are not. What they take to answer is
//! counted while this node listens: nobody is cut for an answer that it could not hear.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rtm_domain::ports::Clock;
use rtm_domain::time::{Listening, Moment, Now, millis};
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};

use crate::limits::Limits;
use crate::line::Cut;
use crate::stream::lane::Lane;

/// The longest time between two ticks.
const TICK_MAX: Duration = Duration::from_millis(100);

/// Ticks in an interval or time-out, at least, unless these are shorter than that in ms.
const TICKS_MIN: u32 = 10;

/// Ticks that an answer may take beyond its time: after a pause, what has come meanwhile is read
/// first.
const TICKS_OF_GRACE: u32 = 2;

/// When a stream is looked at again, at the latest: so long what is gone keeps its place.
const LOOK_AFTER_MAX: Duration = Duration::from_secs(10);

/// How many clients are asked before others on the thread get their turn.
const TURN: usize = 128;

/// All of them.
pub(crate) struct Heartbeats {
    clock: Arc<dyn Clock>,
    tick: Duration,
    interval: Duration,
    answer_max: Duration,
    upgrade_max: Duration,
    due: Mutex<Due>,
}

struct Due {
    listening: Listening,
    /// What is looked at, by the clock.
    at: BTreeMap<Moment, Vec<Beat>>,
}

struct Beat {
    lane: Weak<Lane>,
    step: Step,
}

/// What a client is in the middle of.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Its session, which polled, is being upgraded, or has said nothing since.
    Upgrading {
        /// In listening time.
        until: Moment,
    },
    /// It has been asked.
    Asked {
        /// When it must have answered, in listening time.
        until: Moment,
        /// When it is asked again, by the clock.
        again: Moment,
    },
}

impl Heartbeats {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let shorter = limits.ping_interval.min(limits.ping_timeout);
        let tick = millis(TICK_MAX.min(shorter / TICKS_MIN)).max(1);
        let tick = Duration::from_millis(tick);
        let answer_max = limits.ping_timeout + tick * TICKS_OF_GRACE;
        Self {
            tick,
            interval: limits.ping_interval,
            answer_max,
            upgrade_max: limits.upgrade_timeout + limits.ping_interval + answer_max,
            due: Mutex::new(Due {
                listening: Listening::new(tick, clock.now()),
                at: BTreeMap::new(),
            }),
            clock,
        }
    }

    /// Looks after the stream of a new session, which the transport asks once, at once.
    pub(crate) fn watch(&self, lane: &Arc<Lane>) {
        let now = self.now();
        let again = now.clock.after(self.interval);
        self.add(Arc::downgrade(lane), now, self.asked(now, again));
    }

    /// Looks after a stream to which a session is being upgraded. The transport asks it, about
    /// once an interval, until its writer has the stream.
    pub(crate) fn watch_upgrade(&self, lane: &Arc<Lane>) {
        let now = self.now();
        let until = now.heard.after(self.upgrade_max);
        self.add(Arc::downgrade(lane), now, Step::Upgrading { until });
    }

    /// Asks, and looks for answers, as long as there is somebody to do so for.
    pub(crate) async fn run(heartbeats: Weak<Self>) {
        let Some(tick) = heartbeats.upgrade().map(|it| it.tick) else {
            return;
        };
        let mut ticks = interval(tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(heartbeats) = heartbeats.upgrade() else {
                return;
            };
            heartbeats.tick().await;
        }
    }

    async fn tick(&self) {
        let clock = self.clock.now();
        let (now, beats) = {
            let mut due = self.due();
            due.listening.tick(clock);
            let later = due.at.split_off(&Moment(clock.0 + 1));
            let beats = std::mem::replace(&mut due.at, later);
            (due.listening.now(clock), beats)
        };
        for (number, beat) in beats.into_values().flatten().enumerate() {
            if number % TURN == TURN - 1 {
                yield_now().await;
            }
            if let Some(step) = self.beat(&beat, now) {
                self.add(beat.lane, now, step);
            }
        }
    }

    /// Does what is due. Returns what is next, unless the stream is gone.
    fn beat(&self, beat: &Beat, now: Now) -> Option<Step> {
        let lane = beat.lane.upgrade().filter(|it| !it.handle().is_closed())?;
        match beat.step {
            Step::Upgrading { .. } if lane.is_ready() => {
                // The transport may have asked it long ago.
                Some(self.ask(&lane, now, now.clock))
            }
            Step::Upgrading { until } if now.heard >= until => {
                // Its session may have another stream.
                lane.handle().close();
                None
            }
            Step::Asked { until, .. } if now.heard >= until && !lane.is_answered() => {
                lane.handle().cut(Cut::PingTimeout);
                None
            }
            Step::Asked { again, .. } if now.clock >= again && lane.is_answered() => {
                Some(self.ask(&lane, now, again))
            }
            waits => Some(waits),
        }
    }

    /// Asks a client whose time for that was `due`. It keeps its time, so that those who were asked
    /// together after a pause part again.
    fn ask(&self, lane: &Arc<Lane>, now: Now, due: Moment) -> Step {
        lane.ping();
        let intervals = millis(now.clock.since(due)) / millis(self.interval).max(1) + 1;
        let again = due.0 + intervals * millis(self.interval);
        self.asked(now, Moment(again))
    }

    fn asked(&self, now: Now, again: Moment) -> Step {
        let until = now.heard.after(self.answer_max);
        Step::Asked { until, again }
    }

    fn add(&self, lane: Weak<Lane>, now: Now, step: Step) {
        let at = self.look_at(now, step).0;
        let tick = millis(self.tick);
        let at = Moment(at.div_ceil(tick) * tick);
        let beat = Beat { lane, step };
        self.due().at.entry(at).or_default().push(beat);
    }

    /// When something may have to be done, by the clock.
    fn look_at(&self, now: Now, step: Step) -> Moment {
        let soon = now.clock.after(self.tick);
        let last = now.clock.after(LOOK_AFTER_MAX);
        let at = match step {
            Step::Upgrading { .. } => soon,
            Step::Asked { until, again } if until <= now.heard => again,
            // Who still owes an answer then is looked at until it has come.
            Step::Asked { until, again } => again.min(now.clock.after(until.since(now.heard))),
        };
        at.clamp(soon, last)
    }

    fn now(&self) -> Now {
        self.due().listening.now(self.clock.now())
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
