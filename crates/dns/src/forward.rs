//! Asking others about names that are not the cluster's.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{
    cache::{Cache, Key},
    wire::{HEADER_BYTES, Query, Reply, encode_query, read_reply},
};

/// How long one resolver is waited for.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// How often resolvers are asked for one answer at most.
const ATTEMPTS_LIMIT: usize = 3;
/// How long it is not tried again when no resolver answers: meanwhile clients are told so at once.
const REST: Duration = Duration::from_secs(2);
/// Questions that are with resolvers at the same time; more of them are refused.
const QUESTIONS_LIMIT: usize = 1000;
const MESSAGE_BYTES: usize = 65535;
/// A record type that nobody asks for (HINFO).
const PROBE_KIND: u16 = 13;

/// A resolver.
struct Upstream {
    address: SocketAddr,
    /// It asks us what we ask it.
    loops: AtomicBool,
    /// The name by which that is found out.
    probe: String,
}

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// This is the answer, for the client as it is.
    Answer(Vec<u8>),
    /// No resolver answered, or too many questions are open.
    Failed,
    /// There is no resolver.
    Nobody,
}

pub(crate) struct Forwarder {
    upstreams: Vec<Upstream>,
    /// The one that answered last.
    preferred: AtomicUsize,
    resting_until: Mutex<Option<Instant>>,
    cache: Mutex<Cache>,
    slots: Semaphore,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Forwarder {
    pub(crate) fn new(addresses: &[SocketAddr], zone: &str) -> Forwarder {
        let upstreams = addresses.iter().map(|address| Upstream {
            address: *address,
            loops: AtomicBool::new(false),
            probe: format!("{}.loop-check.{zone}", stdx::random::name_suffix(16)),
        });
        Forwarder {
            upstreams: upstreams.collect(),
            preferred: AtomicUsize::new(0),
            resting_until: Mutex::new(None),
            cache: Mutex::new(Cache::default()),
            slots: Semaphore::new(QUESTIONS_LIMIT),
        }
    }

    /// Asks every resolver for a name that only we would be asked for in turn.
    pub(crate) async fn probe(&self) {
        for upstream in &self.upstreams {
            let message = encode_query(&upstream.probe, PROBE_KIND);
            // Whatever it answers is right; what matters is whether the question comes back.
            let _ = timeout(ATTEMPT, exchange_datagram(upstream.address, &message)).await;
        }
    }

    /// Takes note of a question that we were asked: is it one of our probes?
    pub(crate) fn notice(&self, name: &str) {
        if let Some(upstream) = self.upstreams.iter().find(|upstream| upstream.probe == name) {
            tracing::error!(resolver = %upstream.address, "the resolver asks this server in turn: it is not used");
            upstream.loops.store(true, Ordering::Relaxed);
        }
    }

    /// A known answer.
    pub(crate) fn known(&self, query: &Query<'_>) -> Option<Vec<u8>> {
        lock(&self.cache).get(&Key::of(query), query, Instant::now())
    }

    /// A place for a question; `None` when too many are open.
    pub(crate) fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.try_acquire().ok()
    }

    /// Asks the resolvers. `message` is the client's, `query` what was read of it; `stream` says whether the
    /// client came over TCP.
    pub(crate) async fn ask(&self, query: &Query<'_>, message: &[u8], stream: bool) -> Forwarded {
        let usable: Vec<&Upstream> =
            self.upstreams.iter().filter(|upstream| !upstream.loops.load(Ordering::Relaxed)).collect();
        if usable.is_empty() {
            return Forwarded::Nobody;
        }
        if lock(&self.resting_until).is_some_and(|until| Instant::now() < until) {
            return Forwarded::Failed;
        }
        let first = self.preferred.load(Ordering::Relaxed);
        for attempt in 0..ATTEMPTS_LIMIT.min(usable.len() + 1) {
            let index = (first + attempt) % usable.len();
            match ask_one(usable[index].address, query, message, stream).await {
                Ok((mut bytes, reply)) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    *lock(&self.resting_until) = None;
                    lock(&self.cache).put(Key::of(query), &bytes, &reply, Instant::now());
                    bytes[..2].copy_from_slice(&query.id.to_be_bytes());
                    return Forwarded::Answer(bytes);
                }
                Err(error) => {
                    tracing::debug!(resolver = %usable[index].address, name = query.name, %error, "a resolver failed");
                }
            }
        }
        *lock(&self.resting_until) = Some(Instant::now() + REST);
        Forwarded::Failed
    }
}

async fn ask_one(
    address: SocketAddr,
    query: &Query<'_>,
    message: &[u8],
    stream: bool,
) -> std::io::Result<(Vec<u8>, Reply)> {
    let id = stdx::random::u64() as u16;
    let mut message = message.to_vec();
    message[..2].copy_from_slice(&id.to_be_bytes());
    let fits = |bytes: &[u8]| -> Option<Reply> {
        // A reply that repeats another question is somebody's forgery.
        read_reply(bytes).filter(|reply| reply.id == id && reply.name == query.name && reply.kind == query.kind)
    };
    let exchange = async {
        if stream {
            let bytes = exchange_stream(address, &message).await?;
            let reply = fits(&bytes).ok_or(std::io::ErrorKind::InvalidData)?;
            return Ok((bytes, reply));
        }
        let socket = send_datagram(address, &message).await?;
        let mut buffer = vec![0; MESSAGE_BYTES];
        loop {
            let length = socket.recv(&mut buffer).await?;
            if let Some(reply) = fits(&buffer[..length]) {
                buffer.truncate(length);
                return Ok((buffer, reply));
            }
        }
    };
    timeout(ATTEMPT, exchange).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

async fn send_datagram(address: SocketAddr, message: &[u8]) -> std::io::Result<UdpSocket> {
    let any = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    // A socket per question: an unknown port is half of what makes a forgery hard.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(address).await?;
    socket.send(message).await?;
    Ok(socket)
}

async fn exchange_datagram(address: SocketAddr, message: &[u8]) -> std::io::Result<()> {
    let mut buffer = [0; HEADER_BYTES];
    send_datagram(address, message).await?.recv(&mut buffer).await.map(drop)
}

async fn exchange_stream(address: SocketAddr, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let length = u16::try_from(message.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}
