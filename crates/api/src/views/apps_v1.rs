//! `k8s.io/api/apps/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct StatefulSet<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSet<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSet(map_of(value))
    }
}

impl<'a> StatefulSet<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSet(map_of(value))
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
    pub fn spec(self) -> StatefulSetSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> StatefulSetStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetUpdateStrategy<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetUpdateStrategy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetUpdateStrategy(map_of(value))
    }
}

impl<'a> StatefulSetUpdateStrategy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetUpdateStrategy(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn rolling_update(self) -> Option<RollingUpdateStatefulSetStrategy<'a>> {
        optional(self.0, "rollingUpdate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RollingUpdateStatefulSetStrategy<'a>(pub &'a Map);

impl<'a> Item<'a> for RollingUpdateStatefulSetStrategy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RollingUpdateStatefulSetStrategy(map_of(value))
    }
}

impl<'a> RollingUpdateStatefulSetStrategy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RollingUpdateStatefulSetStrategy(map_of(value))
    }
    #[inline]
    pub fn partition(self) -> Option<i64> {
        optional(self.0, "partition")
    }
    #[inline]
    pub fn max_unavailable(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxUnavailable")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetPersistentVolumeClaimRetentionPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetPersistentVolumeClaimRetentionPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetPersistentVolumeClaimRetentionPolicy(map_of(value))
    }
}

impl<'a> StatefulSetPersistentVolumeClaimRetentionPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetPersistentVolumeClaimRetentionPolicy(map_of(value))
    }
    #[inline]
    pub fn when_deleted(self) -> &'a str {
        bare(self.0, "whenDeleted")
    }
    #[inline]
    pub fn when_scaled(self) -> &'a str {
        bare(self.0, "whenScaled")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetOrdinals<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetOrdinals<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetOrdinals(map_of(value))
    }
}

impl<'a> StatefulSetOrdinals<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetOrdinals(map_of(value))
    }
    #[inline]
    pub fn start(self) -> i64 {
        bare(self.0, "start")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetSpec(map_of(value))
    }
}

impl<'a> StatefulSetSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetSpec(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> Option<i64> {
        optional(self.0, "replicas")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn template(self) -> views::core_v1::PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
    #[inline]
    pub fn volume_claim_templates(self) -> ViewList<'a, views::core_v1::PersistentVolumeClaim<'a>> {
        bare(self.0, "volumeClaimTemplates")
    }
    #[inline]
    pub fn service_name(self) -> &'a str {
        bare(self.0, "serviceName")
    }
    #[inline]
    pub fn pod_management_policy(self) -> &'a str {
        bare(self.0, "podManagementPolicy")
    }
    #[inline]
    pub fn update_strategy(self) -> StatefulSetUpdateStrategy<'a> {
        bare(self.0, "updateStrategy")
    }
    #[inline]
    pub fn revision_history_limit(self) -> Option<i64> {
        optional(self.0, "revisionHistoryLimit")
    }
    #[inline]
    pub fn min_ready_seconds(self) -> i64 {
        bare(self.0, "minReadySeconds")
    }
    #[inline]
    pub fn persistent_volume_claim_retention_policy(
        self,
    ) -> Option<StatefulSetPersistentVolumeClaimRetentionPolicy<'a>> {
        optional(self.0, "persistentVolumeClaimRetentionPolicy")
    }
    #[inline]
    pub fn ordinals(self) -> Option<StatefulSetOrdinals<'a>> {
        optional(self.0, "ordinals")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetStatus(map_of(value))
    }
}

impl<'a> StatefulSetStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
    #[inline]
    pub fn ready_replicas(self) -> i64 {
        bare(self.0, "readyReplicas")
    }
    #[inline]
    pub fn current_replicas(self) -> i64 {
        bare(self.0, "currentReplicas")
    }
    #[inline]
    pub fn updated_replicas(self) -> i64 {
        bare(self.0, "updatedReplicas")
    }
    #[inline]
    pub fn current_revision(self) -> &'a str {
        bare(self.0, "currentRevision")
    }
    #[inline]
    pub fn update_revision(self) -> &'a str {
        bare(self.0, "updateRevision")
    }
    #[inline]
    pub fn collision_count(self) -> Option<i64> {
        optional(self.0, "collisionCount")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, StatefulSetCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn available_replicas(self) -> i64 {
        bare(self.0, "availableReplicas")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StatefulSetCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetCondition(map_of(value))
    }
}

