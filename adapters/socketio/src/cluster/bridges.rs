//! Rooms into which this node has just put sockets of other nodes. Those nodes will hear of the
//! room in a moment; until then its messages go the way that the join went, too, so that
//! `join` followed by `emit` reaches whoever joined.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketioxide_core::adapter::Room;
use tokio::time::Instant;

/// How long a node may take to hear of a room.
const NEEDED_FOR: Duration = Duration::from_secs(2);

/// Rooms remembered. What is sent to those above it may come too early.
const ROOMS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Bridges(Mutex<HashMap<Room, Bridge>>);

struct Bridge {
    channels: Vec<String>,
    until: Instant,
}

impl Bridges {
    /// A join of `rooms` was sent to `channels`.
    pub(super) fn open(&self, rooms: &[Room], channels: &[String], now: Instant) {
        let mut bridges = self.lock();
        if bridges.len() + rooms.len() > ROOMS_MAX {
            bridges.retain(|_, bridge| bridge.until > now);
        }
        for room in rooms {
            if bridges.len() >= ROOMS_MAX && !bridges.contains_key(room) {
                tracing::debug!(%room, "too many rooms were joined at a time");
                return;
            }
            let bridge = bridges.entry(room.clone()).or_insert_with(|| Bridge {
                channels: Vec::new(),
                until: now,
            });
            if bridge.until <= now {
                bridge.channels.clear();
            }
            bridge.until = now + NEEDED_FOR;
            add(&mut bridge.channels, channels);
        }
    }

    /// Adds the ways to those who do not hear of `rooms` yet.
    pub(super) fn extend(&self, channels: &mut Vec<String>, rooms: &[Room], now: Instant) {
        let mut bridges = self.lock();
        if bridges.is_empty() {
            return;
        }
        for room in rooms {
            let Some(bridge) = bridges.get(room) else {
                continue;
            };
            if bridge.until > now {
                add(channels, &bridge.channels);
            } else {
                bridges.remove(room);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Room, Bridge>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(channels: &mut Vec<String>, more: &[String]) {
    for channel in more {
        if !channels.contains(channel) {
            channels.push(channel.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_is_used_until_it_is_not_needed() {
        let (bridges, now) = (Bridges::default(), Instant::now());
        let ways = |at| {
            let mut channels = vec!["room b".to_owned()];
            bridges.extend(&mut channels, &["b".into()], at);
            channels
        };
        assert_eq!(ways(now), ["room b"]);
        bridges.open(&["b".into()], &["room a".into()], now);
        bridges.open(&["b".into()], &["room a".into(), "room c".into()], now);
        assert_eq!(ways(now), ["room b", "room a", "room c"]);
        assert_eq!(ways(now + NEEDED_FOR), ["room b"]);
        assert!(bridges.lock().is_empty());
    }

    #[test]
    fn bridges_are_bounded() {
        let (bridges, now) = (Bridges::default(), Instant::now());
        let rooms: Vec<Room> = (0..=ROOMS_MAX).map(|n| n.to_string().into()).collect();
        bridges.open(&rooms, &["a".into()], now);
        assert_eq!(bridges.lock().len(), ROOMS_MAX);
        bridges.open(&["b".into()], &["a".into()], now + NEEDED_FOR);
        assert_eq!(bridges.lock().len(), 1);
    }
}
