//! What the server says of itself when it starts: mode, address, and what is open.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use rtm::Config;
use rtm::config::{CorsOrigins, Given};

/// The startup banner.
pub(crate) struct Banner<'a> {
    pub(crate) config: &'a Config,
    pub(crate) given: &'a [Given],
    pub(crate) address: SocketAddr,
    pub(crate) modules: &'a [&'static str],
}

impl Display for Banner<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            config,
            given,
            address,
            modules,
        } = self;
        let mut row = |name: &str, text: &dyn Display| writeln!(f, "  {name:<10}{text}");
        row("rtm", &env!("CARGO_PKG_VERSION"))?;
        match &config.redis.url {
            None => row(
                "mode",
                &"in memory, one node; what it knows is gone when it stops",
            )?,
            Some(url) => row("mode", &format_args!("one of many nodes on {url}"))?,
        }
        row(
            "address",
            &format_args!("http://{address}  (Socket.IO at /socket.io/)"),
        )?;
        if config.http.demo {
            row("demo", &format_args!("http://{address}/"))?;
        }
        let reach = match address.ip().is_loopback() {
            true => "this machine only; set HOST to be reached from others",
            false => "every machine that reaches this address",
        };
        row("open to", &reach)?;
        let identity = match config.auth.is_on() {
            true => "clients show a signed token",
            false => "no authentication: a client is whoever it says it is",
        };
        row("identity", &identity)?;
        match &config.http.cors_origins {
            CorsOrigins::Any => row("pages of", &"any origin (CORS_ORIGINS=*)")?,
            CorsOrigins::Only(origins) => row("pages of", &origins.join(", "))?,
        }
        row(
            "modules",
            &if modules.is_empty() {
                "none".into()
            } else {
                modules.join(", ")
            },
        )?;
        for (nth, given) in given.iter().enumerate() {
            row(if nth == 0 { "set" } else { "" }, given)?;
        }
        Ok(())
    }
}
