//! The store on a real Redis, by a calendar that is moved by hand.

use std::sync::Arc;

use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{Clock, Conns, Feed, PresenceStore};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::Published;
use rtm_domain::time::Timestamp;
use rtm_redis::Publishing;
use rtm_redis::fred::interfaces::{HashesInterface, KeysInterface, SortedSetsInterface};
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

/// Who writes under our keys, or writes as a later version does, harms nobody but themselves.
#[test]
fn what_cannot_be_read_keeps_no_room_and_no_sweep_from_working() {
    super::run(OnServer::open_plain, async |it: &OnServer| {
        let (good, newer) = (write("r", "a"), write("r", "b"));
        it.applied(&good).await;
        it.applied(&newer).await;
        let client = it.node.client();
        let records = "rtm:{0}:room:r";
        let kept: String = client.hget(records, "b").await.unwrap();
        let later = kept.replacen("\n1{", "\n2{", 1);
        assert_ne!(later, kept);
        let written = [("b", later.as_str()), ("c", "garbage"), ("d", "")];
        let _: () = client.hset(records, written.to_vec()).await.unwrap();
        let _: () = client
            .set("rtm:{0}:room:s", "x", None, None, false)
            .await
            .unwrap();
        for (key, members) in [("leases", ["?", "s\na\n1"]), ("tombstones", ["?", "s\na"])] {
            let members = members.map(|member| (1.0, member.to_owned())).to_vec();
            let key = format!("rtm:{{0}}:{key}");
            let _: () = client
                .zadd(key, None, None, false, false, members)
                .await
                .unwrap();
        }

        let shown = it.read("r").await.records;
        let shown: Vec<_> = shown.iter().map(|(conn, _)| conn.as_str()).collect();
        assert_eq!(shown, ["a"]);
        let one = Conns::One(&newer.conn);
        let read = it.store().read(&newer.room, Version(0), one).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
        // A revision is no matter of formats: nobody writes over what they do not know.
        let mut over = write("r", "b");
        over.revision.attempt += 1;
        let over = it.store().commit(over).await;
        assert!(matches!(over, Err(StoreError::Corrupt(_))), "{over:?}");
        it.applied(&write("r", "c")).await;
        it.advance(1_000).await;
        assert_eq!(it.due(10).await, ["r/a", "r/c"]);
        it.applied(&end(&good)).await;
    });
}

/// A sweep asks for so many, and more than that are in its way.
#[test]
fn a_sweep_gets_past_more_unreadable_records_than_it_asks_for() {
    const LIMIT: usize = 4;
    const UNREADABLE: usize = 3 * LIMIT + 1;
    super::run(OnServer::open_plain, async |it: &OnServer| {
        let client = it.node.client();
        let records = "rtm:{0}:room:r";
        for nth in 0..UNREADABLE {
            let conn = format!("a{nth:02}");
            it.applied(&write("r", &conn)).await;
            let kept: String = client.hget(records, &conn).await.unwrap();
            let later = kept.replacen("\n1{", "\n2{", 1);
            assert_ne!(later, kept);
            let _: () = client.hset(records, (conn, later)).await.unwrap();
        }
        it.advance(1_000).await;
        let good = write("r", "z");
        it.applied(&good).await;
        it.advance(1_000).await;

        let passes = UNREADABLE / LIMIT;
        for _ in 0..passes {
            assert_eq!(it.due(LIMIT).await, [""; 0]);
        }
        assert_eq!(it.due(LIMIT).await, ["r/z"]);
        // All over again: what could not be read may be by now.
        let _: () = client.del(records).await.unwrap();
        it.applied(&write("r", "a")).await;
        it.advance(2_000).await;
        assert_eq!(it.due(LIMIT + UNREADABLE).await, ["r/a"]);
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
