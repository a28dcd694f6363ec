use std::{collections::BTreeMap, fmt::Write};

use apimachinery::{Object, Value, json, value};
use client::testing::{FakeApi, settle};
use expect_test::{Expect, expect};

use super::{plan::*, *};

fn service(change: Value) -> Value {
    let mut service = value!({
        "metadata": {"namespace": "a", "name": "web", "uid": "s", "labels": {"team": "x"}},
        "spec": {
            "clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"], "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
        }
    });
    client::testing::merge(&mut service, &change);
    service
}

fn pod(index: usize, change: Value) -> Value {
    let mut pod = value!({
        "metadata": {"namespace": "a", "name": format!("p{index:03}"), "uid": format!("u{index:03}"), "labels": {"app": "web"}},
        "spec": {"nodeName": "n1", "containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {
            "phase": "Running", "podIP": format!("10.1.0.{index}"), "podIPs": [{"ip": format!("10.1.0.{index}")}],
            "conditions": [{"type": "Ready", "status": "True"}]
        }
    });
    client::testing::merge(&mut pod, &change);
    pod
}

fn shared(values: Vec<Value>) -> Vec<Arc<Object>> {
    values.into_iter().map(|value| Arc::new(Object(value))).collect()
}

fn observe(service: Value, pods: Vec<Value>, slices: Vec<Arc<Object>>) -> Observed {
    let zones = BTreeMap::from([("n1".into(), "z1".into())]);
    Observed { service: Arc::new(Object(service)), pods: shared(pods), zones, slices }
}

fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for operation in &plan.operations {
        let (verb, slice) = match operation {
            Operation::Create(slice) => ("create", slice),
            Operation::Update(_, slice) => ("update", slice),
            Operation::Delete(slice) => ("delete", &**slice),
        };
        let ports = String::from_utf8(json::to_vec(&Value::from(slice.list_at(&["ports"]).to_vec()))).unwrap();
        let name = slice.name();
        writeln!(
            text,
            "{verb} {name}{} {ports} {} endpoints",
            slice.str_at(&["addressType"]).unwrap(),
            slice.list_at(&["endpoints"]).len()
        )
        .unwrap();
    }
    for node in &plan.missing_nodes {
        writeln!(text, "{node} is missing").unwrap();
    }
    text
}

fn check(observed: &Observed, expected: Expect) {
    expected.assert_eq(&describe(&plan(observed)));
}

/// The slices after the operations of `plan`.
fn apply(observed: &Observed) -> Vec<Arc<Object>> {
    let mut slices: BTreeMap<String, Arc<Object>> =
        observed.slices.iter().map(|slice| (slice.name().to_owned(), slice.clone())).collect();
    for operation in plan(observed).operations {
        match operation {
            Operation::Create(mut slice) => {
                let name = format!("new{}", slices.len());
                slice.set_meta("name", &name);
                slices.insert(name, Arc::new(slice));
            }
            Operation::Update(_, slice) => drop(slices.insert(slice.name().to_owned(), Arc::new(slice))),
            Operation::Delete(slice) => drop(slices.remove(slice.name())),
        }
    }
    slices.into_values().collect()
}

