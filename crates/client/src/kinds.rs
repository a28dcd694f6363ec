//! The built-in resources that components name.

use crate::ResourceKind;

/// `Pod`
pub const PODS: ResourceKind = ResourceKind::new("", "v1", "pods", "Pod", true);
/// `Node`
pub const NODES: ResourceKind = ResourceKind::new("", "v1", "nodes", "Node", false);
/// `Namespace`
pub const NAMESPACES: ResourceKind = ResourceKind::new("", "v1", "namespaces", "Namespace", false);
/// `Service`
pub const SERVICES: ResourceKind = ResourceKind::new("", "v1", "services", "Service", true);
/// `Endpoints`
pub const ENDPOINTS: ResourceKind = ResourceKind::new("", "v1", "endpoints", "Endpoints", true);
/// `Event`
pub const EVENTS: ResourceKind = ResourceKind::new("", "v1", "events", "Event", true);
/// `ConfigMap`
pub const CONFIG_MAPS: ResourceKind = ResourceKind::new("", "v1", "configmaps", "ConfigMap", true);
/// `Secret`
pub const SECRETS: ResourceKind = ResourceKind::new("", "v1", "secrets", "Secret", true);
/// `ClusterTrustBundle`
pub const CLUSTER_TRUST_BUNDLES: ResourceKind =
    ResourceKind::new("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", false);
/// `ServiceAccount`
pub const SERVICE_ACCOUNTS: ResourceKind = ResourceKind::new("", "v1", "serviceaccounts", "ServiceAccount", true);
/// `ReplicationController`
pub const REPLICATION_CONTROLLERS: ResourceKind =
    ResourceKind::new("", "v1", "replicationcontrollers", "ReplicationController", true);
/// `PersistentVolume`
pub const PERSISTENT_VOLUMES: ResourceKind =
    ResourceKind::new("", "v1", "persistentvolumes", "PersistentVolume", false);
/// `PersistentVolumeClaim`
pub const PERSISTENT_VOLUME_CLAIMS: ResourceKind =
    ResourceKind::new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true);
/// `VolumeAttributesClass`
pub const VOLUME_ATTRIBUTES_CLASSES: ResourceKind =
    ResourceKind::new("storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass", false);
/// `ResourceQuota`
pub const RESOURCE_QUOTAS: ResourceKind = ResourceKind::new("", "v1", "resourcequotas", "ResourceQuota", true);
/// `LimitRange`
pub const LIMIT_RANGES: ResourceKind = ResourceKind::new("", "v1", "limitranges", "LimitRange", true);
/// `PodTemplate`
pub const POD_TEMPLATES: ResourceKind = ResourceKind::new("", "v1", "podtemplates", "PodTemplate", true);
/// `Deployment`
pub const DEPLOYMENTS: ResourceKind = ResourceKind::new("apps", "v1", "deployments", "Deployment", true);
/// `ReplicaSet`
pub const REPLICA_SETS: ResourceKind = ResourceKind::new("apps", "v1", "replicasets", "ReplicaSet", true);
/// `StatefulSet`
pub const STATEFUL_SETS: ResourceKind = ResourceKind::new("apps", "v1", "statefulsets", "StatefulSet", true);
/// `DaemonSet`
pub const DAEMON_SETS: ResourceKind = ResourceKind::new("apps", "v1", "daemonsets", "DaemonSet", true);
/// `ControllerRevision`
pub const CONTROLLER_REVISIONS: ResourceKind =
    ResourceKind::new("apps", "v1", "controllerrevisions", "ControllerRevision", true);
/// `Job`
pub const JOBS: ResourceKind = ResourceKind::new("batch", "v1", "jobs", "Job", true);
/// `CronJob`
pub const CRON_JOBS: ResourceKind = ResourceKind::new("batch", "v1", "cronjobs", "CronJob", true);
/// `EndpointSlice`
pub const ENDPOINT_SLICES: ResourceKind =
    ResourceKind::new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);
/// `Lease`
pub const LEASES: ResourceKind = ResourceKind::new("coordination.k8s.io", "v1", "leases", "Lease", true);
/// `PodDisruptionBudget`
pub const POD_DISRUPTION_BUDGETS: ResourceKind =
    ResourceKind::new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true);
/// `PriorityClass`
pub const PRIORITY_CLASSES: ResourceKind =
    ResourceKind::new("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false);
/// `RuntimeClass`
pub const RUNTIME_CLASSES: ResourceKind =
    ResourceKind::new("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false);
/// `IngressClass`
pub const INGRESS_CLASSES: ResourceKind =
    ResourceKind::new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false);
/// `IPAddress`
pub const IP_ADDRESSES: ResourceKind = ResourceKind::new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false);
/// `ServiceCIDR`
pub const SERVICE_CIDRS: ResourceKind =
    ResourceKind::new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false);
/// `ClusterRole`
pub const CLUSTER_ROLES: ResourceKind =
    ResourceKind::new("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);
/// `ClusterRoleBinding`
pub const CLUSTER_ROLE_BINDINGS: ResourceKind =
    ResourceKind::new("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false);
/// `Role`
pub const ROLES: ResourceKind = ResourceKind::new("rbac.authorization.k8s.io", "v1", "roles", "Role", true);
/// `RoleBinding`
pub const ROLE_BINDINGS: ResourceKind =
    ResourceKind::new("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true);
/// `CertificateSigningRequest`
pub const CERTIFICATE_SIGNING_REQUESTS: ResourceKind =
    ResourceKind::new("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false);
/// `CustomResourceDefinition`
pub const CUSTOM_RESOURCE_DEFINITIONS: ResourceKind =
    ResourceKind::new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false);
/// `APIService`
pub const API_SERVICES: ResourceKind =
    ResourceKind::new("apiregistration.k8s.io", "v1", "apiservices", "APIService", false);
/// `TokenReview`
pub const TOKEN_REVIEWS: ResourceKind =
    ResourceKind::new("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", false);
/// `SubjectAccessReview`
pub const SUBJECT_ACCESS_REVIEWS: ResourceKind =
    ResourceKind::new("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false);
