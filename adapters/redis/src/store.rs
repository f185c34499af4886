//! The presence store over the four scripts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fred::clients::Client;
use fred::types::Value;
use rtm_domain::error::StoreError;
use rtm_domain::ids::RoomId;
use rtm_domain::ports::{
    Commit, Committed, Conns, Due, Identity, Part, Place, PresenceStore, Read, Renewed, Witness,
};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::lease::Renewal;
use rtm_domain::time::millis;
use tokio::sync::{Semaphore, watch};

use crate::codec::{event_to_bytes, record_to_bytes, revision_to_text};
use crate::gate::{Gate, Health, Purpose};
use crate::keys::{Keys, ids, lease_member, lease_of};
use crate::scripts::{Script, Scripts};
use crate::settings::RedisSettings;
use answer::Answer;

mod answer;

/// Keeps presences in Redis.
pub struct RedisStore {
    client: Client,
    keys: Arc<Keys>,
    scripts: Scripts,
    gates: Vec<Gate>,
    waiting: Semaphore,
    publish: &'static str,
    /// What the server of each part named itself last.
    servers: Mutex<BTreeMap<Part, Identity>>,
    /// Lapsed records of each part that could not be read: the next sweep begins after them, or
    /// enough of them would keep it from all others.
    unreadable: Vec<AtomicUsize>,
    /// Told when one of them is another one.
    pub(crate) moved: watch::Sender<()>,
}

impl RedisStore {
    /// A store over a connected client. `publish` is the command that its feeds listen to.
    pub(crate) fn new(client: Client, keys: Arc<Keys>, publish: &'static str, alone: bool) -> Self {
        // The parts of one server are away together; those of a cluster need not be.
        let gates = if alone { 1 } else { keys.partitions() };
        let unreadable = (0..keys.partitions()).map(|_| AtomicUsize::new(0));
        Self {
            client,
            unreadable: unreadable.collect(),
            keys,
            scripts: Scripts::new(),
            gates: (0..gates).map(|_| Gate::new("presence store")).collect(),
            waiting: Semaphore::new(RedisSettings::COMMANDS_WAITING_MAX),
            publish,
            servers: Mutex::default(),
            moved: watch::Sender::new(()),
        }
    }

    /// Whether Redis answers: the part of it that has been away for longest, if any is.
    pub fn health(&self) -> Health {
        let health = self.gates.iter().map(Gate::health);
        health
            .max_by_key(|health| match health {
                Health::Answers => Duration::ZERO,
                Health::Away { for_, .. } => *for_,
            })
            .unwrap_or(Health::Answers)
    }

    pub(crate) fn gate(&self, part: Part) -> &Gate {
        &self.gates[usize::from(part.0) % self.gates.len()]
    }

    /// The subscriptions belong to the server that takes the writes, or its events are missed.
    fn saw(&self, part: Part, witness: Witness) -> Witness {
        let part = Part(part.0 % self.gates.len() as u16);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = servers.insert(part, witness.identity.clone());
        if before.is_some_and(|before| before != witness.identity) {
            self.moved.send_replace(());
        }
        witness
    }

    async fn run(
        &self,
        (part, purpose): (Part, Purpose),
        script: &Script,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<Answer, StoreError> {
        let _place = self.waiting.try_acquire().map_err(|_| too_many())?;
        let call = script.run(&self.client, keys, args);
        self.gate(part).pass(purpose, call).await.map(Answer)
    }
}

#[async_trait]
impl PresenceStore for RedisStore {
    fn parts(&self) -> u16 {
        self.keys.partitions()
    }

    fn part_of(&self, room: &RoomId) -> Part {
        self.keys.part_of(room)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        let part = self.part_of(&commit.room);
        let room = commit.room.as_str();
        let keys = vec![
            self.keys.records(part, room),
            self.keys.leases(part),
            self.keys.tombstones(part),
            self.keys.versions(part),
            self.keys.events(part, &commit.room),
        ];
        let (place, lease) = match commit.place {
            Place::Live => ("live", Some(commit.revision.epoch.number())),
            Place::Ended => ("ended", None),
        };
        let expected = commit.expected.as_ref().map(revision_to_text);
        let event = commit.event.as_ref().map(event_to_bytes);
        let args = vec![
            room.into(),
            commit.conn.as_str().into(),
            expected.unwrap_or_default().into(),
            revision_to_text(&commit.revision).into(),
            place.into(),
            lease_of(lease).into(),
            bytes(record_to_bytes(&commit.record)),
            number(millis(commit.keep)),
            bytes(event.unwrap_or_default()),
            number(commit.floor.0),
            self.publish.into(),
        ];
        let at = (part, Purpose::Command);
        let mut answer = self
            .run(at, &self.scripts.commit, keys, args)
            .await?
            .list()?;
        match answer.text()?.as_str() {
            "applied" => Ok(Committed::Applied {
                version: Version(answer.number()?),
            }),
            "conflict" if answer.is_empty() => Ok(Committed::Conflict { found: None }),
            "conflict" => Ok(Committed::Conflict {
                found: Some(answer.found()?),
            }),
            other => Err(crate::codec::corrupt(format!("commit answers {other:?}"))),
        }
    }

