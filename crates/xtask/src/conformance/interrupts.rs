//! Ctrl-C and its like: noted instead of died of, so that results are written and the cluster is taken down.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

#[derive(Default)]
struct Seen {
    interrupts: usize,
    enter: bool,
}

/// What the user has asked for.
#[derive(Clone, Default)]
pub(super) struct Interrupts(Arc<(Mutex<Seen>, Condvar)>);

impl Interrupts {
    /// Takes note of SIGINT, SIGTERM and SIGHUP from now on.
    ///
    /// # Errors
    /// When signals cannot be caught.
    pub(super) fn note() -> anyhow::Result<Interrupts> {
        let interrupts = Interrupts::default();
        let noted = interrupts.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate, mut hang_up) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?)
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        _ = hang_up.recv() => {}
                    }
                    noted.change(|seen| seen.interrupts += 1);
                    eprintln!("interrupted: taking the cluster down");
                }
            });
        });
        Ok(interrupts)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, how: impl FnOnce(&mut Seen)) {
        how(&mut self.lock());
        self.0.1.notify_all();
    }

    /// Whether the user has had enough.
    pub(super) fn have_come(&self) -> bool {
        self.lock().interrupts > 0
    }

    /// Returns when Enter is pressed, the input ends, or the user has had enough.
    pub(super) fn wait_for_enter(&self) {
        let reader = self.clone();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_line(&mut String::new());
            reader.change(|seen| seen.enter = true);
        });
        let seen = self.lock();
        drop(self.0.1.wait_while(seen, |seen| !seen.enter && seen.interrupts == 0));
    }
}
