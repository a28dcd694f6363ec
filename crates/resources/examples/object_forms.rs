//! Measures what the form of an object costs: `cargo run --release -p resources --example object_forms [PODS]`.
//!
//! The same pods, as a cluster has them with status and managed fields, are held as our trees, as serde_json's and as
//! k8s-openapi's typed structs; each is decoded, encoded and weighed; times are CPU times. What only our form has (protobuf, defaults,
//! validation by upstream's rules) is measured of it alone.

use std::{hint::black_box, process::Command};

use apimachinery::{Object, Value, decode, json, protobuf, value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// CPU time of this thread in microseconds: what others do at the same time does not count.
fn cpu_microseconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

/// Resident memory of this process.
fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux has it");
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).expect("it has a sum");
    line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).expect("a number") * 1024.0
}

/// A pod of a Deployment that runs: two containers with probes, environment and mounts, status, two managers.
fn pod(number: usize) -> Value {
    let container = |name: &str, port: i64| {
        value!({
            "name": name,
            "image": "registry.example/team/app:1.2.3",
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
            "env": [
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                {"name": "LEVEL", "value": "info"},
                {"name": "ENDPOINT", "value": "http://backend.default.svc.cluster.local:8080/api"}
            ],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "readinessProbe": {
                "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
                "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3
            },
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/app"},
                {"name": "kube-api-access-x7zq2", "readOnly": true,
                 "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
            ],
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File"
        })
    };
    let condition = |kind: &str| value!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let status = |name: &str| {
        value!({
            "name": name, "ready": true, "started": true, "restartCount": 0,
            "image": "registry.example/team/app:1.2.3",
            "imageID": "registry.example/team/app@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
            "containerID": format!("containerd://{number:064x}"),
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        })
    };
    let managed = |manager: &str, operation: &str, fields: Value| {
        value!({
            "manager": manager, "operation": operation, "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": fields
        })
    };
    let spec_fields = value!({
        "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}},
            "f:ownerReferences": {".": {}, "k:{\"uid\":\"11111111-2222-3333-4444-555555555555\"}": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}, "f:name": {}, "f:env": {".": {},
            "k:{\"name\":\"LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}}, "f:resources": {".": {},
            "f:limits": {".": {}, "f:memory": {}}, "f:requests": {".": {}, "f:cpu": {}, "f:memory": {}}}}},
            "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:volumes": {".": {}}}
    });
    let status_fields = value!({
        "f:status": {"f:conditions": {"k:{\"type\":\"Ready\"}": {".": {}, "f:status": {}, "f:lastTransitionTime": {}}},
            "f:containerStatuses": {}, "f:hostIP": {}, "f:phase": {}, "f:podIP": {}, "f:startTime": {}}
    });
    value!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-5d4f8c7b9-{number:05}"), "generateName": "web-5d4f8c7b9-", "namespace": "default",
            "uid": format!("00000000-0000-4000-8000-{number:012x}"), "resourceVersion": number.to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "tier": "backend", "pod-template-hash": "5d4f8c7b9"},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f8c7b9", "controller": true,
                "blockOwnerDeletion": true, "uid": "11111111-2222-3333-4444-555555555555"
            }],
            "managedFields": [
                managed("kube-controller-manager", "Update", spec_fields),
                managed("kubelet", "Update", status_fields)
            ]
        },
        "spec": {
            "containers": [container("app", 8080), container("sidecar", 9090)],
            "volumes": [
                {"name": "config", "configMap": {"name": "app-config", "defaultMode": 420}},
                {"name": "kube-api-access-x7zq2", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    {"downwardAPI": {"items": [{"path": "namespace",
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
                ]}}
            ],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default", "serviceAccount": "default", "nodeName": format!("node-{}", number % 100),
            "securityContext": {}, "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority",
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300}
            ]
        },
        "status": {
            "phase": "Running", "hostIP": "192.0.2.1", "podIP": "10.42.0.17", "podIPs": [{"ip": "10.42.0.17"}],
            "hostIPs": [{"ip": "192.0.2.1"}], "startTime": "2026-01-01T00:00:00Z", "qosClass": "Burstable",
            "conditions": [condition("PodScheduled"), condition("Initialized"), condition("ContainersReady"),
                condition("Ready"), condition("PodReadyToStartContainers")],
            "containerStatuses": [status("app"), status("sidecar")]
        }
    })
}

