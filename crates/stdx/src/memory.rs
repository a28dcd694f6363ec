//! Memory that was used for a while goes back to the kernel.
//!
//! The allocator keeps what was freed for a second, and looks at it again only when somebody allocates: after a storm of
//! lists, or once a large store has been read, nobody may for long. To give back at once instead would cost each list a
//! third more time. So who lets go of much says so ([`let_go`]), and once that has ended for a while, all that is free
//! is given back ([`tend`]): nothing happens under load, and nothing while the process is idle.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{sync::Notify, task::spawn_blocking, time::sleep};

/// Less than this is not worth the work, in bytes.
const WORTHWHILE_BYTES: usize = 8 << 20;
/// How long nobody must have let go of anything.
const QUIET: Duration = Duration::from_secs(1);

/// What was let go of and not given back.
struct Freed {
    bytes: AtomicUsize,
    enough: Notify,
}

static FREED: Freed = Freed::new();

impl Freed {
    const fn new() -> Freed {
        Freed { bytes: AtomicUsize::new(0), enough: Notify::const_new() }
    }

    fn let_go(&self, bytes: usize) {
        if self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) >= WORTHWHILE_BYTES {
            self.enough.notify_one();
        }
    }

    /// Waits until enough was let go of, and nothing any more for a while.
    async fn quiet(&self) {
        self.enough.notified().await;
        loop {
            tokio::select! {
                () = self.enough.notified() => {}
                () = sleep(QUIET) => break,
            }
        }
        self.bytes.store(0, Ordering::Relaxed);
    }
}

/// Says that about so many bytes, which were used for a while, are free.
pub fn let_go(bytes: usize) {
    FREED.let_go(bytes);
}

/// Calls `give_back` after each storm, on a thread that may take its time; for the one process that has an allocator
/// which can.
pub async fn tend(give_back: fn()) {
    loop {
        FREED.quiet().await;
        // It cannot fail but by a panic, which has been told.
        let _ = spawn_blocking(give_back).await;
    }
}

#[cfg(feature = "mimalloc")]
mod mimalloc {
    // For its library alone: it declares this function only together with another crate.
    use libmimalloc_sys as _;

    unsafe extern "C" {
        pub(super) fn mi_collect(force: bool);
    }
}

/// Gives back to the kernel what mimalloc, as the process's allocator, has free.
#[cfg(feature = "mimalloc")]
pub fn give_back() {
    // SAFETY: mimalloc declares it so, and it may be called by any thread at any time: it touches nothing that is in use.
    unsafe { mimalloc::mi_collect(true) };
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn little_is_not_given_back_until_it_is_much() {
        let freed = Freed::new();
        freed.let_go(WORTHWHILE_BYTES - 1);
        assert!(timeout(LONG, freed.quiet()).await.is_err());
        freed.let_go(1);
        timeout(LONG, freed.quiet()).await.expect("it is much now");
        freed.let_go(WORTHWHILE_BYTES - 1);
        assert!(timeout(LONG, freed.quiet()).await.is_err(), "it is counted anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_ends_when_nothing_has_come_for_a_while() {
        let freed = std::sync::Arc::new(Freed::new());
        let (storm, started) = (freed.clone(), Instant::now());
        tokio::spawn(async move {
            for _ in 0..10 {
                storm.let_go(WORTHWHILE_BYTES);
                sleep(QUIET * 3 / 4).await;
            }
        });
        timeout(LONG, freed.quiet()).await.expect("it ends");
        assert_eq!(started.elapsed(), QUIET * 3 / 4 * 9 + QUIET);
    }
}
