//! What is wrong with a configuration, all of it at once.

use std::fmt;

use super::place::Place;
use super::suggest;

/// Everything that is wrong with a configuration; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The errors: unknown and unreadable things by source, then wrong values by setting.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, place: Place, fault: Fault, hint: impl Into<String>) {
        self.0.push(ConfigError {
            place,
            fault,
            hint: hint.into(),
        });
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "the configuration has a mistake:")?,
            count => write!(f, "the configuration has {count} mistakes:")?,
        }
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// One mistake: where it is, what it is, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was found.
    pub place: Place,
    /// What is wrong there.
    pub fault: Fault,
    /// What to write instead.
    pub hint: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Unknown { what } => write!(f, "{}: no such {what}", self.place)?,
            Fault::BadValue {
                value: Some(value),
                allowed,
            } => {
                write!(
                    f,
                    "{} is {}, allowed is {allowed}",
                    self.place,
                    suggest::quoted(value)
                )?;
            }
            Fault::BadValue {
                value: None,
                allowed,
            } => {
                write!(
                    f,
                    "{} has a wrong value (not shown), allowed is {allowed}",
                    self.place
                )?;
            }
            Fault::Unreadable { reason } => write!(f, "{}: {reason}", self.place)?,
        }
        write!(f, "\n      {}", self.hint)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The name means nothing here.
    Unknown {
        /// What it would have been: a flag, a variable, a key.
        what: &'static str,
    },
    /// The name is right, the value is not.
    BadValue {
        /// The value as written; none when it is a secret.
        value: Option<String>,
        /// What is allowed.
        allowed: String,
    },
    /// It cannot be read at all.
    Unreadable {
        /// Why not.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lists_every_mistake_with_its_hint() {
        let mut errors = ConfigErrors::default();
        errors.push(
            Place::Flag("--prot".into()),
            Fault::Unknown { what: "flag" },
            "did you mean --port?",
        );
        let value = Some("x".to_owned());
        let place = Place::DotEnv {
            line: 2,
            name: "PORT".into(),
        };
        errors.push(
            place,
            Fault::BadValue {
                value,
                allowed: "0 to 9".into(),
            },
            "for example 3",
        );
        let expected = "the configuration has 2 mistakes:\n  \
            --prot: no such flag\n      did you mean --port?\n  \
            .env line 2: PORT is \"x\", allowed is 0 to 9\n      for example 3";
        assert_eq!(errors.to_string(), expected);
    }
}
