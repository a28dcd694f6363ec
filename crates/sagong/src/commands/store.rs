//! `sagong store`: what keeps the cluster's objects.

mod backup;
mod etcd;
mod members;
mod restore;
mod verify;

use std::path::PathBuf;

use anyhow::{Context, bail};
use apimachinery::{Value, decode};
use http::Method;
use http_body_util::BodyExt;

use crate::{
    api_access::AdminAccess,
    directories::Directories,
    output::{self, Output},
    store_api::{COMPACT_PATH, STATUS_PATH},
};

/// Look after the store, which keeps the cluster's objects.
///
/// status, compact, backup and export ask the running server, as its administrator. restore, import and verify work on
/// the data directory of a server that does not run.
///
/// Example: `sagong store backup --to /var/backups/sagong --keep 7`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the server.
    #[arg(long, global = true, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// How to print; wide has the number and size of each collection's objects too.
    #[arg(long, short, global = true, default_value = "table")]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Action {
    /// Say how large the store is, and how it does.
    ///
    /// Example: `sagong store status --output wide`
    Status,
    /// Forget the history of objects; the server does so each five minutes by itself.
    ///
    /// Example: `sagong store compact`
    Compact {
        /// The oldest revision that can still be read afterwards; without it the present one.
        #[arg(long)]
        revision: Option<u64>,
    },
    /// Copy the store, at one moment and while it works, to a file, and read the copy once to prove it.
    ///
    /// The copy has every secret of the cluster in it. The keys and certificates of the cluster are files of the data
    /// directory (pki) and not part of it: copy them once, and when they change.
    ///
    /// Example: `sagong store backup --to /var/backups/sagong --keep 7`
    Backup(backup::BackupOptions),
    /// Make a store of a backup, in a data directory that has none.
    ///
    /// Objects are as they were; whoever watches lists anew. With the folder pki of the old data directory in the new
    /// one, nodes, kubeconfigs and tokens go on being valid.
    ///
    /// Example: `sagong store restore sagong-2026-11-28T120000Z.backup --data-dir /var/lib/sagong`
    ///
    /// With the log that `sagong up --log-archive DIR` kept, the store is as it was at any later moment.
    ///
    /// Example: `sagong store restore NEWEST.backup --log-archive /mnt/log --to-time 2026-11-28T12:34:00Z`
    Restore(restore::RestoreOptions),
    /// Make a store of a snapshot of etcd, in a data directory that has none: a cluster of kubeadm or k3s moves in.
    ///
    /// Objects are as they were; whoever watches lists anew. With the old cluster's ca.crt, ca.key, front-proxy-ca.crt,
    /// front-proxy-ca.key and sa.key in the folder pki of the data directory before the first start, kubeconfigs, nodes'
    /// certificates and tokens go on being valid.
    ///
    /// Example: `sagong store import etcd.snapshot --data-dir /var/lib/sagong`
    Import(etcd::ImportOptions),
    /// Write what the server has to a snapshot of etcd, for `etcdutl snapshot restore`: a cluster moves out.
    ///
    /// Example: `sagong store export etcd.snapshot`
    Export(etcd::ExportOptions),
    Etcd(members::Options),
    /// Read a backup, or the store of a server that does not run, and every checksum in it.
    ///
    /// Example: `sagong store verify sagong-2026-11-28T120000Z.backup`
    ///
    /// Damage is named by file and place, and by object as far as a damaged record can still be read, with what of the
    /// object a repair would keep; the command fails then. A repair makes the store anew from all that can be read, at
    /// a later revision, so that whoever watches lists anew; the files from before stay in a folder of the store.
    ///
    /// Example: `sagong store verify --repair`, and when that is what you want `sagong store verify --repair --yes`
    Verify(verify::VerifyOptions),
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let answer = match &options.action {
        Action::Status => {
            let content = if options.output == Output::Table { "" } else { "?content=true" };
            call(options, Method::GET, &format!("{STATUS_PATH}{content}"))?
        }
        Action::Compact { revision } => {
            let revision = revision.map(|revision| format!("?revision={revision}")).unwrap_or_default();
            call(options, Method::POST, &format!("{COMPACT_PATH}{revision}"))?
        }
        Action::Backup(wanted) => backup::backup(&options.data_dir, wanted)?,
        Action::Restore(wanted) => restore::restore(&options.data_dir, wanted)?,
        Action::Import(wanted) => etcd::import(&options.data_dir, wanted)?,
        Action::Export(wanted) => etcd::export(&options.data_dir, wanted)?,
        Action::Etcd(wanted) => return members::run(&options.data_dir, options.output, wanted),
        Action::Verify(wanted) => {
            let (answer, failure) = verify::verify(&options.data_dir, wanted)?;
            print!("{}", output::document(options.output, &answer)?.unwrap_or_else(|| people(&answer)));
            return failure.map_or(Ok(()), Err);
        }
    };
    print!("{}", output::document(options.output, &answer)?.unwrap_or_else(|| people(&answer)));
    Ok(())
}

