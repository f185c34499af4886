//! A record as JSON.

use rtm_domain::error::StoreError;
use rtm_domain::ids::{ResumeKey, UserId};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::record::{Phase, Reason, Record};
use rtm_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::StateJson;
use super::{corrupt, from_bytes, to_bytes};

#[derive(Serialize, Deserialize)]
struct RecordJson {
    user: String,
    key: String,
    epoch: u64,
    state: StateJson,
    written: u64,
    phase: PhaseJson,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PhaseJson {
    Open,
    Closing,
    #[serde(untagged)]
    Ended(ReasonJson),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReasonJson {
    Left,
    Disconnected,
    Expired,
    Kicked,
}

impl From<Reason> for ReasonJson {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Left => Self::Left,
            Reason::Disconnected => Self::Disconnected,
            Reason::Expired => Self::Expired,
            Reason::Kicked => Self::Kicked,
        }
    }
}

impl From<ReasonJson> for Reason {
    fn from(reason: ReasonJson) -> Self {
        match reason {
            ReasonJson::Left => Self::Left,
            ReasonJson::Disconnected => Self::Disconnected,
            ReasonJson::Expired => Self::Expired,
            ReasonJson::Kicked => Self::Kicked,
        }
    }
}

pub(crate) fn record_to_bytes(record: &Record) -> Vec<u8> {
    to_bytes(&RecordJson {
        user: record.user.as_str().into(),
        key: record.key.reveal().into(),
        epoch: record.epoch.number(),
        state: StateJson(record.state.clone()),
        written: record.written.0,
        phase: match record.phase {
            Phase::Open => PhaseJson::Open,
            Phase::Closing => PhaseJson::Closing,
            Phase::Ended(reason) => PhaseJson::Ended(reason.into()),
        },
    })
}

pub(crate) fn record_from_bytes(bytes: &[u8]) -> Result<Record, StoreError> {
    let record: RecordJson = from_bytes(bytes)?;
    Ok(Record {
        user: UserId::trusted(record.user),
        key: ResumeKey::trusted(record.key),
        epoch: epoch(record.epoch)?,
        state: record.state.0,
        written: Timestamp(record.written),
        phase: match record.phase {
            PhaseJson::Open => Phase::Open,
            PhaseJson::Closing => Phase::Closing,
            PhaseJson::Ended(reason) => Phase::Ended(reason.into()),
        },
    })
}

pub(super) fn epoch(number: u64) -> Result<Epoch, StoreError> {
    Epoch::new(number).ok_or_else(|| corrupt(format!("no epoch: {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtm_domain::presence::state::State;

    fn record(phase: Phase, state: State) -> Record {
        Record {
            user: UserId::trusted("a \"b\" 🦀"),
            key: ResumeKey::trusted("secret"),
            epoch: Epoch::MAX,
            state,
            written: Timestamp(1_764_000_000_123),
            phase,
        }
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let state: State = [
            ("__proto__", "1.50"),
            ("b", "9007199254740993"),
            ("a", r#"{"z":[],"y":{},"x":"\u0000 "}"#),
            ("", "null"),
        ]
        .into_iter()
        .collect();
        let ended = [
            Reason::Left,
            Reason::Disconnected,
            Reason::Expired,
            Reason::Kicked,
        ];
        let phases = ended.map(Phase::Ended);
        for phase in [Phase::Open, Phase::Closing].into_iter().chain(phases) {
            let record = record(phase, state.clone());
            assert_eq!(record_from_bytes(&record_to_bytes(&record)), Ok(record));
        }
    }

    #[test]
    fn another_format_and_rubbish_are_told() {
        let mut bytes = record_to_bytes(&record(Phase::Open, State::default()));
        for broken in [&b""[..], b"1", b"1{}", b"\xff", &bytes[..bytes.len() - 1]] {
            assert!(record_from_bytes(broken).is_err());
        }
        bytes[0] = b'2';
        let told = record_from_bytes(&bytes).unwrap_err().to_string();
        assert!(told.contains("format '2'"), "{told}");
    }
}
