//! `ServiceAccount`: every pod runs as a service account, and finds its token in a projected volume.

use std::{sync::Arc, time::Duration};

use apimachinery::{Map, Object, Status, Value, value};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{
    forbidden, is_unset,
    pod::{containers, is_mirror, is_pods, text},
};

const DEFAULT: &str = "default";
const VOLUME_PREFIX: &str = "kube-api-access-";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Tells the token request that this plugin asked, so that the token outlives clients that read it once.
const TOKEN_EXPIRATION_SECONDS: i64 = 3607;
/// How long a pod waits for its namespace's default account.
const DEFAULT_ACCOUNT_TIMEOUT: Duration = Duration::from_secs(2);
const ENFORCE_MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

pub(crate) struct ServiceAccount;

async fn account_of(server: &Server, attributes: &Attributes<'_>) -> Result<Arc<Object>, Status> {
    let pod = attributes.object.as_deref();
    let name = pod.and_then(|pod| pod.str_at(&["spec", "serviceAccountName"])).unwrap_or_default();
    let namespace = attributes.namespace;
    if name.is_empty() {
        let pod = pod.map(|pod| pod.name()).unwrap_or_default();
        return Err(forbidden(attributes, format!("no service account specified for pod {namespace}/{pod}")));
    }
    let found = match server.registry().object("", "serviceaccounts", namespace, name)? {
        None if name == DEFAULT => wait_for_default(server, namespace).await?,
        found => found,
    };
    found.ok_or_else(|| {
        let problem = format!("serviceaccount {name:?} not found");
        forbidden(attributes, format!("error looking up service account {namespace}/{name}: {problem}"))
    })
}

/// A controller makes the default account of a new namespace; a pod that comes sooner waits for it.
async fn wait_for_default(server: &Server, namespace: &str) -> Result<Option<Arc<Object>>, Status> {
    let Some(resource) = server.registry().find("", "v1", "serviceaccounts") else { return Ok(None) };
    let key = resource.key(namespace, DEFAULT);
    let cache = resource.stored()?;
    let (_, mut cursor) = cache.list_and_watch(&key);
    let waiting = async {
        loop {
            if let Some(object) = cache.get_object(&key)? {
                return Ok(object);
            }
            cursor.moved().await;
            cursor.take()?;
        }
    };
    tokio::time::timeout(DEFAULT_ACCOUNT_TIMEOUT, waiting).await.ok().transpose()
}

/// A mirror pod is made by a kubelet, which must not lend itself secrets this way.
fn check_mirror(pod: &Object) -> Result<(), &'static str> {
    if !text(pod, &["spec", "serviceAccountName"]).is_empty() {
        return Err("a mirror pod may not reference service accounts");
    }
    let names_secret = |value: Option<&Value>| !is_unset(value);
    let in_container = |container: &Value| {
        container.list_at(&["env"]).iter().any(|env| names_secret(env.at(&["valueFrom", "secretKeyRef"])))
            || container.list_at(&["envFrom"]).iter().any(|source| names_secret(source.get("secretRef")))
    };
    let in_volume = |volume: &Value| {
        names_secret(volume.get("secret"))
            || volume.list_at(&["projected", "sources"]).iter().any(|source| names_secret(source.get("secret")))
            || names_secret(volume.at(&["csi", "nodePublishSecretRef"]))
    };
    let spec = pod.spec();
    let pull = !spec.list_at("imagePullSecrets").is_empty();
    if pull || containers(spec).any(in_container) || spec.list_at("volumes").iter().any(in_volume) {
        return Err("a mirror pod may not reference secrets");
    }
    let token = |source: &Value| !is_unset(source.get("serviceAccountToken"));
    if spec.list_at("volumes").iter().any(|volume| volume.list_at(&["projected", "sources"]).iter().any(token)) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections");
    }
    Ok(())
}

