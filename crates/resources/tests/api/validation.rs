//! What built-in kinds may not say, with upstream's words.

use apimachinery::{Value, value};

use crate::wire::Api;

const CORE: &str = "/api/v1/namespaces/default";
const APPS: &str = "/apis/apps/v1/namespaces/default";

/// What the server says is wrong with `object`, line by line.
async fn problems(api: &Api, path: &str, object: Value) -> Vec<String> {
    let answer = api.post(&format!("{path}?dryRun=All"), object).await;
    causes(&answer.json())
}

fn causes(status: &Value) -> Vec<String> {
    let causes = status.list_at(&["details", "causes"]).iter();
    let text = |cause: &Value, field: &str| cause.str_at(&[field]).unwrap_or_default().to_owned();
    causes.map(|cause| format!("{}: {}", text(cause, "field"), text(cause, "message"))).collect()
}

/// A good specification of a pod with `changes` (path, value) in it.
fn pod_spec(changes: &[(&[&str], Value)]) -> Value {
    let mut spec = value!({"containers": [{"name": "c", "image": "i"}]});
    for (path, change) in changes {
        match path {
            ["container", rest @ ..] => {
                let containers = spec.at_mut(&["containers"]).and_then(Value::as_list_mut).unwrap();
                containers[0].set(rest, change.clone());
            }
            path => spec.set(path, change.clone()),
        }
    }
    spec
}

async fn pod_problems(api: &Api, changes: &[(&[&str], Value)]) -> Vec<String> {
    problems(api, &format!("{CORE}/pods"), value!({"metadata": {"name": "p"}, "spec": pod_spec(changes)})).await
}

