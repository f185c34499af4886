//! States and patches inside requests.

use serde_json::value::RawValue;

use super::limits::DecodeLimits;
use super::refusal::{BadRequest, Refusal, TooLarge};
use crate::state::{NotState, State};

/// A state of at most `state_bytes_max` bytes. A patch has the same limit: what it is merged into
/// is at least as large.
pub(super) fn state(
    value: &RawValue,
    field: &str,
    limits: &DecodeLimits,
) -> Result<State, Refusal> {
    State::parse_within(value.get(), limits.state_bytes_max).map_err(|not| match not {
        NotState::NotObject => BadRequest::new(field, "must be an object").into(),
        NotState::Unreadable => {
            BadRequest::new(field, "has a key that is not valid Unicode").into()
        }
        NotState::TooLarge => {
            let (field, limit) = (field.to_owned(), limits.state());
            TooLarge { field, limit }.into()
        }
    })
}
