//! The whole scheduler against an API in memory.

use std::time::Duration;

use apimachinery::{Value, value};
use client::{kinds, testing::settle};

use crate::testing::{Api, node, pod, with};

#[tokio::test(start_paused = true)]
async fn a_hundred_pods_fit_on_ten_nodes() {
    let api = Api::default();
    for index in 0..10 {
        api.node(node(&format!("n{index}"), "1"));
    }
    for index in 0..100 {
        api.pod(pod(&format!("p{index}"), "100m"));
    }
    let running = api.start();
    settle(1).await;
    for index in 0..10 {
        let name = format!("n{index}");
        let there =
            api.fake.list(&kinds::PODS).iter().filter(|pod| pod.spec().str_at("nodeName") == Some(&name)).count();
        assert_eq!(there, 10, "{name}");
    }
    assert!(
        api.events()
            .contains(&("Scheduled".into(), "Successfully assigned default/p0 to ".to_owned() + &api.node_of("p0")))
    );
    running.abort();
}

/// The value of a series of the process, which other tests let grow as well.
fn measured(series: &str) -> f64 {
    let text = component_base::metrics::of_process().text();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn attempts_are_measured() {
    const SCHEDULED: &str = "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"scheduled\"}";
    const REFUSED: &str = "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"unschedulable\"}";
    const FIRST: &str = "scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"1\"}";
    let before = [SCHEDULED, REFUSED, FIRST].map(measured);
    let api = Api::default();
    api.node(node("n", "1"));
    api.pod(pod("fits", "1"));
    api.pod(pod("waits", "1"));
    let _running = api.start();
    settle(1).await;
    for (series, before) in [SCHEDULED, REFUSED, FIRST].iter().zip(before) {
        assert!(measured(series) > before, "{series}");
    }
    assert!(measured("scheduler_scheduling_algorithm_duration_seconds_count") >= 2.0);
    let text = component_base::metrics::of_process().text();
    for series in ["scheduler_pending_pods{queue=\"unschedulable\"}", "scheduler_cache_size{type=\"nodes\"}"] {
        assert!(text.contains(series), "{series}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fits_nowhere_waits_for_a_node() {
    let api = Api::default();
    api.node(node("small", "1"));
    api.node(with(node("tainted", "8"), &["spec", "taints"], value!([{"key": "a", "effect": "NoSchedule"}])));
    api.pod(pod("large", "4"));
    let _running = api.start();
    settle(1).await;
    let message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). \
                   preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(api.condition("large"), ("Unschedulable".to_owned(), message.to_owned()));
    assert!(api.events().contains(&("FailedScheduling".to_owned(), message.to_owned())));
    api.fake.take_log();
    settle(60).await;
    assert_eq!(api.fake.take_log(), [""; 0], "nothing is tried while nothing changes");
    api.node(node("big", "8"));
    settle(1).await;
    assert_eq!(api.node_of("large"), "big");
}

#[tokio::test(start_paused = true)]
async fn a_more_important_pod_drives_a_lesser_one_out() {
    let api = Api::default();
    api.node(node("n", "1"));
    api.pod(pod("lesser", "1"));
    let _running = api.start();
    settle(1).await;
    assert_eq!(api.node_of("lesser"), "n");
    api.fake.modify(&kinds::PODS, "default", "lesser", |pod| pod.set(&["metadata", "finalizers"], value!(["hold"])));
    api.pod(with(pod("important", "1"), &["spec", "priority"], Value::from(1000)));
    settle(1).await;
    let victim = api.fake.get(&kinds::PODS, "default", "lesser").unwrap();
    assert!(victim.deletion_timestamp().is_some());
    let target = victim.list_at(&["status", "conditions"]).iter().any(|condition| {
        condition.str_at(&["type"]) == Some("DisruptionTarget")
            && condition.str_at(&["reason"]) == Some("PreemptionByScheduler")
    });
    assert!(target, "{victim:?}");
    let waiting = api.fake.get(&kinds::PODS, "default", "important").unwrap();
    assert_eq!(waiting.status().str_at("nominatedNodeName"), Some("n"));
    assert_eq!(api.node_of("important"), "");
    api.pod(pod("latecomer", "500m"));
    api.fake.remove(&kinds::PODS, "default", "lesser");
    settle(1).await;
    assert_eq!(api.node_of("important"), "n");
    assert_eq!(api.node_of("latecomer"), "", "room was kept for the important pod");
    assert!(api.events().iter().any(|(reason, _)| reason == "Preempted"));
}

#[tokio::test(start_paused = true)]
async fn gates_hold_a_pod_back() {
    let api = Api::default();
    api.node(node("n", "1"));
    api.pod(with(pod("gated", "1"), &["spec", "schedulingGates"], value!([{"name": "a"}])));
    let _running = api.start();
    settle(1).await;
    assert_eq!(api.condition("gated").0, "SchedulingGated");
    assert_eq!(api.node_of("gated"), "");
    api.fake.modify(&kinds::PODS, "default", "gated", |pod| pod.set(&["spec", "schedulingGates"], Value::Null));
    settle(1).await;
    assert_eq!(api.node_of("gated"), "n");
}

#[tokio::test(start_paused = true)]
async fn a_refused_binding_is_tried_again() {
    let api = Api::default();
    api.node(node("n", "1"));
    let refusal = apimachinery::Status::service_unavailable("the server has no time");
    api.bindings_refused.lock().push(refusal);
    api.pod(pod("a", "1"));
    let _running = api.start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(api.node_of("a"), "", "it backs off");
    settle(2).await;
    assert_eq!(api.node_of("a"), "n");
}

#[tokio::test(start_paused = true)]
async fn pods_of_other_schedulers_are_left_alone() {
    let api = Api::default();
    api.node(node("n", "1"));
    api.pod(with(pod("other", "1"), &["spec", "schedulerName"], Value::from("mine")));
    let _running = api.start();
    settle(1).await;
    assert_eq!(api.node_of("other"), "");
    assert_eq!(api.fake.take_log(), [""; 0]);
}
