//! `metrics.k8s.io`, with a kubelet of the test's own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use apimachinery::value;
use apiserver::{
    Server,
    http::{NodeDialer, NodeStream},
};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::wire::Api;

/// A kubelet whose container uses half a core and whose node a whole one.
#[derive(Default)]
struct Kubelet {
    asked: Arc<AtomicU64>,
}

fn answer(asked: u64) -> String {
    let (second, half) = (asked, asked as f64 / 2.0);
    let time = 1_700_000_000_000 + asked * 1000;
    let mut text = format!(
        "container_cpu_usage_seconds_total{{container=\"c\",namespace=\"default\",pod=\"old\"}} {half} {time}\n\
         container_memory_working_set_bytes{{container=\"c\",namespace=\"default\",pod=\"old\"}} 3072 {time}\n\
         node_cpu_usage_seconds_total {second} {time}\nnode_memory_working_set_bytes 1048576\n"
    );
    // Another container came after the first question.
    if asked > 1 {
        text.push_str(&format!(
            "container_cpu_usage_seconds_total{{container=\"c\",namespace=\"default\",pod=\"new\"}} 1 {time}\n"
        ));
    }
    text
}

#[async_trait]
impl NodeDialer for Kubelet {
    async fn dial(&self, _: &Server, node: &str) -> Result<Box<dyn NodeStream>, String> {
        if node != "n1" {
            return Err("no route".to_owned());
        }
        let (near, far) = tokio::io::duplex(1 << 16);
        let asked = self.asked.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            assert_eq!(request.uri().path(), "/metrics/resource");
            let text = answer(asked.fetch_add(1, Ordering::SeqCst) + 1);
            async move { Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from(text)))) }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service));
        Ok(Box::new(near))
    }
}

const PATH: &str = "/apis/metrics.k8s.io/v1beta1";

async fn pod(api: &Api, name: &str, label: &str) {
    let spec = value!({"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]});
    let pod = value!({"metadata": {"name": name, "labels": {"app": label}}, "spec": spec});
    api.post("/api/v1/namespaces/default/pods", pod).await.ok();
    let running = value!({"status": {"containerStatuses": [{
        "name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    }]}});
    api.patch(&format!("/api/v1/namespaces/default/pods/{name}/status"), running).await.ok();
}

#[tokio::test]
async fn rates_come_from_two_samples() {
    let api = Api::start().await;
    resources::metrics::install(&api.server);
    let kubelet = Kubelet::default();
    let asked = kubelet.asked.clone();
    api.server.set_node_dialer(Arc::new(kubelet));
    for name in ["n1", "n2"] {
        api.post("/api/v1/nodes", value!({"metadata": {"name": name, "labels": {"zone": name}}})).await.ok();
    }
    pod(&api, "old", "a").await;
    pod(&api, "new", "b").await;
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody asked");
    let nodes = api.get(&format!("{PATH}/nodes")).await.ok();
    assert_eq!(nodes.str_at(&["kind"]), Some("NodeMetricsList"));
    let [node] = nodes.list_at(&["items"]) else { panic!("{nodes:?}") };
    assert_eq!(node.str_at(&["metadata", "name"]), Some("n1"), "the other does not answer");
    assert_eq!(node.at(&["usage"]), Some(&value!({"cpu": "1000000000n", "memory": "1024Ki"})));
    assert!(node.str_at(&["window"]).unwrap().starts_with('1'), "{node:?}");
    let pods = api.get(&format!("{PATH}/namespaces/default/pods")).await.ok();
    let [old] = pods.list_at(&["items"]) else { panic!("{pods:?}") };
    assert_eq!(
        old.at(&["containers"]),
        Some(&value!([{"name": "c", "usage": {"cpu": "500000000n", "memory": "3Ki"}}]))
    );
    assert_eq!(old.str_at(&["metadata", "labels", "app"]), Some("a"));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "questions that follow at once are answered from what is known");
    let missing = api.get(&format!("{PATH}/namespaces/default/pods/new")).await;
    assert_eq!(missing.failure(), "404 pods.metrics.k8s.io \"new\" not found");
    assert_eq!(api.get(&format!("{PATH}/namespaces/default/pods/old")).await.code, 200);
    let selected = api.get(&format!("{PATH}/pods?labelSelector=app%3Db")).await.ok();
    assert!(selected.list_at(&["items"]).is_empty());
    let selected = api.get(&format!("{PATH}/nodes?labelSelector=zone%3Dn1")).await.ok();
    assert_eq!(selected.list_at(&["items"]).len(), 1);
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let rows = api.call("GET", &format!("{PATH}/namespaces/default/pods"), &table, "").await.ok();
    assert_eq!(rows.list_at(&["rows"])[0].list_at(&["cells"])[1].as_str(), Some("500000000n"));
    let found = api.get(PATH).await.ok();
    assert_eq!(found.list_at(&["resources"]).len(), 2);
    assert_eq!(api.call("DELETE", &format!("{PATH}/nodes/n1"), &[], "").await.code, 405);
}
