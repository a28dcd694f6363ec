//! What upstream's defaulting makes of almost empty objects (k8s.io/kubernetes/pkg/apis/*/defaults.go).

use apimachinery::{Value, value};

/// Applies the defaults of a kind; a second time must change nothing.
fn defaulted(group: &str, version: &str, mut object: Value) -> Value {
    let kind = object.str_at(&["kind"]).expect("a kind").to_owned();
    let id = api::type_of(group, version, &kind).expect("a known kind");
    api::apply_defaults(&mut object, id);
    let mut again = object.clone();
    api::apply_defaults(&mut again, id);
    assert_eq!(object, again);
    object.remove(&["kind"]);
    object
}

fn pod_spec(containers: Value) -> Value {
    value!({
        "containers": containers,
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30
    })
}

fn container(image_pull_policy: &str) -> Value {
    value!({
        "name": "c",
        "imagePullPolicy": image_pull_policy,
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File"
    })
}

#[test]
fn deployment() {
    let object = defaulted(
        "apps",
        "v1",
        value!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}),
    );
    let containers = value!([container("IfNotPresent")]);
    let expected = value!({"spec": {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "template": {"spec": pod_spec(containers)}
    }});
    assert_eq!(object, expected);
    let object = defaulted(
        "apps",
        "v1",
        value!({"kind": "Deployment", "spec": {"replicas": 0, "strategy": {"type": "Recreate"}}}),
    );
    assert_eq!(object.i64_at(&["spec", "replicas"]), Some(0), "a pointer to zero is set");
    assert_eq!(object.at(&["spec", "strategy"]), Some(&value!({"type": "Recreate"})));
}

#[test]
fn daemon_set_and_stateful_set() {
    let object = defaulted("apps", "v1", value!({"kind": "DaemonSet"}));
    let rolling = value!({"maxSurge": 0, "maxUnavailable": 1});
    assert_eq!(
        object.at(&["spec", "updateStrategy"]),
        Some(&value!({"type": "RollingUpdate", "rollingUpdate": rolling}))
    );
    let object = defaulted("apps", "v1", value!({"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [{}]}}));
    let mut spec = object.at(&["spec"]).unwrap().clone();
    spec.remove(&["template"]);
    let expected = value!({
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "partition": 0}},
        "volumeClaimTemplates": [{
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "spec": {"resources": {}, "volumeMode": "Filesystem"},
            "status": {"phase": "Pending"}
        }]
    });
    assert_eq!(spec, expected);
    let explicit = value!({"kind": "StatefulSet", "spec": {"updateStrategy": {"type": "RollingUpdate"}}});
    let object = defaulted("apps", "v1", explicit);
    assert_eq!(object.at(&["spec", "updateStrategy"]), Some(&value!({"type": "RollingUpdate"})));
}

#[test]
fn pod() {
    let probe = value!({"httpGet": {"port": 80}});
    let object = defaulted(
        "",
        "v1",
        value!({"kind": "Pod", "spec": {
            "hostNetwork": true,
            "serviceAccount": "robot",
            "terminationGracePeriodSeconds": (-5_i64),
            "volumes": [{"name": "v"}, {"name": "s", "secret": {"secretName": "s"}}, {"name": "i", "image": {"reference": "a:1"}}],
            "containers": [{
                "name": "c",
                "image": "nginx",
                "livenessProbe": probe,
                "ports": [{"containerPort": 80}],
                "env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1u"}}
            }]
        }}),
    );
    let spec = object.at(&["spec"]).unwrap();
    assert_eq!(spec.bool_at(&["enableServiceLinks"]), Some(true));
    assert_eq!(spec.str_at(&["serviceAccountName"]), Some("robot"));
    assert_eq!(spec.i64_at(&["terminationGracePeriodSeconds"]), Some(1));
    let expected = value!([
        {"name": "v", "emptyDir": {}},
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}},
        {"name": "i", "image": {"reference": "a:1", "pullPolicy": "IfNotPresent"}}
    ]);
    assert_eq!(spec.at(&["volumes"]), Some(&expected));
    let container = &spec.list_at(&["containers"])[0];
    assert_eq!(container.str_at(&["imagePullPolicy"]), Some("Always"));
    assert_eq!(container.at(&["ports"]), Some(&value!([{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}])));
    assert_eq!(container.at(&["resources", "requests"]), Some(&value!({"cpu": "1m", "memory": "1Gi"})));
    assert_eq!(container.list_at(&["env"])[0].str_at(&["valueFrom", "fieldRef", "apiVersion"]), Some("v1"));
    let expected = value!({
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3
    });
    assert_eq!(container.at(&["livenessProbe"]), Some(&expected));
    // An empty service of a gRPC probe is an explicit one.
    let grpc = value!({"kind": "Pod", "spec": {"containers": [{"name": "c", "startupProbe": {"grpc": {"port": 1}, "periodSeconds": 3}}]}});
    let probe = defaulted("", "v1", grpc).list_at(&["spec", "containers"])[0].at(&["startupProbe"]).unwrap().clone();
    assert_eq!((probe.str_at(&["grpc", "service"]), probe.i64_at(&["periodSeconds"])), (Some(""), Some(3)));
}