fn complete(pod: &mut Object, account: &Object) {
    let wanted = pod.bool_at(&["spec", "automountServiceAccountToken"]);
    let wanted = wanted.or_else(|| account.bool_at(&["automountServiceAccountToken"])).unwrap_or(true);
    if wanted {
        mount_token(pod);
    }
    let secrets: Vec<Value> =
        account.list_at(&["imagePullSecrets"]).iter().map(|secret| value!({"name": text(secret, &["name"])})).collect();
    if pod.list_at(&["spec", "imagePullSecrets"]).is_empty() && !secrets.is_empty() {
        pod.set(&["spec", "imagePullSecrets"], secrets);
    }
}

fn mount_token(pod: &mut Object) {
    let named = |volume: &&Value| text(volume, &["name"]).starts_with(VOLUME_PREFIX);
    let present = pod.list_at(&["spec", "volumes"]).iter().find(named).map(|volume| text(volume, &["name"]).to_owned());
    let has_volume = present.is_some();
    let name = present.unwrap_or_else(|| format!("{VOLUME_PREFIX}{}", stdx::random::name_suffix(5)));
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        let Some(Value::List(list)) = pod.at_mut(&["spec", list]) else { continue };
        for container in list.iter_mut() {
            let taken =
                container.list_at(&["volumeMounts"]).iter().any(|mount| text(mount, &["mountPath"]) == MOUNT_PATH);
            if !taken {
                let mount = value!({"name": &name, "readOnly": true, "mountPath": MOUNT_PATH});
                container.make_map().get_or_insert_with("volumeMounts", Value::default).make_list().push(mount);
                mounted = true;
            }
        }
    }
    if mounted && !has_volume {
        let volume = token_volume(&name);
        pod.make_map().map_at("spec").get_or_insert_with("volumes", Value::default).make_list().push(volume);
    }
}

fn token_volume(name: &str) -> Value {
    value!({
        "name": name,
        "projected": {
            "defaultMode": 0o644,
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_EXPIRATION_SECONDS}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [
                    {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                ]}}
            ]
        }
    })
}

/// For accounts that say so: pods name only those secrets that the account names.
fn check_secrets(spec: &Map, account: &Object, lists: &[(&str, &str)]) -> Result<(), String> {
    let named = |list: &str, name: &str| account.list_at(&[list]).iter().any(|item| text(item, &["name"]) == name);
    let name = account.name();
    let refused = |what: String, secret: &str| {
        Err(format!(
            "{what} referencing secret.secretName=\"{secret}\" is not allowed because service account {name} does not reference that secret"
        ))
    };
    for (list, called) in lists {
        for container in spec.list_at(list) {
            let own = text(container, &["name"]);
            for env in container.list_at(&["env"]) {
                let secret = text(env, &["valueFrom", "secretKeyRef", "name"]);
                if !secret.is_empty() && !named("secrets", secret) {
                    return refused(format!("{called} {own} with envVar {}", text(env, &["name"])), secret);
                }
            }
            for source in container.list_at(&["envFrom"]) {
                let secret = text(source, &["secretRef", "name"]);
                if !secret.is_empty() && !named("secrets", secret) {
                    return refused(format!("{called} {own} with envFrom"), secret);
                }
            }
        }
    }
    Ok(())
}

fn check_volumes_and_pulls(spec: &Map, account: &Object) -> Result<(), String> {
    let named = |list: &str, name: &str| account.list_at(&[list]).iter().any(|item| text(item, &["name"]) == name);
    let name = account.name();
    for volume in spec.list_at("volumes") {
        let secret = text(volume, &["secret", "secretName"]);
        if !secret.is_empty() && !named("secrets", secret) {
            return Err(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {name} does not reference that secret"
            ));
        }
    }
    for (index, pull) in spec.list_at("imagePullSecrets").iter().enumerate() {
        let secret = text(pull, &["name"]);
        if !named("imagePullSecrets", secret) {
            return Err(format!(
                "imagePullSecrets[{index}].name=\"{secret}\" is not allowed because service account {name} does not reference that imagePullSecret"
            ));
        }
    }
    Ok(())
}

