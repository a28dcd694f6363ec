//! `k8s.io/apimachinery/pkg/apis/meta/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct TypeMeta<'a>(pub &'a Map);

impl<'a> Item<'a> for TypeMeta<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TypeMeta(map_of(value))
    }
}

impl<'a> TypeMeta<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TypeMeta(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ListMeta<'a>(pub &'a Map);

impl<'a> Item<'a> for ListMeta<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ListMeta(map_of(value))
    }
}

impl<'a> ListMeta<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ListMeta(map_of(value))
    }
    #[inline]
    pub fn self_link(self) -> &'a str {
        bare(self.0, "selfLink")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn continue_(self) -> &'a str {
        bare(self.0, "continue")
    }
    #[inline]
    pub fn remaining_item_count(self) -> Option<i64> {
        optional(self.0, "remainingItemCount")
    }
    #[inline]
    pub fn shard_info(self) -> Option<ShardInfo<'a>> {
        optional(self.0, "shardInfo")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ShardInfo<'a>(pub &'a Map);

impl<'a> Item<'a> for ShardInfo<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ShardInfo(map_of(value))
    }
}

impl<'a> ShardInfo<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ShardInfo(map_of(value))
    }
    #[inline]
    pub fn selector(self) -> &'a str {
        bare(self.0, "selector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ObjectMeta<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectMeta<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectMeta(map_of(value))
    }
}

impl<'a> ObjectMeta<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectMeta(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn generate_name(self) -> &'a str {
        bare(self.0, "generateName")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn self_link(self) -> &'a str {
        bare(self.0, "selfLink")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn generation(self) -> i64 {
        bare(self.0, "generation")
    }
    #[inline]
    pub fn creation_timestamp(self) -> Option<&'a str> {
        optional(self.0, "creationTimestamp")
    }
    #[inline]
    pub fn deletion_timestamp(self) -> Option<&'a str> {
        optional(self.0, "deletionTimestamp")
    }
    #[inline]
    pub fn deletion_grace_period_seconds(self) -> Option<i64> {
        optional(self.0, "deletionGracePeriodSeconds")
    }
    #[inline]
    pub fn labels(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "labels")
    }
    #[inline]
    pub fn annotations(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "annotations")
    }
    #[inline]
    pub fn owner_references(self) -> ViewList<'a, OwnerReference<'a>> {
        bare(self.0, "ownerReferences")
    }
    #[inline]
    pub fn finalizers(self) -> ViewList<'a, &'a str> {
        bare(self.0, "finalizers")
    }
    #[inline]
    pub fn managed_fields(self) -> ViewList<'a, ManagedFieldsEntry<'a>> {
        bare(self.0, "managedFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct OwnerReference<'a>(pub &'a Map);

impl<'a> Item<'a> for OwnerReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        OwnerReference(map_of(value))
    }
}

impl<'a> OwnerReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        OwnerReference(map_of(value))
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn controller(self) -> Option<bool> {
        optional(self.0, "controller")
    }
    #[inline]
    pub fn block_owner_deletion(self) -> Option<bool> {
        optional(self.0, "blockOwnerDeletion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ListOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for ListOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ListOptions(map_of(value))
    }
}

impl<'a> ListOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ListOptions(map_of(value))
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
    pub fn label_selector(self) -> &'a str {
        bare(self.0, "labelSelector")
    }
    #[inline]
    pub fn field_selector(self) -> &'a str {
        bare(self.0, "fieldSelector")
    }
    #[inline]
    pub fn watch(self) -> bool {
        bare(self.0, "watch")
    }
    #[inline]
    pub fn allow_watch_bookmarks(self) -> bool {
        bare(self.0, "allowWatchBookmarks")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn resource_version_match(self) -> &'a str {
        bare(self.0, "resourceVersionMatch")
    }
    #[inline]
    pub fn timeout_seconds(self) -> Option<i64> {
        optional(self.0, "timeoutSeconds")
    }
    #[inline]
    pub fn limit(self) -> i64 {
        bare(self.0, "limit")
    }
    #[inline]
    pub fn continue_(self) -> &'a str {
        bare(self.0, "continue")
    }
    #[inline]
    pub fn send_initial_events(self) -> Option<bool> {
        optional(self.0, "sendInitialEvents")
    }
    #[inline]
    pub fn shard_selector(self) -> &'a str {
        bare(self.0, "shardSelector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GetOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for GetOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GetOptions(map_of(value))
    }
}

impl<'a> GetOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GetOptions(map_of(value))
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
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeleteOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for DeleteOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeleteOptions(map_of(value))
    }
}

