//! Reading `auth:refresh`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::payload::{fields, given, required};
use super::refusal::BadRequest;
use super::text::string;

/// Reads a refresh: the token, which is not looked at here.
pub fn auth_refresh(payload: Option<&RawValue>) -> Result<Cow<'_, str>, BadRequest> {
    let payload = required(given(payload), "")?;
    let [token] = fields(payload, "", ["token"])?;
    string(required(token, "token")?, "token")
}
