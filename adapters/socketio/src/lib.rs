//! The Socket.IO transport.
//!
//! An event's way: [`serve`] accepts the stream, socketioxide reads the packet, a connection's
//! intake counts, checks and queues it, and its handler ([`presence`]'s, or a module's) does it.
//! The way back: [`Connection::emit`] or an [`Ack`], which deliver or cut the [`line`].
//!
//! Only this crate and `app` know socketioxide.

mod attachments;
mod bare;
pub mod bus;
pub mod cluster;
pub mod connection;
mod frame;
pub mod gateway;
pub mod handshake;
pub mod hooks;
mod identity;
pub mod limits;
pub mod line;
pub mod metrics;
mod open_packet;
mod opening;
mod packet;
pub mod panics;
mod partial;
mod pending;
mod places;
mod polling;
pub mod presence;
mod registry;
mod serve;
mod stream;
mod upgrade;
mod way_out;

pub use bus::{Bus, BusAway, BusSink};
pub use cluster::{Cluster, ClusterAdapter};
pub use connection::{Ack, Connection, Handler, Request, Work, remote_of};
pub use frame::Frame;
pub use gateway::Gateway;
pub use handshake::Handshake;
pub use hooks::{ConnectRefused, Hooks};
pub use identity::{Authority, Everything, Identity, Right};
pub use limits::Limits;
pub use metrics::Metrics;
pub use serve::serve;
pub use socketioxide;

/// Socket.IO itself, as modules use it.
pub type Io = socketioxide::SocketIo<ClusterAdapter>;

/// A Socket.IO socket, as modules use it.
pub type Socket = socketioxide::extract::SocketRef<ClusterAdapter>;
