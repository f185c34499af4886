//! Events whose payload and answer have types.

use rtm_protocol::decode::BadRequest;
use rtm_protocol::{ErrorReply, True};
use rtm_socketio::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `{ ok: true, … }`
#[derive(Serialize)]
struct Answer<R> {
    ok: True,
    #[serde(flatten)]
    reply: R,
}

/// The payload as `T`; none counts as `null`.
pub(super) fn payload<T: DeserializeOwned>(request: &Request) -> Result<T, ErrorReply> {
    let json = request.payload().map_or("null", |payload| payload.get());
    // Where a payload was not checked to be shallow enough, the parser refuses it itself.
    serde_json::from_str(json).map_err(|error| {
        let problem = format!("cannot be read: {error}");
        BadRequest::new("", problem).into()
    })
}

pub(super) fn answer<R: Serialize>(request: Request, reply: Result<R, ErrorReply>) {
    match reply {
        Ok(reply) => request.ack.send(&Answer { ok: True, reply }),
        Err(refusal) => request.ack.refuse(&refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_ok_with_the_fields_of_the_reply() {
        #[derive(Serialize)]
        struct Sum {
            sum: u64,
        }
        let answer = |reply| serde_json::to_value(reply).unwrap();
        let sum = Answer {
            ok: True,
            reply: Sum { sum: 3 },
        };
        assert_eq!(answer(json!(sum)), json!({ "ok": true, "sum": 3 }));
        let nothing = Answer {
            ok: True,
            reply: (),
        };
        assert_eq!(answer(json!(nothing)), json!({ "ok": true }));
    }
}
