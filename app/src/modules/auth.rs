//! Identity as a module: takes fresh tokens on a living connection.

use std::sync::Arc;

use async_trait::async_trait;
use rtm_domain::PresenceService;
use rtm_protocol::decode::{self, BadRequest};
use rtm_protocol::{AuthRefreshReply, ErrorCode, ErrorReply, True, names};
use rtm_socketio::{Connection, Request, Right};

use crate::auth::{Authenticator, Revocations};
use crate::module::{ModuleContext, ModuleError, RealtimeModule};

/// Handles `auth:refresh`.
pub struct AuthModule {
    authenticator: Arc<dyn Authenticator>,
    revocations: Arc<Revocations>,
}

impl AuthModule {
    /// The name of the module.
    pub const NAME: &str = "auth";

    /// The module over an authenticator.
    pub fn new(authenticator: Arc<dyn Authenticator>, revocations: Arc<Revocations>) -> Self {
        Self {
            authenticator,
            revocations,
        }
    }
}

#[async_trait]
impl RealtimeModule for AuthModule {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn register(&self, ctx: &ModuleContext) -> Result<(), ModuleError> {
        let authenticator = self.authenticator.clone();
        let (revocations, presence) = (self.revocations.clone(), ctx.presence.clone());
        ctx.on_every(names::AUTH_REFRESH, move |request| {
            let (authenticator, revocations) = (authenticator.clone(), revocations.clone());
            let presence = presence.clone();
            async move {
                match refresh(&*authenticator, &revocations, &request).await {
                    Ok(reply) => {
                        if let Some(presence) = presence {
                            leave_forbidden_rooms(&presence, &request.connection).await;
                        }
                        request.ack.send(&reply);
                    }
                    Err(refusal) => request.ack.send(&refusal),
                }
            }
        });
        Ok(())
    }
}

/// A fresh token of the same subject takes the place of the old one. One that proves nothing
/// changes nothing: the old one counts until it ends.
async fn refresh(
    authenticator: &dyn Authenticator,
    revocations: &Revocations,
    request: &Request,
) -> Result<AuthRefreshReply, ErrorReply> {
    let token = decode::auth_refresh(request.payload())?;
    let proven = authenticator.authenticate(Some(&token)).await;
    let identity = proven.and_then(|identity| {
        revocations.check(&identity)?;
        Ok(identity)
    });
    let identity =
        identity.map_err(|why| ErrorReply::new(ErrorCode::Unauthorized, why.to_string()))?;
    let known = request.connection.identity();
    if known.is_some_and(|known| known.user != identity.user) {
        let problem = BadRequest::new("token", "is of another subject").to_string();
        return Err(ErrorReply::new(ErrorCode::Forbidden, problem));
    }
    let expires_at = identity.expires.map(|expires| expires.0);
    request.connection.identify(Arc::new(identity));
    Ok(AuthRefreshReply {
        ok: True,
        expires_at,
    })
}

/// A fresh token may carry fewer rights.
async fn leave_forbidden_rooms(presence: &PresenceService, connection: &Connection) {
    let Some(session) = presence.session(connection.id()) else {
        return;
    };
    for room in session.rooms() {
        if connection.may(Right::Join, &room).is_ok() {
            continue;
        }
        if let Some((conn, ..)) = session.presence(&room)
            && let Err(error) = presence.kick(&room, &conn).await
        {
            tracing::warn!(%room, %error, "a member who lost the right to be there stays for now");
        }
    }
}