impl<'a> StatefulSetCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetCondition(map_of(value))
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
pub struct StatefulSetList<'a>(pub &'a Map);

impl<'a> Item<'a> for StatefulSetList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StatefulSetList(map_of(value))
    }
}

impl<'a> StatefulSetList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StatefulSetList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, StatefulSet<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a>(pub &'a Map);

impl<'a> Item<'a> for Deployment<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Deployment(map_of(value))
    }
}

impl<'a> Deployment<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Deployment(map_of(value))
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
    pub fn spec(self) -> DeploymentSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> DeploymentStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeploymentSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for DeploymentSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeploymentSpec(map_of(value))
    }
}

impl<'a> DeploymentSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeploymentSpec(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> Option<i64> {
        optional(self.0, "replicas")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn template(self) -> views::core_v1::PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
    #[inline]
    pub fn strategy(self) -> DeploymentStrategy<'a> {
        bare(self.0, "strategy")
    }
    #[inline]
    pub fn min_ready_seconds(self) -> i64 {
        bare(self.0, "minReadySeconds")
    }
    #[inline]
    pub fn revision_history_limit(self) -> Option<i64> {
        optional(self.0, "revisionHistoryLimit")
    }
    #[inline]
    pub fn paused(self) -> bool {
        bare(self.0, "paused")
    }
    #[inline]
    pub fn progress_deadline_seconds(self) -> Option<i64> {
        optional(self.0, "progressDeadlineSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeploymentStrategy<'a>(pub &'a Map);

impl<'a> Item<'a> for DeploymentStrategy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeploymentStrategy(map_of(value))
    }
}

impl<'a> DeploymentStrategy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeploymentStrategy(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn rolling_update(self) -> Option<RollingUpdateDeployment<'a>> {
        optional(self.0, "rollingUpdate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RollingUpdateDeployment<'a>(pub &'a Map);

impl<'a> Item<'a> for RollingUpdateDeployment<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RollingUpdateDeployment(map_of(value))
    }
}

impl<'a> RollingUpdateDeployment<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RollingUpdateDeployment(map_of(value))
    }
    #[inline]
    pub fn max_unavailable(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxUnavailable")
    }
    #[inline]
    pub fn max_surge(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxSurge")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeploymentStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for DeploymentStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeploymentStatus(map_of(value))
    }
}

impl<'a> DeploymentStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeploymentStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
    #[inline]
    pub fn updated_replicas(self) -> i64 {
        bare(self.0, "updatedReplicas")
    }
    #[inline]
    pub fn ready_replicas(self) -> i64 {
        bare(self.0, "readyReplicas")
    }
    #[inline]
    pub fn available_replicas(self) -> i64 {
        bare(self.0, "availableReplicas")
    }
    #[inline]
    pub fn unavailable_replicas(self) -> i64 {
        bare(self.0, "unavailableReplicas")
    }
    #[inline]
    pub fn terminating_replicas(self) -> Option<i64> {
        optional(self.0, "terminatingReplicas")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, DeploymentCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn collision_count(self) -> Option<i64> {
        optional(self.0, "collisionCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeploymentCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for DeploymentCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeploymentCondition(map_of(value))
    }
}

impl<'a> DeploymentCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeploymentCondition(map_of(value))
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
    pub fn last_update_time(self) -> Option<&'a str> {
        optional(self.0, "lastUpdateTime")
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
pub struct DeploymentList<'a>(pub &'a Map);

impl<'a> Item<'a> for DeploymentList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeploymentList(map_of(value))
    }
}

impl<'a> DeploymentList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeploymentList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Deployment<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonSetUpdateStrategy<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSetUpdateStrategy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSetUpdateStrategy(map_of(value))
    }
}

impl<'a> DaemonSetUpdateStrategy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSetUpdateStrategy(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn rolling_update(self) -> Option<RollingUpdateDaemonSet<'a>> {
        optional(self.0, "rollingUpdate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RollingUpdateDaemonSet<'a>(pub &'a Map);

impl<'a> Item<'a> for RollingUpdateDaemonSet<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RollingUpdateDaemonSet(map_of(value))
    }
}

impl<'a> RollingUpdateDaemonSet<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RollingUpdateDaemonSet(map_of(value))
    }
    #[inline]
    pub fn max_unavailable(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxUnavailable")
    }
    #[inline]
    pub fn max_surge(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxSurge")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonSetSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSetSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSetSpec(map_of(value))
    }
}

