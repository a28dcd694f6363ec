//! `sagong demo`: a cluster with a small app of two tiers, in the foreground.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use apimachinery::{Object, Value, value};
use async_trait::async_trait;
use client::{Api, Client, DeletePropagation, WatchEvent, kinds};
use futures::StreamExt;
use runtime::{BuildSource, ImageBuild};

use super::{demo_app, up};
use crate::server::{self, Guest, Running};

const NAMESPACE: &str = "demo";
const IMAGE: &str = "localhost/sagong-demo:1";
const API_NAME: &str = "api.demo.svc.cluster.local";
/// How long the app may take to answer once its pods are available, and how often it is asked.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// See [`ANSWER_LIMIT`].
const ANSWER_RETRY: Duration = Duration::from_millis(100);
/// How long nothing is said of what keeps the app from starting: a node that has just come is not ready at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds that the app's pods get to end.
const LEAVE_SECONDS: u64 = 60;

/// Start a cluster in the foreground and run a small app of two tiers in it.
///
/// The app's image is made from this very binary: nothing is downloaded. Ctrl-C removes the app and ends the
/// cluster.
///
/// Example: `sagong demo`
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    up: up::Options,
}

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    let mut up = options.up;
    if up.no_node {
        anyhow::bail!("the demo runs pods: leave --no-node out");
    }
    // Progress lines are the demo's log, unless somebody asks for more.
    if up.log == up::DEFAULT_LOG {
        up.log = "warn".to_owned();
    }
    up::start_logging(&up)?;
    println!("starting the control plane and this machine's node");
    server::run(&up, Some(&Demo { data_dir: up.data_dir.clone() }))
}

struct Demo {
    data_dir: PathBuf,
}

#[async_trait]
impl Guest for Demo {
    async fn run(&self, running: &Running) -> anyhow::Result<()> {
        let started = Instant::now();
        println!("control plane ready after {} ms", running.ready_milliseconds);
        build_image(running).await?;
        println!("image {IMAGE} made from this binary");
        for (kind, object) in objects() {
            let name = object.str_at(&["metadata", "name"]).unwrap_or_default().to_owned();
            api(&running.client, &kind)
                .apply(&name, "", object)
                .await
                .with_context(|| format!("{} {name}", kind.kind))?;
        }
        let available = async {
            for name in ["api", "web"] {
                wait_available(&running.client, name).await?;
                println!("deployment {name} is available ({:.1} s)", started.elapsed().as_secs_f64());
            }
            anyhow::Ok(())
        };
        tokio::select! {
            done = available => done?,
            ended = tell_warnings(&running.client) => ended?,
        }
        let service = api(&running.client, &kinds::SERVICES).get("web").await?;
        let address = service.str_at(&["spec", "clusterIP"]).unwrap_or_default().to_owned();
        let place: SocketAddr = format!("{address}:80").parse().context("the service's address")?;
        let page = answer(place).await.context("the app does not answer through its service")?;
        println!("\nhttp://{address}/ answers:\n  {}\n", page.trim());
        let kubeconfig = self.data_dir.join("admin.kubeconfig");
        println!("Try, in another terminal:");
        println!("  export KUBECONFIG={}", kubeconfig.display());
        println!("  kubectl get all --namespace {NAMESPACE}");
        println!("  kubectl scale deployment/web --replicas=5 --namespace {NAMESPACE}");
        println!("  curl http://{address}/\n");
        println!("Ctrl-C removes the app and ends the cluster.");
        Ok(())
    }

    async fn leave(&self, running: &Running) {
        println!("\nremoving the app");
        let limit = Duration::from_secs(LEAVE_SECONDS);
        match tokio::time::timeout(limit, remove(&running.client)).await {
            Ok(Ok(())) => {
                println!("the app is gone");
                if let Err(error) = dns::end(&running.node.wait().await.dns_socket).await {
                    println!("the process that answers names could not be ended: {error:#}");
                }
            }
            Ok(Err(error)) => println!("the app could not be removed: {error:#}"),
            Err(_) => println!("the app's pods did not end within {LEAVE_SECONDS} s; `sagong up` finds them again"),
        }
        println!("{} stays on disk: keys, objects and images; remove it to start anew", self.data_dir.display());
    }
}

/// What the app says. Pods are available a moment before every node knows that they stand behind their service, and
/// nothing tells of that moment but an answer.
async fn answer(place: SocketAddr) -> anyhow::Result<String> {
    let deadline = tokio::time::Instant::now() + ANSWER_LIMIT;
    loop {
        match demo_app::get(place, "web.demo").await {
            Err(_) if tokio::time::Instant::now() < deadline => tokio::time::sleep(ANSWER_RETRY).await,
            answered => return answered,
        }
    }
}

fn api(client: &Client, kind: &client::ResourceKind) -> Api {
    if kind.namespaced { client.namespaced(kind, NAMESPACE) } else { client.all(kind) }
}

