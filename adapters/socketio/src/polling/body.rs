//! A polled body is read here, before the transport does everything in it at once: it must not
//! cost more than a message may.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::future::poll_fn;
use http::StatusCode;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::opening::Opening;
use crate::partial::Partials;

/// Parts the packets of a body.
const SEPARATOR: u8 = 0x1e;

/// The request with its body read, and that body, or why it is refused.
pub(super) async fn read(
    request: Request,
    limits: &Limits,
    partials: &Arc<Partials>,
) -> Result<(Request, Bytes), Response> {
    let (parts, body) = request.into_parts();
    let given_up = CancellationToken::new();
    let reading = whole(body, limits.message_bytes_max, partials, &given_up);
    let bytes = tokio::select! {
        read = timeout(Limits::BODY_TIMEOUT, reading) => match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(status)) => return Err(refused(status)),
            Err(_) => return Err(refused(StatusCode::REQUEST_TIMEOUT)),
        },
        () = given_up.cancelled() => return Err(refused(StatusCode::SERVICE_UNAVAILABLE)),
    };
    match check(&bytes) {
        Ok(()) => {
            let request = Request::from_parts(parts, Body::from(bytes.clone()));
            Ok((request, bytes))
        }
        Err(status) => Err(refused(status)),
    }
}

/// The whole body; `given_up` ends if it has to make room while it is read.
async fn whole(
    mut body: Body,
    bytes_max: usize,
    partials: &Arc<Partials>,
    given_up: &CancellationToken,
) -> Result<Bytes, StatusCode> {
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let give_up = given_up.clone();
    let mut partial = partials.begin(move || give_up.cancel());
    let mut parts = Parts::default();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if parts.len + data.remaining() > bytes_max {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        parts.add(&data);
        partial.set(parts.len);
    }
    Ok(parts.joined())
}

/// Bytes of one part of a body.
const PART_BYTES: usize = 16 * 1024;

/// What has come of a body, in parts of one size: one buffer that grows would be copied again and
/// again, and leave holes of all sizes in memory.
#[derive(Default)]
struct Parts {
    full: Vec<Bytes>,
    last: BytesMut,
    len: usize,
}

impl Parts {
    fn add(&mut self, mut data: &[u8]) {
        self.len += data.len();
        while !data.is_empty() {
            if self.last.is_empty() && !self.full.is_empty() {
                self.last.reserve(PART_BYTES);
            }
            // The first one grows with what comes, as most bodies are short.
            let room = PART_BYTES - self.last.len();
            let (now, later) = data.split_at(room.min(data.len()));
            self.last.extend_from_slice(now);
            data = later;
            if self.last.len() == PART_BYTES {
                self.full.push(std::mem::take(&mut self.last).freeze());
            }
        }
    }

    fn joined(self) -> Bytes {
        if self.full.is_empty() {
            return self.last.freeze();
        }
        let mut joined = BytesMut::with_capacity(self.len);
        for part in self.full {
            joined.extend_from_slice(&part);
        }
        joined.extend_from_slice(&self.last);
        joined.freeze()
    }
}

/// Its packets, as the transport parts them.
pub(super) fn packets(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == SEPARATOR)
}

fn check(body: &[u8]) -> Result<(), StatusCode> {
    let mut packets = packets(body);
    for nth in 0.. {
        let Some(packet) = packets.next() else { break };
        if nth >= Limits::POLLED_PACKETS_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if Opening::of(packet) == Opening::NamesTooMuch {
            return Err(StatusCode::BAD_REQUEST);
        }
    }
    Ok(())
}

pub(super) fn refused(status: StatusCode) -> Response {
    status.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partials() -> Arc<Partials> {
        Arc::new(Partials::new(&Limits::default(), Arc::default()))
    }

    #[test]
    fn a_body_has_a_limit_of_packets() {
        let body = |packets: usize| vec!["40"; packets].join("\x1e");
        let check = |packets| check(body(packets).as_bytes());
        assert_eq!(check(1), Ok(()));
        assert_eq!(check(Limits::POLLED_PACKETS_MAX), Ok(()));
        let over = check(Limits::POLLED_PACKETS_MAX + 1);
        assert_eq!(over, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }

    #[test]
    fn a_namespace_has_a_limit_of_bytes() {
        let body = |bytes: usize| format!("40\x1e40/{}", "n".repeat(bytes));
        let check = |bytes| check(body(bytes).as_bytes());
        assert_eq!(check(Limits::NAMESPACE_BYTES_MAX), Ok(()));
        let over = check(Limits::NAMESPACE_BYTES_MAX + 1);
        assert_eq!(over, Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn a_body_is_what_came_in_whatever_pieces() {
        let body: Vec<u8> = (0..100_000_u32)
            .map(|at| at as u8 ^ (at >> 8) as u8)
            .collect();
        for pieces in [1, 1_000, PART_BYTES, PART_BYTES + 1, body.len()] {
            let mut parts = Parts::default();
            body.chunks(pieces).for_each(|piece| parts.add(piece));
            assert_eq!(parts.len, body.len());
            assert!(parts.full.iter().all(|part| part.len() == PART_BYTES));
            assert!(parts.joined() == body, "in pieces of {pieces}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_refused_in_time() {
        let endless =
            Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, axum::Error>>());
        let refused = read(Request::new(endless), &Limits::default(), &partials()).await;
        assert_eq!(refused.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused() {
        let limits = Limits {
            message_bytes_max: 10,
            ..Limits::default()
        };
        assert!(
            read(
                Request::new(Body::from("4".repeat(10))),
                &limits,
                &partials()
            )
            .await
            .is_ok()
        );
        let refused = read(
            Request::new(Body::from("4".repeat(11))),
            &limits,
            &partials(),
        )
        .await;
        assert_eq!(refused.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
