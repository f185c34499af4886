//! Gathers what is to be written: everything that is pushed to a stream within one round of the
//! scheduler leaves together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::line::Cut;
use crate::panics::said;
use crate::stream::lane::Lane;

/// How many streams are written before others on this thread get their turn.
const TURN: usize = 64;

/// Places for streams that a round keeps for the next one.
const PLACES_KEPT: usize = 1_024;

/// The rounds of all threads: each has its own, so that they do not wait for each other.
#[derive(Debug)]
pub(crate) struct Rounds {
    rounds: Box<[Mutex<Round>]>,
    runtime: OnceLock<Handle>,
}

#[derive(Debug, Default)]
struct Round {
    lanes: Vec<Arc<Lane>>,
    is_running: bool,
}

impl Rounds {
    pub(crate) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            rounds: (0..threads).map(|_| Mutex::default()).collect(),
            runtime: OnceLock::new(),
        }
    }

    /// Rounds run on this runtime.
    pub(super) fn run_here(&self) {
        self.runtime.get_or_init(Handle::current);
    }

    /// `lane` is written when this round ends.
    pub(super) fn add(self: &Arc<Self>, lane: Arc<Lane>) {
        let index = thread_index() % self.rounds.len();
        let mut round = self.round(index);
        round.lanes.push(lane);
        if !round.is_running
            && let Some(runtime) = self.runtime.get()
        {
            round.is_running = true;
            drop(round);
            runtime.spawn(self.clone().run(index));
        }
    }

    async fn run(self: Arc<Self>, index: usize) {
        let mut lanes = Vec::new();
        loop {
            yield_now().await;
            std::mem::swap(&mut self.round(index).lanes, &mut lanes);
            for (number, lane) in lanes.drain(..).enumerate() {
                write(&lane);
                if number % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
            lanes.shrink_to(PLACES_KEPT);
            let mut round = self.round(index);
            if round.lanes.is_empty() {
                round.is_running = false;
                // It has been used, the other one may not have been.
                round.lanes = lanes;
                return;
            }
        }
    }

    fn round(&self, index: usize) -> MutexGuard<'_, Round> {
        self.rounds[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that fails in a way nobody foresaw is given up, and not the rest of its round.
fn write(lane: &Arc<Lane>) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| lane.write_gathered())) {
        let panic = said(&*panic);
        tracing::error!(panic, ?lane, "a stream could not be written");
        lane.handle().cut(Cut::Fault);
    }
}

/// A number of this thread, counted from 0.
fn thread_index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static INDEX: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    INDEX.with(|index| *index)
}
