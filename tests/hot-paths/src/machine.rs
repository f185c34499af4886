//! What instruction counts depend on besides the source.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Where counts come from. On another one they are others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// What it was built for; nothing compares across these.
    pub(crate) target: String,
    pub(crate) compiler: String,
    /// Brings `malloc` and `memcpy`.
    pub(crate) libc: String,
    /// What of the processor `memcpy` may use.
    pub(crate) vectors: String,
    pub(crate) valgrind: String,
}

impl Machine {
    pub(crate) fn this() -> Result<Self, String> {
        Ok(Self {
            target: env!("BUILT_FOR").into(),
            compiler: env!("BUILT_BY").into(),
            libc: said("getconf", "GNU_LIBC_VERSION").unwrap_or_else(|_| "unknown".into()),
            vectors: vectors().into(),
            valgrind: said("valgrind", "--version")?,
        })
    }

    /// What of `other` is different, in words.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = [
            (&self.target, &other.target),
            (&self.compiler, &other.compiler),
            (&self.libc, &other.libc),
            (&self.vectors, &other.vectors),
            (&self.valgrind, &other.valgrind),
        ];
        let different = pairs.into_iter().filter(|(own, other)| own != other);
        different
            .map(|(own, other)| format!("{own}, here {other}"))
            .collect()
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            compiler,
            libc,
            vectors,
            valgrind,
        } = self;
        write!(f, "{target}, {compiler}, {libc}, {vectors}, {valgrind}")
    }
}

fn said(program: &str, argument: &str) -> Result<String, String> {
    let out = Command::new(program).arg(argument).output();
    let out = out.map_err(|error| format!("cannot run {program}: {error}"))?;
    match out.status.success() {
        true => Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned()),
        false => Err(format!("{program} {argument} failed")),
    }
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    // Valgrind passes on no wider ones.
    match std::arch::is_x86_feature_detected!("avx2") {
        true => "avx2",
        false => "sse2",
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> &'static str {
    std::env::consts::ARCH
}
