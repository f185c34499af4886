//! What the store is asked, and how long it takes to answer. With Redis each call is a round trip.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Commit, Committed, Conns, Due, Part, PresenceStore, Read, Renewed};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Happened;
use rtm_domain::presence::lease::Renewal;
use rtm_domain::presence::record::Reason;

/// Upper bounds in seconds: from one round trip to the longest that a call may take.
const SECONDS: [f64; 11] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5,
];

type Label = (&'static str, &'static str);

/// What is counted of a store.
#[derive(Clone)]
pub(crate) struct StoreMetrics {
    seconds: Family<[Label; 1], Histogram, fn() -> Histogram>,
    failures: Family<[Label; 1], Counter>,
    changes: Family<[Label; 2], Counter>,
    conflicts: Counter,
    renewals: Counter,
    lost_leases: Counter,
    swept: Counter,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(SECONDS);
        Self {
            seconds: Family::new_with_constructor(seconds),
            failures: Family::default(),
            changes: Family::default(),
            conflicts: Counter::default(),
            renewals: Counter::default(),
            lost_leases: Counter::default(),
            swept: Counter::default(),
        }
    }
}

impl StoreMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_seconds",
            "Time that the store took to answer, by call",
            self.seconds.clone(),
        );
        registry.register(
            "store_failures",
            "Calls that the store did not answer, by call",
            self.failures.clone(),
        );
        registry.register(
            "changes",
            "Presences that this node changed, by kind, and reason of a leave",
            self.changes.clone(),
        );
        registry.register(
            "conflicts",
            "Writes that came second to another node's or socket's, and were judged anew",
            self.conflicts.clone(),
        );
        registry.register(
            "lease_renewals",
            "Leases whose renewal was asked for",
            self.renewals.clone(),
        );
        registry.register(
            "leases_lost",
            "Leases of this node that the store had no more",
            self.lost_leases.clone(),
        );
        registry.register(
            "sweeps_found",
            "Presences without a living node that sweeps of this node found",
            self.swept.clone(),
        );
    }

    fn answered<T>(
        &self,
        call: &'static str,
        start: Instant,
        answer: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let label = [("call", call)];
        match &answer {
            Ok(_) => {
                let seconds = start.elapsed().as_secs_f64();
                self.seconds.get_or_create(&label).observe(seconds);
            }
            Err(_) => {
                self.failures.get_or_create(&label).inc();
            }
        }
        answer
    }
}

/// A store whose calls are counted.
pub(crate) struct MeteredStore {
    pub(crate) store: Arc<dyn PresenceStore>,
    pub(crate) metrics: StoreMetrics,
}

#[async_trait]
impl PresenceStore for MeteredStore {
    fn parts(&self) -> u16 {
        self.store.parts()
    }

    fn part_of(&self, room: &RoomId) -> Part {
        self.store.part_of(room)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let (start, metrics) = (Instant::now(), &self.metrics);
        let change = commit.event.as_ref().map(|event| named(&event.kind));
        let answer = self.store.commit(commit).await;
        let committed = metrics.answered("commit", start, answer)?;
        match (&committed, change) {
            (Committed::Applied { .. }, Some((kind, reason))) => {
                let labels = [("kind", kind), ("reason", reason)];
                metrics.changes.get_or_create(&labels).inc();
            }
            (Committed::Applied { .. }, None) => {}
            (Committed::Conflict { .. }, _) => {
                metrics.conflicts.inc();
            }
        }
        Ok(committed)
    }

    async fn renew(
        &self,
        part: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        let (start, metrics) = (Instant::now(), &self.metrics);
        metrics.renewals.inc_by(renewals.len() as u64);
        let answer = self.store.renew(part, renewals, rooms).await;
        let renewed = metrics.answered("renew", start, answer)?;
        metrics.lost_leases.inc_by(renewed.reported.len() as u64);
        Ok(renewed)
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        let start = Instant::now();
        let answer = self.store.read(room, floor, conns).await;
        self.metrics.answered("read", start, answer)
    }

    async fn due(
        &self,
        part: Part,
        limit: usize,
        longest_lease: Duration,
    ) -> Result<Due, StoreError> {
        let (start, metrics) = (Instant::now(), &self.metrics);
        let answer = self.store.due(part, limit, longest_lease).await;
        let due = metrics.answered("sweep", start, answer)?;
        metrics.swept.inc_by(due.lapsed.len() as u64);
        Ok(due)
    }
}

/// A change by its kind, and why, if it is a leave.
fn named(happened: &Happened) -> (&'static str, &'static str) {
    match happened {
        Happened::Joined(_) => ("join", ""),
        Happened::Updated(_) => ("update", ""),
        Happened::Left(reason) => (
            "leave",
            match reason {
                Reason::Left => "left",
                Reason::Disconnected => "disconnected",
                Reason::Expired => "expired",
                Reason::Kicked => "kicked",
            },
        ),
    }
}
