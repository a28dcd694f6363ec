//! What the running server says of itself: to its own machine's root, over the admin socket.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use apimachinery::{Value, value};
use apiserver::Server;
use store::embedded::ArchiveStatus;

use crate::{components::States, directories::Directories, renewal::Renewals};

/// A certificate that ends sooner than this is spoken of.
const EXPIRY_WARNING_SECONDS: i64 = 30 * 86_400;

/// What a status is made of.
pub(crate) struct StatusSource {
    /// When the server started.
    pub(crate) started: SystemTime,
    /// The store; asked how it does, nothing else.
    pub(crate) engine: Arc<dyn store::Engine>,
    /// The API server.
    pub(crate) server: Arc<Server>,
    /// How the components do.
    pub(crate) states: Arc<States>,
    /// The certificates that it gives itself.
    pub(crate) renewals: Renewals,
    /// The server's folders.
    pub(crate) directories: Directories,
    /// This machine's node; `None` for a control plane alone.
    pub(crate) node_name: Option<String>,
}

/// Seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() as i64)
}

impl StatusSource {
    /// The whole status, with what is wrong and the way out under `problems`.
    pub(crate) fn value(&self) -> Value {
        let now = unix_seconds(SystemTime::now());
        let store = self.engine.status();
        let components = self.states.snapshot();
        let certificates = self.certificates();
        let node = self.node_name.as_deref().map(|name| self.node(name));
        let failures = self.server.health().failures();
        let ready = failures.is_empty();
        let mut problems: Vec<(String, String)> = readiness_problems(&failures);
        problems.extend(store_problems(&store));
        problems.extend(node.iter().flat_map(node_problems));
        for (name, component) in &components {
            if let (None, Some(failure)) = (component.running_since_unix_seconds, &component.last_failure) {
                let advice = "it is started again each second; mend what the message names".to_owned();
                problems.push((format!("{name}: {failure}"), advice));
            }
        }
        problems.extend(certificate_problems(&certificates, now));
        value!({
            "version": env!("CARGO_PKG_VERSION"),
            "processId": i64::from(std::process::id()),
            "uptimeSeconds": now - unix_seconds(self.started),
            "ready": ready,
            "store": store_value(&store),
            "components": components.iter().map(|(name, state)| state.value(name)).collect::<Value>(),
            "node": node.unwrap_or_default(),
            "certificates": certificates
                .iter()
                .map(|(name, expiry)| value!({"name": name.as_str(), "expiresUnixSeconds": *expiry}))
                .collect::<Value>(),
            "problems": problems
                .iter()
                .map(|(problem, remedy)| value!({"problem": problem.as_str(), "remedy": remedy.as_str()}))
                .collect::<Value>()
        })
    }

    fn node(&self, name: &str) -> Value {
        let nodes = self.server.registry().objects("", "nodes", "").unwrap_or_default();
        let Some(node) = nodes.iter().find(|node| node.name() == name) else {
            return value!({"name": name, "registered": false, "ready": false, "message": "not registered yet"});
        };
        let conditions = node.list_at(&["status", "conditions"]);
        let ready = conditions.iter().find(|condition| condition.str_at(&["type"]) == Some("Ready"));
        value!({
            "name": name,
            "registered": true,
            "ready": ready.and_then(|condition| condition.str_at(&["status"])) == Some("True"),
            "message": ready.and_then(|condition| condition.str_at(&["message"])).unwrap_or("no Ready condition yet")
        })
    }

    /// When each certificate ends, in seconds since 1970.
    fn certificates(&self) -> Vec<(String, i64)> {
        let mut found: BTreeMap<String, i64> = BTreeMap::new();
        for entry in std::fs::read_dir(self.directories.pki()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "crt")
                && let Some(expiry) = expiry_of(&path)
            {
                found.insert(entry.file_name().to_string_lossy().into_owned(), expiry);
            }
        }
        found.extend(self.renewals.ends().into_iter().map(|(name, end)| (name.to_owned(), end)));
        found.into_iter().collect()
    }
}

fn expiry_of(path: &Path) -> Option<i64> {
    let text = std::fs::read_to_string(path).ok()?;
    pki::expires_at(&text).ok().map(|at| at.as_second())
}

pub(crate) fn store_value(store: &store::Status) -> Value {
    let sync = match store.sync_interval {
        None => "always".to_owned(),
        Some(interval) => format!("interval of {interval:?}"),
    };
    let mut value = value!({
        "revision": store.revision as i64,
        "compactedRevision": store.compacted as i64,
        "syncedRevision": store.synced_revision as i64,
        "sync": sync,
        "keys": store.keys as i64,
        "memoryBytes": store.memory_bytes as i64,
        "historyMemoryBytes": store.history_memory_bytes as i64,
        "historyDiskBytes": store.history_disk_bytes as i64,
        "earlyCompactions": store.early_compactions as i64,
        "logBytes": store.log_bytes as i64,
        "snapshotBytes": store.snapshot_bytes as i64
    });
    if let Some(archive) = &store.archive {
        let directory = archive.directory.display().to_string();
        value.set(
            &["logArchive"],
            value!({
                "directory": directory,
                "archivedRevision": archive.archived_revision as i64,
                "waitingBytes": archive.waiting_bytes as i64
            }),
        );
    }
    value
}

