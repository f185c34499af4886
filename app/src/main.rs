//! The `rtm` command: reads the configuration, serves, and stops on a signal.

mod banner;
mod signals;

use std::io::Write;
use std::process::ExitCode;
use std::{env, io};

use rtm::commands::token;
use rtm::config::{self, Invocation, Loaded};
use rtm::{RealtimeServer, logging};

use banner::Banner;
use signals::Signals;

/// The exit code for a command that cannot be understood.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let dir = env::current_dir().unwrap_or_default();
    match config::load(env::args_os(), config::process_environment(), &dir) {
        Ok(Invocation::Serve(loaded)) => run(*loaded),
        Ok(Invocation::Print(text)) => print(&text),
        Ok(Invocation::Bench(bench)) => bench.run().into(),
        Ok(Invocation::Token(command, loaded)) => match token::run(&command, &loaded.config) {
            Ok(text) => print(&text),
            Err(error) => {
                eprintln!("rtm: {error}");
                ExitCode::FAILURE
            }
        },
        Err(errors) => {
            eprintln!("rtm: {errors}");
            ExitCode::from(USAGE)
        }
    }
}

fn print(text: &str) -> ExitCode {
    // Whoever reads it may have stopped reading.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn run(loaded: Loaded) -> ExitCode {
    if let Err(error) = logging::init(&loaded.config.log) {
        eprintln!("rtm: {error}");
        return ExitCode::from(USAGE);
    }
    // One worker of a multi-threaded runtime would let some rooms wait for others.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut runtime = match cores {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let outcome = match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(loaded)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rtm: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(loaded: Loaded) -> Result<(), Box<dyn std::error::Error>> {
    let mut signals = Signals::listen()?;
    let mut server = RealtimeServer::new(loaded.config.clone());
    let address = server.start().await?;
    let banner = Banner {
        config: &loaded.config,
        given: &loaded.given,
        address,
        modules: &server.modules(),
    };
    let _ = write!(io::stdout(), "{banner}");
    tracing::info!(%address, "serving");
    let outcome = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal = signal.name, "stopping; a second signal ends it at once");
            Ok(())
        }
        error = server.failed() => {
            tracing::error!(%error, "stopping");
            Err(error.into())
        }
    };
    tokio::select! {
        () = server.stop() => {
            tracing::info!("stopped");
            outcome
        }
        signal = signals.next() => {
            tracing::warn!(signal = signal.name, "ended at once");
            std::process::exit(signal.exit_code);
        }
    }
}
