//! The table of built-in resources.

use std::sync::Arc;

use apiserver::Strategy;

use crate::{
    pods::Pods,
    services::Services,
    signing_requests::SigningRequests,
    strategies::{
        ConfigMaps, Deployments, Events, Jobs, Namespaces, Nodes, PathNamed, Plain, ReplicaControllers, Secrets,
        Stateless, StatelessCounted, Unbound, Uncounted,
    },
};

/// A built-in resource and what is special about it.
pub struct Registration {
    /// Empty for the core group.
    pub group: &'static str,
    /// The plural name.
    pub resource: &'static str,
    /// Makes its strategy.
    pub strategy: fn() -> Arc<dyn Strategy>,
    /// Why writes to it are refused: it guards something that this version does not enforce yet.
    pub refused: Option<&'static str>,
    /// What the client is warned of: the kind is kept, but nothing acts on it yet.
    pub inert: Option<&'static str>,
    /// A deletion answers with the object instead of a `Status`.
    pub returned_when_deleted: bool,
}

const fn row(group: &'static str, resource: &'static str, strategy: fn() -> Arc<dyn Strategy>) -> Registration {
    Registration { group, resource, strategy, refused: None, inert: None, returned_when_deleted: false }
}

impl Registration {
    const fn refused(self, reason: &'static str) -> Registration {
        Registration { refused: Some(reason), ..self }
    }

    const fn returned_when_deleted(self) -> Registration {
        Registration { returned_when_deleted: true, ..self }
    }

    const fn inert(self, reason: &'static str) -> Registration {
        Registration { inert: Some(reason), ..self }
    }
}

/// Spec and status, counted by generation.
fn plain() -> Arc<dyn Strategy> {
    Arc::new(Plain)
}

/// Spec and status, without a generation.
fn uncounted() -> Arc<dyn Strategy> {
    Arc::new(Uncounted)
}

/// Claims and volumes.
fn unbound() -> Arc<dyn Strategy> {
    Arc::new(Unbound)
}

/// Neither status nor generation.
fn stateless() -> Arc<dyn Strategy> {
    Arc::new(Stateless)
}

/// A generation, and no status.
fn counted() -> Arc<dyn Strategy> {
    Arc::new(StatelessCounted)
}

/// Neither status nor generation; names may hold colons.
fn path_named() -> Arc<dyn Strategy> {
    Arc::new(PathNamed)
}

