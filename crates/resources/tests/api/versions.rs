//! Kinds that are served in a version whose fields differ from those of the stored one.

use apimachinery::{Value, value};

use crate::wire::Api;

const V1: &str = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const V2: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const CORE: &str = "/api/v1/namespaces/default/events";
const OWN: &str = "/apis/events.k8s.io/v1/namespaces/default/events";

fn autoscaler(version: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec.set(&["scaleTargetRef"], value!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}));
    value!({
        "apiVersion": version, "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "default"}, "spec": spec
    })
}

fn event(name: &str) -> Value {
    value!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name, "namespace": "default"},
        "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "reason": "Ran", "action": "Run",
        "note": "it ran", "reportingController": "example.com/c", "reportingInstance": "i",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}
    })
}

#[tokio::test]
async fn an_autoscaler_is_the_same_object_in_both_versions() {
    let api = Api::start().await;
    let v1 = autoscaler("autoscaling/v1", value!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 60}));
    let made = api.post(V1, v1).await.ok();
    assert_eq!(made.str_at(&["apiVersion"]), Some("autoscaling/v1"));
    assert_eq!(made.i64_at(&["spec", "minReplicas"]), Some(1));
    let v2 = api.get(&format!("{V2}/web")).await.ok();
    let metric = &v2.list_at(&["spec", "metrics"])[0];
    assert_eq!(metric.i64_at(&["resource", "target", "averageUtilization"]), Some(60));
    assert_eq!(v2.str_at(&["metadata", "uid"]), made.str_at(&["metadata", "uid"]));
    let memory = value!({"spec": {"metrics": [{"type": "Resource", "resource":
        {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}]}});
    api.patch(&format!("{V2}/web"), memory).await.ok();
    let v1 = api.get(&format!("{V1}/web")).await.ok();
    assert!(v1.at(&["spec", "targetCPUUtilizationPercentage"]).is_none());
    let annotation = "autoscaling.alpha.kubernetes.io/metrics";
    assert!(v1.str_at(&["metadata", "annotations", annotation]).unwrap().contains("memory"));
    // A change through the older version keeps what only the newer one can say.
    api.patch(&format!("{V1}/web"), value!({"spec": {"maxReplicas": 7}})).await.ok();
    let v2 = api.get(&format!("{V2}/web")).await.ok();
    assert_eq!(v2.i64_at(&["spec", "maxReplicas"]), Some(7));
    assert_eq!(v2.list_at(&["spec", "metrics"])[0].str_at(&["resource", "name"]), Some("memory"));
    assert!(v2.at(&["metadata", "annotations"]).is_none());
    let listed = api.get(V1).await.ok();
    assert_eq!(listed.str_at(&["kind"]), Some("HorizontalPodAutoscalerList"));
    assert_eq!(listed.list_at(&["items"]).len(), 1);
    let gone = api.call("DELETE", &format!("{V1}/web"), &[], "").await.ok();
    assert_eq!(gone.str_at(&["status"]), Some("Success"));
    assert_eq!(api.get(&format!("{V2}/web")).await.code, 404);
}

