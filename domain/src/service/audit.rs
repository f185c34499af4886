//! Reads rooms in turn for presences whose lease is gone, and ends those whose owner is.

use std::sync::Arc;

use crate::error::StoreError;
use crate::ids::{ConnId, RoomId};
use crate::ports::Conns;
use crate::presence::command::Command;
use crate::presence::epoch::{Revision, Version};
use crate::presence::record::Found;
use crate::service::{Node, lock};

impl Node {
    /// One room is read, and what was suspected long enough is ended. Call it with each sweep.
    pub(super) async fn audit(self: &Arc<Self>) {
        let overdue = lock(&self.upkeep).audit.overdue(self.ports.clock.now());
        for (room, conn, revision) in overdue {
            match self.end_if_abandoned(&room, &conn, revision).await {
                Ok(true) => lock(&self.upkeep).audit.settle(room, conn),
                Ok(false) => {}
                // Tried again in the next sweep.
                Err(_) => return,
            }
        }
        let rooms: Vec<RoomId> = self.rooms.all().iter().map(|it| it.id().clone()).collect();
        let Some(room) = lock(&self.upkeep).audit.next(&rooms) else {
            return;
        };
        if let Ok(records) = self.read_for_audit(&room, Conns::Live).await {
            let now = self.ports.clock.now();
            lock(&self.upkeep).audit.examine(&room, &records, now);
        }
    }

    /// True if the suspicion is settled, one way or the other.
    async fn end_if_abandoned(
        self: &Arc<Self>,
        room: &RoomId,
        conn: &ConnId,
        revision: Revision,
    ) -> Result<bool, StoreError> {
        let records = self.read_for_audit(room, Conns::One(conn)).await?;
        let found = records.into_iter().next().map(|(_, found)| found);
        let Some(found) = found.filter(|found| found.revision == revision && found.lapsed) else {
            return Ok(true);
        };
        if !self.is_armed(self.part_of(room)) {
            return Ok(false);
        }
        let ended = self.end_from_outside(room, conn, Some(found), &Command::Expire);
        Ok(ended.await.is_ok())
    }

    async fn read_for_audit(
        self: &Arc<Self>,
        room: &RoomId,
        conns: Conns<'_>,
    ) -> Result<Vec<(ConnId, Found)>, StoreError> {
        let read = self.ports.store.read(room, Version(0), conns).await?;
        self.answered(self.part_of(room), &read.witness);
        Ok(read.records)
    }
}
