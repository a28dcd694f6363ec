//! What a pod's worker is told: always the newest, never a queue.

use std::sync::Arc;

use apimachinery::Object;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Why a pod is ended by its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// `status.reason`
    pub reason: String,
    /// `status.message`
    pub message: String,
    /// Seconds that its containers have to end.
    pub grace_period_seconds: i64,
}

/// What happened to a mirror pod.
#[derive(Clone, Debug)]
pub(crate) enum MirrorNews {
    /// It came or changed.
    Is(Arc<Object>),
    /// The one with this UID is gone.
    Gone(String),
}

/// The news since the worker last looked.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The newest specification.
    pub(crate) pod: Arc<Object>,
    /// Whether the pod is gone from its source.
    pub(crate) removed: bool,
    /// Whether something that volumes show has changed.
    pub(crate) refresh_volumes: bool,
    /// Whether the node ends the pod.
    pub(crate) eviction: Option<Eviction>,
    /// What happened to the mirror pod of a static pod.
    pub(crate) mirror: Option<MirrorNews>,
    /// Whether the node starts nothing more and ends what runs, without a word about the pod's fate.
    pub(crate) halted: bool,
}

/// A worker's mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    changed: Notify,
}

impl Mailbox {
    pub(crate) fn new(pod: Arc<Object>) -> Mailbox {
        let mail = Mail { pod, removed: false, refresh_volumes: false, eviction: None, mirror: None, halted: false };
        Mailbox { mail: Mutex::new(mail), changed: Notify::new() }
    }

    /// Takes the news; flags that ask for work once are cleared.
    pub(crate) fn take(&self) -> Mail {
        let mut mail = self.mail.lock();
        let taken = mail.clone();
        mail.refresh_volumes = false;
        mail.mirror = None;
        taken
    }

    /// The newest specification.
    pub(crate) fn pod(&self) -> Arc<Object> {
        self.mail.lock().pod.clone()
    }

    /// Waits for news; news from before the call count.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Something happened: look at everything again.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn update(&self, pod: Arc<Object>) {
        self.mail.lock().pod = pod;
        self.wake();
    }

    pub(crate) fn mirror(&self, news: MirrorNews) {
        self.mail.lock().mirror = Some(news);
        self.wake();
    }

    pub(crate) fn remove(&self) {
        self.mail.lock().removed = true;
        self.wake();
    }

    pub(crate) fn refresh_volumes(&self) {
        self.mail.lock().refresh_volumes = true;
        self.wake();
    }

    pub(crate) fn halt(&self) {
        self.mail.lock().halted = true;
        self.wake();
    }

    pub(crate) fn evict(&self, eviction: Eviction) {
        self.mail.lock().eviction.get_or_insert(eviction);
        self.wake();
    }
}
