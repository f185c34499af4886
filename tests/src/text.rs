//! What a world says, as text that is the same on every run and every store: connections are
//! named c1, c2 … in the order in which they show up, epochs count from a connection's first,
//! versions are numbered in a room's order.

use std::collections::BTreeMap;
use std::fmt;

use rtm_domain::error::{Refusal, Rejection};
use rtm_domain::ids::{ConnId, ResumeKey, RoomId};
use rtm_domain::ports::Lost;
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::record::Reason;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::presence::state::State;
use rtm_domain::service::Joined;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::peer::Heard;

/// Symbolic names for what differs from run to run.
#[derive(Debug, Default)]
pub struct Names {
    conns: Vec<Known>,
    versions: BTreeMap<RoomId, Vec<Version>>,
}

/// A connection with a name.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its id.
    pub conn: ConnId,
    /// The epoch that is written `e0`.
    pub first: Epoch,
    /// Its owner's secret, once an owner was told.
    pub key: Option<ResumeKey>,
}

impl Names {
    /// The connection called `c1`, `c2` …
    pub fn known(&self, name: &str) -> Option<&Known> {
        let nth: usize = name.strip_prefix('c')?.parse().ok()?;
        self.conns.get(nth.checked_sub(1)?)
    }

    /// A connection, and what is known of it.
    pub fn of(&self, conn: &ConnId) -> Option<&Known> {
        self.conns.iter().find(|known| known.conn == *conn)
    }