#[test]
fn endpoints_say_where_and_how_they_are() {
    let terminating = value!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"hostname": "h", "subdomain": "web"}});
    let near = service(value!({"spec": {"trafficDistribution": "PreferSameNode"}}));
    let observed = observe(near, vec![pod(1, value!({})), pod(2, terminating)], vec![]);
    let slices = apply(&observed);
    expect![[r#"
        {"addresses":["10.1.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"hints":{"forNodes":[{"name":"n1"}],"forZones":[{"name":"z1"}]},"nodeName":"n1","targetRef":{"kind":"Pod","name":"p001","namespace":"a","uid":"u001"},"zone":"z1"}
        {"addresses":["10.1.0.2"],"conditions":{"ready":false,"serving":true,"terminating":true},"hostname":"h","nodeName":"n1","targetRef":{"kind":"Pod","name":"p002","namespace":"a","uid":"u002"},"zone":"z1"}
    "#]]
    .assert_eq(&slices[0].list_at(&["endpoints"]).iter().fold(String::new(), |mut text, endpoint| {
        writeln!(text, "{}", String::from_utf8(json::to_vec(endpoint)).unwrap()).unwrap();
        text
    }));
    expect![[r#"{"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": "web", "team": "x"}"#]]
        .assert_eq(&format!("{:?}", slices[0].labels()));
    assert!(plan(&Observed { slices, ..observed }).operations.is_empty(), "nothing is left to do");
}

#[test]
fn pods_that_cannot_serve_are_left_out() {
    let ended = value!({"status": {"phase": "Succeeded"}});
    let nowhere = value!({"status": {"podIP": null, "podIPs": null}});
    let elsewhere = value!({"spec": {"nodeName": "n9"}});
    let pods = vec![pod(1, ended), pod(2, nowhere), pod(3, elsewhere)];
    check(
        &observe(service(value!({})), pods, vec![]),
        expect![[r#"
        create IPv4 [] 0 endpoints
        n9 is missing
    "#]],
    );
}

#[test]
fn ports_part_slices_and_names_resolve_per_pod() {
    let other = value!({"spec": {"containers": [{"ports": [{"name": "http", "containerPort": 9090}]}]}});
    let pods = || vec![pod(1, value!({})), pod(2, other.clone())];
    check(
        &observe(service(value!({})), pods(), vec![]),
        expect![[r#"
        create IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 1 endpoints
        create IPv4 [{"name":"http","port":9090,"protocol":"TCP"}] 1 endpoints
    "#]],
    );
    let headless = value!({"spec": {"clusterIP": "None", "ports": null, "ipFamilies": ["IPv4", "IPv6"]}});
    check(
        &observe(service(headless), pods(), vec![]),
        expect![[r#"
        create IPv4 [] 2 endpoints
        create IPv6 [] 0 endpoints
    "#]],
    );
}

#[test]
fn few_slices_are_written() {
    let pods = |range: std::ops::Range<usize>| range.map(|index| pod(index, value!({}))).collect::<Vec<_>>();
    let mut observed = observe(service(value!({})), pods(0..150), vec![]);
    check(
        &observed,
        expect![[r#"
        create IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 100 endpoints
        create IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 50 endpoints
    "#]],
    );
    observed.slices = apply(&observed);
    observed.pods = shared(pods(0..160));
    check(
        &observed,
        expect![[r#"
        update new1IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 60 endpoints
    "#]],
    );
    observed.pods = shared(pods(0..40));
    check(
        &observed,
        expect![[r#"
            update new0IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 35 endpoints
            update new1IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 5 endpoints
        "#]],
    );
    observed.pods = vec![];
    check(
        &observed,
        expect![[r#"
        update new1IPv4 [] 0 endpoints
        delete new0IPv4 [{"name":"http","port":8080,"protocol":"TCP"}] 100 endpoints
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn slices_and_endpoints_follow_pods() {
    let api = FakeApi::new();
    let _slices = tokio::spawn((DESCRIPTOR.start)(Context::for_tests(&api)));
    let _endpoints = tokio::spawn((crate::endpoint::DESCRIPTOR.start)(Context::for_tests(&api)));
    api.seed(&SERVICES, service(value!({})));
    api.seed(&PODS, pod(1, value!({})));
    settle(1).await;
    assert!(api.list(&ENDPOINT_SLICES)[0].list_at(&["endpoints"]).is_empty(), "the node is not there yet");
    api.seed(&NODES, value!({"metadata": {"name": "n1", "labels": {(ZONE): "z1"}}}));
    settle(1).await;
    let slice = api.list(&ENDPOINT_SLICES).remove(0);
    assert_eq!(slice.list_at(&["endpoints"])[0].str_at(&["zone"]), Some("z1"));
    let endpoints = api.get(&client::kinds::ENDPOINTS, "a", "web").unwrap();
    assert_eq!(endpoints.list_at(&["subsets"])[0].list_at(&["addresses"])[0].str_at(&["ip"]), Some("10.1.0.1"));
    api.remove(&PODS, "a", "p001");
    settle(1).await;
    assert!(api.list(&ENDPOINT_SLICES)[0].list_at(&["endpoints"]).is_empty());
    assert!(api.get(&client::kinds::ENDPOINTS, "a", "web").unwrap().list_at(&["subsets"]).is_empty());
    api.remove(&SERVICES, "a", "web");
    settle(1).await;
    assert!(api.get(&client::kinds::ENDPOINTS, "a", "web").is_none());
}
