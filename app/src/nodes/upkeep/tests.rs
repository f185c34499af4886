//! The loop on a clock of its own, with comparisons whose outcomes are given by hand.

use super::*;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A comparison whose outcomes are given by hand, on a clock that leaps to the next event.
struct Rig {
    asked: mpsc::UnboundedReceiver<About>,
    outcomes: mpsc::UnboundedSender<Result<Compared, StoreError>>,
    interrupted: Arc<Notify>,
    since: Instant,
}

impl Rig {
    fn start() -> Self {
        let (asking, asked) = mpsc::unbounded_channel();
        let (outcomes, given) = mpsc::unbounded_channel();
        let given = Arc::new(tokio::sync::Mutex::new(given));
        let interrupted = Arc::new(Notify::new());
        let compare = move |about| {
            let (asking, given) = (asking.clone(), given.clone());
            async move {
                let _ = asking.send(about);
                given
                    .lock()
                    .await
                    .recv()
                    .await
                    .unwrap_or(Ok(Compared::Over))
            }
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(keep_up(compare, interrupted.clone(), shutdown));
        Self {
            asked,
            outcomes,
            interrupted,
            since: Instant::now(),
        }
    }

    /// What the next comparison is about, and how long after the last one's outcome it is made.
    async fn next(&mut self) -> (About, Duration) {
        let about = self.asked.recv().await.expect("it goes on");
        (about, self.since.elapsed())
    }

    fn outcome(&mut self, outcome: Result<Compared, StoreError>) {
        self.since = Instant::now();
        self.outcomes.send(outcome).expect("it goes on");
    }
}

fn away() -> Result<Compared, StoreError> {
    Err(StoreError::Unreachable("away".into()))
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_failed_is_made_again_after_a_second() {
    let mut rig = Rig::start();
    assert_eq!(rig.next().await, (About::Noting, COMPARE_EVERY));
    for _ in 0..3 {
        rig.outcome(away());
        assert_eq!(rig.next().await, (About::Noting, COMPARE_AGAIN));
    }
    rig.outcome(Ok(Compared::Agree));
    assert_eq!(rig.next().await, (About::Noting, COMPARE_EVERY));
}

#[tokio::test(start_paused = true)]
async fn what_redis_has_forgotten_is_written_back_only_after_a_pause() {
    let mut rig = Rig::start();
    rig.next().await;
    rig.outcome(Ok(Compared::Forgotten));
    let (about, after) = rig.next().await;
    assert_eq!(about, About::WritingBack);
    assert!(after <= WRITE_BACK_WITHIN, "after {after:?}");
    rig.outcome(Ok(Compared::Agree));
    assert_eq!(rig.next().await, (About::Noting, COMPARE_EVERY));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hears_of_another_one_writing_back_looks_first() {
    let mut rig = Rig::start();
    rig.next().await;
    for _ in 0..3 {
        rig.interrupted.notify_one();
        rig.outcome(Ok(Compared::Forgotten));
        assert_eq!(rig.next().await.0, About::Noting);
    }
    rig.outcome(Ok(Compared::Agree));
    assert_eq!(rig.next().await, (About::Noting, COMPARE_EVERY));
}

#[tokio::test(start_paused = true)]
async fn a_failure_while_writing_back_is_looked_at_again_before_more_is_written() {
    let mut rig = Rig::start();
    rig.next().await;
    rig.outcome(Ok(Compared::Forgotten));
    assert_eq!(rig.next().await.0, About::WritingBack);
    rig.outcome(away());
    assert_eq!(rig.next().await, (About::Noting, COMPARE_AGAIN));
}
