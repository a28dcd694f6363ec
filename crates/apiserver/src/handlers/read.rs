//! `get` and `list`, answered from the watch cache; pages of a past revision from the store.

use std::sync::Arc;

use apimachinery::{Object, Status, fields, labels, value};
use base64::Engine as _;
use store::RangeRequest;

use crate::{Resource, Server, cache::Entry, metrics, server::store_status};

/// Which objects of a collection.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Empty for all.
    pub namespace: String,
    /// By labels.
    pub labels: labels::Selector,
    /// By fields.
    pub fields: fields::Selector,
    /// The most items; 0 for no limit.
    pub limit: usize,
    /// Where to go on.
    pub continue_token: String,
    /// `resourceVersion`; empty for the latest.
    pub resource_version: String,
    /// `resourceVersionMatch`; empty for upstream's default.
    pub resource_version_match: String,
}

impl Query {
    /// Whether no selector looks at the objects.
    pub(super) fn is_unfiltered(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }
}

/// A list of objects or a page of one.
pub type List = ListOf<Arc<Object>>;

/// A list or a page of one.
pub struct ListOf<T> {
    /// In key order.
    pub items: Vec<T>,
    /// The revision of the whole.
    pub resource_version: u64,
    /// Where to go on; empty at the end.
    pub continue_token: String,
    /// How many follow; `None` when that is not known.
    pub remaining: Option<u64>,
}

/// Reads one object.
///
/// # Errors
/// 404.
pub fn get(resource: &Arc<Resource>, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
    let entry = resource.stored()?.get(&resource.key(namespace, name)).ok_or_else(|| resource.not_found(name))?;
    resource.object(&entry)
}

/// Reads one object of any kind, kept or not.
///
/// # Errors
/// 404.
pub async fn get_any(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    namespace: &str,
    name: &str,
) -> Result<Arc<Object>, Status> {
    let Some(reader) = &resource.reader else { return get(resource, namespace, name) };
    let found = reader.get(server, namespace, name).await?;
    found.map(Arc::new).ok_or_else(|| resource.not_found(name))
}

/// The value of a selectable field, or `None` when the kind has no such selector.
pub(crate) fn field_value<'o>(resource: &Resource, object: &'o Object, field: &str) -> Option<&'o str> {
    match field {
        "metadata.name" => Some(object.name()),
        "metadata.namespace" if resource.kind.namespaced => Some(object.namespace()),
        field => resource.strategy.selectable_field(object, field),
    }
}

/// Refuses selectors over fields that the kind does not offer.
pub(crate) fn check_fields(resource: &Resource, selector: &fields::Selector) -> Result<(), Status> {
    let empty = Object::default();
    for term in selector.requirements() {
        if field_value(resource, &empty, &term.field).is_none() {
            return Err(Status::bad_request(format!(
                "Unable to find {:?} that match label selector \"\", field selector {:?}: field label not supported: {}",
                format!("{}, Resource={}", resource.kind.api_version(), resource.kind.resource),
                selector.to_string(),
                term.field
            )));
        }
    }
    Ok(())
}

/// Whether the selectors of `query` select `object`, which is as it is stored.
pub(crate) fn selects(resource: &Resource, query: &Query, object: &Object) -> bool {
    (query.labels.is_everything() || query.labels.matches(object.labels()))
        && (query.fields.is_everything()
            || query.fields.matches(|field| field_value(resource, object, field).unwrap_or_default()))
}

/// The prefix of the cache's keys in a namespace.
pub(crate) fn key_prefix(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!("{namespace}/") }
}

struct Position {
    /// `None` goes on with what there is now, after the revision of the first page has become too old.
    revision: Option<u64>,
    after: String,
}

fn read_token(token: &str) -> Result<Position, Status> {
    let invalid = || Status::bad_request("continue key is not valid: the token was not issued by this server");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let value = apimachinery::decode::json_untyped(&bytes).map_err(|_| invalid())?;
    match (value.str_at(&["v"]), value.i64_at(&["rv"]), value.str_at(&["start"])) {
        (Some("meta.k8s.io/v1"), Some(revision), Some(after)) if !after.is_empty() => {
            Ok(Position { revision: u64::try_from(revision).ok(), after: after.trim_end_matches('\0').to_owned() })
        }
        _ => Err(invalid()),
    }
}

/// The answer to a token whose revision is gone; its own token goes on inconsistently.
fn too_old(after: &str) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of \
         the results. Continuing with the provided token results in an inconsistent list - objects that were \
         created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    status.continue_token = write_token(None, after).into();
    status
}

fn write_token(revision: Option<u64>, last_key: &str) -> String {
    let revision = revision.map_or(-1, |revision| revision as i64);
    let value = value!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{last_key}\0")});
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(apimachinery::json::to_vec(&value))
}

/// Reads a collection or a page of it.
///
/// # Errors
/// 400 for unknown selectors and tokens, 410 for a token whose revision is gone.
pub async fn list(server: &Arc<Server>, resource: &Arc<Resource>, query: &Query) -> Result<List, Status> {
    check_fields(resource, &query.fields)?;
    if let Some(reader) = &resource.reader {
        let mut items = reader.list(server, &query.namespace).await?;
        items.retain(|object| selects(resource, query, object));
        return Ok(List {
            items: items.into_iter().map(Arc::new).collect(),
            resource_version: server.registry().applied_revision(),
            continue_token: String::new(),
            remaining: None,
        });
    }
    let (entries, revision) = find(server, resource, query).await?;
    let cache = resource.stored()?;
    collect(query, &entries, revision, |entry| {
        if !cache.may_select(entry, &query.fields) {
            return Ok(None);
        }
        let object = cache.object(entry)?;
        selects(resource, query, &object).then(|| resource.served(object)).transpose()
    })
}

