//! Runs the real binary: as the server, and as the harness.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The variables that the harness reads: those of whoever runs the tests are not to count.
const VARIABLES: [&str; 12] = [
    "TARGET_URL",
    "ROOM_COUNT",
    "USERS_PER_ROOM",
    "TEST_DURATION_MS",
    "HEARTBEATS_PER_SEC",
    "RAMP_UP_MS",
    "ACK_TIMEOUT_MS",
    "REPORT_INTERVAL_MS",
    "MAX_ERROR_RATE",
    "MAX_P95_LATENCY_MS",
    "MAX_P99_LATENCY_MS",
    "MIN_SUCCESS_RATE",
];

/// The binary: `RTM_BIN`, or what cargo builds.
pub(crate) fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = env::var_os("RTM_BIN") {
            return path.into();
        }
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "rtm", "--bin", "rtm"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.status().expect("cargo can be run");
        assert!(built.success(), "rtm cannot be built");
        // The test is in `deps`, beside which the binary is.
        let test = env::current_exe().expect("the test has a path");
        let folder = test.ancestors().nth(2).expect("it is in a folder");
        folder.join("rtm")
    })
}

/// `rtm bench` with these words.
pub(crate) fn command(words: &str) -> Command {
    let mut command = Command::new(binary());
    command.arg("bench").args(words.split_whitespace());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    // The server's own configuration knows no such variable.
    command.env_remove("RTM_BIN");
    command
}

/// Runs it to its end.
pub(crate) fn bench(words: &str) -> Done {
    run(&mut command(words))
}

pub(crate) fn run(command: &mut Command) -> Done {
    Done::from(command.output().expect("it can be run"))
}

/// How a run ended, and what it said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Done {
    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

/// Runs it, and reads the report that it writes.
#[track_caller]
pub(crate) fn report(words: &str, code: i32) -> Value {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join("report.json");
    bench(&format!("{words} --json {}", path.display())).with(code);
    read(&path)
}

pub(crate) fn read(path: &std::path::Path) -> Value {
    let json = std::fs::read(path).expect("the report is written");
    serde_json::from_slice(&json).expect("it is JSON")
}

/// The latencies of one operation in a report.
pub(crate) fn latency<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["latencies"].as_array().expect("there are latencies");
    let found = all.iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {all:?}"))
}

/// The real server, on a free port.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// Kept, so that the server can go on to write.
    _out: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["--port", "0", "--max-events-per-second", "1000000"])
            .args(["--max-events-burst", "1000000"])
            .env_clear()
            .env("LOG_LEVEL", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("rtm can be run");
        let mut out = BufReader::new(child.stdout.take().expect("it has an output"));
        let url = loop {
            let mut line = String::new();
            let read = out.read_line(&mut line).expect("it writes text");
            assert!(read > 0, "it says no address");
            if let Some(at) = line.find("http://") {
                let rest = line[at..].split_whitespace().next();
                break rest.expect("there is an address").to_owned();
            }
        };
        Self {
            child,
            url,
            _out: out,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
