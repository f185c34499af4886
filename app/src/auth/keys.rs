//! The keys that tokens are checked with. Each is good for one algorithm only: a token does not
//! choose how it is checked.

use std::fmt;
use std::path::Path;

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey};
use thiserror::Error;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    Hs256,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    pub(super) fn jwt(self) -> JwtAlgorithm {
        match self {
            Self::Hs256 => JwtAlgorithm::HS256,
            Self::Rs256 => JwtAlgorithm::RS256,
            Self::Es256 => JwtAlgorithm::ES256,
            Self::EdDsa => JwtAlgorithm::EdDSA,
        }
    }
}

/// Keys by their names.
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: Vec<Key>,
}

#[derive(Clone)]
pub(super) struct Key {
    /// The `kid` of tokens that it checks; none: of any.
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// Why a key cannot be used. Never shows the key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The secret is too short to be one.
    #[error("the secret has fewer than {} bytes", KeyRing::SECRET_BYTES_MIN)]
    ShortSecret,
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file holds no public key that is understood.
    #[error("{path}: {problem}")]
    Content {
        /// Which.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl KeyRing {
    /// Bytes that a secret has at least: as many as the digest (RFC 7518, 3.2).
    pub const SECRET_BYTES_MIN: usize = 32;
    /// Keys that a file may hold.
    pub const KEYS_MAX: usize = 64;

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Adds a shared secret, for HS256.
    ///
    /// # Errors
    ///
    /// It is too short.
    pub fn add_secret(&mut self, secret: &str) -> Result<(), KeyError> {
        if secret.len() < Self::SECRET_BYTES_MIN {
            return Err(KeyError::ShortSecret);
        }
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        self.add(None, Algorithm::Hs256, decoding);
        Ok(())
    }

    /// Adds the public key of a PEM file. What kind of key it is says which algorithm it is for.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no such key.
    pub fn add_public_key_file(&mut self, path: &Path) -> Result<(), KeyError> {
        let pem = read(path)?;
        let rsa = || Some((Algorithm::Rs256, DecodingKey::from_rsa_pem(&pem).ok()?));
        let ec = || Some((Algorithm::Es256, DecodingKey::from_ec_pem(&pem).ok()?));
        let ed = || Some((Algorithm::EdDsa, DecodingKey::from_ed_pem(&pem).ok()?));
        let Some((algorithm, decoding)) = rsa().or_else(ec).or_else(ed) else {
            let problem = "is no public key in PEM form (RSA, P-256 or Ed25519)";
            return Err(content(path, problem));
        };
        self.add(None, algorithm, decoding);
        Ok(())
    }

    /// Adds the keys of a JWKS file that are for signatures with an algorithm that is known here.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no such key.
    pub fn add_jwks_file(&mut self, path: &Path) -> Result<(), KeyError> {
        let text = read(path)?;
        let set: JwkSet = serde_json::from_slice(&text)
            .map_err(|error| content(path, format!("is no JWKS: {error}")))?;
        if set.keys.len() > Self::KEYS_MAX {
            return Err(content(
                path,
                format!("holds more than {} keys", Self::KEYS_MAX),
            ));
        }
        let before = self.keys.len();
        for jwk in &set.keys {
            if let (Some(algorithm), Ok(decoding)) = (algorithm_of(jwk), DecodingKey::from_jwk(jwk))
            {
                self.add(jwk.common.key_id.clone(), algorithm, decoding);
            }
        }
        if self.keys.len() == before {
            let problem = "holds no key for RS256, ES256 or EdDSA signatures";
            return Err(content(path, problem));
        }
        Ok(())
    }

    /// The keys that may have signed a token of this algorithm and `kid`.
    pub(super) fn candidates(
        &self,
        algorithm: JwtAlgorithm,
        id: Option<&str>,
    ) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| {
            key.algorithm.jwt() == algorithm
                && match (&key.id, id) {
                    (Some(known), Some(id)) => known == id,
                    // Who names no key is checked with each.
                    (None, _) | (_, None) => true,
                }
        })
    }

    fn add(&mut self, id: Option<String>, algorithm: Algorithm, decoding: DecodingKey) {
        self.keys.push(Key {
            id,
            algorithm,
            decoding,
        });
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms = self.keys.iter().map(|key| key.algorithm);
        f.debug_list().entries(algorithms).finish()
    }
}

/// A key is good for the algorithm that it names; where it names none, for the one of its kind.
/// Shared secrets have no place in a file of public keys.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve};
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|it| *it != PublicKeyUse::Signature)
    {
        return None;
    }
    let by_kind = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::Rs256,
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::Es256
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDsa
        }
        _ => return None,
    };
    let named = match jwk.common.key_algorithm {
        None => return Some(by_kind),
        Some(KeyAlgorithm::RS256) => Algorithm::Rs256,
        Some(KeyAlgorithm::ES256) => Algorithm::Es256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDsa,
        Some(_) => return None,
    };
    (named == by_kind).then_some(named)
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    std::fs::read(path).map_err(|error| KeyError::File {
        path: path.display().to_string(),
        error,
    })
}

fn content(path: &Path, problem: impl Into<String>) -> KeyError {
    KeyError::Content {
        path: path.display().to_string(),
        problem: problem.into(),
    }
}