/// Reads a collection or a page of it without decoding what no selector looks at; for versions that are stored as they
/// are served.
///
/// # Errors
/// As [`list`].
pub(crate) async fn list_entries(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    query: &Query,
) -> Result<ListOf<Arc<Entry>>, Status> {
    check_fields(resource, &query.fields)?;
    let (entries, revision) = find(server, resource, query).await?;
    let cache = resource.stored()?;
    collect(query, &entries, revision, |entry| {
        let selected = query.is_unfiltered()
            || cache.may_select(entry, &query.fields) && selects(resource, query, &*cache.object(entry)?);
        Ok(selected.then(|| entry.clone()))
    })
}

/// The entries that a query is about, before its selectors and its limit, and the revision of the whole.
async fn find(server: &Arc<Server>, resource: &Arc<Resource>, query: &Query) -> Result<(Vec<Arc<Entry>>, u64), Status> {
    let prefix = key_prefix(&query.namespace);
    if query.continue_token.is_empty() {
        return first_page(server, resource, query, &prefix).await;
    }
    let position = read_token(&query.continue_token)?;
    match position.revision {
        Some(revision) => {
            // While nothing changes, what was there is what is there, as long as that revision may be asked for.
            let readable = server.registry().engine().status().compacted <= revision;
            if let (true, Some(entries)) = (readable, resource.stored()?.unchanged(&prefix, &position.after, revision))
            {
                return Ok((entries, revision));
            }
            let entries = past(server, resource, &prefix, &position.after, revision).await;
            let expired = |status: Status| if status.is_expired() { too_old(&position.after) } else { status };
            Ok((entries.map_err(expired)?, revision))
        }
        None => {
            let page = resource.stored()?.list(&prefix, &position.after);
            Ok((page.entries, page.revision))
        }
    }
}

async fn first_page(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    query: &Query,
    prefix: &str,
) -> Result<(Vec<Arc<Entry>>, u64), Status> {
    let cache = resource.stored()?;
    let wanted = match query.resource_version.as_str() {
        "" | "0" => 0,
        text => text.parse::<u64>().map_err(|_| {
            Status::bad_request(format!(
                "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        })?,
    };
    if query.resource_version_match == "Exact" {
        return Ok((past(server, resource, prefix, "", wanted).await?, wanted));
    }
    if !server.registry().reach(wanted).await.map_err(|error| store_status(&error))? {
        let mut status =
            Status::timeout(format!("Too large resource version: {wanted}, current: {}", cache.revision()))
                .retry_after(1);
        status
            .details
            .set(&["causes"], value!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]));
        return Err(status);
    }
    // One name is one look-up.
    if let (Some(name), true) =
        (query.fields.required_value("metadata.name"), !query.namespace.is_empty() || !resource.kind.namespaced)
    {
        let revision = cache.revision();
        return Ok((cache.get(&format!("{prefix}{name}")).into_iter().collect(), revision));
    }
    let page = cache.list(prefix, "");
    Ok((page.entries, page.revision))
}

async fn past(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    prefix: &str,
    after: &str,
    revision: u64,
) -> Result<Vec<Arc<Entry>>, Status> {
    let cache = resource.stored()?;
    let start = if after.is_empty() { cache.store_key(prefix) } else { cache.store_key(&format!("{after}\0")) };
    let mut end = cache.store_key(prefix).to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    let request = RangeRequest { start, end: end.into(), limit: 0, revision: Some(revision) };
    let range = metrics::stored("list", &resource.kind, server.registry().engine().range(request)).await;
    let range = range.map_err(|error| store_status(&error))?;
    Ok(range.items.iter().map(|kv| cache.past_entry(kv)).collect())
}

/// What `take` makes of the entries that it selects, up to the limit.
fn collect<T>(
    query: &Query,
    entries: &[Arc<Entry>],
    revision: u64,
    mut take: impl FnMut(&Arc<Entry>) -> Result<Option<T>, Status>,
) -> Result<ListOf<T>, Status> {
    let unfiltered = query.is_unfiltered();
    let expected = if query.limit > 0 { entries.len().min(query.limit) } else { entries.len() };
    let mut items = Vec::with_capacity(if unfiltered { expected } else { 0 });
    for (index, entry) in entries.iter().enumerate() {
        if query.limit > 0 && items.len() == query.limit {
            let last_key = &entries[index - 1].key();
            return Ok(ListOf {
                items,
                resource_version: revision,
                continue_token: write_token(Some(revision), last_key),
                remaining: unfiltered.then(|| (entries.len() - index) as u64),
            });
        }
        items.extend(take(entry)?);
    }
    Ok(ListOf { items, resource_version: revision, continue_token: String::new(), remaining: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_too_old_leads_to_one_that_goes_on() {
        let position = read_token(&write_token(Some(7), "a/b")).unwrap();
        assert_eq!((position.revision, position.after.as_str()), (Some(7), "a/b"));
        let status = too_old(&position.after);
        let token = status.to_value().str_at(&["metadata", "continue"]).unwrap_or_default().to_owned();
        let position = read_token(&token).unwrap();
        assert_eq!((position.revision, position.after.as_str()), (None, "a/b"));
        assert!(read_token("nonsense").is_err());
    }
}
