//! A server without the presence module.

use rtm::RealtimeServer;
use serde_json::json;

use super::client::Client;
use super::stage::config;
use super::witness::{HELLO, PING, Witness};

#[tokio::test]
async fn presence_can_be_left_out() {
    let mut config = config();
    config.presence.enabled = false;
    let mut server = RealtimeServer::new(config);
    assert!(server.modules().is_empty());
    let witness = Witness::new("alone");
    server.use_module(witness.clone()).unwrap();
    let address = server.start().await.unwrap();
    assert!(witness.presence().is_none());

    let mut client = Client::connect(address).await;
    client.hears(HELLO, json!({})).await;
    assert_eq!(client.ask(PING, json!({})).await, json!({ "ok": true }));
    let join = json!({ "roomId": "room", "userId": "ann" });
    let refused = client.ask("presence:join", join).await;
    assert_eq!(refused["code"], "bad_request", "{refused}");

    server.stop().await;
    client.closed().await;
    let calls = ["register", "on_connection", "on_connected"];
    assert_eq!(witness.calls()[..3], calls);
    assert!(witness.calls().contains(&"on_shutdown"));
}
