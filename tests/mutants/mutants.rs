//! Each rule is needed: without it the simulation breaks an invariant.

use std::io::Write;

use rtm_domain::mutants::{ALL, choose};
use rtm_mutants::simulation::Campaign;

/// Schedules in which a mutant must be caught. Most are within two hundred.
const SCHEDULES_MAX: u64 = 12_000;
/// Schedules that are played before it is looked whether it was.
const BATCH: u64 = 26;

/// `MUTANT=name` tries one.
#[test]
fn every_mutant_is_caught() {
    let only = std::env::var("MUTANT").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let (mut report, mut escaped) = (String::new(), Vec::new());
    for (number, mutant) in ALL.iter().enumerate().filter(|(_, it)| wanted(it.name)) {
        let line = match caught(number) {
            _ if mutant.misfit.is_some() => None,
            None => None,
            Some((seed, violation)) => Some(format!("{seed:>5} schedules: {violation:.110}")),
        };
        if line.is_none() {
            escaped.push((mutant.name, mutant.about, mutant.misfit));
        }
        let line = line.unwrap_or_else(|| "NOT CAUGHT".into());
        report += &format!("{:<32} {line}\n", mutant.name);
    }
    // Past the capture of the test's output: it is of interest also when all is well.
    let _ = writeln!(std::io::stderr(), "\nmutants caught, after\n{report}");
    assert!(!report.is_empty(), "there is no such mutant");
    assert!(escaped.is_empty(), "not caught: {escaped:#?}");
}

/// The copy does what the domain does.
#[test]
fn without_a_mutant_nothing_is_broken() {
    let campaign = Campaign {
        first: 1,
        schedules: 130,
    };
    assert_eq!(campaign.run(|| choose(None)).broken, []);
}

/// The first seed that catches it, and how.
fn caught(mutant: usize) -> Option<(u64, String)> {
    let mut first = 1;
    while first <= SCHEDULES_MAX {
        let campaign = Campaign {
            first,
            schedules: BATCH,
        };
        let broken = campaign.run(|| choose(Some(mutant))).broken;
        if let Some(found) = broken.into_iter().next() {
            return Some(found);
        }
        first += BATCH;
    }
    None
}
