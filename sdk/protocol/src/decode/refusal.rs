//! Why a request cannot be taken as it is.

use std::fmt;

use crate::error::{ErrorCode, ErrorReply, Limit};

/// The payload is not what the event takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRequest {
    /// Where, as a path such as `resume.key`; empty for the payload itself.
    pub field: String,
    /// What is wrong, as the rest of a sentence that begins with the field.
    pub problem: String,
}

impl BadRequest {
    /// What is wrong with `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

/// A part of the payload is larger than a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// Which part, as a path.
    pub field: String,
    /// The limit.
    pub limit: Limit,
}

/// Why a decoder refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Answered `bad_request`.
    BadRequest(BadRequest),
    /// Answered `too_large`.
    TooLarge(TooLarge),
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "The payload {}.", self.problem),
            field => write!(f, "{field} {}.", self.problem),
        }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limit { name, value } = &self.limit;
        write!(f, "{} is larger than {name} ({value}).", self.field)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest(bad) => bad.fmt(f),
            Self::TooLarge(large) => large.fmt(f),
        }
    }
}

impl std::error::Error for BadRequest {}
impl std::error::Error for TooLarge {}
impl std::error::Error for Refusal {}

impl From<BadRequest> for Refusal {
    fn from(bad: BadRequest) -> Self {
        Self::BadRequest(bad)
    }
}

impl From<TooLarge> for Refusal {
    fn from(large: TooLarge) -> Self {
        Self::TooLarge(large)
    }
}

impl From<BadRequest> for ErrorReply {
    fn from(bad: BadRequest) -> Self {
        let error = bad.to_string();
        Self {
            field: Some(bad.field),
            ..Self::new(ErrorCode::BadRequest, error)
        }
    }
}

impl From<TooLarge> for ErrorReply {
    fn from(large: TooLarge) -> Self {
        let error = large.to_string();
        Self {
            field: Some(large.field),
            limit: Some(large.limit),
            ..Self::new(ErrorCode::TooLarge, error)
        }
    }
}

impl From<Refusal> for ErrorReply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadRequest(bad) => bad.into(),
            Refusal::TooLarge(large) => large.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let payload = BadRequest::new("", "must be an object");
        assert_eq!(payload.to_string(), "The payload must be an object.");
        let key = BadRequest::new("resume.key", "is missing");
        assert_eq!(key.to_string(), "resume.key is missing.");
        let reply = ErrorReply::from(Refusal::from(TooLarge {
            field: "state".into(),
            limit: Limit::new("MAX_STATE_BYTES", 10),
        }));
        assert_eq!(reply.error, "state is larger than MAX_STATE_BYTES (10).");
        assert_eq!(reply.limit, Some(Limit::new("MAX_STATE_BYTES", 10)));
    }
}
