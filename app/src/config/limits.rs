//! How much of anything may be used; the wire's answers to an excess are in the protocol.

/// Limits on one message, one connection, one room and the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message of a client on every transport, in bytes, 1,024 to 1 GiB.
    /// Default 1,000,000.
    pub message_bytes: usize,
    /// Most binary attachments of one message, 0 to 10,000. Default 10.
    pub attachments: usize,
    /// Deepest nesting of a message, in levels, 1 to 128. Default 128.
    pub nesting: usize,
    /// Longest room or user id, in bytes, 1 to 65,536. Default 256.
    pub id_bytes: usize,
    /// Largest state of a presence after a patch, in bytes, 2 to 1 GiB. Default 262,144.
    pub state_bytes: usize,
    /// Largest chat message, as JSON text, in bytes, 1 to 16 MiB. Default 65,536.
    pub chat_bytes: usize,
    /// Largest payload of a relayed event, as JSON text, in bytes, 1 to 16 MiB. Default 16,384.
    pub relay_bytes: usize,
    /// Most rooms of one connection, 1 to 100,000. Default 128.
    pub rooms_per_connection: usize,
    /// Most connections in one room, 1 to 10,000,000. Default 10,000.
    pub connections_per_room: usize,
    /// Events a connection may send in the long run, a second, 1 to 1,000,000. Default 200.
    pub events_per_second: u32,
    /// Events a connection may send at once, 1 to 10,000,000. Default 5,000.
    pub events_burst: u32,
    /// Most connections of this node, up to 10,000,000; 0 is no limit. Default 0.
    pub connections: usize,
    /// Most connections from one address, up to 10,000,000; 0 is no limit. Default 0.
    pub connections_per_address: usize,
    /// Most sessions that have not entered the namespace yet, 1 to 10,000,000. Default 1,000.
    pub pending_sessions: usize,
    /// Most bytes of unfinished messages of all connections together, 1,024 to 1 GiB.
    /// Default 8,388,608.
    pub partial_bytes: usize,
    /// Most bytes waiting to be sent to one connection, 1,024 to 1 GiB. Default 1,048,576.
    pub queue_bytes: usize,
    /// Most packets waiting to be sent to one connection, 1 to 1,000,000. Default 4,096.
    pub queue_packets: usize,
    /// Most bytes of a connection's events waiting to be worked on, 1,024 to 1 GiB.
    /// Default 4,194,304.
    pub inbox_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1_000_000,
            attachments: 10,
            nesting: 128,
            id_bytes: 256,
            state_bytes: 262_144,
            chat_bytes: 65_536,
            relay_bytes: 16_384,
            rooms_per_connection: 128,
            connections_per_room: 10_000,
            events_per_second: 200,
            events_burst: 5_000,
            connections: 0,
            connections_per_address: 0,
            pending_sessions: 1_000,
            partial_bytes: 8_388_608,
            queue_bytes: 1_048_576,
            queue_packets: 4_096,
            inbox_bytes: 4_194_304,
        }
    }
}