impl<'a> DaemonSetSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSetSpec(map_of(value))
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn template(self) -> views::core_v1::PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
    #[inline]
    pub fn update_strategy(self) -> DaemonSetUpdateStrategy<'a> {
        bare(self.0, "updateStrategy")
    }
    #[inline]
    pub fn min_ready_seconds(self) -> i64 {
        bare(self.0, "minReadySeconds")
    }
    #[inline]
    pub fn revision_history_limit(self) -> Option<i64> {
        optional(self.0, "revisionHistoryLimit")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonSetStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSetStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSetStatus(map_of(value))
    }
}

impl<'a> DaemonSetStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSetStatus(map_of(value))
    }
    #[inline]
    pub fn current_number_scheduled(self) -> i64 {
        bare(self.0, "currentNumberScheduled")
    }
    #[inline]
    pub fn number_misscheduled(self) -> i64 {
        bare(self.0, "numberMisscheduled")
    }
    #[inline]
    pub fn desired_number_scheduled(self) -> i64 {
        bare(self.0, "desiredNumberScheduled")
    }
    #[inline]
    pub fn number_ready(self) -> i64 {
        bare(self.0, "numberReady")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn updated_number_scheduled(self) -> i64 {
        bare(self.0, "updatedNumberScheduled")
    }
    #[inline]
    pub fn number_available(self) -> i64 {
        bare(self.0, "numberAvailable")
    }
    #[inline]
    pub fn number_unavailable(self) -> i64 {
        bare(self.0, "numberUnavailable")
    }
    #[inline]
    pub fn collision_count(self) -> Option<i64> {
        optional(self.0, "collisionCount")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, DaemonSetCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonSetCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSetCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSetCondition(map_of(value))
    }
}

impl<'a> DaemonSetCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSetCondition(map_of(value))
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
pub struct DaemonSet<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSet<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSet(map_of(value))
    }
}

impl<'a> DaemonSet<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSet(map_of(value))
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
    pub fn spec(self) -> DaemonSetSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> DaemonSetStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonSetList<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonSetList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonSetList(map_of(value))
    }
}

impl<'a> DaemonSetList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonSetList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, DaemonSet<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicaSet<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicaSet<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicaSet(map_of(value))
    }
}

impl<'a> ReplicaSet<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicaSet(map_of(value))
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
    pub fn spec(self) -> ReplicaSetSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ReplicaSetStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicaSetList<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicaSetList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicaSetList(map_of(value))
    }
}

impl<'a> ReplicaSetList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicaSetList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ReplicaSet<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicaSetSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicaSetSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicaSetSpec(map_of(value))
    }
}

impl<'a> ReplicaSetSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicaSetSpec(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> Option<i64> {
        optional(self.0, "replicas")
    }
    #[inline]
    pub fn min_ready_seconds(self) -> i64 {
        bare(self.0, "minReadySeconds")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn template(self) -> views::core_v1::PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicaSetStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicaSetStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicaSetStatus(map_of(value))
    }
}

impl<'a> ReplicaSetStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicaSetStatus(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
    #[inline]
    pub fn fully_labeled_replicas(self) -> i64 {
        bare(self.0, "fullyLabeledReplicas")
    }
    #[inline]
    pub fn ready_replicas(self) -> i64 {
        bare(self.0, "readyReplicas")
    }
    #[inline]
    pub fn available_replicas(self) -> i64 {
        bare(self.0, "availableReplicas")
    }
    #[inline]
    pub fn terminating_replicas(self) -> Option<i64> {
        optional(self.0, "terminatingReplicas")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, ReplicaSetCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicaSetCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicaSetCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicaSetCondition(map_of(value))
    }
}

impl<'a> ReplicaSetCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicaSetCondition(map_of(value))
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
pub struct ControllerRevision<'a>(pub &'a Map);

impl<'a> Item<'a> for ControllerRevision<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ControllerRevision(map_of(value))
    }
}

impl<'a> ControllerRevision<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ControllerRevision(map_of(value))
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
    pub fn data(self) -> Option<&'a Value> {
        optional(self.0, "data")
    }
    #[inline]
    pub fn revision(self) -> i64 {
        bare(self.0, "revision")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ControllerRevisionList<'a>(pub &'a Map);

impl<'a> Item<'a> for ControllerRevisionList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ControllerRevisionList(map_of(value))
    }
}

impl<'a> ControllerRevisionList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ControllerRevisionList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ControllerRevision<'a>> {
        bare(self.0, "items")
    }
}
