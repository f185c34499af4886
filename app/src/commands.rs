//! The commands of `rtm` beside `serve`.

pub mod token;
