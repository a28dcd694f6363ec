//! What `sagong store etcd` prints for people.

use apimachinery::Value;

use crate::{
    commands::store::{self, size},
    output::{self, Output},
};

/// An answer as a table, or as lines.
pub(super) fn people(output: Output, answer: &Value) -> String {
    let text = |entry: &Value, field: &str| entry.str_at(&[field]).unwrap_or_default().to_owned();
    let bytes = |entry: &Value, field: &str| entry.i64_at(&[field]).map_or_else(|| "-".to_owned(), size);
    let joined = |entry: &Value, field: &str| {
        entry.list_at(&[field]).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
    };
    if answer.get("members").is_some() {
        let wide = output == Output::Wide;
        let mut header = vec!["NAME", "STATE", "ADDRESS", "VERSION", "DATABASE", "IN USE"];
        header.extend(if wide { &["ID", "PEER ADDRESS", "INDEX"][..] } else { &[] });
        header.push("PROBLEMS");
        let row = |entry: &Value| {
            let mut row = vec![
                text(entry, "name"),
                text(entry, "state"),
                joined(entry, "clientURLs"),
                text(entry, "version"),
                bytes(entry, "databaseBytes"),
                bytes(entry, "usedBytes"),
            ];
            if wide {
                let index = entry.i64_at(&["raftIndex"]).map_or_else(String::new, |index| index.to_string());
                row.extend([text(entry, "id"), joined(entry, "peerURLs"), index]);
            }
            row.push(joined(entry, "errors"));
            row
        };
        return output::table(&header, &answer.list_at(&["members"]).iter().map(row).collect::<Vec<_>>());
    }
    if answer.get("defragmented").is_some() {
        let row = |entry: &Value| {
            vec![text(entry, "name"), bytes(entry, "databaseBytesBefore"), bytes(entry, "databaseBytes")]
        };
        let rows: Vec<_> = answer.list_at(&["defragmented"]).iter().map(row).collect();
        return output::table(&["NAME", "BEFORE", "AFTER"], &rows);
    }
    let mut said = String::new();
    for (field, word) in [("removed", "removed"), ("promoted", "votes now"), ("added", "added as a learner")] {
        if answer.get(field).is_some() {
            said.push_str(&format!("{}: {word}\n", text(answer, field)));
        }
    }
    if answer.get("added").is_some() {
        said.push_str(&format!(
            "start it with --name {} --initial-cluster-state existing --initial-cluster {}\nthen let it vote: sagong store \
             etcd promote {}\n",
            text(answer, "added"),
            text(answer, "initialCluster"),
            text(answer, "added")
        ));
    }
    if said.is_empty() { store::people(answer) } else { said }
}
