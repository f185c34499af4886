//! How much may be read while something waits to be written.

/// Counts bytes: what is read takes room, what is written makes room, and all is room once
/// nothing waits.
#[derive(Debug)]
pub(super) struct ReadAhead {
    max: usize,
    /// None while nothing waits.
    left: Option<usize>,
}

impl ReadAhead {
    /// Room for `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self { max, left: None }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left == Some(0)
    }

    pub(super) fn read(&mut self, bytes: usize) {
        self.left = self.left.map(|left| left.saturating_sub(bytes));
    }

    /// Something waits to be written.
    pub(super) fn waits(&mut self) {
        self.left.get_or_insert(self.max);
    }

    /// True if that made room where there was none.
    pub(super) fn wrote(&mut self, bytes: usize) -> bool {
        let was_used_up = self.is_used_up();
        self.left = self.left.map(|left| (left + bytes).min(self.max));
        was_used_up && bytes > 0
    }

    /// Nothing waits. True if that made room where there was none.
    pub(super) fn all_written(&mut self) -> bool {
        self.left.take() == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_nothing_waits_any_amount_is_read() {
        let mut room = ReadAhead::new(10);
        room.read(1_000);
        assert!(!room.is_used_up());
        assert!(!room.wrote(5) && !room.all_written());
    }

    #[test]
    fn while_something_waits_what_is_written_makes_room() {
        let mut room = ReadAhead::new(10);
        room.waits();
        room.read(9);
        assert!(!room.is_used_up());
        room.read(9);
        assert!(room.is_used_up());
        // Still the same wait.
        room.waits();
        assert!(room.is_used_up());
        assert!(room.wrote(3));
        room.read(3);
        assert!(room.is_used_up());
        assert!(room.all_written());
        assert!(!room.is_used_up());
    }
}
