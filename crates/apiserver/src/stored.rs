//! Objects as the store keeps them: upstream's protobuf envelope for built-in kinds, JSON for custom
//! resources, never with a `resourceVersion`.

use std::sync::Arc;

use apimachinery::{
    Object, Str,
    decode::{self, Zeros},
    json, protobuf,
    schema::TypeId,
};
use bytes::Bytes;

use crate::{SchemaHandle, Strategy};

/// How one resource's objects are kept.
pub(crate) struct StoredForm {
    pub(crate) schema: SchemaHandle,
    pub(crate) type_id: TypeId,
    pub(crate) api_version: Str,
    pub(crate) kind: Str,
    /// Set for custom resources: they are kept as JSON, and get the defaults of a definition that changed
    /// since they were written when they are read.
    pub(crate) custom: Option<Arc<dyn Strategy>>,
}

/// A stored value that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("stored value of {key}: {problem}")]
pub(crate) struct StoredError {
    key: String,
    problem: String,
}

impl StoredForm {
    /// The bytes of `object`.
    pub(crate) fn encode(&self, object: &Object) -> Bytes {
        let mut object = object.clone();
        object.metadata_mut().remove("resourceVersion");
        if self.custom.is_none() {
            let kind = &self.kind;
            return protobuf::encode_enveloped(&object, &self.schema, self.type_id, &self.api_version, kind).into();
        }
        json::to_vec(&object).into()
    }

    /// The object in `bytes`, with the revision at which it was written.
    pub(crate) fn decode(&self, key: &str, bytes: &Bytes, revision: u64) -> Result<Object, StoredError> {
        let failed = |problem: String| StoredError { key: key.to_owned(), problem };
        let value = if bytes.starts_with(protobuf::MAGIC) {
            let envelope = protobuf::Envelope::open(bytes).map_err(|error| failed(error.to_string()))?;
            protobuf::decode(&envelope.raw, &self.schema, self.type_id).map_err(|error| failed(error.to_string()))?
        } else {
            decode::json(bytes, &self.schema, self.type_id, Zeros::Fill)
                .map_err(|error| failed(error.to_string()))?
                .value
        };
        let mut object = Object(value);
        if let Some(strategy) = &self.custom {
            strategy.default(&self.schema, self.type_id, &mut object.0);
        }
        object.make_map().insert(Str::from_static("apiVersion"), self.api_version.clone());
        object.make_map().insert(Str::from_static("kind"), self.kind.clone());
        object.metadata_mut().insert(Str::from_static("resourceVersion"), revision.to_string());
        Ok(object)
    }
}
