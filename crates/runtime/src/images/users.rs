//! Which containers use which images: a layer that is part of a container's root must not be taken from under it.

use std::collections::{BTreeMap, BTreeSet};

/// Image identifiers by container.
#[derive(Default)]
pub(super) struct Users(BTreeMap<String, BTreeSet<String>>);

impl Users {
    /// Notes that a container uses an image.
    pub(super) fn add(&mut self, container: &str, image: &str) {
        self.0.entry(container.to_owned()).or_default().insert(image.to_owned());
    }

    /// Forgets a container.
    pub(super) fn remove(&mut self, container: &str) {
        self.0.remove(container);
    }

    /// Some container that uses an image.
    pub(super) fn of(&self, image: &str) -> Option<&str> {
        self.0.iter().find(|(_, images)| images.contains(image)).map(|(container, _)| container.as_str())
    }
}