/// Every resource of the API groups that are on by default.
pub const RESOURCES: &[Registration] = &[
    row("", "bindings", stateless),
    row("", "componentstatuses", stateless),
    row("", "configmaps", || Arc::new(ConfigMaps)),
    row("", "endpoints", stateless),
    row("", "events", || Arc::new(Events)),
    row("", "limitranges", stateless),
    row("", "namespaces", || Arc::new(Namespaces)),
    row("", "nodes", || Arc::new(Nodes)),
    row("", "persistentvolumeclaims", unbound).returned_when_deleted().inert("no volume controller binds claims yet"),
    row("", "persistentvolumes", unbound).returned_when_deleted().inert("no volume controller binds volumes yet"),
    row("", "pods", || Arc::new(Pods)),
    row("", "podtemplates", counted).returned_when_deleted(),
    row("", "replicationcontrollers", || Arc::new(ReplicaControllers)),
    row("", "resourcequotas", uncounted).returned_when_deleted(),
    row("", "secrets", || Arc::new(Secrets)),
    row("", "serviceaccounts", stateless).returned_when_deleted(),
    row("", "services", || Arc::new(Services)),
    row("admissionregistration.k8s.io", "mutatingadmissionpolicies", plain)
        .refused("admission policies are not evaluated yet"),
    row("admissionregistration.k8s.io", "mutatingadmissionpolicybindings", plain)
        .refused("admission policies are not evaluated yet"),
    row("admissionregistration.k8s.io", "mutatingwebhookconfigurations", counted)
        .refused("admission webhooks are not called yet"),
    row("admissionregistration.k8s.io", "validatingadmissionpolicies", plain)
        .refused("admission policies are not evaluated yet"),
    row("admissionregistration.k8s.io", "validatingadmissionpolicybindings", plain)
        .refused("admission policies are not evaluated yet"),
    row("admissionregistration.k8s.io", "validatingwebhookconfigurations", counted)
        .refused("admission webhooks are not called yet"),
    // The strategy comes from `apiextensions`, by `Extensions::strategies`.
    row("apiextensions.k8s.io", "customresourcedefinitions", plain),
    row("apiregistration.k8s.io", "apiservices", uncounted)
        .refused("requests are not passed on to other API servers yet"),
    row("apps", "controllerrevisions", stateless),
    row("apps", "daemonsets", plain),
    row("apps", "deployments", || Arc::new(Deployments)),
    row("apps", "replicasets", || Arc::new(ReplicaControllers)),
    row("apps", "statefulsets", plain),
    row("authentication.k8s.io", "selfsubjectreviews", stateless),
    row("authentication.k8s.io", "tokenreviews", stateless),
    row("authorization.k8s.io", "localsubjectaccessreviews", stateless),
    row("authorization.k8s.io", "selfsubjectaccessreviews", stateless),
    row("authorization.k8s.io", "selfsubjectrulesreviews", stateless),
    row("authorization.k8s.io", "subjectaccessreviews", stateless),
    row("autoscaling", "horizontalpodautoscalers", uncounted).inert("no autoscaler acts on it yet"),
    row("batch", "cronjobs", plain),
    row("batch", "jobs", || Arc::new(Jobs)),
    row("certificates.k8s.io", "certificatesigningrequests", || Arc::new(SigningRequests)),
    row("certificates.k8s.io", "clustertrustbundles", stateless).inert("no volume mounts it yet"),
    row("certificates.k8s.io", "podcertificaterequests", uncounted).inert("no signer acts on it yet"),
    row("coordination.k8s.io", "leases", stateless),
    row("discovery.k8s.io", "endpointslices", counted),
    row("events.k8s.io", "events", || Arc::new(Events)),
    row("flowcontrol.apiserver.k8s.io", "flowschemas", plain).inert("requests are not queued by priority yet"),
    row("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", plain)
        .inert("requests are not queued by priority yet"),
    row("networking.k8s.io", "ingressclasses", counted).inert("no ingress controller is built in yet"),
    row("networking.k8s.io", "ingresses", plain).inert("no ingress controller is built in yet"),
    row("networking.k8s.io", "ipaddresses", stateless),
    row("networking.k8s.io", "networkpolicies", counted).inert("network policies are not enforced yet"),
    row("networking.k8s.io", "servicecidrs", plain),
    row("node.k8s.io", "runtimeclasses", stateless),
    row("policy", "poddisruptionbudgets", plain),
    row("rbac.authorization.k8s.io", "clusterrolebindings", path_named),
    row("rbac.authorization.k8s.io", "clusterroles", path_named),
    row("rbac.authorization.k8s.io", "rolebindings", path_named),
    row("rbac.authorization.k8s.io", "roles", path_named),
    row("resource.k8s.io", "deviceclasses", counted).returned_when_deleted().inert("devices are not allocated yet"),
    row("resource.k8s.io", "devicetaintrules", plain).inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceclaims", uncounted).returned_when_deleted().inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceclaimtemplates", stateless)
        .returned_when_deleted()
        .inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceslices", counted).returned_when_deleted().inert("devices are not allocated yet"),
    row("scheduling.k8s.io", "priorityclasses", counted),
    row("storage.k8s.io", "csidrivers", stateless).returned_when_deleted().inert("storage drivers are not called yet"),
    row("storage.k8s.io", "csinodes", stateless).returned_when_deleted().inert("storage drivers are not called yet"),
    row("storage.k8s.io", "csistoragecapacities", stateless).inert("storage drivers are not called yet"),
    row("storage.k8s.io", "storageclasses", stateless).returned_when_deleted().inert("storage is not provisioned yet"),
    row("storage.k8s.io", "volumeattachments", uncounted)
        .returned_when_deleted()
        .inert("storage drivers are not called yet"),
    row("storage.k8s.io", "volumeattributesclasses", stateless)
        .returned_when_deleted()
        .inert("storage drivers are not called yet"),
    row("storagemigration.k8s.io", "storageversionmigrations", uncounted).inert("no migrator acts on it yet"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_of_the_api_has_a_row_and_every_row_a_resource() {
        for facts in api::resources() {
            let rows = RESOURCES.iter().filter(|row| row.group == facts.group && row.resource == facts.plural);
            assert_eq!(rows.count(), 1, "{}/{}", facts.group, facts.plural);
        }
        for row in RESOURCES {
            let known = api::resources().iter().any(|facts| row.group == facts.group && row.resource == facts.plural);
            assert!(known, "{}/{}", row.group, row.resource);
        }
    }
}
