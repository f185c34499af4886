//! Random rooms whose events reach a view with losses, duplicates and repairs, and clients that
//! fold what the view tells them by the rule of the protocol.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::given::*;
use super::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// P2, P4, P5 and P6 after every step, and the room itself at the end.
    #[test]
    fn snapshot_and_deliveries_are_the_view_at_every_moment(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut world = World::default();
        for step in steps {
            world.take(step)?;
            world.check()?;
        }
        world.recover()?;
        world.check()?;
        prop_assert_eq!(entries(&world.view), world.room.entries());
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody writes: who, by how much its epoch moves, its state; none: it leaves.
    Write(usize, i64, Option<u8>),
    /// The next event on its way arrives.
    Arrive,
    /// It arrives, and stays on its way.
    ArriveTwice,
    /// It is lost.
    Lose,
    /// It changes places with the one behind it.
    Swap,
    /// The room is read, as a repair does.
    Read,
    /// What was read arrives. If the flag says so the store had just changed identity.
    Repair(bool),
    /// The view is told that it may be wrong.
    Doubt,
    /// The store forgets what it did last, and what is on its way stays so.
    FailOver,
    /// A client asks for a snapshot.
    Sync,
}

struct World {
    room: Room,
    /// What the room looked like some writes ago.
    replica: Room,
    view: View,
    on_the_way: VecDeque<Published>,
    reading: Option<Read>,
    /// One that was there from the start, and one that asks for snapshots.
    clients: [Client; 2],
}

impl Default for World {
    fn default() -> Self {
        let room = Room {
            version: 1,
            highest: 1,
            ..Room::default()
        };
        let view = on(1, []);
        Self {
            replica: room.clone(),
            room,
            clients: [Client::from(&view), Client::from(&view)],
            view,
            on_the_way: VecDeque::new(),
            reading: None,
        }
    }
}

impl World {
    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Write(who, rise, value) => {
                if self.room.version.is_multiple_of(3) {
                    self.replica = self.room.clone();
                }
                let published = self.room.write(NAMES[who], rise, value, self.view.told());
                self.on_the_way.extend(published);
            }
            Step::Arrive => {
                if let Some(next) = self.on_the_way.pop_front() {
                    self.arrive(next)?;
                }
            }
            Step::ArriveTwice => {
                if let Some(next) = self.on_the_way.front().cloned() {
                    self.arrive(next)?;
                }
            }
            Step::Lose => drop(self.on_the_way.pop_front()),
            Step::Swap => {
                if self.on_the_way.len() > 1 {
                    self.on_the_way.swap(0, 1);
                }
            }
            Step::Read => {
                // Events wait from before the reading on.
                self.view.begin_repair();
                self.reading = Some(self.room.read(self.view.told()));
            }
            Step::Repair(settling) => {
                let trust = if settling {
                    Trust::Settling
                } else {
                    Trust::Full
                };
                if let Some(read) = self.reading.take() {
                    self.repair(&read, trust)?;
                }
            }
            Step::Doubt => drop(self.view.begin_repair()),
            Step::FailOver => {
                // Its clock and the names of its writers' attempts go on.
                let Room {
                    highest, attempts, ..
                } = self.room;
                self.room = Room {
                    highest,
                    attempts,
                    ..self.replica.clone()
                };
            }
            Step::Sync => {
                if self.view.is_on() {
                    self.clients[1] = Client::from(&self.view);
                }
            }
        }
        Ok(())
    }

    fn arrive(&mut self, published: Published) -> Result<(), TestCaseError> {
        if let Fed::Deliver(deliveries) = self.view.feed(published) {
            self.tell(&deliveries)?;
        }
        Ok(())
    }

    fn repair(&mut self, read: &Read, trust: Trust) -> Result<bool, TestCaseError> {
        let (deliveries, again) = self.view.repair(read, trust, NOW);
        self.tell(&deliveries)?;
        prop_assert_eq!(again, !self.view.is_on());
        Ok(again)
    }

    fn tell(&mut self, deliveries: &[Delivery]) -> Result<(), TestCaseError> {
        for delivery in deliveries {
            for client in &mut self.clients {
                client.fold(delivery)?;
            }
        }
        Ok(())
    }

    /// What is still on its way is lost, and the room is read for good.
    fn recover(&mut self) -> Result<(), TestCaseError> {
        self.on_the_way.clear();
        self.view.begin_repair();
        // An event that the store has forgotten may wait: the next write is past it.
        self.room.version = self.room.highest + 1;
        let read = self.room.read(self.view.told());
        let again = self.repair(&read, Trust::Full)?;
        prop_assert!(!again, "a reading newer than every event is enough");
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for client in &self.clients {
            prop_assert_eq!(client.entries(), entries(&self.view), "P5");
            prop_assert_eq!(client.version, self.view.told(), "P4");
        }
        Ok(())
    }
}

