//! A published event: `version prev format JSON`.

use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, SeatId, UserId};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::event::{Event, Happened, Published};
use rtm_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{ReasonJson, epoch};
use super::state::StateJson;
use super::{corrupt, from_bytes, to_bytes};

#[derive(Serialize, Deserialize)]
struct EventJson {
    conn: String,
    user: String,
    epoch: u64,
    writer: u64,
    attempt: u64,
    at: u64,
    kind: KindJson,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindJson {
    Joined(StateJson),
    Updated(StateJson),
    Left(ReasonJson),
}

/// What is published, but for the versions, which the script puts before it.
pub(crate) fn event_to_bytes(event: &Event) -> Vec<u8> {
    to_bytes(&EventJson {
        conn: event.conn.as_str().into(),
        user: event.user.as_str().into(),
        epoch: event.epoch.number(),
        writer: event.writer.0,
        attempt: event.attempt,
        at: event.at.0,
        kind: match &event.kind {
            Happened::Joined(state) => KindJson::Joined(StateJson(state.clone())),
            Happened::Updated(state) => KindJson::Updated(StateJson(state.clone())),
            Happened::Left(reason) => KindJson::Left((*reason).into()),
        },
    })
}

pub(crate) fn event_from_bytes(bytes: &[u8]) -> Result<Published, StoreError> {
    let mut parts = bytes.splitn(3, |byte| *byte == b' ');
    let (version, prev) = (version(parts.next())?, version(parts.next())?);
    let event: EventJson = from_bytes(parts.next().unwrap_or_default())?;
    Ok(Published {
        version,
        prev,
        event: Event {
            conn: ConnId::trusted(event.conn),
            user: UserId::trusted(event.user),
            epoch: epoch(event.epoch)?,
            writer: SeatId(event.writer),
            attempt: event.attempt,
            at: Timestamp(event.at),
            kind: match event.kind {
                KindJson::Joined(state) => Happened::Joined(state.0),
                KindJson::Updated(state) => Happened::Updated(state.0),
                KindJson::Left(reason) => Happened::Left(reason.into()),
            },
        },
    })
}

fn version(text: Option<&[u8]>) -> Result<Version, StoreError> {
    let number = text.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    number.map(Version).ok_or_else(|| corrupt("no version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtm_domain::presence::epoch::Epoch;
    use rtm_domain::presence::record::Reason;
    use rtm_domain::presence::state::State;

    #[test]
    fn an_event_comes_back_as_it_went() {
        let state: State = [("a", " [1, 2.0]"), ("b", "\"\\n\"")].into_iter().collect();
        for kind in [
            Happened::Joined(state.clone()),
            Happened::Updated(State::default()),
            Happened::Left(Reason::Kicked),
        ] {
            let event = Event {
                conn: ConnId::trusted("c-1"),
                user: UserId::trusted("a b"),
                epoch: Epoch::MAX,
                writer: SeatId(u64::MAX),
                attempt: 3,
                at: Timestamp(5),
                kind,
            };
            let mut bytes = b"1764000000123 1764000000122 ".to_vec();
            bytes.extend(event_to_bytes(&event));
            let published = event_from_bytes(&bytes).unwrap();
            assert_eq!(published.version, Version(1_764_000_000_123));
            assert_eq!(published.prev, Version(1_764_000_000_122));
            // Spaces around a value mean nothing in JSON.
            assert_eq!(published.event.conn, event.conn);
            assert_eq!(published.event.writer, event.writer);
            assert_eq!(
                std::mem::discriminant(&published.event.kind),
                std::mem::discriminant(&event.kind)
            );
        }
    }

    #[test]
    fn rubbish_is_told() {
        for broken in [&b""[..], b"1", b"1 2", b"x 2 1{}", b"1 2 1{}", b"1 2 2{}"] {
            assert!(event_from_bytes(broken).is_err());
        }
    }
}
