//! Environment variables from files of a pod's volumes: `fileKeyRef`.
//!
//! The form is upstream's strict subset of the shell's: `NAME='value'` with the value between single quotes, which
//! may go over several lines and is taken as it stands. Whatever else a shell would accept is refused, so that no two
//! readers understand one file differently.

use std::{io::Read, path::Path};

use crate::volumes::subpath;

/// The most that is read of such a file: an environment cannot hold more anyway.
const FILE_LIMIT_BYTES: u64 = 1 << 20;

/// The value of `key` in the file at `path` of a volume; `None` when the file does not have it.
///
/// # Errors
/// The file is not there, leads out of the volume, or is not of that form.
pub fn value(volume: &Path, path: &str, key: &str) -> Result<Option<String>, String> {
    let read = || -> std::io::Result<String> {
        let place = subpath::open_existing(volume, path)?;
        // Opened as a place only; reading takes another open of the same file.
        let file = std::fs::File::open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&place)))?;
        let mut text = String::new();
        file.take(FILE_LIMIT_BYTES).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| format!("failed to open environment variable file {path:?}: {error}"))?;
    find(&text, key)
}

fn find(text: &str, key: &str) -> Result<Option<String>, String> {
    let wrong = |line: usize, what: &str| Err(format!("invalid environment variable format at line {line}: {what}"));
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, rest)) = line.split_once('=') else { return wrong(number, "missing '='") };
        if name.trim_end_matches([' ', '\t']).is_empty() {
            return wrong(number, "empty variable name");
        }
        if name.ends_with([' ', '\t']) {
            return wrong(number, "whitespace before '=' is not allowed");
        }
        // As in a shell: what stands apart from the name is no part of its value.
        if rest.starts_with([' ', '\t']) {
            if name == key {
                return Ok(None);
            }
            continue;
        }
        let Some(mut rest) = rest.strip_prefix('\'') else {
            return wrong(number, "value must be enclosed in single quotes");
        };
        let mut value = String::new();
        let mut last = number;
        let after = loop {
            if let Some((end, after)) = rest.split_once('\'') {
                value.push_str(end);
                break after;
            }
            value.push_str(rest);
            value.push('\n');
            let Some((next, number)) = lines.next() else {
                return Err(format!(
                    "invalid environment variable format starting at line {number}: unclosed single quote"
                ));
            };
            (rest, last) = (next, number);
        };
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with('#') {
            return wrong(last, "unexpected content after closing quote");
        }
        if name == key {
            return Ok(Some(value).filter(|value| !value.is_empty()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = "# comment\n\n  A='1'\nB='two\nlines' # why\nC= 'x'\nD='$(A)'\n";
        assert_eq!(find(text, "A"), Ok(Some("1".into())));
        assert_eq!(find(text, "B"), Ok(Some("two\nlines".into())));
        assert_eq!((find(text, "C"), find(text, "E")), (Ok(None), Ok(None)));
        assert_eq!(find(text, "D"), Ok(Some("$(A)".into())));
    }

    #[test]
    fn other_forms_are_refused() {
        for (text, problem) in [
            ("A", "at line 1: missing '='"),
            ("\n='1'", "at line 2: empty variable name"),
            ("A ='1'", "at line 1: whitespace before '=' is not allowed"),
            ("A=1", "at line 1: value must be enclosed in single quotes"),
            ("A='1'2", "at line 1: unexpected content after closing quote"),
            ("A='1\n2", "starting at line 1: unclosed single quote"),
        ] {
            assert_eq!(find(text, "A"), Err(format!("invalid environment variable format {problem}")), "{text}");
        }
    }

    #[test]
    fn files_stay_inside() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("env"), "A='1'\n").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("out")).unwrap();
        assert_eq!(value(directory.path(), "env", "A"), Ok(Some("1".into())));
        for path in ["out", "../env", "none"] {
            assert!(value(directory.path(), path, "A").is_err(), "{path}");
        }
    }
}
