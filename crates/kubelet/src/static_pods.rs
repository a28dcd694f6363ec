//! Static pods: manifests in a directory, run without asking anybody, shown in the API by mirror pods.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use apimachinery::{
    Object, Value,
    decode::{self, Zeros},
    value,
};
use client::{Options, kinds};

use crate::{config::Config, file_watch::DirectoryWatch, kubelet::Inner, labels, volumes::blocking};

/// The most that a manifest may be.
const MANIFEST_LIMIT_BYTES: u64 = 1 << 20;
/// How long a directory that cannot be watched is left alone.
const RETRY: std::time::Duration = std::time::Duration::from_secs(20);

/// A hash of a manifest, in the form of a UID: a changed manifest is another pod.
fn identity(node_name: &str, file: &Path, text: &[u8]) -> String {
    let mut input = node_name.as_bytes().to_vec();
    input.push(0);
    input.extend_from_slice(file.as_os_str().as_encoded_bytes());
    input.push(0);
    input.extend_from_slice(text);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &input);
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a manifest in YAML or JSON as the API would, defaults included.
fn decode_pod(text: &[u8]) -> Result<Object, String> {
    let budget = serde_saphyr::budget! { max_depth: decode::DEPTH_LIMIT };
    let options = serde_saphyr::options! { legacy_octal_numbers: true, budget: budget };
    let read: Value =
        serde_saphyr::from_slice_with_options(text, options).map_err(|error| format!("is no YAML: {error}"))?;
    if read.str_at(&["kind"]) != Some("Pod") || read.str_at(&["apiVersion"]) != Some("v1") {
        return Err("holds no v1 Pod".to_owned());
    }
    let pod_type = api::type_of("", "v1", "Pod").ok_or("the schema has no Pod")?;
    let decoded = decode::tree(read, api::schema(), pod_type, Zeros::Fill);
    let mut pod = decoded.map_err(|error| format!("is no Pod: {error}"))?.value;
    api::apply_defaults(&mut pod, pod_type);
    Ok(Object(pod))
}

/// Makes the pod of a manifest. Fails in words.
fn parse(config: &Config, file: &Path, text: &[u8]) -> Result<Object, String> {
    let mut pod = decode_pod(text)?;
    let name = format!("{}-{}", pod.name(), config.node_name);
    let uid = identity(&config.node_name, file, text);
    if pod.name().is_empty() {
        return Err("has no metadata.name".to_owned());
    }
    if pod.namespace().is_empty() {
        pod.set_meta("namespace", "default");
    }
    pod.set_meta("name", &name);
    pod.set_meta("uid", &uid);
    let annotations = pod.metadata_mut().map_at("annotations");
    annotations.insert(labels::CONFIG_HASH, uid.as_str());
    annotations.insert(labels::CONFIG_SOURCE, "file");
    annotations.insert("kubernetes.io/config.seen", apimachinery::time::format_seconds(stdx::clock::now()));
    pod.set(&["spec", "nodeName"], config.node_name.as_str());
    let tolerations = pod.list_at(&["spec", "tolerations"]).to_vec();
    let all = tolerations.into_iter().chain([value!({"operator": "Exists", "effect": "NoExecute"})]);
    pod.set(&["spec", "tolerations"], all.collect::<Value>());
    // There is no service account to show to static pods, and the API refuses mirror pods that have one.
    pod.remove(&["spec", "serviceAccountName"]);
    pod.remove(&["spec", "serviceAccount"]);
    Ok(pod)
}

/// Reads all manifests of a directory; what is wrong is logged and left out.
fn read(config: &Config, directory: &Path) -> io::Result<Vec<Object>> {
    let mut files: Vec<_> = std::fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut pods = Vec::new();
    for file in files {
        let hidden = file.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden || !file.is_file() {
            continue;
        }
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        if size > MANIFEST_LIMIT_BYTES {
            tracing::warn!(file = %file.display(), size, "the manifest of a static pod is too long");
            continue;
        }
        match std::fs::read(&file).map_err(|error| error.to_string()).and_then(|text| parse(config, &file, &text)) {
            Ok(pod) => pods.push(pod),
            Err(problem) => tracing::warn!(file = %file.display(), problem, "a file is no manifest of a static pod"),
        }
    }
    Ok(pods)
}

