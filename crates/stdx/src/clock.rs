//! Wall-clock time, through one door.
//!
//! Everything that decides by time asks here, so that a simulation can put its own clock underneath. Waiting for a length
//! of time is done with tokio's timers, which a simulation pauses; waiting for a moment that is far away with
//! [`sleep_until`], since the clock may be set on the way, and the machine may sleep.

use std::{cell::Cell, os::fd::OwnedFd, time::Duration};

use jiff::Timestamp;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::unix::AsyncFd;

/// Without an alarm of the kernel's the clock is looked at again after this time.
const LOOK_INTERVAL: Duration = Duration::from_secs(3600);

thread_local! {
    static OVERRIDE: Cell<Option<fn() -> Timestamp>> = const { Cell::new(None) };
}

/// The time now.
#[allow(clippy::disallowed_methods, reason = "this is the one door")]
pub fn now() -> Timestamp {
    OVERRIDE.get().map_or_else(Timestamp::now, |clock| clock())
}

/// Replaces the clock of this thread; a simulation runs on one thread.
pub fn set_for_thread(clock: Option<fn() -> Timestamp>) {
    OVERRIDE.set(clock);
}

/// Waits until the clock shows `due`, also when it is set meanwhile, or the machine sleeps; not at all when it shows a
/// later time already.
pub async fn sleep_until(due: Timestamp) {
    until(due, now, wait).await;
}

/// Waits again and again, for something that ends early when the clock is set, until it shows `due`.
async fn until(due: Timestamp, now: impl Fn() -> Timestamp, wait: impl AsyncFn(Timestamp)) {
    while now() < due {
        wait(due).await;
    }
}

/// Waits until the clock shows `due`, or is set.
async fn wait(due: Timestamp) {
    let left = Duration::try_from(due.duration_since(now())).unwrap_or_default();
    if OVERRIDE.get().is_some() {
        // A simulation's clock goes with tokio's.
        return tokio::time::sleep(left).await;
    }
    match alarm(due) {
        // An error of the reactor's is one of its end.
        Ok(alarm) => drop(alarm.readable().await),
        // There is no file descriptor left.
        Err(_) => tokio::time::sleep(left.min(LOOK_INTERVAL)).await,
    }
}

/// Something that becomes readable when the clock shows `due`, or is set.
fn alarm(due: Timestamp) -> std::io::Result<AsyncFd<OwnedFd>> {
    let alarm = rustix::time::timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    // All zero would be no time at all.
    let nanoseconds = u32::try_from(due.subsec_nanosecond()).unwrap_or_default().max(1);
    let value = Timespec { tv_sec: due.as_second().max(0), tv_nsec: nanoseconds.into() };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    rustix::time::timerfd_settime(&alarm, flags, &Itimerspec { it_interval: none, it_value: value })?;
    // SAFETY: an OwnedFd names the same open descriptor until it is dropped, which the AsyncFd does after deregistering.
    Ok(unsafe { AsyncFd::register(alarm) }?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn it_is_waited_for_the_moment() {
        let due = now() + Duration::from_millis(30);
        sleep_until(due).await;
        assert!(now() >= due);
        sleep_until(due - HOUR).await;
        sleep_until(Timestamp::UNIX_EPOCH).await;
    }

    /// The waiting ends early each time that the clock is set, to what it shows then.
    async fn waits(due: Timestamp, start: Timestamp, set: &[Timestamp]) -> usize {
        let (shown, turn) = (Cell::new(start), Cell::new(0));
        let wait = async |_| {
            shown.set(set.get(turn.get()).copied().unwrap_or(due));
            turn.set(turn.get() + 1);
        };
        until(due, || shown.get(), wait).await;
        turn.get()
    }

    #[tokio::test]
    async fn a_clock_that_is_set_changes_when_it_comes() {
        let start: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        let due = start + HOUR;
        assert_eq!(waits(due, start, &[]).await, 1);
        // Back, and back again; then it goes on.
        assert_eq!(waits(due, start, &[start - HOUR, start - 9 * HOUR]).await, 3);
        // Beyond the moment.
        assert_eq!(waits(due, start, &[due + HOUR]).await, 1);
        assert_eq!(waits(due, due + HOUR, &[]).await, 0);
    }

    thread_local! {
        static BEGAN: Cell<Option<tokio::time::Instant>> = const { Cell::new(None) };
    }

    #[tokio::test(start_paused = true)]
    async fn a_simulation_has_its_own_clock() {
        BEGAN.set(Some(tokio::time::Instant::now()));
        set_for_thread(Some(|| Timestamp::UNIX_EPOCH + BEGAN.get().map(|began| began.elapsed()).unwrap_or_default()));
        let due = now() + 9000 * HOUR;
        sleep_until(due).await;
        assert_eq!(now(), due);
        set_for_thread(None);
    }
}