#[tokio::test]
async fn an_applier_may_change_the_version() {
    let api = Api::start().await;
    let path = format!("{V1}/web");
    let spec = value!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 60});
    api.apply(&path, "a", autoscaler("autoscaling/v1", spec)).await.ok();
    let own = |object: &Value| -> Vec<String> {
        let entries = object.list_at(&["metadata", "managedFields"]).iter();
        entries
            .map(|entry| format!("{} {}", entry.str_at(&["manager"]).unwrap(), entry.str_at(&["apiVersion"]).unwrap()))
            .collect()
    };
    let read = api.get(&format!("{V2}/web")).await.ok();
    assert_eq!(own(&read), ["a autoscaling/v1"]);
    // What the applier said in one version it may take back in the other.
    let metrics = value!([{"type": "Resource", "resource":
        {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]);
    let config = autoscaler("autoscaling/v2", value!({"maxReplicas": 5, "metrics": metrics}));
    let applied = api.apply(&format!("{V2}/web"), "a", config).await.ok();
    assert_eq!(own(&applied), ["a autoscaling/v2"]);
    let v1 = api.get(&path).await.ok();
    assert_eq!(v1.i64_at(&["spec", "targetCPUUtilizationPercentage"]), Some(70));
    // Another applier of the other version conflicts over the same thing.
    let spec = value!({"maxReplicas": 9, "targetCPUUtilizationPercentage": 70});
    let refused = api.apply(&path, "b", autoscaler("autoscaling/v1", spec)).await;
    assert_eq!(refused.code, 409, "{}", refused.text());
    let causes = refused.json();
    let fields: Vec<_> =
        causes.list_at(&["details", "causes"]).iter().map(|cause| cause.str_at(&["field"]).unwrap()).collect();
    assert_eq!(fields, [".spec.maxReplicas"]);
}

#[tokio::test]
async fn an_event_is_the_same_object_in_both_groups() {
    let api = Api::start().await;
    api.post(OWN, event("e")).await.ok();
    let core = api.get(&format!("{CORE}/e")).await.ok();
    assert_eq!(core.str_at(&["apiVersion"]), Some("v1"));
    assert_eq!(core.str_at(&["message"]), Some("it ran"));
    assert_eq!(core.str_at(&["involvedObject", "name"]), Some("p"));
    let selected = |path: &str, selector: &str| format!("{path}?fieldSelector={selector}");
    let count = |answer: crate::wire::Answer| answer.ok().list_at(&["items"]).len();
    assert_eq!(count(api.get(&selected(OWN, "regarding.name=p")).await), 1);
    assert_eq!(count(api.get(&selected(OWN, "regarding.name=q")).await), 0);
    assert_eq!(count(api.get(&selected(CORE, "involvedObject.name=p")).await), 1);
    assert_eq!(api.get(&selected(OWN, "involvedObject.name=p")).await.code, 400);
    let mut wrong = event("wrong");
    wrong.remove(&["type"]);
    assert_eq!(
        api.post(OWN, wrong).await.failure(),
        "422 Event.events.k8s.io \"wrong\" is invalid: type: Invalid value: \"\": has invalid value: "
    );
    let series = value!({"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}});
    assert_eq!(api.patch(&format!("{OWN}/e"), series).await.ok().i64_at(&["series", "count"]), Some(2));
    assert_eq!(api.patch(&format!("{OWN}/e"), value!({"note": "other"})).await.code, 422);
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let rows = api.call("GET", OWN, &table, "").await.ok();
    assert_eq!(rows.list_at(&["rows"])[0].list_at(&["cells"])[3].as_str(), Some("pod/p"));
}

#[tokio::test]
async fn a_watch_shows_its_own_version() {
    let api = Api::start().await;
    api.post(OWN, event("e")).await.ok();
    let answer = api.get(&format!("{OWN}?watch=1&timeoutSeconds=1&fieldSelector=regarding.name%3Dp")).await;
    let text = answer.text();
    assert!(text.contains(r#""apiVersion":"events.k8s.io/v1""#) && text.contains(r#""note":"it ran""#), "{text}");
    let accept = [("accept", "application/vnd.kubernetes.protobuf")];
    let answer = api.call("GET", &format!("{OWN}/e"), &accept, "").await;
    let envelope = apimachinery::protobuf::Envelope::open(&answer.bytes).unwrap();
    assert_eq!(envelope.api_version, "events.k8s.io/v1");
}

#[tokio::test]
async fn a_refused_kind_is_refused_on_every_path_and_lets_go() {
    let api = Api::start().await;
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let object = value!({"metadata": {"name": "w"}});
    let refusal = api.post(path, object.clone()).await.failure();
    assert!(
        refusal.starts_with("422 ") && refusal.contains("kind: Forbidden: ValidatingWebhookConfiguration: "),
        "{refusal}"
    );
    assert_eq!(api.apply(&format!("{path}/w"), "a", value!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"}
    })).await.code, 422);
    // Kinds without an actor are kept with a warning, on creation alone.
    let class = value!({"metadata": {"name": "c"}, "provisioner": "example.com/p"});
    let made = api.post("/apis/storage.k8s.io/v1/storageclasses", class).await;
    assert!(made.headers.get("warning").unwrap().to_str().unwrap().contains("StorageClass is kept, but"));
    let patched =
        api.patch("/apis/storage.k8s.io/v1/storageclasses/c", value!({"metadata": {"labels": {"a": "b"}}})).await;
    assert!(patched.code == 200 && patched.headers.get("warning").is_none());
    let gone = api.call("DELETE", "/apis/storage.k8s.io/v1/storageclasses/c", &[], "").await.ok();
    assert_eq!(gone.str_at(&["kind"]), Some("StorageClass"));
}

#[tokio::test]
async fn whatever_is_kept_is_served_in_every_version() {
    let api = Api::start().await;
    for facts in api::resources().iter().filter(|facts| facts.storage_version.is_some()) {
        let found = api.server.registry().find(facts.group, facts.version, facts.plural);
        assert!(found.is_some(), "{}/{} {}", facts.group, facts.version, facts.plural);
    }
}
