//! What the commands beside `serve` are asked.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// A command about tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Make one.
    New(NewToken),
    /// Void all that a user has.
    Revoke {
        /// Whose.
        user: String,
    },
    /// Show what one says, and whether it would be let in.
    Inspect {
        /// The token; none: read from standard input.
        token: Option<String>,
    },
}

/// What a new token shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its subject.
    pub user: String,
    /// How long it is good for.
    pub ttl: Duration,
    /// Rights, as `pattern=right,right`; none: all.
    pub rooms: Vec<String>,
    /// A private key in PEM form to sign with; none: the shared secret.
    pub key_file: Option<PathBuf>,
}

/// The command as the parser knows it.
pub(super) fn token() -> Command {
    let new = Command::new("new")
        .about("Make a token and print it")
        .arg(
            Arg::new("user")
                .long("user")
                .value_name("ID")
                .required(true)
                .help("Whose token it is: its subject"),
        )
        .arg(
            Arg::new("ttl-secs")
                .long("ttl-secs")
                .value_name("SECONDS")
                .default_value("3600")
                .value_parser(value_parser!(u32).range(1..))
                .help("How long it is good for"),
        )
        .arg(
            Arg::new("room")
                .long("room")
                .value_name("PATTERN=RIGHTS")
                .action(ArgAction::Append)
                .help(
                    "Rights in rooms, such as 'team-*=join,publish,history'; may be given several \
                     times; without it the token allows everything",
                ),
        )
        .arg(
            Arg::new("key-file")
                .long("key-file")
                .value_name("PATH")
                .value_parser(value_parser!(PathBuf))
                .help("Private key (PEM) to sign with; without it AUTH_JWT_SECRET is used"),
        );
    let inspect = Command::new("inspect")
        .about("Show what a token says, and whether it would be let in")
        .arg(
            Arg::new("token")
                .value_name("TOKEN")
                .help("The token; without it, it is read from standard input"),
        );
    let revoke = Command::new("revoke")
        .about("Void a user's tokens made up to now, and end their connections on all nodes")
        .arg(
            Arg::new("user")
                .value_name("USER")
                .required(true)
                .help("Whose tokens"),
        );
    Command::new("token")
        .about("Make, look at and revoke tokens, with the keys of the configuration")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(new)
        .subcommand(inspect)
        .subcommand(revoke)
}

/// The name of the load harness.
pub(super) const BENCH: &str = "bench";

/// What was asked, if it was about tokens.
pub(super) fn read(matches: &ArgMatches) -> Option<TokenCommand> {
    let (_, matches) = matches.subcommand().filter(|(name, _)| *name == "token")?;
    match matches.subcommand()? {
        ("new", matches) => {
            let ttl = matches.get_one::<u32>("ttl-secs").copied().unwrap_or(3600);
            let rooms = matches.get_many::<String>("room").unwrap_or_default();
            Some(TokenCommand::New(NewToken {
                user: matches.get_one::<String>("user")?.clone(),
                ttl: Duration::from_secs(ttl.into()),
                rooms: rooms.cloned().collect(),
                key_file: matches.get_one::<PathBuf>("key-file").cloned(),
            }))
        }
        ("revoke", matches) => Some(TokenCommand::Revoke {
            user: matches.get_one::<String>("user")?.clone(),
        }),
        _ => Some(TokenCommand::Inspect {
            token: matches
                .subcommand_matches("inspect")?
                .get_one::<String>("token")
                .cloned(),
        }),
    }
}
