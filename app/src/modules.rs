//! Modules that come with the server.

pub mod presence;

pub use presence::PresenceModule;
