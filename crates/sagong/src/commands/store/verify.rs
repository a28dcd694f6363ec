//! What is wrong with a store that does not run, and its repair.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use apimachinery::{Value, time, value};
use store::embedded::{
    self,
    salvage::{self, DamagedObject, Outcome, Report, Unnamed},
};

use super::backup;
use crate::directories::Directories;

#[derive(clap::Args, Clone, Debug)]
pub(super) struct VerifyOptions {
    /// A backup; without it the store of the data directory.
    #[arg(conflicts_with = "repair")]
    file: Option<PathBuf>,
    /// Say what a repair would keep and lose; with --yes, do it.
    #[arg(long)]
    repair: bool,
    /// Repair without asking further.
    #[arg(long, requires = "repair")]
    yes: bool,
}

/// What was found, and why the command fails nevertheless.
pub(super) type Verified = (Value, Option<anyhow::Error>);

pub(super) fn verify(data_directory: &Path, options: &VerifyOptions) -> anyhow::Result<Verified> {
    if let Some(file) = &options.file {
        return Ok((backup::verify(file)?, None));
    }
    let directories = Directories::look(data_directory)?;
    super::refuse_etcd(&directories, "verified by etcd itself")?;
    let place = directories.store();
    if !place.is_dir() {
        bail!("{} has no store", data_directory.display());
    }
    match embedded::verify(&place, embedded::Options::default()) {
        Ok(embedded::Verified { status, problems }) => {
            let mut answer = crate::status::store_value(&status);
            // How the next server will write it is its own matter.
            answer.remove(&["sync"]);
            answer.set(&["store"], Value::from(place.display().to_string()));
            answer.set(&["verified"], value!(problems.is_empty()));
            let advice = "only old revisions are lost with it, and no repair is needed";
            let problem = |problem: &String| value!({"problem": problem.as_str(), "advice": advice});
            if !problems.is_empty() {
                answer.set(&["problems"], problems.iter().map(problem).collect::<Value>());
            } else if options.repair {
                answer.set(&["advice"], value!("nothing is damaged, and nothing was repaired"));
            }
            Ok((answer, None))
        }
        Err(error) if error.is_damage() && options.yes => Ok((repair(data_directory)?, None)),
        Err(error) if error.is_damage() => {
            let report = salvage::inspect(&place, &embedded::Options::default())?;
            let advice = match options.repair {
                true => "nothing was changed: add --yes to repair it, or restore a backup",
                false => "`sagong store verify --repair` says what a repair does; or restore a backup",
            };
            Ok((report_value(&place, &report), Some(anyhow!("{error}; {advice}"))))
        }
        Err(error) => Err(error).context("the store cannot be read"),
    }
}

