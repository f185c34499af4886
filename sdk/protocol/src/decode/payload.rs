//! Picking the known fields of a request's object.

use std::convert::Infallible;

use serde_json::value::RawValue;

use super::refusal::BadRequest;
use crate::object::{Stopped, walk};

/// The payload, unless there is none or it is `null`.
pub(super) fn given(payload: Option<&RawValue>) -> Option<&RawValue> {
    payload.filter(|payload| payload.get() != "null")
}

/// The values of `names` in the object at the path `at`, by name. Of a name that comes twice the
/// last value counts.
pub(super) fn fields<'a, const N: usize>(
    object: &'a RawValue,
    at: &str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], BadRequest> {
    let mut values = [None; N];
    let walked = walk(object.get(), |key, value| {
        if let Some(place) = names.iter().position(|name| *name == key) {
            values[place] = Some(value);
        }
        Ok::<(), Infallible>(())
    });
    match walked {
        Ok(()) => Ok(values),
        Err(Stopped::NotObject) => Err(BadRequest::new(at, "must be an object")),
        Err(Stopped::Unreadable) => Err(BadRequest::new(at, "has a key that is not valid Unicode")),
    }
}

/// The value of a field that must be there.
pub(super) fn required<'a>(
    value: Option<&'a RawValue>,
    field: &str,
) -> Result<&'a RawValue, BadRequest> {
    value.ok_or_else(|| BadRequest::new(field, "is missing"))
}
