//! Who is shut out, as Redis keeps it.

use std::collections::HashMap;

use rtm_domain::error::StoreError;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::time::{Timestamp, millis};
use rtm_redis::fred::clients::Client;
use rtm_redis::fred::error::Error;
use rtm_redis::fred::interfaces::SortedSetsInterface;
use rtm_redis::fred::types::Value;
use rtm_redis::{Keys, Redis, Script};

use super::letter::Letter;
use crate::auth::Revocations;

/// Revocations that are read at a time.
const READ_BATCH: i64 = 1_000;

/// Revocations that are written back at a time.
const WRITE_BATCH: usize = 500;

/// Reads and writes who is shut out.
pub(super) struct Ledger {
    client: Client,
    script: Script,
    set: String,
    channel: String,
    publish: &'static str,
}

/// What shuts users out: keys and arguments of the script.
pub(super) type Entry = (Vec<String>, Vec<Value>);

impl Ledger {
    pub(super) fn of(redis: &Redis) -> Self {
        let keys: &Keys = redis.keys();
        // In one slot, as one script uses both.
        let all = RoomId::trusted("all");
        Self {
            client: redis.client().clone(),
            script: Script::new(include_str!("shut_out.lua")),
            set: keys.of_room("revoked", &all),
            channel: keys.of_room("nodes", &all),
            publish: if redis.is_sharded() {
                "SPUBLISH"
            } else {
                "PUBLISH"
            },
        }
    }

    /// What all nodes hear.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    pub(super) fn script(&self) -> &Script {
        &self.script
    }

    /// Who is shut out, and until when what they have proven is void.
    pub(super) async fn read(
        &self,
        oldest: Timestamp,
    ) -> Result<HashMap<UserId, Timestamp>, StoreError> {
        let mut all = HashMap::new();
        let mut offset = 0;
        loop {
            let (page, from) = (Some((offset, READ_BATCH)), oldest.0 as f64);
            let read = self
                .client
                .zrangebyscore(&self.set, from, f64::INFINITY, true, page);
            let read: Vec<(String, f64)> = read.await.map_err(unreachable)?;
            let count = read.len() as i64;
            let read = read.into_iter();
            all.extend(read.map(|(user, until)| (UserId::trusted(user), Timestamp(until as u64))));
            offset += count;
            if count < READ_BATCH || all.len() >= Revocations::USERS_MAX {
                return Ok(all);
            }
        }
    }

    /// Writes what Redis has forgotten, a batch at a time. Others are told to read it.
    pub(super) async fn write_back(
        &self,
        users: &[(UserId, Timestamp)],
        (node, now): (u64, Timestamp),
    ) -> Result<(), StoreError> {
        for batch in users.chunks(WRITE_BATCH) {
            let (keys, args) = self.entry(batch, &Letter::reread(node), now);
            let written = self.script.run(&self.client, keys, args);
            written.await.map_err(unreachable)?;
        }
        Ok(())
    }

    /// Shuts a user out from outside of any node.
    pub(super) async fn revoke(&self, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let (keys, args) = self.entry(&[(user.clone(), now)], &Letter::revoke(0, user, now), now);
        let asked = self.script.run(&self.client, keys, args);
        asked.await.map(|_| ()).map_err(unreachable)
    }

    /// What shuts these users out, and is told to the nodes if it is news.
    pub(super) fn entry(
        &self,
        users: &[(UserId, Timestamp)],
        letter: &Letter<&str, ()>,
        now: Timestamp,
    ) -> Entry {
        let kept = Revocations::KEPT;
        let letter = serde_json::to_string(letter).unwrap_or_default();
        let mut args: Vec<Value> = vec![
            now.before(kept).0.to_string().into(),
            Revocations::USERS_MAX.to_string().into(),
            millis(kept).to_string().into(),
            self.publish.into(),
            letter.into(),
        ];
        for (user, until) in users {
            args.push(user.as_str().into());
            args.push(until.0.to_string().into());
        }
        (vec![self.set.clone(), self.channel.clone()], args)
    }
}

fn unreachable(error: Error) -> StoreError {
    StoreError::Unreachable(error.to_string())
}
