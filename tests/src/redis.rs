//! Real Redis servers for tests: started on free ports, ended with the test, and where a test
//! wants it, with a calendar that is moved by hand.

mod hand_time;
mod node;
mod server;
mod size;
mod stage;

use std::env;
use std::sync::OnceLock;

pub use node::RedisNode;
pub use server::{RedisServer, free_port};
pub use size::{keys, remove_leases, size};
pub use stage::OnRedis;

/// Runs what talks to Redis, beside the thread of a test.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(2).enable_all();
        builder.build().expect("a runtime can be built")
    })
}

/// Whether there is a `redis-server` to test with. Without one such tests are left out, loudly;
/// `tests/all.sh` installs it and lets nothing be left out.
pub fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join("redis-server").is_file());
    if !found {
        let must = env::var_os("RTM_REQUIRE_ALL").is_some();
        assert!(
            !must,
            "there is no redis-server, and no test may be left out"
        );
        eprintln!("LEFT OUT: there is no redis-server; install it, or run tests/all.sh");
    }
    found
}
