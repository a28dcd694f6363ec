//! Starting what is planned: volumes, sandbox, containers one after the other.
//!
//! This runs beside the worker, which goes on reacting; when the pod ends meanwhile, the worker says so and the next
//! step is not taken. Calls that change the runtime are never dropped half-way: they run on tasks of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use api::views::core_v1::{Container, EphemeralContainer, Pod};
use apimachinery::{Object, Value};
use client::{EventType, kinds};
use cri_api::v1::{
    CreateContainerRequest, ImageSpec, PodSandboxConfig, PodSandboxStatusRequest, RunPodSandboxRequest,
    StartContainerRequest,
};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use crate::{
    container_config::{self, MountSource},
    dns,
    downward::Addresses,
    environment,
    kill::{self, KillContainer},
    lifecycle,
    metrics::{STARTED_CONTAINERS, STARTED_CONTAINERS_ERRORS, STARTED_PODS, STARTED_PODS_ERRORS},
    observed::Observed,
    plan::{ContainerKind, Plan, Start},
    sandbox_config, security,
    services::{Services, container_reference, pod_title},
    status::StartFailures,
    volumes::{blocking, subpath},
};

/// When something that failed is tried again without an event.
const RETRY: Duration = Duration::from_secs(10);

/// A start that did not come about: reason and message of the container's status.
struct Failure {
    reason: &'static str,
    message: String,
    retry_at: Option<Instant>,
}

impl Failure {
    fn new(reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), retry_at: None }
    }
}

/// One round of starting.
pub(crate) struct Starter {
    pub(crate) services: Arc<Services>,
    pub(crate) pod: Arc<Object>,
    pub(crate) observed: Observed,
    pub(crate) failures: Arc<Mutex<StartFailures>>,
    pub(crate) hooked: Arc<Mutex<BTreeSet<String>>>,
    /// Turns true when the pod ends.
    pub(crate) stop: watch::Receiver<bool>,
}

/// What a round of starting came to.
#[derive(Debug, Default)]
pub(crate) struct Started {
    /// When to try again, if volumes or the sandbox could not be made.
    pub(crate) retry_at: Option<Instant>,
    /// When to try again containers that could not be started.
    pub(crate) failed: BTreeMap<String, Instant>,
    /// When volumes must be refreshed.
    pub(crate) refresh_at: Option<Instant>,
}

/// Runs a call to its end even when nobody waits any more.
pub(crate) async fn detached<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(call).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Tasks are cancelled only with the whole runtime, and then nobody polls this.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Finds a container of the specification by name, with its list.
pub(crate) fn find<'a>(pod: Pod<'a>, name: &str) -> Option<(ContainerKind, Container<'a>)> {
    let spec = pod.spec();
    let lists = [
        (ContainerKind::Init, spec.init_containers().values()),
        (ContainerKind::Regular, spec.containers().values()),
        (ContainerKind::Ephemeral, spec.ephemeral_containers().values()),
    ];
    lists.into_iter().find_map(|(kind, list)| {
        list.iter().map(Container::of).find(|container| container.name() == name).map(|container| (kind, container))
    })
}

impl Starter {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Carries out `plan`.
    pub(crate) async fn run(self, plan: Plan) -> Started {
        let (services, pod) = (self.services.clone(), self.pod.clone());
        let failed = Started { retry_at: Some(Instant::now() + RETRY), ..Started::default() };
        let mut addresses = Addresses { host: services.config.host_addresses(), pod: Vec::new() };
        if let Some(sandbox) = self.observed.ready_sandbox() {
            addresses.pod.clone_from(&sandbox.addresses);
        }
        if let Err(error) = self.make_directories().await {
            services.event(&pod, EventType::Warning, "Failed", format!("error making pod data directories: {error}"));
            return failed;
        }
        let volumes = match services.volumes.set_up(&pod, &addresses, &services.facts.allocatable).await {
            Ok(volumes) => volumes,
            Err(error) => {
                services.event(&pod, EventType::Warning, "FailedMount", error.to_string());
                return failed;
            }
        };
        let refresh_at = volumes.values().filter_map(|mounted| mounted.refresh_at).min();
        if plan.kill_pod {
            self.replace_sandbox().await;
        }
        let (sandbox_id, config) = match self.sandbox(&plan, &mut addresses).await {
            Ok(sandbox) => sandbox,
            Err(message) => {
                services.event(&pod, EventType::Warning, "FailedCreatePodSandBox", message);
                return Started { refresh_at, ..failed };
            }
        };
        let mut started = Started { refresh_at, ..Started::default() };
        for start in &plan.start {
            if self.stopped() {
                break;
            }
            let scene = Scene { sandbox_id: &sandbox_id, config: &config, addresses: &addresses, volumes: &volumes };
            match self.container(start, scene).await {
                Ok(()) => {
                    self.failures.lock().remove(&start.name);
                }
                Err(failure) => {
                    let retry_at = failure.retry_at.unwrap_or_else(|| Instant::now() + RETRY);
                    started.failed.insert(start.name.clone(), retry_at);
                    let shown = (failure.reason.to_owned(), failure.message);
                    self.failures.lock().insert(start.name.clone(), shown);
                }
            }
        }
        started
    }

