//! `sagong status`: how the running server does.

use std::{path::PathBuf, time::SystemTime};

use apimachinery::{Value, value};

use crate::{
    admin,
    output::{self, Output},
    status::unix_seconds,
};

/// Say how the running server does, and what to do where it does not.
///
/// Example: `sagong status --output json`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the running server.
    #[arg(long, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// How to print; wide has failures and certificates too.
    #[arg(long, short, default_value = "table")]
    output: Output,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let status = admin::order(&options.data_dir, "/status", &value!({}))?;
    match output::document(options.output, &status)? {
        Some(document) => print!("{document}"),
        None => print!("{}", people(&status, options.output == Output::Wide, unix_seconds(SystemTime::now()))),
    }
    Ok(())
}

/// Two units are enough to know.
fn duration(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m{}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h{minutes}m"),
        (days, hours, _) => format!("{days}d{hours}h"),
    }
}

fn size(bytes: i64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn people(status: &Value, wide: bool, now: i64) -> String {
    let number = |path: &[&str]| status.i64_at(path).unwrap_or_default();
    let text = |value: &Value, field: &str| value.str_at(&[field]).unwrap_or_default().to_owned();
    let ready = if status.bool_at(&["ready"]).unwrap_or_default() { "ready" } else { "not ready" };
    let node = match status.str_at(&["node", "name"]) {
        None => "none".to_owned(),
        Some(name) if status.bool_at(&["node", "ready"]).unwrap_or_default() => format!("{name}, ready"),
        Some(name) => format!("{name}, not ready"),
    };
    let store = format!(
        "revision {}, {} keys, {} in memory, {} on disk",
        number(&["store", "revision"]),
        number(&["store", "keys"]),
        size(number(&["store", "memoryBytes"])),
        size(number(&["store", "logBytes"]) + number(&["store", "snapshotBytes"]))
    );
    let up = duration(number(&["uptimeSeconds"]));
    let version = text(status, "version");
    let mut out = format!("server: {ready}, version {version}, up {up}\nnode:   {node}\nstore:  {store}\n\n");
    let components = status.list_at(&["components"]).iter().map(|component| {
        let since = component.i64_at(&["runningSinceUnixSeconds"]).unwrap_or_default();
        let age = if since == 0 { "-".to_owned() } else { duration(now - since) };
        let failures = component.i64_at(&["failures"]).unwrap_or_default().to_string();
        let mut row = vec![text(component, "name"), text(component, "state"), age, failures];
        if wide {
            row.push(text(component, "lastFailure"));
        }
        row
    });
    let rows: Vec<_> = components.collect();
    let header = ["COMPONENT", "STATE", "FOR", "FAILURES", "LAST FAILURE"];
    out.push_str(&output::table(if wide { &header } else { &header[..4] }, &rows));
    if wide {
        let certificates = status.list_at(&["certificates"]).iter().map(|certificate| {
            let left = certificate.i64_at(&["expiresUnixSeconds"]).unwrap_or_default() - now;
            vec![text(certificate, "name"), duration(left)]
        });
        out.push('\n');
        out.push_str(&output::table(&["CERTIFICATE", "ENDS IN"], &certificates.collect::<Vec<_>>()));
    }
    let problems = status.list_at(&["problems"]);
    if !problems.is_empty() {
        out.push('\n');
    }
    for problem in problems {
        out.push_str(&format!("problem: {}\n         {}\n", text(problem, "problem"), text(problem, "remedy")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let written: Vec<String> = [5, 65, 3_660, 90_000].into_iter().map(duration).collect();
        assert_eq!(written, ["5s", "1m5s", "1h1m", "1d1h"]);
    }

    #[test]
    fn problems_are_shown_with_what_to_do() {
        let status = value!({
            "ready": false, "version": "1", "uptimeSeconds": 5,
            "components": [{"name": "dns", "state": "running", "runningSinceUnixSeconds": 10, "failures": 0}],
            "problems": [{"problem": "no disk", "remedy": "buy one"}]
        });
        let text = people(&status, false, 75);
        assert!(text.starts_with("server: not ready, version 1, up 5s\nnode:   none\n"), "{text}");
        assert!(text.contains("dns         running   1m5s   0\n"), "{text}");
        assert!(text.ends_with("problem: no disk\n         buy one\n"), "{text}");
    }
}
