//! What chat asks of its stores: one suite, held to memory and to Redis.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod chat {
    mod contract;
    mod memory;
    mod stage;
}
