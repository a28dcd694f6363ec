//! Kinds whose behaviour fits into a few lines.

use apimachinery::{Object, Str, Value, names, value};
use apiserver::{RequestContext, Strategy, resource::keep_other_half};

use crate::{
    install::text_at,
    validation::{Errors, batch, core},
};

/// A kind that is told in a few words: which halves it has, and what is checked.
#[derive(Clone, Copy)]
pub(crate) struct Simple {
    has_status: bool,
    has_generation: bool,
    allow_create_on_update: bool,
    name: fn(&str) -> Vec<String>,
    new: fn(&Object) -> Errors,
    /// What is checked of a change; that of a new object when there is nothing else to say.
    update: Option<fn(&Object, &Object) -> Errors>,
    status: fn(&Object) -> Errors,
    /// The phase of a new object's status; empty where there is none.
    first_phase: &'static str,
    is_urgent: bool,
    /// What is set in a new object, or a changed one beside what it was.
    prepare: fn(&mut Object, Option<&Object>),
    /// The field that field selectors may name; empty where there is none.
    selectable: &'static str,
}

impl Simple {
    /// Spec and status, counted by generation.
    pub(crate) const PLAIN: Simple = Simple {
        has_status: true,
        has_generation: true,
        allow_create_on_update: false,
        name: names::dns1123_subdomain,
        new: |_| Errors::new(),
        update: None,
        status: |_| Errors::new(),
        first_phase: "",
        is_urgent: false,
        prepare: |_, _| {},
        selectable: "",
    };
    /// Spec and status, without a generation.
    pub(crate) const UNCOUNTED: Simple = Simple { has_generation: false, ..Simple::PLAIN };
    /// Neither status nor generation.
    pub(crate) const STATELESS: Simple = Simple { has_status: false, ..Simple::UNCOUNTED };
    /// A generation, and no status.
    pub(crate) const COUNTED: Simple = Simple { has_status: false, ..Simple::PLAIN };
    /// RBAC objects: names may hold colons, and a PUT may make them.
    pub(crate) const PATH_NAMED: Simple =
        Simple { name: names::path_segment, allow_create_on_update: true, ..Simple::STATELESS };

    /// Checks new objects, and changed ones unless [`Simple::changed`] says more.
    pub(crate) const fn checked(self, new: fn(&Object) -> Errors) -> Simple {
        Simple { new, ..self }
    }

    /// Written even when the disk is nearly full.
    pub(crate) const fn urgent(self) -> Simple {
        Simple { is_urgent: true, ..self }
    }

    /// Checks changed objects against what they were.
    pub(crate) const fn changed(self, update: fn(&Object, &Object) -> Errors) -> Simple {
        Simple { update: Some(update), ..self }
    }

    /// Checks written statuses.
    pub(crate) const fn status(self, status: fn(&Object) -> Errors) -> Simple {
        Simple { status, ..self }
    }

    /// What a new object's status says, whatever the client wrote there.
    pub(crate) const fn phase(self, first_phase: &'static str) -> Simple {
        Simple { first_phase, ..self }
    }

    /// Sets something in new objects, and in changed ones beside what they were.
    pub(crate) const fn prepared(self, prepare: fn(&mut Object, Option<&Object>)) -> Simple {
        Simple { prepare, ..self }
    }

    /// Lets field selectors name a field, such as `spec.signerName`.
    pub(crate) const fn selectable(self, selectable: &'static str) -> Simple {
        Simple { selectable, ..self }
    }

    /// Checks names in another way.
    pub(crate) const fn named(self, name: fn(&str) -> Vec<String>) -> Simple {
        Simple { name, ..self }
    }
}

