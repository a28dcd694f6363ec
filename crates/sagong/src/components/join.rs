//! What nodes need to join: roles, the public description of the cluster, its DNS service, certificates.
//!
//! As `kubeadm init` leaves it: whoever has a bootstrap token may ask for a node's client certificate, which is
//! approved without a person; nodes may renew their own. The agent of a node has the node's identity alone, so
//! the roles of the service proxy and of the DNS server are bound to nodes too: services, endpoint slices and
//! namespaces, but no pods and no secrets of others.

use anyhow::Context;
use apimachinery::{Object, Value, json, value};
use apiserver::UserInfo;
use client::{Client, ResourceKind, kinds};
use futures::future::try_join_all;

use super::{ComponentContext, serving_approver};
use crate::{
    agent::{CLUSTER_INFO, NODE_SETTINGS},
    server_join,
    signer::ClusterSigner,
};

const RBAC: &str = "rbac.authorization.k8s.io";
const APPROVER: &str = "kubelet-serving-approver";
const CSR_ROLES: &str = "system:certificates.k8s.io:certificatesigningrequests";

/// Approves the serving certificates of nodes until the process ends.
pub(super) async fn run(context: ComponentContext) -> anyhow::Result<()> {
    let client = context.client(UserInfo::service_account("kube-system", APPROVER), APPROVER);
    serving_approver::run(client, ClusterSigner(context.identity.authority.clone())).await;
    Ok(())
}

/// Makes what is missing; a server that is ready lets nodes join.
pub(crate) async fn ensure(own: &Client, context: &ComponentContext) -> anyhow::Result<()> {
    let dns = try_join_all(dns_objects(context).into_iter().map(|(kind, namespace, object)| async move {
        let api = own.namespaced(&kind, namespace);
        match api.get_optional(object.name()).await? {
            Some(_) => Ok(()),
            None => api.create(object).await.map(drop).context("the objects of the cluster's DNS"),
        }
    }));
    let join = try_join_all(join_objects(context).into_iter().map(|(kind, namespace, object)| async move {
        let name = object.name().to_owned();
        let applied = own.namespaced(&kind, namespace).apply(&name, "", object.0).await;
        applied.map(drop).with_context(|| format!("{} {name:?}, by which nodes join", kind.kind))
    }));
    futures::try_join!(dns, join)?;
    Ok(())
}

fn role(kind: &str, name: &str, rules: Value) -> Object {
    Object(value!({"apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": {"name": name}, "rules": rules}))
}

fn binding(kind: &str, name: &str, role_kind: &str, role: &str, subjects: Value) -> Object {
    Object(value!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role},
        "subjects": subjects
    }))
}

fn group(name: &str) -> Value {
    value!({"apiGroup": RBAC, "kind": "Group", "name": name})
}

