//! What the operator may see at `/metrics`: `docs/metrics.md` is the list.
//!
//! Each part counts for itself; here they are put together under one prefix, and what is a state
//! rather than a count is looked up when somebody asks.

mod meter;
mod node;
mod process;
mod store;

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

pub(crate) use node::NodeState;
pub(crate) use store::MeteredStore;

use meter::ServiceMeter;
use store::StoreMetrics;

/// Prefix of every name.
const PREFIX: &str = "rtm";

/// The format in which they are told.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted of the presence service.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) service: Arc<ServiceMeter>,
    pub(crate) store: StoreMetrics,
}

/// Everything that is counted in a server.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Registry>);

impl Metrics {
    /// Puts together what the transport, the service and its store count, and the state of the
    /// node.
    pub(crate) fn new(counts: &Counts, node: NodeState) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(process::Process));
        let ours = registry.sub_registry_with_prefix(PREFIX);
        node.gateway.metrics().register(ours);
        if node.presence.is_some() {
            counts.service.register(ours);
            counts.store.register(ours);
        }
        ours.register_collector(Box::new(node));
        Self(Arc::new(registry))
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}
