//! A feeder's end of the line to its responder: finds it or starts it, and tells it what names there are.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    Error,
    driver::Update,
    responder::{
        self, BUILD, RESPONDER_NAME,
        protocol::{Order, Reply, Settings, receive, send},
    },
};

/// Where answers are given.
#[derive(Clone, Debug)]
pub enum Responder {
    /// In this process; names are not answered when it has gone.
    Here,
    /// In a process of its own, which outlives this one and is found again.
    Process {
        /// The program that calls [`crate::dispatch`] first.
        executable: PathBuf,
        /// The responder's own socket, and the place of its log beside it.
        socket: PathBuf,
        /// Files of the control groups that are not this process's.
        cgroup_procs: Vec<String>,
    },
}

/// A connection to a responder.
struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
}

impl Line {
    fn new(stream: UnixStream) -> Line {
        let (reader, writer) = stream.into_split();
        Line { reader: BufReader::new(reader), writer: BufWriter::new(writer) }
    }

    async fn order(&mut self, order: &Order) -> io::Result<Reply> {
        send(&mut self.writer, order).await?;
        self.writer.flush().await?;
        match receive(&mut self.reader).await? {
            Some(Reply::Failed { message }) => Err(io::Error::other(message)),
            Some(reply) => Ok(reply),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// A responder that is fed.
pub(crate) struct Link {
    line: Line,
    /// The one whose place it takes when it is complete.
    replaced: Option<Line>,
    /// Whether it listens already.
    listening: bool,
}

/// Why feeding ends.
pub(crate) enum Parted {
    /// Somebody wished the responder's end.
    Ended,
    /// It is gone.
    Lost(io::Error),
}

impl From<io::Error> for Parted {
    fn from(error: io::Error) -> Parted {
        Parted::Lost(error)
    }
}

impl Link {
    /// The responder that serves `settings`: the one that there is, or a new one.
    pub(crate) async fn open(place: &Responder, settings: &Settings) -> Result<Link, Error> {
        let mut replaced = None;
        if let Responder::Process { socket, .. } = place
            && let Ok(stream) = UnixStream::connect(socket).await
        {
            let mut line = Line::new(stream);
            match line.order(&Order::Greet).await {
                Ok(Reply::Greeting { build, settings: Some(served) }) if build == BUILD && served == *settings => {
                    tracing::debug!("names are answered by the process that there was");
                    return Ok(Link { line, replaced: None, listening: true });
                }
                Ok(_) => replaced = Some(line),
                Err(error) => tracing::warn!(%error, "the process that answers names does not understand"),
            }
        }
        let (stream, socket, cgroup_procs) = start(place)?;
        let mut line = Line::new(stream);
        let begin = Order::Begin { settings: settings.clone(), socket, cgroup_procs };
        line.order(&begin).await.map_err(Error::Responder)?;
        let mut link = Link { line, replaced, listening: false };
        if link.replaced.is_none() {
            // Bad addresses are told at once; until it is complete, the answer is that the server has failed.
            link.listen(false).await.map_err(Error::Responder)?;
        }
        Ok(link)
    }

    async fn listen(&mut self, beside: bool) -> io::Result<()> {
        self.line.order(&Order::Listen { beside }).await?;
        self.listening = true;
        Ok(())
    }

    /// Passes updates on.
    pub(crate) async fn send(&mut self, updates: impl IntoIterator<Item = Update>) -> Result<(), Parted> {
        for update in updates {
            match update {
                Update::Set(owner, contributions) => {
                    send(&mut self.line.writer, &Order::Set { owner, contributions }).await?;
                }
                Update::Complete => {
                    self.line.order(&Order::Complete).await?;
                    if !self.listening {
                        self.listen(true).await?;
                    }
                    if let Some(mut replaced) = self.replaced.take() {
                        let _ = replaced.order(&Order::End).await;
                    }
                }
            }
        }
        Ok(self.line.writer.flush().await?)
    }

    /// Waits for the responder's end.
    pub(crate) async fn parted(&mut self) -> Parted {
        match receive(&mut self.line.reader).await {
            Ok(Some(Reply::Ended)) => Parted::Ended,
            Ok(_) => Parted::Lost(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => Parted::Lost(error),
        }
    }
}

type Started = (UnixStream, Option<PathBuf>, Vec<String>);

fn start(place: &Responder) -> Result<Started, Error> {
    match place {
        Responder::Here => {
            let (own, theirs) = UnixStream::pair().map_err(Error::Responder)?;
            tokio::spawn(responder::run(theirs));
            Ok((own, None, Vec::new()))
        }
        Responder::Process { executable, socket, cgroup_procs } => {
            let stream = spawn(executable, socket).map_err(Error::Responder)?;
            Ok((stream, Some(socket.clone()), cgroup_procs.clone()))
        }
    }
}

fn spawn(executable: &Path, socket: &Path) -> io::Result<UnixStream> {
    if let Some(directory) = socket.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let (own, theirs) = std::os::unix::net::UnixStream::pair()?;
    own.set_nonblocking(true)?;
    let log = std::fs::File::create(socket.with_extension("log"))?;
    let mut child = Command::new(executable)
        .arg0(RESPONDER_NAME)
        .env_clear()
        // It needs little memory, and pages cleared in advance would be most of it.
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    // Reaped when it ends while we live; afterwards it is init's.
    std::thread::Builder::new().name("dns-reaper".to_owned()).spawn(move || child.wait())?;
    UnixStream::from_std(own)
}

/// Ends the responder that is found at `socket`, if there is one.
///
/// # Errors
/// It is there and does not obey.
pub async fn end(socket: &Path) -> io::Result<()> {
    let Ok(stream) = UnixStream::connect(socket).await else { return Ok(()) };
    Line::new(stream).order(&Order::End).await?;
    std::fs::remove_file(socket)
}