#[async_trait]
impl AdmissionPlugin for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        is_pods(resource)
            && matches!((operation, subresource), (Operation::Create, "") | (Operation::Update, "ephemeralcontainers"))
    }

    async fn admit(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        if attributes.operation != Operation::Create {
            return Ok(());
        }
        let Some(pod) = attributes.object.as_deref_mut() else { return Ok(()) };
        if !is_mirror(pod) {
            if text(pod, &["spec", "serviceAccountName"]).is_empty() {
                pod.set(&["spec", "serviceAccountName"], DEFAULT);
                pod.set(&["spec", "serviceAccount"], DEFAULT);
            }
            let account = account_of(server, attributes).await?;
            if let Some(pod) = attributes.object.as_deref_mut() {
                complete(pod, &account);
            }
        }
        self.validate(server, attributes).await
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(pod) = attributes.object.as_deref() else { return Ok(()) };
        let creation = attributes.operation == Operation::Create;
        if creation && is_mirror(pod) {
            return check_mirror(pod).map_err(|problem| forbidden(attributes, problem));
        }
        let account = account_of(server, attributes).await?;
        let enforced = account.annotation(ENFORCE_MOUNTABLE_SECRETS);
        if !matches!(enforced, Some("1" | "t" | "T" | "true" | "TRUE" | "True")) {
            return Ok(());
        }
        let spec = pod.spec();
        let checked = if creation {
            let lists = [("initContainers", "init container"), ("containers", "container")];
            check_secrets(spec, &account, &lists).and_then(|()| check_volumes_and_pulls(spec, &account))
        } else {
            check_secrets(spec, &account, &[("ephemeralContainers", "ephemeral container")])
        };
        checked.map_err(|problem| forbidden(attributes, problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(spec: Value, account: Value) -> Object {
        let mut pod = Object(value!({"metadata": {"name": "p"}, "spec": spec}));
        complete(&mut pod, &Object(account));
        pod
    }

    #[test]
    fn containers_find_the_token_unless_something_is_there() {
        let spec = value!({"containers": [
            {"name": "a"}, {"name": "b", "volumeMounts": [{"name": "x", "mountPath": MOUNT_PATH}]}
        ]});
        let pod = completed(spec, value!({"imagePullSecrets": [{"name": "pull"}]}));
        let volume = &pod.list_at(&["spec", "volumes"])[0];
        assert!(text(volume, &["name"]).starts_with(VOLUME_PREFIX) && text(volume, &["name"]).len() == 21);
        assert_eq!(volume.list_at(&["projected", "sources"]).len(), 3);
        let mounts: Vec<usize> =
            pod.list_at(&["spec", "containers"]).iter().map(|c| c.list_at(&["volumeMounts"]).len()).collect();
        assert_eq!(mounts, [1, 1]);
        assert_eq!(pod.at(&["spec", "imagePullSecrets"]), Some(&value!([{"name": "pull"}])));
    }

    #[test]
    fn the_pod_decides_before_its_account_whether_the_token_is_mounted() {
        let volumes = |pod: Option<bool>, account: Option<bool>| {
            let with = |mut value: Value, flag: Option<bool>| {
                if let Some(flag) = flag {
                    value.set(&["automountServiceAccountToken"], flag);
                }
                value
            };
            let spec = with(value!({"containers": [{"name": "a"}]}), pod);
            completed(spec, with(value!({}), account)).list_at(&["spec", "volumes"]).len()
        };
        assert_eq!(volumes(None, None), 1);
        assert_eq!(volumes(None, Some(false)), 0);
        assert_eq!(volumes(Some(true), Some(false)), 1);
        assert_eq!(volumes(Some(false), Some(true)), 0);
    }

    #[test]
    fn mirror_pods_name_nothing() {
        let check = |spec: Value| check_mirror(&Object(value!({"spec": spec})));
        assert!(check(value!({"containers": [{"name": "a"}]})).is_ok());
        assert!(check(value!({"serviceAccountName": "a"})).is_err());
        assert!(check(value!({"volumes": [{"secret": {"secretName": "a"}}]})).is_err());
        assert!(
            check(value!({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]}}]})).is_err()
        );
    }
}
