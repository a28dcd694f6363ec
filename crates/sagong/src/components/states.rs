//! How each component does: since when it runs, and how it last failed.

use std::{collections::BTreeMap, time::SystemTime};

use apimachinery::{Value, value};

use crate::status::unix_seconds;

/// A component's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ComponentState {
    /// When it was started, while it runs.
    pub(crate) running_since_unix_seconds: Option<i64>,
    /// It did what it had to, and ended.
    pub(crate) finished: bool,
    /// Another server does it, or did until now.
    pub(crate) waits: bool,
    /// How often it failed.
    pub(crate) failures: i64,
    /// How it failed the last time.
    pub(crate) last_failure: Option<String>,
}

impl ComponentState {
    /// As the admin socket shows it.
    pub(crate) fn value(&self, name: &str) -> Value {
        let state = match (self.finished, self.running_since_unix_seconds) {
            (true, _) => "finished",
            (false, Some(_)) => "running",
            (false, None) if self.waits => "waiting to be elected",
            (false, None) => "failed",
        };
        value!({
            "name": name,
            "state": state,
            "runningSinceUnixSeconds": self.running_since_unix_seconds.unwrap_or_default(),
            "failures": self.failures,
            "lastFailure": self.last_failure.clone().unwrap_or_default()
        })
    }
}

/// The states of all components, by name.
#[derive(Default)]
pub(crate) struct States(std::sync::Mutex<BTreeMap<&'static str, ComponentState>>);

impl States {
    fn change(&self, name: &'static str, change: impl FnOnce(&mut ComponentState)) {
        let mut states = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(states.entry(name).or_default());
    }

    /// A component starts.
    pub(super) fn started(&self, name: &'static str) {
        self.change(name, |state| {
            state.running_since_unix_seconds = Some(unix_seconds(SystemTime::now()));
            state.waits = false;
        });
    }

    /// A component is another server's work.
    pub(super) fn waits(&self, name: &'static str) {
        self.change(name, |state| {
            state.running_since_unix_seconds = None;
            state.waits = true;
        });
    }

    /// A component has nothing more to do here.
    pub(super) fn finished(&self, name: &'static str) {
        self.change(name, |state| {
            state.running_since_unix_seconds = None;
            state.finished = true;
        });
    }

    /// A component failed.
    pub(super) fn failed(&self, name: &'static str, failure: String) {
        self.change(name, |state| {
            state.running_since_unix_seconds = None;
            state.failures += 1;
            state.last_failure = Some(failure);
        });
    }

    /// All of them now.
    pub(crate) fn snapshot(&self) -> BTreeMap<&'static str, ComponentState> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_remembered_after_the_restart() {
        let states = States::default();
        states.started("dns");
        states.failed("dns", "no address".to_owned());
        assert_eq!(states.snapshot()["dns"].value("dns").str_at(&["state"]), Some("failed"));
        states.started("dns");
        let value = states.snapshot()["dns"].value("dns");
        assert_eq!(value.str_at(&["state"]), Some("running"));
        assert_eq!(value.str_at(&["lastFailure"]), Some("no address"));
        states.finished("dns");
        assert_eq!(states.snapshot()["dns"].value("dns").str_at(&["state"]), Some("finished"));
    }
}
