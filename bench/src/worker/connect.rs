//! Connections of users: made, lost, made again.

use std::sync::Arc;
use std::time::Duration;

use rtm_client::{ClosedBy, ConnectOptions, Connection, Event, Listener};
use tokio::time::sleep;

use crate::clock;
use crate::metric::Metric;
use crate::plan::{Plan, Target};

use super::state::{Part, Shared, State};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Packets that may wait to be sent on one connection.
const OUTBOUND_MAX: usize = 4_096;
/// The pause before a connection that broke is made again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Hears for one user, by one of its connections.
struct Ears {
    shared: Arc<Shared>,
    at: usize,
    serial: u32,
}

impl Listener for Ears {
    fn event(&mut self, _: Event<'_>) {}

    fn packet(&mut self, packet: &str) -> bool {
        self.shared.lock().hear(self.at, packet)
    }

    fn closed(&mut self, by: &ClosedBy) {
        let mut state = self.shared.lock();
        let present = state.users[self.at].serial == self.serial;
        if *by == ClosedBy::Us || !present || state.part == Part::Over {
            return;
        }
        state.disconnected(self.at);
        drop(state);
        tokio::spawn(come_back(self.shared.clone(), self.at));
    }
}

/// Connects a user; it joins if that is what the plan wants. `due`: when it was to begin.
pub(super) async fn connect(shared: Arc<Shared>, at: usize, due: u64) {
    let connected = open(&shared, at).await;
    let mut state = shared.lock();
    match connected {
        Ok(connection) => {
            let now = clock::now();
            state.latency(Metric::Connect, due, now);
            state.counts.connected += 1;
            state.users[at].connection = Some(connection);
            if state.joins_at_once(at) {
                state.join(at, now);
            } else {
                state.users[at].tried = true;
            }
        }
        Err(error) => {
            state.error(Metric::Connect, &error.to_string());
            state.users[at].tried = true;
            if state.users[at].busy {
                state.end_cycle(at, false);
            }
        }
    }
    drop(state);
    shared.changed.notify_one();
}

async fn come_back(shared: Arc<Shared>, at: usize) {
    loop {
        sleep(RECONNECT_PAUSE).await;
        if shared.lock().part > Part::Run {
            return;
        }
        match open(&shared, at).await {
            Ok(connection) => {
                let mut state = shared.lock();
                state.users[at].connection = Some(connection);
                if state.users[at].receiver.is_some() {
                    state.join(at, clock::now());
                } else {
                    state.counts.reconnects += 1;
                }
                return;
            }
            Err(error) => shared.lock().error(Metric::Connect, &error.to_string()),
        }
    }
}

async fn open(shared: &Arc<Shared>, at: usize) -> Result<Connection, rtm_client::ClientError> {
    // Never closed.
    let _permit = shared.dials.acquire().await;
    let (plan, room, seat, serial) = {
        let mut state = shared.lock();
        let plan = state.plan.clone();
        let user = &mut state.users[at];
        user.serial += 1;
        (plan, user.room, user.seat, user.serial)
    };
    let ears = Ears {
        shared: shared.clone(),
        at,
        serial,
    };
    let target = plan.target_of(room, seat);
    Connection::open(&target.url, options(&plan, target, at), ears).await
}

pub(crate) fn options(plan: &Plan, target: &Target, at: usize) -> ConnectOptions {
    let from = &plan.local_addresses;
    ConnectOptions {
        address: Some(target.address),
        local_address: (!from.is_empty()).then(|| from[at % from.len()]),
        connect_timeout: CONNECT_TIMEOUT,
        outbound_max: OUTBOUND_MAX,
        ..ConnectOptions::default()
    }
}

impl State {
    fn joins_at_once(&self, at: usize) -> bool {
        let user = &self.users[at];
        let in_ramp = user.seat < self.plan.users && self.plan.joins_in_ramp();
        in_ramp || user.busy
    }

    fn disconnected(&mut self, at: usize) {
        self.counts.disconnects += 1;
        let user = &mut self.users[at];
        user.connection = None;
        user.away = user.receiver.is_some();
        user.joined = false;
        let stays = user.seat < self.plan.users;
        if stays {
            user.life += 1;
        }
        for pending in std::mem::take(&mut user.pending) {
            self.failed(at, pending, "disconnected");
        }
        if !stays && self.users[at].busy {
            self.end_cycle(at, false);
        }
    }
}
