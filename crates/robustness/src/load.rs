//! Clients that write, read and remove a few objects at once, and keep what they were told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use apimachinery::{Object, Status, Value, value};
use client::{Api, Body, Client, Options, Request, Response, Transport, Verb, kinds, remote::Remote};
use parking_lot::Mutex;
use sim::Access;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    history::{Action, History, Key, Listing, Mark, Moment, Operation, Outcome, Revision, Stretch},
    watcher,
};

pub(crate) const NAMESPACE: &str = "robustness";
/// What ends the watchers when they are told of it.
pub(crate) const LAST_OBJECT: &str = "last";
const PREFIX: &str = "object-";
const USER_AGENT: &str = "sagong-robustness";
/// How long the watchers may take to be told of the last object.
const WATCHERS_LIMIT: Duration = Duration::from_secs(60);
/// How long the server, and what it stands on, may take until it serves again.
const SERVING_LIMIT: Duration = Duration::from_secs(60);

/// Where the server is, or several of which any may be asked.
enum Place {
    There(Vec<Access>),
    /// It comes again.
    Away,
    /// It does not come again for these clients.
    Gone,
}

/// What all clients share.
pub(crate) struct Shared {
    began: Instant,
    marks: AtomicU64,
    operations: AtomicU64,
    objects: u32,
    place: watch::Sender<Place>,
    stop: watch::Sender<bool>,
    /// Answers that no server should give.
    surprises: Mutex<Vec<String>>,
}

impl Shared {
    pub(crate) fn now(&self) -> Moment {
        self.began.elapsed().as_nanos() as Moment
    }

    /// A new connection to the server, when it is there; none when it does not come again.
    pub(crate) async fn connect(&self) -> anyhow::Result<Option<Arc<Remote>>> {
        let mut place = self.place.subscribe();
        match &*place.wait_for(|place| !matches!(place, Place::Away)).await? {
            Place::There(accesses) => {
                let chosen = stdx::random::below(accesses.len() as u64) as usize;
                Ok(Some(accesses[chosen].connection(USER_AGENT)?))
            }
            Place::Away | Place::Gone => Ok(None),
        }
    }

    /// [`Shared::connect`] where it must come again.
    async fn connect_again(&self) -> anyhow::Result<Arc<Remote>> {
        self.connect().await?.context("the server does not come again")
    }
}

/// How much is done at once.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Clients that write and read, each on a connection of its own.
    pub clients: u32,
    /// Objects on which they do it.
    pub objects: u32,
    /// Clients that watch.
    pub watchers: u32,
}

/// Everything that runs.
pub struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<anyhow::Result<Vec<Operation>>>,
    watchers: JoinSet<anyhow::Result<Vec<Stretch>>>,
    first: Listing,
    listings: Mutex<Vec<Listing>>,
}

impl Load {
    /// Starts the clients of one server, or of several.
    ///
    /// # Errors
    /// There is none, or it refuses the first requests.
    pub async fn start(accesses: Vec<Access>, size: Size) -> anyhow::Result<Load> {
        let remote = accesses.first().context("there is no server")?.connection(USER_AGENT)?;
        let namespaces = Client::new(remote.clone(), USER_AGENT).all(&kinds::NAMESPACES);
        let namespace = value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        match namespaces.create(Object(namespace)).await {
            // Of another load before.
            Err(status) if status.reason != "AlreadyExists" => return Err(refused("the namespace", &status)),
            _ => {}
        }
        let shared = Arc::new(Shared {
            began: Instant::now(),
            marks: AtomicU64::new(1),
            operations: AtomicU64::new(0),
            objects: size.objects,
            place: watch::channel(Place::There(accesses)).0,
            stop: watch::channel(false).0,
            surprises: Mutex::default(),
        });
        let first = list(&shared, &remote).await.map_err(|status| refused("a list", &status))?;
        let mut load = Load {
            shared: shared.clone(),
            clients: JoinSet::new(),
            watchers: JoinSet::new(),
            listings: Mutex::new(vec![first.clone()]),
            first,
        };
        for _ in 0..size.watchers {
            load.watchers.spawn(watcher::run(shared.clone(), load.first.revision));
        }
        for _ in 0..size.clients {
            load.clients.spawn(run_client(shared.clone()));
        }
        Ok(load)
    }

    /// The objects as they were when the load began.
    pub fn first_listing(&self) -> &Listing {
        &self.first
    }

    /// The time by which everything is told.
    pub fn now(&self) -> Moment {
        self.shared.now()
    }

    /// How many operations there were so far.
    pub fn operations(&self) -> u64 {
        self.shared.operations.load(Ordering::Relaxed)
    }

