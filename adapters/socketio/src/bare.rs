//! A request without the buffer it was read into: a session keeps its first request as long as it
//! lives, and every slice of that buffer keeps all of its 8 KiB or more.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Uri, header};

use crate::pending::Newcomer;
use crate::places::Place;
use crate::polling::{PolledAttachments, PollingSession};
use crate::stream::StreamHandle;

/// What only the upgrade itself is about.
const OF_THE_UPGRADE: [HeaderName; 5] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_EXTENSIONS,
];

/// A copy of a request's head, with what a session must know of it.
pub(crate) fn bare(head: &Parts) -> Request<()> {
    let mut bare = Request::new(());
    *bare.method_mut() = head.method.clone();
    *bare.uri_mut() = uri(&head.uri);
    *bare.headers_mut() = headers(&head.headers);
    let (from, to) = (&head.extensions, bare.extensions_mut());
    carry::<Arc<StreamHandle>>(from, to);
    carry::<Arc<Place>>(from, to);
    carry::<Arc<Newcomer>>(from, to);
    carry::<Arc<PollingSession>>(from, to);
    carry::<Arc<PolledAttachments>>(from, to);
    bare
}

fn carry<T: Clone + Send + Sync + 'static>(from: &Extensions, to: &mut Extensions) {
    if let Some(value) = from.get::<T>() {
        to.insert(value.clone());
    }
}

fn uri(uri: &Uri) -> Uri {
    let text = Bytes::from(uri.to_string());
    // It was one before.
    Uri::from_maybe_shared(text).unwrap_or_default()
}

fn headers(headers: &HeaderMap) -> HeaderMap {
    let kept = || {
        let headers = headers.iter();
        headers.filter(|(name, _)| !OF_THE_UPGRADE.contains(name))
    };
    let bytes = kept().map(|(_, value)| value.len()).sum();
    let mut values = BytesMut::with_capacity(bytes);
    for (_, value) in kept() {
        values.extend_from_slice(value.as_bytes());
    }
    let mut values = values.freeze();
    let mut copy = HeaderMap::with_capacity(kept().count());
    for (name, value) in kept() {
        let copied = HeaderValue::from_maybe_shared(values.split_to(value.len()));
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, copied) {
            copy.append(name, value);
        }
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_read_buffer_is_kept() {
        let buffer = Bytes::from_static(b"/socket.io/?EIO=4Bearer aBearer bx-own");
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_maybe_shared(buffer.slice(..17)).unwrap();
        let value = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
        let headers = request.headers_mut();
        headers.append(header::AUTHORIZATION, value(17..25));
        headers.append(header::AUTHORIZATION, value(25..33));
        headers.append(header::UPGRADE, HeaderValue::from_static("websocket"));
        let own = HeaderName::from_bytes(&buffer[33..]).unwrap();
        headers.append(own, HeaderValue::from_static(""));
        let (head, ()) = request.into_parts();

        let bare = bare(&head);
        assert_eq!(bare.uri(), &head.uri);
        let mut expected = head.headers.clone();
        expected.remove(header::UPGRADE);
        assert_eq!(bare.headers(), &expected);
        let within = buffer.as_ptr_range();
        for value in bare.headers().values().filter(|value| !value.is_empty()) {
            assert!(!within.contains(&value.as_bytes().as_ptr()));
        }
        assert!(!within.contains(&bare.uri().path().as_ptr()));
    }
}
