//! What has been heard of other nodes: each message counts once, and none counts late.

use std::collections::HashMap;
use std::time::Duration;

use socketioxide_core::Sid;
use tokio::time::Instant;

use crate::cluster::wire::Head;

/// Senders remembered, summed over all channels.
const SENDERS_MAX: usize = 200_000;

/// How long a silent sender is remembered on a channel. A late copy of a message comes within
/// moments.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// The latest number heard of each sender on each channel.
#[derive(Default)]
pub(super) struct Order {
    channels: HashMap<String, HashMap<Sid, (u64, Instant)>>,
    senders: usize,
    tidied: Option<Instant>,
}

/// What a message is to this node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// New: do it.
    First,
    /// Done already: it came on another of its channels.
    Copy,
    /// Repeated, or overtaken by a later one on its channel.
    Late,
}

impl Order {
    /// Takes a message's turn on a channel.
    pub(super) fn take(&mut self, channel: &str, head: &Head, now: Instant) -> Turn {
        self.tidy(now);
        let sender = *head.sender;
        let heard = match self.channels.get_mut(channel) {
            Some(heard) => heard,
            None => self.channels.entry(channel.to_owned()).or_default(),
        };
        match heard.get_mut(&sender) {
            Some((number, _)) if *number >= head.number => return Turn::Late,
            Some(latest) => *latest = (head.number, now),
            None => {
                heard.insert(sender, (head.number, now));
                self.senders += 1;
            }
        }
        // Where something as late was heard, this message was heard before, or never will be.
        let mut others = head.copies.iter().filter(|other| *other != channel);
        let done = others.any(|other| {
            let heard = self.channels.get(other).and_then(|it| it.get(&sender));
            heard.is_some_and(|(number, _)| *number >= head.number)
        });
        if done { Turn::Copy } else { Turn::First }
    }

    fn tidy(&mut self, now: Instant) {
        let tidied = *self.tidied.get_or_insert(now);
        if now.duration_since(tidied) < REMEMBERED_FOR && self.senders < SENDERS_MAX {
            return;
        }
        self.tidied = Some(now);
        self.channels.retain(|_, heard| {
            heard.retain(|_, (_, at)| now.duration_since(*at) < REMEMBERED_FOR);
            !heard.is_empty()
        });
        self.senders = self.channels.values().map(HashMap::len).sum();
        if self.senders >= SENDERS_MAX {
            // Order on a channel is the bus' promise; what is lost is the memory of copies.
            self.channels.clear();
            self.senders = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use socketioxide_core::Uid;

    use super::*;
    use crate::cluster::wire::{Body, Draft, read_head};

    fn head(sender: Uid, number: u64, channels: &[&str]) -> Head {
        let channels: Vec<String> = channels.iter().map(ToString::to_string).collect();
        let bytes = Draft::new(sender, &channels, None, &Body::Ping).finish(number);
        read_head(&bytes).expect("it is a message").0
    }

    #[test]
    fn a_repeated_or_overtaken_message_is_late() {
        let (mut order, now) = (Order::default(), Instant::now());
        let (one, other) = (Uid::new(), Uid::new());
        assert_eq!(order.take("a", &head(one, 2, &["a"]), now), Turn::First);
        assert_eq!(order.take("a", &head(one, 2, &["a"]), now), Turn::Late);
        assert_eq!(order.take("a", &head(one, 1, &["a"]), now), Turn::Late);
        assert_eq!(order.take("a", &head(other, 1, &["a"]), now), Turn::First);
        assert_eq!(order.take("b", &head(one, 1, &["b"]), now), Turn::First);
    }

    #[test]
    fn of_several_copies_the_first_counts() {
        let (mut order, now, sender) = (Order::default(), Instant::now(), Uid::new());
        let both = ["a", "b"];
        assert_eq!(order.take("b", &head(sender, 1, &both), now), Turn::First);
        assert_eq!(order.take("b", &head(sender, 2, &both), now), Turn::First);
        assert_eq!(order.take("a", &head(sender, 1, &both), now), Turn::Copy);
        assert_eq!(order.take("a", &head(sender, 2, &both), now), Turn::Copy);
        assert_eq!(order.take("a", &head(sender, 3, &both), now), Turn::First);
    }

    #[test]
    fn silent_senders_are_forgotten() {
        let (mut order, now) = (Order::default(), Instant::now());
        for _ in 0..10 {
            order.take("a", &head(Uid::new(), 1, &["a"]), now);
        }
        assert_eq!(order.senders, 10);
        order.take("b", &head(Uid::new(), 1, &["b"]), now + REMEMBERED_FOR);
        assert_eq!(order.senders, 1);
        assert_eq!(order.channels.len(), 1);
    }
}
