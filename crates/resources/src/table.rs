//! The table of built-in resources.

use std::sync::Arc;

use apimachinery::names;
use apiserver::{Guard, Strategy};

use crate::{
    daemon_sets,
    events::Events,
    pods::Pods,
    signing_requests::SigningRequests,
    strategies::{Jobs, Namespaces, Nodes, Secrets, Simple},
    validation::{autoscaling, batch, certificates, core, networking, pod, policies, quotas, storage, workloads},
};

/// A built-in resource and what is special about it.
pub struct Registration {
    /// Empty for the core group.
    pub group: &'static str,
    /// The plural name.
    pub resource: &'static str,
    /// Makes its strategy.
    pub strategy: fn() -> Arc<dyn Strategy>,
    /// What is refused or warned of, and how a deletion answers.
    pub guard: Guard,
}

const fn row(group: &'static str, resource: &'static str, strategy: fn() -> Arc<dyn Strategy>) -> Registration {
    let guard = Guard { refused: None, inert: None, returned_when_deleted: false };
    Registration { group, resource, strategy, guard }
}

impl Registration {
    const fn refused(self, reason: &'static str) -> Registration {
        Registration { guard: Guard { refused: Some(reason), ..self.guard }, ..self }
    }

    const fn returned_when_deleted(self) -> Registration {
        Registration { guard: Guard { returned_when_deleted: true, ..self.guard }, ..self }
    }

    const fn inert(self, reason: &'static str) -> Registration {
        Registration { guard: Guard { inert: Some(reason), ..self.guard }, ..self }
    }
}

/// Spec and status, counted by generation.
fn plain() -> Arc<dyn Strategy> {
    Arc::new(Simple::PLAIN)
}

/// Spec and status, without a generation.
fn uncounted() -> Arc<dyn Strategy> {
    Arc::new(Simple::UNCOUNTED)
}

/// Neither status nor generation.
fn stateless() -> Arc<dyn Strategy> {
    Arc::new(Simple::STATELESS)
}

/// A generation, and no status.
fn counted() -> Arc<dyn Strategy> {
    Arc::new(Simple::COUNTED)
}

