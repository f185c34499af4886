//! The counts that were accepted, and what to think of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// How far a count may be from the accepted one, either way: what became cheaper is accepted as
/// well, or it could become dear again unseen.
const TOLERANCE_PERCENT: f64 = 3.0;
/// The same on a machine, or by a compiler, that is not the baseline's. Those alone change counts
/// by more than the tolerance, so only what is plainly dearer can be told.
const COARSE_PERCENT: f64 = 30.0;

/// Instructions of one walk, by path.
pub(crate) type Counts = BTreeMap<String, u64>;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    machine: Machine,
    instructions: Counts,
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What must be accepted or mended.
    pub(crate) faults: Vec<String>,
    /// Why it says less than it should.
    coarse: Vec<String>,
    compared: usize,
}

impl Baseline {
    pub(crate) fn new(machine: Machine, instructions: Counts) -> Self {
        Self {
            machine,
            instructions,
        }
    }

    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", file.display());
        let json = fs::read(file).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), String> {
        let wrong = |why: String| format!("{}: {why}", file.display());
        let json = serde_json::to_string_pretty(self).map_err(|error| wrong(error.to_string()))?;
        fs::write(file, json + "\n").map_err(|error| wrong(error.to_string()))
    }

    /// Compares what was counted on `machine`.
    pub(crate) fn compare(&self, machine: &Machine, counts: &Counts) -> Verdict {
        let mut verdict = Verdict {
            coarse: self.machine.differences(machine),
            ..Verdict::default()
        };
        if self.machine.target != machine.target {
            let (own, other) = (&self.machine.target, &machine.target);
            let fault = format!("nothing was compared: the baseline is of {own}, this is {other}");
            verdict.faults.push(fault);
            return verdict;
        }
        let (up, down) = match verdict.coarse.is_empty() {
            true => (TOLERANCE_PERCENT, -TOLERANCE_PERCENT),
            false => (COARSE_PERCENT, f64::NEG_INFINITY),
        };
        let names: BTreeSet<&String> = self.instructions.keys().chain(counts.keys()).collect();
        for name in names {
            let (before, now) = match (self.instructions.get(name), counts.get(name)) {
                (Some(before), Some(now)) => (*before, *now),
                (None, _) => {
                    verdict.faults.push(format!("{name}: not in the baseline"));
                    continue;
                }
                (_, None) => {
                    verdict.faults.push(format!("{name}: only in the baseline"));
                    continue;
                }
            };
            verdict.compared += 1;
            let percent = (now as f64 - before as f64) * 100.0 / before.max(1) as f64;
            if percent > up || percent < down {
                let word = if percent > 0.0 { "dearer" } else { "cheaper" };
                verdict.faults.push(format!(
                    "{name}: {word}, {before} instructions before, {now} now ({percent:+.1} %)"
                ));
            }
        }
        verdict
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.coarse.is_empty() {
            writeln!(
                f,
                "COARSE: the baseline is of another machine or compiler, so only what is {COARSE_PERCENT} % \
                 dearer is found, instead of {TOLERANCE_PERCENT} % either way:"
            )?;
            for difference in &self.coarse {
                writeln!(f, "  {difference}")?;
            }
        }
        for fault in &self.faults {
            writeln!(f, "FAILED: {fault}")?;
        }
        let faults = self.faults.len();
        write!(f, "{} paths compared, {faults} faults", self.compared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_within_the_tolerance_passes_and_one_beyond_is_named() {
        for (now, faults) in [(1_000, 0), (1_030, 0), (970, 0), (1_031, 1), (969, 1)] {
            let verdict = baseline().compare(&machine("1.95"), &counts(&[("a", now)]));
            assert_eq!(verdict.faults.len(), faults, "{now}");
        }
        let verdict = baseline().compare(&machine("1.95"), &counts(&[("a", 2_000)]));
        assert_eq!(
            verdict.to_string(),
            "FAILED: a: dearer, 1000 instructions before, 2000 now (+100.0 %)\n1 paths compared, 1 faults"
        );
    }

    #[test]
    fn another_compiler_is_said_and_what_is_plainly_dearer_still_found() {
        for (now, faults) in [(1_299, 0), (500, 0), (1_301, 1)] {
            let verdict = baseline().compare(&machine("1.96"), &counts(&[("a", now)]));
            assert_eq!(verdict.faults.len(), faults, "{now}");
            let said = verdict.to_string();
            assert!(
                said.starts_with("COARSE") && said.contains("1.95, here 1.96"),
                "{said}"
            );
        }
    }

    #[test]
    fn another_architecture_fails() {
        let other = Machine {
            target: "aarch64".into(),
            ..machine("1.95")
        };
        let verdict = baseline().compare(&other, &counts(&[("a", 1_000)]));
        assert_eq!((verdict.faults.len(), verdict.compared), (1, 0));
    }

    #[test]
    fn a_path_on_one_side_alone_fails() {
        for (now, faults) in [(counts(&[]), 1), (counts(&[("a", 1_000), ("b", 1)]), 1)] {
            let verdict = baseline().compare(&machine("1.95"), &now);
            assert_eq!(verdict.faults.len(), faults, "{now:?}");
        }
    }

    fn baseline() -> Baseline {
        Baseline::new(machine("1.95"), counts(&[("a", 1_000)]))
    }

    fn counts(of: &[(&str, u64)]) -> Counts {
        of.iter()
            .map(|(name, count)| (name.to_string(), *count))
            .collect()
    }

    fn machine(compiler: &str) -> Machine {
        Machine {
            target: "x86_64".into(),
            compiler: compiler.into(),
            libc: "glibc".into(),
            vectors: "avx2".into(),
            valgrind: "valgrind".into(),
        }
    }
}
