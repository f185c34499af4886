//! One server of the simulated store.

use std::collections::{BTreeMap, VecDeque};

use rtm_domain::ids::RoomId;
use rtm_domain::ports::Identity;

use super::book::Book;
use crate::simulation::data::Data;

/// Writes that a replica may lag behind.
const REPLICA_LAG_MAX: usize = 48;

pub(super) struct Server {
    pub(super) identity: Identity,
    /// How far its clock is ahead of the true one, in milliseconds.
    pub(super) ahead: i64,
    pub(super) data: Data,
    pub(super) book: Book,
    /// Its data before each of its latest writes, the oldest first.
    history: VecDeque<Data>,
    /// Which links are subscribed to a room, in which of their lives.
    pub(super) ears: BTreeMap<RoomId, BTreeMap<usize, u64>>,
    /// Nothing reaches it any more.
    pub(super) dead: bool,
    /// Until then nothing reaches it.
    pub(super) down_until: u64,
    /// Until then what reaches it waits.
    pub(super) frozen_until: u64,
    pub(super) changed_at: BTreeMap<RoomId, u64>,
}

impl Server {
    pub(super) fn new(nth: usize, ahead: i64, data: Data) -> Self {
        Self {
            identity: Identity(format!("server {nth}").into()),
            ahead,
            data,
            book: Book::default(),
            history: VecDeque::new(),
            ears: BTreeMap::new(),
            dead: false,
            down_until: 0,
            frozen_until: 0,
            changed_at: BTreeMap::new(),
        }
    }

    /// Call before each write.
    pub(super) fn remember(&mut self) {
        self.history.push_back(self.data.clone());
        if self.history.len() > REPLICA_LAG_MAX {
            self.history.pop_front();
        }
    }

    /// What a replica has that lags behind by so many writes.
    pub(super) fn replica(&self, lag: usize) -> Data {
        match lag.min(self.history.len()) {
            0 => self.data.clone(),
            lag => self.history[self.history.len() - lag].clone(),
        }
    }

    pub(super) fn is_down(&self, now: u64) -> bool {
        self.dead || now < self.down_until
    }
}