#[tokio::test]
async fn pods() {
    let api = Api::start().await;
    assert!(pod_problems(&api, &[]).await.is_empty());
    let cases: Vec<(&[&str], Value, &[&str])> = vec![
        (&["containers"], value!([]), &["spec.containers: Required value"]),
        (
            &["restartPolicy"],
            value!("Sometimes"),
            &[
                "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"Never\", \"OnFailure\"",
            ],
        ),
        (
            &["container", "livenessProbe"],
            value!({"httpGet": {"port": 0}, "exec": {"command": []}, "successThreshold": 2}),
            &[
                "spec.containers[0].livenessProbe.exec.command: Required value",
                "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
                "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            ],
        ),
        (
            &["container", "readinessProbe"],
            value!({"tcpSocket": {"port": "no port"}, "terminationGracePeriodSeconds": 1}),
            &[
                "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: \"no port\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes",
            ],
        ),
        (
            &["container", "env"],
            value!([{"name": "a=b"}, {"name": "c", "value": "x", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
                {"name": "d", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nothing"}}}]),
            &[
                "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
                "spec.containers[0].env[1].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
                "spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Unsupported value: \"spec.nothing\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
            ],
        ),
        (
            &["container", "ports"],
            value!([{"containerPort": 70000}, {"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a", "protocol": "XTP"}]),
            &[
                "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
                "spec.containers[0].ports[2].name: Duplicate value: \"a\"",
                "spec.containers[0].ports[2].protocol: Unsupported value: \"XTP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            ],
        ),
        (
            &["volumes"],
            value!([{"name": "a", "hostPath": {"path": "/../x", "type": "Odd"}}, {"name": "a", "emptyDir": {}},
                {"name": "b"}, {"name": "c", "secret": {"secretName": "s", "defaultMode": 4096}}]),
            &[
                "spec.volumes[0].hostPath.path: Invalid value: \"/../x\": must not contain '..'",
                "spec.volumes[0].hostPath.type: Unsupported value: \"Odd\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"",
                "spec.volumes[1].name: Duplicate value: \"a\"",
                "spec.volumes[3].secret.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive",
            ],
        ),
        (
            &["container", "volumeMounts"],
            value!([{"name": "none", "mountPath": "/a"}]),
            &["spec.containers[0].volumeMounts[0].name: Not found: \"none\""],
        ),
        (
            &["container", "resources"],
            value!({"requests": {"cpu": "2", "example.com/gpu": "1", "nonsense": "1"}, "limits": {"cpu": "1"}}),
            &[
                "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
                "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
                "spec.containers[0].resources.requests[nonsense]: Invalid value: \"nonsense\": must be a standard resource type or fully qualified",
                "spec.containers[0].resources.requests[nonsense]: Invalid value: \"nonsense\": must be a standard resource for containers",
            ],
        ),
        (
            &["securityContext"],
            value!({"runAsUser": -1, "seccompProfile": {"type": "Localhost"}, "sysctls": [{"name": "Bad", "value": "1"}]}),
            &[
                "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
                "spec.securityContext.sysctls[0].name: Invalid value: \"Bad\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
                "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
            ],
        ),
        (
            &["tolerations"],
            value!([{"operator": "Equal", "value": "x"}, {"key": "k", "operator": "Exists", "value": "v"}, {"key": "k", "tolerationSeconds": 1}]),
            &[
                "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
                "spec.tolerations[1].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'",
                "spec.tolerations[2].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
            ],
        ),
        (
            &["affinity"],
            value!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
                "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "podAffinityTerm": {"topologyKey": "k"}}]}}),
            &[
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
                "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            ],
        ),
        (
            &["topologySpreadConstraints"],
            value!([{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "Maybe"}]),
            &[
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than 0",
                "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
                "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Maybe\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"",
            ],
        ),
        (
            &["dnsPolicy"],
            value!("None"),
            &["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
        ),
        (
            &["ephemeralContainers"],
            value!([{"name": "e", "image": "i"}]),
            &["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        ),
        (
            &["initContainers"],
            value!([{"name": "c", "image": "i", "readinessProbe": {"tcpSocket": {"port": 1}}}]),
            &[
                "spec.initContainers[0].name: Duplicate value: \"c\"",
                "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
            ],
        ),
    ];
    for (path, change, expected) in cases {
        let mut found = pod_problems(&api, &[(path, change)]).await;
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{path:?}");
    }
}

#[tokio::test]
async fn of_a_pod_little_changes() {
    let api = Api::start().await;
    let path = format!("{CORE}/pods/p");
    let spec = pod_spec(&[(&["tolerations"], value!([{"key": "a", "operator": "Exists"}]))]);
    api.post(&format!("{CORE}/pods"), value!({"metadata": {"name": "p"}, "spec": spec})).await.ok();
    let refused = api.patch(&path, value!({"spec": {"hostNetwork": true}})).await;
    assert!(refused.failure().contains("pod updates may not change fields other than"), "{}", refused.failure());
    let refused = api.patch(&path, value!({"spec": {"tolerations": []}})).await;
    assert_eq!(
        causes(&refused.json()),
        ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]
    );
    api.patch(&path, value!({"spec": {"activeDeadlineSeconds": 10}})).await.ok();
    let refused = api.patch(&path, value!({"spec": {"activeDeadlineSeconds": 11}})).await;
    assert_eq!(
        causes(&refused.json()),
        ["spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value 10"]
    );
    let image = r#"[{"op": "replace", "path": "/spec/containers/0/image", "value": "other"}]"#;
    let headers = [("content-type", "application/json-patch+json")];
    api.call("PATCH", &path, &headers, image).await.ok();
    // What is being deleted lets go of its finalizers.
    api.patch(&path, value!({"metadata": {"finalizers": ["example.com/f"]}})).await.ok();
    api.call("DELETE", &path, &[], "").await.ok();
    api.patch(&path, value!({"metadata": {"finalizers": []}})).await.ok();
    assert_eq!(api.get(&path).await.code, 404);
}

fn workload(kind: &str, changes: &[(&[&str], Value)]) -> Value {
    let mut object = value!({
        "metadata": {"name": "w"},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": pod_spec(&[])}
        }
    });
    if kind == "jobs" {
        object.remove(&["spec", "selector"]);
        object.set(&["spec", "template", "spec", "restartPolicy"], "Never");
    }
    changes.iter().for_each(|(path, change)| object.set(path, change.clone()));
    object
}

#[tokio::test]
async fn workloads() {
    let api = Api::start().await;
    for kind in ["deployments", "replicasets", "daemonsets", "statefulsets"] {
        let path = format!("{APPS}/{kind}");
        assert!(problems(&api, &path, workload(kind, &[])).await.is_empty(), "{kind}");
        let wrong = workload(kind, &[(&["spec", "template", "metadata", "labels"], value!({"app": "b"}))]);
        assert_eq!(
            problems(&api, &path, wrong).await,
            [
                "spec.template.metadata.labels: Invalid value: {\"app\":\"b\"}: `selector` does not match template `labels`"
            ]
        );
        let wrong = workload(kind, &[(&["spec", "template", "spec", "restartPolicy"], value!("Never"))]);
        assert_eq!(
            problems(&api, &path, wrong).await,
            ["spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""]
        );
        api.post(&path, workload(kind, &[])).await.ok();
        let selector = value!({"spec": {
            "selector": {"matchLabels": {"app": "c"}}, "template": {"metadata": {"labels": {"app": "c"}}}
        }});
        let refused = api.patch(&format!("{path}/w"), selector).await;
        let said = refused.failure();
        assert!(said.contains("field is immutable") || said.contains("updates to statefulset spec"), "{said}");
    }
    let path = format!("{APPS}/deployments");
    let zero = value!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}});
    assert_eq!(
        problems(&api, &path, workload("deployments", &[(&["spec", "strategy"], zero)])).await,
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0"]
    );
    assert_eq!(
        problems(&api, &path, workload("deployments", &[(&["spec", "replicas"], value!(-1))])).await,
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]
    );
    let claim = value!([{"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
    let mounted = workload("statefulsets", &[(&["spec", "volumeClaimTemplates"], claim)]);
    let mut mounted = mounted;
    mounted.set(
        &["spec", "template", "spec"],
        pod_spec(&[(&["container", "volumeMounts"], value!([{"name": "d", "mountPath": "/d"}]))]),
    );
    assert!(problems(&api, &format!("{APPS}/statefulsets"), mounted).await.is_empty(), "claims are volumes");
}

#[tokio::test]
async fn jobs_and_cron_jobs() {
    let api = Api::start().await;
    let path = "/apis/batch/v1/namespaces/default/jobs";
    assert!(problems(&api, path, workload("jobs", &[])).await.is_empty());
    let wrong = workload(
        "jobs",
        &[
            (&["spec", "template", "spec", "restartPolicy"], value!("Always")),
            (&["spec", "completionMode"], value!("Indexed")),
            (&["spec", "backoffLimit"], value!(-1)),
            (&["spec", "parallelism"], value!(2)),
        ],
    );
    assert_eq!(
        problems(&api, path, wrong).await,
        [
            "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
            "spec.completions: Required value: when completion mode is Indexed",
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ]
    );
    api.post(path, workload("jobs", &[])).await.ok();
    let refused = api.patch(&format!("{path}/w"), value!({"spec": {"completions": 3}})).await;
    assert_eq!(causes(&refused.json()), ["spec.completions: Invalid value: 3: field is immutable"]);
    let cron = |schedule: &str| {
        let job = workload("jobs", &[]).at(&["spec"]).cloned().unwrap();
        value!({"metadata": {"name": "c"}, "spec": {"schedule": schedule, "jobTemplate": {"spec": job}}})
    };
    let path = "/apis/batch/v1/namespaces/default/cronjobs";
    assert!(problems(&api, path, cron("*/5 * * * *")).await.is_empty());
    assert_eq!(
        problems(&api, path, cron("60 * * * *")).await,
        ["spec.schedule: Invalid value: \"60 * * * *\": end of range (60) above maximum (59): 60"]
    );
}

#[tokio::test]
async fn services_and_what_they_lead_to() {
    let api = Api::start().await;
    api.post(
        "/apis/networking.k8s.io/v1/servicecidrs",
        value!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.43.0.0/24"]}}),
    )
    .await
    .ok();
    let service = |spec: Value| value!({"metadata": {"name": "s"}, "spec": spec});
    let path = format!("{CORE}/services");
    let cases: [(Value, &[&str]); 5] = [
        (value!({}), &["spec.ports: Required value"]),
        (
            value!({"ports": [{"port": 80}, {"port": 80, "name": "B"}]}),
            &[
                "spec.ports[0].name: Required value",
                "spec.ports[1].name: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
                "spec.ports[1]: Duplicate value: {\"name\":\"\",\"nodePort\":0,\"port\":80,\"protocol\":\"TCP\",\"targetPort\":0}",
            ],
        ),
        (
            value!({"type": "ExternalName", "externalName": "UPPER"}),
            &[
                "spec.externalName: Invalid value: \"UPPER\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
        (
            value!({"ports": [{"port": 80}], "externalIPs": ["127.0.0.1"], "sessionAffinity": "Sometimes"}),
            &[
                "spec.sessionAffinity: Unsupported value: \"Sometimes\": supported values: \"ClientIP\", \"None\"",
                "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
            ],
        ),
        (
            value!({"ports": [{"port": 80}], "loadBalancerSourceRanges": ["10.0.0.0/8"]}),
            &["spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(problems(&api, &path, service(spec)).await, expected);
    }
    let ingress = value!({"metadata": {"name": "i"}, "spec": {"rules": [{"host": "1.2.3.4", "http": {"paths": [
        {"path": "x", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {}}}}
    ]}}]}});
    assert_eq!(
        problems(&api, "/apis/networking.k8s.io/v1/namespaces/default/ingresses", ingress).await,
        [
            "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address",
            "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
            "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
        ]
    );
    let policy = value!({"metadata": {"name": "n"}, "spec": {"podSelector": {}, "ingress": [{
        "ports": [{"port": "a", "endPort": 5}], "from": [{}, {"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.1.0.0/25"]}}]
    }]}});
    assert_eq!(
        problems(&api, "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", policy).await,
        [
            "spec.ingress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is non-numeric",
            "spec.ingress[0].from[0]: Required value: must specify a peer",
            "spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: \"10.1.0.0/25\": must be a strict subset of `cidr`",
        ]
    );
    let range = value!({"metadata": {"name": "r"}, "spec": {"cidrs": ["10.0.0.1/24"]}});
    let said = problems(&api, "/apis/networking.k8s.io/v1/servicecidrs", range).await;
    assert!(said[0].contains("with no bits set beyond the prefix length"), "{said:?}");
    let slice =
        value!({"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": [{"addresses": ["::1"]}], "ports": []});
    assert_eq!(
        problems(&api, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice).await,
        ["endpoints[0].addresses[0]: Invalid value: \"::1\": must be an IPv4 address"]
    );
}

#[tokio::test]
async fn configuration_and_limits() {
    let api = Api::start().await;
    let maps = format!("{CORE}/configmaps");
    let both = value!({"metadata": {"name": "m"}, "data": {"a": "x", "b/c": "y"}, "binaryData": {"a": "eA=="}});
    assert_eq!(
        problems(&api, &maps, both).await,
        [
            "data[b/c]: Invalid value: \"b/c\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            "data[a]: Invalid value: \"a\": duplicate of key present in binaryData",
        ]
    );
    let large = value!({"metadata": {"name": "m"}, "data": {"a": "x".repeat((1 << 20) + 1)}});
    assert_eq!(problems(&api, &maps, large).await, ["[]: Too long: may not be more than 1048576 bytes"]);
    api.post(&maps, value!({"metadata": {"name": "f"}, "immutable": true, "data": {"a": "x"}})).await.ok();
    let refused = api.patch(&format!("{maps}/f"), value!({"data": {"a": "y"}})).await;
    assert_eq!(causes(&refused.json()), ["data: Forbidden: field is immutable when `immutable` is set"]);
    let tls = value!({"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {"tls.crt": ""}});
    assert_eq!(problems(&api, &format!("{CORE}/secrets"), tls).await, ["data[tls.key]: Required value"]);
    let quota = value!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1500m", "nonsense": "1"}, "scopes": ["BestEffort", "NotBestEffort"]}});
    assert_eq!(
        problems(&api, &format!("{CORE}/resourcequotas"), quota).await,
        [
            "spec.hard[nonsense]: Invalid value: \"nonsense\": must be a standard resource for quota",
            "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes",
        ]
    );
    let range = value!({"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}});
    assert_eq!(
        problems(&api, &format!("{CORE}/limitranges"), range).await.first().map(String::as_str),
        Some("spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1")
    );
}

#[tokio::test]
async fn policies_and_storage() {
    let api = Api::start().await;
    let budget = value!({"metadata": {"name": "b"}, "spec": {"minAvailable": "101%", "selector": {}}});
    assert_eq!(
        problems(&api, "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget).await,
        ["spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%"]
    );
    let class = value!({"metadata": {"name": "system-x"}, "value": 5});
    let said = problems(&api, "/apis/scheduling.k8s.io/v1/priorityclasses", class).await;
    assert!(said[0].contains("priority class names with 'system-' prefix are reserved"), "{said:?}");
    let binding = value!({
        "metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "a"}]
    });
    assert_eq!(
        problems(&api, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding).await,
        [
            "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
            "subjects[0].namespace: Required value",
        ]
    );
    let role =
        value!({"metadata": {"name": "r"}, "rules": [{"verbs": [], "nonResourceURLs": ["/x"], "resources": ["pods"]}]});
    assert_eq!(
        problems(&api, "/apis/rbac.authorization.k8s.io/v1/clusterroles", role).await,
        [
            "rules[0].verbs: Required value: verbs must contain at least one value",
            "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs",
        ]
    );
    let claim = value!({"metadata": {"name": "c"}, "spec": {"accessModes": ["Sometimes"], "resources": {}}});
    assert_eq!(
        problems(&api, &format!("{CORE}/persistentvolumeclaims"), claim).await,
        [
            "spec.accessModes: Unsupported value: \"Sometimes\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
            "spec.resources[storage]: Required value",
        ]
    );
    let volume =
        value!({"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}});
    assert_eq!(
        problems(&api, "/api/v1/persistentvolumes", volume).await,
        ["spec: Required value: must specify a volume type"]
    );
    let scaler = value!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 1, "minReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": ""}}});
    assert_eq!(
        problems(&api, "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", scaler).await,
        [
            "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`",
            "spec.scaleTargetRef.name: Required value",
        ]
    );
    let lease = value!({"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 0}});
    assert_eq!(
        problems(&api, "/apis/coordination.k8s.io/v1/namespaces/default/leases", lease).await,
        ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]
    );
}

#[tokio::test]
async fn a_resize_is_of_cpu_and_memory_on_a_node_that_can() {
    let api = Api::start().await;
    let resources = value!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}});
    let spec = pod_spec(&[(&["container", "resources"], resources)]);
    api.post(&format!("{CORE}/pods"), value!({"metadata": {"name": "p"}, "spec": spec})).await.ok();
    let resize = |resources: Value| {
        let patch = value!({"spec": {"containers": [{"name": "c", "resources": resources}]}});
        let headers = [("content-type", "application/strategic-merge-patch+json")];
        let body = apimachinery::json::to_vec(&patch);
        let api = &api;
        async move { api.call("PATCH", &format!("{CORE}/pods/p/resize"), &headers, body).await }
    };
    let done = resize(value!({"requests": {"cpu": "1500m"}})).await.ok();
    assert_eq!(done.list_at(&["spec", "containers"])[0].str_at(&["resources", "requests", "cpu"]), Some("1500m"));
    let refused = resize(value!({"limits": {"cpu": null}})).await;
    assert!(
        causes(&refused.json())
            .contains(&"spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed".to_owned()),
        "{}",
        refused.failure()
    );
    let refused = resize(value!({"requests": {"cpu": "2"}})).await;
    assert_eq!(
        causes(&refused.json()),
        ["spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing"]
    );
    let running = value!({"status": {"containerStatuses": [{
        "name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    }]}});
    api.patch(&format!("{CORE}/pods/p/status"), running).await.ok();
    let refused = resize(value!({"requests": {"cpu": "1"}})).await;
    assert_eq!(causes(&refused.json()), ["spec: Forbidden: Pod running on node without support for resize"]);
}

#[tokio::test]
async fn signing_requests() {
    let api = Api::start().await;
    let request = value!({"metadata": {"name": "r"}, "spec": {
        "request": "bm9uc2Vuc2U=", "signerName": "nowhere", "usages": ["client auth", "client auth", "odd"], "expirationSeconds": 5
    }});
    let said = problems(&api, "/apis/certificates.k8s.io/v1/certificatesigningrequests", request).await;
    assert!(said[0].starts_with("spec.request: Invalid value: "), "{said:?}");
    assert_eq!(said[1], "spec.usages[1]: Duplicate value: \"client auth\"");
    assert!(said[2].starts_with("spec.usages[2]: Unsupported value: \"odd\": supported values: \"any\""), "{said:?}");
    assert_eq!(
        said[3..],
        [
            "spec.signerName: Invalid value: \"nowhere\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
            "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
        ]
    );
}
