//! The rows of the server, its connections and its log.

use super::{HOUR, MINUTE, count, millis, text};
use crate::config::LogFormat;
use crate::config::http::{self, CorsOrigins};
use crate::config::kind::Kind;
use crate::config::log;
use crate::config::setting::Setting;

pub(super) fn server() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "HOST",
            "127.0.0.1",
            "Address to listen on; the default is reachable from this machine only.",
            text("an IP address or localhost", |c, t| {
                http::parse_host(t).map(|host| c.http.host = host)
            }),
        ),
        Setting::new(
            "PORT",
            "3000",
            "Port to listen on; 0 takes any free one.",
            // The range keeps the number within the type.
            count("", 0..=65_535, |c, n| c.http.port = n as u16),
        ),
        Setting::new(
            "CORS_ORIGINS",
            "*",
            "Origins whose pages may connect, with commas between them.",
            Kind::Text {
                form: "origins such as https://app.example.com, or *",
                list: true,
                set: |c, t| CorsOrigins::parse(t).map(|origins| c.http.cors_origins = origins),
            },
        ),
        Setting::new(
            "DEMO",
            "true",
            "Whether the demo page is served at /.",
            Kind::Switch {
                set: |c, on| c.http.demo = on,
            },
        ),
        Setting::new(
            "SHUTDOWN_TIMEOUT_MS",
            "4000",
            "How long a shutdown waits for connections to end.",
            millis(0..=10 * MINUTE, |c, d| c.http.shutdown_timeout = d),
        ),
    ];
    Setting::under("Server", rows)
}

pub(super) fn connections() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "PING_INTERVAL_MS",
            "the lower of 25000 and PRESENCE_TTL_MS / 3",
            "Time between two pings of the server.",
            millis(10..=HOUR, |c, d| c.http.ping_interval = Some(d)),
        ),
        Setting::new(
            "PING_TIMEOUT_MS",
            "the lower of 20000 and PRESENCE_TTL_MS / 3",
            "How long the answer to a ping may take before the connection counts as gone.",
            millis(10..=HOUR, |c, d| c.http.ping_timeout = Some(d)),
        ),
        Setting::new(
            "CONNECT_TIMEOUT_MS",
            "10000",
            "How long a connection may live without joining a namespace.",
            millis(100..=10 * MINUTE, |c, d| c.http.connect_timeout = d),
        ),
        Setting::new(
            "UPGRADE_TIMEOUT_MS",
            "10000",
            "How long the change from polling to WebSocket may take.",
            millis(100..=10 * MINUTE, |c, d| c.http.upgrade_timeout = d),
        ),
        Setting::new(
            "WRITE_STALL_MS",
            "5000",
            "A connection whose peer has taken no bytes for this long is cut.",
            millis(100..=10 * MINUTE, |c, d| c.http.write_stall = d),
        ),
    ];
    Setting::under("Connections", rows)
}

pub(super) fn logs() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "LOG_FORMAT",
            "auto",
            "Lines for people, or JSON for machines; auto is pretty on a terminal, else json.",
            Kind::Choice {
                options: &[
                    ("auto", |c| c.log.format = LogFormat::Auto),
                    ("pretty", |c| c.log.format = LogFormat::Pretty),
                    ("json", |c| c.log.format = LogFormat::Json),
                ],
            },
        ),
        Setting::new(
            "LOG_LEVEL",
            "info",
            "What is logged: a level, or levels for single parts.",
            text(
                "off, error, warn, info, debug, trace, or a list such as info,rtm=debug",
                |c, t| log::parse_level(t).map(|level| c.log.level = level),
            ),
        ),
    ];
    Setting::under("Log", rows)
}
