//! Who must hear of changes of which ConfigMap, secret or trust bundle: exactly the objects that volumes show are watched.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use apimachinery::Object;
use client::{Collection, Event, SharedInformers};
use parking_lot::Mutex;

use crate::{mailbox::Mailbox, objects};

/// Mailboxes by pod UID, by what they watch.
type Registry = Arc<Mutex<BTreeMap<Collection, BTreeMap<String, Weak<Mailbox>>>>>;

/// Watches on behalf of pods.
pub(crate) struct Watches {
    informers: SharedInformers,
    registry: Registry,
}

impl Watches {
    pub(crate) fn new(informers: SharedInformers) -> Watches {
        Watches { informers, registry: Registry::default() }
    }

    /// Tells `mailbox` from now on when something that the volumes of `pod` show has changed.
    pub(crate) fn follow(&self, pod: &Object, mailbox: &Arc<Mailbox>) {
        for collection in objects::of_volumes(pod) {
            let mut registry = self.registry.lock();
            let first = !registry.contains_key(&collection);
            let followers = registry.entry(collection.clone()).or_default();
            followers.insert(pod.uid().to_owned(), Arc::downgrade(mailbox));
            drop(registry);
            if first {
                let registry = self.registry.clone();
                let key = collection.clone();
                self.informers.follow(collection).add_handler(move |_: &Event| {
                    let followers: Vec<_> =
                        registry.lock().get(&key).into_iter().flatten().map(|(_, to)| to.clone()).collect();
                    followers.iter().filter_map(Weak::upgrade).for_each(|mailbox| mailbox.refresh_volumes());
                });
            }
        }
    }

    /// Ends the watches that only the pod with `uid` needed.
    pub(crate) fn release(&self, uid: &str) {
        self.registry.lock().retain(|collection, followers| {
            followers.remove(uid);
            if followers.is_empty() {
                self.informers.stop(collection);
            }
            !followers.is_empty()
        });
    }
}
