//! Messages and notices as Redis keeps and carries them.

use rtm_domain::error::StoreError;
use rtm_domain::ids::{ConnId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::corrupt;
use crate::modules::chat::MsgId;
use crate::modules::chat::store::{Draft, Notice, Stored};

/// Something that came over a room's channel.
pub(super) enum Heard {
    Message { prev: MsgId, stored: Stored },
    Notice(Notice),
}

/// What stands in a stream. New fields must be optional: nodes of two versions run together.
#[derive(Serialize, Deserialize)]
struct Body<T, M> {
    user: T,
    message: M,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<T>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NoticeBody {
    Typing(String, String, bool),
    Read(String, String, u64),
}

/// What makes a message unique in its room; nothing if its client gave it no name.
pub(super) fn name_of(draft: &Draft) -> String {
    let name = draft.client_msg_id.as_deref();
    // Ids have no control characters, and so there is one way to take this apart.
    name.map_or(String::new(), |name| format!("{}\n{name}", draft.user))
}

pub(super) fn of_draft(draft: &Draft) -> Result<String, StoreError> {
    let body = Body {
        user: draft.user.as_str(),
        message: &*draft.message,
        name: draft.client_msg_id.as_deref(),
    };
    serde_json::to_string(&body).map_err(unreadable)
}

pub(super) fn to_draft(text: &str) -> Result<Draft, StoreError> {
    let body: Body<String, Box<RawValue>> = serde_json::from_str(text).map_err(unreadable)?;
    Ok(Draft {
        user: UserId::trusted(body.user),
        message: body.message,
        client_msg_id: body.name.map(Into::into),
    })
}

pub(super) fn of_notice(notice: &Notice) -> Result<String, StoreError> {
    let body = match notice.clone() {
        Notice::Typing { user, conn, typing } => {
            NoticeBody::Typing(user.to_string(), conn.to_string(), typing)
        }
        Notice::Read { user, conn, upto } => {
            NoticeBody::Read(user.to_string(), conn.to_string(), upto.number())
        }
    };
    let text = serde_json::to_string(&body).map_err(unreadable)?;
    Ok(format!("n{text}"))
}

/// `m<prev> <id> <body>`, as a script publishes it, or `n<notice>`.
pub(super) fn heard(payload: &[u8]) -> Result<Heard, StoreError> {
    let text = std::str::from_utf8(payload).map_err(|_| corrupt("no text"))?;
    if let Some(notice) = text.strip_prefix('n') {
        let notice = serde_json::from_str(notice).map_err(unreadable)?;
        return Ok(Heard::Notice(to_notice(notice)));
    }
    let mut parts = text.strip_prefix('m').unwrap_or_default().splitn(3, ' ');
    let mut next = || parts.next().ok_or_else(|| corrupt("no message"));
    let number = |text: &str| text.parse().map_err(|_| corrupt("no id"));
    let (prev, id) = (number(next()?)?, number(next()?)?);
    Ok(Heard::Message {
        prev: MsgId::from_number(prev),
        stored: Stored {
            id: MsgId::from_number(id),
            draft: to_draft(next()?)?,
        },
    })
}

fn to_notice(body: NoticeBody) -> Notice {
    match body {
        NoticeBody::Typing(user, conn, typing) => Notice::Typing {
            user: UserId::trusted(user),
            conn: ConnId::trusted(conn),
            typing,
        },
        NoticeBody::Read(user, conn, upto) => Notice::Read {
            user: UserId::trusted(user),
            conn: ConnId::trusted(conn),
            upto: MsgId::from_number(upto),
        },
    }
}

fn unreadable(error: serde_json::Error) -> StoreError {
    corrupt(error.to_string())
}
