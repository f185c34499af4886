//! The command line: commands, and one flag for each setting.

mod refusal;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};

use super::command::{self, TokenCommand};
use super::error::ConfigErrors;
use super::kind::Kind;
use super::layer::{CONFIG_VARIABLE, Found, Layer};
use super::place::Place;
use super::setting::Setting;
use super::table::settings;

const CONFIG_FLAG: &str = "--config";

/// What a command line asks for.
pub(super) enum Asked {
    Serve(Layer),
    Token(TokenCommand, Layer),
    Bench(ArgMatches),
    /// A text to print instead: help or version.
    Print(String),
}

/// Reads a command line, whose first word is the name of the program.
///
/// The parser stops at its first error, so the word it stopped at is taken out and it starts again:
/// that way all mistakes are found.
pub(super) fn read(mut args: Vec<OsString>, errors: &mut ConfigErrors) -> Asked {
    loop {
        let error = match command().try_get_matches_from(&args) {
            Ok(matches) => {
                // It measures another process: the settings of this one are nothing to it.
                if let Some(bench) = matches.subcommand_matches(command::BENCH) {
                    return Asked::Bench(bench.clone());
                }
                let layer = layer(&matches);
                return match command::read(&matches) {
                    Some(token) => Asked::Token(token, layer),
                    None => Asked::Serve(layer),
                };
            }
            Err(error) => error,
        };
        if matches!(
            error.kind(),
            ErrorKind::DisplayHelp
                | ErrorKind::DisplayVersion
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        ) {
            return Asked::Print(error.render().to_string());
        }
        let word = refusal::offending_word(&error);
        let position = word
            .as_deref()
            .and_then(|word| refusal::position(&args, word));
        let whole = position.map(|at| args[at].to_string_lossy().into_owned());
        refusal::report(&error, word.as_deref(), whole.as_deref(), errors);
        if let Some(at) = position {
            refusal::remove(&mut args, at);
        } else {
            return Asked::Serve(Layer::default());
        }
    }
}

/// The commands. A new one is a subcommand here and a variant of [`super::Invocation`].
pub(super) fn command() -> Command {
    let serve = Command::new("serve")
        .display_name("rtm")
        .about("Run the server (the default)");
    let root = Command::new("rtm")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A Socket.IO server that knows who is in which room")
        .after_help(
            "Each setting is a flag, a variable of the environment, a line of .env or a key of the \
             TOML file; the first of these that has it wins.",
        )
        .propagate_version(true)
        .args_override_self(true)
        .next_line_help(true);
    with_settings(root)
        .subcommand(with_settings(serve))
        .subcommand(command::token())
        .subcommand(rtm_bench::command())
}

fn with_settings(command: Command) -> Command {
    let config = Arg::new(CONFIG_VARIABLE)
        .long(&CONFIG_FLAG[2..])
        .value_name("PATH")
        .help(format!(
            "TOML file with settings; default: rtm.toml if there is one; {CONFIG_VARIABLE}"
        ));
    settings()
        .iter()
        .fold(command.arg(config), |command, setting| {
            command.arg(flag(setting))
        })
}

fn flag(setting: &'static Setting) -> Arg {
    let placeholder = match &setting.kind {
        Kind::Number { unit, .. } => unit.placeholder(),
        Kind::Switch { .. } => "true|false",
        Kind::Choice { .. } => "WORD",
        Kind::Text { list: true, .. } => "LIST",
        Kind::Text { list: false, .. } => "TEXT",
    };
    let help = format!(
        "{}\nDefault: {}; allowed: {}; {}",
        setting.about(),
        setting.default_text(),
        setting.allowed(),
        setting.name(),
    );
    Arg::new(setting.name())
        .long(&setting.flag()[2..])
        .value_name(placeholder)
        .allow_negative_numbers(true)
        .help_heading(setting.section())
        .help(help)
}

fn layer(matches: &ArgMatches) -> Layer {
    let mut layer = Layer::default();
    // Flags may stand before the command too; one behind it is the later and wins.
    let of_command = matches.subcommand().map(|(_, matches)| matches);
    for matches in [Some(matches), of_command].into_iter().flatten() {
        for setting in settings() {
            // The other commands have no settings of their own.
            let text = matches.try_get_one::<String>(setting.name()).ok().flatten();
            if let Some(text) = text {
                layer.insert(
                    setting,
                    Place::Flag(setting.flag().to_owned()),
                    text.clone(),
                );
            }
        }
        let path = matches
            .try_get_one::<String>(CONFIG_VARIABLE)
            .ok()
            .flatten();
        if let Some(path) = path {
            layer.config = Some(Found {
                place: Place::Flag(CONFIG_FLAG.to_owned()),
                text: path.clone(),
            });
        }
    }
    layer
}
