//! Backups as files: made, proved, and the oldest removed.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use apimachinery::{Value, time, value};
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use store::backup::{self, Summary};

use crate::{
    api_access::AdminAccess,
    backup_files::{name, remove_oldest, sync_folder},
    store_api::BACKUP_PATH,
};

/// How often progress is shown, in bytes.
const PROGRESS_BYTES: u64 = 8 << 20;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct BackupOptions {
    /// The file to make; or a folder, in which it is named after the time. `-` is standard output.
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// With a folder: how many backups stay there, the newest ones; without it all.
    #[arg(long, value_name = "COUNT")]
    keep: Option<usize>,
}

/// Makes a backup.
pub(super) fn backup(data_directory: &Path, options: &BackupOptions) -> anyhow::Result<Value> {
    let folder = options.to.is_dir();
    if options.keep.is_some() && !folder {
        bail!("--keep: {} is no folder", options.to.display());
    }
    if options.keep == Some(0) {
        bail!("--keep: 0 would leave no backup at all");
    }
    let access = AdminAccess::load(data_directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = runtime.block_on(access.remote.stream_path(Method::GET, BACKUP_PATH)).context("the server refuses")?;
    if options.to == Path::new("-") {
        runtime.block_on(receive(body, &mut io::stdout().lock()))?;
        return Ok(value!({}));
    }
    let place = if folder { options.to.join(name(jiff::Timestamp::now())) } else { options.to.clone() };
    let unfinished = PathBuf::from(format!("{}.unfinished", place.display()));
    let made = make(&runtime, body, &unfinished).and_then(|summary| {
        std::fs::rename(&unfinished, &place).with_context(|| format!("cannot make {}", place.display()))?;
        sync_folder(&place)?;
        Ok(summary)
    });
    // What is no whole backup must not look like one.
    let summary = made.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
    let mut answer = summary_value(&place, &summary);
    if let Some(keep) = options.keep {
        let removed = remove_oldest(&options.to, keep)?;
        answer.set(&["removed"], Value::from(removed as i64));
    }
    Ok(answer)
}

fn make(runtime: &tokio::runtime::Runtime, body: Incoming, place: &Path) -> anyhow::Result<Summary> {
    let context = || format!("cannot write {}", place.display());
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(place);
    let mut output = BufWriter::new(file.with_context(context)?);
    runtime.block_on(receive(body, &mut output))?;
    let file = output.into_inner().map_err(io::IntoInnerError::into_error).with_context(context)?;
    file.sync_all().with_context(context)?;
    backup::verify(open(place)?).context("what the server sent is no whole backup")
}

pub(super) async fn receive(mut body: Incoming, output: &mut impl Write) -> anyhow::Result<()> {
    let show = io::stderr().is_terminal();
    let (mut received, mut shown) = (0_u64, 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the backup broke off")?;
        let Some(bytes) = frame.data_ref() else { continue };
        output.write_all(bytes).context("cannot write the backup")?;
        received += bytes.len() as u64;
        if show && received - shown >= PROGRESS_BYTES {
            shown = received;
            eprint!("\r{} MB", received / 1_000_000);
        }
    }
    if shown > 0 {
        eprintln!();
    }
    output.flush().context("cannot write the backup")
}

/// A backup to read; `-` is standard input.
pub(super) fn open(file: &Path) -> anyhow::Result<Box<dyn io::Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Reads a whole backup.
pub(super) fn verify(file: &Path) -> anyhow::Result<Value> {
    let summary = backup::verify(open(file)?).with_context(|| format!("{} cannot be restored", file.display()))?;
    let mut answer = summary_value(file, &summary);
    answer.set(&["verified"], value!(true));
    Ok(answer)
}

/// A backup as commands show it.
pub(super) fn summary_value(file: &Path, summary: &Summary) -> Value {
    let created = i64::try_from(summary.created_unix_seconds).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    let created = created.map(time::format_seconds).unwrap_or_default();
    let mut answer = value!({
        "file": file.display().to_string(),
        "created": created,
        "revision": summary.revision as i64,
        "keys": summary.keys as i64,
        "contentBytes": summary.content_bytes as i64
    });
    if let Ok(metadata) = std::fs::metadata(file) {
        answer.set(&["fileBytes"], Value::from(metadata.len() as i64));
    }
    answer
}
