//! A calendar for a redis-server that is moved by hand.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rtm_domain::time::Timestamp;

/// The hand of one server's calendar.
pub(super) struct HandTime {
    file: File,
    path: PathBuf,
}

impl HandTime {
    /// A hand that points to `time`, kept in `folder`.
    pub(super) fn new(folder: &Path, time: Timestamp) -> Self {
        let path = folder.join("hand-time");
        let file = File::create(&path).expect("the folder can be written to");
        let hand = Self { file, path };
        hand.set(time);
        hand
    }

    pub(super) fn set(&self, time: Timestamp) {
        let micros = i64::try_from(time.0 * 1000).expect("it is not that late yet");
        let written = self.file.write_all_at(&micros.to_ne_bytes(), 0);
        written.expect("the file can be written to");
    }

    /// Has a server look at this hand instead of the clock.
    pub(super) fn show_to(&self, server: &mut Command) {
        server
            .env("LD_PRELOAD", shim())
            .env("HAND_TIME_FILE", &self.path);
    }
}

/// The library that is preloaded, compiled once.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/hand_time.c");
        let folder = std::env::temp_dir().join(format!("rtm-hand-time-{}", std::process::id()));
        match fs::create_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => panic!("{error}"),
            _ => {}
        }
        let library = folder.join("hand_time.so");
        let compiled = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(&source)
            .status();
        assert!(
            compiled.is_ok_and(|status| status.success()),
            "cc cannot compile {}",
            source.display()
        );
        library
    })
}