impl Strategy for Simple {
    fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        (self.name)(name)
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        if self.has_status {
            object.make_map().remove("status");
        }
        if !self.first_phase.is_empty() {
            object.set(&["status", "phase"], self.first_phase);
        }
        (self.prepare)(object, None);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        if self.has_status {
            keep_other_half(subresource, object, old);
        }
        (self.prepare)(object, Some(old));
    }

    fn validate(&self, object: &Object) -> Errors {
        (self.new)(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Errors {
        match (subresource, self.update) {
            ("status", _) => (self.status)(object),
            (_, Some(update)) => update(object, old),
            (_, None) => (self.new)(object),
        }
    }

    fn has_status(&self) -> bool {
        self.has_status
    }

    fn has_generation(&self) -> bool {
        self.has_generation
    }

    fn allow_create_on_update(&self) -> bool {
        self.allow_create_on_update
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let path: Vec<&str> = self.selectable.split('.').collect();
        (field == self.selectable).then(|| object.0.str_at(&path).unwrap_or_default())
    }
}

/// A namespace goes when its content has gone: the namespace controller takes its spec's finalizer away.
pub(crate) struct Namespaces;

impl Strategy for Namespaces {
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::dns1123_label(name)
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.set(&["status"], value!({"phase": "Active"}));
        let mut finalizers = object.0.list_at(&["spec", "finalizers"]).to_vec();
        if !finalizers.iter().any(|finalizer| finalizer.as_str() == Some("kubernetes")) {
            finalizers.push("kubernetes".into());
        }
        object.set(&["spec", "finalizers"], finalizers);
        let name = Str::from(object.name());
        object.metadata_mut().map_at("labels").insert(Str::from_static("kubernetes.io/metadata.name"), name);
    }

    fn prepare_for_update(&self, _: &RequestContext, subresource: &str, object: &mut Object, old: &Object) {
        match subresource {
            "finalize" => {
                let status = old.at(&["status"]).cloned().unwrap_or_default();
                object.set(&["status"], status);
            }
            "status" => keep_other_half("status", object, old),
            _ => {
                for part in ["status", "spec"] {
                    object.set(&[part], old.at(&[part]).cloned().unwrap_or_default());
                }
            }
        }
        if object.deletion_timestamp().is_some() {
            object.set(&["status", "phase"], "Terminating");
        }
    }

    fn may_be_removed(&self, object: &Object) -> bool {
        object.list_at(&["spec", "finalizers"]).is_empty()
    }

    fn mark_deleted(&self, object: &mut Object) {
        object.set(&["status", "phase"], "Terminating");
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        match field {
            "name" => Some(object.name()),
            "status.phase" => Some(text_at(object, &["status", "phase"])),
            _ => None,
        }
    }
}

/// Nodes are selected by whether pods may come.
pub(crate) struct Nodes;

impl Strategy for Nodes {
    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, _: &mut Object) {
        // The kubelet registers a node together with its status.
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        let unschedulable = object.bool_at(&["spec", "unschedulable"]) == Some(true);
        (field == "spec.unschedulable").then_some(if unschedulable { "true" } else { "false" })
    }

    fn validate(&self, object: &Object) -> Errors {
        core::node(object)
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Errors {
        core::node_update(object, old)
    }
}

/// Secrets take `stringData` into `data`, and their type is final.
pub(crate) struct Secrets;

impl Secrets {
    fn take_string_data(object: &mut Object) {
        let Some(Value::Map(texts)) = object.make_map().remove("stringData") else { return };
        let data = object.make_map().map_at("data");
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default().as_bytes();
            data.insert(key, apimachinery::base64_encode(bytes));
        }
    }
}

impl Strategy for Secrets {
    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        false
    }

    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        Secrets::take_string_data(object);
    }

    fn prepare_for_update(&self, _: &RequestContext, _: &str, object: &mut Object, old: &Object) {
        Secrets::take_string_data(object);
        if text_at(object, &["type"]).is_empty() {
            object.set(&["type"], text_at(old, &["type"]));
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        core::secret(object)
    }

    fn validate_update(&self, _: &str, object: &Object, old: &Object) -> Errors {
        core::secret_update(object, old)
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        (field == "type").then(|| text_at(object, &["type"]))
    }
}

/// Jobs get a selector of their own unless they say otherwise.
pub(crate) struct Jobs;

impl Strategy for Jobs {
    fn prepare_for_create(&self, _: &RequestContext, object: &mut Object) {
        object.make_map().remove("status");
        object.set(&["status"], value!({}));
        if object.bool_at(&["spec", "manualSelector"]) == Some(true) {
            return;
        }
        let (uid, name) = (object.uid().to_owned(), object.name().to_owned());
        for (key, text) in [
            ("controller-uid", &uid),
            ("job-name", &name),
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
        ] {
            object.set(&["spec", "template", "metadata", "labels", key], text.as_str());
        }
        let selected = value!({"batch.kubernetes.io/controller-uid": uid});
        object.set(&["spec", "selector"], value!({"matchLabels": selected}));
    }

    fn validate(&self, object: &Object) -> Errors {
        batch::job(object)
    }

    fn validate_update(&self, subresource: &str, object: &Object, old: &Object) -> Errors {
        match subresource {
            "status" => Errors::new(),
            _ => batch::job_update(object, old),
        }
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        if field != "status.successful" {
            return None;
        }
        Some(if object.i64_at(&["status", "succeeded"]).unwrap_or_default() > 0 { "1" } else { "0" })
    }
}
