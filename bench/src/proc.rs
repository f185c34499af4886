//! CPU and memory of processes, from `/proc`.

use std::fs;

use crate::clock::SECOND;

/// What a process has used up to now, and uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) cpu_ns: u64,
    pub(crate) rss_bytes: u64,
}

/// Of a process of this machine. `None`: there is none.
pub(crate) fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may have any character.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let pages: u64 = fields.nth(8)?.parse().ok()?;
    let tick_ns = SECOND / rustix::param::clock_ticks_per_second().max(1);
    Some(Usage {
        cpu_ns: (user + system) * tick_ns,
        rss_bytes: pages * rustix::param::page_size() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_none_uses_nothing() {
        let own = usage(std::process::id()).unwrap();
        assert!(own.rss_bytes > 100_000);
        assert_eq!(usage(u32::MAX), None);
    }
}
