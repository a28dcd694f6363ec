//! The body of a request: read up to a limit, and decoded.

use std::time::Duration;

use apimachinery::{Status, Str, Value, decode, decode::Zeros, protobuf, schema::TypeId};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use super::{Format, HttpRequest, REQUEST_BODY_BYTES_LIMIT, yaml};
use crate::SchemaHandle;

/// A client that takes longer to send a body is given up: upstream's time for a whole request.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Refuses what says that it is of another kind; it need not say any.
pub(super) fn check_kind(value: &Value, kind: &client::ResourceKind) -> Result<(), Status> {
    let expected = kind.api_version();
    match value.str_at(&["apiVersion"]).unwrap_or_default() {
        "" => {}
        version if version == expected => {}
        version => {
            return Err(Status::bad_request(format!(
                "the API version in the data ({version}) does not match the expected API version ({expected})"
            )));
        }
    }
    match value.str_at(&["kind"]).unwrap_or_default() {
        "" => Ok(()),
        found if kind.kind == found => Ok(()),
        found => Err(Status::bad_request(format!(
            "the kind in the data ({found}) does not match the expected kind ({})",
            kind.kind
        ))),
    }
}

/// Decodes a body in any format.
pub(super) fn decode_bytes(
    bytes: &Bytes,
    format: Format,
    schema: &SchemaHandle,
    type_id: TypeId,
    zeros: Zeros,
) -> Result<(Value, Vec<String>), String> {
    match format {
        Format::Json => {
            let decoded = decode::json(bytes, schema, type_id, zeros).map_err(|error| error.to_string())?;
            Ok((decoded.value, decoded.strict_errors))
        }
        Format::Yaml => {
            let parsed = yaml::parse(bytes).map_err(|status| status.message)?;
            let decoded = decode::tree(parsed.value, schema, type_id, zeros).map_err(|error| error.to_string())?;
            Ok((decoded.value, [parsed.strict_errors, decoded.strict_errors].concat()))
        }
        Format::Protobuf => {
            let envelope = protobuf::Envelope::open(bytes).map_err(|error| error.to_string())?;
            let mut value = protobuf::decode(&envelope.raw, schema, type_id).map_err(|error| error.to_string())?;
            if !envelope.api_version.is_empty() {
                value.make_map().insert(Str::from_static("apiVersion"), envelope.api_version);
            }
            if !envelope.kind.is_empty() {
                value.make_map().insert(Str::from_static("kind"), envelope.kind);
            }
            Ok((value, Vec::new()))
        }
    }
}

/// Reads JSON without a schema.
pub(super) fn parse_json(bytes: &Bytes) -> Result<Value, Status> {
    decode::json_untyped(bytes).map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
}

/// Reads a body up to the limit.
pub(super) async fn read_body(request: HttpRequest) -> Result<Bytes, Status> {
    let body = Limited::new(request.into_body(), REQUEST_BODY_BYTES_LIMIT).collect();
    let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return Err(Status::timeout("request did not complete within the allotted timeout"));
    };
    match body {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Status::request_entity_too_large(format!(
            "Request entity too large: limit is {REQUEST_BODY_BYTES_LIMIT}"
        ))),
        Err(error) => Err(Status::bad_request(format!("the body could not be read: {error}"))),
    }
}
