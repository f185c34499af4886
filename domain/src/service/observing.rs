//! Tells the observers what this node writes, in its place among what its members are told.

use std::sync::Arc;

use crate::error::StoreError;
use crate::ids::RoomId;
use crate::ports::{Change, ChangeKind, Commit, Committed, Conns, Observer};
use crate::presence::epoch::Version;
use crate::presence::event::Happened;
use crate::service::room::{Inner, LocalRoom};
use crate::service::{Node, lock};
use crate::view::View;

/// A write that observers shall hear of, once the room's members have.
pub(super) struct Watch {
    observers: Arc<[Arc<dyn Observer>]>,
    change: Change,
    /// Whether the user was not in the room before.
    alone: bool,
}

/// Watches whose writes the view has not reached yet.
#[derive(Default)]
pub(super) struct Watches(Vec<(Version, Watch)>);

impl Node {
    /// Who observes.
    pub(super) fn observers(&self) -> Arc<[Arc<dyn Observer>]> {
        lock(&self.observers).clone()
    }

    /// Has all observers open a room. Call with the room's `opening` held.
    pub(super) async fn open_for_observers(&self, room: &RoomId) -> Result<(), StoreError> {
        for observer in self.observers().iter() {
            observer.open(room).await?;
        }
        Ok(())
    }

    /// Has all observers close a room. Call with the room's `opening` held.
    pub(super) fn close_for_observers(&self, room: &RoomId) {
        for observer in self.observers().iter() {
            observer.close(room);
        }
    }

    /// Commits in a room that has members here, and has the observers told.
    pub(super) async fn commit(
        &self,
        room: &LocalRoom,
        commit: Commit,
    ) -> Result<Committed, StoreError> {
        let watch = self.watch(room, &commit);
        let committed = self.ports.store.commit(commit).await?;
        if let Committed::Applied { version } = committed {
            room.watch(watch, version);
        }
        Ok(committed)
    }

    /// What observers would have to be told of a commit that is about to be sent.
    pub(super) fn watch(&self, room: &LocalRoom, commit: &Commit) -> Option<Watch> {
        let (observers, event) = (self.observers(), commit.event.as_ref()?);
        if observers.is_empty() {
            return None;
        }
        let (conn, user) = (event.conn.clone(), event.user.clone());
        let (again, alone) = room.with(|inner| match &inner.view {
            Some(view) => (view.shows(&conn), !view.shows_other(&user, &conn)),
            None => (false, false),
        });
        let kind = match event.kind.clone() {
            Happened::Joined(state) => ChangeKind::Joined {
                state,
                again,
                first: false,
            },
            Happened::Updated(state) => ChangeKind::Updated { state },
            Happened::Left(reason) => ChangeKind::Left {
                reason,
                last: false,
            },
        };
        Some(Watch {
            observers,
            change: Change {
                room: commit.room.clone(),
                conn,
                user,
                epoch: event.epoch,
                at: event.at,
                kind,
            },
            alone,
        })
    }

    /// Commits in a room that may have no members here, and has the observers told.
    pub(super) async fn commit_from_outside(
        &self,
        commit: Commit,
    ) -> Result<Committed, StoreError> {
        let local = self.rooms.find(&commit.room);
        let open = |room: &Arc<LocalRoom>| room.with(|inner| inner.view.is_some());
        if let Some(local) = local.filter(open) {
            return self.commit(&local, commit).await;
        }
        let watch = self.watch(&LocalRoom::new(commit.room.clone()), &commit);
        let committed = self.ports.store.commit(commit).await?;
        if let (Committed::Applied { .. }, Some(watch)) = (&committed, watch) {
            self.tell_from_outside(watch).await;
        }
        Ok(committed)
    }

    /// No view tells whether the user is in the room: the store does. If it does not answer,
    /// the user counts as gone.
    async fn tell_from_outside(&self, watch: Watch) {
        let (room, conn) = (&watch.change.room, &watch.change.conn);
        let read = self.ports.store.read(room, Version(0), Conns::Live).await;
        let others = read.is_ok_and(|read| {
            read.records.iter().any(|(other, found)| {
                other != conn && !found.lapsed && found.record.user == watch.change.user
            })
        });
        watch.tell(!others);
    }
}

impl LocalRoom {
    /// A commit was applied under this version.
    pub(super) fn watch(&self, watch: Option<Watch>, version: Version) {
        let Some(watch) = watch else { return };
        self.with(|inner| {
            inner.watches.0.push((version, watch));
            inner.tell_observers();
        });
    }
}

impl Inner {
    /// Tells the observers what the view has reached, in the order of the versions.
    pub(super) fn tell_observers(&mut self) {
        let Some(view) = self.view.as_ref().filter(|_| !self.watches.0.is_empty()) else {
            return;
        };
        let reached = view.version();
        let watches = std::mem::take(&mut self.watches.0);
        let (mut due, later): (Vec<_>, _) = watches
            .into_iter()
            .partition(|(version, _)| *version <= reached);
        self.watches.0 = later;
        due.sort_by_key(|(version, _)| *version);
        for (_, watch) in due {
            let alone = watch.is_alone_in(view);
            watch.tell(alone);
        }
    }
}

impl Watch {
    fn is_alone_in(&self, view: &View) -> bool {
        !view.shows_other(&self.change.user, &self.change.conn)
    }

    fn tell(mut self, alone: bool) {
        match &mut self.change.kind {
            ChangeKind::Joined { again, first, .. } => *first = !*again && (self.alone || alone),
            ChangeKind::Updated { .. } => {}
            ChangeKind::Left { last, .. } => *last = alone,
        }
        for observer in self.observers.iter() {
            observer.changed(&self.change);
        }
    }
}
