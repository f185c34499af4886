//! The events of presence: each is decoded when it arrives, or refused, and done in its turn.

use rtm_domain::error::{Excess, Rejection};
use rtm_domain::ids::{BadId, ConnId, ResumeKey, RoomId, UserId};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::state::State;
use rtm_domain::service::{HeartbeatAsk, JoinAsk, Joined, ResumeAsk, Session, Synced};
use rtm_protocol as wire;
use rtm_protocol::decode::{self, BadRequest, DecodeLimits, Identity};
use rtm_protocol::{ErrorReply, Limit, True};

use crate::connection::{Ack, Request, Work, do_at_once};
use crate::identity::Right;
use crate::presence::{answer, encode};

/// What a handler works with.
pub(super) struct Context<'a> {
    pub(super) session: &'a Session,
    pub(super) policy: &'a Policy,
}

/// `presence:join`
pub(super) fn join(context: &Context<'_>, request: Request) -> Work {
    let ask = match context.join_ask(&request) {
        Ok(ask) => ask,
        Err(reply) => return refuse(request.ack, reply),
    };
    let (session, ack) = (context.session.clone(), request.ack);
    let ttl_ms = rtm_domain::time::millis(context.policy.ttl);
    Box::pin(async move {
        let reply = Box::new(move |joined| match joined {
            Ok(joined) => send_joined(ack, &joined, ttl_ms),
            Err(refusal) => ack.refuse(&answer::refusal(&refusal)),
        });
        session.join(ask, reply).await;
    })
}

/// `presence:heartbeat`
///
/// Most have no patch, so nothing to wait for, and there are more of them than of all else: a task
/// for each would cost more than what it does. One with a patch is never begun here: it locks its
/// presence, and others may come before it.
pub(super) fn heartbeat(context: &Context<'_>, request: Request) -> Option<Work> {
    let ask = match context.heartbeat_ask(&request) {
        Ok(ask) => ask,
        Err(reply) => {
            let reply = ErrorReply {
                changed: Some(wire::False),
                ..reply
            };
            return Some(refuse(request.ack, reply));
        }
    };
    let may_be_done = request.is_first() && ask.patch.is_none();
    let (session, ack) = (context.session.clone(), request.ack);
    let mut work: Work = Box::pin(async move {
        match session.heartbeat(ask).await {
            Ok(beat) => ack.send(&wire::HeartbeatReply {
                ok: True,
                changed: beat.changed,
                epoch: beat.epoch.number(),
                version: beat.version.map(|version| version.0),
            }),
            Err(refusal) => ack.refuse(&answer::unchanged(&refusal)),
        }
    });
    let is_done = may_be_done && do_at_once(&mut work);
    (!is_done).then_some(work)
}

/// `presence:leave`
pub(super) fn leave(context: &Context<'_>, request: Request) -> Work {
    let decoded = decode::leave(request.payload(), &context.decode_limits()).map_err(Into::into);
    let room = decoded.and_then(|leave| {
        let room = leave.room_id.map(|room| context.room(&room));
        room.transpose()
    });
    let room = match room {
        Ok(room) => room,
        Err(reply) => return refuse(request.ack, reply),
    };
    let (session, ack) = (context.session.clone(), request.ack);
    Box::pin(async move {
        match session.leave(room.as_ref()).await {
            Ok(()) => ack.send(&wire::LeaveReply::default()),
            Err(refusal) => ack.refuse(&answer::refusal(&refusal)),
        }
    })
}

/// `presence:sync`
pub(super) fn sync(context: &Context<'_>, request: Request) -> Work {
    let decoded = decode::sync(request.payload(), &context.decode_limits()).map_err(Into::into);
    let room = match decoded.and_then(|sync| context.room(&sync.room_id)) {
        Ok(room) => room,
        Err(reply) => return refuse(request.ack, reply),
    };
    let (session, ack) = (context.session.clone(), request.ack);
    Box::pin(async move {
        let reply = Box::new(move |synced| match synced {
            Ok(synced) => send_synced(ack, &synced),
            Err(refusal) => ack.refuse(&answer::refusal(&refusal)),
        });
        session.sync(&room, reply);
    })
}