    async fn renew(
        &self,
        part: Part,
        renewals: &[Renewal],
        rooms: &[RoomId],
    ) -> Result<Renewed, StoreError> {
        let keys = vec![self.keys.leases(part), self.keys.versions(part)];
        let mut args = Vec::with_capacity(1 + 2 * renewals.len() + rooms.len());
        args.push(number(renewals.len() as u64));
        for Renewal { lease, remaining } in renewals {
            args.push(lease_member(lease).into());
            args.push(number(millis(*remaining)));
        }
        args.extend(rooms.iter().map(|room| room.as_str().into()));
        let at = (part, Purpose::Upkeep);
        let mut answer = self
            .run(at, &self.scripts.renew, keys, args)
            .await?
            .list()?;
        let witness = self.saw(part, answer.witness()?);
        let mut reported = Vec::new();
        for nth in answer.numbers()? {
            let renewal = usize::try_from(nth).ok().and_then(|nth| renewals.get(nth));
            reported.extend(renewal.map(|renewal| renewal.lease.clone()));
        }
        let versions = answer.numbers()?;
        Ok(Renewed {
            reported,
            versions: versions.into_iter().map(Version).collect(),
            witness,
        })
    }

    async fn read(
        &self,
        room: &RoomId,
        floor: Version,
        conns: Conns<'_>,
    ) -> Result<Read, StoreError> {
        let part = self.part_of(room);
        let keys = vec![
            self.keys.records(part, room.as_str()),
            self.keys.leases(part),
            self.keys.tombstones(part),
            self.keys.versions(part),
        ];
        let conn = match conns {
            Conns::Live => "",
            Conns::One(conn) => conn.as_str(),
        };
        let args = vec![room.as_str().into(), number(floor.0), conn.into()];
        let at = (part, Purpose::Command);
        let mut answer = self.run(at, &self.scripts.read, keys, args).await?.list()?;
        let witness = self.saw(part, answer.witness()?);
        let version = Version(answer.number()?);
        let mut records = Vec::new();
        for mut record in answer.lists()? {
            let (_, conn) = ids("", &record.text()?);
            match (record.found(), conns) {
                (Ok(found), _) => records.push((conn, found)),
                // One member whom this version cannot read must not close the room to all.
                (Err(error), Conns::Live) => {
                    tracing::error!(%room, %conn, %error, "a presence cannot be read");
                }
                (Err(error), Conns::One(_)) => return Err(error),
            }
        }
        records.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Read {
            version,
            records,
            witness,
        })
    }

    async fn due(
        &self,
        part: Part,
        limit: usize,
        longest_lease: Duration,
    ) -> Result<Due, StoreError> {
        let keys = vec![
            self.keys.leases(part),
            self.keys.tombstones(part),
            self.keys.versions(part),
        ];
        let skipped = &self.unreadable[usize::from(part.0) % self.unreadable.len()];
        let skip = skipped.load(Ordering::Relaxed);
        let args = vec![
            self.keys.records(part, "").into(),
            number(limit as u64),
            number(millis(longest_lease)),
            number(RedisSettings::DEADLINES_TOUCHED_MAX as u64),
            number(skip as u64),
        ];
        let at = (part, Purpose::Upkeep);
        let mut answer = self.run(at, &self.scripts.due, keys, args).await?.list()?;
        let witness = self.saw(part, answer.witness()?);
        let records = answer.lists()?;
        let found = records.len();
        let mut lapsed = Vec::new();
        for mut record in records {
            let (room, conn) = ids(&record.text()?, &record.text()?);
            match record.lapsed() {
                Ok(found) => lapsed.push((room, conn, found)),
                // It is left to the version that wrote it.
                Err(error) => tracing::error!(%room, %conn, %error, "a presence cannot be read"),
            }
        }
        // From the start again where there is no more: they may be readable or gone by then.
        let more = found >= limit;
        let skip = if more { skip + found - lapsed.len() } else { 0 };
        skipped.store(skip, Ordering::Relaxed);
        Ok(Due { lapsed, witness })
    }
}

fn too_many() -> StoreError {
    StoreError::Unreachable("too many commands wait for Redis".into())
}

fn number(number: u64) -> Value {
    number.to_string().into()
}

fn bytes(bytes: Vec<u8>) -> Value {
    Value::Bytes(bytes.into())
}
