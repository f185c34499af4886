//! What a run does: the options, completed and checked, as all of its processes get it.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::audit::Shape;
use crate::metric::Metric;

/// What kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    /// Users in rooms who send heartbeats
    Presence,
    /// Members of rooms who update their state, which all others are told
    Fanout,
    /// Many who join one room at the same instant
    Storm,
    /// Users who come and go, in rooms whose members watch
    Churn,
    /// Members who only hold their connections
    Idle,
    /// Members of rooms who chat
    Chat,
    /// A process of a run of several
    #[value(hide = true)]
    Worker,
}

impl Scenario {
    /// The operation that it is about.
    pub(crate) fn main_metric(self) -> Metric {
        match self {
            Self::Presence => Metric::Heartbeat,
            Self::Fanout => Metric::Update,
            Self::Chat => Metric::Chat,
            Self::Idle => Metric::Connect,
            Self::Storm | Self::Churn | Self::Worker => Metric::Join,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Fanout => "fanout",
            Self::Storm => "storm",
            Self::Churn => "churn",
            Self::Idle => "idle",
            Self::Chat => "chat",
            Self::Worker => "worker",
        }
    }
}

/// When an operation of a closed loop is over, and the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Until {
    /// When it is answered
    Ack,
    /// When every member in the same process has been told, too
    Delivery,
}

/// How fast operations are begun.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// So many per second in all, whatever the server does.
    Open(f64),
    /// So many in flight in each room.
    Closed(u32),
    /// None at all.
    Still,
}

/// A server to connect to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
}

/// What a run does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) scenario: Scenario,
    pub(crate) url: String,
    /// One for each URL. Earlier reports have none.
    #[serde(default)]
    pub(crate) targets: Vec<Target>,
    pub(crate) local_addresses: Vec<IpAddr>,
    /// What the run's rooms and users begin with.
    pub(crate) run: String,
    pub(crate) processes: u32,
    pub(crate) rooms: u32,
    pub(crate) users: u32,
    /// Members of each room that send.
    pub(crate) senders: u32,
    /// Those of each room who come and go.
    pub(crate) churners: u32,
    pub(crate) pace: Pace,
    pub(crate) until: Until,
    /// Every so many heartbeats one has a patch; 0: none.
    pub(crate) patch_every: u32,
    pub(crate) payload_bytes: u32,
    pub(crate) reconnect: bool,
    /// Whether members join, or only connect.
    pub(crate) join: bool,
    pub(crate) hold_ns: u64,
    pub(crate) ramp_ns: u64,
    pub(crate) warm_up_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) ack_timeout_ns: u64,
    pub(crate) late_ns: u64,
    pub(crate) settle_ns: u64,
}

impl Plan {
    /// Members and, in churn, those who come and go.
    pub(crate) fn seats_per_room(&self) -> u32 {
        self.users + self.churners
    }

    /// Which process has a seat.
    pub(crate) fn process_of(&self, room: u32, seat: u32) -> u32 {
        let number = u64::from(room) * u64::from(self.seats_per_room()) + u64::from(seat);
        (number % u64::from(self.processes)) as u32
    }

    /// Which server a seat connects to: the members of a room are spread over all, and so are those who send, where each room has one.
    pub(crate) fn target_of(&self, room: u32, seat: u32) -> &Target {
        let number = u64::from(room) + u64::from(seat);
        &self.targets[(number % self.targets.len() as u64) as usize]
    }

    /// Connections that one process has at once, at most.
    pub(crate) fn connections_per_process(&self) -> u64 {
        let all = u64::from(self.rooms) * u64::from(self.seats_per_room());
        all.div_ceil(u64::from(self.processes))
    }

    /// Seats that send: numbers of actors are spread over rooms first.
    pub(crate) fn actors(&self) -> u64 {
        u64::from(self.rooms) * u64::from(self.senders)
    }

    pub(crate) fn actor(&self, number: u64) -> (u32, u32) {
        let at = number % self.actors();
        let rooms = u64::from(self.rooms);
        (
            (at % rooms) as u32,
            self.senders_from() + (at / rooms) as u32,
        )
    }

    fn senders_from(&self) -> u32 {
        match self.scenario {
            Scenario::Churn => self.users,
            _ => 0,
        }
    }

    /// Who sends events that are told to all.
    pub(crate) fn shape(&self) -> Shape {
        Shape {
            members: self.users,
            senders_from: self.senders_from(),
            senders: self.senders,
            shown: self.scenario != Scenario::Chat,
        }
    }

    /// The operation that the scenario is about.
    pub(crate) fn main_metric(&self) -> Metric {
        self.scenario.main_metric()
    }

    /// Whether the load consists of it, so that it has a rate; else it is of the ramp.
    pub(crate) fn is_load(&self, metric: Metric) -> bool {
        let joins = [Metric::Connect, Metric::Join, Metric::EventJoin];
        match self.scenario {
            Scenario::Churn => true,
            Scenario::Storm => false,
            _ => !joins.contains(&metric),
        }
    }

    /// Whether members join as soon as they are connected.
    pub(crate) fn joins_in_ramp(&self) -> bool {
        self.join && self.scenario != Scenario::Storm
    }
}
