//! Random histories of a few clients on one node whose store and feed fail now and then, seen by
//! a witness who folds what it is told.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rtm_domain::ids::ConnId;
use rtm_domain::presence::epoch::{Epoch, Version};
use rtm_domain::presence::event::{Delivery, Shown};
use rtm_domain::presence::policy::Policy;
use rtm_domain::presence::snapshot::Snapshot;
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, Joined};

use super::kit::*;
use super::ports::AsIs;
use super::shelf::{Call, Fault};

const SLOTS: usize = 3;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// P2, P3, P4 and P6 all the time; P5, P7 and P8 when faults have stopped for long enough.
    #[test]
    fn what_a_witness_was_told_is_what_the_store_has(
        lingers in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut history = History::new(if lingers { lingering() } else { policy() });
        for step in steps {
            history.take(step);
            history.witness.listen()?;
            history.witness.look()?;
        }
        history.settle()?;
    }
}

#[derive(Debug, Clone)]
enum Step {
    Join(usize, u8),
    /// From a new socket; the old one is not closed.
    Resume(usize),
    Patch(usize, u8),
    Leave(usize),
    Close(usize, bool),
    Kick(usize),
    Fail(Call, Fault),
    Deaf(bool),
    Away(bool),
    FailOver,
    /// Another server answers, which has lost it.
    Forget(usize),
    Pass(u64),
}

struct History {
    world: World,
    witness: Witness,
    clients: [Option<Client>; SLOTS],
    joined: [Option<Joined>; SLOTS],
    /// Sockets that were replaced, still open and still talking.
    zombies: Vec<Client>,
}

impl History {
    fn new(policy: Policy) -> Self {
        let world = World::with(policy);
        let (client, joined) = world.member("w");
        Self {
            witness: Witness::new(client, &joined),
            world,
            clients: Default::default(),
            joined: Default::default(),
            zombies: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        let world = &self.world;
        match step {
            Step::Join(slot, value) => {
                let client = self.clients[slot].get_or_insert_with(|| world.connect());
                let mut join = world.join(client, ask(&value.to_string()));
                self.joined[slot] = self.wait(&mut join).or(self.joined[slot].take());
            }
            Step::Resume(slot) => {
                let Some(joined) = &self.joined[slot] else {
                    return;
                };
                let client = world.connect();
                let mut join = world.join(&client, ask_resume(joined, None));
                self.zombies.extend(self.clients[slot].replace(client));
                self.joined[slot] = self.wait(&mut join).or(self.joined[slot].take());
            }
            Step::Patch(slot, value) => {
                if let Some(client) = &self.clients[slot] {
                    let _ = world.patch(client, &value.to_string());
                }
            }
            Step::Leave(slot) => {
                if let Some(client) = &self.clients[slot] {
                    let _ = world.leave(client);
                }
            }
            Step::Close(slot, said) => {
                if let Some(client) = self.clients[slot].take() {
                    let farewell = if said { Farewell::Said } else { Farewell::None };
                    drop(world.close(&client, farewell));
                }
            }
            Step::Kick(slot) => {
                if let Some(joined) = &self.joined[slot] {
                    let _ = world.kick(&joined.conn);
                }
            }
            Step::Fail(call, fault) => world.shelf.fail(call, fault),
            Step::Deaf(deaf) => world.shelf.deaf(deaf),
            Step::Away(away) => world.shelf.away(away),
            Step::FailOver => world.shelf.fail_over(),
            Step::Forget(slot) => {
                if let Some(joined) = &self.joined[slot] {
                    world.shelf.lose(&room(), &joined.conn);
                    world.shelf.fail_over();
                }
            }
            Step::Pass(millis) => self.live(millis),
        }
    }

    /// Until the join is answered, as an inbox would.
    fn wait<E>(&self, join: &mut Begun<Result<Joined, E>>) -> Option<Joined> {
        for _ in 0..4 {
            if let Some(answer) = join.poll() {
                return answer.ok();
            }
            self.live(1_000);
        }
        panic!("a join waits for ever");
    }

    /// Lets time pass; everybody heartbeats meanwhile.
    fn live(&self, millis: u64) {
        for _ in 0..millis / 1_000 {
            self.world.live(1_000);
            let clients = self.clients.iter().flatten().chain(&self.zombies);
            for client in clients.chain([&self.witness.client]) {
                let _ = self.world.beat(client);
            }
        }
        self.world.sweep();
    }

    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.world.shelf.recover();
        // TTL + GRACE + ARM + one sweep, the linger, and some more.
        for _ in 0..50 {
            self.live(3_000);
            self.witness.listen()?;
        }
        let live = self.world.shelf.live(&room());
        let stored = live.iter().map(|(conn, record)| {
            let shown = (record.epoch, record.state.clone());
            (conn.clone(), shown)
        });
        prop_assert_eq!(&self.witness.roster, &stored.collect(), "P5");
        let clients = self.clients.iter().flatten().chain(&self.zombies);
        let clients = clients.chain([&self.witness.client]);
        let seats = clients.filter_map(|client| client.session.presence(&room()));
        let mut seats: Vec<_> = seats.map(|(conn, _, epoch)| (conn, epoch)).collect();
        seats.sort_unstable();
        let live = live.into_iter().map(|(conn, record)| (conn, record.epoch));
        prop_assert_eq!(seats, live.collect::<Vec<_>>(), "P1, P7");
        Ok(())
    }
}

