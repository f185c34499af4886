//! Handlers of events that all connections share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rtm_socketio::{Handler, Request};

/// Handlers by event, each with the module that it is of.
pub(crate) type Registered = HashMap<Box<str>, (&'static str, Handler)>;

/// Those that modules register, in order, until the server opens.
pub(crate) struct Handlers(Mutex<Option<Vec<One>>>);

/// An event, the module that handles it, and how.
type One = (Box<str>, &'static str, Handler);

impl Default for Handlers {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
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
        registered.push((event.into(), owner, handler));
        true
    }

    /// Those of the modules that take part, of each event the last. It is too late for others.
    pub(crate) fn take(&self, takes_part: impl Fn(&str) -> bool) -> Registered {
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = registered.take().unwrap_or_default().into_iter();
        let kept = all.filter(|(_, owner, _)| takes_part(owner));
        kept.map(|(event, owner, handler)| (event, (owner, handler)))
            .collect()
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