fn join_objects(context: &ComponentContext) -> Vec<(ResourceKind, &'static str, Object)> {
    let bind = |name: &str, role: String, subject: Value| {
        let object = binding("ClusterRoleBinding", name, "ClusterRole", &role, value!([subject]));
        (kinds::CLUSTER_ROLE_BINDINGS, "", object)
    };
    let bootstrappers = || group("system:bootstrappers");
    let nodes = || group("system:nodes");
    let mut objects = vec![
        bind("sagong:node-bootstrap", "system:node-bootstrapper".to_owned(), bootstrappers()),
        bind("sagong:node-autoapprove-bootstrap", format!("{CSR_ROLES}:nodeclient"), bootstrappers()),
        bind("sagong:node-autoapprove-rotation", format!("{CSR_ROLES}:selfnodeclient"), nodes()),
        bind("sagong:node-proxier", "system:node-proxier".to_owned(), nodes()),
        (
            kinds::CLUSTER_ROLES,
            "",
            role(
                "ClusterRole",
                "sagong:node-dns",
                value!([
                    {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
                    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}
                ]),
            ),
        ),
        bind("sagong:node-dns", "sagong:node-dns".to_owned(), nodes()),
        (
            kinds::CLUSTER_ROLES,
            "",
            role(
                "ClusterRole",
                &format!("sagong:{APPROVER}"),
                value!([
                    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},
                    {
                        "apiGroups": ["certificates.k8s.io"],
                        "resources": ["certificatesigningrequests"],
                        "verbs": ["get", "list", "watch"]
                    },
                    {
                        "apiGroups": ["certificates.k8s.io"],
                        "resources": ["certificatesigningrequests/approval"],
                        "verbs": ["update"]
                    },
                    {
                        "apiGroups": ["certificates.k8s.io"],
                        "resources": ["signers"],
                        "resourceNames": ["kubernetes.io/kubelet-serving"],
                        "verbs": ["approve"]
                    }
                ]),
            ),
        ),
        bind(
            &format!("sagong:{APPROVER}"),
            format!("sagong:{APPROVER}"),
            value!({"kind": "ServiceAccount", "name": APPROVER, "namespace": "kube-system"}),
        ),
    ];
    // Several servers: a further one gets the cluster's keys with a token of its own kind.
    if context.candidate.is_some() {
        let rules = value!([{"nonResourceURLs": [server_join::KEYS_PATH], "verbs": ["get"]}]);
        objects.push((kinds::CLUSTER_ROLES, "", role("ClusterRole", "sagong:server-join", rules)));
        objects.push(bind("sagong:server-join", "sagong:server-join".to_owned(), group(server_join::GROUP)));
    }
    let everybody = value!([{"apiGroup": RBAC, "kind": "User", "name": "system:anonymous"}]);
    objects.extend(readable("kube-public", cluster_info(context), everybody));
    objects.extend(readable("kube-system", node_settings(context), value!([bootstrappers(), nodes()])));
    objects
}

/// A config map that `subjects` may read.
fn readable(namespace: &'static str, map: Object, subjects: Value) -> [(ResourceKind, &'static str, Object); 3] {
    let name = format!("sagong:{}", map.name());
    let rules = value!([
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [map.name()], "verbs": ["get"]}
    ]);
    [
        (kinds::CONFIG_MAPS, namespace, map),
        (kinds::ROLES, namespace, role("Role", &name, rules)),
        (kinds::ROLE_BINDINGS, namespace, binding("RoleBinding", &name, "Role", &name, subjects)),
    ]
}

/// Upstream's public description of a cluster: a kubeconfig without users.
fn cluster_info(context: &ComponentContext) -> Object {
    let kubeconfig = value!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "",
            "cluster": {
                "certificate-authority-data":
                    apimachinery::base64_encode(context.identity.authority.certificate_pem().as_bytes()),
                "server": context.server_address.as_str()
            }
        }]
    });
    let text = String::from_utf8_lossy(&json::to_vec(&kubeconfig)).into_owned();
    config_map(CLUSTER_INFO, value!({"kubeconfig": text}))
}

/// What a node must know of its cluster.
fn node_settings(context: &ComponentContext) -> Object {
    config_map(
        NODE_SETTINGS,
        value!({
            "clusterCIDRs": context.cluster_cidrs.join(","),
            "serviceCIDR": context.service_network.as_str(),
            "dnsAddress": context.dns_address.to_string()
        }),
    )
}

fn config_map(name: &str, data: Value) -> Object {
    Object(value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}))
}

/// The DNS service, and what the server of names may read.
fn dns_objects(context: &ComponentContext) -> Vec<(ResourceKind, &'static str, Object)> {
    let role = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:coredns"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "namespaces", "pods", "endpoints"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}
        ]
    });
    let binding = value!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "system:coredns"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
        "subjects": [{"kind": "ServiceAccount", "name": "coredns", "namespace": "kube-system"}]
    });
    vec![
        (kinds::CLUSTER_ROLES, "", Object(role)),
        (kinds::CLUSTER_ROLE_BINDINGS, "", Object(binding)),
        (kinds::SERVICES, "kube-system", dns_service(context)),
    ]
}

fn dns_service(context: &ComponentContext) -> Object {
    let address = context.dns_address.to_string();
    Object(value!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {
                "k8s-app": "kube-dns",
                "kubernetes.io/name": "CoreDNS",
                "service.kubernetes.io/service-proxy-name": "sagong-dns"
            }
        },
        "spec": {
            "clusterIP": address,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53}
            ]
        }
    }))
}
