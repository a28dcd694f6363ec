//! The controllers of the cluster, with upstream's names.
//!
//! Each watches some resources through shared informers and brings what is nearer to what should be. It gets a
//! key, reads the caches, *plans* (a pure function) and *executes* (thin). It never opens the store, never
//! polls, and never acts on a cache that has not yet shown what it did itself (see [`expectations`]).
//!
//! Start reading at [`ALL`], then at [`replicaset`], the smallest that has every part. Upstream's counterpart is
//! `k8s.io/kubernetes/pkg/controller`.

pub mod bootstrap;
pub mod certificates;
pub mod clusterroleaggregation;
pub mod conditions;
mod context;
pub mod cronjob;
pub mod daemon;
pub mod deployment;
pub mod disruption;
pub mod disruption_target;
pub mod endpoint;
pub mod endpointslice;
pub mod endpointslicemirroring;
pub mod ephemeral;
pub mod expectations;
pub mod garbagecollector;
pub mod hash;
pub mod history;
pub mod int_or_percent;
pub mod job;
pub mod namespace;
pub mod nodeipam;
pub mod nodelifecycle;
pub mod ownership;
pub mod patches;
pub mod placement;
pub mod pod_control;
pub mod podgc;
pub mod pods;
pub mod protection;
pub mod replicaset;
pub mod resourcequota;
pub mod rootcacertpublisher;
pub mod serviceaccount;
pub mod serviceaccounttoken;
pub mod servicecidrs;
pub mod services;
pub mod statefulset;
pub mod tainteviction;
pub mod ttlafterfinished;

pub use context::{
    CertificateSigner, Context, ControllerDescriptor, Discovery, RequestedSubject, SecretTokenSigner, ServedResource,
    Settings,
};

/// Every controller, in the order in which they start.
pub const ALL: &[ControllerDescriptor] = &[
    endpoint::DESCRIPTOR,
    endpointslice::DESCRIPTOR,
    endpointslicemirroring::DESCRIPTOR,
    replicaset::REPLICATION_DESCRIPTOR,
    podgc::DESCRIPTOR,
    resourcequota::DESCRIPTOR,
    namespace::DESCRIPTOR,
    serviceaccount::DESCRIPTOR,
    serviceaccounttoken::DESCRIPTOR,
    garbagecollector::DESCRIPTOR,
    daemon::DESCRIPTOR,
    job::DESCRIPTOR,
    deployment::DESCRIPTOR,
    replicaset::DESCRIPTOR,
    disruption::DESCRIPTOR,
    statefulset::DESCRIPTOR,
    cronjob::DESCRIPTOR,
    certificates::SIGNING_DESCRIPTOR,
    certificates::APPROVING_DESCRIPTOR,
    certificates::CLEANER_DESCRIPTOR,
    protection::CLAIM_DESCRIPTOR,
    protection::VOLUME_DESCRIPTOR,
    protection::CLASS_DESCRIPTOR,
    ephemeral::DESCRIPTOR,
    servicecidrs::DESCRIPTOR,
    bootstrap::SIGNER_DESCRIPTOR,
    bootstrap::CLEANER_DESCRIPTOR,
    nodeipam::DESCRIPTOR,
    nodelifecycle::DESCRIPTOR,
    tainteviction::DESCRIPTOR,
    clusterroleaggregation::DESCRIPTOR,
    ttlafterfinished::DESCRIPTOR,
    rootcacertpublisher::DESCRIPTOR,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn every_controller_has_its_own_name() {
        let names: BTreeSet<&str> = ALL.iter().map(|controller| controller.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(names.iter().all(|name| name.ends_with("-controller")));
    }
}
