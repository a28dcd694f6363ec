//! State files: JSON with a version, replaced atomically.
//!
//! A file is complete or absent, whenever this program is killed. It is not forced to the disk: state describes
//! processes, and those do not survive what loses a written file.

use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Version of the files' form. Fields are only ever added; a change of meaning raises it and converts on reading.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

/// Writes a value, in place of what the file held.
pub(crate) fn write(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(&Versioned { version: VERSION, content })?;
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// Reads a value; `None` when there is no such file. A file of a newer version is an error.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let file: Versioned<T> =
        serde_json::from_slice(&bytes).map_err(|error| invalid(format!("{}: {error}", path.display())))?;
    if file.version > VERSION {
        return Err(invalid(format!("{} is of version {}, newer than {VERSION}", path.display(), file.version)));
    }
    Ok(Some(file.content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_newer_versions_are_refused() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Content {
            number: i64,
        }
        let path = std::env::temp_dir().join(format!("sagong-state-test-{}.json", std::process::id()));
        assert_eq!(read::<Content>(&path).unwrap(), None);
        write(&path, &Content { number: 1 << 60 }).unwrap();
        assert_eq!(read::<Content>(&path).unwrap(), Some(Content { number: 1 << 60 }));
        fs::write(&path, r#"{"version":2,"number":1}"#).unwrap();
        assert!(read::<Content>(&path).unwrap_err().to_string().contains("newer"));
        fs::remove_file(&path).unwrap();
    }
}
