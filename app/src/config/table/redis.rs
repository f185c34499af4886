//! The rows of Redis.

use super::{MINUTE, millis, text};
use crate::config::kind::Kind;
use crate::config::redis::{Publishing, RedisUrl};
use crate::config::setting::Setting;

const URL_FORM: &str = "redis://host:port, also rediss, redis-sentinel, rediss-sentinel, \
                        redis-cluster and rediss-cluster, or none";

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "REDIS_URL",
            "none",
            "Redis that several nodes share; without it everything stays in this process.",
            text(URL_FORM, |c, t| {
                c.redis.url = if t == "none" {
                    None
                } else {
                    Some(RedisUrl::parse(t)?)
                };
                Ok(())
            }),
        )
        .secret(),
        Setting::new(
            "REDIS_PREFIX",
            "rtm",
            "What all keys and channels begin with, so that several deployments may share one Redis.",
            text("1 to 64 letters, digits, -, _, . or :", |c, t| {
                rtm_redis::Keys::new(t).map_err(|_| "for example rtm-staging".to_owned())?;
                c.redis.prefix = t.into();
                Ok(())
            }),
        ),
        Setting::new(
            "REDIS_PUBLISHING",
            "auto",
            "Channels for events: auto is sharded on Redis 7 and later. The same on all nodes.",
            Kind::Choice {
                options: &[
                    ("auto", |c| c.redis.publishing = Publishing::Auto),
                    ("plain", |c| c.redis.publishing = Publishing::Plain),
                    ("sharded", |c| c.redis.publishing = Publishing::Sharded),
                ],
            },
        ),
        Setting::new(
            "REDIS_COMMAND_TIMEOUT_MS",
            "1500",
            "How long Redis may take to answer; clients are told unavailable after it.",
            millis(50..=MINUTE, |c, d| c.redis.command_timeout = d),
        ),
    ];
    Setting::under("Redis", rows)
}
