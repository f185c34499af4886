//! One redis-server process.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rtm_domain::time::Timestamp;
use tempfile::TempDir;

use super::hand_time::HandTime;

/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(20);

/// A server that ends with its owner.
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: TempDir,
    hand: Option<HandTime>,
    more: Vec<String>,
}

impl RedisServer {
    /// A server on a free port that keeps nothing on disk.
    pub fn start() -> Self {
        Self::start_with(None, &[])
    }

    /// The same, with a calendar that starts at `time` and stands still.
    pub fn start_at(time: Timestamp) -> Self {
        Self::start_with(Some(time), &[])
    }

    /// The same, with more options.
    pub fn start_with(time: Option<Timestamp>, more: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let hand = time.map(|time| HandTime::new(folder.path(), time));
        let more: Vec<String> = more.iter().map(|option| (*option).to_owned()).collect();
        let (port, child) = loop {
            let port = free_port();
            // Somebody else may have taken the port meanwhile.
            if let Some(child) = launch(port, folder.path(), hand.as_ref(), &more) {
                break (port, child);
            }
        };
        Self {
            child,
            port,
            folder,
            hand,
            more,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Moves its calendar.
    pub fn set_time(&self, time: Timestamp) {
        let hand = self.hand.as_ref().expect("it was started with a calendar");
        hand.set(time);
    }

    /// Ends it at once. What it did not save is gone.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on its port, with what it saved.
    pub fn restart(&mut self) {
        self.kill();
        let (folder, hand) = (self.folder.path(), self.hand.as_ref());
        let child = launch(self.port, folder, hand, &self.more);
        self.child = child.expect("its port is still free");
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a server and waits until it answers. `None` if the port is not free.
fn launch(port: u16, folder: &Path, hand: Option<&HandTime>, more: &[String]) -> Option<Child> {
    let mut server = Command::new("redis-server");
    server
        .args(["--port", &port.to_string()])
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(folder)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(hand) = hand {
        hand.show_to(&mut server);
    }
    let mut child = server.spawn().expect("redis-server can be started");
    let start = Instant::now();
    loop {
        match pid_at(port) {
            Some(pid) if pid == child.id() => return Some(child),
            // Not ours, which will find the port taken and end.
            Some(_) => {
                let _ = child.wait();
                return None;
            }
            None => {}
        }
        if let Ok(Some(_)) = child.try_wait() {
            return None;
        }
        assert!(start.elapsed() < START_MAX, "redis-server does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process of the server that answers at a port.
fn pid_at(port: u16) -> Option<u32> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(b"INFO server\r\nQUIT\r\n").ok()?;
    let mut about = String::new();
    stream.read_to_string(&mut about).ok()?;
    let mut lines = about.lines();
    lines.find_map(|line| line.strip_prefix("process_id:")?.parse().ok())
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}
