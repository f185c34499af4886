//! Tokens of all kinds, most of them forged.

use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm as JwtAlgorithm, EncodingKey, Header, encode};
use rtm_domain::ids::RoomId;
use rtm_socketio::Right;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::auth::KeyError;

const SECRET: &str = "a secret that is long enough to be one";

#[test]
fn a_good_token_proves_its_subject() {
    let claims = json!({ "sub": "ada", "exp": soon(), "iat": 1_700_000_000 });
    let identity = by_secret().check(&sign(&claims)).unwrap();
    assert_eq!(identity.user.as_str(), "ada");
    assert_eq!(identity.issued, Some(Timestamp(1_700_000_000_000)));
    assert_eq!(identity.expires, Some(Timestamp(soon() * 1000)));
    assert!(
        identity
            .authority
            .allows(Right::Publish, &RoomId::trusted("any"))
    );
}

#[test]
fn rights_come_from_the_claim() {
    let rooms = json!({ "team-*": ["join"] });
    let claims = json!({ "sub": "ada", "exp": soon(), "rtm": { "rooms": rooms } });
    let authority = by_secret().check(&sign(&claims)).unwrap().authority;
    assert!(authority.allows(Right::Join, &RoomId::trusted("team-1")));
    assert!(!authority.allows(Right::Publish, &RoomId::trusted("team-1")));
    assert!(!authority.allows(Right::Join, &RoomId::trusted("other")));
    let broken = json!({ "sub": "ada", "exp": soon(), "rtm": { "rooms": { "a": 1 } } });
    assert!(by_secret().check(&sign(&broken)).is_err());
    let no_map = json!({ "sub": "ada", "exp": soon(), "rtm": { "rooms": [] } });
    assert!(by_secret().check(&sign(&no_map)).is_err());
}

#[test]
fn what_is_not_right_now_for_us_is_refused() {
    let rules = TokenRules {
        audience: Some("rtm".into()),
        issuer: Some("login".into()),
        ..rules()
    };
    let authenticator = TokenAuthenticator::new(secret(), rules);
    let good = json!({ "sub": "a", "exp": soon(), "aud": ["x", "rtm"], "iss": "login" });
    authenticator.check(&sign(&good)).unwrap();
    for (change, why) in [
        (json!({ "exp": 1 }), "expired"),
        (json!({ "exp": null }), "cannot be read"),
        (json!({ "exp": "soon" }), "cannot be read"),
        (json!({ "nbf": soon() }), "not valid yet"),
        (json!({ "aud": "other" }), "somebody else"),
        (json!({ "aud": null }), ""),
        (json!({ "iss": "other" }), "somebody else"),
        (json!({ "iss": null }), ""),
        (json!({ "sub": "" }), "subject"),
        (json!({ "sub": "x".repeat(257) }), "subject"),
        (json!({ "sub": "a\nb" }), "subject"),
        (json!({ "sub": null }), ""),
    ] {
        let mut claims = good.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let refused = authenticator.check(&sign(&claims)).unwrap_err();
        assert!(refused.0.contains(why), "{change}: {refused}");
        for name in change.as_object().unwrap().keys() {
            claims.as_object_mut().unwrap().remove(name);
        }
        if !change.to_string().contains("nbf") {
            assert!(
                authenticator.check(&sign(&claims)).is_err(),
                "without {change}"
            );
        }
    }
}

#[test]
fn forged_tokens_are_refused() {
    let claims = json!({ "sub": "ada", "exp": soon() });
    let good = sign(&claims);
    let mut parts = good.splitn(3, '.');
    let (header, body, signature) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    // {"alg":"none"} and {"alg":"None"}
    for none in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0"] {
        for end in ["", signature] {
            assert!(by_secret().check(&format!("{none}.{body}.{end}")).is_err());
        }
    }
    for broken in [
        String::new(),
        ".".into(),
        "..".into(),
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!("{header}.{body}.{signature}x"),
        format!("{header}.{body}.{signature}.{signature}"),
        format!("{header}.{}.{signature}", body.to_lowercase()),
        "x".repeat(TokenAuthenticator::TOKEN_BYTES_MAX + 1),
    ] {
        assert!(by_secret().check(&broken).is_err(), "{broken:.40}");
    }
    let other = EncodingKey::from_secret(b"another secret that is long enough too");
    let forged = encode(&Header::default(), &claims, &other).unwrap();
    let refused = by_secret().check(&forged).unwrap_err();
    assert!(refused.0.contains("not known"), "{refused}");
    // The same secret, another digest than its key is good for.
    let own = EncodingKey::from_secret(SECRET.as_bytes());
    let wider = encode(&Header::new(JwtAlgorithm::HS512), &claims, &own).unwrap();
    assert!(by_secret().check(&wider).is_err());
}

