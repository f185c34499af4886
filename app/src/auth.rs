//! Who somebody is: proven by a signed token, or by whatever an embedding application knows.

mod keys;
mod pattern;
mod revocations;
mod rights;
mod token;

use std::fmt;

use async_trait::async_trait;
use rtm_socketio::Identity;

pub use keys::{Algorithm, KeyError, KeyRing};
pub use revocations::Revocations;
pub use rights::RoomRights;
pub use token::{TokenAuthenticator, TokenRules};

/// Proves identities. An application that has its own way implements this.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Who shows this token, if that is proven.
    ///
    /// # Errors
    ///
    /// Why it is not. The client is told, so it says nothing that helps to guess.
    async fn authenticate(&self, token: Option<&str>) -> Result<Identity, Unauthorized>;
}

/// Why an identity is not proven, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unauthorized(pub String);

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unauthorized {}