fn repair(data_directory: &Path) -> anyhow::Result<Value> {
    // Nobody may begin to use it meanwhile.
    let directories = Directories::open(data_directory)?;
    super::refuse_etcd(&directories, "verified by etcd itself")?;
    let place = directories.store();
    let now = time::format_seconds(jiff::Timestamp::now()).replace([':', '-'], "");
    let repaired = salvage::repair(&place, &format!("damaged-{now}"), &embedded::Options::default())
        .context("the store was not repaired, and is as it was")?;
    let mut answer = report_value(&place, &repaired.report);
    answer.set(&["revision"], Value::from(repaired.revision as i64));
    answer.set(&["repaired"], value!(true));
    answer.set(&["keptAside"], Value::from(repaired.aside.display().to_string()));
    Ok(answer)
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

fn report_value(place: &Path, report: &Report) -> Value {
    let damages = report.damages.iter().map(|damage| {
        let file = damage.path.display().to_string();
        let (offset, bytes) = (damage.offset as i64, damage.length_bytes as i64);
        value!({"file": file, "offset": offset, "bytes": bytes, "reason": damage.reason})
    });
    let unnamed = report.unnamed.iter().map(|unnamed| Value::from(unnamed_text(unnamed)));
    value!({
        "store": place.display().to_string(),
        "revision": report.revision as i64,
        "keys": report.keys as i64,
        "damages": damages.collect::<Value>(),
        "objects": report.objects.iter().map(object_value).collect::<Value>(),
        "unnamed": unnamed.collect::<Value>()
    })
}

fn object_value(object: &DamagedObject) -> Value {
    let (outcome, readable, says) = match object.outcome {
        Outcome::Whole(revision) => {
            ("Whole", Some(revision), "nothing of it is lost: a record as new is whole".to_owned())
        }
        Outcome::Older(revision) => {
            ("Older", Some(revision), format!("it goes back to its version of revision {revision}"))
        }
        Outcome::Returns(revision) => {
            let says = format!("it was deleted, and comes back as it was at revision {revision}");
            ("Returns", Some(revision), says)
        }
        Outcome::Lost => ("Lost", None, "no version of it can be read: it is lost".to_owned()),
    };
    let mut value = value!({"key": text(&object.key), "outcome": outcome, "says": says});
    if let Some(revision) = object.revision {
        value.set(&["damagedRevision"], Value::from(revision as i64));
    }
    if let Some(revision) = readable {
        value.set(&["readableRevision"], Value::from(revision as i64));
    }
    value
}

fn unnamed_text(unnamed: &Unnamed) -> String {
    match unnamed {
        Unnamed::Revisions { first, last: Some(last) } if first == last => {
            format!("the change of revision {first} is lost, and what it changed cannot be read")
        }
        Unnamed::Revisions { first, last: Some(last) } => {
            format!("changes of revisions {first} to {last} are lost, and what they changed cannot all be read")
        }
        Unnamed::Revisions { first, last: None } => {
            format!("changes from revision {first} on may be lost: nobody can tell how many there were")
        }
        Unnamed::Keys { path, after, before } => {
            let bound = |key: Option<&[u8]>, none: &str| key.map_or(none.to_owned(), text);
            let (after, before) = (bound(after.as_deref(), "its beginning"), bound(before.as_deref(), "its end"));
            format!("objects may be lost without a name in {}: between {after} and {before}", path.display())
        }
    }
}

/// The report for people.
pub(super) fn people(answer: &Value) -> String {
    let mut lines = String::new();
    for damage in answer.list_at(&["damages"]) {
        let file = damage.str_at(&["file"]).unwrap_or_default();
        let number = |field: &str| damage.i64_at(&[field]).unwrap_or_default();
        let place = match number("bytes") {
            0 => file.to_owned(),
            bytes => format!("{file} at offset {}, {bytes} bytes", number("offset")),
        };
        lines.push_str(&format!("damaged: {place}: {}\n", damage.str_at(&["reason"]).unwrap_or_default()));
    }
    for object in answer.list_at(&["objects"]) {
        let part = |field: &str| object.str_at(&[field]).unwrap_or_default();
        let revision =
            object.i64_at(&["damagedRevision"]).map(|revision| format!(" (its revision {revision} is damaged)"));
        lines.push_str(&format!("object: {}{}: {}\n", part("key"), revision.unwrap_or_default(), part("says")));
    }
    for unnamed in answer.list_at(&["unnamed"]) {
        lines.push_str(&format!("unnamed: {}\n", unnamed.as_str().unwrap_or_default()));
    }
    if let Some(aside) = answer.str_at(&["keptAside"]) {
        lines.push_str(&format!("repaired; the files from before are in {aside}\n"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_each_object_and_what_becomes_of_it() {
        let object = |key: &'static str, outcome| DamagedObject {
            key: key.into(),
            revision: Some(9),
            is_delete: false,
            outcome,
        };
        let report = Report {
            revision: 9,
            keys: 3,
            damages: vec![salvage::Damage {
                path: "/s/1.log".into(),
                offset: 40,
                length_bytes: 64,
                reason: "a record is broken",
            }],
            objects: vec![object("/a", Outcome::Older(4)), object("/b", Outcome::Lost)],
            unnamed: vec![Unnamed::Revisions { first: 5, last: Some(7) }],
        };
        let expected = "damaged: /s/1.log at offset 40, 64 bytes: a record is broken\n\
            object: /a (its revision 9 is damaged): it goes back to its version of revision 4\n\
            object: /b (its revision 9 is damaged): no version of it can be read: it is lost\n\
            unnamed: changes of revisions 5 to 7 are lost, and what they changed cannot all be read\n";
        assert_eq!(people(&report_value(Path::new("/s"), &report)), expected);
    }
}
