//! Sessions that poll, and whether they still do: a client that has ceased to is noticed by nobody
//! else. The transport asks them whether they are there; it does not look for answers.
//!
//! Silence is counted in looks. A node that does not run takes none, so no client is closed for a
//! request that could not be heard.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dashmap::DashMap;
use rtm_domain::time::millis;

use crate::limits::Limits;

/// The longest time between two looks.
const LOOK_EVERY_MAX: Duration = Duration::from_millis(500);

/// Looks in the time that a client may be silent, at least.
const LOOKS_MIN: u32 = 10;

/// Looks that a client may be silent beyond its time: after a pause, what has come meanwhile is
/// read first.
const LOOKS_OF_GRACE: u64 = 2;

/// How long each session has been silent. As many as the transport keeps.
#[derive(Debug)]
pub(crate) struct PollingSessions {
    every: Duration,
    looks_max: u64,
    silent_looks: DashMap<Box<str>, u64>,
}

/// A session that began by polling. Its first request carries it as an extension, and the
/// transport keeps that as long as the session.
#[derive(Debug)]
pub(crate) struct PollingSession {
    all: Arc<PollingSessions>,
    sid: OnceLock<Box<str>>,
}

impl PollingSessions {
    pub(crate) fn new(limits: &Limits) -> Self {
        let silence_max = limits.ping_interval + limits.ping_timeout;
        let every = millis(LOOK_EVERY_MAX.min(silence_max / LOOKS_MIN)).max(1);
        Self {
            every: Duration::from_millis(every),
            looks_max: millis(silence_max).div_ceil(every) + LOOKS_OF_GRACE,
            silent_looks: DashMap::new(),
        }
    }

    /// The time between two looks.
    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// A session that has no name yet.
    pub(crate) fn begin(self: &Arc<Self>) -> Arc<PollingSession> {
        Arc::new(PollingSession {
            all: self.clone(),
            sid: OnceLock::new(),
        })
    }

    /// A request of a session has come.
    pub(crate) fn hear(&self, sid: &str) {
        if let Some(mut silent_looks) = self.silent_looks.get_mut(sid) {
            *silent_looks = 0;
        }
    }

    /// Takes a look. Returns those who have been silent for too long, for the caller to end them;
    /// who is still there after the same time is returned again.
    pub(crate) fn look(&self) -> Vec<Box<str>> {
        let mut silent = Vec::new();
        for mut session in self.silent_looks.iter_mut() {
            *session += 1;
            if *session > self.looks_max {
                *session = 0;
                silent.push(session.key().clone());
            }
        }
        silent
    }
}

impl PollingSession {
    /// Its session is known.
    pub(crate) fn is_called(&self, sid: &str) {
        if self.sid.set(sid.into()).is_ok() {
            self.all.silent_looks.insert(sid.into(), 0);
        }
    }
}

impl Drop for PollingSession {
    fn drop(&mut self) {
        if let Some(sid) = self.sid.get() {
            self.all.silent_looks.remove(sid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_silent_for_longer_than_a_ping_and_its_answer_may_take_is_found() {
        let limits = Limits {
            ping_interval: Duration::from_secs(2),
            ping_timeout: Duration::from_secs(1),
            ..Limits::default()
        };
        let sessions = Arc::new(PollingSessions::new(&limits));
        let (silent, heard, gone) = (sessions.begin(), sessions.begin(), sessions.begin());
        silent.is_called("silent");
        heard.is_called("heard");
        gone.is_called("gone");
        drop(gone);
        let looks = 3_000 / millis(sessions.every()) + LOOKS_OF_GRACE;
        for _ in 0..looks {
            assert!(sessions.look().is_empty());
            sessions.hear("heard");
            sessions.hear("unheard of");
        }
        assert_eq!(sessions.look(), ["silent".into()]);
        assert!(sessions.look().is_empty());
        drop((silent, heard));
        assert!(sessions.silent_looks.is_empty());
    }
}
