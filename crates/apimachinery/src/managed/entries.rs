//! The entries of `metadata.managedFields`.

use stdx::Str;

use super::Set;
use crate::{Map, Value, value};

/// How a manager came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// What one manager owns through one door.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The manager's name.
    pub manager: Str,
    /// How it came to own the fields.
    pub operation: Operation,
    /// The version through which it wrote.
    pub api_version: Str,
    /// The part that it wrote; empty for the whole.
    pub subresource: Str,
    /// When it last changed something; null when nothing is known.
    pub time: Value,
    /// The fields.
    pub set: Set,
}

/// The most managers of ordinary writes that an object keeps; older ones become [`ANCIENT_MANAGER`].
const UPDATE_MANAGERS_LIMIT: usize = 10;
/// Who owns what managers owned that are no longer kept.
const ANCIENT_MANAGER: &str = "ancient-changes";

impl Entry {
    /// Whether both are of the same manager through the same door. Appliers may change the version.
    pub fn is_same_manager(&self, other: &Entry) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// The manager as errors show it.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("{:?}", self.manager.as_str());
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource.as_str()));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }

    fn read(entry: &Value, index: usize) -> Result<Entry, String> {
        let text = |field: &str| entry.str_at(&[field]).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err("operation must be `Apply` or `Update`".to_owned()),
        };
        if text("apiVersion").is_empty() {
            return Err("apiVersion must not be empty".to_owned());
        }
        match text("fieldsType") {
            "FieldsV1" => {}
            "" => return Err(format!("missing fieldsType in managed fields entry {index}")),
            other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {index}")),
        }
        let set = entry.get("fieldsV1").map_or(Ok(Set::EMPTY), Set::from_value);
        Ok(Entry {
            manager: text("manager").into(),
            operation,
            api_version: text("apiVersion").into(),
            subresource: text("subresource").into(),
            time: entry.get("time").cloned().unwrap_or_default(),
            set: set.map_err(|problem| format!("error decoding set: {problem}"))?,
        })
    }

    fn to_value(&self) -> Value {
        let mut entry = value!({
            "apiVersion": &self.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.set.to_value(),
            "operation": self.operation.name()
        });
        for (field, text) in [("manager", &self.manager), ("subresource", &self.subresource)] {
            if !text.is_empty() {
                entry.set(&[field], text);
            }
        }
        if !self.time.is_null() {
            entry.set(&["time"], self.time.clone());
        }
        entry
    }

    fn time_text(&self) -> &str {
        self.time.as_str().unwrap_or_default()
    }
}

/// Reads `metadata.managedFields`.
///
/// # Errors
/// When an entry is malformed.
pub(super) fn read(entries: Option<&Value>) -> Result<Vec<Entry>, String> {
    let entries = entries.and_then(Value::as_list).map_or(&[][..], |list| list.as_slice());
    let mut read: Vec<Entry> = Vec::with_capacity(entries.len() + 1);
    for (index, entry) in entries.iter().enumerate() {
        let entry = Entry::read(entry, index)?;
        match read.iter_mut().find(|other| other.is_same_manager(&entry)) {
            Some(other) => *other = entry,
            None => read.push(entry),
        }
    }
    Ok(read)
}

/// Whether the client asks to forget all managers: an empty list, or a list of one empty entry.
pub(super) fn is_reset(entries: &Value) -> bool {
    match entries.as_list().map(|list| list.as_slice()) {
        Some([]) => true,
        Some([only]) => only.as_map().is_some_and(Map::is_empty),
        _ => false,
    }
}

/// The value of `metadata.managedFields`, in upstream's order; `None` when nobody owns anything.
pub(super) fn write(mut entries: Vec<Entry>) -> Option<Value> {
    entries.sort_by(|left, right| {
        let key = |entry: &Entry| (entry.operation, entry.time_text().to_owned());
        key(left)
            .cmp(&key(right))
            .then_with(|| left.manager.cmp(&right.manager))
            .then_with(|| left.api_version.cmp(&right.api_version))
            .then_with(|| left.subresource.cmp(&right.subresource))
    });
    (!entries.is_empty()).then(|| entries.iter().map(Entry::to_value).collect())
}

/// Merges the oldest managers of ordinary writes when there are too many of them: the first of each version
/// keeps its fields until a second one is merged with it.
pub(super) fn cap(entries: &mut Vec<Entry>) {
    let updaters = |entries: &[Entry]| entries.iter().filter(|entry| entry.operation == Operation::Update).count();
    while updaters(entries) > UPDATE_MANAGERS_LIMIT {
        entries.sort_by(|left, right| {
            let key = |entry: &Entry| (entry.operation, entry.time_text().to_owned(), entry.manager.clone());
            key(left).cmp(&key(right))
        });
        let first = entries.iter().position(|entry| entry.operation == Operation::Update).unwrap_or_default();
        // The oldest two of a version become one.
        let pair = (first..entries.len()).find_map(|oldest| {
            let version = &entries[oldest].api_version;
            let next = (oldest + 1..entries.len()).find(|next| entries[*next].api_version == *version)?;
            Some((oldest, next))
        });
        let Some((oldest, next)) = pair else { return };
        let old = entries.remove(oldest);
        let next = entries.remove(next - 1);
        let bucket = Entry {
            manager: Str::from_static(ANCIENT_MANAGER),
            operation: Operation::Update,
            api_version: old.api_version.clone(),
            subresource: Str::EMPTY,
            time: next.time.clone(),
            set: old.set.union(&next.set),
        };
        match entries.iter_mut().find(|entry| entry.is_same_manager(&bucket)) {
            Some(existing) => {
                existing.set = existing.set.union(&bucket.set);
                existing.time = bucket.time;
            }
            None => entries.push(bucket),
        }
    }
}
