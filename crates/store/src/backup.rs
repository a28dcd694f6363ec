//! Backups: every key as it was at one revision, in one compressed file that proves itself.
//!
//! The file is a header as the store's other files have, then the records of a snapshot ([`crate::embedded`]), each
//! with its checksum, as one gzip stream; the last record counts the keys. Nothing in it depends on the engine, so that
//! a backup of one can be restored to another.

use std::io::{self, Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use crate::{
    KeyValue, Revision,
    embedded::record::{
        BACKUP_FORMAT_VERSION, BACKUP_MAGIC, FILE_HEADER_BYTES, FileHeader, HeaderError, RECORD_HEADER_BYTES,
        RecordHeader, RecordKind, append_item, append_record, decode_items,
    },
    limits,
};

/// The longest record of a backup that is believed: one with a value of the greatest length, and some.
const RECORD_LIMIT_BYTES: usize = 4 * (limits::SNAPSHOT_RECORD_BYTES + limits::VALUE_LIMIT_BYTES);

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The revision that it shows.
    pub revision: Revision,
    /// The history of its store, by which its log is found in an archive; 0 when that is not known.
    pub history: u32,
    /// When it was made, in seconds since the Unix epoch.
    pub created_unix_seconds: u64,
    /// How many keys it has.
    pub keys: u64,
    /// Keys and values in bytes, uncompressed.
    pub content_bytes: u64,
}

/// Why a backup cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It is something else.
    #[error("this is no backup of a store: {0}")]
    Foreign(&'static str),
    /// A newer release wrote it.
    #[error("the backup has format version {found}; this release reads versions up to {supported}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is read.
        supported: u32,
    },
    /// It is damaged, or its end is missing.
    #[error("the backup is damaged after {keys} keys: {reason}")]
    Damaged {
        /// How many keys could be read.
        keys: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// It cannot be read.
    #[error("cannot read the backup: {0}")]
    Io(#[from] io::Error),
}

/// Writes a backup.
pub struct Writer<W: Write> {
    encoder: GzEncoder<W>,
    summary: Summary,
    payload: Vec<u8>,
    record: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a backup of `revision`, of a store whose history is not known.
    ///
    /// # Errors
    /// Those of `output`.
    pub fn new(output: W, revision: Revision, created_unix_seconds: u64) -> io::Result<Writer<W>> {
        Writer::of_history(output, revision, 0, created_unix_seconds)
    }

    /// Begins a backup of `revision` of a [`crate::Export::history`].
    ///
    /// # Errors
    /// Those of `output`.
    pub fn of_history(
        mut output: W,
        revision: Revision,
        history: u32,
        created_unix_seconds: u64,
    ) -> io::Result<Writer<W>> {
        let header = FileHeader { version: BACKUP_FORMAT_VERSION, history, revision, sequence: created_unix_seconds };
        output.write_all(&header.encode(BACKUP_MAGIC))?;
        let summary = Summary { revision, history, created_unix_seconds, keys: 0, content_bytes: 0 };
        let encoder = GzEncoder::new(output, Compression::fast());
        Ok(Writer { encoder, summary, payload: Vec::new(), record: Vec::new() })
    }

    /// Where it is written, to take away what has been written so far.
    pub fn output_mut(&mut self) -> &mut W {
        self.encoder.get_mut()
    }

    /// Adds a key; keys come in their order.
    ///
    /// # Errors
    /// Those of the output.
    pub fn add(&mut self, item: &KeyValue) -> io::Result<()> {
        append_item(&mut self.payload, item);
        self.summary.keys += 1;
        self.summary.content_bytes += (item.key.len() + item.value.len()) as u64;
        if self.payload.len() >= limits::SNAPSHOT_RECORD_BYTES { self.write_items() } else { Ok(()) }
    }

    /// Ends the backup; without this it is refused when it is read.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        if !self.payload.is_empty() {
            self.write_items()?;
        }
        self.write(RecordKind::End, &self.summary.keys.to_le_bytes())?;
        Ok((self.encoder.finish()?, self.summary))
    }

    fn write_items(&mut self) -> io::Result<()> {
        let payload = std::mem::take(&mut self.payload);
        self.write(RecordKind::Items, &payload)?;
        self.payload = payload;
        self.payload.clear();
        Ok(())
    }

    fn write(&mut self, kind: RecordKind, payload: &[u8]) -> io::Result<()> {
        self.record.clear();
        append_record(&mut self.record, kind, self.summary.revision, 0, |record| record.extend_from_slice(payload));
        self.encoder.write_all(&self.record)
    }
}