impl<'a> DeleteOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeleteOptions(map_of(value))
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
    pub fn grace_period_seconds(self) -> Option<i64> {
        optional(self.0, "gracePeriodSeconds")
    }
    #[inline]
    pub fn preconditions(self) -> Option<Preconditions<'a>> {
        optional(self.0, "preconditions")
    }
    #[inline]
    pub fn orphan_dependents(self) -> Option<bool> {
        optional(self.0, "orphanDependents")
    }
    #[inline]
    pub fn propagation_policy(self) -> Option<&'a str> {
        optional(self.0, "propagationPolicy")
    }
    #[inline]
    pub fn dry_run(self) -> ViewList<'a, &'a str> {
        bare(self.0, "dryRun")
    }
    #[inline]
    pub fn ignore_store_read_error_with_cluster_breaking_potential(self) -> Option<bool> {
        optional(self.0, "ignoreStoreReadErrorWithClusterBreakingPotential")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CreateOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for CreateOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CreateOptions(map_of(value))
    }
}

impl<'a> CreateOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CreateOptions(map_of(value))
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
    pub fn dry_run(self) -> ViewList<'a, &'a str> {
        bare(self.0, "dryRun")
    }
    #[inline]
    pub fn field_manager(self) -> &'a str {
        bare(self.0, "fieldManager")
    }
    #[inline]
    pub fn field_validation(self) -> &'a str {
        bare(self.0, "fieldValidation")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PatchOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PatchOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PatchOptions(map_of(value))
    }
}

impl<'a> PatchOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PatchOptions(map_of(value))
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
    pub fn dry_run(self) -> ViewList<'a, &'a str> {
        bare(self.0, "dryRun")
    }
    #[inline]
    pub fn force(self) -> Option<bool> {
        optional(self.0, "force")
    }
    #[inline]
    pub fn field_manager(self) -> &'a str {
        bare(self.0, "fieldManager")
    }
    #[inline]
    pub fn field_validation(self) -> &'a str {
        bare(self.0, "fieldValidation")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for ApplyOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ApplyOptions(map_of(value))
    }
}

impl<'a> ApplyOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ApplyOptions(map_of(value))
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
    pub fn dry_run(self) -> ViewList<'a, &'a str> {
        bare(self.0, "dryRun")
    }
    #[inline]
    pub fn force(self) -> bool {
        bare(self.0, "force")
    }
    #[inline]
    pub fn field_manager(self) -> &'a str {
        bare(self.0, "fieldManager")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct UpdateOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for UpdateOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        UpdateOptions(map_of(value))
    }
}

impl<'a> UpdateOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        UpdateOptions(map_of(value))
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
    pub fn dry_run(self) -> ViewList<'a, &'a str> {
        bare(self.0, "dryRun")
    }
    #[inline]
    pub fn field_manager(self) -> &'a str {
        bare(self.0, "fieldManager")
    }
    #[inline]
    pub fn field_validation(self) -> &'a str {
        bare(self.0, "fieldValidation")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Preconditions<'a>(pub &'a Map);

impl<'a> Item<'a> for Preconditions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Preconditions(map_of(value))
    }
}

impl<'a> Preconditions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Preconditions(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> Option<&'a str> {
        optional(self.0, "uid")
    }
    #[inline]
    pub fn resource_version(self) -> Option<&'a str> {
        optional(self.0, "resourceVersion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Status<'a>(pub &'a Map);

impl<'a> Item<'a> for Status<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Status(map_of(value))
    }
}

impl<'a> Status<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Status(map_of(value))
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
    pub fn metadata(self) -> ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn details(self) -> Option<StatusDetails<'a>> {
        optional(self.0, "details")
    }
    #[inline]
    pub fn code(self) -> i64 {
        bare(self.0, "code")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatusDetails<'a>(pub &'a Map);

impl<'a> Item<'a> for StatusDetails<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatusDetails(map_of(value))
    }
}

impl<'a> StatusDetails<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatusDetails(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn causes(self) -> ViewList<'a, StatusCause<'a>> {
        bare(self.0, "causes")
    }
    #[inline]
    pub fn retry_after_seconds(self) -> i64 {
        bare(self.0, "retryAfterSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatusCause<'a>(pub &'a Map);

impl<'a> Item<'a> for StatusCause<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatusCause(map_of(value))
    }
}

impl<'a> StatusCause<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatusCause(map_of(value))
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
    pub fn field(self) -> &'a str {
        bare(self.0, "field")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct List<'a>(pub &'a Map);

impl<'a> Item<'a> for List<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        List(map_of(value))
    }
}

