//! Records and events as bytes: a format number, then JSON. Redis never reads them.

mod event;
mod record;
mod revision;
mod state;

use rtm_domain::error::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use event::{event_from_bytes, event_to_bytes};
pub(crate) use record::{record_from_bytes, record_to_bytes};
pub(crate) use revision::{revision_from_text, revision_to_text};

/// The number of the format. Whoever reads another one says so instead of guessing.
const FORMAT: u8 = b'1';

fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // Neither a map with keys that are no texts nor a failing writer is among what we write.
    if let Err(error) = serde_json::to_writer(&mut bytes, value) {
        unreachable!("what is kept can be written: {error}");
    }
    bytes
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(corrupt),
        Some((format, _)) => Err(corrupt(format!(
            "format {:?} is not known here",
            char::from(*format)
        ))),
        None => Err(corrupt("it is empty")),
    }
}

pub(crate) fn corrupt(why: impl ToString) -> StoreError {
    StoreError::Corrupt(why.to_string())
}
