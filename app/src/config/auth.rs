//! Settings of identity.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;

/// How clients prove who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// Whether they must. Default: where a key is set.
    pub mode: AuthMode,
    /// A shared secret for HS256 tokens, 32 bytes or more. Default: none.
    pub jwt_secret: Option<Secret>,
    /// A PEM file with the public key that tokens are checked with: RSA (RS256), P-256 (ES256)
    /// or Ed25519 (EdDSA). Default: none.
    pub jwt_public_key_file: Option<PathBuf>,
    /// A JWKS file with such keys. Default: none.
    pub jwt_jwks_file: Option<PathBuf>,
    /// For whom tokens must be meant (`aud`). Default: anybody.
    pub jwt_audience: Option<String>,
    /// Who must have made them (`iss`). Default: anybody with a key.
    pub jwt_issuer: Option<String>,
    /// By how much clocks may differ, 0 to 10 min. Default 5 s.
    pub jwt_leeway: Duration,
}

/// Whether clients must prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// Where a key is set. Without one, the server listens for its own machine only.
    Auto,
    /// Nobody needs to, wherever the server listens.
    None,
    /// Everybody must show a token.
    Jwt,
}

impl AuthConfig {
    /// Whether tokens are asked for.
    #[must_use]
    pub fn is_on(&self) -> bool {
        match self.mode {
            AuthMode::Auto => self.has_key(),
            AuthMode::None => false,
            AuthMode::Jwt => true,
        }
    }

    /// Whether there is anything to check tokens with.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.jwt_secret.is_some()
            || self.jwt_public_key_file.is_some()
            || self.jwt_jwks_file.is_some()
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            mode: AuthMode::Auto,
            jwt_secret: None,
            jwt_public_key_file: None,
            jwt_jwks_file: None,
            jwt_audience: None,
            jwt_issuer: None,
            jwt_leeway: Duration::from_secs(5),
        }
    }
}
