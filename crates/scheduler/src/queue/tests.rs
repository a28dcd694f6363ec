use apimachinery::{Value, value};

use super::*;
use crate::{
    cache::{NodeFacts, NodeInfo},
    framework::ProfileConfiguration,
    testing::{node, pod, pod_info, with},
};

fn queue() -> SchedulingQueue {
    let profiles: Arc<[Profile]> = [Profile::new(&ProfileConfiguration::default())].into();
    SchedulingQueue::new(profiles, Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(10) })
}

fn number(queue: &SchedulingQueue, name: &str) -> u32 {
    let mut plugins = queue.profiles[0].plugins();
    1 << plugins.find(|(.., plugin)| plugin.name() == name).expect("a plugin").0
}

fn add(queue: &mut SchedulingQueue, pod: Value) -> Arc<PodInfo> {
    let pod = Arc::new(pod_info(pod));
    queue.add(pod.clone(), 0, Instant::now());
    pod
}

fn popped(queue: &mut SchedulingQueue) -> Option<String> {
    queue.pop(Instant::now()).map(|queued| queued.pod.name.to_string())
}

/// A pod that was tried once and rejected by the plugin.
fn rejected(queue: &mut SchedulingQueue, pod: Value, plugin: &str) -> Arc<PodInfo> {
    let pod = add(queue, pod);
    assert_eq!(popped(queue).as_deref(), Some(pod.name.as_str()));
    let plugin = number(queue, plugin);
    queue.failed(&pod, Failure::Rejected(plugin), Instant::now());
    pod
}

fn node_info(node: Value) -> NodeInfo {
    NodeInfo::alone("n".into(), NodeFacts::read(&apimachinery::Object(node)))
}

#[tokio::test(start_paused = true)]
async fn the_most_important_comes_first_then_the_oldest() {
    let mut queue = queue();
    add(&mut queue, pod("first", "1"));
    add(&mut queue, pod("second", "1"));
    add(&mut queue, with(pod("important", "1"), &["spec", "priority"], Value::from(10)));
    let order: Vec<String> = std::iter::from_fn(|| popped(&mut queue)).collect();
    assert_eq!(order, ["important", "first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn only_events_that_help_bring_a_pod_back() {
    let placed = |cpu: &str, labels: Value| pod_info(with(pod("other", cpu), &["metadata", "labels"], labels));
    let anti = value!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    ]}});
    let hermit = with(pod("p", "1"), &["spec", "affinity"], anti);
    let tainted = with(node("n", "4"), &["spec", "taints"], value!([{"key": "a", "effect": "NoSchedule"}]));
    let (big, small, tainted) = (node_info(node("n", "4")), node_info(node("n", "500m")), node_info(tainted));
    let (web, db) = (placed("1", value!({"app": "web"})), placed("1", value!({"app": "db"})));
    let plain = || pod("p", "1");
    let old_facts = NodeFacts::clone(&tainted);
    let cases = [
        ("NodeResourcesFit", plain(), ClusterEvent::node(EventKinds::NODE_ADDED, &big, None), true),
        ("NodeResourcesFit", plain(), ClusterEvent::node(EventKinds::NODE_ADDED, &small, None), false),
        ("NodeResourcesFit", plain(), ClusterEvent::node(EventKinds::NODE_LABELS, &big, None), false),
        ("NodeResourcesFit", plain(), ClusterEvent::node(EventKinds::NODE_ALLOCATABLE, &big, None), true),
        ("NodeResourcesFit", plain(), ClusterEvent::pod(EventKinds::POD_DELETED, &web), true),
        ("NodeResourcesFit", plain(), ClusterEvent::pod(EventKinds::POD_ASSIGNED, &web), false),
        ("TaintToleration", plain(), ClusterEvent::node(EventKinds::NODE_ADDED, &tainted, None), false),
        ("TaintToleration", plain(), ClusterEvent::node(EventKinds::NODE_TAINTS, &big, Some(&old_facts)), true),
        ("TaintToleration", plain(), ClusterEvent::node(EventKinds::NODE_TAINTS, &big, Some(&big)), false),
        ("TaintToleration", plain(), ClusterEvent::pod(EventKinds::POD_DELETED, &web), false),
        ("InterPodAffinity", hermit.clone(), ClusterEvent::pod(EventKinds::POD_DELETED, &web), true),
        ("InterPodAffinity", hermit.clone(), ClusterEvent::pod(EventKinds::POD_DELETED, &db), false),
        ("InterPodAffinity", hermit, ClusterEvent::pod(EventKinds::POD_ASSIGNED, &web), false),
    ];
    for (plugin, pod, event, helps) in cases {
        let mut queue = queue();
        rejected(&mut queue, pod, plugin);
        queue.on_event(&event, Instant::now());
        assert_eq!(popped(&mut queue).is_some(), helps, "{plugin} {:?}", event.kinds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_nothing_helps_is_tried_again_after_five_minutes() {
    let mut queue = queue();
    rejected(&mut queue, pod("p", "1"), "NodeResourcesFit");
    let deadline = queue.deadline().unwrap();
    assert_eq!((deadline - Instant::now()).as_secs(), UNSCHEDULABLE_SECONDS);
    assert_eq!(popped(&mut queue), None);
    tokio::time::sleep_until(deadline).await;
    assert_eq!(popped(&mut queue).as_deref(), Some("p"));
    assert_eq!(queue.deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn errors_back_off_longer_each_time() {
    let mut queue = queue();
    let pod = add(&mut queue, pod("p", "1"));
    for seconds in [1, 2, 4, 8, 10, 10] {
        assert!(popped(&mut queue).is_some());
        queue.failed(&pod, Failure::Error, Instant::now());
        assert_eq!(popped(&mut queue), None, "an error is not hurried");
        let deadline = queue.deadline().unwrap();
        assert_eq!((deadline - Instant::now()).as_secs(), seconds);
        tokio::time::sleep_until(deadline).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_during_the_attempt_is_not_missed() {
    let mut queue = queue();
    let pod = add(&mut queue, pod("p", "1"));
    assert!(popped(&mut queue).is_some());
    let big = node_info(node("n", "4"));
    queue.on_event(&ClusterEvent::node(EventKinds::NODE_ADDED, &big, None), Instant::now());
    let fit = number(&queue, "NodeResourcesFit");
    queue.failed(&pod, Failure::Rejected(fit), Instant::now());
    assert_eq!(popped(&mut queue).as_deref(), Some("p"));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_pod_itself_may_help() {
    let mut queue = queue();
    rejected(&mut queue, pod("p", "1"), "TaintToleration");
    let status_only = with(pod("p", "1"), &["status", "phase"], Value::from("Pending"));
    assert!(queue.update(Arc::new(pod_info(status_only)), Instant::now()));
    assert_eq!(popped(&mut queue), None);
    let tolerant = with(pod("p", "1"), &["spec", "tolerations"], value!([{"operator": "Exists"}]));
    assert!(queue.update(Arc::new(pod_info(tolerant)), Instant::now()));
    assert_eq!(popped(&mut queue).as_deref(), Some("p"));
}

#[tokio::test(start_paused = true)]
async fn a_new_pod_of_the_same_name_is_not_taken_for_the_old_one() {
    let mut queue = queue();
    let old = add(&mut queue, pod("p", "1"));
    assert!(popped(&mut queue).is_some());
    add(&mut queue, with(pod("p", "1"), &["metadata", "uid"], Value::from("new")));
    queue.done(&old);
    queue.failed(&old, Failure::Error, Instant::now());
    assert_eq!(queue.pop(Instant::now()).unwrap().pod.uid, "new");
}
