//! A room's snapshot, made once for all who ask for the room while it holds.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::ports::{Encoder, Message};
use crate::presence::snapshot::Snapshot;
use crate::time::Moment;

/// A snapshot, and the form in which it is sent once somebody needed that.
pub struct SharedSnapshot {
    snapshot: Snapshot,
    encoded: OnceLock<Message>,
}

impl SharedSnapshot {
    fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            encoded: OnceLock::new(),
        }
    }

    /// The form in which it is sent. The first call makes it.
    pub fn encoded(&self, encoder: &dyn Encoder) -> &Message {
        self.encoded
            .get_or_init(|| encoder.encode_snapshot(&self.snapshot))
    }

    pub(super) fn is_encoded(&self) -> bool {
        self.encoded.get().is_some()
    }
}

impl Deref for SharedSnapshot {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl std::fmt::Debug for SharedSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.snapshot.fmt(f)
    }
}

/// The snapshot that a room gave last, until the room changes or it is too old.
#[derive(Default)]
pub(super) struct Sharing {
    latest: Option<(Moment, Arc<SharedSnapshot>)>,
}

impl Sharing {
    /// The latest one, or another if that was made at least `longest` ago.
    pub(super) fn take(
        &mut self,
        now: Moment,
        longest: Duration,
        make: impl FnOnce() -> Snapshot,
    ) -> Arc<SharedSnapshot> {
        self.drop_old(now, longest);
        let (_, shared) = self
            .latest
            .get_or_insert_with(|| (now, Arc::new(SharedSnapshot::new(make()))));
        shared.clone()
    }

    /// Keeps nothing that nobody may be given any more.
    pub(super) fn drop_old(&mut self, now: Moment, longest: Duration) {
        self.latest
            .take_if(|(made, _)| now < *made || now.since(*made) >= longest);
    }

    /// The room is not what it was.
    pub(super) fn changed(&mut self) {
        self.latest = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presence::epoch::Version;

    const LONGEST: Duration = Duration::from_millis(10);

    fn of(version: u64) -> Snapshot {
        Snapshot {
            version: Version(version),
            entries: Vec::new(),
        }
    }

    #[test]
    fn one_is_made_for_all_until_it_is_too_old() {
        let mut sharing = Sharing::default();
        let first = sharing.take(Moment(100), LONGEST, || of(1));
        let second = sharing.take(Moment(109), LONGEST, || unreachable!("there is one"));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(
            sharing.take(Moment(110), LONGEST, || of(2)).version,
            Version(2)
        );
    }

    #[test]
    fn a_change_ends_it_at_once() {
        let mut sharing = Sharing::default();
        sharing.take(Moment(100), LONGEST, || of(1));
        sharing.changed();
        assert!(sharing.latest.is_none(), "it is not kept either");
        assert_eq!(
            sharing.take(Moment(100), LONGEST, || of(2)).version,
            Version(2)
        );
    }

    #[test]
    fn what_is_too_old_is_not_kept() {
        let mut sharing = Sharing::default();
        sharing.take(Moment(100), LONGEST, || of(1));
        sharing.drop_old(Moment(109), LONGEST);
        assert!(sharing.latest.is_some());
        sharing.drop_old(Moment(110), LONGEST);
        assert!(sharing.latest.is_none());
    }
}
