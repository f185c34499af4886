//! Modules that come with the server.

mod auth;
pub mod chat;
mod presence;
pub mod relay;

pub use auth::AuthModule;
pub use chat::ChatModule;
pub use presence::PresenceModule;
pub use relay::{RelayModule, RelaySettings};
