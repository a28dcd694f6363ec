//! Who reads old values from the log: a thread of its own, so that no task waits for the disk.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Background,
    place::{Wanted, read_values},
};
use crate::{StoreError, sync::Mutex};

struct Job {
    wanted: Vec<Wanted>,
    answer: oneshot::Sender<Result<Vec<Bytes>, StoreError>>,
}

/// Reads old values. Its thread is started when it is first needed, and ends with this.
pub(super) struct ValueReader {
    background: Background,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
}

impl ValueReader {
    pub(super) fn new(background: Background) -> ValueReader {
        ValueReader { background, jobs: Mutex::default() }
    }

    /// Reads values; gives them in the order in which they are wanted.
    ///
    /// # Errors
    /// `Damaged`, `Io`.
    pub(super) async fn read(&self, wanted: Vec<Wanted>) -> Result<Vec<Bytes>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        if self.background == Background::Inline {
            return read_values(&wanted);
        }
        let (answer, answered) = oneshot::channel();
        self.ask(Job { wanted, answer })?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    fn ask(&self, job: Job) -> Result<(), StoreError> {
        let mut jobs = self.jobs.lock();
        let sender = match &*jobs {
            Some(sender) => sender,
            None => {
                let (sender, receiver) = mpsc::channel::<Job>();
                let work = move || {
                    for job in receiver {
                        // Whoever no longer listens does not need it.
                        let _ = job.answer.send(read_values(&job.wanted));
                    }
                };
                thread::Builder::new().name("store-values".to_owned()).spawn(work).map_err(|error| {
                    let operation = "start a thread that reads old values".to_owned();
                    StoreError::Io { operation, source: Arc::new(error) }
                })?;
                jobs.insert(sender)
            }
        };
        sender.send(job).map_err(|_| StoreError::Closed)
    }
}
