//! Requests as HTTP: paths, queries and bodies.

use apimachinery::{Status, Value, json, value};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body_of;
use crate::{Body, DeletePropagation, PatchType, Request, Verb};

/// What stands in a path or query unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const JSON: &str = "application/json";

fn escaped(text: &str) -> percent_encoding::PercentEncode<'_> {
    utf8_percent_encode(text, ESCAPED)
}

fn path(request: &Request) -> String {
    let kind = &request.resource;
    let mut path = match kind.group.is_empty() {
        true => format!("/api/{}", kind.version),
        false => format!("/apis/{}/{}", kind.group, kind.version),
    };
    if kind.namespaced && !request.namespace.is_empty() {
        path.push_str(&format!("/namespaces/{}", escaped(&request.namespace)));
    }
    path.push_str(&format!("/{}", kind.resource));
    for part in [&request.name, &request.subresource] {
        if !part.is_empty() {
            path.push_str(&format!("/{}", escaped(part)));
        }
    }
    path
}

struct Query(String);

impl Query {
    fn add(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.0.push(if self.0.contains('?') { '&' } else { '?' });
            self.0.push_str(&format!("{name}={}", escaped(text)));
        }
    }

    fn add_selection(&mut self, request: &Request) {
        let options = &request.options;
        self.add("labelSelector", &options.label_selector);
        self.add("fieldSelector", &options.field_selector);
        self.add("resourceVersion", &options.resource_version);
    }
}

/// The address of a call.
pub(super) fn path_and_query(request: &Request) -> String {
    let options = &request.options;
    let mut query = Query(path(request));
    match request.verb {
        Verb::Get => {}
        Verb::List | Verb::DeleteCollection => {
            query.add_selection(request);
            if options.limit > 0 {
                query.add("limit", &options.limit.to_string());
            }
            query.add("continue", &options.continue_token);
        }
        Verb::Create | Verb::Update | Verb::Patch => {
            query.add("fieldManager", &options.field_manager);
            query.add("dryRun", if options.dry_run { "All" } else { "" });
            let apply = matches!(request.body, Body::Patch(PatchType::Apply, _));
            query.add("force", if apply && options.force { "true" } else { "" });
            // Components write what they mean: a warning about a field would be read by nobody.
            query.add("fieldValidation", "Ignore");
        }
        // What a deletion is told stands in its body.
        Verb::Delete => {}
    }
    query.0
}

/// The address of a watch.
pub(super) fn watch_path_and_query(request: &Request, initial_events: bool) -> String {
    let mut query = Query(path(request));
    query.add("watch", "true");
    query.add("allowWatchBookmarks", "true");
    query.add_selection(request);
    if initial_events {
        query.add("sendInitialEvents", "true");
        query.add("resourceVersionMatch", "NotOlderThan");
    }
    query.0
}

/// The media type and bytes of a call's body.
pub(super) fn content(request: &Request) -> Result<Option<(&'static str, Bytes)>, Status> {
    match (request.verb, &request.body) {
        (Verb::Delete | Verb::DeleteCollection, _) => Ok(Some((JSON, Bytes::from(json::to_vec(&deletion(request)))))),
        (Verb::Create | Verb::Update, Body::Object(object)) => Ok(Some((JSON, body_of(request, object)))),
        (Verb::Patch, Body::Patch(patch_type, patch)) => {
            let media_type = match patch_type {
                PatchType::Json => "application/json-patch+json",
                PatchType::Merge => "application/merge-patch+json",
                PatchType::Strategic => "application/strategic-merge-patch+json",
                PatchType::Apply => "application/apply-patch+yaml",
            };
            Ok(Some((media_type, Bytes::from(json::to_vec(patch)))))
        }
        (Verb::Create | Verb::Update | Verb::Patch, _) => Err(Status::bad_request("the request has no body")),
        (Verb::Get | Verb::List, _) => Ok(None),
    }
}

fn deletion(request: &Request) -> Value {
    let options = &request.options;
    let mut value = value!({"apiVersion": "v1", "kind": "DeleteOptions"});
    if let Some(seconds) = options.grace_period_seconds {
        value.set(&["gracePeriodSeconds"], seconds);
    }
    let propagation = options.propagation.map(|propagation| match propagation {
        DeletePropagation::Orphan => "Orphan",
        DeletePropagation::Background => "Background",
        DeletePropagation::Foreground => "Foreground",
    });
    if let Some(propagation) = propagation {
        value.set(&["propagationPolicy"], propagation);
    }
    if !options.precondition_uid.is_empty() {
        value.set(&["preconditions", "uid"], options.precondition_uid.as_str());
    }
    if !options.precondition_resource_version.is_empty() {
        value.set(&["preconditions", "resourceVersion"], options.precondition_resource_version.as_str());
    }
    if options.dry_run {
        value.set(&["dryRun"], value!(["All"]));
    }
    value
}
