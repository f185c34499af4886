//! A connection, as presence speaks to it.

use std::sync::{Arc, Weak};

use rtm_domain::ids::{ConnId, RoomId};
use rtm_domain::ports::{Lost, Message, Peer};
use rtm_domain::time::Moment;
use rtm_protocol as wire;
use rtm_protocol::names;

use crate::connection::Connection;
use crate::frame::Frame;
use crate::line::Line;

/// Sends to a connection for as long as there is one. The service does not keep it alive.
pub(super) struct SocketPeer {
    connection: Weak<Connection>,
    line: Arc<Line>,
}

impl SocketPeer {
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        Self {
            connection: Arc::downgrade(connection),
            line: connection.line().clone(),
        }
    }
}

impl Peer for SocketPeer {
    fn deliver(&self, message: &Message) {
        let (Some(connection), Some(frame)) =
            (self.connection.upgrade(), message.downcast_ref::<Frame>())
        else {
            return;
        };
        connection.emit_frame(frame);
    }

    fn lost(&self, room: &RoomId, conn: &ConnId, reason: Lost) {
        let Some(connection) = self.connection.upgrade() else {
            return;
        };
        let lost = wire::Lost {
            room_id: room.as_str(),
            conn_id: conn.as_str(),
            reason: match reason {
                Lost::Expired => wire::LostReason::Expired,
                Lost::Replaced => wire::LostReason::Replaced,
                Lost::Kicked => wire::LostReason::Kicked,
            },
        };
        connection.emit(names::PRESENCE_LOST, &lost);
    }

    fn heard(&self) -> Moment {
        self.line.heard()
    }
}
