//! Exit codes. 2, for options that cannot be understood, is the program's own.

use std::fmt;
use std::process::ExitCode;

/// How a run ended. Of several, the first here counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run was not what was asked for: no server, nothing sent, a process that ended, a report
    /// that cannot be written.
    Failed,
    /// Something was not delivered as it has to be, or a connection broke.
    AuditFailed,
    /// A threshold was missed.
    ThresholdMissed,
    /// It was interrupted; as far as it came, all was well.
    Interrupted,
    /// All is well.
    Passed,
}

impl Outcome {
    /// What the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::ThresholdMissed => 3,
            Self::AuditFailed => 4,
            // 128 and the number of SIGINT, as shells have it.
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::ThresholdMissed => "threshold missed",
            Self::AuditFailed => "audit failed",
            Self::Interrupted => "interrupted",
        })
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}
