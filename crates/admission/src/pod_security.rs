//! `PodSecurity`: the pod security standards, per namespace, by labels.
//!
//! A namespace's labels name a level to enforce, one to audit and one to warn of. The checks are those of the
//! newest version of the standards, whatever version a label names: a version only ever allowed more.

mod checks;
mod levels;

use std::sync::Arc;

use apimachinery::{
    Map, Object, Status,
    field::{FieldError, Path},
};
use apiserver::{AdmissionPlugin, Attributes, Operation, Server};
use async_trait::async_trait;
use client::ResourceKind;

use crate::{
    forbidden,
    pod::{CONTAINER_LISTS, is_pods},
};
use checks::violations;
use levels::{Level, Policy};

pub(crate) struct PodSecurity;

/// The most existing pods that a stricter namespace is checked against.
const NAMESPACE_PODS_LIMIT: usize = 3000;

/// Where a kind keeps its pod template.
fn template_path(resource: &ResourceKind) -> Option<&'static [&'static str]> {
    match (resource.group.as_str(), resource.resource.as_str()) {
        ("", "podtemplates") => Some(&["template"]),
        ("", "replicationcontrollers")
        | ("apps", "deployments" | "daemonsets" | "replicasets" | "statefulsets")
        | ("batch", "jobs") => Some(&["spec", "template"]),
        ("batch", "cronjobs") => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

fn is_namespaces(resource: &ResourceKind) -> bool {
    resource.group.is_empty() && resource.resource == "namespaces"
}

/// Whether a change of a pod can matter: only images and profiles may change at all, and containers come.
fn is_significant(pod: &Object, old: &Object) -> bool {
    let profiles = |pod: &Object| -> Vec<(String, String)> {
        let relevant = |key: &str| {
            key.starts_with("container.apparmor.security.beta.kubernetes.io/")
                || key.starts_with("container.seccomp.security.alpha.kubernetes.io/")
                || key == "seccomp.security.alpha.kubernetes.io/pod"
        };
        let annotations = pod.annotations().iter().filter(|(key, _)| relevant(key));
        annotations.map(|(key, value)| (key.to_string(), value.as_str().unwrap_or_default().to_owned())).collect()
    };
    profiles(pod) != profiles(old) || CONTAINER_LISTS.iter().any(|list| pod.spec().get(list) != old.spec().get(list))
}

fn shown(violations: &[checks::Violation]) -> String {
    let parts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    parts.join(", ")
}

fn policy_of(server: &Server, namespace: &str) -> Result<Policy, Status> {
    let namespace = server.registry().object("", "namespaces", "", namespace)?;
    Ok(namespace.map_or_else(Policy::default, |namespace| Policy::read(namespace.labels()).0))
}

impl PodSecurity {
    fn pod(&self, server: &Server, attributes: &Attributes<'_>, pod: &Object) -> Result<(), Status> {
        if attributes.old_object.is_some_and(|old| !is_significant(pod, old)) {
            return Ok(());
        }
        let policy = policy_of(server, attributes.namespace)?;
        attributes.context.annotate("pod-security.kubernetes.io/enforce-policy", || policy.enforce.shown());
        let found = violations(policy.enforce.level, pod.metadata(), pod.spec());
        if !found.is_empty() {
            self.audit(attributes, &policy, pod.metadata(), pod.spec());
            return Err(forbidden(
                attributes,
                format!("violates PodSecurity {:?}: {}", policy.enforce.shown(), shown(&found)),
            ));
        }
        self.tell(attributes, &policy, pod.metadata(), pod.spec());
        Ok(())
    }

    /// Annotates the audit event, and logs, what the namespace wants to be audited.
    fn audit(&self, attributes: &Attributes<'_>, policy: &Policy, metadata: &Map, spec: &Map) {
        let audited = violations(policy.audit.level, metadata, spec);
        if audited.is_empty() {
            return;
        }
        let said = format!("would violate PodSecurity {:?}: {}", policy.audit.shown(), shown(&audited));
        tracing::info!(
            namespace = attributes.namespace,
            name = attributes.name,
            user = attributes.context.user.name.as_str(),
            "{said}"
        );
        attributes.context.annotate("pod-security.kubernetes.io/audit-violations", || said);
    }

    /// Warns of what the namespace wants to be warned of, and tells what it wants to be audited.
    fn tell(&self, attributes: &Attributes<'_>, policy: &Policy, metadata: &Map, spec: &Map) {
        self.audit(attributes, policy, metadata, spec);
        let warned = violations(policy.warn.level, metadata, spec);
        if !warned.is_empty() {
            let warning = format!("would violate PodSecurity {:?}: {}", policy.warn.shown(), shown(&warned));
            attributes.context.warn(warning);
        }
    }

    /// Refuses levels that do not exist; warns of pods that a stricter level would not let in.
    fn namespace(&self, server: &Server, attributes: &Attributes<'_>, namespace: &Object) -> Result<(), Status> {
        let (policy, problems) = Policy::read(namespace.labels());
        let old = attributes.old_object.map(|old| Policy::read(old.labels()));
        let known = old.as_ref().map(|(_, problems)| problems.len()).unwrap_or_default();
        if problems.len() > known || (!problems.is_empty() && old.is_none()) {
            let labels = Path::new("metadata.labels");
            let errors: Vec<FieldError> = problems
                .iter()
                .map(|(key, value, detail)| FieldError::invalid(&labels.key(key), value.as_str(), detail))
                .collect();
            return Err(Status::invalid("", "Namespace", namespace.name(), &errors));
        }
        let Some((old, _)) = old else { return Ok(()) };
        if policy.enforce.level <= old.enforce.level {
            return Ok(());
        }
        self.existing_pods(server, attributes, namespace.name(), &policy)
    }

    fn existing_pods(
        &self,
        server: &Server,
        attributes: &Attributes<'_>,
        namespace: &str,
        policy: &Policy,
    ) -> Result<(), Status> {
        let pods = server.registry().objects("", "pods", namespace)?;
        let mut by_problem: Vec<(String, Vec<&str>)> = Vec::new();
        for pod in pods.iter().take(NAMESPACE_PODS_LIMIT) {
            let found = violations(policy.enforce.level, pod.metadata(), pod.spec());
            if found.is_empty() {
                continue;
            }
            let mut reasons: Vec<&str> = found.iter().map(|violation| violation.reason.as_str()).collect();
            reasons.dedup();
            let problem = reasons.join(", ");
            match by_problem.iter_mut().find(|(known, _)| *known == problem) {
                Some((_, names)) => names.push(pod.name()),
                None => by_problem.push((problem, vec![pod.name()])),
            }
        }
        if by_problem.is_empty() {
            return Ok(());
        }
        attributes.context.warn(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level {:?}",
            policy.enforce.shown()
        ));
        for (problem, names) in by_problem {
            let others = match names.len() - 1 {
                0 => String::new(),
                1 => " (and 1 other pod)".to_owned(),
                count => format!(" (and {count} other pods)"),
            };
            attributes.context.warn(format!("{}{others}: {problem}", names[0]));
        }
        Ok(())
    }
}

#[async_trait]
impl AdmissionPlugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn handles(&self, operation: Operation, resource: &ResourceKind, subresource: &str) -> bool {
        let writes = matches!(operation, Operation::Create | Operation::Update);
        let pods = is_pods(resource) && matches!(subresource, "" | "ephemeralcontainers");
        let others = subresource.is_empty() && (is_namespaces(resource) || template_path(resource).is_some());
        writes && (pods || others)
    }

    async fn validate(&self, server: &Arc<Server>, attributes: &mut Attributes<'_>) -> Result<(), Status> {
        let Some(object) = attributes.object.as_deref() else { return Ok(()) };
        if is_pods(attributes.resource) {
            return self.pod(server, attributes, object);
        }
        if is_namespaces(attributes.resource) {
            return self.namespace(server, attributes, object);
        }
        let Some(path) = template_path(attributes.resource) else { return Ok(()) };
        let Some(template) = object.at(path) else { return Ok(()) };
        let policy = policy_of(server, attributes.namespace)?;
        if policy.warn.level == Level::Privileged && policy.audit.level == Level::Privileged {
            return Ok(());
        }
        let empty = Map::new();
        let part = |name| template.map_at(&[name]).unwrap_or(&empty);
        self.tell(attributes, &policy, part("metadata"), part("spec"));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