/// The failing checks of `/readyz`.
fn readiness_problems(failures: &[(String, String)]) -> Vec<(String, String)> {
    failures
        .iter()
        .map(|(name, reason)| {
            let advice = match name.starts_with("poststarthook/") {
                true => "it ends by itself in a moment; if not, the log says why",
                false => "look for the check's name in the server's log",
            };
            (format!("{name} failed: {reason}"), advice.to_owned())
        })
        .collect()
}

pub(crate) fn store_problems(store: &store::Status) -> Vec<(String, String)> {
    let read_only = store.read_only.iter().map(|reason| {
        let advice = match reason.starts_with("etcd") {
            true => "look after etcd; the server goes on by itself once it answers",
            false => "make room on the disk or mend it, then start the server again",
        };
        let advice = advice.to_owned();
        (format!("the store does not write: {reason}"), advice)
    });
    let no_space = store.no_space.iter().map(|reason| {
        let advice = match reason.starts_with("etcdserver") {
            true => "compact and defragment etcd or raise its quota, then disarm its alarm; until then only deletes are made",
            false => "make room on the disk, or delete objects; until then only deletes and leases are written",
        };
        let advice = advice.to_owned();
        (reason.clone(), advice)
    });
    let snapshot = store.snapshot_error.iter().map(|reason| {
        let advice = "the log grows until a snapshot succeeds: make room on the disk".to_owned();
        (format!("the store's last snapshot failed: {reason}"), advice)
    });
    let archive = store.archive.iter().flat_map(archive_problems);
    read_only.chain(no_space).chain(snapshot).chain(archive).collect()
}

fn archive_problems(archive: &ArchiveStatus) -> Vec<(String, String)> {
    let place = archive.directory.display();
    let failing = archive.error.iter().map(|reason| {
        let waiting = archive.waiting_bytes.div_ceil(1_000_000);
        let limit = store::limits::ARCHIVE_BACKLOG_BYTES.div_ceil(1_000_000);
        let advice = format!(
            "mend {place}; {waiting} MB of the log wait for it, and beyond {limit} MB the oldest part goes without it"
        );
        (format!("the store's log is not archived: {reason}"), advice)
    });
    let gap = archive.gap.iter().map(|(first, last)| {
        let advice = "make a backup now: from earlier ones no later revision can be reached".to_owned();
        (format!("revisions {first} to {last} are missing in the log archive {place}"), advice)
    });
    failing.chain(gap).collect()
}

fn node_problems(node: &Value) -> Option<(String, String)> {
    let ready = node.bool_at(&["ready"]).unwrap_or_default();
    (!ready).then(|| {
        let text = |field: &str| node.str_at(&[field]).unwrap_or_default();
        let advice = "a node needs a few seconds after the start; `sagong check` says what the machine lacks";
        (format!("node {} is not ready: {}", text("name"), text("message")), advice.to_owned())
    })
}

fn certificate_problems(certificates: &[(String, i64)], now: i64) -> Vec<(String, String)> {
    let ending = certificates.iter().filter(|(_, expiry)| *expiry - now < EXPIRY_WARNING_SECONDS);
    ending
        .map(|(name, expiry)| {
            let advice = match name.ends_with(".crt") {
                true => "it is an authority: replace it while clients still trust it",
                false => "the log says why it could not be renewed; a start of the server issues it anew",
            };
            (format!("certificate {name} ends in {} days", (expiry - now).div_euclid(86_400)), advice.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_named_with_a_way_out() {
        let failures = [("poststarthook/rbac/bootstrap-roles".to_owned(), "not finished".to_owned())];
        let problems = readiness_problems(&failures);
        assert_eq!(problems[0].0, "poststarthook/rbac/bootstrap-roles failed: not finished");
        let store = store::Status { read_only: Some("no space".to_owned()), ..Default::default() };
        assert!(store_problems(&store)[0].0.contains("no space"));
        let archive = ArchiveStatus { error: Some("gone".to_owned()), gap: Some((7, 9)), ..Default::default() };
        let problems = store_problems(&store::Status { archive: Some(archive), ..Default::default() });
        assert!(problems[0].0.ends_with("not archived: gone") && problems[0].1.contains("beyond 1074 MB"));
        assert!(problems[1].0.starts_with("revisions 7 to 9 are missing"));
        assert!(node_problems(&value!({"name": "a", "ready": false, "message": "m"})).is_some());
        assert!(node_problems(&value!({"name": "a", "ready": true})).is_none());
        let certificates = [("ca.crt".to_owned(), 90 * 86_400), ("admin.kubeconfig".to_owned(), 86_400)];
        let ending = certificate_problems(&certificates, 0);
        assert_eq!(ending.len(), 1);
        assert_eq!(ending[0].0, "certificate admin.kubeconfig ends in 1 days");
    }
}
