//! What clients do, and what happens to them.

use proptest::prelude::*;
use rtm_tests::faults::Fault;

pub(super) const CLIENTS: usize = 4;
pub(super) const ROOMS: [&str; 2] = ["lobby", "kitchen"];

/// One step. Clients and rooms are numbers; a `socket` of `true` is the client's newest, `false`
/// the one before it, which it may believe dead.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Join, with a state or without.
    Join {
        client: usize,
        room: usize,
        state: Option<u8>,
    },
    /// Come back with a new socket, the old one left as it is, on some node.
    Resume {
        client: usize,
        node: usize,
        asks_epoch: bool,
        state: Option<u8>,
    },
    /// A heartbeat, of one room or all, with a patch or without.
    Heartbeat {
        client: usize,
        newest: bool,
        room: Option<usize>,
        patch: Option<(u8, u8)>,
    },
    /// Leave a room, or all.
    Leave {
        client: usize,
        newest: bool,
        room: Option<usize>,
    },
    /// The connection breaks, or the client says farewell.
    Close {
        client: usize,
        newest: bool,
        farewell: bool,
    },
    /// A module removes whoever the client is.
    Kick {
        client: usize,
        room: usize,
        node: usize,
    },
    /// Time passes.
    Pass(u64),
    /// Everyone who is connected sends a heartbeat, and time passes.
    BeatAndPass(u64),
    /// A node stands still for some time, and what clients send meanwhile waits.
    Pause {
        node: usize,
        ms: u64,
        timers_first: bool,
    },
    /// What happens next happens before this has been worked off.
    Hurry(Box<Step>),
    /// A node's way to the store goes wrong, or right again.
    Fault(usize, Fault),
    /// Late commits of a node arrive.
    Arrive(usize),
    /// Events for a node get lost.
    LoseEvents(usize, usize),
    /// The second node dies.
    Kill,
}

pub(super) fn step(faults: bool) -> BoxedStrategy<Step> {
    if !faults {
        return calm().boxed();
    }
    let fault = prop_oneof![
        3 => Just(Fault::None),
        1 => Just(Fault::Down),
        1 => Just(Fault::CommitsLost),
        1 => Just(Fault::AnswersLost),
        1 => Just(Fault::CommitsLate),
    ];
    prop_oneof![
        24 => calm(),
        4 => (0..2usize, fault).prop_map(|(node, fault)| Step::Fault(node, fault)),
        2 => (0..2usize).prop_map(Step::Arrive),
        2 => (0..2usize, 1..4usize).prop_map(|(node, count)| Step::LoseEvents(node, count)),
        1 => Just(Step::Kill),
    ]
    .boxed()
}

fn calm() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => client_step(),
        5 => client_step().prop_map(|step| Step::Hurry(Box::new(step))),
        3 => prop_oneof![1u64..30, 1u64..700, 1u64..4000].prop_map(Step::Pass),
        4 => prop_oneof![1u64..30, 1u64..2800].prop_map(Step::BeatAndPass),
        1 => (0..2usize, 1u64..9000, any::<bool>())
            .prop_map(|(node, ms, timers_first)| Step::Pause { node, ms, timers_first }),
    ]
}

fn client_step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let room = || 0..ROOMS.len();
    let newest = || prop_oneof![2 => Just(true), 1 => Just(false)];
    let one_or_all = || prop_oneof![3 => room().prop_map(Some), 1 => Just(None)];
    let state = || prop::option::of(0u8..4);
    let patch = prop_oneof![2 => Just(None), 3 => (0u8..3, 0u8..4).prop_map(Some)];
    prop_oneof![
        6 => (client(), room(), state())
            .prop_map(|(client, room, state)| Step::Join { client, room, state }),
        5 => (client(), 0..2usize, prop_oneof![4 => Just(true), 1 => Just(false)], state())
            .prop_map(|(client, node, asks_epoch, state)| Step::Resume {
                client,
                node,
                asks_epoch,
                state
            }),
        6 => (client(), newest(), one_or_all(), patch).prop_map(|(client, newest, room, patch)| {
            Step::Heartbeat { client, newest, room, patch }
        }),
        2 => (client(), newest(), one_or_all())
            .prop_map(|(client, newest, room)| Step::Leave { client, newest, room }),
        3 => (client(), newest(), any::<bool>())
            .prop_map(|(client, newest, farewell)| Step::Close { client, newest, farewell }),
        1 => (client(), room(), 0..2usize)
            .prop_map(|(client, room, node)| Step::Kick { client, room, node }),
    ]
}
