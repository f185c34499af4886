//! How fast a stream is read whose client asks for more than it may: refusing an event costs
//! nearly as much as serving it, so what is too much is left with the client for a while.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long nothing is read once an event too many has come.
pub(super) const REST: Duration = Duration::from_millis(10);

/// How many bytes are read after a rest, before it is looked at whether they were too much again.
pub(super) const BYTES_AFTER_REST: usize = 4 * 1024;

/// Slows a reader down while it brings too much.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Whether an event was too many since the last rest.
    is_over: bool,
    rest: Option<Pin<Box<Sleep>>>,
    /// What may be read yet of what follows a rest. Zero if there was none.
    left: usize,
}

impl Pace {
    /// An event that was read is one too many.
    pub(super) fn exceeded(&mut self) {
        self.is_over = true;
    }

    /// How many bytes may be read; pending as long as the reader rests.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.left > 0 {
            return Poll::Ready(self.left);
        }
        if std::mem::take(&mut self.is_over) {
            self.rest = Some(Box::pin(sleep(REST)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(usize::MAX);
        };
        ready!(rest.as_mut().poll(cx));
        self.rest = None;
        self.left = BYTES_AFTER_REST;
        Poll::Ready(self.left)
    }

    /// So many bytes were read.
    pub(super) fn read(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::Instant;

    use super::*;

    async fn bytes(pace: &mut Pace) -> usize {
        poll_fn(|cx| pace.poll_bytes(cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_within_the_limits_is_read_at_once() {
        let mut pace = Pace::default();
        let started = Instant::now();
        for _ in 0..3 {
            assert_eq!(bytes(&mut pace).await, usize::MAX);
            pace.read(100_000);
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_too_much_is_read_little_after_a_rest_each_time() {
        let mut pace = Pace::default();
        let started = Instant::now();
        for times in 1..4 {
            pace.exceeded();
            assert_eq!(bytes(&mut pace).await, BYTES_AFTER_REST);
            pace.read(1_000);
            pace.exceeded();
            assert_eq!(bytes(&mut pace).await, BYTES_AFTER_REST - 1_000);
            pace.read(BYTES_AFTER_REST - 1_000);
            assert_eq!(started.elapsed(), REST * times);
        }
        assert_eq!(bytes(&mut pace).await, BYTES_AFTER_REST);
        pace.read(BYTES_AFTER_REST);
        assert_eq!(bytes(&mut pace).await, usize::MAX);
        assert_eq!(started.elapsed(), REST * 4);
    }
}
