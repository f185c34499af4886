//! Sees to what nobody says: a socket that goes away between being let in and being announced, a
//! polling client that polls no more, an identity that has expired.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use crate::hooks::Hooks;
use crate::limits::Limits;
use crate::line::Cut;

/// How often connections are looked at.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Watches for as long as there is a gateway.
pub(super) fn start(shared: &Arc<Shared>, hooks: Arc<dyn Hooks>) {
    let connections = move |shared: &Arc<Shared>| shared.look_at_connections(&hooks);
    let polling_sessions = |shared: &Arc<Shared>| shared.look_at_polling_sessions();
    tokio::spawn(repeat(Arc::downgrade(shared), WATCH_EVERY, connections));
    tokio::spawn(repeat(
        Arc::downgrade(shared),
        shared.polling.every(),
        polling_sessions,
    ));
}

async fn repeat(shared: Weak<Shared>, every: Duration, look: impl Fn(&Arc<Shared>)) {
    let mut ticks = interval(every);
    // What a node that did not run has missed does not count.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        look(&shared);
    }
}

impl Shared {
    fn look_at_connections(self: &Arc<Self>, hooks: &Arc<dyn Hooks>) {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        for connection in self.registry.vanished(now, Limits::ANNOUNCE_MAX) {
            self.registry.remove(&connection);
            self.see_off(&connection, hooks, false);
        }
        self.registry.forget_upgrades();
        for connection in self.registry.all() {
            connection
                .line()
                .check_stalled(now, self.limits.write_stall_max);
            let expires = connection.identity().and_then(|identity| identity.expires);
            if expires.is_some_and(|expires| expires <= wall) {
                connection.line().cut(Cut::IdentityExpired);
            }
        }
    }

    fn look_at_polling_sessions(&self) {
        for sid in self.polling.look() {
            let mut upgrades = self.registry.upgrades(&sid).into_iter();
            if upgrades.any(|stream| stream.lane().is_some()) {
                // Its WebSocket has a heartbeat of its own.
                self.polling.hear(&sid);
            } else {
                self.end_polling(sid);
            }
        }
    }

    /// Ends a session that has ceased to poll.
    fn end_polling(&self, sid: Box<str>) {
        if let Some(connection) = self.registry.find(&sid) {
            connection.line().cut(Cut::PingTimeout);
        }
        if let Some(way_out) = self.way_out.get().cloned() {
            tokio::spawn(async move { way_out.close_polling(&sid).await });
        }
    }
}
