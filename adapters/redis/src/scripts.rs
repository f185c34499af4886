//! The four scripts. A server that does not know one (any more) is told it.

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::LuaInterface;
use fred::types::Value;
use fred::util::sha1_hash;

const COMMON: &str = include_str!("scripts/common.lua");

/// The four scripts.
pub(crate) struct Scripts {
    pub(crate) commit: Script,
    pub(crate) renew: Script,
    pub(crate) read: Script,
    pub(crate) due: Script,
}

/// A script for the server, which keeps its text under a hash.
pub struct Script {
    text: String,
    hash: String,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            commit: Script::presence(include_str!("scripts/commit.lua")),
            renew: Script::presence(include_str!("scripts/renew.lua")),
            read: Script::presence(include_str!("scripts/read.lua")),
            due: Script::presence(include_str!("scripts/due.lua")),
        }
    }
}

impl Script {
    /// A script of this text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let hash = sha1_hash(&text);
        Self { text, hash }
    }

    fn presence(body: &str) -> Self {
        Self::new(format!("{COMMON}{body}"))
    }

    /// Runs it: one command, one more where the server has forgotten it or its keys have moved.
    ///
    /// # Errors
    ///
    /// What the client says.
    pub async fn run(
        &self,
        client: &Client,
        keys: Vec<String>,
        args: Vec<Value>,
    ) -> Result<Value, Error> {
        let known = client.evalsha(&self.hash, keys.clone(), args.clone()).await;
        match known {
            // It is sent to where the keys are: other servers of a cluster may be away.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                client.eval(&self.text, keys, args).await
            }
            // The client knows by now where they are.
            Err(error) if is_redirection(&error) => client.eval(&self.text, keys, args).await,
            answer => answer,
        }
    }
}

/// Whether an error says that another server has the keys, or is just getting them.
pub(crate) fn is_redirection(error: &Error) -> bool {
    *error.kind() == ErrorKind::Routing && error.details() == "Too many redirections."
}