    async fn make_directories(&self) -> std::io::Result<()> {
        let directories = [
            self.services.config.pod_directory(self.pod.uid()),
            self.services.config.pod_log_directory(Pod::of(&self.pod)),
        ];
        blocking(move || directories.iter().try_for_each(std::fs::create_dir_all)).await
    }

    /// Stops what is left of sandboxes that cannot serve any more.
    async fn replace_sandbox(&self) {
        if !self.observed.sandboxes.is_empty() {
            let message = "Pod sandbox changed, it will be killed and re-created.";
            self.services.event(&self.pod, EventType::Normal, "SandboxChanged", message);
        }
        kill::pod(self.services.clone(), self.pod.clone(), self.observed.clone(), None).await;
    }

    /// The sandbox to start in: the one that is there, or a new one.
    async fn sandbox(&self, plan: &Plan, addresses: &mut Addresses) -> Result<(String, PodSandboxConfig), String> {
        let services = &self.services;
        let view = Pod::of(&self.pod);
        let current = self.observed.ready_sandbox().filter(|_| plan.create_sandbox.is_none());
        let attempt = plan.create_sandbox.or(current.map(|sandbox| sandbox.attempt)).unwrap_or(0);
        let resolver = services.resolver(&self.pod).await;
        let config = sandbox_config::make(view, attempt, &services.config, resolver)?;
        if let Some(sandbox) = current {
            return Ok((sandbox.id.clone(), config));
        }
        if self.stopped() {
            return Err("the pod is being terminated".to_owned());
        }
        let runtime_handler = match view.spec().runtime_class_name().filter(|name| !name.is_empty()) {
            Some(name) => {
                let class = services.client.all(&kinds::RUNTIME_CLASSES).get(name).await;
                let class = class.map_err(|error| format!("Failed to get the runtime class {name:?}: {error}"))?;
                class.str_at(&["handler"]).unwrap_or_default().to_owned()
            }
            None => String::new(),
        };
        let request = RunPodSandboxRequest { config: Some(config.clone()), runtime_handler };
        let runtime = services.runtime.clone();
        STARTED_PODS.with(&[]).increment();
        let made = detached(async move { runtime.run_pod_sandbox(request).await }).await;
        if made.is_err() {
            STARTED_PODS_ERRORS.with(&[]).increment();
        }
        let id = made.map_err(|error| format!("Failed to create pod sandbox: {error}"))?.pod_sandbox_id;
        let request = PodSandboxStatusRequest { pod_sandbox_id: id.clone(), verbose: false };
        let status = services.runtime.pod_sandbox_status(request).await;
        let status = status.map_err(|error| format!("Unable to get pod sandbox status: {error}"))?;
        let network = status.status.and_then(|status| status.network).unwrap_or_default();
        let additional = network.additional_ips.into_iter().map(|address| address.ip);
        addresses.pod = std::iter::once(network.ip).chain(additional).filter(|ip| !ip.is_empty()).collect();
        if view.spec().host_network() {
            addresses.pod.clone_from(&addresses.host);
        }
        Ok((id, config))
    }

