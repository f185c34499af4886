//! Engine.IO's open packet, in which a client learns how long it may be silent.

use std::time::Duration;

use rtm_domain::time::millis;

use crate::limits::Limits;

/// How long the transport itself waits for the answer to a ping. As good as for ever: this server
/// sees to the heartbeats of WebSockets, keeps their answers to itself, and sees which clients
/// have ceased to poll.
pub(crate) const TRANSPORT_PING_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The open packet as clients get it, with the true time; none if it is another one.
pub(crate) fn for_clients(packet: &[u8], limits: &Limits) -> Option<String> {
    let packet = std::str::from_utf8(packet).ok()?;
    let field = |span| format!(r#""pingTimeout":{}"#, millis(span));
    let written = field(TRANSPORT_PING_TIMEOUT);
    (packet.starts_with('0') && packet.contains(&written))
        .then(|| packet.replacen(&written, &field(limits.ping_timeout), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_learns_how_long_it_may_be_silent() {
        let limits = Limits {
            ping_timeout: Duration::from_millis(1_234),
            ..Limits::default()
        };
        let for_clients = |text: String| for_clients(text.as_bytes(), &limits);
        let open =
            |timeout: u64| format!(r#"0{{"sid":"x","pingTimeout":{timeout},"maxPayload":1}}"#);
        let written = millis(TRANSPORT_PING_TIMEOUT);
        assert_eq!(for_clients(open(written)), Some(open(1_234)));
        assert_eq!(for_clients(open(1)), None);
        assert_eq!(for_clients(format!("4{}", open(written))), None);
    }
}
