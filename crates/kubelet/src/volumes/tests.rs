use std::{
    fs, io,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
};

use apimachinery::{Value, base64_encode, value};
use client::{kinds, testing::FakeApi};

use super::*;

/// Mounts nothing: files land in the directories themselves.
pub(crate) struct NoMounts;

impl Mounter for NoMounts {
    fn tmpfs(&self, _: &Path, _: Option<u64>) -> io::Result<()> {
        Ok(())
    }
    fn huge_pages(&self, _: &Path, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn is_mounted(&self, _: &Path) -> bool {
        false
    }
    fn bind(&self, _: &OwnedFd, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn unmount_below(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn pod(volumes: Value) -> Object {
    Object(value!({
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"app": "web"}},
        "spec": {"volumes": volumes, "containers": [{"name": "a"}]}
    }))
}

async fn set_up(api: &FakeApi, root: &Path, pod: &Object) -> Result<BTreeMap<String, Mounted>, MountError> {
    let volumes = Volumes::new(root.to_owned(), Arc::new(NoMounts), api.client("test"));
    volumes.set_up(pod, &Addresses::default(), &Resources::new()).await
}

#[tokio::test]
async fn empty_directories_have_the_mode_that_is_asked_for() {
    let (api, directory) = (FakeApi::new(), tempfile::tempdir().unwrap());
    let pod = pod(value!([
        {"name": "default", "emptyDir": {}}, {"name": "sticky", "emptyDir": {"mode": 0o1750}}
    ]));
    let mounted = set_up(&api, directory.path(), &pod).await.unwrap();
    let mode = |volume: &str| fs::metadata(&mounted[volume].path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("default"), mode("sticky")), (0o777, 0o1750));
    // What the pod itself did to it stays.
    fs::set_permissions(&mounted["sticky"].path, fs::Permissions::from_mode(0o700)).unwrap();
    set_up(&api, directory.path(), &pod).await.unwrap();
    assert_eq!(mode("sticky"), 0o700);
}

#[test]
fn owners_of_files() {
    let defaults = config_map::Defaults::new(None, Some(7));
    let shown = |file: atomic_writer::File| (file.mode, file.owner);
    assert_eq!(shown(defaults.file(Vec::new(), None, None)), (0o644, Some(7)));
    assert_eq!(shown(defaults.file(Vec::new(), Some(0o400), Some(8))), (0o400, Some(8)));
    assert_eq!(shown(config_map::Defaults::new(Some(0o600), None).file(Vec::new(), None, None)), (0o600, None));
}

#[tokio::test]
async fn files_of_objects_follow_them() {
    let (api, directory) = (FakeApi::new(), tempfile::tempdir().unwrap());
    let map = value!({"metadata": {"name": "c", "namespace": "n"}, "data": {"a": "1", "b": "2"}});
    api.seed(&kinds::CONFIG_MAPS, map);
    let secret = value!({"metadata": {"name": "s", "namespace": "n"}, "data": {"k": base64_encode(b"pw")}});
    api.seed(&kinds::SECRETS, secret);
    let pod = pod(value!([
        {"name": "cm", "configMap": {"name": "c", "items": [{"key": "a", "path": "x/y", "mode": 0o600}]}},
        {"name": "all", "projected": {"sources": [
            {"configMap": {"name": "c"}}, {"secret": {"name": "s"}},
            {"secret": {"name": "none", "optional": true}},
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}
        ]}},
        {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
    ]));
    let mounted = set_up(&api, directory.path(), &pod).await.unwrap();
    let read = |volume: &str, path: &str| fs::read_to_string(mounted[volume].path.join(path)).unwrap();
    assert_eq!(read("cm", "x/y"), "1");
    assert_eq!(
        (read("all", "b"), read("all", "k"), read("all", "labels")),
        ("2".into(), "pw".into(), "app=\"web\"".into())
    );
    assert!(mounted["scratch"].path.ends_with("u/volumes/kubernetes.io~empty-dir/scratch"));
    api.modify(&kinds::CONFIG_MAPS, "n", "c", |map| map.set(&["data", "b"], "3"));
    set_up(&api, directory.path(), &pod).await.unwrap();
    assert_eq!(read("all", "b"), "3");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let (api, directory) = (FakeApi::new(), tempfile::tempdir().unwrap());
    for (volume, expected) in [
        (
            value!({"name": "v", "configMap": {"name": "c"}}),
            "MountVolume.SetUp failed for volume \"v\" : configmap \"c\" not found",
        ),
        (
            value!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}}),
            "MountVolume.SetUp failed for volume \"v\" : this kubelet has no volume plugin for volumes of type persistentVolumeClaim",
        ),
        (
            value!({"name": "v", "projected": {"sources": [{"podCertificate": {"keyPath": "x"}}]}}),
            "MountVolume.SetUp failed for volume \"v\" : this kubelet cannot project podCertificate",
        ),
        (
            value!({"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x", "name": "none"}}]}}),
            "MountVolume.SetUp failed for volume \"v\" : while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io \"none\" not found",
        ),
    ] {
        let error = set_up(&api, directory.path(), &pod(value!([volume]))).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn tear_down_removes_everything_twice() {
    let (api, directory) = (FakeApi::new(), tempfile::tempdir().unwrap());
    let pod = pod(value!([{"name": "scratch", "emptyDir": {}}]));
    let mounted = set_up(&api, directory.path(), &pod).await.unwrap();
    fs::write(mounted["scratch"].path.join("file"), "x").unwrap();
    let volumes = Volumes::new(directory.path().to_owned(), Arc::new(NoMounts), api.client("test"));
    assert_eq!(volumes.pods(), ["u"]);
    volumes.tear_down("u", true).await.unwrap();
    volumes.tear_down("u", true).await.unwrap();
    assert!(volumes.pods().is_empty());
}

#[tokio::test]
async fn trust_anchors_are_merged_and_follow_their_bundles() {
    let (api, directory) = (FakeApi::new(), tempfile::tempdir().unwrap());
    let anchor = |name: &str| {
        pki::CertificateAuthority::create(name, std::time::Duration::from_secs(60)).unwrap().certificate_pem()
    };
    let (one, two) = (anchor("one"), anchor("two"));
    let bundle = |name: &str, label: &str, anchors: &str| {
        value!({"metadata": {"name": name, "labels": {"stage": label}},
            "spec": {"signerName": "example.com/ca", "trustBundle": anchors}})
    };
    api.seed(&kinds::CLUSTER_TRUST_BUNDLES, bundle("example.com:ca:a", "live", &one));
    api.seed(&kinds::CLUSTER_TRUST_BUNDLES, bundle("example.com:ca:b", "live", &format!("{one}# more\n{two}")));
    api.seed(&kinds::CLUSTER_TRUST_BUNDLES, bundle("example.com:ca:c", "dead", &two));
    let signed = |path: &str, rest: Value| {
        let mut source = value!({"path": path, "signerName": "example.com/ca"});
        rest.as_map().into_iter().flat_map(|map| map.iter()).for_each(|(key, value)| source.set(&[key], value.clone()));
        value!({"clusterTrustBundle": source})
    };
    let pod = pod(value!([{"name": "v", "projected": {"sources": [
        {"clusterTrustBundle": {"path": "named", "name": "example.com:ca:a"}},
        {"clusterTrustBundle": {"path": "missing", "name": "none", "optional": true}},
        signed("live", value!({"labelSelector": {"matchLabels": {"stage": "live"}}})),
        signed("all", value!({"labelSelector": {}})),
        signed("nothing", value!({"optional": true}))
    ]}}]));
    let mounted = set_up(&api, directory.path(), &pod).await.unwrap();
    let read = |path: &str| fs::read_to_string(mounted["v"].path.join(path)).unwrap();
    let both = |text: String| text.len() == one.len() + two.len() && text.contains(&one) && text.contains(&two);
    assert_eq!((read("named"), read("missing"), read("nothing")), (one.clone(), String::new(), String::new()));
    assert!(both(read("live")) && both(read("all")));
    api.modify(&kinds::CLUSTER_TRUST_BUNDLES, "", "example.com:ca:a", |bundle| {
        bundle.set(&["spec", "trustBundle"], two.as_str());
    });
    set_up(&api, directory.path(), &pod).await.unwrap();
    assert_eq!(read("named"), two);
}
