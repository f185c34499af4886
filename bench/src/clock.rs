//! Time that all processes of a machine share, and an alarm finer than a runtime's timer.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Nanoseconds of a second.
pub(crate) const SECOND: u64 = 1_000_000_000;
/// Nanoseconds of a millisecond.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// Nanoseconds since the machine started: the same in all of its processes.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let part = |part: i64| u64::try_from(part).unwrap_or_default();
    part(now.tv_sec) * SECOND + part(now.tv_nsec)
}

/// Wakes at a time. The runtime's own timer counts whole milliseconds, which would be more than
/// most of what is measured here.
pub(crate) struct Alarm {
    timer: AsyncFd<OwnedFd>,
    set_to: u64,
}

impl Alarm {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[allow(
            deprecated,
            reason = "its successor is unsafe, for descriptors that may be closed; this one is owned"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { timer, set_to: 0 })
    }

    /// Completes at `at`, or at once if that is over. May be dropped and called again.
    pub(crate) async fn until(&mut self, at: u64) -> io::Result<()> {
        if at <= now() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        if self.set_to != at {
            let never = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let time = Itimerspec {
                it_interval: never,
                it_value: Timespec {
                    tv_sec: i64::try_from(at / SECOND).unwrap_or(i64::MAX),
                    tv_nsec: i64::try_from(at % SECOND).unwrap_or_default(),
                },
            };
            // Setting it takes back that it has fired, too.
            timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &time)?;
            self.set_to = at;
        }
        while now() < at {
            self.timer.readable().await?.clear_ready();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_alarm_wakes_in_its_time_and_is_set_again() {
        let mut alarm = Alarm::new().unwrap();
        for _ in 0..3 {
            let at = now() + 300_000;
            alarm.until(at).await.unwrap();
            assert!(now() >= at);
        }
        alarm.until(0).await.unwrap();
    }
}
