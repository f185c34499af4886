//! The address of a Redis, whose password nobody gets to see by accident.

use std::fmt;

use crate::config::suggest;

const SCHEMES: [&str; 6] = [
    "redis",
    "rediss",
    "redis-sentinel",
    "rediss-sentinel",
    "redis-cluster",
    "rediss-cluster",
];

/// The URL of a Redis. `Debug` and `Display` leave out user, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// Reads `scheme://[user:password@]host[:port][/database][?parameters]`, with a scheme out of
    /// the same six that the table of settings names.
    ///
    /// # Errors
    ///
    /// A hint on what to write instead; it never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "for example redis://127.0.0.1:6379";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(EXAMPLE.into());
        };
        if !SCHEMES.contains(&scheme) {
            return Err(
                match suggest::closest(&scheme.to_ascii_lowercase(), SCHEMES) {
                    Some(known) => suggest::did_you_mean(&format!("{known}://")),
                    None => EXAMPLE.into(),
                },
            );
        }
        let Some(hosts) = hosts(rest) else {
            return Err("write ? in a password as %3F and @ as %40".into());
        };
        let host_is_missing = hosts.is_empty() || hosts.starts_with(':');
        if host_is_missing || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(EXAMPLE.into());
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole URL with its password, for the one who connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("redis", ""));
        let mask = if rest.contains('@') { "***@" } else { "" };
        write!(f, "{scheme}://{mask}{}", hosts(rest).unwrap_or_default())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// Host and port, which are safe to show. A password may hold any character unescaped, so they start
/// after the last `@`; unless a `?` comes before it: then that `@` may be part of a secret parameter.
fn hosts(rest: &str) -> Option<&str> {
    let (before, after) = rest.rsplit_once('@').unwrap_or(("", rest));
    if before.contains('?') {
        return None;
    }
    after.split(['/', '?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_shown_to_the_one_who_connects_only() {
        for text in [
            "redis://:hunter2@cache:6379/1",
            "redis://user:hunter2@cache:6379",
            "rediss://:a@hunter2/x@cache:6379",
            "redis-sentinel://cache:6379/0?sentinelPassword=hunter2",
        ] {
            let url = RedisUrl::parse(text).unwrap();
            assert_eq!(url.expose(), text);
            for shown in [format!("{url}"), format!("{url:?}")] {
                assert!(!shown.contains("hunter2"), "{shown}");
                assert!(shown.contains("cache:6379"), "{shown}");
            }
        }
    }

    #[test]
    fn a_hint_never_repeats_the_text() {
        assert_eq!(
            RedisUrl::parse("redsi://:hunter2@h").unwrap_err(),
            "did you mean redis://?"
        );
        assert!(
            RedisUrl::parse("redis://h/?password=a@hunter2")
                .unwrap_err()
                .contains("%40")
        );
        for text in [
            "",
            "hunter2",
            "http://hunter2@h",
            "redis://",
            "redis://:hunter2@",
            "redis://:6379",
            "redis://h x",
        ] {
            let hint = RedisUrl::parse(text).unwrap_err();
            assert!(!hint.contains("hunter2"), "{hint}");
        }
    }
}
