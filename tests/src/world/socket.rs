//! A client's socket: its messages are decoded when they arrive and done in their order.

use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::ports::Tasks;
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, HeartbeatAsk, JoinAsk, ResumeAsk, Session};

use crate::executor::Executor;
use crate::peer::{Heard, RecordingPeer};
use crate::roster::{Roster, Violation};

type Work = BoxFuture<'static, ()>;

/// A client's socket.
pub struct Socket {
    /// Its node.
    pub node: usize,
    /// Its session there.
    pub session: Session,
    /// What it was told.
    pub peer: Arc<RecordingPeer>,
    inbox: UnboundedSender<Work>,
    open: bool,
}

/// What a client may send.
#[derive(Debug, Clone)]
pub enum Ask {
    /// `presence:join`.
    Join(RoomId, UserId, Option<State>, Option<ResumeAsk>),
    /// `presence:heartbeat`.
    Heartbeat(Option<RoomId>, Option<Epoch>, Option<State>),
    /// `presence:leave`.
    Leave(Option<RoomId>),
    /// `presence:sync`.
    Sync(RoomId),
    /// Its connection ends.
    Close(Farewell),
}

impl Socket {
    pub(super) fn open(
        node: usize,
        session: Session,
        peer: Arc<RecordingPeer>,
        executor: &Executor,
    ) -> Self {
        let (inbox, queue) = unbounded();
        executor.spawn(Box::pin(work_off(queue)));
        Self {
            node,
            session,
            peer,
            inbox,
            open: true,
        }
    }

    /// Its node is dead.
    pub(super) fn goes_away(&mut self) {
        self.open = false;
        self.peer.goes_away();
    }

    /// Whether its client has not gone away.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What the adapter does with a message: notes when it came, and queues it.
    pub(super) fn decode(&mut self, ask: Ask) {
        self.peer.gives_sign();
        let (session, peer) = (self.session.clone(), self.peer.clone());
        let received = match &ask {
            Ask::Heartbeat(room, epoch, _) => Some(session.touch(room.as_ref(), *epoch)),
            Ask::Close(_) => {
                self.open = false;
                peer.goes_away();
                None
            }
            Ask::Join(..) | Ask::Leave(_) | Ask::Sync(_) => None,
        };
        let work: Work = Box::pin(async move {
            match ask {
                Ask::Join(room, user, state, resume) => {
                    let ask = JoinAsk {
                        room: room.clone(),
                        user,
                        state,
                        resume,
                    };
                    let reply = move |outcome| peer.answered(Heard::Joined(room, outcome));
                    session.join(ask, Box::new(reply)).await;
                }
                Ask::Heartbeat(room, epoch, patch) => {
                    let Some(received) = received else { return };
                    let ask = HeartbeatAsk {
                        room: room.clone(),
                        epoch,
                        patch,
                        received,
                    };
                    let outcome = session.heartbeat(ask).await;
                    peer.answered(Heard::Beat(room, outcome));
                }
                Ask::Leave(room) => {
                    let outcome = session.leave(room.as_ref()).await;
                    peer.answered(Heard::Left(room, outcome));
                }
                Ask::Sync(room) => {
                    let reply = {
                        let room = room.clone();
                        move |outcome| peer.answered(Heard::Synced(room, outcome))
                    };
                    session.sync(&room, Box::new(reply));
                }
                Ask::Close(farewell) => {
                    session.close(farewell).await;
                    peer.ended();
                }
            }
        });
        // A socket whose node is dead is not worked off.
        let _ = self.inbox.unbounded_send(work);
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut all = self.peer.violations();
        if !self.open {
            return all;
        }
        for room in self.peer.rooms() {
            let Some(roster @ Roster::In { .. }) = self.peer.roster(&room) else {
                continue;
            };
            let seen = Arc::new(Mutex::new(None));
            let reply = {
                let seen = seen.clone();
                move |snapshot| {
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
                }
            };
            self.session.sync(&room, Box::new(reply));
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(Ok(snapshot)) = seen {
                all.extend(roster.equals(&snapshot).err());
            }
        }
        all
    }
}

async fn work_off(mut queue: UnboundedReceiver<Work>) {
    while let Some(work) = queue.next().await {
        work.await;
    }
}
