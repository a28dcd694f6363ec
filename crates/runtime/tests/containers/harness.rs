//! What each test gets: a runtime in directories of its own, an image, and a guard that clears everything away.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use cri_api::v1::*;
use cri_api::{RuntimeService, Streaming, Streams};
use runtime::{BuildSource, Config, ImageBuild, Runtime};

/// A named test.
pub(crate) type Test = (&'static str, fn(Host) -> Pin<Box<dyn Future<Output = ()>>>);

/// Name of the image in which this binary is the program.
pub(crate) const IMAGE: &str = "example.org/helper:test";

/// Longest that anything in a test may take; nothing depends on it but the time until a failure shows.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the tests whose names contain the arguments; speaks enough of the usual protocol for cargo and nextest.
pub(crate) fn run(tests: &[Test]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in tests.iter().filter(|_| !arguments.iter().any(|argument| argument == "--ignored")) {
            println!("{name}: test");
        }
        return;
    }
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let selected = |name: &str| {
        names.is_empty() || names.iter().any(|wanted| if exact { name == *wanted } else { name.contains(*wanted) })
    };
    if !rustix::process::geteuid().is_root() {
        println!("these tests make namespaces, mounts and cgroups: not run, since this is not root");
        return;
    }
    let mut failed = Vec::new();
    for (name, test) in tests.iter().filter(|(name, _)| selected(name)) {
        let begun = std::time::Instant::now();
        let host = Host::new(name);
        let cleanup = host.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async { tokio::time::timeout(4 * PATIENCE, test(host)).await.expect("the test hangs") });
        }));
        runtime.shutdown_timeout(Duration::from_secs(1));
        cleanup.clear();
        println!("test {name} ... {} in {:?}", if result.is_ok() { "ok" } else { "FAILED" }, begun.elapsed());
        if result.is_err() {
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        println!("failed: {failed:?}");
        std::process::exit(1);
    }
}

/// A test's share of the host.
#[derive(Clone)]
pub(crate) struct Host {
    /// Everything on disk.
    pub(crate) directory: PathBuf,
    /// The cgroup that contains everything.
    pub(crate) cgroup: String,
}

impl Host {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("sagong-test-{}-{name}", std::process::id());
        let host = Self { directory: Path::new("/var/tmp").join(&name), cgroup: format!("/{name}") };
        std::fs::create_dir_all(&host.directory).unwrap();
        host
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(self.directory.join("root"), self.directory.join("state"));
        config.cgroup_root = self.cgroup.clone();
        config
    }

    /// A runtime with the helper's image.
    pub(crate) async fn runtime(&self) -> Runtime {
        let runtime = Runtime::open(self.config()).await.unwrap();
        if runtime.images().find(IMAGE).is_err() {
            runtime.images().build(&helper_image()).unwrap();
        }
        runtime
    }

    /// Directories of the test's cgroup.
    pub(crate) fn cgroups(&self) -> Vec<PathBuf> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let places = fields.filter(|fields| fields[2].starts_with("cgroup")).map(|fields| PathBuf::from(fields[1]));
        places.map(|place| place.join(self.cgroup.trim_start_matches('/'))).filter(|path| path.exists()).collect()
    }

    /// Kills everything in the test's cgroup and removes cgroups, mounts and files.
    pub(crate) fn clear(&self) {
        let mut groups: Vec<PathBuf> = self.cgroups();
        let mut index = 0;
        while index < groups.len() {
            let children = std::fs::read_dir(&groups[index]).into_iter().flatten().flatten();
            groups.extend(children.filter(|entry| entry.file_type().unwrap().is_dir()).map(|entry| entry.path()));
            index += 1;
        }
        let processes = |group: &PathBuf| {
            let text = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            text.lines().filter_map(|line| rustix::process::Pid::from_raw(line.parse().ok()?)).collect::<Vec<_>>()
        };
        let found: Vec<_> = groups.iter().flat_map(processes).collect();
        for pid in &found {
            let _ = rustix::process::kill_process(*pid, rustix::process::Signal::KILL);
        }
        for pid in found {
            if let Ok(process) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
                let mut polled = [rustix::event::PollFd::new(&process, rustix::event::PollFlags::IN)];
                let _ = rustix::event::poll(&mut polled, Some(&rustix::time::Timespec { tv_sec: 10, tv_nsec: 0 }));
            }
        }
        for group in groups.iter().rev() {
            let _ = std::fs::remove_dir(group);
        }
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        for place in mounts.lines().filter_map(|line| line.split(' ').nth(1)) {
            if Path::new(place).starts_with(&self.directory) {
                let _ = rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH);
            }
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The helper's image: this binary and a few files.
pub(crate) fn helper_image() -> ImageBuild {
    let file = |destination: &str, text: &str| BuildSource::Bytes {
        bytes: text.as_bytes().to_vec(),
        destination: destination.into(),
        mode: 0o644,
    };
    ImageBuild {
        name: IMAGE.to_owned(),
        sources: vec![
            BuildSource::File { source: std::env::current_exe().unwrap(), destination: "/helper".into() },
            file("/etc/passwd", "root:x:0:0::/root:/helper\nweb:x:33:44::/srv:/helper\n"),
            file("/etc/group", "root:x:0:\nstaff:x:50:web\n"),
            file("/etc/plain", "no program"),
        ],
        entrypoint: vec!["/helper".to_owned()],
        command: vec!["wait".to_owned()],
        environment: vec!["FROM_IMAGE=yes".to_owned(), "BOTH=image".to_owned()],
        ..ImageBuild::default()
    }
}

