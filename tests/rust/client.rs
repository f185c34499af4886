//! The Rust client against the real server, and against the server of npm.

mod npm;
mod presence;
mod rig;
mod transport;
