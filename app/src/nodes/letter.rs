//! What one node says to all others.

use rtm_domain::ids::UserId;
use rtm_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Serialize, Deserialize)]
pub(super) struct Letter<T, P> {
    /// The node that says it, which has done it itself; 0: no node.
    pub(super) node: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<P>,
    /// Who is shut out shall be read again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reread: bool,
}

/// What another node says.
pub(super) enum Heard {
    Revoke {
        user: UserId,
        until: Timestamp,
    },
    Emit {
        user: UserId,
        event: String,
        payload: Box<RawValue>,
    },
    Reread,
}

impl<'a, P> Letter<&'a str, P> {
    pub(super) fn revoke(node: u64, user: &'a UserId, until: Timestamp) -> Self {
        Self {
            user: Some(user.as_str()),
            revoked_until: Some(until.0),
            ..Self::reread_if(node, false)
        }
    }

    pub(super) fn emit(node: u64, user: &'a UserId, event: &'a str, payload: P) -> Self {
        Self {
            user: Some(user.as_str()),
            event: Some(event),
            payload: Some(payload),
            ..Self::reread_if(node, false)
        }
    }

    pub(super) fn reread(node: u64) -> Self {
        Self::reread_if(node, true)
    }

    fn reread_if(node: u64, reread: bool) -> Self {
        Self {
            node,
            user: None,
            revoked_until: None,
            event: None,
            payload: None,
            reread,
        }
    }
}

impl Letter<String, Box<RawValue>> {
    /// Nothing, if it is of a kind that this version does not know.
    pub(super) fn read(self) -> Option<Heard> {
        if self.reread {
            return Some(Heard::Reread);
        }
        let user = UserId::trusted(self.user?);
        match (self.revoked_until, self.event, self.payload) {
            (Some(until), ..) => Some(Heard::Revoke {
                user,
                until: Timestamp(until),
            }),
            (None, Some(event), Some(payload)) => Some(Heard::Emit {
                user,
                event,
                payload,
            }),
            (None, ..) => None,
        }
    }
}
