//! Up to where the members of one room on this node have been told what was said: a pure machine.
//!
//! Each message names the one before it, so a gap shows. Whatever gets lost between the store and
//! this node is read again from the store; members hear everything once, in the store's order.

use std::mem;
use std::sync::Arc;

use super::store::{Published, Since, Stored};
use super::{ChatSettings, MsgId};

/// The end of what was told.
#[derive(Debug)]
pub(super) struct Tail {
    told: MsgId,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Messages are told as they come.
    On,
    /// The room is being read; messages wait.
    Reading {
        waiting: Vec<Published>,
        /// More came than may wait: read again.
        overflown: bool,
    },
}

/// What came of a message.
#[derive(Debug)]
pub(super) enum Fed {
    /// Tell it.
    Tell(Arc<Stored>),
    /// It was told before.
    Known,
    /// It waits until the room has been read.
    Wait,
    /// Messages are missing before it: it waits, and the room must be read.
    Read,
}

impl Tail {
    /// The tail of a room that is about to be read for the first time.
    pub(super) fn opening() -> Self {
        Self {
            told: MsgId::START,
            phase: reading(Vec::new()),
        }
    }

    /// The id of the last message that was told.
    pub(super) fn told(&self) -> MsgId {
        self.told
    }

    pub(super) fn is_on(&self) -> bool {
        matches!(self.phase, Phase::On)
    }

    /// The first reading: what was said up to `last` is history. Returns what has come since.
    pub(super) fn begin(&mut self, last: MsgId) -> (Vec<Arc<Stored>>, bool) {
        self.told = last;
        self.go_on(Vec::new(), false)
    }

    /// Takes a message.
    pub(super) fn feed(&mut self, published: Published) -> Fed {
        if let Phase::Reading { waiting, overflown } = &mut self.phase {
            if waiting.len() < ChatSettings::REPAIR_BUFFER_MAX {
                waiting.push(published);
            } else {
                waiting.clear();
                *overflown = true;
            }
            return Fed::Wait;
        }
        let id = published.stored.id;
        if published.prev == self.told {
            self.told = id;
            Fed::Tell(published.stored)
        } else if id <= self.told {
            Fed::Known
        } else {
            self.phase = reading(vec![published]);
            Fed::Read
        }
    }

    /// From now on messages wait until the room has been read.
    pub(super) fn begin_reading(&mut self) {
        if self.is_on() {
            self.phase = reading(Vec::new());
        }
    }

    /// Takes what was read after [`told`](Self::told). Returns what to tell, and whether messages
    /// are missing again.
    pub(super) fn read(&mut self, since: Since) -> (Vec<Arc<Stored>>, bool) {
        let mut news = since.messages;
        news.retain(|stored| stored.id > self.told);
        if let Some(latest) = news.last() {
            self.told = latest.id;
        }
        if !since.more {
            // It may have risen without a message.
            self.told = self.told.max(since.last);
        }
        self.go_on(news, since.more)
    }

    fn go_on(&mut self, mut news: Vec<Arc<Stored>>, more: bool) -> (Vec<Arc<Stored>>, bool) {
        let (waiting, mut again) = match mem::replace(&mut self.phase, Phase::On) {
            Phase::On => (Vec::new(), more),
            Phase::Reading { waiting, overflown } => (waiting, overflown || more),
        };
        if again {
            self.phase = reading(waiting);
            return (news, true);
        }
        for published in waiting {
            match self.feed(published) {
                Fed::Tell(stored) => news.push(stored),
                Fed::Known | Fed::Wait => {}
                Fed::Read => again = true,
            }
        }
        (news, again)
    }
}

fn reading(waiting: Vec<Published>) -> Phase {
    Phase::Reading {
        waiting,
        overflown: false,
    }
}

#[cfg(test)]
mod tests;
