//! HTTP routes of modules, beside Socket.IO and the health checks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::StatusCode;
use rtm_socketio::panics::said;

/// What modules have added.
#[derive(Default)]
pub(crate) struct Routes(Mutex<Vec<(&'static str, Router)>>);

impl Routes {
    pub(crate) fn add(&self, owner: &'static str, router: Router) {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        routes.push((owner, router));
    }

    /// Adds them to `router`. Those that overlap with others are left out.
    pub(crate) fn merge_into(&self, mut router: Router) -> Router {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (module, more) in routes.drain(..) {
            let more = more.layer(from_fn(move |request, next| guard(module, request, next)));
            let before = router.clone();
            match catch_unwind(AssertUnwindSafe(|| before.merge(more))) {
                Ok(merged) => router = merged,
                Err(panic) => {
                    let panic = said(&*panic);
                    tracing::error!(module, panic, "routes of a module are left out");
                }
            }
        }
        router
    }
}

async fn guard(module: &'static str, request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let panic = said(&*panic);
            tracing::error!(module, panic, "module panicked in a route");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