#[test]
fn a_public_key_checks_its_own_algorithm_and_no_other() {
    let keys = KeyPairs::make();
    let claims = json!({ "sub": "ada", "exp": soon() });
    let all = [
        (JwtAlgorithm::RS256, "rsa"),
        (JwtAlgorithm::ES256, "ec"),
        (JwtAlgorithm::EdDSA, "ed"),
    ];
    for (algorithm, name) in all {
        let authenticator = keys.authenticator(name);
        for (signed_by, signer) in all {
            let token = keys.sign(signed_by, signer, &claims);
            let checked = authenticator.check(&token);
            assert_eq!(
                checked.is_ok(),
                algorithm == signed_by,
                "{name}: {checked:?}"
            );
        }
        // The public key taken for a shared secret, which everybody knows.
        let public = std::fs::read(keys.public(name)).unwrap();
        let confused = EncodingKey::from_secret(&public);
        for digest in [
            JwtAlgorithm::HS256,
            JwtAlgorithm::HS384,
            JwtAlgorithm::HS512,
        ] {
            let token = encode(&Header::new(digest), &claims, &confused).unwrap();
            assert!(authenticator.check(&token).is_err());
        }
    }
}

#[test]
fn a_key_file_that_cannot_be_used_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key.pem");
    let missing = KeyRing::default().add_public_key_file(&path).unwrap_err();
    assert!(missing.to_string().contains("key.pem"));
    std::fs::write(&path, "no key").unwrap();
    for refused in [
        KeyRing::default().add_public_key_file(&path).unwrap_err(),
        KeyRing::default().add_jwks_file(&path).unwrap_err(),
    ] {
        assert!(refused.to_string().contains("key.pem"), "{refused}");
    }
    std::fs::write(
        &path,
        r#"{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}"#,
    )
    .unwrap();
    let refused = KeyRing::default().add_jwks_file(&path).unwrap_err();
    assert!(refused.to_string().contains("no key for"), "{refused}");
    assert!(matches!(
        KeyRing::default().add_secret("short"),
        Err(KeyError::ShortSecret)
    ));
}

#[test]
fn keys_of_a_set_are_found_by_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    // The Ed25519 key of RFC 8037, appendix A, and the P-256 key of RFC 7515, appendix A.3.
    let set = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "new",
          "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
        { "kty": "EC", "crv": "P-256", "kid": "old", "use": "enc",
          "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
    ]});
    std::fs::write(&path, set.to_string()).unwrap();
    let mut keys = KeyRing::default();
    keys.add_jwks_file(&path).unwrap();
    let count = |algorithm, id| keys.candidates(algorithm, id).count();
    assert_eq!(count(JwtAlgorithm::EdDSA, Some("new")), 1);
    assert_eq!(count(JwtAlgorithm::EdDSA, None), 1);
    assert_eq!(count(JwtAlgorithm::EdDSA, Some("other")), 0);
    // It is for encryption.
    assert_eq!(count(JwtAlgorithm::ES256, Some("old")), 0);
}

fn rules() -> TokenRules {
    TokenRules {
        id_bytes_max: 256,
        ..TokenRules::default()
    }
}

fn secret() -> KeyRing {
    let mut keys = KeyRing::default();
    keys.add_secret(SECRET).unwrap();
    keys
}

fn by_secret() -> TokenAuthenticator {
    TokenAuthenticator::new(secret(), rules())
}

fn sign(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), claims, &key).unwrap()
}

fn soon() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() / 1000 * 1000 + 10_000
}

/// Fresh key pairs, as an operator makes them.
struct KeyPairs(TempDir);

impl KeyPairs {
    fn make() -> Self {
        let pairs = Self(TempDir::new().unwrap());
        for (name, options) in [
            (
                "rsa",
                &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
            ),
            (
                "ec",
                &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ),
            ("ed", &["-algorithm", "ED25519"]),
        ] {
            let (private, public) = (pairs.private(name), pairs.public(name));
            openssl(&[&["genpkey", "-out", path(&private)], options].concat());
            openssl(&[
                "pkey",
                "-in",
                path(&private),
                "-pubout",
                "-out",
                path(&public),
            ]);
        }
        pairs
    }

    fn private(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.key"))
    }

    fn public(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.pub"))
    }

    fn authenticator(&self, name: &str) -> TokenAuthenticator {
        let mut keys = KeyRing::default();
        keys.add_public_key_file(&self.public(name)).unwrap();
        TokenAuthenticator::new(keys, rules())
    }

    fn sign(&self, algorithm: JwtAlgorithm, name: &str, claims: &Value) -> String {
        let pem = std::fs::read(self.private(name)).unwrap();
        let key = match algorithm {
            JwtAlgorithm::RS256 => EncodingKey::from_rsa_pem(&pem),
            JwtAlgorithm::ES256 => EncodingKey::from_ec_pem(&pem),
            _ => EncodingKey::from_ed_pem(&pem),
        };
        encode(&Header::new(algorithm), claims, &key.unwrap()).unwrap()
    }
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

fn openssl(args: &[&str]) {
    let done = Command::new("openssl").args(args).output();
    let done = done.expect("openssl can be run");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
