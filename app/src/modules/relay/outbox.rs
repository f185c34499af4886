//! What waits to be sent to other nodes: bounded, the oldest goes first where there is too much.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::RelaySettings;

/// A channel and a message for it.
pub(super) type Letter = (String, Vec<u8>);

#[derive(Default)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    filled: Notify,
}

#[derive(Default)]
struct Inner {
    letters: VecDeque<Letter>,
    bytes: usize,
    dropped: u64,
}

impl Outbox {
    pub(super) fn push(&self, letter: Letter) {
        let dropped = {
            let mut inner = self.lock();
            inner.bytes += letter.1.len();
            inner.letters.push_back(letter);
            let before = inner.dropped;
            while inner.letters.len() > RelaySettings::WAITING_MAX
                || inner.bytes > RelaySettings::WAITING_BYTES_MAX
            {
                inner.drop_oldest();
            }
            (inner.dropped > before).then_some(inner.dropped)
        };
        // Often enough to be seen, seldom enough to be read.
        if let Some(dropped) = dropped.filter(|dropped| dropped.is_power_of_two()) {
            tracing::warn!(dropped, "relayed events came faster than they can be sent");
        }
        self.filled.notify_one();
    }

    pub(super) async fn next(&self) -> Letter {
        loop {
            if let Some(letter) = self.take() {
                return letter;
            }
            self.filled.notified().await;
        }
    }

    /// How many were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn take(&self) -> Option<Letter> {
        let mut inner = self.lock();
        let letter = inner.letters.pop_front()?;
        inner.bytes -= letter.1.len();
        Some(letter)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.letters.pop_front() {
            self.bytes -= oldest.1.len();
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_oldest_go_where_there_is_too_much() {
        let outbox = Outbox::default();
        for nth in 0..RelaySettings::WAITING_MAX + 3 {
            outbox.push((nth.to_string(), Vec::new()));
        }
        assert_eq!(outbox.dropped(), 3);
        assert_eq!(outbox.next().now_or_never().unwrap().0, "3");
        let large = RelaySettings::WAITING_BYTES_MAX / 2 + 1;
        for nth in ["one", "two"] {
            outbox.push((nth.into(), vec![0; large]));
        }
        assert_eq!(outbox.next().now_or_never().unwrap().0, "two");
        assert!(outbox.next().now_or_never().is_none());
    }
}
