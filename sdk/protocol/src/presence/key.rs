//! The secret of a presence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The secret with which its owner resumes a presence (new). Debug output does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(concrete(T = String)))]
#[serde(transparent)]
pub struct Key<T = String>(pub T);

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_out_of_debug_output() {
        assert_eq!(format!("{:?}", Key("secret")), "Key(…)");
    }
}
