//! Objects as the store keeps them: upstream's protobuf envelope for built-in kinds, JSON for custom
//! resources, never with a `resourceVersion`.

mod foreign;

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
    /// Whether others write to the store: upstream leaves out what its defaults say, and sets it when it reads.
    pub(crate) has_other_writers: bool,
}

/// The kind whose JSON has something that its protobuf has no place for: what each claim of it is.
const WITH_CLAIMS: (&str, &str) = ("apps/v1", "StatefulSet");

/// A stored value that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("stored value of {key}: {problem}")]
pub(crate) struct StoredError {
    key: String,
    problem: String,
}

impl StoredForm {
    /// What our own bytes begin with: what they are.
    fn beginning(&self) -> Vec<u8> {
        // An empty message ends with its field's number and length.
        let mut envelope = protobuf::envelope(b"", &self.api_version, &self.kind);
        let own = protobuf::MAGIC.len() + 2 + usize::from(envelope[protobuf::MAGIC.len() + 1]);
        envelope.truncate(own);
        envelope
    }

    /// Stored bytes as this server would have written them: those of another version are converted. What cannot be
    /// read becomes what nothing takes for an object, so that it is refused wherever it is needed.
    pub(crate) fn adopt(&self, key: &[u8], bytes: &Bytes) -> Bytes {
        // Versions of custom resources differ in their names alone.
        if self.custom.is_some() {
            return bytes.clone();
        }
        if bytes.starts_with(&self.beginning()) {
            return self.with_defaults(bytes);
        }
        let reason = match foreign::look(bytes, &self.api_version, &self.kind) {
            foreign::Found::Own => return self.with_defaults(bytes),
            foreign::Found::Converted(value) => {
                let text = Bytes::from(json::to_vec(&value));
                match decode::json(&text, &self.schema, self.type_id, Zeros::Fill) {
                    Ok(decoded) => return self.stored(&mut Object(decoded.value)).1,
                    Err(error) => error.to_string(),
                }
            }
            foreign::Found::Unreadable(reason) => reason,
        };
        tracing::error!(key = %String::from_utf8_lossy(key), reason, "an object of another writer cannot be read");
        Bytes::from(reason)
    }

    /// Bytes with the defaults that another writer left out; the same where nothing is missing.
    fn with_defaults(&self, bytes: &Bytes) -> Bytes {
        if !self.has_other_writers {
            return bytes.clone();
        }
        // What cannot be read is told when somebody needs it.
        let Ok(before) = self.decode("", bytes, 0) else { return bytes.clone() };
        let mut after = before.clone();
        api::apply_defaults(&mut after.0, self.type_id);
        if after == before { bytes.clone() } else { self.stored(&mut after).1 }
    }

    /// Settles `object` as upstream shows it, and gives it as it is kept, without its revision, with its bytes.
    pub(crate) fn stored(&self, object: &mut Object) -> (Object, Bytes) {
        if self.custom.is_none() {
            // Whoever edited it may have left out what Go always shows, or put in what it never does.
            decode::settle(&mut object.0, &self.schema, self.type_id);
        }
        let mut kept = object.clone();
        kept.metadata_mut().remove("resourceVersion");
        let bytes = self.bytes(&kept);
        (kept, bytes)
    }

    fn bytes(&self, kept: &Object) -> Bytes {
        if self.custom.is_none() {
            let kind = &self.kind;
            return protobuf::encode_enveloped(kept, &self.schema, self.type_id, &self.api_version, kind).into();
        }
        json::to_vec(kept).into()
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
        if self.custom.is_none() && (self.api_version.as_str(), self.kind.as_str()) == WITH_CLAIMS {
            api::apply_defaults(&mut object.0, self.type_id);
        }
        if let Some(strategy) = &self.custom {
            strategy.default(&self.schema, self.type_id, &mut object.0);
        }
        object.make_map().insert(Str::from_static("apiVersion"), self.api_version.clone());
        object.make_map().insert(Str::from_static("kind"), self.kind.clone());
        object.metadata_mut().insert(Str::from_static("resourceVersion"), revision.to_string());
        Ok(object)
    }
}
