//! Settings of the relay.

/// Events of applications' own that members of a room send to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayConfig {
    /// Their names; with none the relay module does not run. Default: `cursor:move`.
    pub events: Vec<String>,
    /// How many of them one connection may send each second, 1 to 10,000. Default 100.
    pub events_per_second: u32,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            events: vec!["cursor:move".to_owned()],
            events_per_second: 100,
        }
    }
}
