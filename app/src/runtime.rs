//! The domain's clock, background tasks and secrets, as tokio and the system provide them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::ports::{Clock, Entropy, Tasks};
use rtm_domain::time::{Moment, Timestamp, millis};

/// The clocks of this machine. Its steady clock starts with it.
#[derive(Debug)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(millis(self.start.elapsed()))
    }

    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(millis(since.unwrap_or_default()))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(span).boxed()
    }
}

/// Background work on the tokio runtime.
#[derive(Debug)]
pub(crate) struct TokioTasks;

impl Tasks for TokioTasks {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }
}

/// Random bits of the operating system.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        // Without it no secret can be made, and a guessable one would be worse than none.
        getrandom::fill(&mut bytes).expect("the operating system gives random bits");
        u128::from_ne_bytes(bytes)
    }
}
