//! Handlers of events that all connections share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rtm_socketio::{Handler, Request};

/// Handlers by event, each with the module that it is of.
pub(crate) type Registered = HashMap<Box<str>, (&'static str, Handler)>;

/// Those that modules register, until the server opens.
pub(crate) struct Handlers(Mutex<Option<Registered>>);

impl Default for Handlers {
    fn default() -> Self {
        Self(Mutex::new(Some(Registered::new())))
    }
}

impl Handlers {
    /// False if it is too late.
    pub(crate) fn add(&self, owner: &'static str, event: &str, handler: Handler) -> bool {
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(registered) = &mut *registered else {
            tracing::error!(module = owner, event, "a handler for all came too late");
            return false;
        };
        registered.insert(event.into(), (owner, handler));
        true
    }

    /// All of them. It is too late for others.
    pub(crate) fn take(&self) -> Registered {
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registered.take().unwrap_or_default()
    }
}

/// A handler whose work is done in its turn, all of it: a socket is locked while its handler is
/// called.
pub(crate) fn in_turn<F, W>(handler: F) -> Handler
where
    F: Fn(Request) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |request| Some(Box::pin(handler(request))))
}
