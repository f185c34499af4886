//! Ids and secrets: short texts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::limits::DecodeLimits;
use super::refusal::{BadRequest, Refusal, TooLarge};
use crate::object::Text;

/// More than any id or key that the server mints. It is no setting: a lowered `MAX_ID_BYTES` must
/// not keep clients from a resume.
const MINTED_BYTES_MAX: usize = 256;

/// A room or user id: 1 to `id_bytes_max` bytes without control characters (Unicode Cc).
pub(super) fn id<'a>(
    value: &'a RawValue,
    field: &str,
    limits: &DecodeLimits,
) -> Result<Cow<'a, str>, Refusal> {
    let text = string(value, field)?;
    if text.len() > limits.id_bytes_max {
        let (field, limit) = (field.to_owned(), limits.id());
        return Err(TooLarge { field, limit }.into());
    }
    Ok(printable(text, field)?)
}

/// What the server once gave to the client: a connection id or a key.
pub(super) fn minted<'a>(value: &'a RawValue, field: &str) -> Result<Cow<'a, str>, BadRequest> {
    let text = string(value, field)?;
    if text.len() > MINTED_BYTES_MAX {
        let problem = format!("is longer than {MINTED_BYTES_MAX} bytes");
        return Err(BadRequest::new(field, problem));
    }
    printable(text, field)
}

/// A JSON string, its escapes resolved.
pub(super) fn string<'a>(value: &'a RawValue, field: &str) -> Result<Cow<'a, str>, BadRequest> {
    let json = value.get();
    if !json.starts_with('"') {
        return Err(BadRequest::new(field, "must be a string"));
    }
    match serde_json::from_str(json) {
        Ok(Text(text)) => Ok(text),
        // Raw values are well-formed JSON, so only an unpaired surrogate escape is left.
        Err(_) => Err(BadRequest::new(field, "is not valid Unicode")),
    }
}

fn printable<'a>(text: Cow<'a, str>, field: &str) -> Result<Cow<'a, str>, BadRequest> {
    if text.is_empty() {
        return Err(BadRequest::new(field, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(BadRequest::new(
            field,
            "must not contain control characters",
        ));
    }
    Ok(text)
}
