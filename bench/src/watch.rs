//! CPU and memory of the processes of a run, second by second.

use serde::{Deserialize, Serialize};

use crate::clock::{self, SECOND};
use crate::proc::{self, Usage};

/// One process that is watched.
pub(crate) struct Watched {
    pid: u32,
    pub(crate) before: Usage,
    measure: Option<(u64, Usage)>,
    end: Option<(u64, Usage)>,
    last: (u64, Usage),
    rss_max: u64,
    pub(crate) samples: Vec<Sample>,
}

/// CPU in cores, and memory, in a second of the load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) second: u64,
    pub(crate) cores: f64,
    pub(crate) rss_bytes: u64,
}

/// What it used while it was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) cpu_ns: u64,
    pub(crate) ns: u64,
    /// Before the ramp.
    pub(crate) rss_before: u64,
    /// When what is measured began.
    pub(crate) rss_begin: u64,
    pub(crate) rss_end: u64,
    pub(crate) rss_max: u64,
}

impl Watched {
    pub(crate) fn new(pid: u32) -> Result<Self, String> {
        let before = proc::usage(pid).ok_or_else(|| format!("there is no process {pid}"))?;
        Ok(Self {
            pid,
            before,
            measure: None,
            end: None,
            last: (clock::now(), before),
            rss_max: before.rss_bytes,
            samples: Vec::new(),
        })
    }

    /// What is measured begins now.
    pub(crate) fn begin(&mut self) {
        self.measure = self.look();
        self.last = self.measure.unwrap_or(self.last);
    }

    /// What is measured ends now.
    pub(crate) fn end(&mut self) {
        self.end = self.look();
    }

    pub(crate) fn sample(&mut self, second: u64) {
        let Some((now, usage)) = self.look() else {
            return;
        };
        let (then, before) = self.last;
        let cpu_ns = usage.cpu_ns.saturating_sub(before.cpu_ns);
        self.samples.push(Sample {
            second,
            cores: cpu_ns as f64 / now.saturating_sub(then).max(1) as f64,
            rss_bytes: usage.rss_bytes,
        });
        self.last = (now, usage);
    }

    fn look(&mut self) -> Option<(u64, Usage)> {
        let usage = proc::usage(self.pid)?;
        self.rss_max = self.rss_max.max(usage.rss_bytes);
        Some((clock::now(), usage))
    }

    pub(crate) fn used(&self) -> Option<Used> {
        let ((from, first), (to, last)) = self.measure.zip(self.end)?;
        Some(Used {
            cpu_ns: last.cpu_ns.saturating_sub(first.cpu_ns),
            ns: to.saturating_sub(from).max(1),
            rss_before: self.before.rss_bytes,
            rss_begin: first.rss_bytes,
            rss_end: last.rss_bytes,
            rss_max: self.rss_max,
        })
    }
}

impl Used {
    pub(crate) fn cores(&self) -> f64 {
        self.cpu_ns as f64 / self.ns as f64
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.cpu_ns as f64 / SECOND as f64
    }
}
