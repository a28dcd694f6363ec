//! The node ports that are taken, in the store, where every server that has the store takes them: upstream's as well,
//! since key and form are its own.
//!
//! A port is taken before its service is stored, and given back after the service is gone. A server that ends in
//! between leaves a port that nobody has; [`port_repair`](super::port_repair) finds it.
//!
//! Upstream's counterpart is `pkg/registry/core/service/allocator/storage`.

use std::{collections::BTreeSet, sync::Arc};

use apimachinery::{Object, Status};
use apiserver::{Server, server::store_status};
use bytes::Bytes;
use store::{Engine, Expect, KeyValue, Priority, Revision, StoreError, Write};

use super::{
    Ranges, ports,
    taken::{StoredRangeError, TakenPorts},
};

/// Where upstream keeps the range.
pub(super) const KEY: &str = "/registry/ranges/servicenodeports";
/// How often a change is tried when others change the range at the same time: one of them succeeds each time.
const ATTEMPTS_LIMIT: usize = 100;

/// The range as it was read.
pub(super) struct Stored {
    /// None when there is none yet.
    revision: Option<Revision>,
    /// As of when this is.
    pub(super) read_at: Revision,
    pub(super) taken: TakenPorts,
}

/// The node ports of all services.
pub(super) struct NodePorts {
    engine: Arc<dyn Engine>,
    ranges: Ranges,
    /// Held by who changes the range: requests to one server take turns and do not defeat each other.
    turn: tokio::sync::Mutex<()>,
}

impl NodePorts {
    pub(super) fn new(engine: Arc<dyn Engine>, ranges: Ranges) -> NodePorts {
        NodePorts { engine, ranges, turn: tokio::sync::Mutex::default() }
    }

    pub(super) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// The range as it is now. Where there is none, it is what the services have.
    ///
    /// # Errors
    /// The store is out of reach; what is stored is another range, or none.
    pub(super) async fn read(&self, server: &Server) -> Result<Stored, Status> {
        let (found, read_at) = self.engine.get(KEY.as_bytes()).await.map_err(|error| store_status(&error))?;
        self.stored(server, found, read_at).await
    }

    async fn stored(&self, server: &Server, found: Option<KeyValue>, read_at: Revision) -> Result<Stored, Status> {
        if let Some(found) = found {
            let taken = match TakenPorts::from_stored(&found.value, &self.ranges) {
                Ok(taken) => taken,
                Err(error) => return Err(Status::internal(error)),
            };
            return Ok(Stored { revision: Some(found.mod_revision), read_at, taken });
        }
        // Nobody has taken a port since then, or it would be there.
        let mut taken = TakenPorts::none(&self.ranges);
        for service in services(server).await? {
            for port in ports::of(&service) {
                taken.take(port);
            }
        }
        Ok(Stored { revision: None, read_at, taken })
    }

    /// Changes the range, unless `alter` fails or leaves it as it is. It may be called several times: the last result
    /// counts.
    ///
    /// # Errors
    /// Those of `alter` and of [`NodePorts::read`]. When an answer was lost, the change may have been made: then ports
    /// are taken that nobody has, until the repair.
    pub(super) async fn change<T>(
        &self,
        server: &Server,
        priority: Priority,
        mut alter: impl FnMut(&mut TakenPorts) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let _turn = self.turn.lock().await;
        let mut stored = self.read(server).await?;
        for _ in 0..ATTEMPTS_LIMIT {
            let mut taken = stored.taken.clone();
            let altered = alter(&mut taken)?;
            if taken == stored.taken {
                return Ok(altered);
            }
            match self.store(stored.revision, &taken, priority).await {
                Ok(()) => return Ok(altered),
                Err(StoreError::Conflict { current, .. }) => {
                    let read_at = current.as_ref().map_or(0, |current| current.mod_revision);
                    stored = self.stored(server, current, read_at).await?;
                }
                Err(error) => return Err(store_status(&error)),
            }
        }
        let message = "too many servers change the range of node ports at the same time";
        Err(Status::service_unavailable(message).retry_after(1))
    }