impl<'a> List<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        List(map_of(value))
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
    pub fn metadata(self) -> ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, &'a Value> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIVersions<'a>(pub &'a Map);

impl<'a> Item<'a> for APIVersions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIVersions(map_of(value))
    }
}

impl<'a> APIVersions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIVersions(map_of(value))
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
    pub fn versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "versions")
    }
    #[inline]
    pub fn server_address_by_client_cidrs(self) -> ViewList<'a, ServerAddressByClientCIDR<'a>> {
        bare(self.0, "serverAddressByClientCIDRs")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIGroupList<'a>(pub &'a Map);

impl<'a> Item<'a> for APIGroupList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIGroupList(map_of(value))
    }
}

impl<'a> APIGroupList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIGroupList(map_of(value))
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
    pub fn groups(self) -> ViewList<'a, APIGroup<'a>> {
        bare(self.0, "groups")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIGroup<'a>(pub &'a Map);

impl<'a> Item<'a> for APIGroup<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIGroup(map_of(value))
    }
}

impl<'a> APIGroup<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIGroup(map_of(value))
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
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn versions(self) -> ViewList<'a, GroupVersionForDiscovery<'a>> {
        bare(self.0, "versions")
    }
    #[inline]
    pub fn preferred_version(self) -> GroupVersionForDiscovery<'a> {
        bare(self.0, "preferredVersion")
    }
    #[inline]
    pub fn server_address_by_client_cidrs(self) -> ViewList<'a, ServerAddressByClientCIDR<'a>> {
        bare(self.0, "serverAddressByClientCIDRs")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServerAddressByClientCIDR<'a>(pub &'a Map);

impl<'a> Item<'a> for ServerAddressByClientCIDR<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServerAddressByClientCIDR(map_of(value))
    }
}

impl<'a> ServerAddressByClientCIDR<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServerAddressByClientCIDR(map_of(value))
    }
    #[inline]
    pub fn client_cidr(self) -> &'a str {
        bare(self.0, "clientCIDR")
    }
    #[inline]
    pub fn server_address(self) -> &'a str {
        bare(self.0, "serverAddress")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupVersionForDiscovery<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupVersionForDiscovery<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupVersionForDiscovery(map_of(value))
    }
}

impl<'a> GroupVersionForDiscovery<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupVersionForDiscovery(map_of(value))
    }
    #[inline]
    pub fn group_version(self) -> &'a str {
        bare(self.0, "groupVersion")
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIResource<'a>(pub &'a Map);

impl<'a> Item<'a> for APIResource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIResource(map_of(value))
    }
}

impl<'a> APIResource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIResource(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn singular_name(self) -> &'a str {
        bare(self.0, "singularName")
    }
    #[inline]
    pub fn namespaced(self) -> bool {
        bare(self.0, "namespaced")
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
    #[inline]
    pub fn short_names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "shortNames")
    }
    #[inline]
    pub fn categories(self) -> ViewList<'a, &'a str> {
        bare(self.0, "categories")
    }
    #[inline]
    pub fn storage_version_hash(self) -> &'a str {
        bare(self.0, "storageVersionHash")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIResourceList<'a>(pub &'a Map);

impl<'a> Item<'a> for APIResourceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIResourceList(map_of(value))
    }
}

impl<'a> APIResourceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIResourceList(map_of(value))
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
    pub fn group_version(self) -> &'a str {
        bare(self.0, "groupVersion")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, APIResource<'a>> {
        bare(self.0, "resources")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RootPaths<'a>(pub &'a Map);

impl<'a> Item<'a> for RootPaths<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RootPaths(map_of(value))
    }
}

impl<'a> RootPaths<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RootPaths(map_of(value))
    }
    #[inline]
    pub fn paths(self) -> ViewList<'a, &'a str> {
        bare(self.0, "paths")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Patch<'a>(pub &'a Map);

impl<'a> Item<'a> for Patch<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Patch(map_of(value))
    }
}

impl<'a> Patch<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Patch(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LabelSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for LabelSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LabelSelector(map_of(value))
    }
}

impl<'a> LabelSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LabelSelector(map_of(value))
    }
    #[inline]
    pub fn match_labels(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "matchLabels")
    }
    #[inline]
    pub fn match_expressions(self) -> ViewList<'a, LabelSelectorRequirement<'a>> {
        bare(self.0, "matchExpressions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LabelSelectorRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for LabelSelectorRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LabelSelectorRequirement(map_of(value))
    }
}

impl<'a> LabelSelectorRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LabelSelectorRequirement(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FieldSelectorRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for FieldSelectorRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FieldSelectorRequirement(map_of(value))
    }
}

