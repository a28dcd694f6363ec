//! Clusters that move in from etcd, and out to it: its snapshots are read and written.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, anyhow, bail};
use apimachinery::{Value, protobuf};
use apiserver::registry::storage_prefix;
use etcd_snapshot::{Content, Hash};
use http::Method;
use store::{KeyValue, backup, embedded};

use super::backup::{open, receive};
use crate::{api_access::AdminAccess, backup_files::sync_folder, directories::Directories, store_api::BACKUP_PATH};

/// What begins a value that upstream's API server has encrypted.
const ENCRYPTED: &[u8] = b"k8s:enc:";
/// How many keys an error names.
const NAMED_KEYS: usize = 5;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct ImportOptions {
    /// What `etcdctl snapshot save` has made.
    file: PathBuf,
    /// Take a database without a hash behind it: one that was copied from a member's folder (member/snap/db).
    #[arg(long)]
    skip_hash_check: bool,
    /// Take objects, too, that guard something and do nothing here yet, such as webhook configurations.
    #[arg(long)]
    accept_unenforced: bool,
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct ExportOptions {
    /// The file to make.
    file: PathBuf,
    /// Take this backup in place of the running server.
    #[arg(long, value_name = "BACKUP")]
    from: Option<PathBuf>,
}

/// Makes a store of a snapshot.
pub(super) fn import(data_directory: &Path, options: &ImportOptions) -> anyhow::Result<Value> {
    let shown = options.file.display();
    let file = std::fs::File::open(&options.file).with_context(|| format!("cannot read {shown}"))?;
    let hash = if options.skip_hash_check { Hash::Optional } else { Hash::Required };
    let content = etcd_snapshot::read(&file, hash, now()).with_context(|| format!("{shown} is not imported"))?;
    refuse_encrypted(&content.items)?;
    let unenforced = unenforced(&content.items)?;
    if !unenforced.is_empty() && !options.accept_unenforced {
        bail!(
            "{shown} has objects that guard something and would do nothing here: {}; delete them first, or give \
             --accept-unenforced",
            some(&unenforced)
        );
    }
    let directories = Directories::open(data_directory)?;
    super::refuse_etcd(&directories, "imported by etcd's own `etcdutl snapshot restore`")?;
    let place = directories.store();
    let revision = content.revision;
    let summary = restore(content, &place).with_context(|| format!("{shown} was not imported"))?;
    let mut answer = Value::default();
    answer.set(&["file"], Value::from(shown.to_string()));
    answer.set(&["revision"], Value::from(revision as i64));
    answer.set(&["keys"], Value::from(summary.keys as i64));
    answer.set(&["contentBytes"], Value::from(summary.content_bytes as i64));
    answer.set(&["store"], Value::from(place.display().to_string()));
    let advice = format!(
        "start it with the old cluster's networks (--service-cidr, --cluster-cidr). With its ca.crt, ca.key, sa.key \
         and front-proxy-ca.* in {} before its first start, kubeconfigs, nodes' certificates and tokens go on being \
         valid; without them the server makes keys of its own",
        directories.pki().display()
    );
    answer.set(&["advice"], Value::from(advice));
    Ok(answer)
}

/// Makes a store of what was read, by way of a backup.
fn restore(content: Content, place: &Path) -> anyhow::Result<backup::Summary> {
    let (output, mut input) = pipe()?;
    let write = move || -> io::Result<()> {
        let mut writer = backup::Writer::new(output, content.revision, now())?;
        content.items.iter().try_for_each(|item| writer.add(item))?;
        writer.finish().map(drop)
    };
    thread::scope(|scope| {
        let writing = scope.spawn(write);
        let restored = embedded::restore::restore(&mut input, place, embedded::Options::default().file_system);
        drain(&mut input)?;
        let written = writing.join().map_err(|_| anyhow!("writing it ended early"))?;
        let summary = restored?;
        written?;
        Ok(summary)
    })
}

/// Writes a snapshot of the running server, or of a backup.
pub(super) fn export(data_directory: &Path, options: &ExportOptions) -> anyhow::Result<Value> {
    let (items, summary) = match &options.from {
        Some(from) => collect(open(from)?).with_context(|| format!("{} is not exported", from.display()))?,
        None => of_server(data_directory)?,
    };
    let unfinished = PathBuf::from(format!("{}.unfinished", options.file.display()));
    let context = || format!("cannot write {}", unfinished.display());
    let made = (|| -> anyhow::Result<etcd_snapshot::Written> {
        let open = OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(&unfinished);
        let file = open.with_context(context)?;
        let written = etcd_snapshot::write(items, summary.revision, now(), &file).with_context(context)?;
        file.sync_all().with_context(context)?;
        etcd_snapshot::read(&file, Hash::Required, 0).context("what was written cannot be read again")?;
        std::fs::rename(&unfinished, &options.file)
            .with_context(|| format!("cannot make {}", options.file.display()))?;
        sync_folder(&options.file)?;
        Ok(written)
    })();
    let written = made.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
    let mut answer = Value::default();
    answer.set(&["file"], Value::from(options.file.display().to_string()));
    answer.set(&["revision"], Value::from(summary.revision as i64));
    answer.set(&["keys"], Value::from(written.keys as i64));
    answer.set(&["contentBytes"], Value::from(summary.content_bytes as i64));
    answer.set(&["fileBytes"], Value::from(written.file_bytes as i64));
    Ok(answer)
}

/// Everything that the running server has.
fn of_server(data_directory: &Path) -> anyhow::Result<(Vec<KeyValue>, backup::Summary)> {
    let access = AdminAccess::load(data_directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = runtime.block_on(access.remote.stream_path(Method::GET, BACKUP_PATH)).context("the server refuses")?;
    let (mut output, mut input) = pipe()?;
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let collected = collect(&mut input);
            drain(&mut input).map(|()| collected)
        });
        let received = runtime.block_on(receive(body, &mut output));
        drop(output);
        let collected = reading.join().map_err(|_| anyhow!("reading it ended early"))?;
        received?;
        Ok(collected??)
    })
}

