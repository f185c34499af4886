//! Two kinds of time, so that they cannot be mixed: a node's own steady clock and the calendar.
//!
//! Nothing here reads a clock. `Listening` turns the steady clock into the time during which
//! this node could hear its clients.

use std::time::Duration;

/// Milliseconds on a node's monotonic clock. Means nothing on another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment, `span` later.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// How long `earlier` is ago at this moment; zero if it lies ahead.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long `earlier` is ago at this time; zero if it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This time, `span` earlier.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

/// Whole milliseconds of a span.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The two readings of the steady clock that a rule may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The clock itself: what leases in the store are measured by.
    pub clock: Moment,
    /// The clock less all spans in which this node did not run: what a client's silence is
    /// measured by.
    pub heard: Moment,
}

/// Silence counts only while it could be heard: a node that was stopped, or whose ticks come
/// late, adds nothing to anybody's silence (`docs/presence.md`, P7 and P8).
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    tick: Duration,
    last_tick: Moment,
    unheard: Duration,
}

impl Listening {
    /// Starts at `now`; a tick is expected every `tick`.
    pub fn new(tick: Duration, now: Moment) -> Self {
        Self {
            tick,
            last_tick: now,
            unheard: Duration::ZERO,
        }
    }

    /// Reads the clock. Between ticks listening time runs for one tick at most, so that what is
    /// read after a pause and before the first tick is not held against a client.
    pub fn now(&self, clock: Moment) -> Now {
        let listened_until = clock.min(self.last_tick.after(self.tick));
        Now {
            clock,
            heard: Moment(listened_until.0.saturating_sub(millis(self.unheard))),
        }
    }

    /// Notes a tick and returns by how much it came late.
    pub fn tick(&mut self, clock: Moment) -> Duration {
        let late = clock.since(self.last_tick).saturating_sub(self.tick);
        self.unheard += late;
        self.last_tick = clock;
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    #[test]
    fn a_pause_is_taken_out_of_listening_time() {
        let mut listening = Listening::new(TICK, Moment(1000));
        assert_eq!(listening.now(Moment(1050)).heard, Moment(1050));
        // The node stops for nine seconds; what it reads first is not held against anyone.
        assert_eq!(listening.now(Moment(10_000)).heard, Moment(1100));
        assert_eq!(listening.tick(Moment(10_000)), Duration::from_millis(8900));
        assert_eq!(listening.now(Moment(10_010)).heard, Moment(1110));
    }

    #[test]
    fn listening_time_never_runs_backwards() {
        let mut listening = Listening::new(TICK, Moment(0));
        let mut last = Moment(0);
        for clock in [10, 90, 100, 130, 200, 900, 901, 5000, 5001, 5099] {
            assert!(listening.now(Moment(clock)).heard >= last);
            listening.tick(Moment(clock));
            let heard = listening.now(Moment(clock)).heard;
            assert!(heard >= last);
            last = heard;
        }
    }
}