    /// Stores the range if it is what was read.
    async fn store(&self, read: Option<Revision>, taken: &TakenPorts, priority: Priority) -> Result<(), StoreError> {
        let put = Write::Put {
            key: Bytes::from_static(KEY.as_bytes()),
            value: taken.to_stored(),
            expect: read.map_or(Expect::Absent, Expect::Revision),
            time_to_live: None,
        };
        self.engine.commit_with(vec![put], priority).await.map(drop)
    }

    /// Puts what the services have in the place of a range that is not this server's; false when it is.
    ///
    /// # Errors
    /// The store is out of reach; what is stored cannot be read.
    pub(super) async fn replace_other_range(&self, server: &Server) -> Result<bool, Status> {
        let (found, _) = self.engine.get(KEY.as_bytes()).await.map_err(|error| store_status(&error))?;
        let Some(found) = found else { return Ok(false) };
        let before = match TakenPorts::from_stored(&found.value, &self.ranges) {
            Ok(_) => return Ok(false),
            Err(StoredRangeError::OtherRange(range)) => range,
            Err(error) => return Err(Status::internal(error)),
        };
        let taken = self.stored(server, None, 0).await?.taken;
        tracing::warn!(before, now = taken.range(), "the range of node ports is another");
        match self.store(Some(found.mod_revision), &taken, Priority::Normal).await {
            // Else somebody did it in between, and the next look will say so.
            Ok(()) | Err(StoreError::Conflict { .. }) => Ok(true),
            Err(error) => Err(store_status(&error)),
        }
    }

    /// Stores `taken` in the place of what was read; false when that is no longer there.
    ///
    /// # Errors
    /// The store is out of reach.
    pub(super) async fn replace(&self, read: &Stored, taken: &TakenPorts) -> Result<bool, Status> {
        if read.taken == *taken {
            return Ok(true);
        }
        match self.store(read.revision, taken, Priority::Normal).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(store_status(&error)),
        }
    }

    /// Gives `service` the ports that it lacks, and takes those that it names, except what `held` has; all or none of
    /// them.
    ///
    /// # Errors
    /// A port is taken or not in the range; none is left; those of [`NodePorts::change`].
    pub(super) async fn allocate(
        &self,
        server: &Server,
        service: &mut Object,
        held: &BTreeSet<u16>,
        dry_run: bool,
    ) -> Result<(), Status> {
        if !ports::lacks_any(service, held) {
            return Ok(());
        }
        let given = match dry_run {
            true => {
                let mut stored = self.read(server).await?;
                ports::give(service, held, &mut stored.taken)?
            }
            false => self.change(server, Priority::Normal, |taken| ports::give(service, held, taken)).await?,
        };
        given.write_to(service);
        Ok(())
    }

    /// Gives back what `service` has and `kept` has not.
    pub(super) async fn release(&self, server: &Server, service: &Object, kept: Option<&Object>) {
        let kept = kept.map(ports::of).unwrap_or_default();
        let gone: Vec<u16> = ports::of(service).into_iter().filter(|port| !kept.contains(port)).collect();
        if gone.is_empty() {
            return;
        }
        let released = self.change(server, Priority::Urgent, |taken| {
            gone.iter().for_each(|port| taken.release(*port));
            Ok(())
        });
        if let Err(error) = released.await {
            // The repair finds them.
            tracing::warn!(service = %service.key(), ports = ?gone, %error, "node ports could not be given back");
        }
    }
}

/// Every service, none older than when this was called.
///
/// # Errors
/// The store is out of reach.
pub(super) async fn services(server: &Server) -> Result<Vec<Arc<Object>>, Status> {
    server.registry().fresh().await.map_err(|error| store_status(&error))?;
    server.registry().objects("", "services", "")
}