/// A client that goes by the rule of the protocol.
struct Witness {
    client: Client,
    version: Version,
    roster: BTreeMap<ConnId, (Epoch, State)>,
}

impl Witness {
    fn new(client: Client, joined: &Joined) -> Self {
        let entries = joined.snapshot.entries.iter();
        Self {
            client,
            version: joined.snapshot.version,
            roster: entries
                .map(|entry| (entry.conn.clone(), (entry.epoch, entry.state.clone())))
                .collect(),
        }
    }

    fn listen(&mut self) -> Result<(), TestCaseError> {
        for told in self.client.ear.told() {
            match told {
                Told::Event(delivery) => self.fold(delivery)?,
                Told::Lost(_, why) => prop_assert!(false, "P7: the witness lost: {why:?}"),
                Told::Message(_) => prop_assert!(false, "nobody sends messages here"),
            }
        }
        self.client.ear.forget();
        Ok(())
    }

    /// P5, also of a snapshot that was made for somebody else before.
    fn look(&self) -> Result<(), TestCaseError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let reply = Box::new(move |answer| drop(sender.send(answer)));
        self.client.session.sync(&room(), reply);
        let Ok(snapshot) = receiver.try_recv().expect("a sync is answered at once") else {
            return Ok(());
        };
        let entries = snapshot.entries.iter();
        let shown = entries.map(|entry| (entry.conn.clone(), (entry.epoch, entry.state.clone())));
        prop_assert_eq!(&self.roster, &shown.collect(), "P5: another room");
        prop_assert_eq!(self.version, snapshot.version, "P5: another version");
        let encoded = snapshot
            .encoded(&AsIs::default())
            .downcast_ref::<Snapshot>();
        prop_assert_eq!(encoded, Some(&**snapshot), "another text");
        Ok(())
    }

    fn fold(&mut self, delivery: Delivery) -> Result<(), TestCaseError> {
        prop_assert_eq!(delivery.prev, self.version, "P4: a gap");
        prop_assert!(delivery.version >= self.version, "P4: a version fell");
        self.version = delivery.version;
        let Delivery {
            conn, epoch, kind, ..
        } = delivery;
        let shown = self.roster.get(&conn).cloned();
        match kind {
            Shown::Join(state) => {
                let rises = shown.is_none_or(|(before, _)| epoch > before);
                prop_assert!(rises, "P2, P6: a second join");
                self.roster.insert(conn, (epoch, state));
            }
            Shown::Update(state) => {
                let before = shown.as_ref().map(|(epoch, _)| *epoch);
                prop_assert_eq!(before, Some(epoch), "P2, P6");
                let is = (epoch, state);
                prop_assert_ne!(shown, Some(is.clone()), "P3");
                self.roster.insert(conn, is);
            }
            Shown::Leave(_) => {
                prop_assert!(self.roster.remove(&conn).is_some(), "P6: a leave of nobody");
            }
        }
        Ok(())
    }
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || 0..SLOTS;
    let call = prop_oneof![
        6 => Just(Call::Commit),
        2 => Just(Call::Read),
        1 => Just(Call::Renew),
        1 => Just(Call::Subscribe),
    ];
    let fault = prop_oneof![Just(Fault::Lost), Just(Fault::Unanswered)];
    prop_oneof![
        8 => (slot(), 0..3_u8).prop_map(|(slot, value)| Step::Join(slot, value)),
        4 => slot().prop_map(Step::Resume),
        8 => (slot(), 0..3_u8).prop_map(|(slot, value)| Step::Patch(slot, value)),
        3 => slot().prop_map(Step::Leave),
        3 => (slot(), any::<bool>()).prop_map(|(slot, said)| Step::Close(slot, said)),
        1 => slot().prop_map(Step::Kick),
        8 => (call, fault).prop_map(|(call, fault)| Step::Fail(call, fault)),
        1 => any::<bool>().prop_map(Step::Deaf),
        1 => any::<bool>().prop_map(Step::Away),
        1 => Just(Step::FailOver),
        1 => slot().prop_map(Step::Forget),
        6 => (1..30_u64).prop_map(|seconds| Step::Pass(seconds * 1_000)),
    ]
}