impl<'a> FieldSelectorRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FieldSelectorRequirement(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ManagedFieldsEntry<'a>(pub &'a Map);

impl<'a> Item<'a> for ManagedFieldsEntry<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ManagedFieldsEntry(map_of(value))
    }
}

impl<'a> ManagedFieldsEntry<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ManagedFieldsEntry(map_of(value))
    }
    #[inline]
    pub fn manager(self) -> &'a str {
        bare(self.0, "manager")
    }
    #[inline]
    pub fn operation(self) -> &'a str {
        bare(self.0, "operation")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn time(self) -> Option<&'a str> {
        optional(self.0, "time")
    }
    #[inline]
    pub fn fields_type(self) -> &'a str {
        bare(self.0, "fieldsType")
    }
    #[inline]
    pub fn fields_v1(self) -> Option<&'a Value> {
        optional(self.0, "fieldsV1")
    }
    #[inline]
    pub fn subresource(self) -> &'a str {
        bare(self.0, "subresource")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub &'a Map);

impl<'a> Item<'a> for Table<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Table(map_of(value))
    }
}

impl<'a> Table<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Table(map_of(value))
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
    pub fn metadata(self) -> ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn column_definitions(self) -> ViewList<'a, TableColumnDefinition<'a>> {
        bare(self.0, "columnDefinitions")
    }
    #[inline]
    pub fn rows(self) -> ViewList<'a, TableRow<'a>> {
        bare(self.0, "rows")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TableColumnDefinition<'a>(pub &'a Map);

impl<'a> Item<'a> for TableColumnDefinition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TableColumnDefinition(map_of(value))
    }
}

impl<'a> TableColumnDefinition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TableColumnDefinition(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn format(self) -> &'a str {
        bare(self.0, "format")
    }
    #[inline]
    pub fn description(self) -> &'a str {
        bare(self.0, "description")
    }
    #[inline]
    pub fn priority(self) -> i64 {
        bare(self.0, "priority")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a>(pub &'a Map);

impl<'a> Item<'a> for TableRow<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TableRow(map_of(value))
    }
}

impl<'a> TableRow<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TableRow(map_of(value))
    }
    #[inline]
    pub fn cells(self) -> ViewList<'a, &'a Value> {
        bare(self.0, "cells")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, TableRowCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn object(self) -> Option<&'a Value> {
        optional(self.0, "object")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TableRowCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for TableRowCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TableRowCondition(map_of(value))
    }
}

impl<'a> TableRowCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TableRowCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
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
}

#[derive(Clone, Copy, Debug)]
pub struct TableOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for TableOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TableOptions(map_of(value))
    }
}

impl<'a> TableOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TableOptions(map_of(value))
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
    pub fn include_object(self) -> &'a str {
        bare(self.0, "includeObject")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PartialObjectMetadata<'a>(pub &'a Map);

impl<'a> Item<'a> for PartialObjectMetadata<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PartialObjectMetadata(map_of(value))
    }
}

impl<'a> PartialObjectMetadata<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PartialObjectMetadata(map_of(value))
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
    pub fn metadata(self) -> ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PartialObjectMetadataList<'a>(pub &'a Map);

impl<'a> Item<'a> for PartialObjectMetadataList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PartialObjectMetadataList(map_of(value))
    }
}

impl<'a> PartialObjectMetadataList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PartialObjectMetadataList(map_of(value))
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
    pub fn metadata(self) -> ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, PartialObjectMetadata<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Condition<'a>(pub &'a Map);

impl<'a> Item<'a> for Condition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Condition(map_of(value))
    }
}

impl<'a> Condition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Condition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WatchEvent<'a>(pub &'a Map);

impl<'a> Item<'a> for WatchEvent<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WatchEvent(map_of(value))
    }
}

impl<'a> WatchEvent<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WatchEvent(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn object(self) -> Option<&'a Value> {
        optional(self.0, "object")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupResource<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupResource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupResource(map_of(value))
    }
}

impl<'a> GroupResource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupResource(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupVersionResource<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupVersionResource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupVersionResource(map_of(value))
    }
}

impl<'a> GroupVersionResource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupVersionResource(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupKind<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupKind<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupKind(map_of(value))
    }
}

impl<'a> GroupKind<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupKind(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupVersionKind<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupVersionKind<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupVersionKind(map_of(value))
    }
}

impl<'a> GroupVersionKind<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupVersionKind(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupVersion<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupVersion<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupVersion(map_of(value))
    }
}

impl<'a> GroupVersion<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupVersion(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
}
