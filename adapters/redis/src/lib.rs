//! Presence storage, feed and channels of many nodes on one Redis (6 or later): a single server,
//! Sentinel or Cluster.
//!
//! Rust decides, Redis commits: four scripts compare a revision, replace a record, move its
//! deadline and publish its event. They know no rule and no field of a record. This is the only
//! crate that knows the Redis client; it is re-exported for modules that talk to Redis
//! themselves.

mod channels;
mod checks;
mod clients;
mod codec;
mod error;
mod feed;
mod gate;
mod keys;
mod lifeline;
mod node;
mod scripts;
mod settings;
mod store;

pub use fred;

pub use channels::{ChannelSink, Channels};
pub use error::ConnectError;
pub use feed::RedisFeed;
pub use gate::Health;
pub use keys::Keys;
pub use node::Redis;
pub use scripts::Script;
pub use settings::{Publishing, RedisSettings};
pub use store::RedisStore;
