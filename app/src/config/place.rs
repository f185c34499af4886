//! Where a value was found.

use std::fmt;

use super::setting::Setting;

/// Where a value was found, precise enough to go there and change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The command line as a whole, or a word in it that is no flag.
    CommandLine,
    /// A flag, such as `--port`.
    Flag(String),
    /// A variable of the environment.
    Environment(String),
    /// The file `.env` in the working directory.
    DotEnv {
        /// Line of the name, from 1; 0 stands for the whole file.
        line: usize,
        /// Name of the variable; empty when the line has none.
        name: String,
    },
    /// A TOML file.
    File {
        /// Path as it was given.
        path: String,
        /// Line, from 1; 0 stands for the whole file.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The key; empty when there is none.
        key: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => write!(f, "command line"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Environment(name) => write!(f, "environment: {name}"),
            Self::DotEnv { line: 0, .. } => write!(f, ".env"),
            Self::DotEnv { line, name } if name.is_empty() => write!(f, ".env line {line}"),
            Self::DotEnv { line, name } => write!(f, ".env line {line}: {name}"),
            Self::File { path, line: 0, .. } => write!(f, "{path}"),
            Self::File {
                path,
                line,
                column,
                key,
            } if key.is_empty() => write!(f, "{path}:{line}:{column}"),
            Self::File {
                path,
                line,
                column,
                key,
            } => write!(f, "{path}:{line}:{column}: {key}"),
        }
    }
}

/// A setting that somebody set, for a banner that says what is not default.
#[derive(Debug, Clone)]
pub struct Given {
    /// Which one.
    pub setting: &'static Setting,
    /// Its value as it was written; a secret is masked.
    pub value: String,
    /// Where it was found.
    pub place: Place,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={} ({})", self.setting.name(), self.value, self.place)
    }
}
