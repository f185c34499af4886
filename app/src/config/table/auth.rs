//! The rows of identity.

use super::{MINUTE, millis, text};
use crate::auth::KeyRing;
use crate::config::kind::Kind;
use crate::config::setting::Setting;
use crate::config::{AuthMode, Secret};

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "AUTH_MODE",
            "auto",
            "Who must show a token: auto asks for one where a key is set, and without one listens \
             for this machine only; none asks nobody.",
            Kind::Choice {
                options: &[
                    ("auto", |c| c.auth.mode = AuthMode::Auto),
                    ("none", |c| c.auth.mode = AuthMode::None),
                    ("jwt", |c| c.auth.mode = AuthMode::Jwt),
                ],
            },
        ),
        Setting::new(
            "AUTH_JWT_SECRET",
            "none",
            "Shared secret of HS256 tokens.",
            text("32 bytes or more, or none", |c, t| {
                c.auth.jwt_secret = match t {
                    "none" => None,
                    short if short.len() < KeyRing::SECRET_BYTES_MIN => {
                        return Err("make one with: openssl rand -base64 32".into());
                    }
                    secret => Some(Secret::new(secret)),
                };
                Ok(())
            }),
        )
        .secret(),
        Setting::new(
            "AUTH_JWT_PUBLIC_KEY_FILE",
            "none",
            "PEM file with the public key of RS256, ES256 or EdDSA tokens.",
            text("a path, or none", |c, t| {
                c.auth.jwt_public_key_file = given(t).map(Into::into);
                Ok(())
            }),
        ),
        Setting::new(
            "AUTH_JWT_JWKS_FILE",
            "none",
            "JWKS file with public keys of tokens.",
            text("a path, or none", |c, t| {
                c.auth.jwt_jwks_file = given(t).map(Into::into);
                Ok(())
            }),
        ),
        Setting::new(
            "AUTH_JWT_AUDIENCE",
            "none",
            "For whom tokens must be meant (aud).",
            text("a text, or none for anybody", |c, t| {
                c.auth.jwt_audience = given(t).map(Into::into);
                Ok(())
            }),
        ),
        Setting::new(
            "AUTH_JWT_ISSUER",
            "none",
            "Who must have made tokens (iss).",
            text("a text, or none for anybody", |c, t| {
                c.auth.jwt_issuer = given(t).map(Into::into);
                Ok(())
            }),
        ),
        Setting::new(
            "AUTH_JWT_LEEWAY_MS",
            "5000",
            "By how much the clocks of those who make and check tokens may differ; whole seconds count.",
            millis(0..=10 * MINUTE, |c, d| c.auth.jwt_leeway = d),
        ),
    ];
    Setting::under("Identity", rows)
}

fn given(text: &str) -> Option<&str> {
    (text != "none").then_some(text)
}
