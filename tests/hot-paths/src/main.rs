//! The gate: counts the instructions of each hot path, and compares them with the baseline.
//!
//! It starts itself under callgrind, once for each path.

mod baseline;
mod callgrind;
mod machine;

use std::path::PathBuf;
use std::process::ExitCode;

use baseline::{Baseline, Counts};
use machine::Machine;

/// Set, the baseline is written instead of compared with.
const ACCEPT: &str = "RTM_WRITE_INSTRUCTIONS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => gate(),
        ["walk", name] => walk(name).map(|()| ExitCode::SUCCESS),
        _ => Err(format!(
            "usage: hot-paths    {ACCEPT}=1 writes the baseline"
        )),
    };
    done.unwrap_or_else(|why| {
        eprintln!("hot-paths: {why}");
        ExitCode::FAILURE
    })
}

fn gate() -> Result<ExitCode, String> {
    let machine = Machine::this()?;
    println!("instructions of each hot path, on {machine}");
    let counts = count()?;
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("baseline.json");
    if std::env::var_os(ACCEPT).is_some() {
        Baseline::new(machine, counts).write(&file)?;
        println!("written to {}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let baseline = Baseline::read(&file)?;
    let verdict = baseline.compare(&machine, &counts);
    println!("{verdict}");
    match verdict.faults.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => {
            eprintln!(
                "If that is as it should be, accept it, and say in the commit why:\n  \
                 {ACCEPT}=1 cargo run --release -p rtm-hot-paths"
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn count() -> Result<Counts, String> {
    let mut counts = Counts::new();
    for path in rtm_hot_paths::paths() {
        let count = callgrind::instructions(path.name)?;
        println!("{count:>10}  {}", path.name);
        counts.insert(path.name.to_owned(), count);
    }
    Ok(counts)
}

/// What runs under callgrind.
fn walk(name: &str) -> Result<(), String> {
    let mut paths = rtm_hot_paths::paths().into_iter();
    let path = paths.find(|path| path.name == name);
    callgrind::walk(path.ok_or_else(|| format!("there is no path {name:?}"))?);
    Ok(())
}
