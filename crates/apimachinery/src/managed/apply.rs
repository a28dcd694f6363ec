//! Server-side apply.

use stdx::Str;

use super::{
    Entry, MANAGED_FIELDS, METADATA, Operation, Set, Target,
    compare::extract,
    entries, managed_fields,
    merge::merge,
    shape::Shape,
    strip, track, validate,
    versions::{self, ByVersion},
};
use crate::{
    Map, Object, Status, Value,
    decode::{self, Zeros},
    json, value,
};

/// The annotation in which `kubectl apply` keeps what it applied by client-side apply.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The manager of fields that were there before the first apply.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// The manager whose client-side applied fields become its own.
const KUBECTL: &str = "kubectl";
/// The most bytes of all annotations of an object together.
const ANNOTATIONS_BYTES_LIMIT: usize = 256 * 1024;

/// A field that somebody else owns and the configuration changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The other manager, as errors show it.
    pub manager: String,
    /// The field's path, for example `.spec.replicas`.
    pub path: String,
}

/// Why a configuration could not be applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// Others own what it changes.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Upstream has no class for this error, and answers 500.
    #[error("{0}")]
    Failed(String),
}

fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", only.manager, only.path);
    }
    let mut lines = Vec::new();
    for (index, conflict) in conflicts.iter().enumerate() {
        if index == 0 || conflicts[index - 1].manager != conflict.manager {
            lines.push(format!("conflicts with {}:", conflict.manager));
        }
        lines.push(format!("- {}", conflict.path));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

impl ApplyError {
    /// The answer to the client.
    pub fn to_status(&self) -> Status {
        match self {
            ApplyError::Conflicts(conflicts) => {
                let causes: Value = conflicts
                    .iter()
                    .map(|conflict| {
                        value!({
                            "reason": "FieldManagerConflict",
                            "message": format!("conflict with {}", conflict.manager),
                            "field": conflict.path.as_str()
                        })
                    })
                    .collect();
                let mut status = Status::failure(409, "Conflict", self.to_string());
                *status.details = value!({"causes": causes});
                status
            }
            ApplyError::Invalid(problem) => Status::bad_request(problem.clone()),
            ApplyError::Failed(problem) => Status::failure(500, "", problem.clone()),
        }
    }
}

/// A configuration that passed its schema, and what it says.
struct Configuration {
    value: Value,
    set: Set,
}

/// Applies `config` to `live` (absent when the object is made by it) for `manager`, and answers with the
/// object as it should be, its managed fields included; fields have no defaults yet.
///
/// With `force`, fields that others own are taken over.
///
/// # Errors
/// When others own fields that change, or the configuration is no object of the target's type.
pub fn apply(
    target: &Target<'_>,
    live: Option<&Object>,
    config: &Value,
    manager: &str,
    force: bool,
) -> Result<Object, ApplyError> {
    let configuration = configuration(target, config)?;
    let mut object = live.map_or_else(|| Value::Map(Map::new()), |live| live.0.clone());
    let recorded = object.as_map_mut().and_then(|root| root.get_mut(&METADATA)?.as_map_mut()?.remove(&MANAGED_FIELDS));
    let mut managers = entries::read(recorded.as_ref())
        .map_err(|problem| ApplyError::Failed(format!("failed to decode managed fields: {problem}")))?;
    if managers.is_empty() && live.is_some() {
        let everything = ByVersion::compare(target, &Value::Null, &object, &[]);
        track::assign(everything, target, &mut managers, BEFORE_FIRST_APPLY);
    }
    let spare = (manager == KUBECTL && !force).then(|| managers.clone());
    let mut applied = apply_to(target, &object, &configuration, managers, manager, force);
    if let Err(conflicts) = &mut applied
        && let Some(managers) = spare
        && let Some(allowed) = last_applied_fields(target, &object)
    {
        conflicts.retain(|(_, path)| !allowed.contains(path));
        if conflicts.is_empty() {
            applied = apply_to(target, &object, &configuration, managers, manager, true);
        }
    }
    let (mut root, managers) = applied.map_err(|conflicts| {
        let conflict = |(entry, path): (Entry, String)| Conflict { manager: entry.shown(), path };
        ApplyError::Conflicts(conflicts.into_iter().map(conflict).collect())
    })?;
    if manager == KUBECTL {
        renew_last_applied(&mut root, config);
    }
    if let Some(entries) = entries::write(managers) {
        root.make_map().map_at(METADATA).insert(MANAGED_FIELDS, entries);
    }
    Ok(Object(root))
}

/// Checks a configuration and brings it under the schema.
fn configuration(target: &Target<'_>, config: &Value) -> Result<Configuration, ApplyError> {
    let (api_version, kind) =
        (config.str_at(&["apiVersion"]).unwrap_or_default(), config.str_at(&["kind"]).unwrap_or_default());
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let shown = format!("{group}/{version}, Kind={kind}");
    if api_version != target.api_version || kind != target.kind {
        return Err(ApplyError::Invalid(format!("invalid object type: {shown}")));
    }
    if managed_fields(config).is_some_and(|entries| !entries.is_null()) {
        return Err(ApplyError::Invalid("metadata.managedFields must be nil".to_owned()));
    }
    let metadata = |field: &str| config.str_at(&["metadata", field]).unwrap_or_default().to_owned();
    let failed = |problem: String| {
        let (namespace, name) = (metadata("namespace"), metadata("name"));
        ApplyError::Failed(format!("failed to create typed patch object ({namespace}/{name}; {shown}): {problem}"))
    };
    let shape = Shape::of_type(target.schema, target.type_id);
    validate::check(config, shape, target.schema).map_err(failed)?;
    let decoded = decode::tree(config.clone(), target.schema, target.type_id, Zeros::Leave);
    let decoded = decoded.map_err(|error| failed(error.to_string()))?;
    // What merges as one was not walked above.
    let unknown = decoded.strict_errors.iter().find_map(|error| error.strip_prefix("unknown field "));
    if let Some(path) = unknown {
        return Err(failed(format!(".{}: field not declared in schema", path.trim_matches('"'))));
    }
    let value = decoded.value;
    let mut set = extract(&value, shape, target.schema).children;
    if !target.reset_fields.is_empty() {
        set = set.difference_with_children(target.reset_fields);
    }
    Ok(Configuration { value, set })
}

type Conflicts = Vec<(Entry, String)>;

fn apply_to(
    target: &Target<'_>,
    live: &Value,
    config: &Configuration,
    mut managers: Vec<Entry>,
    manager: &str,
    force: bool,
) -> Result<(Value, Vec<Entry>), Conflicts> {
    let shape = Shape::of_type(target.schema, target.type_id);
    let mut merged = live.clone();
    merge(&mut merged, &config.value, shape, target.schema);
    let mut own = target.entry(manager, Operation::Apply);
    own.set = config.set.clone();
    let last = match managers.iter().position(|entry| entry.is_same_manager(&own)) {
        Some(position) => {
            let last = managers.remove(position);
            own.time = last.time.clone();
            Some(last)
        }
        None => None,
    };
    managers.push(own);
    if let Some(last) = last
        && (last.api_version != target.api_version || !last.set.difference(&config.set).is_empty())
    {
        merged = versions::prune_across(target, merged, &last, &managers);
    }
    let mut own = managers.pop().expect("pushed above");
    let touched = ByVersion::compare(target, live, &merged, &managers);
    if !force {
        let conflicts = conflicts(&managers, &touched);
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
    }
    touched.take(&mut managers);
    strip(&mut own.set);
    if merged != *live {
        own.time = Value::from(target.now);
    }
    if !own.set.is_empty() {
        managers.push(own);
    }
    Ok((merged, managers))
}

fn conflicts(managers: &[Entry], touched: &ByVersion) -> Conflicts {
    let written = |entry: &Entry| touched.seen_by(entry).map(|changed| &changed.written);
    let concerned = |entry: &&Entry| written(entry).is_some_and(|written| !entry.set.is_disjoint(written));
    let mut owners: Vec<&Entry> = managers.iter().filter(concerned).collect();
    owners.sort_by(|left, right| {
        let key = |entry: &Entry| (entry.manager.clone(), entry.operation, entry.api_version.clone());
        key(left).cmp(&key(right)).then_with(|| left.subresource.cmp(&right.subresource))
    });
    let of_owner = |entry: &&Entry| {
        let entry: &Entry = entry;
        let paths = written(entry).map_or_else(Vec::new, |written| entry.set.intersection(written).paths());
        paths.into_iter().map(|path| (Entry { set: Set::EMPTY, ..entry.clone() }, path)).collect::<Vec<_>>()
    };
    owners.iter().flat_map(of_owner).collect()
}

/// The fields that the client-side apply annotation holds with the values that the object has.
fn last_applied_fields(target: &Target<'_>, object: &Value) -> Option<Vec<String>> {
    let text = object.str_at(&["metadata", "annotations", LAST_APPLIED]).filter(|text| !text.is_empty())?;
    let last = decode::json_untyped(text.as_bytes()).ok()?;
    if last.str_at(&["apiVersion"]) != Some(target.api_version) {
        return None;
    }
    let shape = Shape::of_type(target.schema, target.type_id);
    let last = decode::tree(last, target.schema, target.type_id, Zeros::Leave).ok()?.value;
    let fields = extract(&last, shape, target.schema).children;
    let diff = super::compare::objects(&last, object, shape, target.schema);
    let differing = diff.added.children.union(&diff.modified.children).union(&diff.removed.children);
    Some(fields.difference(&differing).paths())
}

/// Keeps the annotation of client-side apply up to date, if there is one, so that the client may go back.
fn renew_last_applied(root: &mut Value, config: &Value) {
    let annotations = root.at_mut(&["metadata", "annotations"]).and_then(Value::as_map_mut);
    let Some(annotations) = annotations else { return };
    if annotations.str_at(LAST_APPLIED).is_none_or(str::is_empty) {
        return;
    }
    let mut config = config.clone();
    config.remove(&["metadata", "annotations", LAST_APPLIED]);
    let mut text = String::from_utf8_lossy(&json::to_vec(&config)).into_owned();
    text.push('\n');
    annotations.insert(Str::from_static(LAST_APPLIED), text);
    let bytes: usize = annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > ANNOTATIONS_BYTES_LIMIT {
        annotations.remove(LAST_APPLIED);
    }
}
