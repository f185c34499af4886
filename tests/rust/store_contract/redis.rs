//! The store on a real Redis, by a calendar that is moved by hand.

use std::sync::Arc;

use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Clock, Feed, PresenceStore};
use rtm_domain::presence::event::Published;
use rtm_domain::time::Timestamp;
use rtm_redis::Publishing;
use rtm_tests::clock::HandClock;
use rtm_tests::redis::{self, RedisNode, RedisServer};
use rtm_tests::world::ms;

use super::subject::{Subject, end, write};

/// What the sweeper's audit relies on.
#[test]
fn a_record_whose_lease_is_missing_is_lapsed_and_never_due() {
    super::run(OnServer::open_plain, async |it: &OnServer| {
        let first = write("r", "a");
        it.applied(&first).await;
        it.node.remove_leases().await;
        assert!(it.find(&first).await.is_some_and(|found| found.lapsed));
        assert!(it.read("r").await.records[0].1.lapsed);
        assert!(it.reports(&first, 1_000).await);
        assert_eq!(it.due(10).await, [""; 0]);
        // It can be ended all the same.
        it.applied(&end(&first)).await;
        assert_eq!(it.read("r").await.records, []);
    });
}

pub(crate) struct OnServer {
    clock: Arc<HandClock>,
    node: RedisNode,
    server: RedisServer,
}

impl OnServer {
    pub(crate) fn open_sharded() -> Option<Self> {
        Self::open(Publishing::Sharded)
    }

    pub(crate) fn open_plain() -> Option<Self> {
        Self::open(Publishing::Plain)
    }

    fn open(publishing: Publishing) -> Option<Self> {
        redis::is_installed().then(|| {
            let clock = HandClock::new();
            let server = RedisServer::start_at(clock.wall());
            Self {
                node: RedisNode::connect(&server, publishing),
                clock,
                server,
            }
        })
    }
}

impl Subject for OnServer {
    fn store(&self) -> &dyn PresenceStore {
        &**self.node.store()
    }

    fn feed(&self) -> &dyn Feed {
        &**self.node.feed()
    }

    fn time(&self) -> Timestamp {
        self.clock.wall()
    }

    async fn advance(&self, span: u64) {
        self.clock.advance(ms(span));
        self.server.set_time(self.clock.wall());
    }

    async fn heard(&self) -> Vec<(RoomId, Published)> {
        self.node.heard().await
    }

    async fn is_empty(&self) -> bool {
        self.node.size().await == (0, 0)
    }
}
