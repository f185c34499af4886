//! Reading an ack as a client: either the reply that the event promises, or an error.

use serde::{Deserialize, de::DeserializeOwned};

use crate::error::ErrorReply;

/// Reads an ack's JSON by its `ok`. The outer error means that the text is neither; the inner one
/// is the server's refusal.
///
/// This is no untagged enum, because serde would buffer the reply, and raw JSON does not survive
/// that.
pub fn read_ack<R: DeserializeOwned>(
    json: &str,
) -> Result<Result<R, ErrorReply>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Standing {
        ok: bool,
    }
    let Standing { ok } = serde_json::from_str(json)?;
    Ok(match ok {
        true => Ok(serde_json::from_str(json)?),
        false => Err(serde_json::from_str(json)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::presence::{LeaveReply, SyncReply};

    #[test]
    fn an_ack_is_a_reply_or_an_error() {
        assert!(read_ack::<LeaveReply>(r#"{"ok":true}"#).unwrap().is_ok());

        let refused = r#"{"ok":false,"error":"No.","code":"forbidden","retryable":false}"#;
        let error = read_ack::<LeaveReply>(refused).unwrap().unwrap_err();
        assert_eq!(error, ErrorReply::new(ErrorCode::Forbidden, "No."));

        for neither in ["", "null", "{}", r#"{"ok":1}"#, r#"{"ok":false}"#] {
            assert!(read_ack::<LeaveReply>(neither).is_err(), "{neither}");
        }
        assert!(read_ack::<SyncReply>(r#"{"ok":true}"#).is_err());
    }
}
