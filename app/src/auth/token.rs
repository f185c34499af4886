//! Signed tokens (JWT, RFC 7519) as proof of identity.

use std::sync::Arc;

use async_trait::async_trait;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use rtm_domain::ids::UserId;
use rtm_domain::time::Timestamp;
use rtm_socketio::{Authority, Everything, Identity};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::{Key, KeyRing};
use super::rights::RoomRights;
use super::{Authenticator, Unauthorized};

/// What a token must say, besides being signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRules {
    /// For whom it must be meant (`aud`); none: for anybody.
    pub audience: Option<String>,
    /// Who must have made it (`iss`); none: anybody who has the key.
    pub issuer: Option<String>,
    /// By how many seconds clocks may differ.
    pub leeway_secs: u64,
    /// Length of a user's id, in bytes.
    pub id_bytes_max: usize,
}

/// Proves identities by signed tokens: `sub` is the user, `exp` is required, and the claim
/// `rtm` may carry rights.
#[derive(Debug)]
pub struct TokenAuthenticator {
    keys: KeyRing,
    rules: TokenRules,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    iat: Option<f64>,
    #[serde(default)]
    rtm: Option<RtmClaim>,
}

#[derive(Deserialize)]
struct RtmClaim {
    #[serde(default)]
    rooms: Option<Map<String, Value>>,
}

impl TokenAuthenticator {
    /// Bytes that a token may have.
    pub const TOKEN_BYTES_MAX: usize = 16_384;

    /// Checks tokens with `keys` by `rules`.
    pub fn new(keys: KeyRing, rules: TokenRules) -> Self {
        Self { keys, rules }
    }

    /// Who shows this token.
    ///
    /// # Errors
    ///
    /// Why it proves nothing.
    pub fn check(&self, token: &str) -> Result<Identity, Unauthorized> {
        if token.len() > Self::TOKEN_BYTES_MAX {
            return Err(no("the token is too long"));
        }
        let header = decode_header(token).map_err(|_| no("the token cannot be read"))?;
        let mut refusal = no("the token is signed with a key that is not known here");
        for key in self.keys.candidates(header.alg, header.kid.as_deref()) {
            match decode::<Claims>(token, &key.decoding, &self.validation(key)) {
                Ok(token) => return self.identity(token.claims),
                Err(error) => match why(error.kind()) {
                    // Another key may fit.
                    None => {}
                    Some(why) => refusal = no(why),
                },
            }
        }
        Err(refusal)
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(key.algorithm.jwt());
        validation.leeway = self.rules.leeway_secs;
        validation.validate_nbf = true;
        let mut required = vec!["exp", "sub"];
        match &self.rules.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                required.push("aud");
            }
            None => validation.validate_aud = false,
        }
        if let Some(issuer) = &self.rules.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }

    fn identity(&self, claims: Claims) -> Result<Identity, Unauthorized> {
        let user = UserId::parse(&claims.sub, self.rules.id_bytes_max)
            .map_err(|bad| no(&format!("the token's subject {bad}")))?;
        let authority: Arc<dyn Authority> = match claims.rtm.and_then(|rtm| rtm.rooms) {
            None => Arc::new(Everything),
            Some(rooms) => {
                let rights = RoomRights::read(&rooms);
                Arc::new(rights.map_err(|bad| no(&format!("the token has {bad}")))?)
            }
        };
        Ok(Identity {
            user,
            issued: claims.iat.map(millis),
            expires: Some(millis(claims.exp)),
            authority,
        })
    }
}

#[async_trait]
impl Authenticator for TokenAuthenticator {
    async fn authenticate(&self, token: Option<&str>) -> Result<Identity, Unauthorized> {
        match token {
            Some(token) => self.check(token),
            None => Err(no("a token is needed: send it as auth.token")),
        }
    }
}

/// What a client is told; nothing if another key should be tried.
fn why(error: &ErrorKind) -> Option<&'static str> {
    match error {
        ErrorKind::InvalidSignature => None,
        ErrorKind::ExpiredSignature => Some("the token has expired"),
        ErrorKind::ImmatureSignature => Some("the token is not valid yet"),
        ErrorKind::InvalidAudience => Some("the token is meant for somebody else"),
        ErrorKind::InvalidIssuer => Some("the token was made by somebody else"),
        ErrorKind::MissingRequiredClaim(_) => Some("the token lacks a claim that is needed"),
        _ => Some("the token cannot be read"),
    }
}

/// Seconds since 1970, as claims give them, in milliseconds.
fn millis(seconds: f64) -> Timestamp {
    // A float to integer conversion keeps to the integer's range.
    Timestamp((seconds * 1000.0) as u64)
}

fn no(why: &str) -> Unauthorized {
    Unauthorized(why.to_owned())
}

#[cfg(test)]
mod tests;
