use std::{fs, io, os::fd::OwnedFd};

use apimachinery::{Value, base64_encode, value};
use client::{kinds, testing::FakeApi};

use super::*;

/// Mounts nothing: files land in the directories themselves.
pub(crate) struct NoMounts;

impl Mounter for NoMounts {
    fn tmpfs(&self, _: &Path, _: Option<u64>) -> io::Result<()> {
        Ok(())
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
            value!({"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x"}}]}}),
            "MountVolume.SetUp failed for volume \"v\" : this kubelet cannot project clusterTrustBundle",
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
