//! Thousands of schedules of whole clusters (`docs/simulation.md`): in none of them an invariant
//! is broken, and every seed has one history.

use std::io::Write;

use rtm_tests::simulation::{Campaign, Outcome, play};

const SCHEDULES: u64 = 2_000;
/// Lines before the first violation that a failure shows.
const LINES_SHOWN_MAX: usize = 60;

/// `SIMULATION_SEED=n` plays one schedule and prints all of it; `SIMULATION_SCHEDULES=n` plays
/// so many.
#[test]
fn no_schedule_breaks_an_invariant() {
    if let Some(seed) = number("SIMULATION_SEED") {
        let outcome = play(seed, true);
        println!("{}", outcome.trace.join("\n"));
        assert!(outcome.violations.is_empty(), "{:#?}", outcome.violations);
        return;
    }
    let schedules = number("SIMULATION_SCHEDULES").unwrap_or(SCHEDULES);
    let summary = Campaign {
        first: 1,
        schedules,
    }
    .run(|| {});
    // Past the capture of the test's output: it is of interest also when all is well.
    let _ = writeln!(std::io::stderr(), "\nsimulation: {summary}");
    if let Some((seed, _)) = summary.broken.first() {
        let seeds: Vec<u64> = summary.broken.iter().map(|(seed, _)| *seed).collect();
        panic!("{}\nbroken: {seeds:?}", report(*seed, &play(*seed, true)));
    }
}

#[test]
fn a_seed_has_one_history() {
    for seed in 1..=26 {
        let (one, other) = (play(seed, true), play(seed, true));
        assert!(
            one.trace.len() > 100,
            "seed {seed}: hardly anything happens"
        );
        let differ = one.trace.iter().zip(&other.trace).find(|(a, b)| a != b);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(one.trace.len(), other.trace.len(), "seed {seed}");
    }
}

fn report(seed: u64, outcome: &Outcome) -> String {
    let violation = |line: &String| line.contains(" VIOLATION ");
    let end = outcome.trace.iter().position(violation);
    let end = end.map_or(outcome.trace.len(), |end| end + 1);
    let shown = &outcome.trace[end.saturating_sub(LINES_SHOWN_MAX)..end];
    format!(
        "seed {seed} breaks an invariant; the end of its trace:\n{}\n\
         all of it: SIMULATION_SEED={seed} cargo test -p rtm-tests simulation::no -- --nocapture",
        shown.join("\n")
    )
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("it is a number"))
}
