//! A queue for one consumer, bounded in messages and in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

pub(super) struct Queue<T> {
    messages_max: usize,
    bytes_max: usize,
    inner: Mutex<Inner<T>>,
    filled: Notify,
}

struct Inner<T> {
    waiting: VecDeque<(usize, T)>,
    bytes: usize,
}

/// There is no place in the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl<T> Queue<T> {
    pub(super) fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self {
            messages_max,
            bytes_max,
            inner: Mutex::new(Inner {
                waiting: VecDeque::new(),
                bytes: 0,
            }),
            filled: Notify::new(),
        }
    }

    /// Adds a message of `bytes`, behind those that wait.
    pub(super) fn push(&self, bytes: usize, message: T) -> Result<(), Full> {
        {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if inner.waiting.len() >= self.messages_max || inner.bytes + bytes > self.bytes_max {
                return Err(Full);
            }
            inner.bytes += bytes;
            inner.waiting.push_back((bytes, message));
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Takes the message that has waited longest, when there is one. For one consumer.
    pub(super) async fn pop(&self) -> T {
        loop {
            if let Some(message) = self.try_pop() {
                return message;
            }
            self.filled.notified().await;
        }
    }

    fn try_pop(&self) -> Option<T> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, message) = inner.waiting.pop_front()?;
        inner.bytes -= bytes;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_bytes_are_bounded_and_leave_in_order() {
        let queue = Queue::new(2, 10);
        assert_eq!(queue.push(11, "large"), Err(Full));
        assert_eq!(queue.push(10, "first"), Ok(()));
        assert_eq!(queue.push(1, "no bytes left"), Err(Full));
        assert_eq!(queue.push(0, "second"), Ok(()));
        assert_eq!(queue.push(0, "too many"), Err(Full));
        assert_eq!(queue.try_pop(), Some("first"));
        assert_eq!(queue.push(10, "third"), Ok(()));
        assert_eq!(queue.try_pop(), Some("second"));
        assert_eq!(queue.try_pop(), Some("third"));
        assert_eq!(queue.try_pop(), None);
    }
}