/// What the store has of a room.
#[derive(Clone, Default)]
struct Room {
    version: u64,
    /// The highest version that was ever given, also to what the store has forgotten: its clock.
    highest: u64,
    attempts: u64,
    records: BTreeMap<&'static str, (u64, u64, u8)>,
}

impl Room {
    fn write(
        &mut self,
        name: &'static str,
        rise: i64,
        value: Option<u8>,
        floor: Version,
    ) -> Option<Published> {
        let before = self.records.get(name).copied();
        let number = before
            .map_or(10, |(epoch, ..)| epoch)
            .saturating_add_signed(rise);
        self.attempts += 1;
        let kind = match (value, before) {
            (None, None) => return None,
            (None, Some(_)) => {
                self.records.remove(name);
                Happened::Left(Reason::Left)
            }
            (Some(value), before) => {
                self.records.insert(name, (number, self.attempts, value));
                let value = value.to_string();
                match before {
                    Some((epoch, ..)) if epoch == number => updated(&value),
                    _ => joined(&value),
                }
            }
        };
        let prev = self.version;
        self.version = self.highest.max(floor.0) + 1;
        self.highest = self.version;
        let mut published = event((name, number), (prev, self.version), kind);
        published.event.attempt = self.attempts;
        Some(published)
    }

    fn read(&mut self, floor: Version) -> Read {
        self.version = self.version.max(floor.0);
        let records = self.records.iter();
        read(
            self.version,
            records.map(|(name, (epoch, attempt, value))| {
                found((name, *epoch), *attempt, &value.to_string())
            }),
        )
    }

    fn entries(&self) -> Vec<(String, u64, String)> {
        let records = self.records.iter();
        records
            .map(|(name, (epoch, _, value))| (name.to_string(), *epoch, value.to_string()))
            .collect()
    }
}

/// A client that goes by the rule of the protocol.
struct Client {
    version: Version,
    roster: BTreeMap<String, (u64, String)>,
}

impl Client {
    fn from(view: &View) -> Self {
        let roster = entries(view);
        Self {
            version: view.snapshot(|_, at| at).version,
            roster: roster
                .into_iter()
                .map(|(name, epoch, value)| (name, (epoch, value)))
                .collect(),
        }
    }

    fn fold(&mut self, delivery: &Delivery) -> Result<(), TestCaseError> {
        prop_assert!(delivery.version >= self.version, "P4: a version fell");
        prop_assert_eq!(delivery.prev, self.version, "P4: a gap, or an old event");
        self.version = delivery.version;
        let (name, number) = (delivery.conn.to_string(), delivery.epoch.number());
        let shown = self.roster.get(&name).cloned();
        match told(std::slice::from_ref(delivery)).remove(0).2 {
            Kind::Join(value) => {
                let rises = shown.is_none_or(|(epoch, _)| number > epoch);
                prop_assert!(rises, "P6: a second join; P2: a lower epoch");
                self.roster.insert(name, (number, value));
            }
            Kind::Update(value) => {
                prop_assert!(shown.is_some(), "P6: an update of nobody");
                prop_assert_ne!(shown, Some((number, value.clone())), "P3");
                let before = self.roster.insert(name, (number, value));
                prop_assert_eq!(before.map(|(epoch, _)| epoch), Some(number), "P2");
            }
            Kind::Leave(_) => {
                prop_assert!(shown.is_some(), "P6: a leave of nobody");
                self.roster.remove(&name);
            }
        }
        Ok(())
    }

    fn entries(&self) -> Vec<(String, u64, String)> {
        let roster = self.roster.iter();
        roster
            .map(|(name, (epoch, value))| (name.clone(), *epoch, value.clone()))
            .collect()
    }
}

fn step() -> impl Strategy<Value = Step> {
    let rise = prop_oneof![6 => Just(0_i64), 2 => Just(1), 1 => Just(-1)];
    let value = prop_oneof![4 => (0..3_u8).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        20 => (0..NAMES.len(), rise, value)
            .prop_map(|(who, rise, value)| Step::Write(who, rise, value)),
        24 => Just(Step::Arrive),
        3 => Just(Step::ArriveTwice),
        3 => Just(Step::Lose),
        2 => Just(Step::Swap),
        8 => Just(Step::Read),
        8 => any::<bool>().prop_map(Step::Repair),
        1 => Just(Step::Doubt),
        1 => Just(Step::FailOver),
        3 => Just(Step::Sync),
    ]
}
