//! Runs work on the calling thread, until nothing is left that can run now.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};

use futures_util::future::BoxFuture;
use rtm_domain::ports::Tasks;

use crate::dice::Dice;

/// A queue of work. A panic in it goes through to the test.
#[derive(Clone)]
pub struct Executor {
    shared: Arc<Shared>,
}

struct Shared {
    ready: Mutex<VecDeque<Arc<Task>>>,
    /// Picks what runs next; without it, what was ready first.
    dice: Mutex<Option<Dice>>,
    all: Mutex<Vec<Weak<Task>>>,
    stopped: AtomicBool,
}

struct Task {
    work: Mutex<Option<BoxFuture<'static, ()>>>,
    queued: AtomicBool,
    shared: Arc<Shared>,
}

impl Executor {
    /// Runs work in the order in which it became ready or, given dice, in any order.
    pub fn new(dice: Option<Dice>) -> Self {
        Self {
            shared: Arc::new(Shared {
                ready: Mutex::default(),
                dice: Mutex::new(dice),
                all: Mutex::default(),
                stopped: AtomicBool::new(false),
            }),
        }
    }

    /// Runs all that can run. True if anything did.
    pub fn run(&self) -> bool {
        let mut ran = false;
        while let Some(task) = self.next() {
            ran = true;
            task.queued.store(false, Ordering::SeqCst);
            let waker = Waker::from(task.clone());
            let mut work = lock(&task.work);
            let done = work.as_mut().is_some_and(|work| {
                work.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            });
            if done {
                *work = None;
            }
        }
        ran
    }

    /// Nothing runs here any more.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // All are held while their work is dropped: one may wake another, with locks held.
        let all: Vec<Arc<Task>> = lock(&self.shared.all)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for task in &all {
            let work = lock(&task.work).take();
            drop(work);
        }
        let ready = std::mem::take(&mut *lock(&self.shared.ready));
        drop(ready);
    }

    fn next(&self) -> Option<Arc<Task>> {
        let mut ready = lock(&self.shared.ready);
        let nth = match &mut *lock(&self.shared.dice) {
            Some(dice) if ready.len() > 1 => dice.below(ready.len()),
            _ => 0,
        };
        ready.remove(nth)
    }
}

impl Tasks for Executor {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        let task = Arc::new(Task {
            work: Mutex::new(Some(work)),
            queued: AtomicBool::new(false),
            shared: self.shared.clone(),
        });
        let mut all = lock(&self.shared.all);
        if all.len() == all.capacity() {
            all.retain(|task| task.strong_count() > 0);
        }
        all.push(Arc::downgrade(&task));
        drop(all);
        task.wake();
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.shared.stopped.load(Ordering::SeqCst) || self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = self.shared.clone();
        lock(&shared.ready).push_back(self);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
