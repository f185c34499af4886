//! The signals that stop the server.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// A signal that came.
pub(crate) struct Came {
    pub(crate) name: &'static str,
    /// What a process exits with that this signal ended: 128 and its number.
    pub(crate) exit_code: i32,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Came {
        tokio::select! {
            _ = self.terminate.recv() => Came { name: "SIGTERM", exit_code: 143 },
            _ = self.interrupt.recv() => Came { name: "SIGINT", exit_code: 130 },
        }
    }
}
