//! Runs this program under callgrind.

use std::process::Command;

/// Walks that are counted. An even number: some paths go to and fro.
const WALKS: u64 = 200;
/// Walks before them, which are not: the first ones allocate what later ones find.
const WARM_UP: u64 = 20;
/// Only what happens in [`counted_walks`] is collected, by whatever name the compiler gives it.
const COLLECT: &str = "--toggle-collect=*counted_walks*";

/// The instructions of one walk.
pub(crate) fn instructions(path: &str) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            COLLECT,
        ])
        .arg(own)
        .args(["walk", path])
        .output()
        .map_err(|error| format!("cannot run valgrind (apt-get install valgrind): {error}"))?;
    let said = String::from_utf8_lossy(&out.stderr);
    match collected(&said) {
        Some(count) if out.status.success() && count > 0 => Ok(count / WALKS),
        _ => Err(format!("callgrind counted nothing on {path:?}:\n{said}")),
    }
}

/// What runs under callgrind.
pub(crate) fn walk(mut path: rtm_hot_paths::Path) {
    (0..WARM_UP).for_each(|_| (path.walk)());
    counted_walks(&mut path.walk);
}

#[inline(never)]
fn counted_walks(walk: &mut dyn FnMut()) {
    (0..WALKS).for_each(|_| walk());
}

/// Its last words: `==1234== Collected : 567`.
fn collected(said: &str) -> Option<u64> {
    let mut lines = said.lines().rev();
    lines.find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_collected_is_found() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7== \n==7== I   refs:      123,456\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("==7== killed\n"), None);
    }
}
