//! Sockets in, answers out.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apimachinery::Str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

use crate::{
    forward::{Forwarded, Forwarder},
    index::{Contribution, Index},
    records::{self, address_data},
    sockets,
    wire::{
        Code, Data, Malformed, PLAIN_UDP_BYTES, Query, Record, Response, UDP_BYTES, encode, encode_error, encode_query,
        encode_truncated, read_query, read_reply,
    },
    zone::{self, Outcome},
};

/// TCP connections at the same time; others wait in the kernel's queue.
const CONNECTIONS_LIMIT: usize = 256;
/// A TCP connection without a question is closed.
const IDLE: Duration = Duration::from_secs(10);
/// How long nothing is accepted when the process has no descriptor left.
const ACCEPT_REST: Duration = Duration::from_millis(100);
const MESSAGE_BYTES: usize = 65535;
/// Class "Internet".
const INTERNET: u16 = 1;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be listened on.
    #[error("DNS cannot listen on {address} ({protocol}): {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// `UDP` or `TCP`.
        protocol: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The process that answers cannot be started, or cannot do what it is told.
    #[error("the process that answers names: {0}")]
    Responder(std::io::Error),
    /// The resolvers of the node are unknown.
    #[error("DNS: {0}")]
    Resolvers(#[from] crate::resolv_conf::Error),
}

struct State {
    zone: Str,
    index: RwLock<Index>,
    /// Whether the index is complete: before that the cluster's names are not answered.
    complete: AtomicBool,
    forwarder: Forwarder,
}

/// A DNS server with its sockets.
pub struct Server {
    state: Arc<State>,
    datagrams: Vec<Arc<UdpSocket>>,
    listeners: Vec<TcpListener>,
}

/// Whether another server may have the same addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// It would be an error.
    Alone,
    /// Another, which listens as we do, is about to end.
    WithAnother,
}

/// The way to change what a server answers.
#[derive(Clone)]
pub struct Handle(Arc<State>);

impl Handle {
    /// Replaces what `owner` contributes.
    pub fn set(&self, owner: &str, contributions: Vec<Contribution>) {
        self.0.index.write().unwrap_or_else(PoisonError::into_inner).set(owner, contributions);
    }

    /// Forgets all owners but these.
    pub(crate) fn keep(&self, owners: &HashSet<String>) {
        let mut index = self.0.index.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Str> = index.owners().filter(|owner| !owners.contains(owner.as_str())).cloned().collect();
        gone.iter().for_each(|owner| index.set(owner, Vec::new()));
    }

    /// The index is complete: the cluster's names are answered from now on.
    pub fn complete(&self) {
        self.0.complete.store(true, Ordering::Release);
    }
}

/// How a question came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Datagram,
    Stream,
}

/// What can be said at once.
enum Immediate {
    Answer(Vec<u8>),
    Ignore,
    /// Others have to be asked: about the question itself, or about a name that the answer leads to.
    Ask(Option<(Response, Str)>),
}

impl Server {
    /// Answers for `zone`, and asks `resolvers` about other names.
    pub fn new(zone: &str, resolvers: &[SocketAddr]) -> Server {
        let zone = zone.trim_matches('.').to_ascii_lowercase();
        let mut index = Index::default();
        index.set("zone", records::zone(&zone));
        let forwarder = Forwarder::new(resolvers, &zone);
        let state = State { zone: zone.into(), index: RwLock::new(index), complete: AtomicBool::new(false), forwarder };
        Server { state: Arc::new(state), datagrams: Vec::new(), listeners: Vec::new() }
    }

    /// Listens on `addresses`, UDP and TCP each.
    ///
    /// Addresses should be those that clients use, not wildcards: an answer comes from the address that was
    /// asked only then.
    pub fn listen(&mut self, addresses: &[SocketAddr], sharing: Sharing) -> Result<(), Error> {
        let mut bound = Vec::new();
        for address in addresses {
            let fail = |protocol, address| move |source| Error::Bind { address, protocol, source };
            let datagrams = sockets::datagrams(*address, sharing).map_err(fail("UDP", *address))?;
            // Port 0 takes any; TCP then takes the same.
            let address = datagrams.local_addr().map_err(fail("UDP", *address))?;
            let listener = sockets::streams(address, sharing).map_err(fail("TCP", address))?;
            bound.push((Arc::new(datagrams), listener));
        }
        let (datagrams, listeners): (Vec<_>, Vec<_>) = bound.into_iter().unzip();
        self.datagrams.extend(datagrams);
        self.listeners.extend(listeners);
        Ok(())
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.datagrams.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// The way to change what it answers.
    pub fn handle(&self) -> Handle {
        Handle(self.state.clone())
    }

    /// Serves until it is dropped.
    pub async fn serve(self) {
        let mut tasks = JoinSet::new();
        for socket in self.datagrams {
            tasks.spawn(serve_datagrams(self.state.clone(), socket));
        }
        for listener in self.listeners {
            tasks.spawn(serve_streams(self.state.clone(), listener));
        }
        self.state.forwarder.probe().await;
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a DNS listener ended");
            }
        }
    }
}

async fn serve_datagrams(state: Arc<State>, socket: Arc<UdpSocket>) {
    let mut buffer = vec![0; MESSAGE_BYTES];
    let mut questions = JoinSet::new();
    loop {
        // An error belongs to an earlier answer whose client is gone.
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        while questions.try_join_next().is_some() {}
        let message = &buffer[..length];
        let answer = match immediate(&state, message, Transport::Datagram) {
            Immediate::Ignore => continue,
            Immediate::Answer(answer) => answer,
            Immediate::Ask(begun) => {
                let (state, socket, message) = (state.clone(), socket.clone(), message.to_vec());
                questions.spawn(async move {
                    let answer = ask(&state, &message, begun, Transport::Datagram).await;
                    let _ = socket.send_to(&answer, client).await;
                });
                continue;
            }
        };
        let _ = socket.send_to(&answer, client).await;
    }
}