impl Context<'_> {
    fn join_ask(&self, request: &Request) -> Result<JoinAsk, ErrorReply> {
        let proven = request.connection.identity();
        let named_by = match &proven {
            Some(_) => Identity::Token,
            None => Identity::Payload,
        };
        let join = decode::join(request.payload(), named_by, &self.decode_limits())?;
        let user = match (&proven, join.user_id.as_deref()) {
            (Some(proven), None) => proven.user.clone(),
            (_, named) => self.user(named.unwrap_or_default())?,
        };
        let room = self.room(&join.room_id)?;
        if proven.is_some_and(|proven| proven.user != user) {
            let problem = "userId is not the user of this connection's token";
            return Err(ErrorReply::new(wire::ErrorCode::Forbidden, problem));
        }
        request.connection.may(Right::Join, &room)?;
        if join.state.is_some() {
            request.connection.may(Right::Publish, &room)?;
        }
        let resume = join.resume.map(|resume| {
            Ok::<_, ErrorReply>(ResumeAsk {
                conn: ConnId::trusted(&*resume.conn_id),
                key: ResumeKey::trusted(&*resume.key.0),
                epoch: resume
                    .epoch
                    .map(|number| epoch("resume.epoch", number))
                    .transpose()?,
            })
        });
        Ok(JoinAsk {
            room,
            user,
            state: join.state.map(State::from_iter),
            resume: resume.transpose()?,
        })
    }

    fn heartbeat_ask(&self, request: &Request) -> Result<HeartbeatAsk, ErrorReply> {
        let beat = decode::heartbeat(request.payload(), &self.decode_limits())?;
        let room = beat.room_id.map(|room| self.room(&room)).transpose()?;
        let epoch = beat
            .epoch
            .map(|number| epoch("epoch", number))
            .transpose()?;
        if beat.patch_state.is_some() {
            let only = || self.session.rooms().into_iter().next();
            if let Some(room) = room.clone().or_else(only) {
                request.connection.may(Right::Publish, &room)?;
            }
        }
        Ok(HeartbeatAsk {
            received: self.session.touch(room.as_ref(), epoch),
            room,
            epoch,
            patch: beat.patch_state.map(State::from_iter),
        })
    }

    fn user(&self, id: &str) -> Result<UserId, ErrorReply> {
        UserId::parse(id, self.policy.id_bytes_max).map_err(|bad| bad_id("userId", bad))
    }

    fn room(&self, id: &str) -> Result<RoomId, ErrorReply> {
        RoomId::parse(id, self.policy.id_bytes_max).map_err(|bad| bad_id("roomId", bad))
    }

    /// The decoder stops at the domain's limits, so that nothing larger is ever built.
    fn decode_limits(&self) -> DecodeLimits {
        DecodeLimits {
            id_bytes_max: self.policy.id_bytes_max,
            state_bytes_max: self.policy.state_bytes_max,
        }
    }
}

fn send_joined(ack: Ack, joined: &Joined, ttl_ms: u64) {
    // Without an answer it is told `unavailable`.
    let Some(snapshot) = encode::entries(&joined.snapshot) else {
        return;
    };
    ack.send(&wire::WrittenJoinReply {
        ok: True,
        snapshot,
        own: wire::SelfEntry {
            conn_id: joined.conn.as_str(),
            epoch: joined.epoch.number(),
            key: wire::Key(joined.key.reveal()),
        },
        version: joined.snapshot.version.0,
        ttl_ms,
    });
}

fn send_synced(ack: Ack, synced: &Synced) {
    let Some(snapshot) = encode::entries(synced) else {
        return;
    };
    ack.send(&wire::WrittenSyncReply {
        ok: True,
        version: synced.version.0,
        snapshot,
    });
}

fn refuse(ack: Ack, reply: ErrorReply) -> Work {
    Box::pin(async move { ack.refuse(&reply) })
}

fn bad_id(field: &str, bad: BadId) -> ErrorReply {
    match bad.excess() {
        Some(excess) => too_large(excess),
        None => BadRequest::new(field, bad.to_string()).into(),
    }
}

fn too_large(excess: Excess) -> ErrorReply {
    ErrorReply {
        limit: Some(Limit::new(excess.limit.name(), excess.max)),
        ..ErrorReply::new(
            wire::ErrorCode::TooLarge,
            Rejection::TooLarge(excess).to_string(),
        )
    }
}

fn epoch(field: &str, number: u64) -> Result<Epoch, ErrorReply> {
    let problem = "must be below 2^53";
    Epoch::new(number).ok_or_else(|| BadRequest::new(field, problem).into())
}
