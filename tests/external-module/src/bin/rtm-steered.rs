//! The server with one more module, which tests steer: configured as `rtm` is, by its environment.

use std::env;

use rtm::config::{self, Invocation};
use rtm::{RealtimeServer, logging};
use rtm_external_module::Steering;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = env::current_dir()?;
    let Invocation::Serve(loaded) =
        config::load(env::args_os(), config::process_environment(), &dir)?
    else {
        return Err("it only serves".into());
    };
    logging::init(&loaded.config.log)?;
    let mut stop = signal(SignalKind::terminate())?;
    let mut server = RealtimeServer::new(loaded.config);
    server.use_module(Steering)?;
    println!("listening on http://{}", server.start().await?);
    tokio::select! {
        _ = stop.recv() => {}
        error = server.failed() => return Err(error.into()),
    }
    server.stop().await;
    Ok(())
}
