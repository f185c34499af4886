//! The channels of a namespace: one for each room, one for all its sockets, one for each node.

use socketioxide_core::Uid;
use socketioxide_core::adapter::{BroadcastFlags, BroadcastOptions};

/// How many channels one message goes to. One for more rooms goes to all nodes instead.
pub(super) const COPIES_MAX: usize = 32;

/// The channel of a room.
pub(super) fn room(namespace: &str, room: &str) -> String {
    format!("room:{namespace},{room}")
}

/// The channel of all sockets of the namespace.
pub(super) fn all(namespace: &str) -> String {
    format!("all:{namespace}")
}

/// The channel of one node: answers, and what concerns one of its sockets.
pub(super) fn node(namespace: &str, node: Uid) -> String {
    format!("node:{namespace},{node}")
}

/// Whose channel it is. No client can name a namespace with a comma.
pub(super) fn namespace_of(channel: &str) -> Option<&str> {
    let (_, rest) = channel.split_once(':')?;
    Some(
        rest.split_once(',')
            .map_or(rest, |(namespace, _)| namespace),
    )
}

/// Where the other nodes with sockets that `opts` selects can be reached; nowhere if it selects
/// none of theirs.
pub(super) fn of(namespace: &str, here: Uid, opts: &BroadcastOptions) -> Vec<String> {
    if opts.has_flag(BroadcastFlags::Local) {
        return Vec::new();
    }
    if let Some(there) = opts.server_id {
        return match there == here {
            true => Vec::new(),
            false => vec![node(namespace, there)],
        };
    }
    if !opts.rooms.is_empty() {
        let mut channels: Vec<String> = Vec::with_capacity(opts.rooms.len());
        for name in &opts.rooms {
            let channel = room(namespace, name);
            if !channels.contains(&channel) {
                channels.push(channel);
            }
            if channels.len() > COPIES_MAX {
                return vec![all(namespace)];
            }
        }
        return channels;
    }
    match opts.has_flag(BroadcastFlags::Broadcast) {
        true => vec![all(namespace)],
        // One socket of this node, or none at all.
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(count: usize) -> BroadcastOptions {
        let mut opts = BroadcastOptions::default();
        opts.rooms = (0..count).map(|n| format!("r{n}").into()).collect();
        opts
    }

    #[test]
    fn a_channel_tells_its_namespace() {
        let here = Uid::new();
        for namespace in ["/", "/chat:a", ""] {
            for channel in [
                room(namespace, "a,b:c"),
                all(namespace),
                node(namespace, here),
            ] {
                assert_eq!(namespace_of(&channel), Some(namespace), "{channel}");
            }
        }
        assert_eq!(namespace_of("garbage"), None);
    }

    #[test]
    fn each_room_is_reached_once_and_many_rooms_by_all_nodes() {
        let here = Uid::new();
        let mut twice = rooms(2);
        twice.rooms.push("r0".into());
        assert_eq!(of("/", here, &twice), ["room:/,r0", "room:/,r1"]);
        assert_eq!(of("/", here, &rooms(COPIES_MAX)).len(), COPIES_MAX);
        assert_eq!(of("/", here, &rooms(COPIES_MAX + 1)), ["all:/"]);
    }

    #[test]
    fn what_is_local_reaches_nobody_else() {
        let here = Uid::new();
        let mut local = rooms(1);
        local.add_flag(BroadcastFlags::Local);
        let mut own = BroadcastOptions::new(Default::default());
        own.server_id = Some(here);
        for opts in [local, own, BroadcastOptions::default()] {
            assert!(of("/", here, &opts).is_empty(), "{opts:?}");
        }
    }
}
