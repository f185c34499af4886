//! Questions to other nodes, and the wait for their answers, which is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use socketioxide_core::Uid;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cluster::counters::Counters;
use crate::cluster::outbox::Reached;
use crate::cluster::wire::Found;

/// Questions that wait for answers at a time. One more is not asked.
const PENDING_MAX: usize = 10_000;

/// Answers to one question that wait to be read.
const ANSWERS_MAX: usize = 4_096;

/// What another node answered, and whether that was all of it.
pub(super) struct Answer {
    pub(super) sender: Uid,
    pub(super) found: Found,
    pub(super) last: bool,
}

#[derive(Default)]
pub(super) struct Asks {
    pending: Mutex<HashMap<u64, mpsc::Sender<Answer>>>,
    latest: AtomicU64,
}

/// A question that is asked. Dropped, its answers are nobody's.
pub(super) struct Ask {
    pub(super) id: u64,
    answers: mpsc::Receiver<Answer>,
    asks: Arc<Asks>,
    counters: Arc<Counters>,
}

impl Asks {
    /// A new question, unless too many are pending.
    pub(super) fn begin(self: &Arc<Self>, counters: &Arc<Counters>) -> Option<Ask> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() >= PENDING_MAX {
            let what = "too many questions to other nodes are pending: this node answers alone";
            counters.unanswered.happened(what);
            return None;
        }
        let id = self.latest.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answers) = mpsc::channel(ANSWERS_MAX);
        pending.insert(id, sender);
        Some(Ask {
            id,
            answers,
            asks: self.clone(),
            counters: counters.clone(),
        })
    }

    /// Hands an answer to whoever asked.
    pub(super) fn answered(&self, question: u64, answer: Answer, counters: &Counters) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(asker) = pending.get(&question) else {
            // Too late.
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = asker.try_send(answer) {
            let what = "answers of other nodes are dropped, as nobody reads them";
            counters.overrun.happened(what);
        }
    }
}

impl Ask {
    /// What is answered, until everybody who was reached has, or `until`.
    pub(super) fn answers(
        self,
        reached: Vec<Reached>,
        until: Instant,
    ) -> BoxStream<'static, (Uid, Found)> {
        let counts = join_all(reached).map(|counts| {
            // A message that was dropped reached nobody.
            counts.into_iter().map(Result::unwrap_or_default).sum()
        });
        let wait = Wait {
            ask: self,
            counts: Some(counts.boxed()),
            expected: None,
            done: 0,
            until,
        };
        stream::unfold(wait, Wait::next).boxed()
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        let pending = self.asks.pending.lock();
        let mut pending = pending.unwrap_or_else(PoisonError::into_inner);
        pending.remove(&self.id);
    }
}

struct Wait {
    ask: Ask,
    counts: Option<BoxFuture<'static, usize>>,
    /// How many last answers are to come in all, once it is known.
    expected: Option<usize>,
    done: usize,
    until: Instant,
}

impl Wait {
    async fn next(mut self) -> Option<((Uid, Found), Self)> {
        loop {
            if self.expected.is_some_and(|expected| self.done >= expected) {
                return None;
            }
            let counts = self.counts.as_mut();
            let counted = async {
                match counts {
                    Some(counts) => counts.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(answer) = self.ask.answers.recv() => {
                    self.done += usize::from(answer.last);
                    return Some(((answer.sender, answer.found), self));
                }
                expected = counted => {
                    self.expected = Some(expected);
                    self.counts = None;
                }
                () = tokio::time::sleep_until(self.until) => {
                    let what = "not all nodes answered a question in time";
                    self.ask.counters.unanswered.happened(what);
                    return None;
                }
            }
        }
    }
}