/// The app's image: this binary, which is static, and nothing else.
async fn build_image(running: &Running) -> anyhow::Result<()> {
    let images = running.node.wait().await.images;
    let source = std::env::current_exe().context("cannot find this binary")?;
    let build = ImageBuild {
        name: IMAGE.to_owned(),
        sources: vec![BuildSource::File { source, destination: PathBuf::from("/sagong") }],
        entrypoint: vec!["/sagong".to_owned(), "demo-app".to_owned()],
        command: Vec::new(),
        environment: Vec::new(),
        working_directory: String::new(),
        user: "65534:65534".to_owned(),
    };
    tokio::task::spawn_blocking(move || images.build(&build)).await?.context("cannot make the app's image")?;
    Ok(())
}

fn probe() -> Value {
    value!({"httpGet": {"path": "/healthz", "port": demo_app::PORT}, "periodSeconds": 1})
}

fn deployment(name: &str, replicas: i32, mut container: Value, volumes: Value) -> Value {
    container.set(&["name"], name);
    container.set(&["image"], IMAGE);
    container.set(&["imagePullPolicy"], "Never");
    container.set(&["ports"], value!([{"containerPort": demo_app::PORT}]));
    container.set(&["readinessProbe"], probe());
    container.set(&["livenessProbe"], probe());
    container.set(&["resources"], value!({"requests": {"cpu": "10m", "memory": "16Mi"}}));
    value!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container], "volumes": volumes}
            }
        }
    })
}

fn service(name: &str) -> Value {
    value!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": demo_app::PORT}]}
    })
}

fn objects() -> Vec<(client::ResourceKind, Value)> {
    let greeting = value!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "greeting", "namespace": NAMESPACE},
        "data": {"greeting": "hello from a config map"}
    });
    let api = value!({
        "args": ["api", "--greeting", "/settings/greeting"],
        "volumeMounts": [{"name": "settings", "mountPath": "/settings"}]
    });
    let web = value!({"args": ["web", "--api", API_NAME]});
    let settings = value!([{"name": "settings", "configMap": {"name": "greeting"}}]);
    vec![
        (kinds::NAMESPACES, value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})),
        (kinds::CONFIG_MAPS, greeting),
        (kinds::SERVICES, service("api")),
        (kinds::SERVICES, service("web")),
        (kinds::DEPLOYMENTS, deployment("api", 1, api, settings)),
        (kinds::DEPLOYMENTS, deployment("web", 3, web, value!([]))),
    ]
}

fn is_available(deployment: &Object) -> bool {
    let wanted = deployment.i64_at(&["spec", "replicas"]).unwrap_or(1);
    deployment.i64_at(&["status", "availableReplicas"]).unwrap_or_default() >= wanted
        && deployment.i64_at(&["status", "observedGeneration"]).unwrap_or_default() >= deployment.generation()
}

async fn wait_available(client: &Client, name: &str) -> anyhow::Result<()> {
    let options = client::Options { field_selector: format!("metadata.name={name}"), ..Default::default() };
    let mut events = api(client, &kinds::DEPLOYMENTS).watch(options, true).await?;
    while let Some(event) = events.next().await {
        if let WatchEvent::Added(deployment) | WatchEvent::Modified(deployment) = event?
            && is_available(&deployment)
        {
            return Ok(());
        }
    }
    anyhow::bail!("the watch of deployment {name} ended")
}

/// Says, once each, what keeps the app's pods from running; answers only when it cannot go on.
async fn tell_warnings(client: &Client) -> anyhow::Result<()> {
    tokio::time::sleep(PATIENCE).await;
    println!("still waiting; `kubectl describe pods --namespace {NAMESPACE}` tells more than these warnings:");
    let options = client::Options { field_selector: "type=Warning".to_owned(), ..Default::default() };
    let mut events = api(client, &kinds::EVENTS).watch(options, true).await?;
    let mut said = HashSet::new();
    while let Some(event) = events.next().await {
        let (WatchEvent::Added(warning) | WatchEvent::Modified(warning)) = event? else { continue };
        let text = |path: &[&str]| warning.str_at(path).unwrap_or_default().to_owned();
        let line = format!(
            "{} {}: {}: {}",
            text(&["involvedObject", "kind"]),
            text(&["involvedObject", "name"]),
            text(&["reason"]),
            text(&["message"])
        );
        if !said.contains(&line) {
            println!("  {line}");
            said.insert(line);
        }
    }
    anyhow::bail!("the watch of events ended")
}

/// Deletes the namespace and waits until it has gone.
async fn remove(client: &Client) -> anyhow::Result<()> {
    let namespaces = client.all(&kinds::NAMESPACES);
    let selected = client::Options { field_selector: format!("metadata.name={NAMESPACE}"), ..Default::default() };
    let mut events = namespaces.watch(selected, true).await?;
    let options = client::Options { propagation: Some(DeletePropagation::Background), ..Default::default() };
    match namespaces.delete(NAMESPACE, options).await {
        Err(status) if status.is_not_found() => return Ok(()),
        answer => answer?,
    };
    while let Some(event) = events.next().await {
        if let WatchEvent::Deleted(_) = event? {
            return Ok(());
        }
    }
    anyhow::bail!("the watch of the namespace ended")
}
