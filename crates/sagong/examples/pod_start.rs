//! Measures how fast a node starts and ends pods: `cargo run --release -p sagong --example pod_start -- DATA_DIR IMAGE
//! [ONE_BY_ONE [AT_ONCE [MANY]]]` against a running server, whose node must be allowed MANY pods (`--max-pods`).
//!
//! The image's program must obey SIGTERM, or the end of a pod is its grace period. All times are a client's: from
//! before the request until the watch has told. Memory and CPU are those of the server's process and of its shims.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use apimachinery::{Object, Value, base64_decode, value};
use client::{
    Api, Client, Options, WatchEvent, WatchStream, kinds,
    remote::{Remote, ServerAddress},
};
use futures::StreamExt;

const NAMESPACE: &str = "pod-start";
/// Longest that anything may take; nothing depends on it but the time until a failure shows.
const PATIENCE: Duration = Duration::from_secs(180);

fn client(data_directory: &Path) -> anyhow::Result<Client> {
    let text = std::fs::read_to_string(data_directory.join("admin.kubeconfig"))?;
    let config: Value = serde_saphyr::from_str(&text)?;
    let first = |list: &str, part: &str, field: &str| {
        config.list_at(&[list]).first().and_then(|entry| entry.str_at(&[part, field])).map(str::to_owned)
    };
    let pem = |list, part, field| -> anyhow::Result<String> {
        let bytes = base64_decode(&first(list, part, field).context("a field is missing")?).context("no base64")?;
        Ok(String::from_utf8(bytes)?)
    };
    let authority = pem("clusters", "cluster", "certificate-authority-data")?;
    let identity = (pem("users", "user", "client-certificate-data")?, pem("users", "user", "client-key-data")?);
    let tls = pki::tls::client_config(&authority, Some((&identity.0, &identity.1)))?;
    let server = first("clusters", "cluster", "server").context("no server")?;
    Ok(Client::new(Remote::new(ServerAddress::parse(&server)?, tls, None, "pod-start")?, "pod-start"))
}

fn pod(name: &str, image: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "app", "image": image, "imagePullPolicy": "IfNotPresent"}]}
    })
}

fn is_ready(pod: &Object) -> bool {
    pod.list_at(&["status", "conditions"])
        .iter()
        .any(|one| one.str_at(&["type"]) == Some("Ready") && one.str_at(&["status"]) == Some("True"))
}

/// Reads the watch until it has told of all `names` what `wanted` looks for; when it told of each.
async fn told(
    events: &mut WatchStream,
    names: &[String],
    wanted: impl Fn(&WatchEvent) -> Option<String>,
) -> anyhow::Result<BTreeMap<String, Instant>> {
    let read = async {
        let mut seen = BTreeMap::new();
        while !names.iter().all(|name| seen.contains_key(name)) {
            let event = events.next().await.context("the watch ended")??;
            if let Some(name) = wanted(&event) {
                seen.entry(name).or_insert_with(Instant::now);
            }
        }
        Ok(seen)
    };
    tokio::time::timeout(PATIENCE, read).await.context("it takes too long")?
}

fn ready(event: &WatchEvent) -> Option<String> {
    match event {
        WatchEvent::Added(pod) | WatchEvent::Modified(pod) if is_ready(pod) => Some(pod.name().to_owned()),
        _ => None,
    }
}

fn gone(event: &WatchEvent) -> Option<String> {
    match event {
        WatchEvent::Deleted(pod) => Some(pod.name().to_owned()),
        _ => None,
    }
}

/// Median, 99th percentile and the longest, in milliseconds.
fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)].as_secs_f64() * 1000.0;
    format!("p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms", at(0.5), at(0.99), at(1.0))
}

/// CPU time of the process that holds the store's lock, in seconds: user and system.
fn cpu_seconds(process: &Path) -> f64 {
    let text = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // The state, which is no number, is left out: utime and stime are fields 14 and 15 of all.
    fields.get(10).copied().unwrap_or(0.0) / 100.0 + fields.get(11).copied().unwrap_or(0.0) / 100.0
}