/// Every resource of the API groups that are on by default.
pub const RESOURCES: &[Registration] = &[
    row("", "bindings", stateless),
    row("", "componentstatuses", stateless),
    row("", "configmaps", || Arc::new(Simple::STATELESS.checked(core::config_map).changed(core::config_map_update))),
    row("", "endpoints", || Arc::new(Simple::STATELESS.checked(core::endpoints))),
    row("", "events", || Arc::new(Events::CORE)),
    row("", "limitranges", || Arc::new(Simple::STATELESS.checked(quotas::limit_range))),
    row("", "namespaces", || Arc::new(Namespaces)),
    row("", "nodes", || Arc::new(Nodes)),
    row("", "persistentvolumeclaims", || {
        Arc::new(Simple::UNCOUNTED.phase("Pending").checked(storage::claim).changed(storage::claim_update))
    })
    .returned_when_deleted()
    .inert("no volume controller binds claims yet"),
    row("", "persistentvolumes", || {
        Arc::new(Simple::UNCOUNTED.phase("Pending").checked(storage::volume).changed(storage::volume_update))
    })
    .returned_when_deleted()
    .inert("no volume controller binds volumes yet"),
    row("", "pods", || Arc::new(Pods)),
    row("", "podtemplates", || Arc::new(Simple::COUNTED.checked(pod::pod_template))).returned_when_deleted(),
    row("", "replicationcontrollers", || {
        Arc::new(Simple::PLAIN.checked(workloads::replication_controller).status(workloads::status))
    }),
    row("", "resourcequotas", || {
        Arc::new(Simple::UNCOUNTED.checked(quotas::resource_quota).changed(quotas::resource_quota_update))
    })
    .returned_when_deleted(),
    row("", "secrets", || Arc::new(Secrets)),
    row("", "serviceaccounts", stateless).returned_when_deleted(),
    // The strategy, which holds the allocators, comes from `install`.
    row("", "services", uncounted),
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
    row("apps", "controllerrevisions", || {
        Arc::new(
            Simple::STATELESS.checked(workloads::controller_revision).changed(workloads::controller_revision_update),
        )
    }),
    row("apps", "daemonsets", || {
        Arc::new(
            Simple::PLAIN
                .checked(workloads::daemon_set)
                .changed(workloads::daemon_set_update)
                .prepared(daemon_sets::count_template),
        )
    }),
    row("apps", "deployments", || {
        Arc::new(
            Simple::PLAIN
                .checked(workloads::deployment)
                .changed(workloads::deployment_update)
                .status(workloads::status),
        )
    }),
    row("apps", "replicasets", || {
        Arc::new(
            Simple::PLAIN
                .checked(workloads::replica_set)
                .changed(workloads::replica_set_update)
                .status(workloads::status),
        )
    }),
    row("apps", "statefulsets", || {
        Arc::new(Simple::PLAIN.checked(workloads::stateful_set).changed(workloads::stateful_set_update))
    }),
    row("authentication.k8s.io", "selfsubjectreviews", stateless),
    row("authentication.k8s.io", "tokenreviews", stateless),
    row("authorization.k8s.io", "localsubjectaccessreviews", stateless),
    row("authorization.k8s.io", "selfsubjectaccessreviews", stateless),
    row("authorization.k8s.io", "selfsubjectrulesreviews", stateless),
    row("authorization.k8s.io", "subjectaccessreviews", stateless),
    row("autoscaling", "horizontalpodautoscalers", || {
        Arc::new(Simple::UNCOUNTED.checked(autoscaling::autoscaler).status(autoscaling::status))
    })
    .inert("no autoscaler acts on it yet"),
    row("batch", "cronjobs", || Arc::new(Simple::PLAIN.checked(batch::cron_job).changed(batch::cron_job_update))),
    row("batch", "jobs", || Arc::new(Jobs)),
    row("certificates.k8s.io", "certificatesigningrequests", || Arc::new(SigningRequests)),
    row("certificates.k8s.io", "clustertrustbundles", || {
        let bundles = Simple::STATELESS.named(names::path_segment).selectable("spec.signerName");
        Arc::new(bundles.checked(certificates::trust_bundle).changed(certificates::trust_bundle_update))
    }),
    row("certificates.k8s.io", "podcertificaterequests", uncounted).inert("no signer acts on it yet"),
    row("coordination.k8s.io", "leases", || Arc::new(Simple::STATELESS.checked(policies::lease).urgent())),
    row("discovery.k8s.io", "endpointslices", || {
        Arc::new(Simple::COUNTED.checked(networking::endpoint_slice).changed(networking::endpoint_slice_update))
    }),
    row("events.k8s.io", "events", || Arc::new(Events::OWN)),
    row("flowcontrol.apiserver.k8s.io", "flowschemas", plain).inert("requests are not queued by priority yet"),
    row("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", plain)
        .inert("requests are not queued by priority yet"),
    row("networking.k8s.io", "ingressclasses", || {
        Arc::new(Simple::COUNTED.checked(networking::ingress_class).changed(networking::ingress_class_update))
    })
    .inert("no ingress controller is built in yet"),
    row("networking.k8s.io", "ingresses", || {
        Arc::new(Simple::PLAIN.checked(networking::ingress_new).changed(|object, _| networking::ingress(object)))
    })
    .inert("no ingress controller is built in yet"),
    row("networking.k8s.io", "ipaddresses", || {
        Arc::new(
            Simple::STATELESS
                .named(networking::ip_address_name)
                .checked(networking::ip_address)
                .changed(networking::ip_address_update),
        )
    }),
    row("networking.k8s.io", "networkpolicies", || Arc::new(Simple::COUNTED.checked(networking::network_policy)))
        .inert("network policies are not enforced yet"),
    row("networking.k8s.io", "servicecidrs", || {
        Arc::new(Simple::PLAIN.checked(networking::service_range).changed(networking::service_range_update))
    }),
    row("node.k8s.io", "runtimeclasses", || {
        Arc::new(Simple::STATELESS.checked(policies::runtime_class).changed(policies::runtime_class_update))
    }),
    row("policy", "poddisruptionbudgets", || Arc::new(Simple::PLAIN.checked(workloads::disruption_budget))),
    row("rbac.authorization.k8s.io", "clusterrolebindings", || {
        Arc::new(Simple::PATH_NAMED.checked(policies::binding).changed(policies::binding_update))
    }),
    row("rbac.authorization.k8s.io", "clusterroles", || Arc::new(Simple::PATH_NAMED.checked(policies::role))),
    row("rbac.authorization.k8s.io", "rolebindings", || {
        Arc::new(Simple::PATH_NAMED.checked(policies::binding).changed(policies::binding_update))
    }),
    row("rbac.authorization.k8s.io", "roles", || Arc::new(Simple::PATH_NAMED.checked(policies::role))),
    row("resource.k8s.io", "deviceclasses", counted).returned_when_deleted().inert("devices are not allocated yet"),
    row("resource.k8s.io", "devicetaintrules", plain).inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceclaims", uncounted).returned_when_deleted().inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceclaimtemplates", stateless)
        .returned_when_deleted()
        .inert("devices are not allocated yet"),
    row("resource.k8s.io", "resourceslices", counted).returned_when_deleted().inert("devices are not allocated yet"),
    row("scheduling.k8s.io", "priorityclasses", || {
        Arc::new(Simple::COUNTED.checked(policies::priority_class).changed(policies::priority_class_update))
    }),
    row("storage.k8s.io", "csidrivers", stateless).returned_when_deleted().inert("storage drivers are not called yet"),
    row("storage.k8s.io", "csinodes", stateless).returned_when_deleted().inert("storage drivers are not called yet"),
    row("storage.k8s.io", "csistoragecapacities", stateless).inert("storage drivers are not called yet"),
    row("storage.k8s.io", "storageclasses", || {
        Arc::new(Simple::STATELESS.checked(storage::class).changed(storage::class_update))
    })
    .returned_when_deleted()
    .inert("storage is not provisioned yet"),
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