async fn serve_streams(state: Arc<State>, listener: TcpListener) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_LIMIT));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                while connections.try_join_next().is_some() {}
                let state = state.clone();
                connections.spawn(async move {
                    let _ = serve_stream(&state, stream).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "DNS cannot accept a connection");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn serve_stream(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let message = timeout(IDLE, async {
            let length = stream.read_u16().await?;
            let mut message = vec![0; usize::from(length)];
            stream.read_exact(&mut message).await?;
            std::io::Result::Ok(message)
        })
        .await??;
        let answer = match immediate(state, &message, Transport::Stream) {
            Immediate::Ignore => return Ok(()),
            Immediate::Answer(answer) => answer,
            Immediate::Ask(begun) => ask(state, &message, begun, Transport::Stream).await,
        };
        let length = u16::try_from(answer.len()).map_err(|_| std::io::ErrorKind::InvalidData)?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&answer);
        timeout(IDLE, stream.write_all(&framed)).await??;
    }
}

/// The largest answer for this client.
fn limit_bytes(query: &Query<'_>, transport: Transport) -> usize {
    match (transport, query.edns) {
        (Transport::Stream, _) => MESSAGE_BYTES,
        (_, None) => PLAIN_UDP_BYTES,
        (_, Some(edns)) => usize::from(edns.payload_bytes).clamp(PLAIN_UDP_BYTES, UDP_BYTES),
    }
}

fn immediate(state: &State, message: &[u8], transport: Transport) -> Immediate {
    let query = match read_query(message) {
        Ok(query) => query,
        Err(Malformed::Ignore) => return Immediate::Ignore,
        Err(Malformed::Format(id)) => return Immediate::Answer(encode_error(id, Code::FormatError)),
        Err(Malformed::NotImplemented(id)) => return Immediate::Answer(encode_error(id, Code::NotImplemented)),
    };
    let say = |response: &Response| Immediate::Answer(encode(&query, response, limit_bytes(&query, transport)));
    if query.edns.is_some_and(|edns| edns.version != 0) {
        return say(&Response::empty(Code::BadVersion));
    }
    if query.class != INTERNET {
        return say(&Response::empty(Code::Refused));
    }
    state.forwarder.notice(&query.name);
    let outcome = {
        let index = state.index.read().unwrap_or_else(PoisonError::into_inner);
        zone::answer(&index, &state.zone, &query.name, query.kind)
    };
    let complete = state.complete.load(Ordering::Acquire);
    match outcome {
        Outcome::Elsewhere => match state.forwarder.known(&query) {
            Some(known) => Immediate::Answer(fit(&query, known, transport)),
            None => Immediate::Ask(None),
        },
        _ if !complete => say(&Response::empty(Code::ServerFailure)),
        Outcome::Answer(response) => say(&response),
        Outcome::Continue(response, name) => Immediate::Ask(Some((response, name))),
    }
}

/// Another's answer, unless it is too large for the client.
fn fit(query: &Query<'_>, answer: Vec<u8>, transport: Transport) -> Vec<u8> {
    let takes = query.edns.map_or(PLAIN_UDP_BYTES, |edns| usize::from(edns.payload_bytes).max(PLAIN_UDP_BYTES));
    if transport == Transport::Datagram && answer.len() > takes { encode_truncated(query) } else { answer }
}

/// Asks others about the question of `message`, or about where the answer begun leads to.
async fn ask(state: &State, message: &[u8], begun: Option<(Response, Str)>, transport: Transport) -> Vec<u8> {
    let Ok(query) = read_query(message) else { return Vec::new() };
    let failure = || encode(&query, &Response::empty(Code::ServerFailure), PLAIN_UDP_BYTES);
    let Some(_slot) = state.forwarder.slot() else { return failure() };
    if let Some((response, name)) = begun {
        let response = complete(state, &query, response, &name).await;
        return encode(&query, &response, limit_bytes(&query, transport));
    }
    match state.forwarder.ask(&query, message, transport == Transport::Stream).await {
        Forwarded::Answer(answer) => fit(&query, answer, transport),
        Forwarded::Failed => failure(),
        Forwarded::Nobody => encode(&query, &Response::empty(Code::NameError), PLAIN_UDP_BYTES),
    }
}

/// Completes an answer with what others say of `name`. What is begun is true in any case, and is said alone
/// when they say nothing.
async fn complete(state: &State, query: &Query<'_>, mut response: Response, name: &str) -> Response {
    let message = encode_query(name, query.kind);
    let Ok(question) = read_query(&message) else { return response };
    let answer = match state.forwarder.known(&question) {
        Some(known) => known,
        None => match state.forwarder.ask(&question, &message, false).await {
            Forwarded::Answer(answer) => answer,
            Forwarded::Failed => return Response { code: Code::ServerFailure, ..response },
            Forwarded::Nobody => return response,
        },
    };
    let answers = read_reply(&answer).map(|reply| reply.answers).unwrap_or_default();
    response.answers.extend(answers.into_iter().map(|answer| Record {
        name: answer.name.into(),
        ttl_seconds: answer.ttl_seconds,
        data: match answer.value {
            Ok(address) => address_data(address),
            Err(alias) => Data::Cname(alias.into()),
        },
    }));
    response
}