fn kibibytes(process: &Path, file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(process.join(file)).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

fn processes(name: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |path: &std::path::PathBuf| {
        std::fs::read(path.join("cmdline")).is_ok_and(|line| line.starts_with(name.as_bytes()))
    };
    entries.filter(named).collect()
}

/// The server on this data directory: the process that has a file of it open.
fn server(data_directory: &Path) -> anyhow::Result<std::path::PathBuf> {
    let directory = std::fs::canonicalize(data_directory)?;
    let entries = std::fs::read_dir("/proc")?.flatten().map(|entry| entry.path());
    let mut candidates = entries.filter(|path| {
        let open = std::fs::read_dir(path.join("fd")).into_iter().flatten().flatten();
        let mut files = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        let is_shim = std::fs::read(path.join("cmdline")).is_ok_and(|line| line.starts_with(b"sagong-"));
        !is_shim && files.any(|file| file.starts_with(&directory))
    });
    candidates.next().context("no server has files of this directory open")
}

async fn one_by_one(pods: &Api, events: &mut WatchStream, image: &str, count: usize) -> anyhow::Result<()> {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for number in 0..count {
        let name = vec![format!("one-{number}")];
        let before = Instant::now();
        pods.create(Object(pod(&name[0], image))).await?;
        starts.push(told(events, &name, ready).await?[&name[0]] - before);
        let before = Instant::now();
        pods.delete(&name[0], Options::default()).await?;
        ends.push(told(events, &name, gone).await?[&name[0]] - before);
    }
    println!("create to Ready, {count} one after another: {}", summary(starts));
    println!("delete to gone, {count} one after another: {}", summary(ends));
    Ok(())
}

async fn at_once(pods: &Api, events: &mut WatchStream, image: &str, count: usize, at: &Path) -> anyhow::Result<()> {
    let names: Vec<String> = (0..count).map(|number| format!("many-{number}")).collect();
    let (before, cpu) = (Instant::now(), cpu_seconds(at));
    let created = futures::future::join_all(names.iter().map(|name| pods.create(Object(pod(name, image))))).await;
    created.into_iter().collect::<Result<Vec<_>, _>>()?;
    let made = before.elapsed();
    let seen = told(events, &names, ready).await?;
    let last = seen.values().max().context("no pods")?.duration_since(before);
    let took = cpu_seconds(at) - cpu;
    println!("{count} at once: created after {made:.0?}, all Ready after {last:.2?}, {took:.2} s of the server's CPU");
    let shims = processes("sagong-shim");
    let rss: u64 = shims.iter().filter_map(|shim| kibibytes(shim, "status", "VmRSS:")).sum();
    let private: u64 = shims.iter().filter_map(|shim| kibibytes(shim, "smaps_rollup", "Private_Dirty:")).sum();
    let number = shims.len().max(1) as u64;
    println!("shims: {number}, each {} KiB RSS, {} KiB of it private", rss / number, private / number);
    println!("server: {} MiB RSS", kibibytes(at, "status", "VmRSS:").unwrap_or(0) / 1024);
    let (before, cpu) = (Instant::now(), cpu_seconds(at));
    let deleted = names.iter().map(|name| pods.delete(name, Options::default()));
    futures::future::join_all(deleted).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let last = told(events, &names, gone).await?.values().max().context("no pods")?.duration_since(before);
    println!("{count} at once: all gone after {last:.2?}, {:.2} s of the server's CPU", cpu_seconds(at) - cpu);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_directory, image, counts @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: pod_start DATA_DIR IMAGE [ONE_BY_ONE [AT_ONCE [MANY]]]");
    };
    let count = |index: usize, default: usize| counts.get(index).map_or(Ok(default), |text| text.parse());
    let (data_directory, client) = (Path::new(data_directory), client(Path::new(data_directory))?);
    let process = server(data_directory)?;
    let namespace = value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    match client.all(&kinds::NAMESPACES).create(Object(namespace)).await {
        Err(error) if !error.is_already_exists() => return Err(error.into()),
        _ => {}
    }
    let pods = client.namespaced(&kinds::PODS, NAMESPACE);
    await_account(&client).await?;
    let mut events = pods.watch(Options::default(), true).await?;
    one_by_one(&pods, &mut events, image, count(0, 50)?).await?;
    for count in [count(1, 30)?, count(2, 100)?] {
        at_once(&pods, &mut events, image, count, &process).await?;
    }
    client.all(&kinds::NAMESPACES).delete(NAMESPACE, Options::default()).await?;
    Ok(())
}

/// Pods are refused until their service account is there.
async fn await_account(client: &Client) -> anyhow::Result<Arc<Object>> {
    let accounts = client.namespaced(&kinds::SERVICE_ACCOUNTS, NAMESPACE);
    let mut events = accounts.watch(Options::default(), true).await?;
    loop {
        if let WatchEvent::Added(account) = events.next().await.context("the watch ended")??
            && account.name() == "default"
        {
            return Ok(account);
        }
    }
}
