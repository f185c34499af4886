//! What one client may ask of this node, and how long it may keep it waiting.

use std::time::Duration;

/// Limits and times of the transport. Every one holds on every transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of one message from a client, its attachments included, in bytes.
    pub message_bytes_max: usize,
    /// Binary attachments of one message.
    pub attachments_max: usize,
    /// Nesting of a message's JSON, in levels.
    pub nesting_max: usize,
    /// Events that a connection may send each second, in the long run.
    pub events_per_second_max: u32,
    /// Events that it may send at once.
    pub events_burst_max: u32,
    /// Bytes of events that wait for their turn, per connection.
    pub inbox_bytes_max: usize,
    /// Connections of this node, from the transport's handshake on; 0: no limit.
    pub connections_max: usize,
    /// Connections of one remote address, likewise; 0: no limit.
    pub connections_per_address_max: usize,
    /// Sessions that have not entered the namespace; beyond it, the oldest has to go.
    pub pending_sessions_max: usize,
    /// Bytes of messages that have arrived in part, and of packets that wait for attachments, of all
    /// connections together; beyond it, the largest are given up.
    pub partial_bytes_max: usize,
    /// Bytes that wait to be sent to one connection. One larger packet may enter an empty queue.
    pub queue_bytes_max: usize,
    /// Packets that wait to be sent to one connection.
    pub queue_packets_max: usize,
    /// How long a client may take no byte of what waits for it.
    pub write_stall_max: Duration,
    /// How often the server asks whether the client is there.
    pub ping_interval: Duration,
    /// How long the client may take to answer that.
    pub ping_timeout: Duration,
    /// How long a socket may stay without having joined the namespace.
    pub connect_timeout: Duration,
    /// How long an upgrade from polling to WebSocket may take.
    pub upgrade_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 1_000_000,
            attachments_max: 10,
            nesting_max: 128,
            events_per_second_max: 200,
            events_burst_max: 5_000,
            inbox_bytes_max: 4 * 1024 * 1024,
            connections_max: 0,
            connections_per_address_max: 0,
            pending_sessions_max: 1_000,
            partial_bytes_max: 8 * 1024 * 1024,
            queue_bytes_max: 1024 * 1024,
            queue_packets_max: 4_096,
            write_stall_max: Duration::from_secs(5),
            ping_interval: Duration::from_secs(10),
            ping_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            upgrade_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Sessions above [`connections_max`](Self::connections_max) or its like that are kept, each
    /// until it is told so; beyond them a handshake is refused without a word to its client.
    pub const REFUSED_SESSIONS_MAX: usize = 256;
    /// How many times [`pending_sessions_max`](Self::pending_sessions_max) there may be with those
    /// that have gone and that the transport has not let go of; beyond it, nobody is let in.
    pub const PENDING_KEPT_FACTOR: usize = 2;
    /// Bytes below which an unfinished message is never given up.
    pub const PARTIAL_BYTES_MIN: usize = 4_096;
    /// Bytes of an HTTP request's head.
    pub const HEAD_BYTES_MAX: usize = 64 * 1024;
    /// How long the body of a polling client's request may take.
    pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
    /// Packets that such a body may hold.
    pub const POLLED_PACKETS_MAX: usize = 10_000;
    /// Bytes of the name of a namespace that a client asks to enter. The answer of the transport
    /// repeats it, in a buffer that stays as long as a WebSocket.
    pub const NAMESPACE_BYTES_MAX: usize = 256;
    /// How long an HTTP request's head may take.
    pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
    /// Bytes that the kernel holds for one connection; slowness then shows after kilobytes.
    pub const SEND_BUFFER_BYTES: usize = 64 * 1024;
    /// What a connection reads at a time, in bytes. Larger messages are read in several steps.
    pub const READ_BUFFER_BYTES: usize = 512;
    /// Payload of a message's frame that the transport gets at once, in bytes: a larger frame is
    /// handed on in fragments of that size.
    pub const FRAGMENT_BYTES: usize = 4_096;
    /// How long what a client asked before it went may take, before its presences end.
    pub const FAREWELL_MAX: Duration = Duration::from_secs(2);
    /// How long a connection may take from the namespace's welcome to being announced.
    pub const ANNOUNCE_MAX: Duration = Duration::from_secs(10);
}
