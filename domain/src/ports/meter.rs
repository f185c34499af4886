//! Who counts and times what the service does.

/// Follows the work of the service, for its operator. Nothing depends on it; no call blocks or
/// panics. `()` counts nothing.
pub trait Meter: Send + Sync {
    /// The members of a room on this node are about to be told something: runs `tell`, which
    /// does it, exactly once.
    fn fan_out(&self, members: usize, tell: &mut dyn FnMut()) {
        let _ = members;
        tell();
    }

    /// A room's view may lack something, and is about to be read again.
    fn repair(&self) {}
}

impl Meter for () {}
