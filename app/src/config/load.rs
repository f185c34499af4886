//! From all sources to one configuration, or to all that is wrong with them.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::Path;

use rtm_bench::Bench;

use super::command::TokenCommand;
use super::error::{ConfigErrors, Fault};
use super::flags::{self, Asked};
use super::layer::{Found, Layer};
use super::place::{Given, Place};
use super::table::settings;
use super::{Config, dotenv, file, variables};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub enum Invocation {
    /// Run the server.
    Serve(Box<Loaded>),
    /// Do something with tokens.
    Token(TokenCommand, Box<Loaded>),
    /// Put load on a server, and measure it.
    Bench(Box<Bench>),
    /// Print this text, which is help or version, and end with success.
    Print(String),
}

/// A configuration and what in it is not default.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The settings that were set, in the order of the table; all others have their default.
    pub given: Vec<Given>,
}

impl Loaded {
    /// Where a setting (`PRESENCE_TTL_MS`) was found; nothing if it has its default.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<&Place> {
        self.given
            .iter()
            .find(|given| given.setting.name() == name)
            .map(|given| &given.place)
    }
}

/// Reads the command line (the first word is the name of the program), the given environment, and the
/// files `.env` and TOML of `dir`. The first of these that has a setting wins.
///
/// # Errors
///
/// All mistakes found, not just the first. A value that a stronger source overrides is not checked.
pub fn load(
    args: impl IntoIterator<Item = OsString>,
    env: impl IntoIterator<Item = (String, String)>,
    dir: &Path,
) -> Result<Invocation, ConfigErrors> {
    let mut errors = ConfigErrors::default();
    let (token, flags) = match flags::read(args.into_iter().collect(), &mut errors) {
        Asked::Serve(layer) => (None, layer),
        Asked::Token(command, layer) => (Some(command), layer),
        Asked::Bench(matches) => match Bench::read(&matches) {
            Ok(bench) if errors.is_empty() => return Ok(Invocation::Bench(Box::new(bench))),
            Ok(_) => return Err(errors),
            Err(reason) => {
                let fault = Fault::Unreadable { reason };
                errors.push(Place::CommandLine, fault, "rtm bench --help shows how");
                return Err(errors);
            }
        },
        Asked::Print(text) if errors.is_empty() => return Ok(Invocation::Print(text)),
        // What is left of a command line after its mistakes is not what was asked.
        Asked::Print(_) => return Err(errors),
    };
    let environment = variables::environment(env.into_iter(), &mut errors);
    let dotenv = dotenv::read(dir, &mut errors);
    let named = [&flags, &environment, &dotenv]
        .into_iter()
        .find_map(|layer| layer.config.as_ref());
    let file = file::read(dir, named, &mut errors);

    let loaded = resolve(&[flags, environment, dotenv, file], &mut errors);
    // With a mistake elsewhere the TTL may not be the one that was meant.
    if errors.is_empty() {
        check_lookback(&loaded, &mut errors);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let loaded = Box::new(loaded);
    Ok(match token {
        Some(command) => Invocation::Token(command, loaded),
        None => Invocation::Serve(loaded),
    })
}

/// Takes each setting from the first layer that has it.
fn resolve(layers: &[Layer], errors: &mut ConfigErrors) -> Loaded {
    let mut config = Config::default();
    let mut given = Vec::new();
    for setting in settings() {
        let Some(Found { place, text }) = layers.iter().find_map(|layer| layer.value(setting))
        else {
            continue;
        };
        match setting.apply(&mut config, text) {
            Ok(()) => given.push(Given {
                setting,
                value: setting.shown(text),
                place: place.clone(),
            }),
            Err(hint) => {
                let value = (!setting.is_secret()).then(|| text.clone());
                errors.push(
                    place.clone(),
                    Fault::BadValue {
                        value,
                        allowed: setting.allowed(),
                    },
                    hint,
                );
            }
        }
    }
    Loaded { config, given }
}

/// A look-back shorter than the TTL would forget a presence that another node still believes in.
fn check_lookback(loaded: &Loaded, errors: &mut ConfigErrors) {
    let presence = &loaded.config.presence;
    let given = loaded
        .given
        .iter()
        .find(|given| given.setting.name() == "PRESENCE_REAPER_LOOKBACK_MS");
    let Some(given) = given.filter(|_| presence.lookback() < presence.ttl) else {
        return;
    };
    let ttl = presence.ttl.as_millis();
    let fault = Fault::BadValue {
        value: Some(given.value.clone()),
        allowed: format!("PRESENCE_TTL_MS ({ttl}) or more"),
    };
    let twice = ttl * 2;
    errors.push(
        given.place.clone(),
        fault,
        format!("leave it out for twice the TTL: {twice}"),
    );
}
