//! What a client brings when it connects.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::Value;

use crate::connection::stream_of;

/// What a client brings when it connects.
#[derive(Clone)]
pub struct Handshake {
    /// Its token: `auth.token`, else the header `Authorization: Bearer …`, else a parameter of
    /// the query.
    pub token: Option<String>,
    /// The address at the other end.
    pub remote: Option<IpAddr>,
}

impl Handshake {
    /// From the CONNECT packet's payload, if it has one, and the request that opened the session.
    pub(crate) fn read(auth: Option<&Value>, parts: &Parts) -> Self {
        let in_auth = auth.and_then(|auth| auth.get("token")).map(|token| {
            // What is no text is no token, and must not let another one count.
            token.as_str().unwrap_or_default().to_owned()
        });
        let token = in_auth
            .or_else(|| bearer(parts))
            .or_else(|| in_query(parts));
        Self {
            token,
            remote: stream_of(&parts.extensions).map(|stream| stream.remote.ip()),
        }
    }
}

fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    without_scheme(value).map(str::to_owned)
}

/// Clients of old put it into the URL.
fn in_query(parts: &Parts) -> Option<String> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let query = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    let (_, token) = query
        .into_iter()
        .find(|(name, _)| name == "token" || name == "Authorization")?;
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a client sends its token in the URL, which ends up in logs: send it as auth.token"
        );
    }
    Some(without_scheme(&token).unwrap_or(&token).to_owned())
}

fn without_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use serde_json::json;

    fn token(auth: Option<Value>, header: Option<&str>, uri: &str) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Handshake::read(auth.as_ref(), &parts).token
    }

    #[test]
    fn the_packet_counts_before_the_header_before_the_query() {
        let uri = "/socket.io/?EIO=4&token=c";
        let auth = || Some(json!({ "token": "a" }));
        assert_eq!(token(auth(), Some("Bearer b"), uri).unwrap(), "a");
        assert_eq!(token(None, Some("bearer  b"), uri).unwrap(), "b");
        assert_eq!(token(Some(json!({})), Some("Basic b"), uri).unwrap(), "c");
        assert_eq!(token(None, None, "/socket.io/"), None);
        let old = "/socket.io/?Authorization=Bearer%20d";
        assert_eq!(token(None, None, old).unwrap(), "d");
        assert_eq!(token(None, None, "/?token=%zz").unwrap(), "%zz");
    }

    #[test]
    fn what_is_no_text_proves_nothing() {
        for bad in [json!(null), json!(1), json!({}), json!(["a"])] {
            let auth = Some(json!({ "token": bad }));
            assert_eq!(token(auth, Some("Bearer b"), "/").unwrap(), "");
        }
    }
}
