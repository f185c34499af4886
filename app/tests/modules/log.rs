//! The log of this test process. Modules have names of their own in every case, so a case finds
//! its lines among those of the others.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

static LINES: OnceLock<Lines> = OnceLock::new();

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

/// Starts to keep the log. Call it before the server starts.
pub(crate) fn keep() {
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let sink = lines.clone();
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(move || sink.clone())
            .init();
        lines
    });
}

/// Asserts that a failure of the module was logged, under its name.
pub(crate) fn assert_logged(module: &str, what: &str) {
    let lines = lines();
    let named = format!("\"module\":\"{module}\"");
    let found = lines
        .lines()
        .any(|line| line.contains(&named) && line.contains(what) && !line.contains("\"INFO\""));
    assert!(found, "no line says {what:?} of {module}:\n{lines}");
}

fn lines() -> String {
    let lines = LINES.get().expect("the log is kept");
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
