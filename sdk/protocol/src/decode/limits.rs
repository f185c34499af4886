//! The limits that a request can pass by itself.

use crate::error::Limit;

/// How large parts of a request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// `MAX_ID_BYTES`: of a room or user id, in bytes of UTF-8.
    pub id_bytes_max: usize,
    /// `MAX_STATE_BYTES`: of a state or a patch when serialised, in bytes.
    pub state_bytes_max: usize,
}

impl DecodeLimits {
    /// `id_bytes_max` as a client is told.
    pub(super) fn id(&self) -> Limit {
        Limit::new("MAX_ID_BYTES", self.id_bytes_max as u64)
    }

    /// `state_bytes_max` as a client is told.
    pub(super) fn state(&self) -> Limit {
        Limit::new("MAX_STATE_BYTES", self.state_bytes_max as u64)
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            id_bytes_max: 256,
            state_bytes_max: 262_144,
        }
    }
}
