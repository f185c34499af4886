//! What observers are told, and messages of theirs among a room's events.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_channel::oneshot;

use rtm_domain::error::{Refusal, StoreError};
use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::ports::{Change, ChangeKind, Message, Observer};
use rtm_domain::presence::record::Reason;
use rtm_domain::service::{Farewell, JoinAsk};

use super::kit::*;
use super::shelf::{Call, Fault};

#[test]
fn a_room_is_open_for_observers_before_anything_is_written_there() {
    let world = World::new();
    let notes = observed(&world);
    let shelf = world.shelf.clone();
    *notes.when_opened.lock().unwrap() = Some(Box::new(move || {
        assert_eq!(shelf.calls(Call::Commit), 0);
    }));
    let (client, _) = world.member("1");
    world.member("2");
    assert_eq!(notes.take()[0], "open room", "once for all its members");
    world.leave(&client).unwrap();
    assert!(!notes.take().contains(&"close room".to_owned()));
}

#[test]
fn a_room_that_an_observer_cannot_open_is_not_joined() {
    let world = World::new();
    let notes = observed(&world);
    *notes.fails.lock().unwrap() = true;
    let client = world.connect();
    let refused = world.join(&client, ask("1")).answer();
    assert_eq!(refused.unwrap_err(), Refusal::Unavailable);
    assert_eq!(world.shelf.calls(Call::Commit), 0);
    *notes.fails.lock().unwrap() = false;
    assert!(world.join(&client, ask("1")).answer().is_ok());
}

/// Its view is gone with the first who could not join.
#[test]
fn who_joins_while_observers_still_open_a_room_waits_for_them_too() {
    let world = World::new();
    let notes = observed(&world);
    *notes.fails.lock().unwrap() = true;
    let (open, opens) = oneshot::channel();
    *notes.opens.lock().unwrap() = Some(opens);
    let clients = [world.connect(), world.connect()];
    let joins = clients
        .each_ref()
        .map(|client| world.join(client, ask("1")));
    assert_eq!(world.shelf.calls(Call::Commit), 0);
    open.send(()).unwrap();
    world.run();
    for join in joins {
        assert_eq!(join.answer().unwrap_err(), Refusal::Unavailable);
    }
    assert_eq!(world.shelf.calls(Call::Commit), 0);
}

#[test]
fn a_room_closes_for_observers_when_it_was_idle_for_a_while() {
    let world = World::new();
    let notes = observed(&world);
    let (client, _) = world.member("1");
    world.leave(&client).unwrap();
    notes.take();
    world.live(7_000);
    assert_eq!(notes.take(), ["close room"]);
}

#[test]
fn the_first_and_the_last_connection_of_a_user_are_told_from_the_others() {
    let world = World::new();
    let notes = observed(&world);
    let (one, _) = world.member("1");
    let (two, _) = world.member("2");
    world.patch(&two, "3").unwrap();
    world.join(&one, ask("1")).answer().unwrap();
    let other = world.connect();
    world.join(&other, of("bob")).answer().unwrap();
    world.leave(&one).unwrap();
    world.close(&two, Farewell::None).answer();
    let expected = [
        "open room",
        "ada joined first",
        "ada joined",
        "ada updated",
        "ada joined again",
        "bob joined first",
        "ada left: Left",
        "ada left: Disconnected last",
    ];
    assert_eq!(notes.take(), expected);
}

#[test]
fn what_changed_nothing_and_what_was_refused_is_not_told() {
    let world = World::new();
    let notes = observed(&world);
    let (client, _) = world.member("1");
    notes.take();
    world.patch(&client, "1").unwrap();
    world.shelf.fail(Call::Commit, Fault::Lost);
    world.patch(&client, "2").unwrap_err();
    assert_eq!(notes.take(), Vec::<String>::new());
}

#[test]
fn a_leave_whose_answer_was_lost_is_told_once() {
    let world = World::new();
    let notes = observed(&world);
    let (client, _) = world.member("1");
    notes.take();
    world.shelf.fail(Call::Commit, Fault::Unanswered);
    world.leave(&client).unwrap_err();
    world.live(3_000);
    assert_eq!(notes.take(), ["ada left: Left last"]);
}

