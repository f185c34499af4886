//! The structure, kept: who may depend on whom, and what every file looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

/// Runtimes and I/O: `domain` has none, not even through others.
const NOT_IN_DOMAIN: [&str; 22] = [
    "async-io",
    "async-net",
    "async-std",
    "axum",
    "chrono",
    "engineioxide",
    "fred",
    "getrandom",
    "hyper",
    "mio",
    "polling",
    "rand",
    "redis",
    "reqwest",
    "serde",
    "serde_json",
    "smol",
    "socket2",
    "socketioxide",
    "tokio",
    "tower",
    "tracing",
];

/// Libraries that few crates may know, and which.
const KNOWN_TO: [(&str, &[&str]); 5] = [
    ("socketioxide", &["rtm-socketio", "rtm"]),
    ("socketioxide-core", &["rtm-socketio"]),
    ("fred", &["rtm-redis"]),
    ("redis", &[]),
    ("async-std", &[]),
];

const LINES_MAX: usize = 400;

#[test]
fn the_domain_has_no_runtime_and_no_io() {
    let crates = Crates::read();
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec!["rtm-domain".to_owned()]];
    let mut broken = Vec::new();
    while let Some(way) = ways.pop() {
        let last = way.last().cloned().unwrap_or_default();
        if !seen.insert(last.clone()) {
            continue;
        }
        if NOT_IN_DOMAIN.contains(&last.as_str()) {
            broken.push(way.join(" -> "));
        }
        for next in crates.used_by(&last) {
            ways.push([way.clone(), vec![next.clone()]].concat());
        }
    }
    assert!(seen.len() > 3, "only {seen:?} was looked at");
    assert!(
        broken.is_empty(),
        "domain reaches I/O:\n{}",
        broken.join("\n")
    );
}

#[test]
fn dependencies_point_inward() {
    let crates = Crates::read();
    let mut broken = Vec::new();
    for (name, used) in &crates.ours {
        for other in used.iter().filter(|other| crates.ours.contains_key(*other)) {
            if layer(other) >= layer(name) {
                broken.push(format!("{name} depends on {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn few_crates_know_the_libraries_at_the_edges() {
    let crates = Crates::read();
    let mut broken = Vec::new();
    for (library, may) in KNOWN_TO {
        for (name, used) in &crates.ours {
            if used.contains(library) && !may.contains(&name.as_str()) {
                broken.push(format!("{name} depends on {library}; only {may:?} may"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let broken = files(&["rs"]).into_iter().filter(|(_, text)| {
        let first = text.lines().next().unwrap_or_default();
        !first.starts_with("//! ") || first.len() < 12
    });
    assert_none(broken.map(|(path, _)| format!("{path}: opens without a `//!` line")));
}

#[test]
fn no_file_is_too_long() {
    let broken = files(&["rs", "ts", "tsx", "js", "mjs", "lua"]).into_iter();
    let broken = broken.filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > LINES_MAX).then(|| format!("{path}: {lines} lines, {LINES_MAX} at most"))
    });
    assert_none(broken);
}

#[test]
fn no_file_is_called_mod_and_nothing_is_left_to_do() {
    let unfinished = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
    ];
    let broken = files(&["rs"]).into_iter().flat_map(|(path, text)| {
        let named = path
            .ends_with("/mod.rs")
            .then(|| format!("{path}: name it after its folder"));
        let left = unfinished.iter().filter(|what| text.contains(*what));
        let left: Vec<String> = left.map(|what| format!("{path}: has `{what}`")).collect();
        named.into_iter().chain(left)
    });
    assert_none(broken);
}

#[test]
fn every_allow_has_a_reason() {
    let broken = files(&["rs"]).into_iter().filter(|(_, text)| {
        let attributes = text.split(concat!("#[", "allow(")).skip(1);
        let attributes = attributes.chain(text.split(concat!("#![", "allow(")).skip(1));
        attributes
            .map(|rest| rest.split_once(']').map_or(rest, |(inside, _)| inside))
            .any(|inside| !inside.contains("reason"))
    });
    assert_none(broken.map(|(path, _)| format!("{path}: an `allow` without a reason")));
}

/// The platform that this compiler builds for.
fn host() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output();
    let about = output.expect("rustc can be run").stdout;
    let about = String::from_utf8_lossy(&about);
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc tells its host").to_owned()
}

/// The crates of this workspace and what they use, and what those use.
struct Crates {
    ours: BTreeMap<String, BTreeSet<String>>,
    all: BTreeMap<String, BTreeSet<String>>,
}

impl Crates {
    fn read() -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--offline"])
            // Other platforms' crates were never fetched.
            .args(["--filter-platform", &host()])
            .current_dir(root())
            .output()
            .expect("cargo can be run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata: {complaint}");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let names: BTreeMap<&str, &str> = list(&metadata, "packages")
            .map(|package| (text(package, "id"), text(package, "name")))
            .collect();
        let members: BTreeSet<&str> = list(&metadata, "workspace_members")
            .filter_map(Value::as_str)
            .collect();
        let (mut ours, mut all) = (BTreeMap::new(), BTreeMap::new());
        for node in list(&metadata["resolve"], "nodes") {
            let id = text(node, "id");
            let used: BTreeSet<String> = list(node, "deps")
                .filter(|used| list(used, "dep_kinds").any(|kind| kind["kind"].is_null()))
                .map(|used| names[text(used, "pkg")].to_owned())
                .collect();
            if members.contains(id) {
                ours.insert(names[id].to_owned(), used.clone());
            }
            // Of several versions of a crate, what any of them uses.
            all.entry(names[id].to_owned())
                .or_insert_with(BTreeSet::new)
                .extend(used);
        }
        assert!(ours.contains_key("rtm-domain"), "{:?}", ours.keys());
        Self { ours, all }
    }

    fn used_by(&self, name: &str) -> impl Iterator<Item = &String> {
        self.all.get(name).into_iter().flatten()
    }
}

/// How far out a crate is; each may use only what is further in.
fn layer(name: &str) -> u8 {
    match name {
        "rtm-domain" | "rtm-domain-mutants" => 0,
        "rtm-protocol" => 1,
        "rtm-memory" | "rtm-redis" | "rtm-socketio" | "rtm-client" => 2,
        "rtm-bench" => 3,
        "rtm" => 4,
        "rtm-tests" => 6,
        _ => 5,
    }
}

/// Files of the product and its tests, by their path from the root, and their text.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = [
        "domain", "adapters", "app", "bench", "sdk", "tests", "demo", "examples",
    ]
    .iter()
    .map(|folder| root().join(folder))
    .collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                // Not ours, or made by a tool.
                if !["target", "node_modules", "dist", "generated"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extensions
                .iter()
                .any(|it| path.extension().is_some_and(|e| e == *it))
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root()).unwrap_or(&path);
                files.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no files were found");
    files
}

fn assert_none(broken: impl Iterator<Item = String>) {
    let broken: Vec<String> = broken.collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
