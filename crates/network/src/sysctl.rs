//! Kernel parameters of the network namespace of the calling thread.

use std::{fs, io};

/// A parameter that could not be set.
#[derive(Debug, thiserror::Error)]
#[error("cannot set {name} to {value}: {source}")]
pub struct Error {
    /// Its name with slashes, below `/proc/sys`.
    pub name: String,
    /// What it should be.
    pub value: String,
    /// The system's reason.
    pub source: io::Error,
}

/// A parameter that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name with slashes, below `/proc/sys`.
    pub name: String,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// Sets a parameter unless it has the value already, and says what changed.
pub fn ensure(name: &str, value: &str) -> Result<Option<Change>, Error> {
    let path = format!("/proc/sys/{name}");
    let fail = |source| Error { name: name.to_owned(), value: value.to_owned(), source };
    let before = fs::read_to_string(&path).map_err(fail)?.trim().to_owned();
    if before == value {
        return Ok(None);
    }
    fs::write(&path, value).map_err(fail)?;
    tracing::info!(parameter = name, before, after = value, "kernel parameter changed");
    Ok(Some(Change { name: name.to_owned(), before, after: value.to_owned() }))
}