#[test]
fn a_kick_is_told_where_it_was_asked_for_also_without_members_there() {
    let world = World::new();
    let here = observed(&world);
    let (elsewhere, there) = (world.node_elsewhere(), Arc::new(Notes::default()));
    elsewhere.observe(there.clone());
    let [(_, one), (_, two), (_, three)] = ["1", "2", "3"].map(|value| world.member(value));
    here.take();
    for conn in [one.conn, two.conn] {
        let service = elsewhere.clone();
        assert!(
            world
                .done(async move { service.kick(&room(), &conn).await })
                .unwrap()
        );
    }
    assert_eq!(there.take(), ["ada left: Kicked"; 2]);
    assert_eq!(here.take(), Vec::<String>::new(), "it is told once");
    assert!(world.kick(&three.conn).unwrap());
    assert_eq!(here.take(), ["ada left: Kicked last"]);
}

#[test]
fn a_message_reaches_the_members_in_its_place_but_for_the_one_left_out() {
    let world = World::new();
    let (one, joined) = world.member("1");
    let (two, _) = world.member("2");
    let outsider = world.connect();
    one.ear.forget();
    world.patch(&two, "3").unwrap();
    let message: Message = Arc::new("hello".to_owned());
    assert_eq!(world.service.tell(&room(), &message, None), 2);
    assert_eq!(world.service.tell(&room(), &message, Some(&joined.conn)), 1);
    world.patch(&two, "4").unwrap();
    let told: Vec<bool> = one.ear.told().iter().map(is_message).collect();
    assert_eq!(told, [false, true, false]);
    assert_eq!(two.ear.told().iter().filter(|it| is_message(it)).count(), 2);
    assert!(outsider.ear.told().is_empty());
    assert_eq!(
        world
            .service
            .tell(&RoomId::trusted("other"), &message, None),
        0
    );
}

fn is_message(told: &Told) -> bool {
    matches!(told, Told::Message(text) if text == "hello")
}

fn of(user: &str) -> JoinAsk {
    JoinAsk {
        user: UserId::trusted(user),
        ..ask("1")
    }
}

fn observed(world: &World) -> Arc<Notes> {
    let notes = Arc::new(Notes::default());
    world.service.observe(notes.clone());
    notes
}

type Check = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Notes {
    told: Mutex<Vec<String>>,
    fails: Mutex<bool>,
    /// Opening takes until this is told.
    opens: Mutex<Option<oneshot::Receiver<()>>>,
    when_opened: Mutex<Option<Check>>,
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn note(&self, text: String) {
        self.told.lock().unwrap().push(text);
    }
}

#[async_trait]
impl Observer for Notes {
    async fn open(&self, room: &RoomId) -> Result<(), StoreError> {
        let opens = self.opens.lock().unwrap().take();
        if let Some(opens) = opens {
            opens.await.unwrap();
        }
        if *self.fails.lock().unwrap() {
            return Err(StoreError::Unreachable("as it was told to".into()));
        }
        if let Some(check) = &*self.when_opened.lock().unwrap() {
            check();
        }
        self.note(format!("open {room}"));
        Ok(())
    }

    fn close(&self, room: &RoomId) {
        self.note(format!("close {room}"));
    }

    fn changed(&self, change: &Change) {
        let what = match &change.kind {
            ChangeKind::Joined { again, first, .. } => {
                let again = if *again { " again" } else { "" };
                format!("joined{again}{}", if *first { " first" } else { "" })
            }
            ChangeKind::Updated { .. } => "updated".into(),
            ChangeKind::Left { reason, last } => {
                assert!(matches!(
                    reason,
                    Reason::Left | Reason::Disconnected | Reason::Kicked
                ));
                format!("left: {reason:?}{}", if *last { " last" } else { "" })
            }
        };
        self.note(format!("{} {what}", change.user));
    }
}
