//! A lean Socket.IO client (protocol 5 over Engine.IO 4, WebSocket only) with presence.
//!
//! [`Connection`] is one connection, without reconnecting: events, acks, pings. [`Client`] keeps
//! one alive: it reconnects with jitter, resumes its presences, sends their heartbeats, and keeps
//! a [`RoomView`] of each room, which is always what the server shows.
//!
//! ```no_run
//! use rtm_client::{Client, ClientOptions, JoinOptions};
//!
//! # async fn run() -> Result<(), rtm_client::ClientError> {
//! let client = Client::connect("http://127.0.0.1:3000", ClientOptions::default()).await?;
//! let room = client.join("lobby", JoinOptions::as_user("ada")).await?;
//! for member in room.members() {
//!     println!("{} is here", member.user_id);
//! }
//! # Ok(())
//! # }
//! ```

mod backoff;
mod client;
mod connection;
mod error;
mod options;
mod packet;
mod room;
mod view;

pub use client::{Client, ClientEvent};
pub use connection::{AckReply, Connection, Event, Listener, NoListener};
pub use error::{ClientError, ClosedBy};
pub use options::{ClientOptions, ConnectOptions, JoinOptions, Token, TokenProvider};
pub use room::Room;
pub use rtm_protocol as protocol;
pub use view::{Fed, RoomView};
