//! One room in which somebody may hear what is said.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rtm_domain::PresenceService;
use rtm_domain::ids::{ConnId, RoomId, UserId};
use rtm_domain::time::Moment;
use rtm_protocol::{ChatRead, ChatTyping, names};
use rtm_socketio::Frame;
use serde::Serialize;

use crate::modules::chat::store::{Notice, Published, Since, Stored};
use crate::modules::chat::tail::{Fed, Tail};
use crate::modules::chat::typists::Typists;
use crate::modules::chat::{MsgId, events};

/// A room of this node. Its lock is held while members are told, so that all are told in one
/// order.
pub(super) struct HallRoom {
    id: RoomId,
    state: Mutex<State>,
}

struct State {
    tail: Tail,
    typists: Typists,
    repair: Repair,
    /// What was told and what the store had, when the store was ahead at the last look.
    behind: Option<(MsgId, MsgId)>,
}

/// Whether it is being read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repair {
    None,
    Running,
    /// Running, and a new reason came meanwhile.
    RunAgain,
}

impl HallRoom {
    pub(super) fn new(id: RoomId) -> Self {
        let state = State {
            tail: Tail::opening(),
            typists: Typists::default(),
            repair: Repair::None,
            behind: None,
        };
        Self {
            id,
            state: Mutex::new(state),
        }
    }

    pub(super) fn id(&self) -> &RoomId {
        &self.id
    }

    /// The last message that members were told.
    pub(super) fn told(&self) -> MsgId {
        self.lock().tail.told()
    }

    /// What was said before this is history. False if the room must be read.
    pub(super) fn begin(&self, last: MsgId, presence: &PresenceService) -> bool {
        let mut state = self.lock();
        let (news, again) = state.tail.begin(last);
        self.tell_all(&news, presence);
        !again
    }

    /// Takes a message. True if the room must be read.
    pub(super) fn feed(&self, published: Published, presence: &PresenceService) -> bool {
        let mut state = self.lock();
        match state.tail.feed(published) {
            Fed::Tell(stored) => self.tell_all(&[stored], presence),
            Fed::Known | Fed::Wait => {}
            Fed::Read => return true,
        }
        false
    }

    /// True for the one who shall repair it.
    pub(super) fn begin_repair(&self) -> bool {
        let mut state = self.lock();
        state.tail.begin_reading();
        let start = state.repair == Repair::None;
        state.repair = match start {
            true => Repair::Running,
            false => Repair::RunAgain,
        };
        start
    }

    /// From now on messages wait. Returns after which one to read.
    pub(super) fn begin_reading(&self) -> MsgId {
        let mut state = self.lock();
        state.tail.begin_reading();
        state.repair = Repair::Running;
        state.tail.told()
    }

    /// Takes what was read. False if it must be read again.
    pub(super) fn read(&self, since: Since, presence: &PresenceService) -> bool {
        let mut state = self.lock();
        if !since.complete {
            tracing::warn!(room = %self.id, "messages were lost before all members here heard them");
        }
        let (news, again) = state.tail.read(since);
        self.tell_all(&news, presence);
        let done = !again && state.repair == Repair::Running;
        if done {
            state.repair = Repair::None;
        }
        done
    }

    /// Compares with the store; true if it has been ahead for two looks without either having
    /// moved.
    pub(super) fn is_behind_still(&self, last: MsgId) -> bool {
        let mut state = self.lock();
        let told = state.tail.told();
        let behind = (state.tail.is_on() && told < last).then_some((told, last));
        let still = behind.is_some() && state.behind == behind;
        state.behind = if still { None } else { behind };
        still
    }

    /// Takes a notice. Returns who begins to type.
    pub(super) fn notice(
        &self,
        notice: Notice,
        span: (Moment, Duration),
        presence: &PresenceService,
    ) -> Option<ConnId> {
        let mut state = self.lock();
        match notice {
            Notice::Typing { user, conn, typing } => {
                if !state.typists.set(&conn, &user, typing, span) {
                    return None;
                }
                self.tell_typing(&user, &conn, typing, presence);
                typing.then_some(conn)
            }
            Notice::Read { user, conn, upto } => {
                let read = ChatRead {
                    room_id: self.id.as_str(),
                    user_id: user.as_str(),
                    msg_id: &upto.to_string(),
                };
                self.tell(names::CHAT_READ, &read, Some(&conn), presence);
                None
            }
        }
    }

    pub(super) fn shows_typing(&self, conn: &ConnId) -> bool {
        self.lock().typists.shows(conn)
    }

    pub(super) fn typing_until(&self, conn: &ConnId) -> Option<Moment> {
        self.lock().typists.until(conn)
    }

    /// Ends typing whose time is over.
    pub(super) fn expire_typing(&self, conn: &ConnId, now: Moment, presence: &PresenceService) {
        let mut state = self.lock();
        if let Some(user) = state.typists.expire(conn, now) {
            self.tell_typing(&user, conn, false, presence);
        }
    }

    fn tell_typing(&self, user: &UserId, conn: &ConnId, typing: bool, presence: &PresenceService) {
        let shown = ChatTyping {
            room_id: self.id.as_str(),
            user_id: user.as_str(),
            conn_id: conn.as_str(),
            typing,
        };
        self.tell(names::CHAT_TYPING, &shown, Some(conn), presence);
    }

    fn tell_all(&self, news: &[Arc<Stored>], presence: &PresenceService) {
        for stored in news {
            let message = events::message(&self.id, stored);
            self.tell(names::CHAT_MESSAGE, &message, None, presence);
        }
    }

    fn tell<T: Serialize>(
        &self,
        event: &'static str,
        payload: &T,
        except: Option<&ConnId>,
        presence: &PresenceService,
    ) {
        match Frame::new(event, payload) {
            Ok(frame) => {
                presence.tell(&self.id, &frame.message(), except);
            }
            Err(error) => tracing::error!(event, %error, "an event cannot be written as JSON"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
