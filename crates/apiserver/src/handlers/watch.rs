//! `watch`: a cursor into the resource's ring of changes, filtered by the client's selectors.

use std::{collections::VecDeque, sync::Arc};

use apimachinery::{Object, Status, Str};
use bytes::Bytes;
use stdx::memory;

use super::read::{self, Query};
use crate::{
    Resource, Server,
    cache::{Change, Cursor, Entry, Lane},
    server::store_status,
};

/// What happened, as the watcher sees it through its selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// It came into view.
    Added,
    /// It changed.
    Modified,
    /// It went out of view.
    Deleted,
}

impl EventType {
    /// As it is spelled on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Added => "ADDED",
            EventType::Modified => "MODIFIED",
            EventType::Deleted => "DELETED",
        }
    }
}

/// One thing to tell the watcher.
pub enum Item {
    /// Something happened to an object.
    Event(EventType, Payload),
    /// Everything up to this revision was told.
    Bookmark {
        /// The revision.
        revision: u64,
        /// Whether it ends the initial events.
        initial_events_end: bool,
    },
}

/// An object, shared with whoever else is told of it.
pub enum Payload {
    /// As it came out of a change that all watchers share.
    Change(Arc<Resource>, Arc<Change>),
    /// As it stood when the watch began.
    Entry(Arc<Resource>, Arc<Entry>),
    /// Made for this watcher alone: the last state that its selectors saw.
    Own(Arc<Object>),
}

impl Payload {
    /// The object.
    pub fn object(&self) -> Result<Arc<Object>, Status> {
        match self {
            Payload::Change(resource, change) => resource.served(resource.stored()?.changed_object(change)?),
            Payload::Entry(resource, entry) => resource.object(entry),
            Payload::Own(object) => Ok(object.clone()),
        }
    }

    /// The object as JSON.
    pub fn json(&self) -> Result<Bytes, Status> {
        match self {
            Payload::Change(resource, change) if resource.conversion.is_none() => {
                resource.stored()?.changed_json(change)
            }
            Payload::Entry(resource, entry) if resource.conversion.is_none() => resource.stored()?.json(entry),
            other => Ok(apimachinery::json::to_vec(&other.object()?.0).into()),
        }
    }

    /// The object in an envelope of protobuf, where that can be had without decoding it.
    pub(crate) fn protobuf(&self) -> Result<Option<Bytes>, Status> {
        match self {
            Payload::Change(resource, change) if resource.conversion.is_none() => {
                resource.stored()?.changed_protobuf(change)
            }
            Payload::Entry(resource, entry) if resource.conversion.is_none() => resource.stored()?.protobuf(entry),
            _ => Ok(None),
        }
    }
}

/// A watch under way.
pub struct Watch {
    resource: Arc<Resource>,
    query: Query,
    prefix: String,
    cursor: Cursor,
    initial: VecDeque<Arc<Entry>>,
    /// The last of them that was given. Its object, where it was looked at, is decoded once for both.
    given: Option<(Arc<Entry>, Option<Arc<Object>>)>,
    /// Set while the bookmark that ends the initial events is still to come.
    initial_revision: Option<u64>,
    ready: VecDeque<Item>,
    /// Everything up to this revision was told.
    told_revision: u64,
}

impl Watch {
    /// Begins a watch.
    ///
    /// With `initial_events`, or from revision 0 or none, it begins with what is there now; a bookmark ends
    /// the initial events only when they were asked for.
    ///
    /// # Errors
    /// 400 for unknown selectors, 410 for a revision that is gone.
    pub async fn begin(
        server: &Arc<Server>,
        resource: &Arc<Resource>,
        query: Query,
        initial_events: Option<bool>,
    ) -> Result<Watch, Status> {
        read::check_fields(resource, &query.fields)?;
        let cache = resource.stored()?;
        let prefix = read::key_prefix(&query.namespace);
        let lane = Lane::of(resource, cache, &query.namespace, &query.fields);
        let revision = match query.resource_version.as_str() {
            "" => None,
            text => Some(text.parse::<u64>().map_err(|_| {
                Status::bad_request(format!(
                    "Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
                ))
            })?),
        };
        if let Some(revision) = revision
            && !server.registry().reach(revision).await.map_err(|error| store_status(&error))?
        {
            let message = format!("Too large resource version: {revision}, current: {}", cache.revision());
            return Err(Status::timeout(message).retry_after(1));
        }
        let from_now = match initial_events {
            Some(wanted) => wanted,
            None => revision.unwrap_or_default() == 0,
        };
        if from_now {
            let (page, cursor) = cache.list_and_watch_in(&prefix, lane);
            return Ok(Watch {
                resource: resource.clone(),
                query,
                prefix,
                cursor,
                initial: page.entries.into(),
                given: None,
                initial_revision: (initial_events == Some(true)).then_some(page.revision),
                ready: VecDeque::new(),
                told_revision: page.revision,
            });
        }
        let revision = revision.unwrap_or_else(|| cache.revision());
        let cursor = cache.watch_since(&**server.registry().engine(), revision, lane).await?;
        Ok(Watch {
            resource: resource.clone(),
            query,
            prefix,
            cursor,
            initial: VecDeque::new(),
            given: None,
            initial_revision: None,
            ready: VecDeque::new(),
            told_revision: revision,
        })
    }

