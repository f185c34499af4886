//! Modules that come with the server.

mod auth;
mod presence;

pub use auth::AuthModule;
pub use presence::PresenceModule;
