//! Pauses between attempts: doubled each time up to a bound, and jittered, so that clients of one
//! server do not all come back at once.

use std::time::Duration;

/// The next pause.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new((shortest, longest): (Duration, Duration)) -> Self {
        Self {
            shortest,
            longest,
            next: shortest,
        }
    }

    /// It worked: the next pause is a short one again.
    pub(crate) fn reset(&mut self) {
        self.next = self.shortest;
    }

    /// A pause of half to all of what its turn is.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause.mul_f64(0.5 + random() / 2.0)
    }
}

/// A random time in a range of milliseconds.
pub(crate) fn between([least, most]: [u64; 2]) -> Duration {
    let span = most.saturating_sub(least) as f64;
    Duration::from_millis(least.saturating_add((span * random()) as u64))
}

/// From 0 to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the pauses are only less spread.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_start_again() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new((ms(100), ms(400)));
        for most in [100, 200, 400, 400] {
            let pause = backoff.pause();
            assert!(pause >= ms(most / 2) && pause <= ms(most), "{pause:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= ms(100));
        let spread = between([50, 60]);
        assert!(spread >= ms(50) && spread <= ms(60));
        assert_eq!(between([7, 3]), ms(7));
    }
}