#[test]
fn pod_addresses_agree() {
    let status =
        |status: Value| defaulted("", "v1", value!({"kind": "Pod", "status": status})).at(&["status"]).unwrap().clone();
    let both = value!({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]});
    assert_eq!(status(value!({"podIP": "10.0.0.1"})), both);
    assert_eq!(status(value!({"podIPs": [{"ip": "10.0.0.1"}]})), both);
    assert_eq!(status(value!({"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.2"}, {"ip": "fd00::1"}]})), both);
}

#[test]
fn service() {
    let object = defaulted(
        "",
        "v1",
        value!({"kind": "Service", "spec": {"ports": [{"port": 80}, {"port": 81, "targetPort": "web"}]}}),
    );
    let expected = value!({"spec": {
        "internalTrafficPolicy": "Cluster",
        "ports": [
            {"port": 80, "protocol": "TCP", "targetPort": 80},
            {"port": 81, "protocol": "TCP", "targetPort": "web"}
        ],
        "sessionAffinity": "None",
        "type": "ClusterIP"
    }});
    assert_eq!(object, expected);
    let object = defaulted(
        "",
        "v1",
        value!({
            "kind": "Service",
            "spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "a"}]}}
        }),
    );
    let expected = value!({
        "spec": {
            "allocateLoadBalancerNodePorts": true,
            "externalTrafficPolicy": "Cluster",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "ClientIP",
            "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
            "type": "LoadBalancer"
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}, {"hostname": "a"}]}}
    });
    assert_eq!(object, expected);
    let object = defaulted("", "v1", value!({"kind": "Service", "spec": {"type": "ExternalName"}}));
    assert_eq!(object, value!({"spec": {"sessionAffinity": "None", "type": "ExternalName"}}));
}

