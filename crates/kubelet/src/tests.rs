//! The lives of pods, from the API to a runtime in memory and back.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Value, value};
use client::{kinds, testing::FakeApi};

use crate::{Config, Dependencies, Kubelet, fake_runtime::FakeRuntime, volumes::NoMounts};

struct Bed {
    api: FakeApi,
    runtime: FakeRuntime,
    kubelet: Kubelet,
    directory: tempfile::TempDir,
    running: tokio::task::JoinHandle<()>,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn kubelet(api: &FakeApi, runtime: &FakeRuntime, root: &std::path::Path) -> Kubelet {
    let mut config = Config::new("node", root.join("kubelet"));
    config.node_addresses = vec!["192.0.2.1".parse().unwrap()];
    // How full the disk of whoever runs the tests is must not matter.
    config.eviction_hard = Vec::new();
    config.pod_logs_directory = root.join("logs");
    config.container_logs_directory = Some(root.join("links"));
    config.cluster_dns = vec!["10.96.0.10".parse().unwrap()];
    config.static_pod_directory = Some(root.join("manifests"));
    let dependencies = Dependencies {
        client: api.client("kubelet"),
        runtime: Arc::new(runtime.clone()),
        images: Arc::new(runtime.clone()),
        streaming: Arc::new(runtime.clone()),
        mounter: Arc::new(NoMounts),
    };
    Kubelet::new(config, dependencies).await
}

thread_local! {
    static START: std::cell::Cell<Option<(tokio::time::Instant, jiff::Timestamp)>> = const { std::cell::Cell::new(None) };
    static COUNT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The wall clock goes with tokio's, which tests pause.
fn set_clock() {
    START.set(Some((tokio::time::Instant::now(), "2026-11-22T12:00:00Z".parse().unwrap())));
    stdx::clock::set_for_thread(Some(|| {
        let (since, start) = START.get().unwrap();
        // Events at the same nanosecond would have the same name.
        COUNT.set(COUNT.get() + 1);
        start + since.elapsed() + Duration::from_nanos(COUNT.get())
    }));
}

async fn bed() -> Bed {
    set_clock();
    let (api, runtime, directory) = (FakeApi::new(), FakeRuntime::new(), tempfile::tempdir().unwrap());
    runtime.add_image("busybox:1");
    let kubelet = kubelet(&api, &runtime, directory.path()).await;
    let running = tokio::spawn({
        let kubelet = kubelet.clone();
        async move { kubelet.run().await }
    });
    Bed { api, runtime, kubelet, directory, running }
}

fn container(name: &str) -> Value {
    value!({"name": name, "image": "busybox:1", "imagePullPolicy": "IfNotPresent"})
}

impl Bed {
    fn create(&self, name: &str, spec: Value) -> Arc<Object> {
        let mut spec = spec;
        spec.set(&["nodeName"], "node");
        self.api.seed(&kinds::PODS, value!({"metadata": {"name": name, "namespace": "default"}, "spec": spec}))
    }

    fn pod(&self, name: &str) -> Option<Arc<Object>> {
        self.api.get(&kinds::PODS, "default", name)
    }

    /// Waits until the pod is as wanted; virtual time passes while nothing else happens.
    async fn until(&self, name: &str, wanted: impl Fn(&Object) -> bool) -> Arc<Object> {
        let informers = client::SharedInformers::new(self.api.client("test"));
        let pods = informers.of(&kinds::PODS);
        let found = |pod: &Arc<Object>| pod.name() == name && wanted(pod);
        let reached = pods.until(|pods| pods.list().iter().any(found));
        match tokio::time::timeout(Duration::from_secs(600), reached).await {
            Ok(()) => pods.list().into_iter().find(found).unwrap(),
            Err(_) => panic!("{:?}\n{:?}", self.pod(name), self.runtime.take_log()),
        }
    }

    async fn gone(&self, name: &str) {
        let informers = client::SharedInformers::new(self.api.client("test"));
        let pods = informers.of(&kinds::PODS);
        pods.synced().await;
        let gone = pods.until(|pods| !pods.list().iter().any(|pod| pod.name() == name));
        if tokio::time::timeout(Duration::from_secs(600), gone).await.is_err() {
            panic!("{:?}\n{:?}", self.pod(name), self.runtime.take_log());
        }
    }

    fn delete(&self, name: &str, grace: i64) {
        self.api.modify(&kinds::PODS, "default", name, |pod| {
            let now = apimachinery::time::format_seconds(stdx::clock::now());
            pod.set_meta("deletionTimestamp", &now);
            pod.metadata_mut().insert("deletionGracePeriodSeconds", grace);
        });
    }

    async fn reasons(&self, name: &str) -> Vec<String> {
        // The recorder writes behind.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let events = self.api.list(&kinds::EVENTS);
        let about = events.iter().filter(|event| event.str_at(&["involvedObject", "name"]) == Some(name));
        about.map(|event| event.str_at(&["reason"]).unwrap_or_default().to_owned()).collect()
    }
}

fn phase(pod: &Object) -> &str {
    pod.status().str_at("phase").unwrap_or_default()
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.list_at(&["status", "conditions"]);
    conditions.iter().any(|one| one.str_at(&["type"]) == Some("Ready") && one.str_at(&["status"]) == Some("True"))
}

fn waiting_reason(pod: &Object) -> &str {
    let statuses = pod.list_at(&["status", "containerStatuses"]);
    statuses.first().and_then(|status| status.str_at(&["state", "waiting", "reason"])).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_pod_runs_becomes_ready_and_is_deleted() {
    let bed = bed().await;
    bed.create("p", value!({"containers": [container("a"), container("b")], "terminationGracePeriodSeconds": 5}));
    let pod = bed.until("p", is_ready).await;
    assert_eq!(phase(&pod), "Running");
    assert_eq!(pod.str_at(&["status", "podIP"]), Some("10.1.0.1"));
    assert_eq!(bed.runtime.take_log(), ["run-sandbox p", "create a#0", "start a", "create b#0", "start b"]);
    let uid = pod.uid().to_owned();
    assert!(bed.directory.path().join("kubelet/pods").join(&uid).exists());
    bed.delete("p", 5);
    bed.gone("p").await;
    let log = bed.runtime.take_log();
    assert!(log.contains(&"stop a-2 5".to_owned()) && log.contains(&"stop-sandbox sandbox-1".to_owned()), "{log:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bed.runtime.counts(), (0, 0));
    assert!(!bed.directory.path().join("kubelet/pods").join(&uid).exists());
    assert_eq!(
        bed.reasons("p").await,
        ["Pulled", "Created", "Started", "Pulled", "Created", "Started", "Killing", "Killing"]
    );
    assert!(bed.kubelet.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_replaced_is_not_shown_between() {
    use futures::StreamExt;
    let bed = bed().await;
    bed.runtime.add_image("busybox:2");
    bed.create("p", value!({"containers": [container("a")]}));
    bed.until("p", is_ready).await;
    let pods = bed.api.client("test").all(&kinds::PODS);
    let mut events = pods.watch(client::Options::default(), true).await.unwrap();
    bed.api.modify(&kinds::PODS, "default", "p", |pod| {
        let mut changed = container("a");
        changed.set(&["image"], "busybox:2");
        pod.set(&["spec", "containers"], Value::List(vec![changed].into()));
    });
    let restarts = |pod: &Object| {
        let statuses = pod.list_at(&["status", "containerStatuses"]);
        statuses.first().and_then(|status| status.i64_at(&["restartCount"])).unwrap_or_default()
    };
    while let Some(event) = events.next().await {
        let (client::WatchEvent::Added(pod) | client::WatchEvent::Modified(pod)) = event.unwrap() else { continue };
        if restarts(&pod) == 0 {
            assert!(is_ready(&pod), "{pod:?}");
        } else if is_ready(&pod) {
            break;
        }
    }
    assert_eq!(restarts(&bed.pod("p").unwrap()), 1);
}

#[tokio::test(start_paused = true)]
async fn the_node_registers_and_renews_its_lease() {
    let bed = bed().await;
    let informers = client::SharedInformers::new(bed.api.client("test"));
    let nodes = informers.of(&kinds::NODES);
    nodes.until(|nodes| nodes.list().iter().any(|node| is_ready(node))).await;
    let node = nodes.get("node").unwrap();
    assert_eq!(node.label("kubernetes.io/hostname"), Some("node"));
    assert_eq!(node.str_at(&["status", "nodeInfo", "containerRuntimeVersion"]), Some("fake://1"));
    assert_eq!(node.str_at(&["status", "allocatable", "pods"]), Some("110"));
    let lease = || bed.api.get(&kinds::LEASES, "kube-node-lease", "node").unwrap();
    assert_eq!(lease().i64_at(&["spec", "leaseDurationSeconds"]), Some(40));
    let count = |log: &[String]| log.iter().filter(|line| line.contains("leases")).count();
    bed.api.take_log();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let renewals = count(&bed.api.take_log());
    assert!((9..=10).contains(&renewals), "{renewals}");
}

#[tokio::test(start_paused = true)]
async fn crashing_containers_back_off() {
    let bed = bed().await;
    bed.create("p", value!({"restartPolicy": "Always", "containers": [container("a")]}));
    bed.until("p", is_ready).await;
    bed.runtime.exit("a", 1);
    bed.until("p", |pod| {
        is_ready(pod) && pod.list_at(&["status", "containerStatuses"])[0].i64_at(&["restartCount"]) == Some(1)
    })
    .await;
    bed.runtime.exit("a", 1);
    let pod = bed.until("p", |pod| waiting_reason(pod) == "CrashLoopBackOff").await;
    assert_eq!(phase(&pod), "Running");
    let message = pod.list_at(&["status", "containerStatuses"])[0].str_at(&["state", "waiting", "message"]).unwrap();
    assert!(message.starts_with("back-off 10s restarting failed container=a pod=p_default("), "{message}");
    let before = tokio::time::Instant::now();
    bed.until("p", |pod| pod.list_at(&["status", "containerStatuses"])[0].i64_at(&["restartCount"]) == Some(2)).await;
    assert_eq!(before.elapsed().as_secs(), 10);
    assert!(bed.reasons("p").await.contains(&"BackOff".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn pods_that_end_are_kept_for_their_logs() {
    let bed = bed().await;
    bed.create(
        "p",
        value!({"restartPolicy": "Never", "initContainers": [container("i")], "containers": [container("a")]}),
    );
    bed.until("p", |_| !bed.runtime.running("i").is_empty()).await;
    bed.runtime.exit("i", 0);
    bed.until("p", is_ready).await;
    let message = |text: &str| {
        let pods = bed.directory.path().join("kubelet/pods");
        let directory = pods.join(bed.pod("p").unwrap().uid()).join("containers/a");
        let file = std::fs::read_dir(directory).unwrap().next().unwrap().unwrap().path();
        std::fs::write(file, text).unwrap();
    };
    message("out of coffee");
    bed.runtime.exit("a", 3);
    let pod = bed.until("p", |pod| phase(pod) == "Failed").await;
    let ended = &pod.list_at(&["status", "containerStatuses"])[0];
    assert_eq!(ended.i64_at(&["state", "terminated", "exitCode"]), Some(3));
    assert_eq!(ended.str_at(&["state", "terminated", "message"]), Some("out of coffee"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bed.runtime.counts(), (1, 2));
    bed.api.take_log();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!bed.api.take_log().iter().any(|line| line.contains("pods")), "nothing is written while nothing happens");
    bed.delete("p", 30);
    bed.gone("p").await;
}

#[tokio::test(start_paused = true)]
async fn images_that_cannot_be_pulled_are_tried_again() {
    let bed = bed().await;
    bed.runtime.refuse_image("nowhere:1", "no such host");
    bed.create("p", value!({"containers": [{"name": "a", "image": "nowhere:1"}]}));
    bed.until("p", |pod| waiting_reason(pod) == "ErrImagePull").await;
    bed.until("p", |pod| waiting_reason(pod) == "ErrImagePull" || waiting_reason(pod) == "ImagePullBackOff").await;
    bed.runtime.allow_image("nowhere:1");
    bed.until("p", is_ready).await;
    assert!(bed.reasons("p").await.contains(&"Failed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_waited_for() {
    let bed = bed().await;
    let mut one = container("a");
    one.set(&["envFrom"], value!([{"configMapRef": {"name": "settings"}}]));
    bed.create("p", value!({"containers": [one]}));
    bed.until("p", |pod| waiting_reason(pod) == "CreateContainerConfigError").await;
    bed.api.seed(
        &kinds::CONFIG_MAPS,
        value!({"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "b"}}),
    );
    bed.until("p", is_ready).await;
}

#[tokio::test(start_paused = true)]
async fn volumes_follow_what_they_show() {
    let bed = bed().await;
    bed.api.seed(&kinds::CONFIG_MAPS, value!({"metadata": {"name": "c", "namespace": "default"}, "data": {"k": "1"}}));
    let mut one = container("a");
    one.set(&["volumeMounts"], value!([{"name": "v", "mountPath": "/v"}]));
    let labels = value!({"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]});
    let volumes = value!([{"name": "v", "configMap": {"name": "c"}}, {"name": "own", "downwardAPI": labels}]);
    bed.create("p", value!({"containers": [one], "volumes": volumes}));
    let pod = bed.until("p", is_ready).await;
    let volumes = bed.directory.path().join("kubelet/pods").join(pod.uid()).join("volumes");
    let file = volumes.join("kubernetes.io~configmap/v/k");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "1");
    bed.api.modify(&kinds::CONFIG_MAPS, "default", "c", |map| map.set(&["data", "k"], "2"));
    until_shown(&file, "2").await;
    let file = volumes.join("kubernetes.io~downward-api/own/labels");
    for value in ["one", "two"] {
        bed.api.modify(&kinds::PODS, "default", "p", |pod| pod.set(&["metadata", "labels"], value!({"l": value})));
        until_shown(&file, &format!("l=\"{value}\"")).await;
    }
}

/// Files are written on blocking threads, in real time, which a paused clock does not wait for.
async fn until_shown(file: &std::path::Path, text: &str) {
    for _ in 0..500 {
        if std::fs::read_to_string(file).unwrap().trim_end() == text {
            return;
        }
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(10))).await.unwrap();
    }
    panic!("{} still shows the old text", file.display());
}

#[tokio::test(start_paused = true)]
async fn probes_decide() {
    let bed = bed().await;
    let mut one = container("a");
    one.set(&["readinessProbe"], value!({"exec": {"command": ["ready"]}, "periodSeconds": 1}));
    one.set(&["livenessProbe"], value!({"exec": {"command": ["alive"]}, "periodSeconds": 2, "failureThreshold": 2}));
    bed.runtime.set_exec("ready", 1);
    bed.create("p", value!({"restartPolicy": "Always", "containers": [one]}));
    bed.until("p", |pod| phase(pod) == "Running").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!is_ready(&bed.pod("p").unwrap()));
    bed.runtime.set_exec("ready", 0);
    bed.until("p", is_ready).await;
    bed.runtime.set_exec("alive", 1);
    bed.until("p", |pod| pod.list_at(&["status", "containerStatuses"])[0].i64_at(&["restartCount"]) == Some(1)).await;
    let reasons = bed.reasons("p").await;
    assert!(reasons.contains(&"Unhealthy".to_owned()) && reasons.contains(&"Killing".to_owned()), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_kubelet_changes_nothing() {
    let bed = bed().await;
    bed.create("p", value!({"containers": [container("a")]}));
    bed.until("p", is_ready).await;
    bed.running.abort();
    bed.runtime.take_log();
    let second = kubelet(&bed.api, &bed.runtime, bed.directory.path()).await;
    let running = tokio::spawn({
        let second = second.clone();
        async move { second.run().await }
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(bed.runtime.take_log(), Vec::<String>::new());
    assert_eq!(second.pods().len(), 1);
    // What vanished while nobody looked is ended.
    running.abort();
    bed.api.remove(&kinds::PODS, "default", "p");
    let third = kubelet(&bed.api, &bed.runtime, bed.directory.path()).await;
    let running = tokio::spawn(async move { third.run().await });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bed.runtime.counts(), (0, 0));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn force_shortens_the_end() {
    let bed = bed().await;
    bed.create("p", value!({"containers": [container("a")], "terminationGracePeriodSeconds": 300}));
    bed.until("p", is_ready).await;
    bed.runtime.ignore_stop_signals();
    bed.delete("p", 300);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(bed.pod("p").is_some());
    let before = tokio::time::Instant::now();
    bed.delete("p", 0);
    bed.gone("p").await;
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn deadlines_and_refusals_fail_pods() {
    let bed = bed().await;
    bed.create("late", value!({"containers": [container("a")], "activeDeadlineSeconds": 0}));
    let pod = bed.until("late", |pod| phase(pod) == "Failed").await;
    assert_eq!(pod.str_at(&["status", "reason"]), Some("DeadlineExceeded"));
    bed.create("elsewhere", value!({"containers": [container("a")], "nodeSelector": {"disk": "tape"}}));
    let pod = bed.until("elsewhere", |pod| phase(pod) == "Failed").await;
    assert_eq!(pod.str_at(&["status", "reason"]), Some("NodeAffinity"));
}

#[tokio::test(start_paused = true)]
async fn hooks_run() {
    let bed = bed().await;
    let mut one = container("a");
    let lifecycle = value!({"postStart": {"exec": {"command": ["hello"]}}, "preStop": {"exec": {"command": ["bye"]}}});
    one.set(&["lifecycle"], lifecycle);
    bed.create("p", value!({"containers": [one]}));
    bed.until("p", is_ready).await;
    bed.delete("p", 30);
    bed.gone("p").await;
    let log = bed.runtime.take_log();
    let position = |wanted: &str| {
        log.iter().position(|line| line.starts_with(wanted)).unwrap_or_else(|| panic!("{wanted}: {log:?}"))
    };
    assert!(position("exec hello") < position("exec bye") && position("exec bye") < position("stop a"), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn static_pods_run_and_are_mirrored() {
    let bed = bed().await;
    let manifests = bed.directory.path().join("manifests");
    std::fs::create_dir_all(&manifests).unwrap();
    let manifest = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etcd"}, "spec": {"containers": [container("a")]}
    });
    std::fs::write(manifests.join("etcd.json"), apimachinery::json::to_vec(&manifest)).unwrap();
    let pod = bed.until("etcd-node", is_ready).await;
    assert!(pod.annotation("kubernetes.io/config.mirror").is_some());
    // Whoever deletes the mirror gets another one; the pod itself goes on.
    let first = pod.uid().to_owned();
    bed.delete("etcd-node", 30);
    bed.until("etcd-node", |pod| is_ready(pod) && pod.uid() != first).await;
    assert!(!bed.runtime.take_log().iter().any(|line| line.starts_with("stop")));
    std::fs::remove_file(manifests.join("etcd.json")).unwrap();
    bed.gone("etcd-node").await;
}

#[tokio::test(start_paused = true)]
async fn a_halted_node_ends_what_runs_and_the_next_kubelet_starts_it_again() {
    let mut bed = bed().await;
    bed.create("p", value!({"containers": [container("a"), container("b")], "terminationGracePeriodSeconds": 5}));
    bed.until("p", is_ready).await;
    let told = std::sync::Mutex::new(Vec::new());
    bed.kubelet.halt(|left| told.lock().unwrap().push(left)).await;
    let told = told.into_inner().unwrap();
    assert_eq!((told.first(), told.last()), (Some(&1), Some(&0)));
    assert!(bed.runtime.running("a").is_empty() && bed.runtime.running("b").is_empty());
    // It stays in the API, and a pod that comes now is left alone.
    assert!(bed.pod("p").unwrap().deletion_timestamp().is_none());
    bed.create("late", value!({"containers": [container("c")]}));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(bed.runtime.running("a").is_empty() && bed.runtime.running("c").is_empty());

    bed.running.abort();
    bed.kubelet = kubelet(&bed.api, &bed.runtime, bed.directory.path()).await;
    let next = bed.kubelet.clone();
    bed.running = tokio::spawn(async move { next.run().await });
    bed.until("late", is_ready).await;
    let pod = bed.until("p", is_ready).await;
    let restarts = pod.list_at(&["status", "containerStatuses"]).iter().map(|one| one.i64_at(&["restartCount"]));
    assert_eq!(restarts.collect::<Vec<_>>(), [Some(1), Some(1)]);
}
