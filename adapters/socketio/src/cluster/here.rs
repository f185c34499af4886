//! Broadcasts to this node's sockets: encoded once, on the same way as everything else that
//! their connections are sent, so that what a module broadcasts and what it answers stay in order.

use socketioxide::SocketError;
use socketioxide::adapter::Emitter;
use socketioxide_core::Value;
use socketioxide_core::adapter::{BroadcastFlags, BroadcastOptions, CoreLocalAdapter};
use socketioxide_core::packet::{Packet, PacketData};

use crate::packet;
use crate::registry::Registry;
use crate::stream::Urgency;

/// The path of the namespace whose sockets have connections.
const MAIN: &str = "/";

/// Sends a packet to those sockets of this node that `opts` selects.
///
/// # Errors
///
/// Some of them could not be sent to.
pub(super) fn broadcast(
    local: &CoreLocalAdapter<Emitter>,
    registry: &Registry,
    packet: Packet,
    opts: BroadcastOptions,
) -> Result<(), Vec<SocketError>> {
    let Some(text) = text_of(&packet).filter(|_| !opts.has_flag(BroadcastFlags::Volatile)) else {
        return local.broadcast(packet, opts);
    };
    let (message, bytes) = (packet::event_text(text), text.len());
    for sid in local.sockets(opts) {
        // Whoever has no connection is about to go.
        if let Some(connection) = registry.find(sid.as_str()) {
            connection.send(
                Urgency::InTurn,
                || message.clone(),
                bytes,
                || {
                    let sent = local.broadcast(packet.clone(), BroadcastOptions::new(sid));
                    let error = sent.err().and_then(|mut errors| errors.pop());
                    error.map_or(Ok(()), |error| Err(error.into()))
                },
            );
        }
    }
    Ok(())
}

/// An event of the main namespace as text, unless it has binary attachments.
fn text_of(packet: &Packet) -> Option<&str> {
    match &packet.inner {
        PacketData::Event(Value::Str(text, None), None) if *packet.ns == *MAIN => Some(text),
        _ => None,
    }
}
