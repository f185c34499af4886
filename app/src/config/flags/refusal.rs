//! What the parser of the command line refuses, in our words.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{CONFIG_FLAG, command};
use crate::config::error::{ConfigErrors, Fault};
use crate::config::layer::{CONFIG_VARIABLE, meant};
use crate::config::place::Place;
use crate::config::{settings, suggest};

/// The word the parser stopped at, without the placeholder it adds to a flag.
pub(super) fn offending_word(error: &clap::Error) -> Option<String> {
    let word = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
        .into_iter()
        .find_map(|kind| error.get(kind));
    match word {
        Some(ContextValue::String(word)) => {
            Some(word.split(" <").next().unwrap_or(word).to_owned())
        }
        _ => None,
    }
}

/// Reports the word the parser stopped at; `whole` is how it stands on the command line.
///
/// Words that are no flag are not repeated unless they look harmless: they may be the secret behind
/// a misspelled flag.
pub(super) fn report(
    error: &clap::Error,
    word: Option<&str>,
    whole: Option<&str>,
    errors: &mut ConfigErrors,
) {
    let harmless =
        |word: &str| word.len() < 20 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    match (error.kind(), word) {
        (ErrorKind::UnknownArgument, Some(word)) if word.starts_with('-') => {
            let written = whole
                .and_then(|whole| whole.split('=').next())
                .unwrap_or(word);
            let hint = match meant(written) {
                Some(CONFIG_VARIABLE) => suggest::did_you_mean(CONFIG_FLAG),
                Some(known) => suggest::did_you_mean(&spelled_as_flag(known)),
                None => "rtm --help lists all flags".to_owned(),
            };
            errors.push(
                Place::Flag(word.to_owned()),
                Fault::Unknown { what: "flag" },
                hint,
            );
        }
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, Some(word)) => {
            let known = command();
            let names: Vec<_> = known.get_subcommands().map(Command::get_name).collect();
            let hint = match suggest::closest(word, names.iter().copied()) {
                Some(name) => suggest::did_you_mean(name),
                None => format!("commands are: {}", names.join(", ")),
            };
            let shown = if harmless(word) {
                suggest::quoted(word)
            } else {
                "a word (not shown)".to_owned()
            };
            let reason = format!("{shown} is neither a flag nor a command");
            errors.push(Place::CommandLine, Fault::Unreadable { reason }, hint);
        }
        (ErrorKind::InvalidValue, Some(flag)) if has_no_value(error) => {
            let reason = "has no value behind it".to_owned();
            errors.push(
                Place::Flag(flag.to_owned()),
                Fault::Unreadable { reason },
                format!("write {flag}=value"),
            );
        }
        (
            ErrorKind::MissingRequiredArgument
            | ErrorKind::ValueValidation
            | ErrorKind::InvalidValue
            | ErrorKind::ArgumentConflict,
            _,
        ) => {
            // Only commands beside `serve` have such arguments, and none of them is a secret.
            let text = error.to_string();
            let reason = text.lines().take_while(|line| !line.is_empty());
            let reason: Vec<&str> = reason.map(str::trim).collect();
            let reason = reason.join(" ").replace("error: ", "");
            errors.push(
                Place::CommandLine,
                Fault::Unreadable { reason },
                "--help behind the command shows how",
            );
        }
        (kind, _) => {
            let reason = kind.as_str().unwrap_or("cannot be read").to_owned();
            errors.push(
                Place::CommandLine,
                Fault::Unreadable { reason },
                "rtm --help lists all flags",
            );
        }
    }
}

/// Whether nothing stands where a value has to.
fn has_no_value(error: &clap::Error) -> bool {
    let value = error.get(ContextKind::InvalidValue);
    !matches!(value, Some(ContextValue::String(value)) if !value.is_empty())
}

fn spelled_as_flag(name: &str) -> String {
    settings()
        .iter()
        .find(|setting| setting.name() == name)
        .map_or(String::new(), |setting| setting.flag().to_owned())
}

/// Where the word the parser stopped at stands on the command line.
pub(super) fn position(args: &[OsString], word: &str) -> Option<usize> {
    let is_it = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        let with_value = arg
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with('='));
        // Of `-port` the parser names `-p` only.
        let is_short = word.len() == 2 && word.starts_with('-');
        arg == word || with_value || (is_short && arg.starts_with(word))
    };
    args.iter().skip(1).position(is_it).map(|at| at + 1)
}

/// Takes a word out. What stands behind a flag was its value, unless it is a flag or a command.
pub(super) fn remove(args: &mut Vec<OsString>, at: usize) {
    let removed = args.remove(at).to_string_lossy().into_owned();
    let Some(next) = args.get(at).map(|next| next.to_string_lossy()) else {
        return;
    };
    let is_command = command()
        .get_subcommands()
        .any(|command| command.get_name() == next);
    if removed.starts_with('-') && !removed.contains('=') && !next.starts_with('-') && !is_command {
        args.remove(at);
    }
}
