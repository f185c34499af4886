//! The modules that come with the server, as its configuration asks for them.

use std::sync::Arc;

use rtm_domain::PresenceService;
use rtm_domain::ports::Clock;
use rtm_socketio::presence;

use super::storage::Storage;
use super::{NamedModule, ServerError, parts};
use crate::auth::{Authenticator, Revocations};
use crate::config::Config;
use crate::modules::{AuthModule, ChatModule, PresenceModule, RelayModule};

/// The names of those that `config` asks for, in order.
pub(super) fn names(config: &Config, has_authenticator: bool) -> Vec<&'static str> {
    let presence = config.presence.enabled;
    let asked = [
        (AuthModule::NAME, has_authenticator),
        (presence::OWNER, presence),
        (ChatModule::NAME, presence && config.chat.enabled),
        (
            RelayModule::NAME,
            presence && !config.relay.events.is_empty(),
        ),
    ];
    let asked = asked.into_iter().filter(|(_, asked)| *asked);
    asked.map(|(name, _)| name).collect()
}

/// What they are made of.
pub(super) struct Materials<'a> {
    pub(super) config: &'a Config,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) storage: &'a Storage,
    pub(super) authenticator: Option<&'a Arc<dyn Authenticator>>,
    pub(super) revocations: &'a Arc<Revocations>,
    pub(super) presence: Option<&'a PresenceService>,
}

impl Materials<'_> {
    /// Makes them, in order.
    pub(super) async fn make(&self) -> Result<Vec<NamedModule>, ServerError> {
        let mut modules = Vec::new();
        if let Some(authenticator) = self.authenticator {
            let module = AuthModule::new(authenticator.clone(), self.revocations.clone());
            modules.push(NamedModule::new(module));
        }
        let Some(presence) = self.presence else {
            return Ok(modules);
        };
        modules.push(NamedModule::new(PresenceModule::new(presence.clone())));
        if self.config.chat.enabled {
            let settings = parts::chat(self.config);
            let store = self.storage.chat(settings, self.clock).await?;
            let clock = self.clock.clone();
            let module = ChatModule::new(presence.clone(), store, clock, settings);
            modules.push(NamedModule::new(module));
        }
        let relay = parts::relay(self.config);
        if !relay.events.is_empty() {
            let wires = self.storage.relay_wires().await?;
            let module = RelayModule::new(presence.clone(), relay, wires);
            modules.push(NamedModule::new(module));
        }
        Ok(modules)
    }
}
