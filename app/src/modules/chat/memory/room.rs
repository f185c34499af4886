//! What is kept of one room.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use rtm_domain::ids::UserId;
use rtm_domain::time::Moment;

use crate::modules::chat::MsgId;
use crate::modules::chat::store::{Draft, READERS_MAX, Since, Stored};

/// What a message takes besides its texts, in bytes.
const OVERHEAD: usize = 256;

/// One room's messages and readers.
#[derive(Default)]
pub(super) struct Room {
    messages: VecDeque<Arc<Stored>>,
    names: HashMap<(UserId, Box<str>), MsgId>,
    readers: HashMap<UserId, MsgId>,
    last: MsgId,
    /// Up to here everything is forgotten.
    gone: MsgId,
    written: Moment,
    bytes: usize,
    forgotten: bool,
}

impl Room {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn last(&self) -> MsgId {
        self.last
    }

    pub(super) fn written(&self) -> Moment {
        self.written
    }

    /// Whether it is no longer among the store's rooms.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    /// Returns how many bytes that frees.
    pub(super) fn forget(&mut self) -> usize {
        let bytes = self.bytes;
        *self = Self {
            forgotten: true,
            ..Self::default()
        };
        bytes
    }

    pub(super) fn is_over(&self, now: Moment, retention: Duration) -> bool {
        now.since(self.written) >= retention
    }

    /// Forgets everything if its time is over.
    pub(super) fn expire(&mut self, now: Moment, retention: Duration) {
        if self.last > MsgId::START && self.is_over(now, retention) {
            let forgotten = self.forgotten;
            *self = Self {
                forgotten,
                ..Self::default()
            };
        }
    }

    /// The id under which a message is kept already.
    pub(super) fn known(&self, draft: &Draft) -> Option<MsgId> {
        self.names.get(&name(draft)?).copied()
    }

    pub(super) fn push(&mut self, stored: Arc<Stored>, now: Moment, history_max: usize) {
        if self.messages.is_empty() {
            self.gone = self.last;
        }
        if let Some(name) = name(&stored.draft) {
            self.names.insert(name, stored.id);
        }
        (self.last, self.written) = (stored.id, now);
        self.bytes += size(&stored);
        self.messages.push_back(stored);
        while self.messages.len() > history_max {
            self.drop_oldest();
        }
    }

    /// Forgets the oldest message, if that is not the only one.
    pub(super) fn drop_oldest(&mut self) -> bool {
        if self.messages.len() < 2 {
            return false;
        }
        let Some(oldest) = self.messages.pop_front() else {
            return false;
        };
        if let Some(name) = name(&oldest.draft) {
            self.names.remove(&name);
        }
        self.gone = oldest.id;
        self.bytes -= size(&oldest);
        true
    }

    /// Its last id is not below this one.
    pub(super) fn raise(&mut self, floor: MsgId) {
        self.last = self.last.max(floor);
    }

    pub(super) fn page(
        &self,
        before: Option<MsgId>,
        limit: usize,
        bytes_max: usize,
    ) -> Vec<Arc<Stored>> {
        let latest = self.messages.iter().rev();
        let latest = latest.filter(|stored| before.is_none_or(|before| stored.id < before));
        let mut page = fitting(latest.take(limit), bytes_max);
        page.reverse();
        page
    }

    pub(super) fn since(&self, after: MsgId, bytes_max: usize) -> Since {
        let start = self.messages.partition_point(|stored| stored.id <= after);
        let news = self.messages.iter().skip(start);
        let messages = fitting(news.clone(), bytes_max);
        let first = self.messages.front().map(|stored| stored.id);
        Since {
            complete: match first {
                None => after == self.last,
                Some(first) => after == self.gone || (first <= after && after <= self.last),
            },
            more: messages.len() < news.len(),
            messages,
            last: self.last,
        }
    }

    pub(super) fn mark_read(&mut self, user: &UserId, upto: MsgId) -> Option<MsgId> {
        let upto = upto.min(self.last);
        if upto == MsgId::START || self.readers.get(user).is_some_and(|read| *read >= upto) {
            return None;
        }
        self.readers.insert(user.clone(), upto);
        if self.readers.len() > READERS_MAX {
            let least = self
                .readers
                .iter()
                .min_by_key(|(user, upto)| (**upto, *user));
            if let Some(least) = least.map(|(user, _)| user.clone()) {
                self.readers.remove(&least);
            }
        }
        Some(upto)
    }

    pub(super) fn receipts(&self) -> Vec<(UserId, MsgId)> {
        let readers = self.readers.iter();
        let mut readers: Vec<_> = readers.map(|(user, upto)| (user.clone(), *upto)).collect();
        readers.sort_by(|(a, read_a), (b, read_b)| (read_a, a).cmp(&(read_b, b)));
        readers
    }
}

/// As many as fit, at least one.
fn fitting<'a>(
    messages: impl Iterator<Item = &'a Arc<Stored>>,
    bytes_max: usize,
) -> Vec<Arc<Stored>> {
    let mut bytes = 0;
    let mut page = Vec::new();
    for stored in messages {
        bytes += size(stored);
        if bytes > bytes_max && !page.is_empty() {
            break;
        }
        page.push(stored.clone());
    }
    page
}

fn name(draft: &Draft) -> Option<(UserId, Box<str>)> {
    let name = draft.client_msg_id.clone()?;
    Some((draft.user.clone(), name))
}

fn size(stored: &Stored) -> usize {
    let Draft {
        user,
        message,
        client_msg_id,
    } = &stored.draft;
    let name = client_msg_id.as_ref().map_or(0, |name| name.len());
    mem::size_of::<Stored>() + OVERHEAD + user.as_str().len() + message.get().len() + name
}
