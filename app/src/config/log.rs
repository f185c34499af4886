//! Settings of the log; `logging.rs` performs them.

use tracing_subscriber::EnvFilter;

use super::suggest;

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How a line looks. Default: for people on a terminal, else for machines.
    pub format: LogFormat,
    /// Filter directives, such as `info` or `info,rtm=debug`. Default `info`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: "info".to_owned(),
        }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `Pretty` when the log goes to a terminal, else `Json`.
    Auto,
    /// One line of text, for people.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Reads filter directives. The error is a hint on what to write instead.
///
/// A filter takes a single word that is no level for the name of a target, so `inof` would silence
/// everything else without a word; here it is refused.
pub(super) fn parse_level(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "for example info, or info,rtm=debug";
    for word in text.split(',').map(str::trim) {
        let single = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if single && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) {
            return Err(match suggest::closest(&word.to_ascii_lowercase(), LEVELS) {
                Some(level) => suggest::did_you_mean(level),
                None => EXAMPLE.to_owned(),
            });
        }
    }
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| EXAMPLE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_directives_are_accepted() {
        for text in [
            "info",
            "WARN",
            "off",
            "info,rtm=debug",
            "rtm::config=trace,warn",
            "rtm[span]=debug",
        ] {
            assert_eq!(parse_level(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_misspelled_level_is_not_taken_for_a_target() {
        assert_eq!(parse_level("inof").unwrap_err(), "did you mean info?");
        assert_eq!(
            parse_level("rtm=debug,warning").unwrap_err(),
            "did you mean warn?"
        );
        for text in ["", "rtm=loud", "info,,warn", "a=b=c"] {
            assert!(parse_level(text).is_err(), "{text}");
        }
    }
}
