//! The process that answers: it has the sockets and the index, and outlives who feeds it.
//!
//! While Sagong restarts, or is away, pods still ask for names. So the sockets are in a process of their own, which is
//! this binary under another name. It knows nothing of the API and has no credentials: a feeder ([`crate::link`]) tells
//! it what names there are. Without a feeder it goes on answering what it was told last.

mod holder;
pub(crate) mod protocol;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    ffi::OsString,
    io,
    net::SocketAddr,
    os::{fd::AsFd, unix::fs::PermissionsExt},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncWriteExt, BufReader, BufWriter},
    net::{UnixListener, UnixStream},
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::{Error, Handle, Server, server::Sharing};
use holder::Holder;
use protocol::{Order, Reply, Settings, receive, send};

/// Name of the program as a responder: what stands in its `argv[0]`.
pub(crate) const RESPONDER_NAME: &str = "sagong-dns";

/// What this responder is of.
pub(crate) const BUILD: &str = env!("CARGO_PKG_VERSION");

/// Runs this process as a responder if that is what it was started as; returns otherwise.
pub fn dispatch(arguments: impl IntoIterator<Item = OsString>) {
    if arguments.into_iter().next().is_some_and(|name| name == RESPONDER_NAME) {
        let code = match main() {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("dns: {error}");
                1
            }
        };
        std::process::exit(code);
    }
}

/// Its standard input is the connection of the feeder that has started it.
fn main() -> io::Result<()> {
    // Signals of the terminal, and the end of who has started it, do not concern it.
    rustix::process::setsid()?;
    rustix::process::chdir("/")?;
    rustix::thread::set_name(c"sagong-dns")?;
    let first = rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3)?;
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    let first = std::os::unix::net::UnixStream::from(first);
    first.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { run(UnixStream::from_std(first)?).await })
}

/// What a responder is and knows.
#[derive(Default)]
struct Responder {
    state: Mutex<State>,
    /// Whether somebody wishes its end.
    end: watch::Sender<bool>,
    /// A feeder has told it where others find it.
    found: Notify,
}

#[derive(Default)]
struct State {
    settings: Option<Settings>,
    socket: Option<PathBuf>,
    /// Made at the beginning; taken when it starts to listen.
    server: Option<Server>,
    handle: Option<Handle>,
    /// Counts feeders: the last that has greeted is heard.
    feeder: u64,
    /// Owners that the present feeder has named.
    named: HashSet<String>,
    serving: JoinSet<()>,
}

/// Serves the feeder `first`, then others, until one wishes its end. Without a feeder that told it what to be it ends.
pub(crate) async fn run(first: UnixStream) -> io::Result<()> {
    let responder = Arc::new(Responder::default());
    let mut end = responder.end.subscribe();
    let mut feeders = JoinSet::new();
    feeders.spawn(converse(responder.clone(), first));
    tokio::select! {
        () = responder.found.notified() => {}
        // It ended before it said where others find us: nobody will come.
        _ = feeders.join_next() => return Ok(()),
    }
    let Some(socket) = responder.lock().socket.clone() else {
        feeders.join_all().await;
        return Ok(());
    };
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    loop {
        tokio::select! {
            _ = end.changed() => break,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    feeders.spawn(converse(responder.clone(), stream));
                }
            }
            Some(_) = feeders.join_next() => {}
        }
    }
    // Each is told.
    feeders.join_all().await;
    Ok(())
}

/// One feeder's orders, until it goes or the end comes.
async fn converse(responder: Arc<Responder>, stream: UnixStream) {
    let (reader, writer) = stream.into_split();
    let (mut reader, mut writer) = (BufReader::new(reader), BufWriter::new(writer));
    let mut end = responder.end.subscribe();
    let mut number = 0;
    loop {
        let order = tokio::select! {
            order = receive::<Order>(&mut reader) => order,
            _ = end.changed() => {
                let _ = send(&mut writer, &Reply::Ended).await;
                let _ = writer.flush().await;
                return;
            }
        };
        let Ok(Some(order)) = order else { return };
        let reply = match responder.perform(order, &mut number) {
            Ok(None) => continue,
            Ok(Some(reply)) => reply,
            Err(message) => Reply::Failed { message },
        };
        // In one piece: who waits for several things may drop a reader in the middle of a message.
        if send(&mut writer, &reply).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

impl Responder {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn perform(&self, order: Order, number: &mut u64) -> Result<Option<Reply>, String> {
        let mut state = self.lock();
        match order {
            Order::Greet => {
                return Ok(Some(Reply::Greeting { build: BUILD.to_owned(), settings: state.settings.clone() }));
            }
            Order::End => {
                self.end.send_replace(true);
                return Ok(None);
            }
            Order::Begin { settings, socket, cgroup_procs } => {
                for file in cgroup_procs {
                    std::fs::write(&file, "0").map_err(|error| format!("cannot move to {file}: {error}"))?;
                }
                let server = Server::new(&settings.zone, &settings.resolvers);
                state.handle = Some(server.handle());
                state.server = Some(server);
                state.settings = Some(settings);
                state.socket = socket;
            }
            Order::Listen { beside } => {
                let addresses = state.settings.as_ref().map(|settings| settings.addresses.clone());
                let (Some(addresses), Some(mut server)) = (addresses, state.server.take()) else {
                    return Err("it has not begun, or listens already".to_owned());
                };
                let sharing = if beside { Sharing::WithAnother } else { Sharing::Alone };
                listen(&mut server, &addresses, sharing)?;
                state.serving.spawn(server.serve());
                self.found.notify_one();
            }
            Order::Set { owner, contributions } => {
                if let Some(handle) = state.heard(number) {
                    handle.set(&owner, contributions);
                    state.named.insert(owner);
                }
                return Ok(None);
            }
            Order::Complete => {
                if let Some(handle) = state.heard(number) {
                    handle.keep(&state.named);
                    handle.complete();
                }
            }
        }
        Ok(Some(Reply::Done))
    }
}

/// Listens, in the place of a responder that nobody feeds any more if one is there.
fn listen(server: &mut Server, addresses: &[SocketAddr], sharing: Sharing) -> Result<(), String> {
    let Err(error) = server.listen(addresses, sharing) else { return Ok(()) };
    let holder = match &error {
        Error::Bind { address, source, .. } if source.kind() == io::ErrorKind::AddrInUse => Holder::of(*address),
        _ => None,
    };
    match holder {
        Some(holder) if holder.is_responder() => {
            eprintln!("dns: {holder} answered here for a node that has another state directory; ending it");
            holder.end().map_err(|failed| format!("{error}: {failed}"))?;
            server.listen(addresses, sharing).map_err(|error| error.to_string())
        }
        Some(holder) => Err(format!("{error}: {holder} has it")),
        None => Err(error.to_string()),
    }
}

impl State {
    /// The way to the index for a feeder with this number, unless a later one has come.
    fn heard(&mut self, number: &mut u64) -> Option<Handle> {
        if *number == 0 {
            self.feeder += 1;
            *number = self.feeder;
            self.named.clear();
        }
        self.handle.clone().filter(|_| *number == self.feeder)
    }
}
