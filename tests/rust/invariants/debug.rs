use super::*;
use Step::*;
use rtm_tests::faults::Fault;
#[test]
fn dbg_a() {
    let flavour = Flavour {
        nodes: 1,
        delay_max_ms: 20,
        seed: Some(0),
    };
    let policy = Policy {
        lease: LeaseMode::Transport,
        ..policy(0)
    };
    Play::new(policy, flavour)
        .run(&[
            Join {
                client: 0,
                room: 0,
                state: None,
            },
            Join {
                client: 1,
                room: 0,
                state: None,
            },
            Pause {
                node: 0,
                ms: 16,
                timers_first: false,
            },
            Pause {
                node: 0,
                ms: 3986,
                timers_first: false,
            },
        ])
        .unwrap();
}
#[test]
fn dbg_b() {
    let flavour = Flavour {
        nodes: 2,
        delay_max_ms: 0,
        seed: Some(0),
    };
    Play::new(policy(0), flavour)
        .run(&[
            Hurry(Box::new(Resume {
                client: 0,
                node: 1,
                asks_epoch: true,
                state: None,
            })),
            Hurry(Box::new(Join {
                client: 0,
                room: 0,
                state: None,
            })),
            Pause {
                node: 0,
                ms: 3000,
                timers_first: false,
            },
            Join {
                client: 0,
                room: 1,
                state: None,
            },
            Fault(1, Fault::AnswersLost),
            Join {
                client: 0,
                room: 0,
                state: None,
            },
            Join {
                client: 1,
                room: 0,
                state: None,
            },
        ])
        .unwrap();
}
