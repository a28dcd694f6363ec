//! What must be there before the server calls itself ready.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use tokio::sync::watch;

/// Named checks, each of which is open until somebody reports it done.
#[derive(Default)]
pub struct Readiness {
    checks: RwLock<BTreeMap<String, Result<(), String>>>,
    moved: watch::Sender<u64>,
}

impl Readiness {
    /// Adds a check that is not fulfilled yet; `reason` is shown until it is.
    pub fn expect(&self, name: &str, reason: &str) {
        self.set(name, Err(reason.to_owned()));
    }

    /// Reports the state of a check.
    pub fn set(&self, name: &str, state: Result<(), String>) {
        self.checks.write().insert(name.to_owned(), state);
        self.moved.send_modify(|count| *count += 1);
    }

    /// The state of one check.
    pub fn state(&self, name: &str) -> Option<Result<(), String>> {
        self.checks.read().get(name).cloned()
    }

    /// Whether every check is fulfilled.
    pub fn is_ready(&self) -> bool {
        self.checks.read().values().all(Result::is_ok)
    }

    /// Waits until every check is fulfilled.
    pub async fn ready(&self) {
        // The sender lives in this object.
        let _ = self.moved.subscribe().wait_for(|_| self.is_ready()).await;
    }

    /// The checks in upstream's verbose form, and whether all are fulfilled.
    pub fn report(&self, excluded: &[String]) -> (bool, String) {
        let checks = self.checks.read();
        let mut text = String::new();
        let mut ready = true;
        for (name, state) in checks.iter() {
            match state {
                _ if excluded.contains(name) => text.push_str(&format!("[+]{name} excluded: ok\n")),
                Ok(()) => text.push_str(&format!("[+]{name} ok\n")),
                Err(reason) => {
                    ready = false;
                    text.push_str(&format!("[-]{name} failed: {reason}\n"));
                }
            }
        }
        (ready, text)
    }
}
