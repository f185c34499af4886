//! Sessions that have not entered the namespace: they cost memory, and have proven nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use http::request::Parts;

use crate::limits::Limits;
use crate::stream::StreamHandle;

/// Those sessions, the oldest first.
#[derive(Debug)]
pub(crate) struct Pending {
    max: usize,
    /// Also those that have gone and that the transport has not let go of.
    kept: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    newcomers: BTreeMap<u64, Weak<Newcomer>>,
}

/// A session until it enters. Its request carries it as an extension, and the transport keeps
/// that as long as the session.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pending: Arc<Pending>,
    number: u64,
    /// The WebSocket that it is, unless it polls.
    stream: Option<Weak<StreamHandle>>,
    /// The id of a session that polls, once it is known.
    sid: OnceLock<Box<str>>,
    dismissed: AtomicBool,
    has_entered: AtomicBool,
}

/// There are too many that the transport has not let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Pending {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max: limits.pending_sessions_max,
            kept: AtomicUsize::new(0),
            waiting: Mutex::default(),
        }
    }

    /// Takes one more, and tells who has to go for it.
    pub(crate) fn admit(
        self: &Arc<Self>,
        stream: Option<&Arc<StreamHandle>>,
    ) -> Result<(Arc<Newcomer>, Option<Arc<Newcomer>>), TooMany> {
        let kept_max = self.max.saturating_mul(Limits::PENDING_KEPT_FACTOR);
        if self.kept.fetch_add(1, Ordering::SeqCst) >= kept_max {
            self.kept.fetch_sub(1, Ordering::SeqCst);
            return Err(TooMany);
        }
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        let newcomer = Arc::new(Newcomer {
            pending: self.clone(),
            number,
            stream: stream.map(Arc::downgrade),
            sid: OnceLock::new(),
            dismissed: AtomicBool::new(false),
            has_entered: AtomicBool::new(false),
        });
        waiting.newcomers.insert(number, Arc::downgrade(&newcomer));
        let oldest = match waiting.newcomers.len() > self.max {
            true => waiting.newcomers.pop_first(),
            false => None,
        };
        let oldest = oldest.and_then(|(_, oldest)| oldest.upgrade());
        if let Some(oldest) = &oldest {
            oldest.dismissed.store(true, Ordering::SeqCst);
        }
        drop(waiting);
        Ok((newcomer, oldest))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// It is no newcomer any more.
    pub(crate) fn enters(&self) {
        if !self.has_entered.swap(true, Ordering::SeqCst) {
            self.pending.kept.fetch_sub(1, Ordering::SeqCst);
            self.pending.waiting().newcomers.remove(&self.number);
        }
    }

    pub(crate) fn has_entered(&self) -> bool {
        self.has_entered.load(Ordering::SeqCst)
    }

    /// Its session is known. True if it has to go already.
    pub(crate) fn is_called(&self, sid: &str) -> bool {
        let _ = self.sid.set(sid.into());
        self.dismissed.load(Ordering::SeqCst)
    }

    /// The WebSocket that it is, unless it polls.
    pub(crate) fn stream(&self) -> Option<&Weak<StreamHandle>> {
        self.stream.as_ref()
    }

    /// The id of a session that polls, once it is known.
    pub(crate) fn sid(&self) -> Option<&str> {
        self.sid.get().map(|sid| &**sid)
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.enters();
    }
}

/// The newcomer that a session's first request came from.
pub(crate) fn newcomer_of(session: &Parts) -> Option<&Arc<Newcomer>> {
    session.extensions.get::<Arc<Newcomer>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(max: usize) -> Arc<Pending> {
        Arc::new(Pending::new(&Limits {
            pending_sessions_max: max,
            ..Limits::default()
        }))
    }

    #[test]
    fn the_oldest_that_has_not_entered_has_to_go() {
        let pending = pending(2);
        let admit = || pending.admit(None).unwrap();
        let (first, second, third) = (admit().0, admit().0, admit());
        assert!(Arc::ptr_eq(third.1.as_ref().unwrap(), &first));
        second.enters();
        let (_fourth, nobody) = admit();
        assert!(nobody.is_none());
        let (_fifth, third_goes) = admit();
        assert!(Arc::ptr_eq(&third_goes.unwrap(), &third.0));
        assert!(first.is_called("sid") && !second.is_called("sid"));
    }

    #[test]
    fn those_that_the_transport_keeps_have_a_limit_too() {
        let pending = pending(1);
        let admit = || pending.admit(None).map(|(newcomer, _)| newcomer);
        let mut kept: Vec<_> = (0..Limits::PENDING_KEPT_FACTOR)
            .map(|_| admit().unwrap())
            .collect();
        assert_eq!(admit().err(), Some(TooMany));
        kept[0].enters();
        kept.push(admit().unwrap());
        assert_eq!(admit().err(), Some(TooMany));
        drop(kept);
        assert!(admit().is_ok());
    }
}