fn call(options: &Options, method: Method, path: &str) -> anyhow::Result<Value> {
    let access = AdminAccess::load(&options.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let body = access.remote.stream_path(method, path).await.context("the server refuses")?;
        let bytes = body.collect().await.context("the answer broke off")?.to_bytes();
        decode::json_untyped(&bytes).map_err(|error| anyhow::anyhow!("the server's answer: {error}"))
    })
}

/// A server whose objects are in an etcd cluster has no store here.
fn refuse_etcd(directories: &Directories, way_out: &str) -> anyhow::Result<()> {
    match std::fs::read_to_string(directories.etcd_note()) {
        Ok(servers) => bail!("this server keeps its objects in etcd ({}): they are {way_out}", servers.trim()),
        Err(_) => Ok(()),
    }
}

/// Lines for people, in the order in which they are asked about.
fn people(answer: &Value) -> String {
    let rows = [
        ("store", "store"),
        ("file", "file"),
        ("created", "created"),
        ("revision", "revision"),
        ("restoredRevision", "restored"),
        ("restoredTime", "made"),
        ("compactedRevision", "compacted"),
        ("sync", "sync"),
        ("keys", "keys"),
        ("contentBytes", "content"),
        ("fileBytes", "file size"),
        ("memoryBytes", "in memory"),
        ("logBytes", "log"),
        ("historyDiskBytes", "old values"),
        ("snapshotBytes", "snapshot"),
        ("removed", "removed"),
    ];
    let mut text = String::new();
    for (field, name) in rows {
        let Some(value) = answer.get(field) else { continue };
        let shown = match value.as_i64() {
            Some(bytes) if field.ends_with("Bytes") => size(bytes),
            Some(number) => number.to_string(),
            None => value.as_str().unwrap_or_default().to_owned(),
        };
        text.push_str(&format!("{:<12}{shown}\n", format!("{name}:")));
    }
    if let Some(archive) = answer.get("logArchive") {
        let number = |field: &str| archive.i64_at(&[field]).unwrap_or_default();
        let (place, revision) = (archive.str_at(&["directory"]).unwrap_or_default(), number("archivedRevision"));
        let waiting = size(number("waitingBytes"));
        let done = match revision {
            0 => "nothing since the server's start".to_owned(),
            revision => format!("to revision {revision}"),
        };
        text.push_str(&format!("{:<12}{place}: {done}; {waiting} wait\n", "archive:"));
    }
    if answer.bool_at(&["verified"]) == Some(true) {
        text.push_str("every checksum is right\n");
    }
    text.push_str(&verify::people(answer));
    for problem in answer.list_at(&["problems"]) {
        let part = |field: &str| problem.str_at(&[field]).unwrap_or_default().to_owned();
        text.push_str(&format!("problem: {}; {}\n", part("problem"), part("advice")));
    }
    if let Some(advice) = answer.str_at(&["advice"]) {
        text.push_str(&format!("{advice}\n"));
    }
    let content: Vec<Vec<String>> = answer
        .list_at(&["content"])
        .iter()
        .map(|row| {
            let number = |field: &str| row.i64_at(&[field]).unwrap_or_default();
            let name = row.str_at(&["collection"]).unwrap_or_default().to_owned();
            vec![name, number("keys").to_string(), size(number("bytes"))]
        })
        .collect();
    if !content.is_empty() {
        text.push_str(&output::table(&["COLLECTION", "KEYS", "SIZE"], &content));
    }
    text
}

fn size(bytes: i64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