    /// Says which servers are there from now on; while there is none, whoever needs a new connection waits. To be said
    /// before one is killed, and after it is ready again.
    pub fn servers_are(&self, accesses: Vec<Access>) {
        self.shared.place.send_replace(if accesses.is_empty() { Place::Away } else { Place::There(accesses) });
    }

    /// Lists all objects, again and again until there is an answer: so long it took to serve.
    ///
    /// # Errors
    /// There is none for a minute.
    pub async fn list(&self) -> anyhow::Result<()> {
        let mut problem = None;
        let listed = async {
            loop {
                match list(&self.shared, &*self.shared.connect_again().await?).await {
                    Ok(listing) => return anyhow::Ok(listing),
                    Err(status) => problem = Some(status.message),
                }
            }
        };
        let Ok(listing) = tokio::time::timeout(SERVING_LIMIT, listed).await else {
            bail!("VIOLATION: no list is answered within {SERVING_LIMIT:?}: {problem:?}");
        };
        self.listings.lock().push(listing?);
        Ok(())
    }

    /// Ends the clients, reads everything once more, and ends the watchers when they have been told of everything.
    ///
    /// # Errors
    /// The server refuses the last requests or gave answers that no server should, or a watcher is not told of the end.
    pub async fn finish(mut self) -> anyhow::Result<History> {
        self.shared.stop.send_replace(true);
        let mut history = History::default();
        while let Some(operations) = self.clients.join_next().await {
            history.operations.extend(operations??);
        }
        let remote = self.shared.connect_again().await?;
        let mut reader = Writer::new(self.shared.clone(), &remote);
        for key in 0..self.shared.objects {
            reader.perform(key, Action::Get).await;
        }
        history.operations.append(&mut reader.operations);
        history.listings = std::mem::take(&mut *self.listings.lock());
        history.listings.push(list(&self.shared, &remote).await.map_err(|status| refused("a list", &status))?);
        let last = object(LAST_OBJECT, 0, None);
        reader.objects.create(last).await.map_err(|status| refused("the last object", &status))?;
        let watched = async {
            while let Some(stretches) = self.watchers.join_next().await {
                history.stretches.extend(stretches??);
            }
            anyhow::Ok(())
        };
        let Ok(watched) = tokio::time::timeout(WATCHERS_LIMIT, watched).await else {
            bail!("VIOLATION: a watcher was not told of the last object within {WATCHERS_LIMIT:?}");
        };
        watched?;
        self.check_surprises()?;
        Ok(history)
    }

    /// Ends everything after the server was killed for good, and gives what everybody was told until then.
    ///
    /// # Errors
    /// The server gave answers that no server should.
    pub async fn abandon(mut self) -> anyhow::Result<History> {
        self.shared.place.send_replace(Place::Gone);
        let mut history = History { listings: std::mem::take(&mut *self.listings.lock()), ..History::default() };
        while let Some(operations) = self.clients.join_next().await {
            history.operations.extend(operations??);
        }
        while let Some(stretches) = self.watchers.join_next().await {
            history.stretches.extend(stretches??);
        }
        self.check_surprises()?;
        Ok(history)
    }

    fn check_surprises(&self) -> anyhow::Result<()> {
        let surprises = std::mem::take(&mut *self.shared.surprises.lock());
        match surprises.first() {
            Some(first) => {
                bail!("VIOLATION: {} answers that no server should give; the first: {first}", surprises.len())
            }
            None => Ok(()),
        }
    }
}

fn refused(what: &str, status: &Status) -> anyhow::Error {
    anyhow!("the server refuses {what}: {}", status.message)
}

fn object(name: &str, mark: Mark, revision: Option<Revision>) -> Object {
    let mut object = value!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": {"mark": mark.to_string()}
    });
    if let Some(revision) = revision {
        object.set(&["metadata", "resourceVersion"], Value::from(revision.to_string()));
    }
    Object(object)
}

/// The number, revision and mark of an object of ours.
pub(crate) fn read(object: &Object) -> Option<(Key, Revision, Mark)> {
    let key = object.name().strip_prefix(PREFIX)?.parse().ok()?;
    Some((key, revision_of(object)?, object.0.str_at(&["data", "mark"])?.parse().ok()?))
}

pub(crate) fn revision_of(object: &Object) -> Option<Revision> {
    object.0.str_at(&["metadata", "resourceVersion"])?.parse().ok()
}

/// All objects of ours.
pub(crate) async fn list(shared: &Shared, remote: &Remote) -> Result<Listing, Status> {
    let called = shared.now();
    let request = Request {
        verb: Verb::List,
        resource: kinds::CONFIG_MAPS,
        namespace: NAMESPACE.into(),
        name: Default::default(),
        subresource: Default::default(),
        body: Body::None,
        options: Options::default(),
    };
    let Response::List { items, resource_version, .. } = remote.call(request).await? else {
        return Err(Status::internal("no list"));
    };
    let revision = resource_version.parse().map_err(|_| Status::internal("a list without a revision"))?;
    Ok(Listing {
        revision,
        items: items.iter().filter_map(|item| read(item)).collect(),
        called,
        returned: shared.now(),
    })
}