    /// The next things to tell, without waiting; empty when there is nothing.
    ///
    /// # Errors
    /// 410 when the watcher fell behind.
    pub fn take(&mut self) -> Result<Option<Item>, Status> {
        if let Some((entry, object)) = self.given.take() {
            drop(object);
            entry.tidy();
            memory::let_go(entry.stored_bytes());
        }
        while let Some(entry) = self.initial.pop_front() {
            let object = match self.query.is_unfiltered() {
                true => None,
                false if !self.cursor.cache().may_select(&entry, &self.query.fields) => continue,
                false => Some(self.cursor.cache().object(&entry)?),
            };
            if object.as_ref().is_none_or(|object| read::selects(&self.resource, &self.query, object)) {
                self.given = Some((entry.clone(), object));
                return Ok(Some(Item::Event(EventType::Added, Payload::Entry(self.resource.clone(), entry))));
            }
            drop(object);
            entry.tidy();
        }
        if let Some(revision) = self.initial_revision.take() {
            return Ok(Some(Item::Bookmark { revision, initial_events_end: true }));
        }
        while self.ready.is_empty() {
            let (changes, revision) = self.cursor.take()?;
            if changes.is_empty() {
                self.told_revision = self.told_revision.max(revision);
                return Ok(None);
            }
            for change in changes {
                if let Some(item) = self.seen(&change)? {
                    self.ready.push_back(item);
                }
            }
            self.told_revision = self.told_revision.max(revision);
        }
        Ok(self.ready.pop_front())
    }

    /// Waits until there may be something to tell.
    pub async fn moved(&mut self) {
        self.cursor.moved().await;
    }

    /// A bookmark of how far the watcher has been told; call it when [`Watch::take`] gave nothing.
    pub fn bookmark(&self) -> Item {
        Item::Bookmark { revision: self.told_revision, initial_events_end: false }
    }

    /// The kind that is watched.
    pub fn resource(&self) -> &Arc<Resource> {
        &self.resource
    }

    /// A change as the watcher sees it; `None` when it does not.
    fn seen(&self, change: &Arc<Change>) -> Result<Option<Item>, Status> {
        if !change.entry.key().starts_with(&self.prefix) {
            return Ok(None);
        }
        let cache = self.resource.stored()?;
        let (now, before) = if self.query.is_unfiltered() {
            (!change.deleted, change.previous.is_some())
        } else {
            let selected = |object: &Object| read::selects(&self.resource, &self.query, object);
            let now = !change.deleted && selected(&*cache.changed_object(change)?);
            let before = match &change.previous {
                Some(previous) => selected(&*cache.object(previous)?),
                None => false,
            };
            (now, before)
        };
        let whole = || Payload::Change(self.resource.clone(), change.clone());
        Ok(match (before, now) {
            (false, true) => Some(Item::Event(EventType::Added, whole())),
            (true, true) => Some(Item::Event(EventType::Modified, whole())),
            (true, false) if change.deleted => Some(Item::Event(EventType::Deleted, whole())),
            (true, false) => match &change.previous {
                Some(previous) => {
                    let mut last = Object::clone(&*self.resource.object(previous)?);
                    let revision = change.revision.to_string();
                    last.metadata_mut().insert(Str::from_static("resourceVersion"), revision);
                    Some(Item::Event(EventType::Deleted, Payload::Own(Arc::new(last))))
                }
                None => None,
            },
            (false, false) => None,
        })
    }
}
