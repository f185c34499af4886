//! The state of the node, looked up when somebody asks.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rtm_domain::PresenceService;
use rtm_socketio::{Cluster, Gateway};

use crate::server::Readiness;

/// What a node is made of, as far as it can be asked how it is.
pub(crate) struct NodeState {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) presence: Option<PresenceService>,
    pub(crate) cluster: Cluster,
    pub(crate) readiness: Readiness,
}

impl fmt::Debug for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeState")
    }
}

impl Collector for NodeState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauges = Gauges(&mut encoder);
        let (websocket, polling) = self.gateway.transports();
        gauges.by(
            ("connections", "Connections, by transport"),
            "transport",
            &[("websocket", websocket), ("polling", polling)],
        )?;
        let ready = usize::from(self.readiness.trouble().is_none());
        gauges.one(("ready", "Whether this node takes clients: 1 or 0"), ready)?;
        if let Some(presence) = &self.presence {
            let (_, rooms) = presence.load();
            gauges.one(
                (
                    "rooms",
                    "Rooms that have, or had a moment ago, a member on this node",
                ),
                rooms,
            )?;
            let about = "Presences that connections of this node hold";
            gauges.one(("presences", about), presence.presences())?;
        }
        let counts = self.cluster.counts();
        let messages = [
            ("published", counts.published),
            ("dropped", counts.dropped),
            ("undelivered", counts.undelivered),
            ("oversized", counts.oversized),
            ("received", counts.received),
            ("overrun", counts.overrun),
            ("foreign", counts.foreign),
            ("unanswered", counts.unanswered),
            ("unsubscribed", counts.unsubscribed),
        ];
        let about = "Socket.IO messages between nodes, by what became of them";
        let mut family =
            encoder.encode_descriptor("cluster_messages", about, None, MetricType::Counter)?;
        for (what, count) in messages {
            let label = [("what", what)];
            let counter = ConstCounter::new(count);
            counter.encode(family.encode_family(&label)?)?;
        }
        Ok(())
    }
}

/// Writes gauges: by name and meaning.
struct Gauges<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Gauges<'_, '_> {
    fn one(&mut self, (name, about): (&str, &str), value: usize) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new(value as i64);
        let metric = self
            .0
            .encode_descriptor(name, about, None, gauge.metric_type())?;
        gauge.encode(metric)
    }

    fn by(
        &mut self,
        (name, about): (&str, &str),
        label: &'static str,
        values: &[(&'static str, usize)],
    ) -> Result<(), fmt::Error> {
        let mut family = self
            .0
            .encode_descriptor(name, about, None, MetricType::Gauge)?;
        for (which, value) in values {
            let labels = [(label, *which)];
            let gauge = ConstGauge::new(*value as i64);
            gauge.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