    async fn container(&self, start: &Start, scene: Scene<'_>) -> Result<(), Failure> {
        let (services, pod) = (&self.services, &self.pod);
        let Some((kind, container)) = find(Pod::of(pod), &start.name) else { return Ok(()) };
        let reference = container_reference(pod, kind, &start.name);
        let warn = |reason: &'static str, message: String| {
            services.container_event(&reference, EventType::Warning, reason, message);
        };
        let image = self.image((container.image(), container.image_pull_policy()), &reference, scene).await?;
        let images = self.image_volumes(container, &reference, scene).await?;
        let config = match self.configuration(kind, container, image, images, scene).await {
            Ok(config) => config,
            Err(message) => {
                warn("Failed", format!("Error: {message}"));
                return Err(Failure::new("CreateContainerConfigError", message));
            }
        };
        if self.stopped() {
            return Ok(());
        }
        let log = services.config.pod_log_directory(Pod::of(pod)).join(&config.log_path);
        let request = CreateContainerRequest {
            pod_sandbox_id: scene.sandbox_id.to_owned(),
            config: Some(config),
            sandbox_config: Some(scene.config.clone()),
        };
        let runtime = services.runtime.clone();
        let created = detached(async move { runtime.create_container(request).await }).await;
        let id = match created {
            Ok(created) => created.container_id,
            Err(error) => {
                warn("Failed", format!("Error: {error}"));
                return Err(Failure::new("CreateContainerError", error.message));
            }
        };
        services.container_event(&reference, EventType::Normal, "Created", "Container created");
        // Noted before the start, since news of it may be read before this goes on.
        self.hooked.lock().insert(id.clone());
        let started = self.start_created(container, start, &reference, &id, log, scene).await;
        self.hooked.lock().remove(&id);
        started
    }

    async fn start_created(
        &self,
        container: Container<'_>,
        start: &Start,
        reference: &Value,
        id: &str,
        log: PathBuf,
        scene: Scene<'_>,
    ) -> Result<(), Failure> {
        let services = &self.services;
        let warn = |reason, message| services.container_event(reference, EventType::Warning, reason, message);
        let (runtime, request) = (services.runtime.clone(), StartContainerRequest { container_id: id.to_owned() });
        let kind = find(Pod::of(&self.pod), &start.name).map_or("container", |(kind, _)| kind.word());
        STARTED_CONTAINERS.with(&[kind]).increment();
        if let Err(error) = detached(async move { runtime.start_container(request).await }).await {
            STARTED_CONTAINERS_ERRORS.with(&["RunContainerError", kind]).increment();
            warn("Failed", format!("Error: {error}"));
            return Err(Failure::new("RunContainerError", error.message));
        }
        services.container_event(reference, EventType::Normal, "Started", "Container started");
        self.link_log(&start.name, id, log).await;
        self.post_start(container, reference, id, scene).await
    }

    async fn image(
        &self,
        wanted: (&str, &str),
        reference: &Value,
        scene: Scene<'_>,
    ) -> Result<crate::images::Present, Failure> {
        let mut stop = self.stop.clone();
        let pull = self.services.images.ensure(&self.pod, wanted, reference, scene.config);
        let pulled = tokio::select! {
            pulled = pull => pulled,
            // An error means that the worker is gone, and nobody wants the container either.
            _ = stop.wait_for(|stop| *stop) => return Err(Failure::new("ContainerCreating", "")),
        };
        pulled.map_err(|error| {
            let message = format!("Error: {}", error.reason);
            self.services.container_event(reference, EventType::Warning, "Failed", message);
            Failure { reason: error.reason, message: error.message, retry_at: error.retry_at }
        })
    }

    /// The images of the volumes that the container mounts, by volume.
    async fn image_volumes(
        &self,
        container: Container<'_>,
        reference: &Value,
        scene: Scene<'_>,
    ) -> Result<BTreeMap<String, ImageSpec>, Failure> {
        let mut images = BTreeMap::new();
        let volumes = Pod::of(&self.pod).spec().volumes();
        for mount in container.volume_mounts().iter() {
            let Some(source) = volumes.iter().find(|volume| volume.name() == mount.name()).and_then(|v| v.image())
            else {
                continue;
            };
            let present = self.image((source.reference(), source.pull_policy()), reference, scene).await?;
            images.insert(mount.name().to_owned(), present.spec);
        }
        Ok(images)
    }

    async fn configuration(
        &self,
        kind: ContainerKind,
        container: Container<'_>,
        image: crate::images::Present,
        images: BTreeMap<String, ImageSpec>,
        scene: Scene<'_>,
    ) -> Result<cri_api::v1::ContainerConfig, String> {
        let (services, pod) = (&self.services, &self.pod);
        let view = Pod::of(pod);
        let name = container.name();
        security::Effective::new(view.spec(), container)
            .check_non_root(&pod_title(pod), name, image.uid, &image.username)
            .map_err(|error| error.to_string())?;
        let logs = services.config.pod_log_directory(view).join(name);
        let restart_count = match self.observed.latest(name) {
            Some(latest) => latest.restart_count + 1,
            // The runtime has lost it, by a reboot perhaps; its logs are still there.
            None => {
                let logs = logs.clone();
                blocking(move || restarts_by_logs(&logs)).await
            }
        };
        services.services.synced().await;
        let known = services.services.list_namespace(pod.namespace());
        let master = services.services.get_namespaced("default", "kubernetes");
        let sources = environment::Sources {
            pod,
            services: &known.into_iter().chain(master).collect::<Vec<_>>(),
            objects: &services.objects,
            addresses: scene.addresses,
            allocatable: &services.facts.allocatable,
            volumes: scene.volumes,
        };
        let environment = environment::make(container, &sources).await.map_err(|error| error.to_string())?;
        let mounts = self.mounts(container, &environment, &images, scene).await?;
        let (hosts_file, termination_file) = self.files(name, scene).await.map_err(|error| error.to_string())?;
        let ephemeral = EphemeralContainer(container.0).target_container_name();
        let target = match kind {
            ContainerKind::Ephemeral if !ephemeral.is_empty() => {
                let running = self.observed.latest(ephemeral).map(|target| target.id.as_str());
                Some(running.ok_or_else(|| format!("unable to find target container {ephemeral}"))?)
            }
            _ => None,
        };
        let inputs = container_config::Inputs {
            config: &services.config,
            container,
            restart_count,
            image: image.spec,
            environment,
            mounts,
            hosts_file: &hosts_file,
            termination_file: &termination_file,
            target,
            memory_capacity_bytes: services.facts.memory_capacity_bytes(),
        };
        let config = container_config::make(view, inputs);
        blocking(move || std::fs::create_dir_all(&logs))
            .await
            .map_err(|error| format!("make the log directory: {error}"))?;
        Ok(config)
    }

    /// What each volume mount shows.
    async fn mounts(
        &self,
        container: Container<'_>,
        environment: &[(String, Vec<u8>)],
        images: &BTreeMap<String, ImageSpec>,
        scene: Scene<'_>,
    ) -> Result<Vec<MountSource>, String> {
        let mut sources = Vec::new();
        for (index, mount) in container.volume_mounts().iter().enumerate() {
            let volume = scene.volumes.get(mount.name()).ok_or_else(|| {
                format!("cannot find volume {:?} to mount into container {:?}", mount.name(), container.name())
            })?;
            let lookup = |name: &str| {
                let found = environment.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            };
            let image = images.get(mount.name());
            let sub_path = match (mount.sub_path(), mount.sub_path_expr()) {
                ("", "") if image.is_none() => {
                    sources.push(MountSource::Path(volume.path.clone()));
                    continue;
                }
                ("", expression) => crate::expansion::expand(expression, lookup),
                (plain, _) => plain.to_owned(),
            };
            if sub_path.contains("$(") {
                return Err(format!("failed to expand subPathExpr for volume {:?}: {sub_path}", mount.name()));
            }
            if let Some(image) = image {
                sources.push(MountSource::Image { image: image.clone(), sub_path });
                continue;
            }
            let target = self
                .services
                .config
                .pod_directory(self.pod.uid())
                .join("volume-subpaths")
                .join(mount.name())
                .join(container.name())
                .join(index.to_string());
            let (mounter, source, made) = (self.services.volumes.mounter.clone(), volume.path.clone(), target.clone());
            let bound = blocking(move || bind_sub_path(mounter.as_ref(), &source, &sub_path, &made)).await;
            bound.map_err(|error| {
                format!(
                    "failed to prepare subPath for volumeMount {:?} of container {:?}: {error}",
                    mount.name(),
                    container.name()
                )
            })?;
            sources.push(MountSource::Path(target));
        }
        Ok(sources)
    }

    /// Writes `/etc/hosts` and makes the file for the termination message.
    async fn files(&self, container: &str, scene: Scene<'_>) -> std::io::Result<(PathBuf, PathBuf)> {
        let directory = self.services.config.pod_directory(self.pod.uid());
        let node_hosts = tokio::fs::read_to_string("/etc/hosts").await.unwrap_or_default();
        let text = dns::hosts_file(Pod::of(&self.pod), &self.services.config, &scene.addresses.pod, &node_hosts);
        let messages = directory.join("containers").join(container);
        blocking(move || {
            let hosts = directory.join("etc-hosts");
            std::fs::write(&hosts, text)?;
            std::fs::create_dir_all(&messages)?;
            let file = messages.join(stdx::random::name_suffix(8));
            std::fs::write(&file, "")?;
            use std::os::unix::fs::PermissionsExt;
            // Any user of the container may write it.
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666))?;
            Ok((hosts, file))
        })
        .await
    }

    /// Makes the link by which log collectors find the log; it is convenience, and its failure is only logged.
    async fn link_log(&self, container: &str, id: &str, log: PathBuf) {
        let Some(directory) = self.services.config.container_logs_directory.clone() else { return };
        let link = directory.join(log_link_name(&self.pod, container, id));
        let made = blocking(move || {
            std::fs::create_dir_all(&directory)?;
            std::os::unix::fs::symlink(log, link)
        });
        if let Err(error) = made.await {
            tracing::warn!(%error, container, "the link to a container's log could not be made");
        }
    }

    async fn post_start(
        &self,
        container: Container<'_>,
        reference: &Value,
        id: &str,
        scene: Scene<'_>,
    ) -> Result<(), Failure> {
        let Some(hook) = container.lifecycle().and_then(|lifecycle| lifecycle.post_start()) else { return Ok(()) };
        let address = scene.addresses.pod.first().map_or("", String::as_str);
        let mut stop = self.stop.clone();
        let ran = tokio::select! {
            ran = lifecycle::run(&self.services.runtime, id, container, hook, address) => ran,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let Err(message) = ran else { return Ok(()) };
        let event = format!("PostStartHook failed: {message}");
        self.services.container_event(reference, EventType::Warning, "FailedPostStartHook", event);
        let kill = KillContainer {
            id: id.to_owned(),
            name: container.name().to_owned(),
            message: Some("FailedPostStartHook".to_owned()),
            grace_period_seconds: kill::grace_period_seconds(&self.pod),
        };
        kill::container(&self.services, &self.pod, &kill).await;
        Err(Failure::new("PostStartHookError", message))
    }
}

