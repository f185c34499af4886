//! What the server answers over plain HTTP, around Socket.IO.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, Method, StatusCode};
use rtm_socketio::Gateway;
use serde_json::json;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::demo;
use super::scrape::{self, Scrape};
use super::storage::Storage;
use crate::config::{CorsOrigins, HttpConfig};
use crate::module::Routes;

/// What tells whether the server takes clients.
#[derive(Clone)]
pub(crate) struct Readiness {
    pub(super) ready: Arc<AtomicBool>,
    pub(super) storage: Arc<Storage>,
}

impl Readiness {
    /// Why it does not, if it does not.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self.ready.load(Ordering::SeqCst) {
            true => self.storage.trouble(),
            false => Some("draining".into()),
        }
    }
}

/// Health, readiness, metrics, Socket.IO, the routes of modules, and the application's own router, or the
/// demo, or 404 for the rest.
pub(super) fn router(
    gateway: &Gateway,
    config: &HttpConfig,
    (readiness, scrape): (Readiness, Option<Scrape>),
    routes: &Routes,
    own: Option<Router>,
) -> Router {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(readiness);
    let router = match scrape {
        Some(scrape) => router.route("/metrics", get(scrape::metrics).with_state(scrape)),
        None => router,
    };
    let router = routes.merge_into(router);
    let router = match own {
        Some(own) => router.fallback_service(own),
        None if config.demo => router.fallback(demo_or_nothing),
        None => router.fallback(not_found),
    };
    gateway
        .in_front_of(router)
        .layer(cors(&config.cors_origins))
}

/// The process is alive.
async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// The server takes clients.
async fn readyz(State(readiness): State<Readiness>) -> Response {
    match readiness.trouble() {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => {
            let why = json!({ "status": "unavailable", "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, Json(why)).into_response()
        }
    }
}

async fn demo_or_nothing(request: Request) -> Response {
    match demo::answer(&request) {
        Some(page) => page,
        None => not_found().await,
    }
}

async fn not_found() -> Response {
    let error = json!({ "error": "nothing here; Socket.IO listens at /socket.io/" });
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}

fn cors(origins: &CorsOrigins) -> CorsLayer {
    let layer = CorsLayer::new().allow_methods([Method::GET, Method::POST]);
    match origins {
        CorsOrigins::Any => layer
            .allow_origin(AllowOrigin::any())
            .allow_headers(AllowHeaders::any()),
        CorsOrigins::Only(origins) => {
            let valid = |origin: &String| HeaderValue::from_str(origin).ok();
            layer
                .allow_origin(AllowOrigin::list(origins.iter().filter_map(valid)))
                .allow_headers(AllowHeaders::mirror_request())
                .allow_credentials(true)
        }
    }
}
