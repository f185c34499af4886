//! Modules that are added wrongly.

use rtm::{RealtimeServer, ServerError};

use super::stage::config;
use super::witness::Witness;

#[tokio::test]
async fn two_modules_of_one_name_are_an_error_that_names_it() {
    let mut server = RealtimeServer::new(config());
    server.use_module(Witness::new("twin")).unwrap();
    let error = server.use_module(Witness::new("twin")).err().unwrap();
    assert!(matches!(error, ServerError::DuplicateModule("twin")));
    assert!(error.to_string().contains("\"twin\""), "{error}");
    assert_eq!(server.modules(), ["presence", "chat", "relay", "twin"]);
}

#[tokio::test]
async fn the_name_of_a_built_in_module_is_taken() {
    let mut server = RealtimeServer::new(config());
    let error = server.use_module(Witness::new("presence")).err().unwrap();
    assert!(matches!(error, ServerError::DuplicateModule("presence")));
}

#[tokio::test]
async fn a_module_after_the_start_is_an_error_that_names_it() {
    let mut server = RealtimeServer::new(config());
    server.start().await.unwrap();
    let late = Witness::new("late");
    let error = server.use_module(late.clone()).err().unwrap();
    assert!(matches!(error, ServerError::AlreadyStarted("late")));
    assert!(error.to_string().contains("\"late\""), "{error}");
    server.stop().await;
    let error = server.use_module(late.clone()).err().unwrap();
    assert!(matches!(error, ServerError::AlreadyStarted("late")));
    assert!(late.calls().is_empty());
}

#[tokio::test]
async fn a_server_starts_once() {
    let mut server = RealtimeServer::new(config());
    server.start().await.unwrap();
    let again = server.start().await;
    assert!(matches!(again, Err(ServerError::StartedTwice)));
    server.stop().await;
}