#[test]
fn job_and_cron_job() {
    let object =
        defaulted("batch", "v1", value!({"kind": "Job", "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}));
    let mut spec = object.at(&["spec"]).unwrap().clone();
    spec.remove(&["template"]);
    let expected = value!({
        "backoffLimit": 6, "completionMode": "NonIndexed", "completions": 1, "manualSelector": false,
        "parallelism": 1, "podReplacementPolicy": "TerminatingOrFailed", "suspend": false
    });
    assert_eq!(spec, expected);
    assert_eq!(object.str_at(&["metadata", "labels", "a"]), Some("b"));
    let object = defaulted(
        "batch",
        "v1",
        value!({"kind": "Job", "spec": {"parallelism": 2, "backoffLimitPerIndex": 1, "podFailurePolicy": {}}}),
    );
    assert_eq!(object.at(&["spec", "completions"]), None);
    assert_eq!(object.i64_at(&["spec", "backoffLimit"]), Some(2_147_483_647));
    assert_eq!(object.str_at(&["spec", "podReplacementPolicy"]), Some("Failed"));
    let object = defaulted("batch", "v1", value!({"kind": "CronJob"}));
    let mut spec = object.at(&["spec"]).unwrap().clone();
    let template = spec.remove(&["jobTemplate"]).unwrap();
    assert_eq!(template.at(&["spec", "completions"]), None, "a template is not a job");
    assert_eq!(template.str_at(&["spec", "template", "spec", "restartPolicy"]), Some("Always"));
    let expected = value!({"concurrencyPolicy": "Allow", "failedJobsHistoryLimit": 1, "successfulJobsHistoryLimit": 3, "suspend": false});
    assert_eq!(spec, expected);
}

#[test]
fn volumes_and_claims() {
    let object = defaulted("", "v1", value!({"kind": "PersistentVolumeClaim"}));
    assert_eq!(object, value!({"spec": {"resources": {}, "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}));
    let object = defaulted("", "v1", value!({"kind": "PersistentVolume", "spec": {"rbd": {"image": "i"}}}));
    let expected = value!({
        "spec": {
            "persistentVolumeReclaimPolicy": "Retain",
            "rbd": {"image": "i", "keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin"},
            "volumeMode": "Filesystem"
        },
        "status": {"phase": "Pending"}
    });
    assert_eq!(object, expected);
    let attachment = value!({"kind": "VolumeAttachment", "spec": {"source": {"inlineVolumeSpec": {"nfs": {}}}}});
    let object = defaulted("storage.k8s.io", "v1", attachment);
    assert_eq!(object.at(&["spec", "source", "inlineVolumeSpec"]), Some(&value!({"nfs": {}})));
    let object = defaulted("storage.k8s.io", "v1", value!({"kind": "StorageClass"}));
    assert_eq!(object, value!({"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}));
}

#[test]
fn the_rest_of_core() {
    let object = defaulted("", "v1", value!({"kind": "Namespace", "metadata": {"name": "n"}}));
    assert_eq!(object.str_at(&["metadata", "labels", "kubernetes.io/metadata.name"]), Some("n"));
    assert_eq!(object.str_at(&["status", "phase"]), Some("Active"));
    assert_eq!(defaulted("", "v1", value!({"kind": "Secret"})), value!({"type": "Opaque"}));
    let item = value!({"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}});
    let object = defaulted("", "v1", value!({"kind": "LimitRange", "spec": {"limits": [item]}}));
    let item = &object.list_at(&["spec", "limits"])[0];
    assert_eq!(item.at(&["default"]), Some(&value!({"cpu": "2"})));
    assert_eq!(item.at(&["defaultRequest"]), Some(&value!({"cpu": "2", "memory": "1Mi"})));
    let controller =
        value!({"kind": "ReplicationController", "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}});
    let object = defaulted("", "v1", controller);
    assert_eq!(object.at(&["spec", "selector"]), Some(&value!({"a": "b"})));
    assert_eq!(object.at(&["metadata", "labels"]), Some(&value!({"a": "b"})));
    assert_eq!(object.i64_at(&["spec", "replicas"]), Some(1));
    assert_eq!(object.at(&["spec", "minReadySeconds"]), None, "a default of zero without a pointer is absence");
    let list = value!({"kind": "SecretList", "items": [{}, {"type": "t"}]});
    assert_eq!(defaulted("", "v1", list), value!({"items": [{"type": "Opaque"}, {"type": "t"}]}));
}

#[test]
fn policies_and_roles() {
    let object =
        defaulted("networking.k8s.io", "v1", value!({"kind": "NetworkPolicy", "spec": {"egress": [{"ports": [{}]}]}}));
    let expected = value!({"egress": [{"ports": [{"protocol": "TCP"}]}], "policyTypes": ["Ingress", "Egress"]});
    assert_eq!(object.at(&["spec"]), Some(&expected));
    let subjects = value!([{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}]);
    let object = defaulted("rbac.authorization.k8s.io", "v1", value!({"kind": "RoleBinding", "subjects": subjects}));
    let group = "rbac.authorization.k8s.io";
    let expected = value!({
        "roleRef": {"apiGroup": group},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}]
    });
    assert_eq!(object, expected);
}

#[test]
fn extensions() {
    let definition = value!({"kind": "CustomResourceDefinition", "spec": {
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "storage": false}, {"name": "v2", "storage": true}]
    }});
    let object = defaulted("apiextensions.k8s.io", "v1", definition);
    let names = value!({"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"});
    assert_eq!(object.at(&["spec", "names"]), Some(&names));
    assert_eq!(object.str_at(&["spec", "conversion", "strategy"]), Some("None"));
    assert_eq!(object.at(&["status", "storedVersions"]), Some(&value!(["v2"])));
    let webhook = value!({"rules": [{"operations": ["*"]}], "clientConfig": {"service": {"name": "s"}}});
    let configuration = value!({"kind": "MutatingWebhookConfiguration", "webhooks": [webhook]});
    let object = defaulted("admissionregistration.k8s.io", "v1", configuration);
    let expected = value!([{
        "clientConfig": {"service": {"name": "s", "port": 443}},
        "failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
        "reinvocationPolicy": "Never", "timeoutSeconds": 10,
        "rules": [{"operations": ["*"], "scope": "*"}]
    }]);
    assert_eq!(object.at(&["webhooks"]), Some(&expected));
}

#[test]
fn autoscaler() {
    let autoscaler =
        value!({"kind": "HorizontalPodAutoscaler", "spec": {"behavior": {"scaleDown": {"selectPolicy": "Min"}}}});
    let object = defaulted("autoscaling", "v2", autoscaler);
    assert_eq!(object.i64_at(&["spec", "minReplicas"]), Some(1));
    let metric = &object.list_at(&["spec", "metrics"])[0];
    assert_eq!(metric.i64_at(&["resource", "target", "averageUtilization"]), Some(80));
    let behavior = object.at(&["spec", "behavior"]).unwrap();
    let down = value!({"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}], "selectPolicy": "Min"});
    assert_eq!(behavior.at(&["scaleDown"]), Some(&down));
    assert_eq!(behavior.i64_at(&["scaleUp", "stabilizationWindowSeconds"]), Some(0));
    assert_eq!(behavior.list_at(&["scaleUp", "policies"]).len(), 2);
}
