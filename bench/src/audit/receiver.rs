//! One client: what it was told, what it shows, and what of that is wrong.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::faults::Faults;
use super::ledger::Room;
use super::numbers::{Came, Holes, Numbers};
use crate::mark::Who;

/// The server's own view of a room: the life and the last number of each member.
pub(crate) type Truth = BTreeMap<u32, (u32, u32)>;

/// Which members of a room are there, and which of them send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Members that join and stay.
    pub(crate) members: u32,
    /// The first that sends numbered events.
    pub(crate) senders_from: u32,
    /// How many do.
    pub(crate) senders: u32,
    /// Whether a member's state shows its last number.
    pub(crate) shown: bool,
}

/// Something that a client is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// A member is there, in this life.
    Join(Who),
    /// It is not any more.
    Leave(Who),
    /// A numbered event of a member.
    Number(u32, u32),
    /// A numbered message of a member: messages have an order of their own.
    Message(u32, u32),
}

/// What was due to one client, and what came.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Audited {
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) missing: u64,
    pub(crate) unexpected: u64,
}

/// What one client was told.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    shape: Shape,
    own: u32,
    /// Members that are shown.
    shown: Bits,
    /// Members of whose joins an event has told.
    told: Bits,
    /// Lives beyond the first.
    lives: HashMap<u32, u32>,
    numbers: Vec<Numbers>,
    holes: Holes,
    version: u64,
    message: u64,
}

impl Receiver {
    pub(crate) fn new(shape: Shape, own: u32) -> Self {
        Self {
            shape,
            own,
            shown: Bits::new(shape.members),
            told: Bits::new(shape.members),
            lives: HashMap::new(),
            numbers: vec![Numbers::default(); shape.senders as usize],
            holes: Holes::default(),
            version: 0,
            message: 0,
        }
    }

    /// Takes in what it is told, and adds what is wrong with it. `order`: where it stands among all
    /// events of the room, or all messages, if the server says so.
    pub(crate) fn take(&mut self, told: Told, order: Option<u64>, faults: &mut Faults) {
        let last = match told {
            Told::Message(..) => &mut self.message,
            _ => &mut self.version,
        };
        let back = order.is_some_and(|order| order < *last);
        *last = (*last).max(order.unwrap_or_default());
        let came = match told {
            Told::Join(who) => self.join(who),
            Told::Leave(who) => self.leave(who),
            Told::Number(sender, number) | Told::Message(sender, number) => {
                self.number(sender, number)
            }
        };
        match came {
            Came::Again => faults.duplicate += 1,
            Came::OutOfOrder => faults.out_of_order += 1,
            Came::InOrder if back => faults.out_of_order += 1,
            Came::InOrder => {}
        }
    }

    fn join(&mut self, who: Who) -> Came {
        if who.member == self.own {
            return Came::InOrder;
        }
        let life = self.lives.get(&who.member).copied().unwrap_or_default();
        if who.life < life {
            return Came::OutOfOrder;
        }
        if who.life > life {
            self.lives.insert(who.member, who.life);
            self.told.remove(who.member);
        }
        self.shown.add(who.member);
        if self.told.add(who.member) {
            Came::InOrder
        } else {
            Came::Again
        }
    }

    fn leave(&mut self, who: Who) -> Came {
        let life = self.lives.get(&who.member).copied().unwrap_or_default();
        // An earlier life may end after the next has begun.
        if who.life == life {
            self.shown.remove(who.member);
        }
        Came::InOrder
    }

    fn number(&mut self, sender: u32, number: u32) -> Came {
        let at = sender.wrapping_sub(self.shape.senders_from) as usize;
        match self.numbers.get_mut(at) {
            Some(numbers) => numbers.take(sender, number, &mut self.holes),
            None => Came::InOrder,
        }
    }

    /// A snapshot sets what is shown. What a client missed while it was away is not counted.
    pub(crate) fn snapshot(
        &mut self,
        entries: impl Iterator<Item = (Who, u32)>,
        version: Option<u64>,
        anew: bool,
    ) {
        if anew {
            self.shown = Bits::new(self.shape.members);
            self.told = Bits::new(self.shape.members);
            self.holes.forget();
            self.version = 0;
        }
        self.version = self.version.max(version.unwrap_or_default());
        for (who, number) in entries {
            self.shown.add(who.member);
            if who.life > 0 && who.member < self.shape.members {
                self.lives.insert(who.member, who.life);
            }
            let at = who.member.wrapping_sub(self.shape.senders_from) as usize;
            if let Some(numbers) = self.numbers.get_mut(at).filter(|it| it.high < number) {
                (numbers.high, numbers.last) = (number, number);
            }
        }
    }

    /// What was due and has come, by a ledger.
    pub(crate) fn audit(&self, room: &Room) -> Audited {
        let mut audited = Audited::default();
        let mut there = Bits::new(self.shape.members);
        for &member in room.there.iter().filter(|it| **it != self.own) {
            there.add(member);
            audited.expected += 1;
        }
        audited.missing = self.shown.lacks(&there);
        for (at, numbers) in (self.shape.senders_from..).zip(&self.numbers) {
            let nothing = Default::default();
            let sent = room.sent.get(&at).unwrap_or(&nothing);
            let unsure = |number: &u32| sent.unsure.contains(number);
            audited.expected += u64::from(sent.last) - sent.unsure.len() as u64;
            audited.unexpected += u64::from(numbers.high.saturating_sub(sent.last));
            let holes = self.holes.numbers_of(at);
            let behind = numbers.high + 1..=sent.last;
            let missing = holes.chain(behind).filter(|number| !unsure(number));
            audited.missing += missing.count() as u64;
        }
        audited.received = audited.expected - audited.missing.min(audited.expected);
        audited
    }

    /// Whether it shows what the server shows.
    pub(crate) fn agrees(&self, truth: &Truth) -> bool {
        (0..self.shape.members)
            .filter(|member| *member != self.own)
            .all(|member| self.shown.has(member) == truth.contains_key(&member))
            && truth.iter().all(|(&member, &(life, number))| {
                let at = member.wrapping_sub(self.shape.senders_from) as usize;
                let last = self.numbers.get(at).map(|numbers| numbers.last);
                let own_life = self.lives.get(&member).copied().unwrap_or_default();
                let last = last.filter(|_| self.shape.shown);
                let same_life =
                    member >= self.shape.members || member == self.own || own_life == life;
                same_life && last.is_none_or(|last| last == number)
            })
    }
}

#[cfg(test)]
mod tests;
