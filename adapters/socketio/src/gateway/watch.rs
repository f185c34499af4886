//! Sees to what nobody says: a socket that goes away between being let in and being announced, a
//! polling client that polls no more, an identity that has expired.

use std::sync::{Arc, Weak};

use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use crate::hooks::Hooks;
use crate::limits::Limits;
use crate::line::Cut;

/// Looks at all connections, again and again.
pub(super) async fn run(shared: Weak<Shared>, hooks: Arc<dyn Hooks>) {
    let Some(every) = shared.upgrade().map(|it| it.polls.every()) else {
        return;
    };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.look(&hooks);
    }
}

impl Shared {
    fn look(self: &Arc<Self>, hooks: &Arc<dyn Hooks>) {
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
        for sid in self.polls.look() {
            if self.registry.upgrades(&sid).is_empty() {
                self.end_polling(sid);
            } else {
                // Its WebSocket has a heartbeat of its own.
                self.polls.hear(&sid);
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