/// Follows the directory for ever.
pub(crate) async fn follow(kubelet: Arc<Inner>) {
    let Some(directory) = kubelet.services.config.static_pod_directory.clone() else { return };
    let mut known: BTreeMap<String, Arc<Object>> = BTreeMap::new();
    loop {
        if let Err(error) = follow_once(&kubelet, &directory, &mut known).await {
            tracing::warn!(%error, directory = %directory.display(), "the directory of static pods cannot be followed");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn follow_once(
    kubelet: &Arc<Inner>,
    directory: &Path,
    known: &mut BTreeMap<String, Arc<Object>>,
) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let mut changes = DirectoryWatch::new(directory)?;
    loop {
        let (inner, path) = (kubelet.clone(), directory.to_owned());
        let pods = blocking(move || read(&inner.services.config, &path)).await?;
        let mut current: BTreeMap<String, Arc<Object>> = BTreeMap::new();
        for pod in pods {
            let uid = pod.uid().to_owned();
            let pod = known.get(&uid).cloned().unwrap_or_else(|| Arc::new(pod));
            current.insert(uid, pod);
        }
        for (uid, gone) in known.iter().filter(|(uid, _)| !current.contains_key(*uid)) {
            kubelet.on_removed(uid);
            unmirror(kubelet, gone).await;
        }
        for (uid, pod) in current.iter().filter(|(uid, _)| !known.contains_key(*uid)) {
            tracing::info!(uid, pod = %pod.key(), "a static pod came");
            kubelet.on_pod(pod.clone());
        }
        *known = current;
        changes.changed().await?;
    }
}

async fn unmirror(kubelet: &Arc<Inner>, pod: &Object) {
    let options = Options { grace_period_seconds: Some(0), ..Options::default() };
    let pods = kubelet.services.client.namespaced(&kinds::PODS, pod.namespace());
    if let Err(error) = pods.delete(pod.name(), options).await
        && !error.is_not_found()
    {
        tracing::warn!(%error, pod = %pod.key(), "a mirror pod could not be removed");
    }
}

/// The mirror pod of a static pod.
pub(crate) fn mirror(pod: &Object, node: Option<&Object>) -> Object {
    let mut mirror = pod.clone();
    let hash = pod.annotation(labels::CONFIG_HASH).unwrap_or_default().to_owned();
    mirror.set_meta("uid", "");
    mirror.metadata_mut().map_at("annotations").insert(labels::CONFIG_MIRROR, hash);
    mirror.remove(&["status"]);
    if let Some(node) = node {
        let owner = value!({
            "apiVersion": "v1", "kind": "Node", "name": node.name(), "uid": node.uid(), "controller": true
        });
        mirror.metadata_mut().insert("ownerReferences", value!([owner]));
    }
    mirror
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests() {
        let config = Config::new("node", "/nowhere");
        let text = br#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "etcd"}, "spec": {"containers": []}}"#;
        let pod = parse(&config, Path::new("/m/etcd.json"), text).unwrap();
        assert_eq!((pod.name(), pod.namespace(), pod.uid().len()), ("etcd-node", "default", 32));
        assert_eq!(pod.annotation(labels::CONFIG_SOURCE), Some("file"));
        let again = parse(&config, Path::new("/m/etcd.json"), text).unwrap();
        assert_eq!(again.uid(), pod.uid());
        assert_ne!(parse(&config, Path::new("/m/other.json"), text).unwrap().uid(), pod.uid());
        assert_eq!(mirror(&pod, None).annotation(labels::CONFIG_MIRROR), Some(pod.uid()));
        assert!(parse(&config, Path::new("/m/x"), b"{}").is_err());
        let yaml =
            b"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: nginx}]\n";
        let pod = parse(&config, Path::new("/m/web.yaml"), yaml).unwrap();
        let container = &pod.list_at(&["spec", "containers"])[0];
        assert_eq!(container.str_at(&["imagePullPolicy"]), Some("Always"), "defaults are those of the API");
        assert_eq!(pod.i64_at(&["spec", "terminationGracePeriodSeconds"]), Some(30));
        assert!(parse(&config, Path::new("/m/x"), b"kind: [").unwrap_err().starts_with("is no YAML"));
    }
}
