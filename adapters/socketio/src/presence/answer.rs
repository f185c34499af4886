//! What a client is told when its command was not done.

use rtm_domain::error::{Excess, Refusal, Rejection};
use rtm_protocol::decode::BadRequest;
use rtm_protocol::{ErrorCode, ErrorReply, False, Limit};

/// A refusal as a reply.
pub(super) fn refusal(refusal: &Refusal) -> ErrorReply {
    let code = match refusal {
        Refusal::Rejected(rejection) => return rejected(rejection),
        Refusal::Unavailable => ErrorCode::Unavailable,
        Refusal::Draining => ErrorCode::Draining,
    };
    ErrorReply::new(code, refusal.to_string())
}

/// A refusal of a heartbeat, which also says that nothing changed.
pub(super) fn unchanged(refused: &Refusal) -> ErrorReply {
    ErrorReply {
        changed: Some(False),
        ..refusal(refused)
    }
}

fn rejected(rejection: &Rejection) -> ErrorReply {
    let reply = |code| ErrorReply::new(code, rejection.to_string());
    match rejection {
        // A resume of what is forgotten becomes a fresh join and is never told.
        Rejection::NotPresent | Rejection::Forgotten => reply(ErrorCode::NotPresent),
        Rejection::StaleEpoch { current } => ErrorReply {
            epoch: Some(current.number()),
            ..reply(ErrorCode::StaleEpoch)
        },
        Rejection::UnknownEpoch => reply(ErrorCode::UnknownEpoch),
        Rejection::EpochTooFar => BadRequest::new("resume.epoch", rejection.to_string()).into(),
        Rejection::ForeignUser => reply(ErrorCode::Forbidden),
        Rejection::RoomNeeded => BadRequest::new("roomId", rejection.to_string()).into(),
        Rejection::TooLarge(Excess { limit, max }) => ErrorReply {
            limit: Some(Limit::new(limit.name(), *max)),
            ..reply(ErrorCode::TooLarge)
        },
    }
}
