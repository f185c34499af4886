//! Settings of the listener and of the transport under a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::suggest;

/// Where the server listens and how it treats a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Address to listen on. Default 127.0.0.1: reachable from this machine only.
    pub host: IpAddr,
    /// Port to listen on, 0 to 65,535; 0 takes any free one. Default 3000.
    pub port: u16,
    /// Origins whose pages may connect. Default: any.
    pub cors_origins: CorsOrigins,
    /// Whether the demo page is served at `/`. Default true.
    pub demo: bool,
    /// How long a shutdown waits for connections to end, 0 to 600 s. Default 4 s.
    pub shutdown_timeout: Duration,
    /// Time between two pings, 10 ms to 1 h. Default: derived by
    /// [`super::Config::ping_interval`].
    pub ping_interval: Option<Duration>,
    /// Wait for the answer to a ping, 10 ms to 1 h. Default: derived by
    /// [`super::Config::ping_timeout`].
    pub ping_timeout: Option<Duration>,
    /// How long a connection may live without joining a namespace, 100 ms to 10 min. Default 10 s.
    pub connect_timeout: Duration,
    /// How long a change from polling to WebSocket may take, 100 ms to 10 min. Default 10 s.
    pub upgrade_timeout: Duration,
    /// A connection whose peer has taken no bytes for this long is cut, 100 ms to 10 min.
    /// Default 5 s.
    pub write_stall: Duration,
}

impl HttpConfig {
    /// Host and port together.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 3000,
            cors_origins: CorsOrigins::Any,
            demo: true,
            shutdown_timeout: Duration::from_secs(4),
            ping_interval: None,
            ping_timeout: None,
            connect_timeout: Duration::from_secs(10),
            upgrade_timeout: Duration::from_secs(10),
            write_stall: Duration::from_secs(5),
        }
    }
}

/// Which origins a browser may connect from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Every origin.
    Any,
    /// These alone, each as a browser sends it: `scheme://host[:port]`, lower case, no path.
    Only(Vec<String>),
}

impl CorsOrigins {
    /// Reads `*` or a list with commas. The error is a hint on what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        text.split(',')
            .map(|origin| parse_origin(origin.trim()))
            .collect::<Result<_, _>>()
            .map(Self::Only)
    }
}

/// A browser compares origins byte by byte, so a slash at the end would silently match nothing.
fn parse_origin(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "for example https://app.example.com,http://localhost:5173";
    if text == "*" {
        return Err("write * alone, without other origins".into());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(match text {
            "" => EXAMPLE.into(),
            host => format!(
                "put the scheme first: https://{}",
                suggest::quoted_part(host.trim_end_matches('/'))
            ),
        });
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '*' | '"' | '\\' | '<' | '>');
    let scheme_is_plain = scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if scheme.is_empty()
        || authority.is_empty()
        || !scheme_is_plain
        || !authority.chars().all(plain)
    {
        return Err(EXAMPLE.into());
    }
    let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
    if authority.len() < rest.len() {
        return Err(format!("an origin has no path: write {origin}"));
    }
    Ok(origin)
}

/// Reads an address, or `localhost`. The error is a hint on what to write instead.
pub(super) fn parse_host(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Err(format!(
            "write {} here and {} as PORT",
            address.ip(),
            address.port()
        ));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .map_err(|_| "for example 127.0.0.1, or 0.0.0.0 for every interface".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_kept_as_a_browser_sends_them() {
        assert_eq!(CorsOrigins::parse("*"), Ok(CorsOrigins::Any));
        let two = CorsOrigins::parse("https://App.example.com , http://localhost:5173");
        let expected = vec![
            "https://app.example.com".to_owned(),
            "http://localhost:5173".to_owned(),
        ];
        assert_eq!(two, Ok(CorsOrigins::Only(expected)));
        assert!(CorsOrigins::parse("capacitor://localhost").is_ok());
    }

    #[test]
    fn an_origin_that_would_never_match_is_refused_with_the_right_one() {
        let hint = |text| CorsOrigins::parse(text).unwrap_err();
        assert_eq!(
            hint("https://a.example/"),
            "an origin has no path: write https://a.example"
        );
        assert_eq!(
            hint("a.example/"),
            "put the scheme first: https://a.example"
        );
        assert_eq!(
            hint("https://a.example,*"),
            "write * alone, without other origins"
        );
        for text in [
            "",
            "https://",
            "https://*.example",
            "https://user@a.example",
            "https://a b",
            "h ttp://a",
        ] {
            assert!(CorsOrigins::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_an_address_or_localhost() {
        assert_eq!(parse_host("localhost").unwrap().to_string(), "127.0.0.1");
        assert_eq!(parse_host("[::1]").unwrap().to_string(), "::1");
        assert_eq!(parse_host("0.0.0.0").unwrap().to_string(), "0.0.0.0");
        assert_eq!(
            parse_host("0.0.0.0:80").unwrap_err(),
            "write 0.0.0.0 here and 80 as PORT"
        );
        assert!(parse_host("example.com").is_err());
    }
}
