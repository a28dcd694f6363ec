//! The `scale` subresource.

use apimachinery::{Value, value};

use crate::wire::Api;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn scale(replicas: i64) -> Value {
    value!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": replicas}})
}

fn owners(object: &Value) -> Vec<String> {
    let entries = object.list_at(&["metadata", "managedFields"]).iter();
    let owning = entries.filter(|entry| entry.at(&["fieldsV1", "f:spec", "f:replicas"]).is_some());
    let text = |entry: &Value, field: &str| entry.str_at(&[field]).unwrap_or_default().to_owned();
    owning
        .map(|entry| {
            let parts = ["manager", "operation", "apiVersion", "subresource"].map(|field| text(entry, field));
            parts.join(" ")
        })
        .collect()
}

#[tokio::test]
async fn a_scale_is_applied_and_owned() {
    let api = Api::start().await;
    let deployment = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        }
    });
    let own = format!("{DEPLOYMENTS}/web");
    api.apply(&own, "author", deployment).await.ok();
    let path = format!("{own}/scale");
    let refused = api.apply(&path, "scaler", scale(3)).await;
    assert_eq!(refused.failure(), "409 Apply failed with 1 conflict: conflict with \"author\": .spec.replicas");
    let forced = api.apply_forced(&path, "scaler", scale(3)).await.ok();
    assert_eq!(forced.i64_at(&["spec", "replicas"]), Some(3));
    assert_eq!(forced.str_at(&["kind"]), Some("Scale"));
    let object = api.get(&own).await.ok();
    assert_eq!(object.i64_at(&["spec", "replicas"]), Some(3));
    assert_eq!(owners(&object), ["scaler Apply apps/v1 scale"]);
    // Applying the same again changes nothing.
    let again = api.apply(&path, "scaler", scale(3)).await.ok();
    assert_eq!(again.str_at(&["metadata", "resourceVersion"]), forced.str_at(&["metadata", "resourceVersion"]));
    let negative = api.apply(&path, "scaler", scale(-1)).await;
    assert_eq!(
        negative.failure(),
        "422 Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    );
    let mut odd = scale(3);
    odd.set(&["spec", "size"], 1);
    assert!(api.apply(&path, "scaler", odd).await.failure().ends_with(".spec.size: field not declared in schema"));
    let other = value!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    assert_eq!(api.apply(&path, "scaler", other).await.failure(), "400 invalid object type: apps/v1, Kind=Deployment");
    let stale = value!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web", "resourceVersion": "1"}, "spec": {"replicas": 4}
    });
    assert_eq!(api.apply(&path, "scaler", stale).await.code, 409);
}