/// Reads a backup, and believes nothing that does not prove itself.
pub struct Reader<R: Read> {
    decoder: GzDecoder<R>,
    summary: Summary,
    last_key: Option<bytes::Bytes>,
    record: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn new(mut input: R) -> Result<Reader<R>, BackupError> {
        let mut bytes = [0; FILE_HEADER_BYTES];
        input.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::Foreign("it is too short"),
            _ => BackupError::Io(error),
        })?;
        let header = FileHeader::decode(&bytes, BACKUP_MAGIC).map_err(|error| match error {
            HeaderError::Newer(found) => BackupError::Newer { found, supported: BACKUP_FORMAT_VERSION },
            HeaderError::Corrupt(reason) => BackupError::Foreign(reason),
        })?;
        let summary = Summary {
            revision: header.revision,
            history: header.history,
            created_unix_seconds: header.sequence,
            keys: 0,
            content_bytes: 0,
        };
        Ok(Reader { decoder: GzDecoder::new(input), summary, last_key: None, record: Vec::new() })
    }

    /// What was read so far; all of it after [`Reader::next`] has given none.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The next keys; none at the end, which is only found when everything was there.
    ///
    /// # Errors
    /// See [`BackupError`].
    #[allow(clippy::should_implement_trait, reason = "an iterator's item would be an option of a result")]
    pub fn next(&mut self) -> Result<Option<Vec<KeyValue>>, BackupError> {
        let keys = self.summary.keys;
        let damaged = |reason| BackupError::Damaged { keys, reason };
        self.record.resize(RECORD_HEADER_BYTES, 0);
        self.decoder.read_exact(&mut self.record).map_err(|error| broken(keys, error))?;
        let header = RecordHeader::decode(&self.record).ok_or_else(|| damaged("a record does not begin as one"))?;
        let length_bytes = header.record_bytes();
        if length_bytes > RECORD_LIMIT_BYTES {
            return Err(damaged("a record is too long"));
        }
        self.record.resize(length_bytes, 0);
        let rest = &mut self.record[RECORD_HEADER_BYTES..];
        self.decoder.read_exact(rest).map_err(|error| broken(keys, error))?;
        let payload = header.verify(&self.record).ok_or_else(|| damaged("the checksum of a record is wrong"))?;
        if header.revision != self.summary.revision {
            return Err(damaged("a record is of another backup"));
        }
        match header.kind {
            RecordKind::Items => {
                let items = decode_items(payload).ok_or_else(|| damaged("the items are malformed"))?;
                for item in &items {
                    if self.last_key.as_ref().is_some_and(|last| *last >= item.key) {
                        return Err(damaged("the keys are not in order"));
                    }
                    self.last_key = Some(item.key.clone());
                    self.summary.keys += 1;
                    self.summary.content_bytes += (item.key.len() + item.value.len()) as u64;
                }
                Ok(Some(items))
            }
            RecordKind::End if payload == keys.to_le_bytes() => {
                // The stream's own end has a checksum over all of it.
                let more = self.decoder.read(&mut [0]).map_err(|error| broken(keys, error))?;
                if more == 0 { Ok(None) } else { Err(damaged("something follows its end")) }
            }
            RecordKind::End => Err(damaged("its end counts other keys")),
            _ => Err(damaged("a record does not belong there")),
        }
    }
}

fn broken(keys: u64, error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::Damaged { keys, reason: "its end is missing" },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            BackupError::Damaged { keys, reason: "it cannot be decompressed" }
        }
        _ => BackupError::Io(error),
    }
}

/// Reads a whole backup, to know that it can be restored.
///
/// # Errors
/// See [`BackupError`].
pub fn verify(input: impl Read) -> Result<Summary, BackupError> {
    let mut reader = Reader::new(input)?;
    while reader.next()?.is_some() {}
    Ok(reader.summary())
}
