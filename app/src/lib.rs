//! The server as a library: [`RealtimeServer`] runs modules over Socket.IO, in memory or with
//! Redis. Presence is such a module, built in and optional.
//!
//! ```no_run
//! use rtm::{Config, RealtimeServer};
//!
//! # async fn run() -> Result<(), rtm::ServerError> {
//! let mut server = RealtimeServer::new(Config::default());
//! let address = server.start().await?;
//! println!("listening on {address}");
//! # server.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod auth;
pub mod commands;
pub mod config;
pub mod logging;
mod metrics;
pub mod module;
pub mod modules;
mod nodes;
mod runtime;
mod server;

pub use axum;
pub use config::Config;
pub use module::{ModuleContext, ModuleError, RealtimeModule};
pub use rtm_domain as domain;
pub use rtm_protocol as protocol;
pub use rtm_redis::{self as redis, fred};
pub use rtm_socketio::{Ack, Connection, Frame, Io, Request, Right, Socket, socketioxide};
pub use server::{RealtimeServer, ServerError};

/// The guide's code, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/modules.md")]
mod guide {}