/// One client, until it is stopped.
async fn run_client(shared: Arc<Shared>) -> anyhow::Result<Vec<Operation>> {
    let mut stop = shared.stop.subscribe();
    let mut operations = Vec::new();
    while !*stop.borrow() {
        let remote = tokio::select! {
            remote = shared.connect() => remote?,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(remote) = remote else { break };
        let mut writer = Writer::new(shared.clone(), &remote);
        // What is begun is ended: a call that is dropped might be done yet.
        while !*stop.borrow() && writer.anything().await != Outcome::Unknown {}
        operations.append(&mut writer.operations);
    }
    Ok(operations)
}

/// A client with a connection.
struct Writer {
    shared: Arc<Shared>,
    objects: Api,
    operations: Vec<Operation>,
    /// What it believes of each object.
    known: Vec<Option<Outcome>>,
}

impl Writer {
    fn new(shared: Arc<Shared>, remote: &Arc<Remote>) -> Writer {
        let objects = Client::new(remote.clone(), USER_AGENT).namespaced(&kinds::CONFIG_MAPS, NAMESPACE);
        let known = vec![None; shared.objects as usize];
        Writer { shared, objects, operations: Vec::new(), known }
    }

    /// Does something to some object: what fits what it knows of it, or a read.
    async fn anything(&mut self) -> Outcome {
        let key = stdx::random::below(u64::from(self.shared.objects)) as Key;
        let mark = self.shared.marks.fetch_add(1, Ordering::Relaxed);
        let action = match (self.known[key as usize], stdx::random::below(10)) {
            (None, _) | (_, 0..3) => Action::Get,
            (Some(Outcome::Found { revision: expected, .. }), 3..5) => Action::Delete { expected },
            (Some(Outcome::Found { revision: expected, .. }), _) => Action::Update { expected, mark },
            _ => Action::Create { mark },
        };
        self.perform(key, action).await
    }

    async fn perform(&mut self, key: Key, action: Action) -> Outcome {
        let called = self.shared.now();
        let outcome = self.ask(key, action).await.unwrap_or_else(|status| self.refusal(action, &status));
        let returned = self.shared.now();
        self.operations.push(Operation { key, action, outcome, called, returned });
        self.shared.operations.fetch_add(1, Ordering::Relaxed);
        self.known[key as usize] = match (outcome, action.mark()) {
            (Outcome::Written { revision }, Some(mark)) => Some(Outcome::Found { revision, mark }),
            (Outcome::Found { .. } | Outcome::Absent, _) => Some(outcome),
            (Outcome::Deleted, _) => Some(Outcome::Absent),
            _ => None,
        };
        outcome
    }

    async fn ask(&self, key: Key, action: Action) -> Result<Outcome, Status> {
        let name = format!("{PREFIX}{key}");
        let written = |made: &Object| match read(made) {
            Some((_, revision, _)) => Outcome::Written { revision },
            None => self.surprise(format!("{action:?}: an object without a revision")),
        };
        Ok(match action {
            Action::Get => match read(&*self.objects.get(&name).await?) {
                Some((found, revision, mark)) if found == key => Outcome::Found { revision, mark },
                other => self.surprise(format!("{name} is read as {other:?}")),
            },
            Action::Create { mark } => written(&*self.objects.create(object(&name, mark, None)).await?),
            Action::Update { expected, mark } => {
                written(&*self.objects.update(object(&name, mark, Some(expected))).await?)
            }
            Action::Delete { expected } => {
                let precondition_resource_version = expected.to_string();
                let options = Options { precondition_resource_version, ..Options::default() };
                self.objects.delete(&name, options).await?;
                Outcome::Deleted
            }
        })
    }

    fn refusal(&self, action: Action, status: &Status) -> Outcome {
        match (status.code, status.reason.as_str(), action) {
            (404, "NotFound", Action::Get | Action::Update { .. } | Action::Delete { .. }) => Outcome::Absent,
            (409, "AlreadyExists", Action::Create { .. }) => Outcome::Exists,
            (409, "Conflict", Action::Update { .. } | Action::Delete { .. }) => Outcome::Conflict,
            // Refused for now, or broken off: what happened to it is not said.
            (429 | 500.., ..) => Outcome::Unknown,
            _ => self.surprise(format!("{action:?}: {} {}: {}", status.code, status.reason, status.message)),
        }
    }

    fn surprise(&self, what: String) -> Outcome {
        self.shared.surprises.lock().push(what);
        Outcome::Unknown
    }
}
