//! Connections to pods and nodes, passed through to the node's kubelet.

use std::sync::Arc;

use apimachinery::{Object, Status};
use apiserver::{
    Connector, RequestContext, Server,
    http::{HttpRequest, HttpResponse, Parameters, proxy_to_node},
};
use async_trait::async_trait;

/// `log`, `exec`, `attach` or `portforward` of a pod.
pub(crate) struct PodConnection {
    kubelet_path: &'static str,
    takes_container: bool,
}

impl PodConnection {
    /// The connection behind a subresource.
    pub(crate) fn of(subresource: &str) -> PodConnection {
        match subresource {
            "log" => PodConnection { kubelet_path: "containerLogs", takes_container: true },
            "exec" => PodConnection { kubelet_path: "exec", takes_container: true },
            "attach" => PodConnection { kubelet_path: "attach", takes_container: true },
            _ => PodConnection { kubelet_path: "portForward", takes_container: false },
        }
    }
}

/// The container that is meant: the named one, the annotated default, or the only one.
fn container(pod: &Object, wanted: &str) -> Result<String, Status> {
    let names = |list: &str| -> Vec<String> {
        pod.list_at(&["spec", list]).iter().filter_map(|item| item.str_at(&["name"])).map(str::to_owned).collect()
    };
    let (containers, init, ephemeral) = (names("containers"), names("initContainers"), names("ephemeralContainers"));
    let known = |name: &str| [&containers, &init, &ephemeral].iter().any(|list| list.iter().any(|own| own == name));
    if !wanted.is_empty() {
        return match known(wanted) {
            true => Ok(wanted.to_owned()),
            false => Err(Status::bad_request(format!("container {wanted} is not valid for pod {}", pod.name()))),
        };
    }
    match containers.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let mut message = format!(
                "a container name must be specified for pod {}, choose one of: [{}]",
                pod.name(),
                several.join(" ")
            );
            if !init.is_empty() {
                message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            Err(Status::bad_request(message))
        }
    }
}

#[async_trait]
impl Connector for PodConnection {
    async fn connect(
        &self,
        server: &Arc<Server>,
        _: &RequestContext,
        namespace: &str,
        name: &str,
        _: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        let pod = server.registry().object("", "pods", namespace, name)?;
        let pod = pod.ok_or_else(|| Status::not_found("", "pods", name))?;
        let node = pod.str_at(&["spec", "nodeName"]).unwrap_or_default();
        if node.is_empty() {
            return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        let path = if self.takes_container {
            let container = container(&pod, Parameters::parse(&query).get("container"))?;
            if self.kubelet_path == "containerLogs" {
                wait_reason(&pod, &container)?;
            }
            format!("/{}/{namespace}/{name}/{container}", self.kubelet_path)
        } else {
            format!("/{}/{namespace}/{name}", self.kubelet_path)
        };
        let query = kubelet_query(self.kubelet_path, &query);
        let path_and_query = if query.is_empty() { path } else { format!("{path}?{query}") };
        proxy_to_node(server, node, &path_and_query, request).await
    }
}

/// The kubelet spells the streams of exec and attach in its own way.
fn kubelet_query(path: &str, query: &str) -> String {
    if !matches!(path, "exec" | "attach") {
        return query.to_owned();
    }
    let renamed = query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let on = matches!(value, "true" | "1");
        match key {
            "stdin" => on.then(|| "input=1".to_owned()),
            "stdout" => on.then(|| "output=1".to_owned()),
            "stderr" => on.then(|| "error=1".to_owned()),
            "tty" => on.then(|| "tty=1".to_owned()),
            "container" => None,
            _ => Some(pair.to_owned()),
        }
    });
    renamed.collect::<Vec<_>>().join("&")
}

/// A container that never started has no log; the client is told why.
fn wait_reason(pod: &Object, container: &str) -> Result<(), Status> {
    let statuses = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let status = statuses
        .iter()
        .flat_map(|list| pod.list_at(&["status", list]))
        .find(|status| status.str_at(&["name"]) == Some(container));
    let Some(status) = status else {
        return Ok(());
    };
    let restarted = status.at(&["lastState", "terminated"]).is_some();
    match status.str_at(&["state", "waiting", "reason"]) {
        Some(reason) if !restarted => Err(Status::bad_request(format!(
            "container {container:?} in pod {:?} is waiting to start: {}",
            pod.name(),
            match (reason, status.str_at(&["state", "waiting", "message"])) {
                ("ImagePullBackOff" | "ErrImagePull", _) => "trying and failing to pull image".to_owned(),
                (reason, _) => reason.to_owned(),
            }
        ))),
        _ => Ok(()),
    }
}

/// Anything of a node's kubelet API.
pub(crate) struct NodeProxy;

#[async_trait]
impl Connector for NodeProxy {
    async fn connect(
        &self,
        server: &Arc<Server>,
        _: &RequestContext,
        _: &str,
        name: &str,
        rest: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, Status> {
        if server.registry().object("", "nodes", "", name)?.is_none() {
            return Err(Status::not_found("", "nodes", name));
        }
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        proxy_to_node(server, name, &format!("/{rest}{query}"), request).await
    }
}
