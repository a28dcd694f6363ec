//! Calls to a cluster: which member is asked, and what is done when it does not answer.
//!
//! One connection to one member carries everything. When the member or the way to it fails, the next endpoint takes
//! over, for watches too. A call is made again only where that is safe: when it reads, or when it certainly had no
//! effect.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use http_body_util::{BodyExt, Full};
use parking_lot::RwLock;
use prost::Message;
use rustls::ClientConfig;
use store::Revision;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use crate::{
    backoff::Backoff,
    connection::{Body, Connection},
    endpoint::Endpoint,
    failure::{Failure, Known},
    frame::{self, Messages},
    messages::{ResponseHeader, StatusRequest, StatusResponse, procedure},
    token::{Credentials, Tokens, is_refused},
    version,
};

/// A member that does not shake hands for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A member that does not answer for this long is given up: etcd itself gives up after 7 s by default.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// A call that may be made again is, for this long.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A call waits so long for a member to connect to,
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// and so long when none could be reached before: who asks has to hear it, and asks again.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(1);
/// A token is renewed so often for one call.
const RENEWALS_LIMIT: u32 = 2;

/// How to reach a cluster.
pub struct Access {
    /// Its members, or some of them.
    pub endpoints: Vec<Endpoint>,
    /// Whom to trust and what to show, for endpoints over TLS.
    pub tls: Option<ClientConfig>,
    /// The user, where etcd's own authentication is on.
    pub credentials: Option<Credentials>,
}

/// Whether a call may be made again when it is not known how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads.
    Always,
    /// It writes: only when it certainly had no effect.
    WithoutEffect,
}

#[derive(Default)]
struct Connecting {
    /// The endpoint that is tried next.
    next: usize,
    backoff: Backoff,
    /// The cluster that was found first; another one's members are refused.
    cluster: Option<u64>,
}

/// A client of one cluster.
pub(crate) struct Client {
    /// Where connections live.
    runtime: Handle,
    endpoints: RwLock<Vec<Endpoint>>,
    tls: Option<Arc<ClientConfig>>,
    tokens: Tokens,
    current: RwLock<Option<Arc<Connection>>>,
    /// Held while a connection is made, so that all who need one wait for the same.
    connecting: tokio::sync::Mutex<Connecting>,
    /// Why no member can be reached; `None` while one can.
    unreachable: RwLock<Option<String>>,
    revision: AtomicU64,
    compacted: AtomicU64,
}

impl Client {
    /// A client whose connections live on the present runtime.
    pub(crate) fn new(access: Access) -> Client {
        let tls = access.tls.map(|mut tls| {
            tls.alpn_protocols = vec![b"h2".to_vec()];
            Arc::new(tls)
        });
        // Several servers share the members' work.
        let next = stdx::random::below(access.endpoints.len() as u64) as usize;
        Client {
            runtime: Handle::current(),
            endpoints: RwLock::new(access.endpoints),
            tls,
            tokens: Tokens::new(access.credentials),
            current: RwLock::default(),
            connecting: tokio::sync::Mutex::new(Connecting { next, ..Connecting::default() }),
            unreachable: RwLock::default(),
            revision: AtomicU64::new(0),
            compacted: AtomicU64::new(0),
        }
    }

    /// Has other endpoints tried from now on; the connection that is in use stays.
    pub(crate) fn set_endpoints(&self, endpoints: Vec<Endpoint>) {
        *self.endpoints.write() = endpoints;
    }

    /// What is known of the cluster's revisions.
    pub(crate) fn known(&self) -> Known {
        Known { current: self.revision.load(Ordering::Acquire), compacted: self.compacted.load(Ordering::Acquire) }
    }

    /// Takes the revision of an answer's header, and gives it.
    pub(crate) fn learn(&self, header: Option<&ResponseHeader>) -> Revision {
        let revision = header.map_or(0, |header| revision_of(header.revision));
        self.revision.fetch_max(revision, Ordering::AcqRel);
        revision
    }

    /// Takes a revision before which nothing can be read any more.
    pub(crate) fn learn_compacted(&self, revision: Revision) {
        self.compacted.fetch_max(revision, Ordering::AcqRel);
    }

