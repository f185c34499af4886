//! Random clients on real nodes: after every step each roster, folded from what a socket was
//! told, is what its node shows, and no invariant (`docs/presence.md`) is broken; in the end all
//! agree with the store, and when everyone is gone nothing is left.

mod play;
mod step;

use proptest::prelude::*;
use rtm_domain::presence::policy::{LeaseMode, Policy};
use rtm_tests::world::ms;

use play::{Flavour, Play};
use step::{Step, step};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 250,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn one_node_without_faults(
        linger in prop_oneof![Just(0u64), Just(2000u64)],
        steps in prop::collection::vec(step(false), 1..60),
    ) {
        let flavour = Flavour { nodes: 1, delay_max_ms: 0, seed: None };
        Play::new(policy(linger), flavour).run(&steps)?;
    }

    #[test]
    fn one_node_with_a_slow_store(
        linger in prop_oneof![Just(0u64), Just(2000u64)],
        delay_max_ms in prop_oneof![Just(3usize), Just(40usize), Just(300usize)],
        seed in any::<u64>(),
        steps in prop::collection::vec(step(false), 1..60),
    ) {
        let flavour = Flavour { nodes: 1, delay_max_ms, seed: Some(seed) };
        Play::new(policy(linger), flavour).run(&steps)?;
    }

    #[test]
    fn two_nodes_with_a_slow_store(
        linger in prop_oneof![Just(0u64), Just(2000u64)],
        delay_max_ms in prop_oneof![Just(0usize), Just(40usize), Just(300usize)],
        seed in any::<u64>(),
        steps in prop::collection::vec(step(false), 1..60),
    ) {
        let flavour = Flavour { nodes: 2, delay_max_ms, seed: Some(seed) };
        Play::new(policy(linger), flavour).run(&steps)?;
    }

    #[test]
    fn two_nodes_with_faults(
        linger in prop_oneof![Just(0u64), Just(2000u64)],
        delay_max_ms in prop_oneof![Just(0usize), Just(40usize)],
        seed in any::<u64>(),
        steps in prop::collection::vec(step(true), 1..60),
    ) {
        let flavour = Flavour { nodes: 2, delay_max_ms, seed: Some(seed) };
        Play::new(policy(linger), flavour).run(&steps)?;
    }

    #[test]
    fn leases_kept_by_the_transport(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(false), 1..40),
    ) {
        let flavour = Flavour { nodes: 1, delay_max_ms: 20, seed: Some(seed) };
        let policy = Policy { lease: LeaseMode::Transport, ..policy(0) };
        Play::new(policy, flavour).run(&steps)?;
    }
}

fn policy(linger: u64) -> Policy {
    Policy {
        ttl: ms(3000),
        sweep_interval: ms(500),
        lookback: ms(6000),
        linger: ms(linger),
        ..Policy::default()
    }
}

/// A case that was found once, to be kept.
#[expect(
    dead_code,
    reason = "what a failure prints is pasted into a test that calls it"
)]
fn replay(policy: Policy, flavour: Flavour, steps: &[Step]) {
    if let Err(error) = Play::new(policy, flavour).run(steps) {
        panic!("{error}");
    }
}