/// Decodes all and encodes all; prints what both took and what was held between.
fn form<T>(name: &str, texts: &[Vec<u8>], decode: impl Fn(&[u8]) -> T, encode: impl Fn(&T) -> Vec<u8>) -> Vec<T> {
    let per_pod = |since: f64| (cpu_microseconds() - since) / texts.len() as f64;
    let mut objects = Vec::with_capacity(texts.len());
    let before = resident_bytes();
    let start = cpu_microseconds();
    objects.extend(texts.iter().map(|text| decode(text)));
    let decoded = per_pod(start);
    let held = (resident_bytes() - before) / texts.len() as f64;
    let start = cpu_microseconds();
    let length: usize = objects.iter().map(|object| black_box(encode(object)).len()).sum();
    let encoded = per_pod(start);
    println!(
        "{name:<30} decode {decoded:>6.1} µs  encode {encoded:>6.1} µs  held {held:>7.0} bytes  encoded {} bytes",
        length / texts.len()
    );
    objects
}

fn by_schema(text: &[u8]) -> Value {
    let pod = api::type_of("", "v1", "Pod").expect("pods are built in");
    decode::json(text, api::schema(), pod, decode::Zeros::Fill).expect("a pod").value
}

/// What only our form has.
fn rules(objects: Vec<Value>) {
    let count = objects.len() as f64;
    let registration = resources::RESOURCES.iter().find(|row| row.group.is_empty() && row.resource == "pods");
    let strategy = (registration.expect("pods are served").strategy)();
    let objects: Vec<Object> = objects.into_iter().map(Object).collect();
    let start = cpu_microseconds();
    let errors: usize = objects.iter().map(|object| strategy.validate(object).len()).sum();
    let validated = (cpu_microseconds() - start) / count;
    let mut copies: Vec<Value> = objects.iter().map(|object| object.0.clone()).collect();
    let pod = api::type_of("", "v1", "Pod").expect("pods are built in");
    let start = cpu_microseconds();
    copies.iter_mut().for_each(|copy| api::apply_defaults(copy, pod));
    let defaulted = (cpu_microseconds() - start) / count;
    println!("{:<30} validate {validated:.1} µs ({errors} errors)  default again {defaulted:.1} µs", "Value");
}

/// The forms, each measured in a process of its own, so that memory which one gave back is not another's.
const FORMS: [&str; 5] = ["serde_json", "typed", "untyped", "json", "protobuf"];

fn measure(form_name: &str, count: usize) {
    let (schema, pod_type) = (api::schema(), api::type_of("", "v1", "Pod").expect("pods are built in"));
    let texts: Vec<Vec<u8>> = (0..count).map(|number| json::to_vec(&pod(number))).collect();
    match form_name {
        "serde_json" => {
            let decode = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON");
            form("serde_json::Value, JSON", &texts, decode, |value| serde_json::to_vec(value).expect("a tree"));
        }
        "typed" => {
            let decode = |text: &[u8]| serde_json::from_slice::<k8s_openapi::api::core::v1::Pod>(text).expect("a pod");
            form("k8s-openapi struct, JSON", &texts, decode, |pod| serde_json::to_vec(pod).expect("a pod"));
        }
        "untyped" => {
            let decode = |text: &[u8]| decode::json_untyped(text).expect("JSON");
            form("Value without schema, JSON", &texts, decode, json::to_vec);
        }
        "json" => {
            by_schema(&texts[0]);
            rules(form("Value by schema, JSON", &texts, by_schema, json::to_vec));
        }
        _ => {
            let message = |text: &Vec<u8>| protobuf::encode(&by_schema(text), schema, pod_type);
            let messages: Vec<Vec<u8>> = texts.iter().map(message).collect();
            let decode = |bytes: &[u8]| protobuf::decode(bytes, schema, pod_type).expect("a pod");
            form("Value by schema, protobuf", &messages, decode, |object| protobuf::encode(object, schema, pod_type));
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let count = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    if let Some(form_name) = arguments.get(2) {
        return measure(form_name, count);
    }
    println!("{count} pods of {} bytes of JSON", json::to_vec(&pod(0)).len());
    for form_name in FORMS {
        let own = std::env::current_exe().expect("it runs");
        let status = Command::new(own).args([&count.to_string(), form_name]).status().expect("it ran before");
        assert!(status.success(), "{form_name} failed");
    }
}
