//! When this node and Redis compare who is shut out.

use std::sync::Arc;
use std::time::Duration;

use rtm_domain::error::StoreError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often revocations are compared that a message may not have told of.
const COMPARE_EVERY: Duration = Duration::from_secs(20);

/// The same where the last attempt failed: whoever is shut out must not wait for long.
const COMPARE_AGAIN: Duration = Duration::from_secs(1);

/// A node that remembers what Redis has forgotten waits for up to so long before it writes that
/// back: the first of many nodes spares all others from doing the same.
const WRITE_BACK_WITHIN: Duration = Duration::from_secs(1);

/// What a comparison may do about what Redis has forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Noting,
    WritingBack,
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Both know the same.
    Agree,
    /// This node remembers some whom Redis has forgotten.
    Forgotten,
    /// There is nobody left to compare for.
    Over,
}

/// Has `compare` done from time to time, until `shutdown`.
pub(super) async fn keep_up<F>(
    mut compare: impl FnMut(About) -> F,
    interrupted: Arc<Notify>,
    shutdown: CancellationToken,
) where
    F: Future<Output = Result<Compared, StoreError>>,
{
    let (mut pause, mut after_it) = (COMPARE_EVERY, About::Noting);
    loop {
        let about = tokio::select! {
            () = shutdown.cancelled() => return,
            // Maybe because another node is just writing back.
            () = interrupted.notified() => About::Noting,
            () = tokio::time::sleep(pause) => after_it,
        };
        (pause, after_it) = match compare(about).await {
            Ok(Compared::Agree) => (COMPARE_EVERY, About::Noting),
            Ok(Compared::Forgotten) => (at_random(WRITE_BACK_WITHIN), About::WritingBack),
            Ok(Compared::Over) => return,
            Err(error) => {
                tracing::warn!(%error, "who is shut out cannot be read; trying again");
                (COMPARE_AGAIN, About::Noting)
            }
        };
    }
}

fn at_random(longest: Duration) -> Duration {
    // Without it nodes may do the same at the same time, no more.
    let part = getrandom::u32().unwrap_or_default();
    longest.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
