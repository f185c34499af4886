//! Socket.IO broadcasts between real servers on one Redis.

mod client;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use rtm::config::RedisUrl;
use rtm::{Config, ModuleContext, RealtimeModule, RealtimeServer, Socket};
use rtm_tests::redis::{self, RedisServer};

use client::Client;

#[test]
fn a_module_reaches_sockets_of_other_nodes_also_after_redis_was_away() {
    if !redis::is_installed() {
        return;
    }
    redis::runtime().block_on(async {
        let mut redis = RedisServer::start();
        let (one, at_one) = start(&redis).await;
        let (_two, at_two) = start(&redis).await;
        let mut here = Client::connect(at_one).await;
        let mut there = Client::connect(at_two).await;

        until_reached(&one, &mut here, &mut there, "first").await;

        redis.kill();
        one.io().to("a").emit("away", &()).await.expect("sent");
        here.until("away").await;
        redis.restart();

        until_reached(&one, &mut here, &mut there, "again").await;
    });
}

#[test]
fn redis_carries_the_rooms_in_which_a_node_has_sockets_and_no_others() {
    if !redis::is_installed() {
        return;
    }
    redis::runtime().block_on(async {
        let redis = RedisServer::start();
        let (one, at_one) = start(&redis).await;
        let (_two, at_two) = start(&redis).await;
        let mut here = Client::connect(at_one).await;
        let mut there = Client::connect(at_two).await;
        until_reached(&one, &mut here, &mut there, "event").await;
        for (room, sockets) in [("a", 2), ("b", 0)] {
            one.io().to(room).emit("more", &()).await.expect("sent");
            let found = one.io().to(room).fetch_sockets().await.expect("told");
            assert_eq!(found.len(), sockets, "{room}");
        }
        let channels = channels(&redis);
        assert!(channels.contains("channel:room:/,a"), "{channels}");
        assert!(!channels.contains("channel:room:/,b"), "{channels}");
    });
}

/// The sharded channels with subscribers.
fn channels(redis: &RedisServer) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).expect("it is there");
    let asked = stream.write_all(b"PUBSUB SHARDCHANNELS\r\nQUIT\r\n");
    asked.expect("it is there");
    let mut channels = String::new();
    stream.read_to_string(&mut channels).expect("it answers");
    channels
}

/// Sends until it arrives: a subscription takes a moment, and nobody says when it is there.
async fn until_reached(from: &RealtimeServer, here: &mut Client, there: &mut Client, name: &str) {
    loop {
        from.io().to("a").emit(name, &()).await.expect("sent");
        here.until(name).await;
        if there.hears(name).await {
            return;
        }
    }
}

async fn start(redis: &RedisServer) -> (RealtimeServer, SocketAddr) {
    let mut config = Config::default();
    config.http.host = "127.0.0.1".parse().expect("an address");
    config.http.port = 0;
    config.redis.url = Some(RedisUrl::parse(&redis.url()).expect("a URL"));
    let mut server = RealtimeServer::new(config);
    server.use_module(Joins).expect("it is the only one");
    let address = server.start().await.expect("it starts");
    (server, address)
}

/// Puts every socket into the room `a`.
struct Joins;

impl RealtimeModule for Joins {
    fn name(&self) -> &'static str {
        "joins"
    }

    fn on_connection(&self, socket: &Socket, _ctx: &ModuleContext) {
        socket.join("a");
    }
}