fn collect(input: impl io::Read) -> Result<(Vec<KeyValue>, backup::Summary), backup::BackupError> {
    let mut reader = backup::Reader::new(input)?;
    let mut items = Vec::new();
    while let Some(more) = reader.next()? {
        items.extend(more);
    }
    Ok((items, reader.summary()))
}

/// In seconds since the Unix epoch.
fn now() -> u64 {
    store::Clock::now_unix_milliseconds(&store::SystemClock) / 1000
}

/// Reads the rest: who writes to a pipe that nobody reads is ended by a signal.
fn drain(input: &mut io::PipeReader) -> anyhow::Result<()> {
    io::copy(input, &mut io::sink()).context("cannot read the rest")?;
    Ok(())
}

fn pipe() -> anyhow::Result<(io::PipeWriter, io::PipeReader)> {
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    Ok((writer, reader))
}

/// Values that only upstream's API server with its key can read would be lost quietly.
fn refuse_encrypted(items: &[KeyValue]) -> anyhow::Result<()> {
    let encrypted: Vec<String> = items.iter().filter(|item| item.value.starts_with(ENCRYPTED)).map(shown).collect();
    if encrypted.is_empty() {
        return Ok(());
    }
    bail!(
        "values are encrypted: {}; put `identity: {{}}` first in the old API server's EncryptionConfiguration, write \
         them anew (`kubectl get secrets -A -o json | kubectl replace -f -`) and take another snapshot",
        some(&encrypted)
    )
}

/// Objects of kinds that are refused when somebody creates them, since nothing here does what they say.
fn unenforced(items: &[KeyValue]) -> anyhow::Result<Vec<String>> {
    let refused: Vec<String> = resources::RESOURCES
        .iter()
        .filter(|row| row.guard.refused.is_some())
        .map(|row| storage_prefix(row.group, row.resource, false))
        .collect();
    let local_prefix = storage_prefix("apiregistration.k8s.io", "apiservices", false);
    let mut found = Vec::new();
    for item in items {
        let Some(prefix) = refused.iter().find(|prefix| item.key.starts_with(prefix.as_bytes())) else { continue };
        // Those of the API server's own groups are in every cluster.
        if *prefix == local_prefix && is_local_group(item)? {
            continue;
        }
        found.push(shown(item));
    }
    Ok(found)
}

fn is_local_group(item: &KeyValue) -> anyhow::Result<bool> {
    let context = || format!("the value of {} cannot be read", shown(item));
    if !item.value.starts_with(protobuf::MAGIC) {
        let object = apimachinery::decode::json_untyped(&item.value).with_context(context)?;
        return Ok(object.at(&["spec", "service"]).is_none());
    }
    let envelope = protobuf::Envelope::open(&item.value).with_context(context)?;
    let version = envelope.api_version.rsplit('/').next().unwrap_or_default();
    let type_id = api::type_of("apiregistration.k8s.io", version, "APIService").with_context(context)?;
    let object = protobuf::decode(&envelope.raw, api::schema(), type_id).with_context(context)?;
    Ok(object.at(&["spec", "service"]).is_none())
}

fn shown(item: &KeyValue) -> String {
    String::from_utf8_lossy(&item.key).into_owned()
}

fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_KEYS);
    let first = names[..names.len() - more].join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}
