//! Figures rather than judgements: `cargo test -p runtime --release --test containers -- --measure`.

use std::time::{Duration, Instant};

use cri_api::RuntimeService;
use cri_api::v1::*;

use crate::harness::{Host, Pod};

/// How often each step is measured.
const ROUNDS: usize = 30;

/// Measures and ends if asked to.
pub(crate) fn dispatch() {
    if !std::env::args().any(|argument| argument == "--measure") {
        return;
    }
    let host = Host::new("measure");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(&host));
    runtime.shutdown_timeout(Duration::from_secs(1));
    host.clear();
    std::process::exit(0);
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!("{what}: median {:?}, longest {:?}", times[times.len() / 2], times[times.len() - 1]);
}

async fn measure(host: &Host) {
    let runtime = host.runtime().await;
    let (mut sandbox, mut create, mut start, mut exec, mut remove) = (vec![], vec![], vec![], vec![], vec![]);
    let mut pods = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let pod = Pod::run(host, &runtime).await;
        sandbox.push(begun.elapsed());
        let begun = Instant::now();
        let container = pod.create(&["wait"], |_| {}).await.unwrap();
        create.push(begun.elapsed());
        let begun = Instant::now();
        runtime.start_container(StartContainerRequest { container_id: container.clone() }).await.unwrap();
        start.push(begun.elapsed());
        let begun = Instant::now();
        pod.exec(&container, &["say", "a", "b", "0"]).await;
        exec.push(begun.elapsed());
        pods.push(pod);
    }
    // They forget the code that the last command needed.
    tokio::time::sleep(Duration::from_secs(3)).await;
    show_shims();
    for pod in pods {
        let begun = Instant::now();
        pod.remove().await;
        remove.push(begun.elapsed());
    }
    show("RunPodSandbox", sandbox);
    show("CreateContainer", create);
    show("StartContainer", start);
    show("ExecSync", exec);
    show("RemovePodSandbox with a running container", remove);
}

/// Memory of all shims of this machine's pods.
fn show_shims() {
    let (mut private, mut resident) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let directory = entry.path();
        if !std::fs::read_to_string(directory.join("comm")).is_ok_and(|name| name == "sagong-shim\n") {
            continue;
        }
        let rollup = std::fs::read_to_string(directory.join("smaps_rollup")).unwrap_or_default();
        let kibibytes = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0)
        };
        private.push(kibibytes("Private_Dirty:") + kibibytes("Private_Clean:"));
        resident.push(kibibytes("Rss:"));
    }
    private.sort_unstable();
    resident.sort_unstable();
    let middle = private.len() / 2;
    println!(
        "shims: {}, private memory: median {} KiB, RSS: median {} KiB",
        private.len(),
        private[middle],
        resident[middle]
    );
}
