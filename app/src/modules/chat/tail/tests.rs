//! Messages that are lost, late or come twice.

use proptest::prelude::*;
use rtm_domain::ids::UserId;
use serde_json::value::RawValue;

use super::*;
use crate::modules::chat::Draft;

/// Every message reaches the tail, or is lost, or comes twice, or late; and the room is read when
/// the tail asks for it. Once it is read and nothing is lost any more, all was told in order.
#[derive(Debug, Clone)]
enum Step {
    Say,
    Lose,
    SayTwice,
    SayLate,
    Deliver,
    Read,
    Check,
}

proptest! {
    #[test]
    fn members_hear_everything_once_in_order(steps in prop::collection::vec(step(), 1..200)) {
        let mut room = Room::new();
        for step in steps {
            room.play(&step);
        }
        room.tail.begin_reading();
        room.late.clear();
        room.must_read = true;
        while room.must_read {
            room.play(&Step::Read);
        }
        let said: Vec<MsgId> = room.said.iter().map(|it| it.stored.id).collect();
        prop_assert_eq!(room.heard, said);
    }
}

#[test]
fn a_gap_waits_for_a_reading_and_what_was_lost_comes_first() {
    let mut room = Room::new();
    room.play(&Step::Say);
    room.play(&Step::Lose);
    room.play(&Step::Say);
    assert!(room.must_read && room.heard.len() == 1);
    room.play(&Step::Say);
    assert_eq!(room.heard.len(), 1);
    room.play(&Step::Read);
    assert_eq!(room.heard.len(), 4);
}

#[test]
fn with_more_than_may_wait_the_room_is_read_again() {
    let mut room = Room::new();
    room.tail.begin_reading();
    for _ in 0..=ChatSettings::REPAIR_BUFFER_MAX {
        room.play(&Step::Say);
    }
    let before = Since {
        messages: Vec::new(),
        complete: true,
        more: false,
        last: MsgId::START,
    };
    let (news, again) = room.tail.read(before);
    assert!(news.is_empty() && again);
    room.must_read = true;
    while room.must_read {
        room.play(&Step::Read);
    }
    assert_eq!(room.heard.len(), room.said.len());
}

#[test]
fn what_was_said_before_the_room_was_opened_is_history() {
    let mut tail = Tail::opening();
    let [one, two] = [(0, 1), (1, 2)].map(|(prev, id)| published(prev, id));
    assert!(matches!(tail.feed(one), Fed::Wait));
    assert!(matches!(tail.feed(two), Fed::Wait));
    let (news, again) = tail.begin(MsgId::from_number(1));
    assert_eq!(
        news.iter().map(|it| it.id.number()).collect::<Vec<_>>(),
        [2]
    );
    assert!(!again && tail.is_on());
}

struct Room {
    tail: Tail,
    said: Vec<Published>,
    late: Vec<Published>,
    heard: Vec<MsgId>,
    must_read: bool,
}

impl Room {
    fn new() -> Self {
        let mut tail = Tail::opening();
        tail.begin(MsgId::START);
        Self {
            tail,
            said: Vec::new(),
            late: Vec::new(),
            heard: Vec::new(),
            must_read: false,
        }
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Say => {
                let message = self.say();
                self.feed(message);
            }
            Step::Lose => drop(self.say()),
            Step::SayTwice => {
                let message = self.say();
                self.feed(message.clone());
                self.feed(message);
            }
            Step::SayLate => {
                let message = self.say();
                self.late.push(message);
            }
            Step::Deliver => {
                for message in std::mem::take(&mut self.late) {
                    self.feed(message);
                }
            }
            Step::Check => {
                let last = self.said.last().map(|it| it.stored.id);
                if last.is_some_and(|last| last > self.tail.told()) {
                    self.tail.begin_reading();
                    self.must_read = true;
                }
            }
            Step::Read if self.must_read => {
                let messages = self.said.iter().map(|it| it.stored.clone());
                let messages = messages.filter(|it| it.id > self.tail.told());
                // A page has room for three.
                let messages: Vec<_> = messages.take(3).collect();
                let last = self.said.last().map_or(MsgId::START, |it| it.stored.id);
                let more = messages.last().is_some_and(|it| it.id < last);
                let since = Since {
                    messages,
                    complete: true,
                    more,
                    last,
                };
                let (news, again) = self.tail.read(since);
                self.heard.extend(news.iter().map(|it| it.id));
                self.must_read = again;
            }
            Step::Read => {}
        }
    }

    fn say(&mut self) -> Published {
        let prev = self.said.last().map_or(0, |it| it.stored.id.number());
        self.said.push(published(prev, prev + 1));
        self.said[self.said.len() - 1].clone()
    }

    fn feed(&mut self, message: Published) {
        match self.tail.feed(message) {
            Fed::Tell(stored) => self.heard.push(stored.id),
            Fed::Known | Fed::Wait => {}
            Fed::Read => self.must_read = true,
        }
    }
}

fn published(prev: u64, id: u64) -> Published {
    let draft = Draft {
        user: UserId::trusted("u"),
        message: RawValue::NULL.to_owned(),
        client_msg_id: None,
    };
    Published {
        prev: MsgId::from_number(prev),
        stored: Arc::new(Stored {
            id: MsgId::from_number(id),
            draft,
        }),
    }
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    prop_oneof![
        4 => Just(Say), 1 => Just(Lose), 1 => Just(SayTwice), 1 => Just(SayLate),
        1 => Just(Deliver), 2 => Just(Read), 1 => Just(Check)
    ]
}
