//! How fast a stream is read whose client asks for more than it may: refusing an event costs
//! nearly as much as serving it, so what is too much is left with the client for a while.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long nothing is read after a read that brought an event too many.
pub(super) const REST: Duration = Duration::from_millis(10);

/// How many bytes are read after a rest.
pub(super) const BYTES_AFTER_REST: usize = 4 * 1024;

/// Slows a reader down while it brings too much.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Whether what was read last was too much.
    is_over: bool,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// An event that was read is one too many.
    pub(super) fn exceeded(&mut self) {
        self.is_over = true;
    }

    /// How many bytes may be read; pending as long as the reader rests.
    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if std::mem::take(&mut self.is_over) {
            self.rest = Some(Box::pin(sleep(REST)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(usize::MAX);
        };
        ready!(rest.as_mut().poll(cx));
        Poll::Ready(BYTES_AFTER_REST)
    }

    /// Something was read.
    pub(super) fn read(&mut self) {
        self.rest = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::Instant;

    use super::*;

    async fn bytes(pace: &mut Pace) -> usize {
        let bytes = poll_fn(|cx| pace.poll_bytes(cx)).await;
        pace.read();
        bytes
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_within_the_limits_is_read_at_once() {
        let mut pace = Pace::default();
        let started = Instant::now();
        for _ in 0..3 {
            assert_eq!(bytes(&mut pace).await, usize::MAX);
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_too_much_is_read_little_after_a_rest_each_time() {
        let mut pace = Pace::default();
        let started = Instant::now();
        for times in 1..4 {
            pace.exceeded();
            pace.exceeded();
            assert_eq!(bytes(&mut pace).await, BYTES_AFTER_REST);
            assert_eq!(started.elapsed(), REST * times);
        }
        assert_eq!(bytes(&mut pace).await, usize::MAX);
        assert_eq!(started.elapsed(), REST * 3);
    }
}
