//! Kinds of schedules: what may go wrong in them, and what is promised all the same.

use super::cluster::Weather;

/// What may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A node dies, and starts again under its name.
    Crash,
    /// A node stands still for less than clients notice.
    Hiccup,
    /// A node stands still, for longer than a TTL at times, not for longer than the look-back.
    Pause,
    /// A node stands still for longer than the look-back.
    LongPause,
    /// A node and the store do not reach each other.
    Cut,
    /// A node reaches the store, not the store it.
    OneWay,
    /// The store cannot be reached.
    Outage,
    /// The store stands still, then does all that it was asked.
    Frozen,
    /// The store starts again with its data.
    Restart,
    /// A replica takes over, which may lack the latest writes.
    FailOver,
    /// A replica takes over whose clock is wrong.
    SkewedFailOver,
    /// A replica takes over, and some nodes do not see it for a while.
    SplitBrain,
    /// The store starts again empty.
    DataLoss,
    /// The store's clock jumps.
    ClockJump,
    /// A node's calendar is set wrong.
    Calendar,
    /// A node's feed is silent, and it does not know.
    Deaf,
    /// A module removes somebody.
    Kick,
    /// The same, while the node of whoever it is stands still for longer than the look-back.
    KickUnnoticed,
}

use Kind::*;

/// A kind of schedule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) kinds: &'static [Kind],
    pub(super) weather: Weather,
    /// The shortest time between two things that go wrong, in milliseconds.
    pub(super) apart_ms: u64,
    /// Clients seldom do more than heartbeat.
    pub(super) quiet: bool,
    /// P7: whoever heartbeats is never shown to leave.
    pub(super) nobody_is_missed: bool,
    /// P7: whoever heartbeats is never told that it expired.
    pub(super) nobody_is_dropped: bool,
    /// What was written stays written.
    pub(super) writes_last: bool,
    /// P7: the longest that anybody is shown after its last sign, in milliseconds, the linger
    /// not counted.
    pub(super) shown_ms_max: Option<u64>,
    /// P5: what the store has is shown within this many milliseconds.
    pub(super) fresh_ms: Option<u64>,
}

const FAIR: Weather = Weather {
    usual_ms: 15,
    slow_per_mille: 0,
    slow_ms: 0,
    lost_per_mille: 0,
    twice_per_mille: 0,
    timeout_ms: 400,
};

const SLOW: Weather = Weather {
    slow_per_mille: 30,
    slow_ms: 900,
    ..FAIR
};

const SLUGGISH: Weather = Weather {
    slow_per_mille: 120,
    ..SLOW
};

const PATIENT: Weather = Weather {
    timeout_ms: 1200,
    ..FAIR
};

const LOSSY: Weather = Weather {
    lost_per_mille: 60,
    twice_per_mille: 20,
    ..FAIR
};

const FOUL: Weather = Weather {
    lost_per_mille: 20,
    twice_per_mille: 10,
    ..SLOW
};

const CALM: Profile = Profile {
    name: "calm",
    kinds: &[Calendar],
    weather: FAIR,
    apart_ms: 300,
    quiet: false,
    nobody_is_missed: true,
    nobody_is_dropped: true,
    writes_last: true,
    shown_ms_max: Some(4500),
    fresh_ms: Some(250),
};

const ROUGH: Profile = Profile {
    name: "rough",
    nobody_is_missed: false,
    nobody_is_dropped: false,
    shown_ms_max: None,
    fresh_ms: None,
    ..CALM
};

impl Profile {
    /// Whether nodes may stand still.
    pub(super) fn pauses(&self) -> bool {
        let still = [Hiccup, Pause, LongPause, KickUnnoticed];
        self.kinds.iter().any(|kind| still.contains(kind))
    }

    /// Whether the store's clock may jump.
    pub(super) fn clock_jumps(&self) -> bool {
        self.kinds.contains(&ClockJump)
    }
}

/// All kinds of schedules, played in turn.
pub(super) const PROFILES: [Profile; 13] = [
    CALM,
    Profile {
        name: "foul weather",
        kinds: &[Deaf, Hiccup],
        weather: FOUL,
        nobody_is_missed: true,
        nobody_is_dropped: true,
        ..ROUGH
    },
    Profile {
        name: "lost events",
        kinds: &[Deaf],
        weather: LOSSY,
        quiet: true,
        nobody_is_missed: true,
        nobody_is_dropped: true,
        shown_ms_max: Some(7000),
        fresh_ms: Some(4000),
        ..ROUGH
    },
    Profile {
        name: "crashes",
        kinds: &[Crash],
        shown_ms_max: Some(10_000),
        ..ROUGH
    },
    Profile {
        name: "pauses",
        kinds: &[Pause],
        nobody_is_dropped: true,
        ..ROUGH
    },
    Profile {
        name: "nodes",
        kinds: &[Crash, LongPause, Deaf],
        weather: SLOW,
        ..ROUGH
    },
    Profile {
        name: "cuts",
        kinds: &[Cut, OneWay, Frozen, Outage],
        weather: SLOW,
        ..ROUGH
    },
    Profile {
        name: "store away",
        kinds: &[Outage, Frozen, Restart, ClockJump],
        weather: PATIENT,
        nobody_is_missed: true,
        nobody_is_dropped: true,
        ..ROUGH
    },
    Profile {
        name: "failover",
        kinds: &[FailOver, DataLoss],
        apart_ms: 7000,
        nobody_is_missed: true,
        nobody_is_dropped: true,
        writes_last: false,
        ..ROUGH
    },
    Profile {
        name: "skew",
        kinds: &[SkewedFailOver, FailOver, Crash, ClockJump],
        weather: SLUGGISH,
        quiet: true,
        writes_last: false,
        ..ROUGH
    },
    Profile {
        name: "split brain",
        kinds: &[SplitBrain, SkewedFailOver, Cut],
        writes_last: false,
        ..ROUGH
    },
    Profile {
        name: "kicks",
        kinds: &[Kick, KickUnnoticed, LongPause, Crash, Deaf, Cut],
        ..ROUGH
    },
    Profile {
        name: "everything",
        kinds: &[
            Crash,
            Hiccup,
            Pause,
            LongPause,
            Cut,
            OneWay,
            Outage,
            Frozen,
            Restart,
            FailOver,
            SkewedFailOver,
            SplitBrain,
            DataLoss,
            ClockJump,
            Calendar,
            Deaf,
            Kick,
            KickUnnoticed,
        ],
        weather: FOUL,
        writes_last: false,
        ..ROUGH
    },
];
