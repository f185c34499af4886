//! The rules as text: every file in `tests/scenarios` is run on every store.
//!
//! `REWRITE_SCENARIOS=1 cargo test -p rtm-tests scenarios` writes the actual output into the
//! files; read the difference before you keep it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use rtm_redis::Publishing;
use rtm_tests::backend::{Backend, InMemory};
use rtm_tests::redis::{self, OnRedis};
use rtm_tests::script;

#[test]
fn every_scenario_holds_in_memory() {
    let failures: Vec<String> = files()
        .iter()
        .filter_map(|file| run(file, &InMemory).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_scenario_holds_on_redis() {
    if !redis::is_installed() {
        return;
    }
    for publishing in [Publishing::Sharded, Publishing::Plain] {
        let backend = OnRedis { publishing };
        let failures: Vec<String> = files()
            .iter()
            .filter_map(|file| run(file, &backend).err())
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}

#[test]
fn every_scenario_says_why_it_exists() {
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.lines()
                .next()
                .is_some_and(|line| line.starts_with("# ")),
            "{}: begins without a reason",
            file.display()
        );
    }
}

fn run(file: &Path, backend: &dyn Backend) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let expected = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let actual = script::run(&expected, backend).map_err(|error| format!("{name}: {error}"))?;
    if actual == expected {
        return Ok(());
    }
    if env::var_os("REWRITE_SCENARIOS").is_some() {
        return fs::write(file, actual).map_err(|error| format!("{name}: {error}"));
    }
    let differs = expected
        .lines()
        .zip(actual.lines())
        .position(|(a, b)| a != b);
    let nth = differs.unwrap_or(expected.lines().count().min(actual.lines().count()));
    Err(format!(
        "{name}: line {}\n  expected: {}\n  actual:   {}\n--- all of it as it is:\n{actual}---",
        nth + 1,
        expected.lines().nth(nth).unwrap_or("(end)"),
        actual.lines().nth(nth).unwrap_or("(end)"),
    ))
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(&folder).expect("the folder exists");
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no scenarios in {}", folder.display());
    files
}
