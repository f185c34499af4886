//! What the transport counts for its operator. `docs/metrics.md` says what each is good for.
//!
//! Counters are atomics; a histogram is a short lock once per event, never per recipient.

use std::borrow::Cow;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rtm_protocol::ErrorReply;

use crate::line::Cut;

/// One label with its value.
type Label = (&'static str, Cow<'static, str>);

/// Upper bounds in seconds: from what a heartbeat takes to a store that does not answer.
const SECONDS: [f64; 11] = [
    0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 2.5,
];

/// The label of events that no module handles.
pub(crate) const NOBODY: &str = "none";

/// Everything that is counted on a connection's way in and out.
#[derive(Debug)]
pub struct Metrics {
    connected: Counter,
    events: Family<[Label; 1], Counter>,
    answered: Family<[Label; 1], Histogram, fn() -> Histogram>,
    refused: Family<[Label; 3], Counter>,
    packets: Counter,
    bytes: Counter,
    cut: Family<[Label; 1], Counter>,
    turned_away: Family<[Label; 1], Counter>,
    requests_refused: Family<[Label; 1], Counter>,
    crowded_out: Family<[Label; 1], Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        Self {
            connected: Counter::default(),
            events: Family::default(),
            answered: Family::new_with_constructor(seconds),
            refused: Family::default(),
            packets: Counter::default(),
            bytes: Counter::default(),
            cut: Family::default(),
            turned_away: Family::default(),
            requests_refused: Family::default(),
            crowded_out: Family::default(),
        }
    }
}

impl Metrics {
    /// Has them shown in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "connects",
            "Connections that were let in",
            self.connected.clone(),
        );
        registry.register(
            "events",
            "Events of clients, by the module that handles them",
            self.events.clone(),
        );
        registry.register(
            "answer_seconds",
            "Time from an event's arrival until its answer was queued, by module",
            self.answered.clone(),
        );
        registry.register(
            "refusals",
            "Events answered with an error, by module, code, and the limit that was passed",
            self.refused.clone(),
        );
        registry.register(
            "packets_sent",
            "Events and answers queued for clients, one for each recipient",
            self.packets.clone(),
        );
        registry.register(
            "bytes_sent",
            "Bytes of these, before framing",
            self.bytes.clone(),
        );
        registry.register(
            "cuts",
            "Connections that were cut, by reason",
            self.cut.clone(),
        );
        registry.register(
            "turned_away",
            "Sessions and connections that were not let in, by reason",
            self.turned_away.clone(),
        );
        registry.register(
            "requests_refused",
            "Polling requests that were refused, by status",
            self.requests_refused.clone(),
        );
        registry.register(
            "crowded_out",
            "Sessions that had not entered, and unfinished messages, that had to make room, by limit",
            self.crowded_out.clone(),
        );
    }

    pub(crate) fn let_in(&self) {
        self.connected.inc();
    }

    pub(crate) fn event(&self, module: &'static str) {
        self.events.get_or_create(&[by("module", module)]).inc();
    }

    pub(crate) fn answered(&self, module: &'static str, arrived: Instant) {
        let seconds = arrived.elapsed().as_secs_f64();
        let answered = self.answered.get_or_create(&[by("module", module)]);
        answered.observe(seconds);
    }

    pub(crate) fn refused(&self, module: &'static str, reply: &ErrorReply) {
        let limit = reply.limit.as_ref();
        let labels = [
            by("module", module),
            by("code", reply.code.as_str()),
            ("limit", limit.map_or("".into(), |limit| limit.name.clone())),
        ];
        self.refused.get_or_create(&labels).inc();
    }

    pub(crate) fn queued(&self, bytes: usize) {
        self.packets.inc();
        self.bytes.inc_by(bytes as u64);
    }

    pub(crate) fn cut(&self, reason: Cut) {
        self.cut.get_or_create(&[by("reason", reason.name())]).inc();
    }

    pub(crate) fn turned_away(&self, reason: &'static str) {
        let turned_away = self.turned_away.get_or_create(&[by("reason", reason)]);
        turned_away.inc();
    }

    pub(crate) fn crowded_out(&self, limit: &'static str, count: usize) {
        let crowded_out = self.crowded_out.get_or_create(&[by("limit", limit)]);
        crowded_out.inc_by(count as u64);
    }

    pub(crate) fn request_refused(&self, status: http::StatusCode) {
        let status = ("status", Cow::Owned(status.as_u16().to_string()));
        self.requests_refused.get_or_create(&[status]).inc();
    }
}

fn by(name: &'static str, value: &'static str) -> Label {
    (name, Cow::Borrowed(value))
}
