//! Once Redis did not answer in time, others need not wait as long to learn the same.
//!
//! While it is away, only upkeep asks it; its first answer opens the gate again. So a client's
//! command waits for one timeout at most, however many commands stand before it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use fred::error::{Error, ErrorKind};
use rtm_domain::error::StoreError;

use crate::scripts::is_redirection;

/// Who wants through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A client waits for it.
    Command,
    /// Nobody waits for it: it may find out whether Redis is back.
    Upkeep,
}

/// Whether one server, or group of servers, answers.
#[derive(Debug)]
pub(crate) struct Gate {
    /// What the commands go to, for messages.
    of: &'static str,
    away: Mutex<Option<Away>>,
}

#[derive(Debug, Clone)]
struct Away {
    since: Instant,
    why: String,
}

/// Whether Redis answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Answers,
    /// It does not.
    Away {
        /// For how long.
        for_: Duration,
        /// What it was that failed.
        why: String,
    },
}

impl Gate {
    pub(crate) fn new(of: &'static str) -> Self {
        Self {
            of,
            away: Mutex::new(None),
        }
    }

    /// Lets a call through, unless Redis is away and a client would wait for it.
    pub(crate) async fn pass<T>(
        &self,
        purpose: Purpose,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        if purpose == Purpose::Command
            && let Health::Away { why, .. } = self.health()
        {
            return Err(StoreError::Unreachable(why));
        }
        match call.await {
            Ok(answer) => {
                self.answered();
                Ok(answer)
            }
            Err(error) => {
                if is_absence(&error) {
                    self.missed(&error);
                }
                Err(StoreError::Unreachable(error.to_string()))
            }
        }
    }

    pub(crate) fn health(&self) -> Health {
        match &*self.lock() {
            None => Health::Answers,
            Some(Away { since, why }) => Health::Away {
                for_: since.elapsed(),
                why: why.clone(),
            },
        }
    }

    fn answered(&self) {
        if let Some(away) = self.lock().take() {
            let ms = away.since.elapsed().as_millis();
            tracing::info!(of = self.of, away_ms = ms, "Redis answers again");
        }
    }

    fn missed(&self, error: &Error) {
        let mut away = self.lock();
        if away.is_none() {
            tracing::warn!(of = self.of, %error, "Redis does not answer");
            *away = Some(Away {
                since: Instant::now(),
                why: error.to_string(),
            });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error says that nobody answers, rather than that the answer is no.
pub(crate) fn is_absence(error: &Error) -> bool {
    /// A server says so while it starts, is a replica, has lost its cluster or its replicas,
    /// cannot save, or has no memory left.
    const NOT_NOW: [&str; 7] = [
        "LOADING",
        "READONLY",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "NOREPLICAS",
        "MISCONF",
        "OOM",
    ];
    match error.kind() {
        ErrorKind::IO
        | ErrorKind::Timeout
        | ErrorKind::Canceled
        | ErrorKind::Backpressure
        | ErrorKind::Cluster
        | ErrorKind::Sentinel => true,
        // While a slot moves, the servers of all others answer.
        ErrorKind::Routing => !is_redirection(error),
        _ => NOT_NOW.iter().any(|word| error.details().starts_with(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    async fn answer() -> Result<u8, Error> {
        Ok(1)
    }

    async fn silence() -> Result<u8, Error> {
        Err(Error::new(ErrorKind::Timeout, "no answer"))
    }

    fn now<T>(work: impl Future<Output = T>) -> T {
        work.now_or_never().expect("nothing is waited for")
    }

    #[test]
    fn while_redis_is_away_only_upkeep_asks() {
        let gate = Gate::new("test");
        assert_eq!(now(gate.pass(Purpose::Command, answer())), Ok(1));
        assert!(now(gate.pass(Purpose::Command, silence())).is_err());
        assert!(matches!(gate.health(), Health::Away { .. }));
        let asked = gate.pass(Purpose::Command, async { unreachable!("nobody may ask") });
        assert!(now::<Result<u8, _>>(asked).is_err());
        assert!(now(gate.pass(Purpose::Upkeep, silence())).is_err());
        assert_eq!(now(gate.pass(Purpose::Upkeep, answer())), Ok(1));
        assert_eq!(gate.health(), Health::Answers);
        assert_eq!(now(gate.pass(Purpose::Command, answer())), Ok(1));
    }

    #[test]
    fn an_answer_that_says_no_closes_nothing() {
        let gate = Gate::new("test");
        let no = async { Err::<u8, _>(Error::new(ErrorKind::InvalidCommand, "ERR no")) };
        assert!(now(gate.pass(Purpose::Command, no)).is_err());
        let elsewhere = Error::new(ErrorKind::Routing, "Too many redirections.");
        let elsewhere = async { Err::<u8, _>(elsewhere) };
        assert!(now(gate.pass(Purpose::Command, elsewhere)).is_err());
        assert_eq!(gate.health(), Health::Answers);
    }
}
