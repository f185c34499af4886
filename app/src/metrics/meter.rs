//! What the presence service does: how many are told of a change, and how long that takes.

use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rtm_domain::ports::Meter;

/// Upper bounds of a room's members on one node.
const MEMBERS: [f64; 9] = [1., 2., 5., 10., 25., 50., 100., 250., 1_000.];

/// Upper bounds in seconds.
const SECONDS: [f64; 9] = [
    0.000_005, 0.000_02, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.05, 0.25,
];

/// Counts and times the work of a presence service.
pub(crate) struct ServiceMeter {
    members: Histogram,
    seconds: Histogram,
    repairs: Counter,
}

impl Default for ServiceMeter {
    fn default() -> Self {
        Self {
            members: Histogram::new(MEMBERS),
            seconds: Histogram::new(SECONDS),
            repairs: Counter::default(),
        }
    }
}

impl ServiceMeter {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "fan_out_members",
            "Members on this node that were told of one change",
            self.members.clone(),
        );
        registry.register(
            "fan_out_seconds",
            "Time that queueing one change for them took",
            self.seconds.clone(),
        );
        registry.register(
            "resyncs",
            "Rooms that were read again because something may have been missed",
            self.repairs.clone(),
        );
    }
}

impl Meter for ServiceMeter {
    fn fan_out(&self, members: usize, tell: &mut dyn FnMut()) {
        let start = Instant::now();
        tell();
        self.seconds.observe(start.elapsed().as_secs_f64());
        self.members.observe(members as f64);
    }

    fn repair(&self) {
        self.repairs.inc();
    }
}
