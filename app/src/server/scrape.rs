//! `/metrics`: for this machine, or for who knows the token.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use rtm_socketio::remote_of;
use subtle::ConstantTimeEq;

use crate::config::Secret;
use crate::metrics::{CONTENT_TYPE, Metrics};

/// What a scrape is answered from.
#[derive(Clone)]
pub(super) struct Scrape {
    pub(super) metrics: Metrics,
    pub(super) token: Option<Secret>,
}

pub(super) async fn metrics(State(scrape): State<Scrape>, request: Request) -> Response {
    let remote = remote_of(request.extensions());
    if let Some(refused) = refusal(scrape.token.as_ref(), request.headers(), remote) {
        return refused.into_response();
    }
    match scrape.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Why somebody may not see them, if so.
fn refusal(
    token: Option<&Secret>,
    headers: &HeaderMap,
    remote: Option<SocketAddr>,
) -> Option<(StatusCode, &'static str)> {
    const SHOW_TOKEN: &str = "show METRICS_TOKEN as a bearer token\n";
    const SET_TOKEN: &str =
        "metrics are for this machine only: set METRICS_TOKEN to scrape from another\n";
    let is_here = remote.is_some_and(|remote| remote.ip().to_canonical().is_loopback());
    match token {
        Some(token) if shows(headers, token.expose()) => None,
        Some(_) => Some((StatusCode::UNAUTHORIZED, SHOW_TOKEN)),
        None if is_here => None,
        None => Some((StatusCode::FORBIDDEN, SET_TOKEN)),
    }
}

fn shows(headers: &HeaderMap, token: &str) -> bool {
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown.and_then(|it| it.as_bytes().strip_prefix(b"Bearer "));
    shown.is_some_and(|shown| bool::from(shown.ct_eq(token.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(token: Option<&str>, shown: Option<&str>, remote: &str) -> Option<u16> {
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert(header::AUTHORIZATION, shown.parse().unwrap());
        }
        let token = token.map(Secret::new);
        let refusal = refusal(token.as_ref(), &headers, remote.parse().ok());
        refusal.map(|(status, _)| status.as_u16())
    }

    #[test]
    fn without_a_token_only_this_machine_sees_them() {
        assert_eq!(seen(None, None, "127.0.0.1:9"), None);
        assert_eq!(seen(None, None, "[::1]:9"), None);
        assert_eq!(seen(None, None, "[::ffff:127.0.0.1]:9"), None);
        assert_eq!(seen(None, None, "10.0.0.1:9"), Some(403));
        assert_eq!(seen(None, Some("Bearer x"), "nowhere"), Some(403));
    }

    #[test]
    fn with_a_token_whoever_shows_it_sees_them() {
        let token = Some("a-token-of-16-bytes");
        let there = "10.0.0.1:9";
        assert_eq!(seen(token, Some("Bearer a-token-of-16-bytes"), there), None);
        for wrong in [
            None,
            Some("Bearer a"),
            Some("Bearer "),
            Some("a-token-of-16-bytes"),
        ] {
            assert_eq!(seen(token, wrong, "127.0.0.1:9"), Some(401));
        }
    }
}
