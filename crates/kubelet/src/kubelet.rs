//! The kubelet: where pods come from, and one worker for each.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apimachinery::{Object, Value, value};
use client::{Client, Collection, Event, EventRecorder, EventType, PatchType, SharedInformers, kinds};
use cri_api::{
    ImageService, RuntimeService, Streaming,
    v1::{GetEventsRequest, ListPodSandboxRequest, PodSandbox},
};
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{
    admission,
    config::Config,
    images::Images,
    labels,
    mailbox::{Eviction, Mailbox, MirrorNews},
    node::{self, Machine, Node},
    objects::Objects,
    services::Services,
    traced::traced,
    volumes::{Mounter, Volumes},
    watches::Watches,
    worker::Worker,
};

/// The delay after which the runtime is asked again when it does not answer.
const RUNTIME_RETRY: Duration = Duration::from_millis(500);

/// What a kubelet stands on.
pub struct Dependencies {
    /// The API, as the node (`system:node:NAME`).
    pub client: Client,
    /// The container runtime.
    pub runtime: Arc<dyn RuntimeService>,
    /// Its images.
    pub images: Arc<dyn ImageService>,
    /// Its streams.
    pub streaming: Arc<dyn Streaming>,
    /// Who mounts: [`crate::volumes::KernelMounter`].
    pub mounter: Arc<dyn Mounter>,
}

/// A kubelet; clones are the same one.
#[derive(Clone)]
pub struct Kubelet {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) services: Arc<Services>,
    pub(crate) streaming: Arc<dyn Streaming>,
    machine: Machine,
    informers: SharedInformers,
    workers: Mutex<BTreeMap<String, Arc<Mailbox>>>,
    /// Whether pods get no workers any more, and those that there are end their pods.
    halted: AtomicBool,
    /// How many workers there are, for who waits until there are none.
    worker_count: watch::Sender<usize>,
    /// Woken when the node's status may have changed.
    node_changed: Mutex<Option<Arc<Notify>>>,
}

impl Kubelet {
    /// Asks the runtime who it is, waiting until it answers, and prepares everything; nothing runs before
    /// [`Kubelet::run`].
    pub async fn new(config: Config, dependencies: Dependencies) -> Kubelet {
        let Dependencies { client, runtime, images, streaming, mounter } = dependencies;
        let runtime = traced(runtime);
        let machine = Machine::read(&config.root_directory);
        let mut facts = machine.facts(&config);
        (facts.runtime_name, facts.runtime_version) = loop {
            match node::runtime_version(&runtime).await {
                Ok(version) => break version,
                Err(error) => {
                    tracing::warn!(%error, "the container runtime does not answer");
                    tokio::time::sleep(RUNTIME_RETRY).await;
                }
            }
        };
        let recorder = EventRecorder::new(client.clone(), "kubelet", config.node_name.clone());
        let informers = SharedInformers::new(client.clone());
        let objects = Objects::new(client.clone());
        let images =
            Images::new(images, objects.clone(), recorder.clone(), config.serialize_image_pulls, config.image_backoff);
        let node =
            informers.follow(Collection::all(&kinds::NODES).fields(format!("metadata.name={}", config.node_name)));
        let services = Services {
            volumes: Volumes::new(config.root_directory.join("pods"), mounter, client.clone()),
            watches: Watches::new(informers.clone()),
            services: informers.of(&kinds::SERVICES),
            node,
            config,
            client,
            runtime,
            images,
            recorder,
            objects,
            facts,
            pressure: Mutex::default(),
            garbage: crate::garbage::ImageGarbage::default(),
        };
        let inner = Inner {
            services: Arc::new(services),
            streaming,
            machine,
            informers,
            workers: Mutex::default(),
            halted: AtomicBool::new(false),
            worker_count: watch::Sender::new(0),
            node_changed: Mutex::default(),
        };
        Kubelet { inner: Arc::new(inner) }
    }

    /// Runs for ever: registers the node, follows pods and the runtime.
    pub async fn run(&self) {
        let inner = &self.inner;
        let node = Node::new(inner.services.clone(), inner.machine.clone());
        *inner.node_changed.lock() = Some(node.changed.clone());
        let registered = async {
            if !inner.services.config.register_node {
                std::future::pending::<()>().await;
            }
            let object = node.register().await;
            tokio::join!(node.keep_status(object.clone()), node.keep_lease(object));
        };
        let static_pods = crate::static_pods::follow(inner.clone());
        let (evictions, images) = (crate::eviction::keep(inner.clone()), crate::garbage::keep(inner.clone()));
        tokio::join!(registered, inner.follow_pods(), inner.follow_runtime(), static_pods, evictions, images);
    }

    /// Looks at the runtime again: its network came or went, which no event of it tells.
    pub fn runtime_changed(&self) {
        self.inner.wake_all();
    }

    /// The pods that have a worker.
    pub fn pods(&self) -> Vec<Arc<Object>> {
        self.inner.pods()
    }

