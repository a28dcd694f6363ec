//! Objects, lists and errors as HTTP answers.

use std::sync::Arc;

use apimachinery::{Map, Object, Status, Str, Value, json, protobuf, value};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

use super::{Accept, Format, View, table};
use crate::{
    RequestContext, Resource,
    handlers::read::{List, ListOf},
};

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;
/// An answer.
pub type HttpResponse = http::Response<Body>;

/// A body that is at hand.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer of `bytes`.
pub(crate) fn bytes_response(code: u16, media_type: &'static str, bytes: impl Into<Bytes>) -> HttpResponse {
    let mut response = http::Response::new(full(bytes));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// A JSON answer outside of negotiation.
pub fn json_response(code: u16, value: &Value) -> HttpResponse {
    bytes_response(code, "application/json", json::to_vec(value))
}

/// A failed (or finished) request.
pub fn status_response(status: &Status, accept: Accept) -> HttpResponse {
    let value = status.to_value();
    let mut response = match api::type_of("meta.k8s.io", "v1", "Status") {
        Some(type_id) => encoded(status.code, &value, accept.format, |value| {
            protobuf::encode_enveloped(value, api::schema(), type_id, "v1", "Status")
        }),
        None => json_response(status.code, &value),
    };
    if let Some(seconds) = status.details.i64_at(&["retryAfterSeconds"]) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn encoded(code: u16, value: &Value, format: Format, to_protobuf: impl FnOnce(&Value) -> Vec<u8>) -> HttpResponse {
    match format {
        Format::Json => bytes_response(code, Format::Json.media_type(), json::to_vec(value)),
        Format::Yaml => match serde_saphyr::to_string(value) {
            Ok(text) => bytes_response(code, Format::Yaml.media_type(), text),
            Err(_) => json_response(code, value),
        },
        Format::Protobuf => bytes_response(code, Format::Protobuf.media_type(), to_protobuf(value)),
    }
}

/// Puts the context's warnings into the answer's headers.
pub(crate) fn add_warnings(context: &RequestContext, response: &mut HttpResponse) {
    for warning in context.take_warnings() {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

/// `apiVersion`, `kind` and `metadata` alone.
pub(crate) fn partial_metadata(object: &Object) -> Value {
    value!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object.metadata().clone()
    })
}

fn meta_protobuf(kind: &'static str) -> impl FnOnce(&Value) -> Vec<u8> {
    move |value| match api::type_of("meta.k8s.io", "v1", kind) {
        Some(type_id) => protobuf::encode_enveloped(value, api::schema(), type_id, "meta.k8s.io/v1", kind),
        None => json::to_vec(value),
    }
}

/// The protobuf form of an object whose kind is in the built-in schema, by what the object says it is.
pub(crate) fn object_protobuf(object: &Value) -> Option<Vec<u8>> {
    let (api_version, kind) = (object.str_at(&["apiVersion"])?, object.str_at(&["kind"])?);
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let type_id = api::type_of(group, version, kind)?;
    Some(protobuf::encode_enveloped(object, api::schema(), type_id, api_version, kind))
}

/// One object.
pub(crate) fn object_response(
    code: u16,
    resource: &Resource,
    object: &Object,
    accept: Accept,
    include_object: &str,
) -> HttpResponse {
    match accept.view {
        View::Table => {
            let table = table::table(resource, &[Arc::new(object.clone())], include_object, true);
            encoded(code, &table, accept.format, json::to_vec)
        }
        View::PartialMetadata => {
            encoded(code, &partial_metadata(object), accept.format, meta_protobuf("PartialObjectMetadata"))
        }
        View::Whole if accept.format == Format::Protobuf => match object_protobuf(object) {
            Some(bytes) => bytes_response(code, Format::Protobuf.media_type(), bytes),
            None => status_response(&Status::not_acceptable(&["application/json", "application/yaml"]), Accept::JSON),
        },
        View::Whole => encoded(code, object, accept.format, json::to_vec),
    }
}

pub(crate) fn list_metadata<T>(list: &ListOf<T>) -> Value {
    let mut metadata = value!({"resourceVersion": list.resource_version.to_string()});
    if !list.continue_token.is_empty() {
        metadata.set(&["continue"], list.continue_token.as_str());
        if let Some(remaining) = list.remaining {
            metadata.set(&["remainingItemCount"], remaining as i64);
        }
    }
    metadata
}

/// A list.
pub(crate) fn list_response(resource: &Resource, list: &List, accept: Accept, include_object: &str) -> HttpResponse {
    let metadata = list_metadata(list);
    match accept.view {
        View::Table => {
            let mut table = table::of_list(resource, &list.items, include_object);
            table.set(&["metadata"], metadata);
            encoded(200, &table, accept.format, json::to_vec)
        }
        View::PartialMetadata => {
            let items: Value = list.items.iter().map(|object| partial_metadata(object)).collect();
            let root = value!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": metadata, "items": items});
            encoded(200, &root, accept.format, meta_protobuf("PartialObjectMetadataList"))
        }
        View::Whole => whole_list(resource, list, &metadata, accept.format),
    }
}

fn whole_list(resource: &Resource, list: &List, metadata: &Value, format: Format) -> HttpResponse {
    if format == Format::Json {
        let mut out = Vec::with_capacity(256 + list.items.len() * 1024);
        out.extend_from_slice(b"{\"kind\":");
        json::write_string(&resource.list_kind(), &mut out);
        out.extend_from_slice(b",\"apiVersion\":");
        json::write_string(&resource.kind.api_version(), &mut out);
        out.extend_from_slice(b",\"metadata\":");
        json::encode(metadata, &mut out);
        out.extend_from_slice(b",\"items\":[");
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            json::encode(item, &mut out);
        }
        out.extend_from_slice(b"]}");
        return bytes_response(200, format.media_type(), out);
    }
    let items: Value = list.items.iter().map(|object| object.0.clone()).collect();
    let mut root: Map = Map::new();
    root.insert(Str::from_static("apiVersion"), resource.kind.api_version());
    root.insert(Str::from_static("kind"), resource.list_kind());
    root.insert(Str::from_static("metadata"), metadata.clone());
    root.insert(Str::from_static("items"), items);
    let root = Value::Map(root);
    match format {
        Format::Protobuf => match object_protobuf(&root) {
            Some(bytes) => bytes_response(200, format.media_type(), bytes),
            None => status_response(&Status::not_acceptable(&["application/json", "application/yaml"]), Accept::JSON),
        },
        _ => encoded(200, &root, format, json::to_vec),
    }
}
