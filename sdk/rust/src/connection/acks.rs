//! Answers that are waited for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use tokio::sync::oneshot;

/// Answers that may be waited for at once.
const WAITING_MAX: usize = 65_536;

/// What will come back.
pub(super) type Answer = oneshot::Receiver<Box<RawValue>>;

/// Answers that are waited for, by number.
#[derive(Default)]
pub(super) struct Acks(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Box<RawValue>>>,
    closed: bool,
}

impl Acks {
    /// A number for a request, and its answer. `None` if too many are waited for.
    pub(super) fn expect(&self) -> Option<(u64, Answer)> {
        let mut table = self.lock();
        if table.waiting.len() >= WAITING_MAX {
            return None;
        }
        let id = table.next;
        table.next += 1;
        let (answered, answer) = oneshot::channel();
        if !table.closed {
            table.waiting.insert(id, answered);
        }
        Some((id, answer))
    }

    /// An answer came. Nobody may wait for it any more.
    pub(super) fn answer(&self, id: u64, args: &[&RawValue]) {
        let waiting = self.lock().waiting.remove(&id);
        if let (Some(waiting), Some(first)) = (waiting, args.first()) {
            let _ = waiting.send((*first).to_owned());
        }
    }

    /// Nobody waits for it any more.
    pub(super) fn forget(&self, id: u64) {
        self.lock().waiting.remove(&id);
    }

    /// No answer will come any more.
    pub(super) fn close(&self) {
        let waiting = {
            let mut table = self.lock();
            table.closed = true;
            std::mem::take(&mut table.waiting)
        };
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
