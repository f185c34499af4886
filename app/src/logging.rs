//! Sets up the log of the process, on stderr. What is worth a line is decided where it happens.

use std::env;
use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Starts the log of this process: a line of text for people, or a JSON object a line for machines.
/// Times are UTC.
///
/// # Errors
///
/// The filter cannot be read, or the process has a log already.
pub fn init(log: &LogConfig) -> Result<(), LogError> {
    let on_terminal = io::stderr().is_terminal();
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let look = match (log.format, on_terminal) {
        (LogFormat::Pretty, _) | (LogFormat::Auto, true) => Look::Text {
            color: on_terminal && !no_color,
        },
        (LogFormat::Json, _) | (LogFormat::Auto, false) => Look::Json,
    };
    subscriber(&log.level, look, io::stderr)?
        .try_init()
        .map_err(|_| LogError::AlreadyStarted)
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The directives of the filter make no sense.
    #[error("the log's filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// Someone set up a log before.
    #[error("this process has a log already")]
    AlreadyStarted,
}

#[derive(Clone, Copy)]
enum Look {
    Text { color: bool },
    Json,
}

fn subscriber<W>(
    level: &str,
    look: Look,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(level)?)
        .with_writer(writer)
        // A line that cannot be written would be reported on stderr too, and that panics once
        // stderr is closed.
        .log_internal_errors(false);
    Ok(match look {
        Look::Text { color } => Box::new(builder.with_ansi(color).compact().finish()),
        Look::Json => Box::new(
            builder
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .finish(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_line_for_machines_is_one_object() {
        let line = logged(Look::Json);
        assert!(
            line.starts_with("{\"timestamp\":\"") && line.ends_with("}\n"),
            "{line}"
        );
        assert!(
            line.contains("Z\"") && line.contains("\"message\":\"ready\",\"port\":3000"),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_line_for_people_has_color_only_where_asked() {
        let plain = logged(Look::Text { color: false });
        assert!(
            plain.contains("INFO") && plain.contains("ready port=3000"),
            "{plain}"
        );
        assert!(!plain.contains('\u{1b}'));
        assert!(logged(Look::Text { color: true }).contains('\u{1b}'));
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        let log = LogConfig {
            level: "rtm=loud".to_owned(),
            ..LogConfig::default()
        };
        assert!(matches!(init(&log), Err(LogError::Filter(_))));
    }

    /// What one event and one below the level look like.
    fn logged(look: Look) -> String {
        let written = Written::default();
        let sink = written.clone();
        let subscriber = subscriber("info", look, move || sink.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(port = 3000, "ready");
            tracing::debug!("not shown");
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
