//! A clock that is moved by hand. Who sleeps by it wakes when it is moved far enough.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rtm_domain::ports::Clock;
use rtm_domain::time::{Moment, Timestamp, millis};

/// The steady clock starts here and the calendar there, so that the two cannot be mixed.
const START: u64 = 5_000;
const CALENDAR: u64 = 1_700_000_000_000;

type Hook = Box<dyn FnOnce() + Send>;
type Watcher = Box<dyn Fn(Timestamp) + Send>;

/// Both clocks of a node, and of the store in memory.
#[derive(Default)]
pub struct HandClock {
    hands: Arc<Mutex<Hands>>,
    on_wall: Mutex<Option<Hook>>,
    watchers: Mutex<Vec<Watcher>>,
}

#[derive(Default)]
struct Hands {
    passed: u64,
    sleepers: BTreeMap<(u64, u64), Waker>,
    sleepers_ever: u64,
}

impl HandClock {
    /// A clock that stands.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Milliseconds since the start.
    pub fn passed(&self) -> u64 {
        lock(&self.hands).passed
    }

    /// When the next sleeper wakes, in milliseconds since the start.
    pub fn next_due(&self) -> Option<u64> {
        let hands = lock(&self.hands);
        hands.sleepers.keys().next().map(|(due, _)| *due)
    }

    /// Moves the clock to `passed` milliseconds since the start and wakes whom that concerns.
    pub fn move_to(&self, passed: u64) {
        let awake = {
            let mut hands = lock(&self.hands);
            hands.passed = hands.passed.max(passed);
            let after = (hands.passed + 1, 0);
            let later = hands.sleepers.split_off(&after);
            mem::replace(&mut hands.sleepers, later)
        };
        let time = Timestamp(CALENDAR + self.passed());
        for watcher in &*lock(&self.watchers) {
            watcher(time);
        }
        awake.into_values().for_each(Waker::wake);
    }

    /// Moves the clock by `span`.
    pub fn advance(&self, span: Duration) {
        self.move_to(self.passed() + millis(span));
    }

    /// Lets all sleepers go without waking them.
    pub fn abandon_sleepers(&self) {
        let sleepers = mem::take(&mut lock(&self.hands).sleepers);
        drop(sleepers);
    }

    /// Tells `watcher` the calendar's time whenever the clock was moved, before anyone wakes.
    pub fn when_moved(&self, watcher: impl Fn(Timestamp) + Send + 'static) {
        lock(&self.watchers).push(Box::new(watcher));
    }

    /// Runs `work` when the calendar is read next: a way into the middle of a command.
    pub fn when_wall_is_read(&self, work: impl FnOnce() + Send + 'static) {
        *lock(&self.on_wall) = Some(Box::new(work));
    }
}

impl Clock for HandClock {
    fn now(&self) -> Moment {
        Moment(START + self.passed())
    }

    fn wall(&self) -> Timestamp {
        let hook = lock(&self.on_wall).take();
        if let Some(hook) = hook {
            hook();
        }
        Timestamp(CALENDAR + self.passed())
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let mut hands = lock(&self.hands);
        hands.sleepers_ever += 1;
        let key = (hands.passed + millis(span), hands.sleepers_ever);
        let hands = self.hands.clone();
        Sleep { hands, key }.boxed()
    }
}

struct Sleep {
    hands: Arc<Mutex<Hands>>,
    key: (u64, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut hands = lock(&self.hands);
        if hands.passed >= self.key.0 {
            return Poll::Ready(());
        }
        hands.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = lock(&self.hands).sleepers.remove(&self.key);
        drop(waker);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
