//! What a Redis keeps, counted by its keys as `docs/redis.md` names them.

use std::collections::BTreeSet;

use rtm_redis::RedisSettings;
use rtm_redis::fred::clients::Client;
use rtm_redis::fred::interfaces::{HashesInterface, KeysInterface, SortedSetsInterface};
use rtm_redis::fred::types::Value;

/// How many rooms and records, tombstones among them, are kept, but for those of some rooms.
pub async fn size(client: &Client, but: &[&str]) -> (usize, usize) {
    let (mut rooms, mut records) = (BTreeSet::new(), 0);
    for key in keys(client).await {
        let name = key.split_once('}').map_or("", |(_, name)| name);
        if let Some(room) = name.strip_prefix(":room:") {
            if !but.contains(&room) {
                rooms.insert(room.to_owned());
                let kept: usize = client.hlen(&key).await.expect("it answers");
                records += kept;
            }
        } else if name == ":versions" {
            let known: Vec<String> = client
                .zrange(&key, 0, -1, None, false, None, false)
                .await
                .expect("it answers");
            rooms.extend(
                known
                    .into_iter()
                    .filter(|room| !but.contains(&room.as_str())),
            );
        }
    }
    (rooms.len(), records)
}

/// Removes every lease, as an operator's `DEL` or an eviction would.
pub async fn remove_leases(client: &Client) {
    for key in keys(client).await {
        if key.ends_with(":leases") {
            let removed: usize = client.del(&key).await.expect("it answers");
            assert_eq!(removed, 1);
        }
    }
}

/// All keys of the server that are ours.
pub async fn keys(client: &Client) -> Vec<String> {
    let (mut keys, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let pattern = format!("{}:{{*", RedisSettings::PREFIX);
        let page: (String, Vec<String>) = client
            .scan_page(cursor, pattern, Some(1_000), None)
            .await
            .map(|page: Value| page.convert().expect("it is a cursor and keys"))
            .expect("it answers");
        keys.extend(page.1);
        cursor = page.0;
        if cursor == "0" {
            return keys;
        }
    }
}