/// A pod in which containers can be made.
pub(crate) struct Pod {
    pub(crate) runtime: Runtime,
    pub(crate) id: String,
    pub(crate) config: PodSandboxConfig,
}

impl Pod {
    pub(crate) async fn run(host: &Host, runtime: &Runtime) -> Self {
        Self::run_with(host, runtime, |_| {}).await
    }

    pub(crate) async fn run_with(host: &Host, runtime: &Runtime, change: impl FnOnce(&mut PodSandboxConfig)) -> Self {
        let logs = host.directory.join("logs");
        let mut config = PodSandboxConfig {
            metadata: Some(PodSandboxMetadata {
                name: "pod".to_owned(),
                uid: "uid".to_owned(),
                namespace: "default".to_owned(),
                attempt: 0,
            }),
            hostname: "pod-host".to_owned(),
            log_directory: logs.to_str().unwrap().to_owned(),
            labels: BTreeMap::from([("app".to_owned(), "test".to_owned())]),
            linux: Some(LinuxPodSandboxConfig {
                security_context: Some(LinuxSandboxSecurityContext {
                    namespace_options: Some(private_namespaces()),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        change(&mut config);
        let request = RunPodSandboxRequest { config: Some(config.clone()), ..Default::default() };
        let id = runtime.run_pod_sandbox(request).await.unwrap().pod_sandbox_id;
        Self { runtime: runtime.clone(), id, config }
    }

    /// Makes a container that runs the helper with these arguments.
    pub(crate) async fn create(
        &self,
        arguments: &[&str],
        change: impl FnOnce(&mut ContainerConfig),
    ) -> cri_api::Result<String> {
        let name = format!("c{}", self.runtime.list_containers(Default::default()).await?.containers.len());
        let mut config = ContainerConfig {
            metadata: Some(ContainerMetadata { name: name.clone(), attempt: 0 }),
            image: Some(ImageSpec { image: IMAGE.to_owned(), ..Default::default() }),
            args: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            log_path: format!("{name}.log"),
            linux: Some(LinuxContainerConfig {
                security_context: Some(LinuxContainerSecurityContext {
                    namespace_options: Some(private_namespaces()),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        change(&mut config);
        let request = CreateContainerRequest {
            pod_sandbox_id: self.id.clone(),
            config: Some(config),
            sandbox_config: Some(self.config.clone()),
        };
        Ok(self.runtime.create_container(request).await?.container_id)
    }

    pub(crate) async fn start(&self, arguments: &[&str], change: impl FnOnce(&mut ContainerConfig)) -> String {
        let id = self.create(arguments, change).await.unwrap();
        self.runtime.start_container(StartContainerRequest { container_id: id.clone() }).await.unwrap();
        id
    }

    /// Runs a container to its end; returns its status and the text of its log.
    pub(crate) async fn finish(
        &self,
        arguments: &[&str],
        change: impl FnOnce(&mut ContainerConfig),
    ) -> (ContainerStatus, String) {
        let mut events = self.runtime.get_container_events(Default::default()).await.unwrap();
        let id = self.start(arguments, change).await;
        await_event(&mut events, &id, ContainerEventType::ContainerStoppedEvent).await;
        let status = self.status(&id).await;
        let log = log_text(&status);
        (status, log)
    }

    pub(crate) async fn status(&self, container: &str) -> ContainerStatus {
        let request = ContainerStatusRequest { container_id: container.to_owned(), verbose: false };
        self.runtime.container_status(request).await.unwrap().status.unwrap()
    }

    /// Runs the helper in a container; returns exit code and both outputs.
    pub(crate) async fn exec(&self, container: &str, arguments: &[&str]) -> (i32, String, String) {
        let cmd = ["/helper"].iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
        let request = ExecSyncRequest { container_id: container.to_owned(), cmd, timeout: 0 };
        let response = self.runtime.exec_sync(request).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (response.exit_code, text(response.stdout), text(response.stderr))
    }

    pub(crate) async fn exec_with(&self, container: &str, arguments: &[&str], tty: bool, streams: Streams) -> i32 {
        let command = ["/helper"].iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
        let options = cri_api::ExecOptions { container_id: container.to_owned(), command, tty };
        self.runtime.exec(options, streams).await.unwrap()
    }

    pub(crate) async fn remove(self) {
        let request = RemovePodSandboxRequest { pod_sandbox_id: self.id };
        self.runtime.remove_pod_sandbox(request).await.unwrap();
    }
}

pub(crate) fn private_namespaces() -> NamespaceOption {
    NamespaceOption { pid: NamespaceMode::Container.into(), ..Default::default() }
}

pub(crate) fn security(config: &mut ContainerConfig) -> &mut LinuxContainerSecurityContext {
    config.linux.as_mut().unwrap().security_context.as_mut().unwrap()
}

/// The texts in a container's log, stdout's and stderr's alike, without times.
pub(crate) fn log_text(status: &ContainerStatus) -> String {
    let log = std::fs::read_to_string(&status.log_path).unwrap();
    log.lines().map(|line| line.split_once(' ').unwrap().1.to_owned() + "\n").collect()
}

/// Waits for an event of a container.
pub(crate) async fn await_event(events: &mut cri_api::ContainerEventStream, container: &str, kind: ContainerEventType) {
    let next = async {
        loop {
            let event = std::future::poll_fn(|context| events.as_mut().poll_next(context)).await.unwrap().unwrap();
            if event.container_id == container && event.container_event_type() == kind {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("the event does not come");
}

/// What a directory's owner is, to see who a file belongs to.
pub(crate) fn owner(path: &Path) -> (u32, u32) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}
