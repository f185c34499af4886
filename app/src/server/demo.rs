//! The demo page, which is part of the binary. `demo/build.js` makes its files from `demo/src`.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/demo"]
struct Assets;

const PAGE: &str = "index.html";
/// Where the page's own files are. Their names change with their content, but for the page's.
const FOLDER: &str = "/demo/";

/// The page loads nothing from elsewhere, runs no inline script, and is in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What does not change from file to file.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// The file that is asked for, if it is one of the demo's.
pub(super) fn answer(request: &Request) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let (name, caching) = match request.uri().path() {
        "/" => (PAGE, "no-cache"),
        path => (
            path.strip_prefix(FOLDER)?,
            "public, max-age=31536000, immutable",
        ),
    };
    let file = Assets::get(name).filter(|_| request.uri().path() == "/" || name != PAGE)?;
    let tag = tag(&file);
    let mut headers = HeaderMap::new();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, HeaderValue::try_from(&tag).ok()?);
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let kind = HeaderValue::try_from(content_type(&file)).ok()?;
    headers.insert(header::CONTENT_TYPE, kind);
    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    Some((headers, body).into_response())
}

fn content_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    match kind.starts_with("text/") {
        true => format!("{kind}; charset=utf-8"),
        false => kind.to_owned(),
    }
}

/// An ETag of the content.
fn tag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}