    /// Why no member can be reached; `None` while one can.
    pub(crate) fn unreachable(&self) -> Option<String> {
        self.unreachable.read().clone()
    }

    /// Calls a unary procedure.
    ///
    /// # Errors
    /// How it ended, after what may be tried was.
    pub(crate) async fn call<A: Message + Default>(
        &self,
        procedure: &'static str,
        request: &impl Message,
        repeat: Repeat,
    ) -> Result<A, Failure> {
        let bytes = frame::encode(request);
        let deadline = Instant::now() + CALL_TIMEOUT;
        let (mut backoff, mut renewals, mut stale) = (Backoff::short(), 0, None);
        loop {
            let wait = if self.unreachable.read().is_some() { UNREACHABLE_TIMEOUT } else { CONNECTION_TIMEOUT };
            let connection = timeout(wait, self.connection()).await.unwrap_or_else(|_| {
                let reason = self.unreachable().unwrap_or_else(|| "etcd: no endpoint answers".to_owned());
                Err(Failure::transport(reason, false))
            })?;
            let attempt = async {
                let token = self.tokens.get(&connection, stale).await?;
                stale = token.as_ref().map(|(number, _)| *number);
                let body = Full::new(bytes.clone()).boxed();
                connection.call(procedure, token.and_then(|(_, value)| value), body).await?.only().await
            };
            let failure: Failure =
                match timeout(ANSWER_TIMEOUT, attempt).await.unwrap_or_else(|_| Err(Failure::timed_out())) {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure,
                };
            if failure.is_stale_token() && renewals < RENEWALS_LIMIT && stale.is_some() {
                renewals += 1;
                continue;
            }
            // A token that was not complained of stays in use.
            stale = None;
            self.consider(&connection, &failure);
            let helps = failure.is_of_member() || failure.is_overload();
            let may = repeat == Repeat::Always || failure.is_without_effect;
            if !helps || !may || Instant::now() >= deadline {
                return Err(failure);
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    /// Begins a call whose request and answer are streams, at the member that is in use, with a newer token than
    /// `stale`; tells which token it `used`.
    ///
    /// # Errors
    /// How it ended.
    pub(crate) async fn stream(
        &self,
        procedure: &'static str,
        body: Body,
        stale: Option<u64>,
        used: &mut Option<u64>,
    ) -> Result<(Arc<Connection>, Messages), Failure> {
        let connection = self.connection().await?;
        let attempt = async {
            let token = self.tokens.get(&connection, stale).await?;
            *used = token.as_ref().map(|(number, _)| *number);
            connection.call(procedure, token.and_then(|(_, value)| value), body).await
        };
        match timeout(ANSWER_TIMEOUT, attempt).await.unwrap_or_else(|_| Err(Failure::timed_out())) {
            Ok(messages) => Ok((connection, messages)),
            Err(failure) => {
                self.consider(&connection, &failure);
                Err(failure)
            }
        }
    }

    /// Gives up a connection after such a failure, where another one can be better.
    pub(crate) fn consider(&self, connection: &Connection, failure: &Failure) {
        if failure.is_of_transport || failure.is_of_member() && self.endpoints.read().len() > 1 {
            if !connection.is_ended() {
                tracing::info!(endpoint = %connection.endpoint(), error = %failure, "leaving a member of etcd");
            }
            connection.give_up();
        }
    }

    /// The connection in use, or a new one. Waits until there is one.
    ///
    /// # Errors
    /// Only what time does not mend: the user is refused.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        let usable = || self.current.read().as_ref().filter(|connection| !connection.is_ended()).cloned();
        if let Some(connection) = usable() {
            return Ok(connection);
        }
        let mut connecting = self.connecting.lock().await;
        if let Some(connection) = usable() {
            return Ok(connection);
        }
        *self.current.write() = None;
        loop {
            let mut problems = Vec::new();
            let endpoints = self.endpoints.read().clone();
            for _ in 0..endpoints.len() {
                let endpoint = &endpoints[connecting.next % endpoints.len()];
                connecting.next = (connecting.next + 1) % endpoints.len();
                let tried = timeout(CONNECT_TIMEOUT, self.try_endpoint(endpoint, &mut connecting.cluster)).await;
                match tried.unwrap_or_else(|_| Err(Trial::Problem("it does not answer".to_owned()))) {
                    Ok(connection) => {
                        tracing::info!(%endpoint, "using a member of etcd");
                        let connection = Arc::new(connection);
                        *self.current.write() = Some(connection.clone());
                        *self.unreachable.write() = None;
                        connecting.backoff = Backoff::default();
                        return Ok(connection);
                    }
                    Err(Trial::Refused(failure)) => return Err(failure),
                    Err(Trial::Problem(problem)) => problems.push(format!("{endpoint}: {problem}")),
                }
            }
            let reason = format!("etcd: no endpoint answers: {}", problems.join("; "));
            if self.unreachable.read().as_ref() != Some(&reason) {
                tracing::warn!("{reason}");
            }
            *self.unreachable.write() = Some(reason);
            let wait = connecting.backoff.next_wait();
            tokio::time::sleep(wait).await;
        }
    }

    /// A connection to one member, whether it can serve or not.
    ///
    /// # Errors
    /// It does not answer, or not as it should; in words.
    pub(crate) async fn open(&self, endpoint: &Endpoint) -> Result<Connection, String> {
        Connection::open(endpoint, self.tls.as_ref()).await
    }

    /// What to show on a connection of [`Client::open`], where etcd's own authentication is on.
    ///
    /// # Errors
    /// The user is refused.
    pub(crate) async fn token(&self, connection: &Connection) -> Result<Option<HeaderValue>, Failure> {
        Ok(self.tokens.get(connection, None).await?.and_then(|(_, value)| value))
    }

    /// Connects to a member, and asks whether it is one that can serve.
    async fn try_endpoint(&self, endpoint: &Endpoint, cluster: &mut Option<u64>) -> Result<Connection, Trial> {
        let (endpoint, tls) = (endpoint.clone(), self.tls.clone());
        let opening = async move {
            let opened = timeout(CONNECT_TIMEOUT, Connection::open(&endpoint, tls.as_ref())).await;
            opened.unwrap_or_else(|_| Err("it does not answer".to_owned()))
        };
        // A connection lives where it is made, and this call may be made on a runtime that ends before the others do.
        let opened = self.runtime.spawn(opening).await.unwrap_or_else(|error| Err(error.to_string()));
        let connection = opened.map_err(Trial::Problem)?;
        let (mut stale, mut renewals) = (None, 0);
        let status = loop {
            match self.ask_status(&connection, &mut stale).await {
                Ok(status) => break status,
                Err(failure) if failure.is_stale_token() && stale.is_some() && renewals < RENEWALS_LIMIT => {
                    renewals += 1;
                }
                Err(failure) if is_refused(&failure) => return Err(Trial::Refused(failure)),
                Err(failure) => return Err(Trial::Problem(failure.message)),
            }
        };
        version::check(&status.version).map_err(Trial::Problem)?;
        if status.is_learner {
            return Err(Trial::Problem("it is a learner and does not vote yet".to_owned()));
        }
        if status.leader == 0 {
            return Err(Trial::Problem("etcdserver: no leader".to_owned()));
        }
        let found = status.header.map_or(0, |header| header.cluster_id);
        if *cluster.get_or_insert(found) != found {
            return Err(Trial::Problem("it is of another cluster than the endpoint that was used first".to_owned()));
        }
        Ok(connection)
    }

    async fn ask_status(&self, connection: &Connection, stale: &mut Option<u64>) -> Result<StatusResponse, Failure> {
        let token = self.tokens.get(connection, *stale).await?;
        *stale = token.as_ref().map(|(number, _)| *number);
        let body = Full::new(frame::encode(&StatusRequest {})).boxed();
        connection.call(procedure::STATUS, token.and_then(|(_, value)| value), body).await?.only().await
    }
}

/// Why an endpoint is not used.
enum Trial {
    /// The next one may do.
    Problem(String),
    /// None will.
    Refused(Failure),
}

/// etcd's revisions are signed and never negative.
pub(crate) fn revision_of(number: i64) -> Revision {
    Revision::try_from(number).unwrap_or_default()
}

/// A revision as etcd writes it.
pub(crate) fn number_of(revision: Revision) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}
