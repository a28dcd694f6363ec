//! `pods/binding`: the scheduler's word about where a pod runs.

use std::sync::Arc;

use apimachinery::{Object, Status, value};
use apiserver::{
    Creator, RequestContext, Server,
    handlers::{
        WriteOptions,
        update::{self, Change, Target},
    },
};
use async_trait::async_trait;

/// Binds a pod to a node.
pub(crate) struct Bindings;

struct Bind<'a> {
    node: &'a str,
    uid: &'a str,
    binding: &'a Object,
}

impl Change for Bind<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| Status::internal("a binding without a pod"))?;
        let conflict = |problem: String| Status::conflict("", "pods/binding", old.name(), problem);
        if !self.uid.is_empty() && self.uid != old.uid() {
            return Err(conflict(format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                self.uid,
                old.uid()
            )));
        }
        if old.deletion_timestamp().is_some() {
            return Err(conflict(format!("pod {} is being deleted, cannot be assigned to a host", old.name())));
        }
        let assigned = old.str_at(&["spec", "nodeName"]).unwrap_or_default();
        if !assigned.is_empty() {
            return Err(conflict(format!("pod {} is already assigned to node {assigned:?}", old.name())));
        }
        if !old.list_at(&["spec", "schedulingGates"]).is_empty() {
            return Err(conflict(format!("pod {} has non-empty .spec.schedulingGates", old.name())));
        }
        let mut pod = old.clone();
        pod.metadata_mut().remove("resourceVersion");
        pod.set(&["spec", "nodeName"], self.node);
        for (key, value) in self.binding.annotations().iter() {
            pod.metadata_mut().map_at("annotations").insert(key.clone(), value.clone());
        }
        let condition = value!({
            "type": "PodScheduled",
            "status": "True",
            "lastTransitionTime": apimachinery::time::format_seconds(stdx::clock::now())
        });
        let conditions = pod.0.make_map().map_at("status").get_or_insert_with("conditions", || value!([])).make_list();
        conditions.retain(|old| old.str_at(&["type"]) != Some("PodScheduled"));
        conditions.push(condition);
        Ok(pod)
    }
}

#[async_trait]
impl Creator for Bindings {
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        name: &str,
        object: Object,
        dry_run: bool,
    ) -> Result<Object, Status> {
        let name = if name.is_empty() { object.name().to_owned() } else { name.to_owned() };
        let node = object.str_at(&["target", "name"]).unwrap_or_default();
        let kind = object.str_at(&["target", "kind"]).unwrap_or_default();
        if node.is_empty() || !matches!(kind, "" | "Node") {
            let path = apimachinery::field::Path::new("target");
            let error = if node.is_empty() {
                apimachinery::field::FieldError::required(&path.child("name"), "")
            } else {
                apimachinery::field::FieldError::not_supported(&path.child("kind"), kind, &["Node", "<empty>"])
            };
            return Err(Status::invalid("", "Binding", &name, &[error]));
        }
        let resource = server.registry().find("", "v1", "pods").ok_or_else(Status::no_such_path)?;
        let target = Target { resource: &resource, namespace, name: &name, subresource: "binding" };
        let change = Bind { node, uid: object.uid(), binding: &object };
        let options = WriteOptions { dry_run, ..WriteOptions::default() };
        update::update(server, context, &target, &change, &options).await?;
        let success = value!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Object(success))
    }
}
