//! `k8s.io/api/storage/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct StorageClass<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageClass(map_of(value))
    }
}

impl<'a> StorageClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageClass(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn provisioner(self) -> &'a str {
        bare(self.0, "provisioner")
    }
    #[inline]
    pub fn parameters(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "parameters")
    }
    #[inline]
    pub fn reclaim_policy(self) -> Option<&'a str> {
        optional(self.0, "reclaimPolicy")
    }
    #[inline]
    pub fn mount_options(self) -> ViewList<'a, &'a str> {
        bare(self.0, "mountOptions")
    }
    #[inline]
    pub fn allow_volume_expansion(self) -> Option<bool> {
        optional(self.0, "allowVolumeExpansion")
    }
    #[inline]
    pub fn volume_binding_mode(self) -> Option<&'a str> {
        optional(self.0, "volumeBindingMode")
    }
    #[inline]
    pub fn allowed_topologies(self) -> ViewList<'a, views::core_v1::TopologySelectorTerm<'a>> {
        bare(self.0, "allowedTopologies")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageClassList(map_of(value))
    }
}

impl<'a> StorageClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageClassList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, StorageClass<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachment<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttachment<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttachment(map_of(value))
    }
}

impl<'a> VolumeAttachment<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttachment(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> VolumeAttachmentSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> VolumeAttachmentStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachmentList<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttachmentList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttachmentList(map_of(value))
    }
}

impl<'a> VolumeAttachmentList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttachmentList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, VolumeAttachment<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachmentSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttachmentSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttachmentSpec(map_of(value))
    }
}

impl<'a> VolumeAttachmentSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttachmentSpec(map_of(value))
    }
    #[inline]
    pub fn attacher(self) -> &'a str {
        bare(self.0, "attacher")
    }
    #[inline]
    pub fn source(self) -> VolumeAttachmentSource<'a> {
        bare(self.0, "source")
    }
    #[inline]
    pub fn node_name(self) -> &'a str {
        bare(self.0, "nodeName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachmentSource<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttachmentSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttachmentSource(map_of(value))
    }
}

impl<'a> VolumeAttachmentSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttachmentSource(map_of(value))
    }
    #[inline]
    pub fn persistent_volume_name(self) -> Option<&'a str> {
        optional(self.0, "persistentVolumeName")
    }
    #[inline]
    pub fn inline_volume_spec(self) -> Option<views::core_v1::PersistentVolumeSpec<'a>> {
        optional(self.0, "inlineVolumeSpec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttachmentStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttachmentStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttachmentStatus(map_of(value))
    }
}

impl<'a> VolumeAttachmentStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttachmentStatus(map_of(value))
    }
    #[inline]
    pub fn attached(self) -> bool {
        bare(self.0, "attached")
    }
    #[inline]
    pub fn attachment_metadata(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "attachmentMetadata")
    }
    #[inline]
    pub fn attach_error(self) -> Option<VolumeError<'a>> {
        optional(self.0, "attachError")
    }
    #[inline]
    pub fn detach_error(self) -> Option<VolumeError<'a>> {
        optional(self.0, "detachError")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeError<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeError<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeError(map_of(value))
    }
}

impl<'a> VolumeError<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeError(map_of(value))
    }
    #[inline]
    pub fn time(self) -> Option<&'a str> {
        optional(self.0, "time")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn error_code(self) -> Option<i64> {
        optional(self.0, "errorCode")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIDriver<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIDriver<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIDriver(map_of(value))
    }
}

impl<'a> CSIDriver<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIDriver(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> CSIDriverSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIDriverList<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIDriverList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIDriverList(map_of(value))
    }
}

impl<'a> CSIDriverList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIDriverList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, CSIDriver<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIDriverSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIDriverSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIDriverSpec(map_of(value))
    }
}

impl<'a> CSIDriverSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIDriverSpec(map_of(value))
    }
    #[inline]
    pub fn attach_required(self) -> Option<bool> {
        optional(self.0, "attachRequired")
    }
    #[inline]
    pub fn pod_info_on_mount(self) -> Option<bool> {
        optional(self.0, "podInfoOnMount")
    }
    #[inline]
    pub fn volume_lifecycle_modes(self) -> ViewList<'a, &'a str> {
        bare(self.0, "volumeLifecycleModes")
    }
    #[inline]
    pub fn storage_capacity(self) -> Option<bool> {
        optional(self.0, "storageCapacity")
    }
    #[inline]
    pub fn fs_group_policy(self) -> Option<&'a str> {
        optional(self.0, "fsGroupPolicy")
    }
    #[inline]
    pub fn token_requests(self) -> ViewList<'a, TokenRequest<'a>> {
        bare(self.0, "tokenRequests")
    }
    #[inline]
    pub fn requires_republish(self) -> Option<bool> {
        optional(self.0, "requiresRepublish")
    }
    #[inline]
    pub fn se_linux_mount(self) -> Option<bool> {
        optional(self.0, "seLinuxMount")
    }
    #[inline]
    pub fn node_allocatable_update_period_seconds(self) -> Option<i64> {
        optional(self.0, "nodeAllocatableUpdatePeriodSeconds")
    }
    #[inline]
    pub fn service_account_token_in_secrets(self) -> Option<bool> {
        optional(self.0, "serviceAccountTokenInSecrets")
    }
    #[inline]
    pub fn prevent_pod_scheduling_if_missing(self) -> Option<bool> {
        optional(self.0, "preventPodSchedulingIfMissing")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenRequest(map_of(value))
    }
}

