//! A server with a chat of one's own: see the tutorial beside this file.

mod chat;

use chat::CustomChat;
use rtm::config::RedisUrl;
use rtm::{Config, RealtimeServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    config.redis.url = Some(RedisUrl::parse("redis://127.0.0.1:6379")?);
    // Events of one name have one owner.
    config.chat.enabled = false;
    let mut server = RealtimeServer::new(config);
    server.use_module(CustomChat)?;
    println!("listening on {}", server.start().await?);
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
