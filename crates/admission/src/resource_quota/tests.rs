use apimachinery::value;

use super::*;

fn evaluator(group: &'static str, resource: &'static str) -> Evaluator {
    Evaluator::of(&ResourceKind::new(group, "v1", resource, "", true))
}

fn quota(hard: Value, used: Value, spec: Value) -> Object {
    Object(value!({"metadata": {"name": "q"}, "spec": spec, "status": {"hard": hard, "used": used}}))
}

fn pod(requests: Value) -> Object {
    Object(value!({"spec": {"containers": [{"name": "c", "resources": {"requests": requests}}]}}))
}

#[test]
fn pods_take_what_they_ask_for() {
    let usage = evaluator("", "pods").usage(&pod(value!({"cpu": "500m", "memory": "1Gi", "example.com/gpu": "2"})));
    let expected =
        "count/pods=1,cpu=500m,memory=1Gi,pods=1,requests.cpu=500m,requests.example.com/gpu=2,requests.memory=1Gi";
    assert_eq!(usage.shown(), expected);
    let mut ended = pod(value!({"cpu": "1"}));
    ended.set(&["status", "phase"], "Succeeded");
    assert_eq!(evaluator("", "pods").usage(&ended).shown(), "count/pods=1");
}

#[test]
fn services_claims_and_counts() {
    let service = |kind: &str| {
        let service = value!({"spec": {"type": kind, "ports": [{"port": 1}, {"port": 2, "nodePort": 30000}]}});
        evaluator("", "services").usage(&Object(service)).shown()
    };
    assert_eq!(service("ClusterIP"), "count/services=1,services=1,services.loadbalancers=0,services.nodeports=0");
    assert_eq!(service("LoadBalancer"), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2");
    let claim = value!({"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}});
    let usage = evaluator("", "persistentvolumeclaims").usage(&Object(claim));
    assert_eq!(usage.get("fast.storageclass.storage.k8s.io/requests.storage"), usage.get("requests.storage"));
    assert_eq!(evaluator("apps", "deployments").usage(&Object::default()).shown(), "count/deployments.apps=1");
    assert_eq!(evaluator("", "secrets").usage(&Object::default()).shown(), "count/secrets=1,secrets=1");
}

#[test]
fn a_quota_is_charged_until_it_is_full() {
    let pods = evaluator("", "pods");
    let quota =
        |used: &str| quota(value!({"requests.cpu": "1", "services": "1"}), value!({"requests.cpu": used}), value!({}));
    let delta = charge(&quota("0"), &pods, &pod(value!({"cpu": "600m"})), None).unwrap().unwrap();
    assert_eq!(delta.shown(), "requests.cpu=600m");
    assert_eq!(charged(&quota("400m"), &delta).unwrap().shown(), "requests.cpu=1");
    let problem = charged(&quota("500m"), &delta).unwrap_err();
    assert_eq!(
        problem,
        "exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1"
    );
}

#[test]
fn what_is_not_said_or_not_known_is_refused() {
    let pods = evaluator("", "pods");
    let limited =
        quota(value!({"limits.memory": "1", "cpu": "1"}), value!({"limits.memory": "0", "cpu": "0"}), value!({}));
    let problem = charge(&limited, &pods, &pod(value!({})), None).unwrap_err();
    assert_eq!(problem, "failed quota: q: must specify cpu for: c; limits.memory for: c");
    let fresh = quota(value!({"pods": "1"}), value!({}), value!({}));
    let problem = charge(&fresh, &pods, &pod(value!({})), None).unwrap_err();
    assert_eq!(problem, "status unknown for quota: q, resources: pods");
}

#[test]
fn changes_are_charged_by_their_difference() {
    let claims = evaluator("", "persistentvolumeclaims");
    let claim = |size: &str| Object(value!({"spec": {"resources": {"requests": {"storage": size}}}}));
    let quota = quota(value!({"requests.storage": "10Gi"}), value!({"requests.storage": "1Gi"}), value!({}));
    let delta = |new: &str, old: &str| {
        charge(&quota, &claims, &claim(new), Some(&claim(old))).unwrap().map(|delta| delta.shown())
    };
    assert_eq!(delta("3Gi", "1Gi"), Some("requests.storage=2Gi".to_owned()));
    assert_eq!(delta("1Gi", "1Gi"), None);
    assert_eq!(delta("1Gi", "3Gi"), None);
}

#[test]
fn scopes_select_pods() {
    let pods = evaluator("", "pods");
    let matches = |spec: Value, pod: &Object| scope::matches(&quota(value!({}), value!({}), spec), &pods, pod);
    let best_effort = pod(value!({}));
    let mut urgent = pod(value!({"cpu": "1"}));
    urgent.set(&["spec", "priorityClassName"], "high");
    urgent.set(&["spec", "activeDeadlineSeconds"], 5);
    assert!(matches(value!({"scopes": ["BestEffort", "NotTerminating"]}), &best_effort));
    assert!(!matches(value!({"scopes": ["BestEffort"]}), &urgent));
    assert!(matches(value!({"scopes": ["Terminating"]}), &urgent));
    let selector = value!({"scopeSelector": {"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    ]}});
    assert!(matches(selector.clone(), &urgent) && !matches(selector.clone(), &best_effort));
    let services = evaluator("", "services");
    assert!(!scope::matches(&quota(value!({}), value!({}), selector), &services, &Object::default()));
}
