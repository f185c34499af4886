//! Gathers what is to be written: everything that is pushed to a stream within one round of the
//! scheduler leaves together. What is in a hurry overtakes the broadcasts of others, which can
//! keep a thread busy for many rounds, and of which more leaves together: on each stream the
//! first at once, and what follows soon after in one go.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::line::Cut;
use crate::panics::said;
use crate::stream::lane::Lane;

/// How many streams are written before others on this thread get their turn.
const TURN: usize = 32;

/// How soon a stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// With this round: answers, presence, messages to one client.
    Prompt,
    /// When its turn comes: relayed events, and what modules broadcast.
    InTurn,
}

/// How far apart a stream's turns are, at least.
pub(super) const BETWEEN_TURNS: Duration = Duration::from_millis(5);

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
    prompt: Vec<Arc<Lane>>,
    in_turn: VecDeque<Arc<Lane>>,
    is_running: bool,
    /// Those that have had their turn just now.
    later: Vec<Arc<Lane>>,
    is_waiting: bool,
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

    /// `lane` is going to be written.
    pub(super) fn add(self: &Arc<Self>, lane: Arc<Lane>, urgency: Urgency) {
        let index = thread_index() % self.rounds.len();
        let mut round = self.round(index);
        match urgency {
            Urgency::Prompt => round.prompt.push(lane),
            Urgency::InTurn => round.in_turn.push_back(lane),
        }
        if !round.is_running
            && let Some(runtime) = self.runtime.get()
        {
            round.is_running = true;
            drop(round);
            runtime.spawn(self.clone().run(index));
        }
    }

    /// `lane` gets its turn when [`BETWEEN_TURNS`] has passed.
    pub(super) fn add_later(self: &Arc<Self>, lane: Arc<Lane>) {
        let index = thread_index() % self.rounds.len();
        let mut round = self.round(index);
        round.later.push(lane);
        if !round.is_waiting
            && let Some(runtime) = self.runtime.get()
        {
            round.is_waiting = true;
            drop(round);
            runtime.spawn(self.clone().wait(index));
        }
    }

    async fn wait(self: Arc<Self>, index: usize) {
        sleep(BETWEEN_TURNS).await;
        let later = {
            let mut round = self.round(index);
            round.is_waiting = false;
            std::mem::take(&mut round.later)
        };
        for lane in later {
            self.add(lane, Urgency::InTurn);
        }
    }

    async fn run(self: Arc<Self>, index: usize) {
        let (mut prompt, mut in_turn) = (Vec::new(), Vec::new());
        loop {
            yield_now().await;
            {
                let mut round = self.round(index);
                if round.prompt.is_empty() && round.in_turn.is_empty() {
                    round.is_running = false;
                    // It has been used, the other one may not have been.
                    round.prompt = prompt;
                    return;
                }
                std::mem::swap(&mut round.prompt, &mut prompt);
                let turn = round.in_turn.len().min(TURN);
                in_turn.extend(round.in_turn.drain(..turn));
                round.in_turn.shrink_to(PLACES_KEPT);
            }
            for (number, lane) in prompt.drain(..).enumerate() {
                write(&lane, Urgency::Prompt);
                if number % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
            prompt.shrink_to(PLACES_KEPT);
            for lane in in_turn.drain(..) {
                write(&lane, Urgency::InTurn);
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
fn write(lane: &Arc<Lane>, urgency: Urgency) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| lane.write_gathered(urgency))) {
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
