//! The rows of the limits.

use std::ops::RangeInclusive;

use super::count;
use crate::config::Config;
use crate::config::kind::{Kind, Set, Unit};
use crate::config::setting::Setting;

const GIB: u32 = 1 << 30;

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "MAX_MESSAGE_BYTES",
            "1000000",
            "Largest message of a client, on every transport.",
            bytes(1024..=GIB, |c, n| c.limits.message_bytes = n),
        ),
        Setting::new(
            "MAX_ATTACHMENTS",
            "10",
            "Most binary attachments of one message.",
            count("attachments", 0..=10_000, |c, n| {
                c.limits.attachments = n as usize
            }),
        ),
        Setting::new(
            "MAX_NESTING",
            "128",
            "Deepest nesting of objects and lists in a message.",
            count("levels", 1..=128, |c, n| c.limits.nesting = n as usize),
        ),
        Setting::new(
            "MAX_ID_BYTES",
            "256",
            "Longest id of a room or a user.",
            bytes(1..=65_536, |c, n| c.limits.id_bytes = n),
        ),
        Setting::new(
            "MAX_STATE_BYTES",
            "262144",
            "Largest state of a presence, after a patch.",
            bytes(2..=GIB, |c, n| c.limits.state_bytes = n),
        ),
        Setting::new(
            "MAX_CHAT_BYTES",
            "65536",
            "Largest chat message, as JSON text.",
            bytes(1..=1 << 24, |c, n| c.limits.chat_bytes = n),
        ),
        Setting::new(
            "MAX_RELAY_BYTES",
            "16384",
            "Largest payload of a relayed event, as JSON text.",
            bytes(1..=1 << 24, |c, n| c.limits.relay_bytes = n),
        ),
        Setting::new(
            "MAX_ROOMS_PER_CONNECTION",
            "128",
            "Most rooms one connection is in.",
            count("rooms", 1..=100_000, |c, n| {
                c.limits.rooms_per_connection = n as usize
            }),
        ),
        Setting::new(
            "MAX_CONNECTIONS_PER_ROOM",
            "10000",
            "Most connections in one room.",
            count("connections", 1..=10_000_000, |c, n| {
                c.limits.connections_per_room = n as usize
            }),
        ),
        Setting::new(
            "MAX_EVENTS_PER_SECOND",
            "200",
            "Events one connection may send in the long run.",
            count("events a second", 1..=1_000_000, |c, n| {
                c.limits.events_per_second = n
            }),
        ),
        Setting::new(
            "MAX_EVENTS_BURST",
            "5000",
            "Events one connection may send at once.",
            count("events", 1..=10_000_000, |c, n| c.limits.events_burst = n),
        ),
        Setting::new(
            "MAX_CONNECTIONS",
            "0",
            "Most connections of this node, counted from their handshake on; 0 is no limit.",
            count("connections", 0..=10_000_000, |c, n| {
                c.limits.connections = n as usize
            }),
        ),
        Setting::new(
            "MAX_CONNECTIONS_PER_ADDRESS",
            "0",
            "Most connections from one IP address; 0 is no limit.",
            count("connections", 0..=10_000_000, |c, n| {
                c.limits.connections_per_address = n as usize
            }),
        ),
        Setting::new(
            "MAX_PENDING_SESSIONS",
            "1000",
            "Most sessions that have not entered the namespace yet; more close the oldest.",
            count("sessions", 1..=10_000_000, |c, n| {
                c.limits.pending_sessions = n as usize
            }),
        ),
        Setting::new(
            "MAX_PARTIAL_BYTES",
            "8388608",
            "Most bytes of unfinished messages of all connections, with packets that wait for attachments; more give up the largest.",
            bytes(1024..=GIB, |c, n| c.limits.partial_bytes = n),
        ),
        Setting::new(
            "MAX_QUEUE_BYTES",
            "1048576",
            "Most bytes waiting to be sent to one connection; more cuts it.",
            bytes(1024..=GIB, |c, n| c.limits.queue_bytes = n),
        ),
        Setting::new(
            "MAX_QUEUE_PACKETS",
            "4096",
            "Most packets waiting to be sent to one connection; more cuts it.",
            count("packets", 1..=1_000_000, |c, n| {
                c.limits.queue_packets = n as usize
            }),
        ),
        Setting::new(
            "MAX_INBOX_BYTES",
            "4194304",
            "Most bytes of one connection's events waiting to be worked on.",
            bytes(1024..=GIB, |c, n| c.limits.inbox_bytes = n),
        ),
    ];
    Setting::under("Limits", rows)
}

pub(super) fn bytes(range: RangeInclusive<u32>, set: fn(&mut Config, usize)) -> Kind {
    Kind::Number {
        unit: Unit::Bytes,
        range,
        set: Set::Bytes(set),
    }
}