impl<'a> TokenRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenRequest(map_of(value))
    }
    #[inline]
    pub fn audience(self) -> &'a str {
        bare(self.0, "audience")
    }
    #[inline]
    pub fn expiration_seconds(self) -> Option<i64> {
        optional(self.0, "expirationSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSINode<'a>(pub &'a Map);

impl<'a> Item<'a> for CSINode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSINode(map_of(value))
    }
}

impl<'a> CSINode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSINode(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> CSINodeSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> CSINodeStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSINodeSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CSINodeSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSINodeSpec(map_of(value))
    }
}

impl<'a> CSINodeSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSINodeSpec(map_of(value))
    }
    #[inline]
    pub fn drivers(self) -> ViewList<'a, CSINodeDriver<'a>> {
        bare(self.0, "drivers")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSINodeDriver<'a>(pub &'a Map);

impl<'a> Item<'a> for CSINodeDriver<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSINodeDriver(map_of(value))
    }
}

impl<'a> CSINodeDriver<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSINodeDriver(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn node_id(self) -> &'a str {
        bare(self.0, "nodeID")
    }
    #[inline]
    pub fn topology_keys(self) -> ViewList<'a, &'a str> {
        bare(self.0, "topologyKeys")
    }
    #[inline]
    pub fn allocatable(self) -> Option<VolumeNodeResources<'a>> {
        optional(self.0, "allocatable")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeNodeResources<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeNodeResources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeNodeResources(map_of(value))
    }
}

impl<'a> VolumeNodeResources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeNodeResources(map_of(value))
    }
    #[inline]
    pub fn count(self) -> Option<i64> {
        optional(self.0, "count")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageHealthCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageHealthCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageHealthCondition(map_of(value))
    }
}

impl<'a> StorageHealthCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageHealthCondition(map_of(value))
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn access_mode(self) -> Option<&'a str> {
        optional(self.0, "accessMode")
    }
    #[inline]
    pub fn volume_mode(self) -> Option<&'a str> {
        optional(self.0, "volumeMode")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageHealth<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageHealth<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageHealth(map_of(value))
    }
}

impl<'a> StorageHealth<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageHealth(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn health_conditions(self) -> ViewList<'a, StorageHealthCondition<'a>> {
        bare(self.0, "healthConditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSINodeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CSINodeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSINodeStatus(map_of(value))
    }
}

impl<'a> CSINodeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSINodeStatus(map_of(value))
    }
    #[inline]
    pub fn storage_health(self) -> ViewList<'a, StorageHealth<'a>> {
        bare(self.0, "storageHealth")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSINodeList<'a>(pub &'a Map);

impl<'a> Item<'a> for CSINodeList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSINodeList(map_of(value))
    }
}

impl<'a> CSINodeList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSINodeList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, CSINode<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIStorageCapacity<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIStorageCapacity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIStorageCapacity(map_of(value))
    }
}

impl<'a> CSIStorageCapacity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIStorageCapacity(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn node_topology(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "nodeTopology")
    }
    #[inline]
    pub fn storage_class_name(self) -> &'a str {
        bare(self.0, "storageClassName")
    }
    #[inline]
    pub fn capacity(self) -> Option<&'a str> {
        optional(self.0, "capacity")
    }
    #[inline]
    pub fn maximum_volume_size(self) -> Option<&'a str> {
        optional(self.0, "maximumVolumeSize")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIStorageCapacityList<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIStorageCapacityList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIStorageCapacityList(map_of(value))
    }
}

impl<'a> CSIStorageCapacityList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIStorageCapacityList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, CSIStorageCapacity<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttributesClass<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttributesClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttributesClass(map_of(value))
    }
}

impl<'a> VolumeAttributesClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttributesClass(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn driver_name(self) -> &'a str {
        bare(self.0, "driverName")
    }
    #[inline]
    pub fn parameters(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "parameters")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeAttributesClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeAttributesClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeAttributesClassList(map_of(value))
    }
}

impl<'a> VolumeAttributesClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeAttributesClassList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, VolumeAttributesClass<'a>> {
        bare(self.0, "items")
    }
}
