//! `pods/eviction`.

use apimachinery::value;

use crate::wire::Api;

const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn an_evicted_pod_says_why_it_goes() {
    let api = Api::start().await;
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "finalizers": ["example.com/kept"]},
        "spec": {"containers": [{"name": "c", "image": "i"}]}
    });
    let made = api.post(PODS, pod).await.ok();
    let eviction = |version: &str| {
        value!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"},
            "deleteOptions": {"preconditions": {"resourceVersion": version}}
        })
    };
    let path = format!("{PODS}/p/eviction");
    let stale = api.post(&path, eviction("1")).await.failure();
    assert!(stale.starts_with("409 Operation cannot be fulfilled"), "{stale}");
    let before = api.get(&format!("{PODS}/p")).await.ok();
    assert!(before.at(&["metadata", "deletionTimestamp"]).is_none());
    assert!(before.list_at(&["status", "conditions"]).is_empty());

    // The condition changes the version that the client has named.
    let version = made.str_at(&["metadata", "resourceVersion"]).unwrap();
    api.post(&path, eviction(version)).await.ok();
    let evicted = api.get(&format!("{PODS}/p")).await.ok();
    assert!(evicted.at(&["metadata", "deletionTimestamp"]).is_some());
    let condition = &evicted.list_at(&["status", "conditions"])[0];
    let said = ["type", "status", "reason", "message"].map(|field| condition.str_at(&[field]).unwrap_or_default());
    assert_eq!(said, ["DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting"]);
}
