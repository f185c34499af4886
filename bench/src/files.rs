//! Open files: each connection is one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files of a process besides its connections, those among them that look at rooms at the end.
const SPARE: u64 = 128;

/// Raises this process's limit as far as it may, which the processes that it starts inherit; an error if that is not enough
/// for so many connections: the run would fail somewhere in its ramp.
pub(crate) fn allow(connections: u64) -> Result<(), String> {
    let needed = connections + SPARE;
    let mut limit = getrlimit(Resource::Nofile);
    let maximum = limit.maximum.unwrap_or(u64::MAX);
    if maximum < needed {
        return Err(format!(
            "{connections} connections in a process need {needed} open files, and {maximum} are allowed: \
             raise that (ulimit -Hn), or use more --processes"
        ));
    }
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)
            .map_err(|error| format!("cannot raise the limit of open files: {error}"))?;
    }
    Ok(())
}