/// How often a container was restarted, by its logs: `N.log` and what rotation made of it.
fn restarts_by_logs(directory: &Path) -> u32 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let number = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let (number, rest) = name.to_str()?.split_once(".log")?;
        let number = number.parse::<u32>().ok()?;
        (rest.is_empty() || rest.starts_with('.')).then_some(number + 1)
    };
    entries.filter_map(number).max().unwrap_or(0)
}

/// The name of the link to a container's log.
pub(crate) fn log_link_name(pod: &Object, container: &str, id: &str) -> String {
    format!("{}_{}_{container}-{id}.log", pod.name(), pod.namespace())
}

fn bind_sub_path(
    mounter: &dyn crate::volumes::Mounter,
    volume: &Path,
    sub_path: &str,
    target: &Path,
) -> std::io::Result<()> {
    let source = subpath::open(volume, sub_path)?;
    let is_directory = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&source)?.st_mode).is_dir();
    // What a container that ran before has mounted there is not what this one gets.
    mounter.unmount_below(target)?;
    if is_directory {
        std::fs::create_dir_all(target)?;
    } else {
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(target, "")?;
    }
    mounter.bind(&source, target)
}

/// Where containers are started.
#[derive(Clone, Copy)]
struct Scene<'a> {
    sandbox_id: &'a str,
    config: &'a PodSandboxConfig,
    addresses: &'a Addresses,
    volumes: &'a BTreeMap<String, crate::volumes::Mounted>,
}