    /// Ends a pod for the node's own reasons; `false` when there is no such pod here.
    pub fn evict(&self, uid: &str, eviction: Eviction) -> bool {
        self.inner.evict(uid, eviction)
    }

    /// Takes the node out of service: ends the containers of all pods within their grace periods, hooks included, and
    /// starts nothing more. The pods stay in the API, and the next kubelet starts them again, as after a reboot.
    /// `progress` is told how many pods are left whenever that changes; returns when there are none.
    pub async fn halt(&self, mut progress: impl FnMut(usize) + Send) {
        let inner = &self.inner;
        let mut count = inner.worker_count.subscribe();
        {
            let workers = inner.workers.lock();
            inner.halted.store(true, Ordering::Relaxed);
            workers.values().for_each(|mailbox| mailbox.halt());
        }
        loop {
            let left = *count.borrow_and_update();
            progress(left);
            // The sender lives in `inner`, as long as this call.
            if left == 0 || count.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Inner {
    /// The pods that have a worker.
    pub(crate) fn pods(&self) -> Vec<Arc<Object>> {
        self.workers.lock().values().map(|mailbox| mailbox.pod()).collect()
    }

    /// Ends a pod for the node's own reasons; `false` when there is no such pod here.
    pub(crate) fn evict(&self, uid: &str, eviction: Eviction) -> bool {
        let mailbox = self.workers.lock().get(uid).cloned();
        mailbox.map(|mailbox| mailbox.evict(eviction)).is_some()
    }

    /// Whether something of a pod runs: it has a worker, and has not ended.
    pub(crate) fn is_working(&self, uid: &str) -> bool {
        let mailbox = self.workers.lock().get(uid).cloned();
        mailbox.is_some_and(|mailbox| !matches!(mailbox.pod().status().str_at("phase"), Some("Succeeded" | "Failed")))
    }

    /// The node's status may have changed.
    pub(crate) fn node_changed(&self) {
        if let Some(changed) = self.node_changed.lock().as_ref() {
            changed.notify_one();
        }
    }

    /// Follows the pods that are bound to this node.
    async fn follow_pods(self: &Arc<Inner>) {
        let selector = format!("spec.nodeName={}", self.services.config.node_name);
        let pods = self.informers.follow(Collection::all(&kinds::PODS).fields(selector));
        // Admission looks at the node's labels and taints.
        if self.services.config.register_node {
            self.services.node.until(|node| !node.is_empty()).await;
        }
        let weak: Weak<Inner> = Arc::downgrade(self);
        pods.add_handler(move |event: &Event| {
            if let Some(inner) = weak.upgrade() {
                inner.on_event(event);
            }
        });
        pods.synced().await;
        self.adopt_or_end_the_rest().await;
        std::future::pending::<()>().await;
    }

    fn on_event(self: &Arc<Inner>, event: &Event) {
        let pod = event.object();
        // A mirror pod only shows what a file says; its static pod's worker sees to it that there is one.
        if let Some(of) = pod.annotation(labels::CONFIG_MIRROR) {
            let mailbox = self.workers.lock().get(of).cloned();
            if let Some(mailbox) = mailbox {
                mailbox.mirror(match event {
                    Event::Added(_) | Event::Updated { .. } => MirrorNews::Is(pod.clone()),
                    Event::Deleted(_) => MirrorNews::Gone(pod.uid().to_owned()),
                });
            }
            return;
        }
        match event {
            Event::Added(_) | Event::Updated { .. } => self.on_pod(pod.clone()),
            Event::Deleted(_) => self.on_removed(pod.uid()),
        }
    }

    /// A pod came or changed.
    pub(crate) fn on_pod(self: &Arc<Inner>, pod: Arc<Object>) {
        let known = self.workers.lock().get(pod.uid()).cloned();
        if let Some(mailbox) = known {
            mailbox.update(pod);
            return;
        }
        let phase = pod.status().str_at("phase").unwrap_or_default();
        let ended = matches!(phase, "Succeeded" | "Failed");
        let running = phase == "Running";
        // What ran before we came was admitted before; what ends needs no admission.
        if !ended && !running && pod.deletion_timestamp().is_none() {
            let others: Vec<Arc<Object>> = self.workers.lock().values().map(|mailbox| mailbox.pod()).collect();
            let node = self.services.node.get(&self.services.config.node_name);
            let site = admission::Site {
                node: node.as_deref(),
                others: &others,
                allocatable: &self.services.facts.allocatable,
                max_pods: self.services.config.max_pods,
                app_armor: self.services.facts.app_armor,
                pressure: &self.services.pressure.lock().conditions(),
            };
            if let Err(refusal) = admission::admit(&pod, site, crate::worker::is_static(&pod)) {
                let inner = self.clone();
                tokio::spawn(async move { inner.refuse(pod, refusal).await });
                return;
            }
        }
        self.work(pod);
    }

    pub(crate) fn on_removed(&self, uid: &str) {
        let known = self.workers.lock().get(uid).cloned();
        if let Some(mailbox) = known {
            mailbox.remove();
        }
    }

    /// Gives a pod its worker.
    fn work(self: &Arc<Inner>, pod: Arc<Object>) -> Arc<Mailbox> {
        let uid = pod.uid().to_owned();
        let mailbox = Arc::new(Mailbox::new(pod));
        {
            let mut workers = self.workers.lock();
            workers.insert(uid.clone(), mailbox.clone());
            self.worker_count.send_replace(workers.len());
            if self.halted.load(Ordering::Relaxed) {
                mailbox.halt();
            }
        }
        let (inner, worker) = (self.clone(), Worker::new(self.services.clone(), mailbox.clone()));
        tokio::spawn(async move {
            worker.run().await;
            let mut workers = inner.workers.lock();
            workers.remove(&uid);
            inner.worker_count.send_replace(workers.len());
        });
        mailbox
    }

    /// Says that a pod cannot run here; whoever made it makes another.
    async fn refuse(self: Arc<Inner>, pod: Arc<Object>, refusal: admission::Refusal) {
        let message = format!("Pod was rejected: {}", refusal.message);
        self.services.recorder.event_about(
            client::events::object_reference(&kinds::PODS, &pod),
            EventType::Warning,
            refusal.reason.as_str(),
            refusal.message.clone(),
        );
        let patch = value!({
            "metadata": {"uid": pod.uid()},
            "status": {
                "phase": "Failed",
                "reason": refusal.reason.as_str(),
                "message": message.as_str(),
                "startTime": apimachinery::time::format_seconds(stdx::clock::now())
            }
        });
        let pods = self.services.client.namespaced(&kinds::PODS, pod.namespace());
        match pods.patch(pod.name(), "status", PatchType::Merge, patch).await {
            Err(error) if !error.is_not_found() && !error.is_conflict() => {
                tracing::warn!(%error, pod = %pod.key(), "a refusal could not be written");
            }
            _ => {}
        }
    }

    /// Ends what the runtime has of pods that no source knows, and removes what is left of them on disk.
    async fn adopt_or_end_the_rest(self: &Arc<Inner>) {
        let sandboxes = loop {
            match self.services.runtime.list_pod_sandbox(ListPodSandboxRequest { filter: None }).await {
                Ok(listed) => break listed.items,
                Err(error) => {
                    tracing::warn!(%error, "the runtime does not say which pods it has");
                    tokio::time::sleep(RUNTIME_RETRY).await;
                }
            }
        };
        for sandbox in sandboxes {
            self.end_if_orphaned(&sandbox);
        }
        for uid in self.services.volumes.pods() {
            let known = self.workers.lock().contains_key(&uid);
            if !known && let Err(error) = self.services.volumes.tear_down(&uid, true).await {
                tracing::warn!(%error, uid, "what is left of a pod could not be removed");
            }
        }
    }

    fn end_if_orphaned(self: &Arc<Inner>, sandbox: &PodSandbox) {
        let label = |key: &str| sandbox.labels.get(key).map(String::as_str).unwrap_or_default();
        let uid = label(labels::POD_UID);
        if uid.is_empty() || self.workers.lock().contains_key(uid) {
            return;
        }
        tracing::info!(uid, name = label(labels::POD_NAME), "a pod that no longer exists is ended");
        let pod: Value = value!({
            "metadata": {"name": label(labels::POD_NAME), "namespace": label(labels::POD_NAMESPACE), "uid": uid},
            "spec": {}
        });
        self.work(Arc::new(Object(pod))).remove();
    }

    /// Wakes the workers of pods to which something happened in the runtime.
    async fn follow_runtime(self: &Arc<Inner>) {
        loop {
            match self.services.runtime.get_container_events(GetEventsRequest {}).await {
                Ok(mut events) => {
                    // What happened before the subscription was not delivered.
                    self.wake_all();
                    while let Some(event) = events.next().await {
                        match event {
                            Ok(event) => {
                                let sandbox = event.pod_sandbox_status.unwrap_or_default();
                                self.wake(&sandbox.metadata.unwrap_or_default().uid);
                            }
                            // Events were dropped.
                            Err(_) => self.wake_all(),
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the runtime gives no events"),
            }
            self.wake_all();
            tokio::time::sleep(RUNTIME_RETRY).await;
        }
    }

    fn wake(&self, uid: &str) {
        let mailbox = self.workers.lock().get(uid).cloned();
        if let Some(mailbox) = mailbox {
            mailbox.wake();
        }
    }

    fn wake_all(&self) {
        let all: Vec<Arc<Mailbox>> = self.workers.lock().values().cloned().collect();
        all.iter().for_each(|mailbox| mailbox.wake());
        if let Some(changed) = self.node_changed.lock().as_ref() {
            changed.notify_one();
        }
    }
}
