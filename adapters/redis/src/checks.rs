//! What is looked at before a node works with a Redis: better no start than a wrong one.

use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::prelude::Options;
use fred::types::{InfoKind, SetOptions};

use crate::error::ConnectError;
use crate::keys::Keys;
use crate::settings::Publishing;

/// The oldest version that is supported.
const OLDEST: u32 = 6;
/// The first version with sharded channels.
const SHARDED_SINCE: u32 = 7;

/// Checks all servers that take writes, and returns the command that publishes.
pub(crate) async fn check(
    client: &Client,
    keys: &Keys,
    publishing: Publishing,
) -> Result<&'static str, ConnectError> {
    let mut has_sharded = true;
    for server in servers(client) {
        let about = info(client, &server, InfoKind::Server).await?;
        let version = field(&about, "redis_version").unwrap_or("0");
        let major: u32 = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .unwrap_or(0);
        if major < OLDEST {
            return Err(ConnectError::TooOld(version.into()));
        }
        if major < SHARDED_SINCE {
            has_sharded = false;
            if publishing == Publishing::Sharded {
                return Err(ConnectError::NoShardedChannels(version.into()));
            }
        }
        let about = info(client, &server, InfoKind::Memory).await?;
        if let Some(policy) = field(&about, "maxmemory_policy")
            && policy.starts_with("allkeys")
        {
            return Err(ConnectError::Evicts(policy.into()));
        }
    }
    check_layout(client, keys).await?;
    Ok(match publishing {
        Publishing::Plain => "PUBLISH",
        Publishing::Sharded => "SPUBLISH",
        Publishing::Auto if has_sharded => "SPUBLISH",
        Publishing::Auto => "PUBLISH",
    })
}

/// All servers that take writes; none named where there is just one.
fn servers(client: &Client) -> Vec<Option<fred::types::config::Server>> {
    match client.is_clustered() {
        true => client.active_connections().into_iter().map(Some).collect(),
        false => vec![None],
    }
}

async fn info(
    client: &Client,
    server: &Option<fred::types::config::Server>,
    kind: InfoKind,
) -> Result<String, ConnectError> {
    let answer = match server {
        Some(server) => {
            let options = Options {
                cluster_node: Some(server.clone()),
                ..Options::default()
            };
            client.with_options(&options).info(Some(kind)).await
        }
        None => client.info(Some(kind)).await,
    };
    answer.map_err(|error| ConnectError::Refused(error.to_string()))
}

async fn check_layout(client: &Client, keys: &Keys) -> Result<(), ConnectError> {
    let refused = |error: fred::error::Error| ConnectError::Refused(error.to_string());
    let (key, needed) = keys.layout();
    let _: fred::types::Value = client
        .set(&key, &needed, None, Some(SetOptions::NX), false)
        .await
        .map_err(refused)?;
    let found: Option<String> = client.get(&key).await.map_err(refused)?;
    match found {
        Some(found) if found != needed => Err(ConnectError::Layout { found, needed }),
        _ => Ok(()),
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}