    /// Gives names to what was heard, so that versions are numbered in their order.
    pub fn learn<'a>(&mut self, heard: impl Iterator<Item = &'a Heard>) {
        let mut versions = Vec::new();
        for heard in heard {
            match heard {
                Heard::Event(room, delivery) => {
                    versions.push((room.clone(), delivery.version));
                    self.conn(&delivery.conn, delivery.epoch);
                }
                Heard::Joined(room, Ok(joined)) => {
                    versions.push((room.clone(), joined.snapshot.version));
                    let nth = self.conn(&joined.conn, joined.epoch);
                    self.conns[nth].key = Some(joined.key.clone());
                }
                Heard::Synced(room, Ok(snapshot)) => {
                    versions.push((room.clone(), snapshot.version));
                }
                Heard::Beat(..) | Heard::Left(..) | Heard::Lost(..) => {}
                Heard::Joined(_, Err(_)) | Heard::Synced(_, Err(_)) => {}
            }
        }
        versions.sort();
        for (room, version) in versions {
            let known = self.versions.entry(room).or_default();
            if !known.contains(&version) {
                known.push(version);
            }
        }
    }

    /// What a socket was told, in a line.
    pub fn line(&mut self, heard: &Heard) -> String {
        match heard {
            Heard::Event(room, delivery) => self.event(room, delivery),
            Heard::Lost(room, conn, why) => {
                format!("lost {room} {} {}", self.name(conn), lost(*why))
            }
            Heard::Joined(room, Ok(joined)) => {
                let Joined {
                    snapshot,
                    conn,
                    epoch,
                    ..
                } = joined;
                let who = format!("{} {}", self.name(conn), self.epoch(conn, *epoch));
                format!("join {room} ok {who} {}", self.snapshot(room, snapshot))
            }
            Heard::Joined(room, Err(refusal)) => format!("join {room} {}", self.refusal(refusal)),
            Heard::Beat(room, outcome) => {
                let room = room.as_ref().map_or("*", RoomId::as_str);
                match outcome {
                    Err(refusal) => format!("heartbeat {room} {}", self.refusal(refusal)),
                    Ok(beat) if beat.changed => {
                        let version = beat.version.expect("a change has a version");
                        let id = RoomId::trusted(room);
                        let version = self.version(self.room_of(&id, version), version);
                        format!("heartbeat {room} changed {version}")
                    }
                    Ok(beat) => match beat.version {
                        None => format!("heartbeat {room} ok"),
                        Some(version) => format!("heartbeat {room} unchanged but {version:?}"),
                    },
                }
            }
            Heard::Left(room, outcome) => {
                let room = room.as_ref().map_or("*", RoomId::as_str);
                match outcome {
                    Ok(()) => format!("leave {room} ok"),
                    Err(refusal) => format!("leave {room} {}", self.refusal(refusal)),
                }
            }
            Heard::Synced(room, Ok(snapshot)) => {
                format!("sync {room} ok {}", self.snapshot(room, snapshot))
            }
            Heard::Synced(room, Err(refusal)) => format!("sync {room} {}", self.refusal(refusal)),
        }
    }

    /// Who is in a room, without a version.
    pub fn members(&mut self, snapshot: &Snapshot) -> String {
        let mut entries: Vec<(usize, String)> = Vec::new();
        for entry in &snapshot.entries {
            let nth = self.conn(&entry.conn, entry.epoch);
            let epoch = self.epoch(&entry.conn, entry.epoch);
            let state = Json(&entry.state);
            entries.push((nth, format!("c{} {} {epoch} {state}", nth + 1, entry.user)));
        }
        entries.sort();
        let entries: Vec<String> = entries.into_iter().map(|(_, text)| text).collect();
        format!("[{}]", entries.join(", "))
    }

    /// The name of a connection.
    pub fn name(&mut self, conn: &ConnId) -> String {
        match self.conns.iter().position(|known| known.conn == *conn) {
            Some(nth) => format!("c{}", nth + 1),
            None => "c?".into(),
        }
    }

    fn event(&mut self, room: &RoomId, delivery: &Delivery) -> String {
        let Delivery {
            conn,
            user,
            epoch,
            version,
            ..
        } = delivery;
        let who = format!("{} {user} {}", self.name(conn), self.epoch(conn, *epoch));
        let version = self.version(Some(room.clone()), *version);
        match &delivery.kind {
            Shown::Join(state) => format!("event {room} join {who} {} {version}", Json(state)),
            Shown::Update(state) => format!("event {room} update {who} {} {version}", Json(state)),
            Shown::Leave(reason) => {
                let reason = match reason {
                    Some(Reason::Left) => "left",
                    Some(Reason::Disconnected) => "disconnected",
                    Some(Reason::Expired) => "expired",
                    Some(Reason::Kicked) => "kicked",
                    None => "unknown",
                };
                format!("event {room} leave {who} {reason} {version}")
            }
        }
    }

    fn snapshot(&mut self, room: &RoomId, snapshot: &Snapshot) -> String {
        let version = self.version(Some(room.clone()), snapshot.version);
        format!("{version} {}", self.members(snapshot))
    }

    fn conn(&mut self, conn: &ConnId, epoch: Epoch) -> usize {
        if let Some(nth) = self.conns.iter().position(|known| known.conn == *conn) {
            return nth;
        }
        self.conns.push(Known {
            conn: conn.clone(),
            first: epoch,
            key: None,
        });
        self.conns.len() - 1
    }

    fn epoch(&self, conn: &ConnId, epoch: Epoch) -> String {
        let first = self.of(conn).map_or(0, |known| known.first.number());
        format!("e{}", i128::from(epoch.number()) - i128::from(first))
    }

    /// Of an answer that names no room, the room is the one that has the version.
    fn room_of(&self, room: &RoomId, version: Version) -> Option<RoomId> {
        if self.versions.contains_key(room) {
            return Some(room.clone());
        }
        let has = |(_, versions): &(&RoomId, &Vec<Version>)| versions.contains(&version);
        self.versions.iter().find(has).map(|(room, _)| room.clone())
    }

    fn version(&self, room: Option<RoomId>, version: Version) -> String {
        let known = room.and_then(|room| self.versions.get(&room));
        match known.and_then(|known| known.iter().position(|it| *it == version)) {
            Some(nth) => format!("v{}", nth + 1),
            None => "v?".into(),
        }
    }

    fn refusal(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::Unavailable => "refused unavailable".into(),
            Refusal::Draining => "refused draining".into(),
            Refusal::Rejected(rejection) => match rejection {
                Rejection::NotPresent => "refused not_present".into(),
                Rejection::StaleEpoch { current } => {
                    let close = |known: &&Known| {
                        let (first, current) = (known.first.number(), current.number());
                        current >= first && current - first < 1_000_000
                    };
                    let known = self.conns.iter().filter(close);
                    let nearest = known.max_by_key(|known| known.first);
                    let epoch = nearest.map_or("?".into(), |it| self.epoch(&it.conn, *current));
                    format!("refused stale_epoch {epoch}")
                }
                Rejection::UnknownEpoch => "refused unknown_epoch".into(),
                Rejection::EpochTooFar => "refused bad_request epoch".into(),
                Rejection::Forgotten => "refused forgotten".into(),
                Rejection::ForeignUser => "refused forbidden".into(),
                Rejection::RoomNeeded => "refused bad_request room".into(),
                Rejection::TooLarge(excess) => format!("refused too_large {excess}"),
            },
        }
    }
}

/// A state from its JSON text.
pub fn state(text: &str) -> Result<State, serde_json::Error> {
    let Entries(entries) = serde_json::from_str(text)?;
    Ok(entries.into_iter().collect())
}

fn lost(why: Lost) -> &'static str {
    match why {
        Lost::Expired => "expired",
        Lost::Replaced => "replaced",
        Lost::Kicked => "kicked",
    }
}

struct Json<'a>(&'a State);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(|(key, value)| format!("{key:?}:{value}"));
        write!(f, "{{{}}}", entries.collect::<Vec<_>>().join(","))
    }
}

struct Entries(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
            entries.push((key, value.get().into()));
        }
        Ok(Entries(entries))
    }
}
