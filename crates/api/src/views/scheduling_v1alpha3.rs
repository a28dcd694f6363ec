//! `k8s.io/api/scheduling/v1alpha3`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Workload<'a>(pub &'a Map);

impl<'a> Item<'a> for Workload<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Workload(map_of(value))
    }
}

impl<'a> Workload<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Workload(map_of(value))
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
    pub fn spec(self) -> WorkloadSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadList<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadList(map_of(value))
    }
}

impl<'a> WorkloadList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Workload<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadSpec(map_of(value))
    }
}

impl<'a> WorkloadSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadSpec(map_of(value))
    }
    #[inline]
    pub fn controller_ref(self) -> Option<TypedLocalObjectReference<'a>> {
        optional(self.0, "controllerRef")
    }
    #[inline]
    pub fn pod_group_templates(self) -> ViewList<'a, PodGroupTemplate<'a>> {
        bare(self.0, "podGroupTemplates")
    }
    #[inline]
    pub fn composite_pod_group_templates(self) -> ViewList<'a, CompositePodGroupTemplate<'a>> {
        bare(self.0, "compositePodGroupTemplates")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TypedLocalObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for TypedLocalObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TypedLocalObjectReference(map_of(value))
    }
}

impl<'a> TypedLocalObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TypedLocalObjectReference(map_of(value))
    }
    #[inline]
    pub fn api_group(self) -> &'a str {
        bare(self.0, "apiGroup")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupTemplate<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupTemplate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupTemplate(map_of(value))
    }
}

impl<'a> PodGroupTemplate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupTemplate(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn scheduling_policy(self) -> PodGroupSchedulingPolicy<'a> {
        bare(self.0, "schedulingPolicy")
    }
    #[inline]
    pub fn scheduling_constraints(self) -> Option<PodGroupSchedulingConstraints<'a>> {
        optional(self.0, "schedulingConstraints")
    }
    #[inline]
    pub fn resource_claims(self) -> ViewList<'a, PodGroupResourceClaim<'a>> {
        bare(self.0, "resourceClaims")
    }
    #[inline]
    pub fn disruption_mode(self) -> Option<DisruptionMode<'a>> {
        optional(self.0, "disruptionMode")
    }
    #[inline]
    pub fn priority_class_name(self) -> &'a str {
        bare(self.0, "priorityClassName")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupTemplate<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupTemplate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupTemplate(map_of(value))
    }
}

impl<'a> CompositePodGroupTemplate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupTemplate(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn scheduling_policy(self) -> CompositePodGroupSchedulingPolicy<'a> {
        bare(self.0, "schedulingPolicy")
    }
    #[inline]
    pub fn scheduling_constraints(self) -> Option<CompositePodGroupSchedulingConstraints<'a>> {
        optional(self.0, "schedulingConstraints")
    }
    #[inline]
    pub fn disruption_mode(self) -> Option<CompositeDisruptionMode<'a>> {
        optional(self.0, "disruptionMode")
    }
    #[inline]
    pub fn priority_class_name(self) -> &'a str {
        bare(self.0, "priorityClassName")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
    #[inline]
    pub fn pod_group_templates(self) -> ViewList<'a, PodGroupTemplate<'a>> {
        bare(self.0, "podGroupTemplates")
    }
    #[inline]
    pub fn composite_pod_group_templates(self) -> ViewList<'a, CompositePodGroupTemplate<'a>> {
        bare(self.0, "compositePodGroupTemplates")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupSchedulingPolicy(map_of(value))
    }
}

impl<'a> PodGroupSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn basic(self) -> Option<BasicSchedulingPolicy<'a>> {
        optional(self.0, "basic")
    }
    #[inline]
    pub fn gang(self) -> Option<GangSchedulingPolicy<'a>> {
        optional(self.0, "gang")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct BasicSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for BasicSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        BasicSchedulingPolicy(map_of(value))
    }
}

impl<'a> BasicSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        BasicSchedulingPolicy(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GangSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for GangSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GangSchedulingPolicy(map_of(value))
    }
}

impl<'a> GangSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GangSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn min_count(self) -> i64 {
        bare(self.0, "minCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupResourceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupResourceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupResourceClaim(map_of(value))
    }
}

impl<'a> PodGroupResourceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupResourceClaim(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resource_claim_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimName")
    }
    #[inline]
    pub fn resource_claim_template_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimTemplateName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for DisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DisruptionMode(map_of(value))
    }
}

impl<'a> DisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DisruptionMode(map_of(value))
    }
    #[inline]
    pub fn single(self) -> Option<SingleDisruptionMode<'a>> {
        optional(self.0, "single")
    }
    #[inline]
    pub fn all(self) -> Option<AllDisruptionMode<'a>> {
        optional(self.0, "all")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SingleDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for SingleDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SingleDisruptionMode(map_of(value))
    }
}

impl<'a> SingleDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SingleDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AllDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for AllDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AllDisruptionMode(map_of(value))
    }
}

impl<'a> AllDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AllDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroup<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroup<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroup(map_of(value))
    }
}

impl<'a> PodGroup<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroup(map_of(value))
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
    pub fn spec(self) -> PodGroupSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PodGroupStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupList(map_of(value))
    }
}

impl<'a> PodGroupList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, PodGroup<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupSpec(map_of(value))
    }
}

impl<'a> PodGroupSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupSpec(map_of(value))
    }
    #[inline]
    pub fn parent_composite_pod_group_name(self) -> Option<&'a str> {
        optional(self.0, "parentCompositePodGroupName")
    }
    #[inline]
    pub fn workload_ref(self) -> Option<WorkloadReference<'a>> {
        optional(self.0, "workloadRef")
    }
    #[inline]
    pub fn scheduling_policy(self) -> PodGroupSchedulingPolicy<'a> {
        bare(self.0, "schedulingPolicy")
    }
    #[inline]
    pub fn scheduling_constraints(self) -> Option<PodGroupSchedulingConstraints<'a>> {
        optional(self.0, "schedulingConstraints")
    }
    #[inline]
    pub fn resource_claims(self) -> ViewList<'a, PodGroupResourceClaim<'a>> {
        bare(self.0, "resourceClaims")
    }
    #[inline]
    pub fn disruption_mode(self) -> Option<DisruptionMode<'a>> {
        optional(self.0, "disruptionMode")
    }
    #[inline]
    pub fn priority_class_name(self) -> &'a str {
        bare(self.0, "priorityClassName")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupStatus(map_of(value))
    }
}

impl<'a> PodGroupStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn resource_claim_statuses(self) -> ViewList<'a, PodGroupResourceClaimStatus<'a>> {
        bare(self.0, "resourceClaimStatuses")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupResourceClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupResourceClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupResourceClaimStatus(map_of(value))
    }
}

impl<'a> PodGroupResourceClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupResourceClaimStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resource_claim_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadReference<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadReference(map_of(value))
    }
}

impl<'a> WorkloadReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadReference(map_of(value))
    }
    #[inline]
    pub fn workload_name(self) -> &'a str {
        bare(self.0, "workloadName")
    }
    #[inline]
    pub fn template_name(self) -> &'a str {
        bare(self.0, "templateName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodGroupSchedulingConstraints<'a>(pub &'a Map);

impl<'a> Item<'a> for PodGroupSchedulingConstraints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodGroupSchedulingConstraints(map_of(value))
    }
}

impl<'a> PodGroupSchedulingConstraints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodGroupSchedulingConstraints(map_of(value))
    }
    #[inline]
    pub fn topology(self) -> ViewList<'a, TopologyConstraint<'a>> {
        bare(self.0, "topology")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TopologyConstraint<'a>(pub &'a Map);

impl<'a> Item<'a> for TopologyConstraint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TopologyConstraint(map_of(value))
    }
}

impl<'a> TopologyConstraint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TopologyConstraint(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadPodGroupSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn basic(self) -> Option<WorkloadPodGroupBasicSchedulingPolicy<'a>> {
        optional(self.0, "basic")
    }
    #[inline]
    pub fn gang(self) -> Option<WorkloadPodGroupGangSchedulingPolicy<'a>> {
        optional(self.0, "gang")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupBasicSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupBasicSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupBasicSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadPodGroupBasicSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupBasicSchedulingPolicy(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupGangSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupGangSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupGangSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadPodGroupGangSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupGangSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn min_count(self) -> Option<i64> {
        optional(self.0, "minCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupSchedulingConstraints<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupSchedulingConstraints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupSchedulingConstraints(map_of(value))
    }
}

impl<'a> WorkloadPodGroupSchedulingConstraints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupSchedulingConstraints(map_of(value))
    }
    #[inline]
    pub fn topology(self) -> ViewList<'a, TopologyConstraint<'a>> {
        bare(self.0, "topology")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupResourceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupResourceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupResourceClaim(map_of(value))
    }
}

impl<'a> WorkloadPodGroupResourceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupResourceClaim(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resource_claim_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimName")
    }
    #[inline]
    pub fn resource_claim_template_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimTemplateName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadPodGroupDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupDisruptionMode(map_of(value))
    }
    #[inline]
    pub fn single(self) -> Option<WorkloadPodGroupSingleDisruptionMode<'a>> {
        optional(self.0, "single")
    }
    #[inline]
    pub fn all(self) -> Option<WorkloadPodGroupAllDisruptionMode<'a>> {
        optional(self.0, "all")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupSingleDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupSingleDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupSingleDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadPodGroupSingleDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupSingleDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadPodGroupAllDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadPodGroupAllDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadPodGroupAllDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadPodGroupAllDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadPodGroupAllDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn basic(self) -> Option<WorkloadCompositePodGroupBasicSchedulingPolicy<'a>> {
        optional(self.0, "basic")
    }
    #[inline]
    pub fn gang(self) -> Option<WorkloadCompositePodGroupGangSchedulingPolicy<'a>> {
        optional(self.0, "gang")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupBasicSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupBasicSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupBasicSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupBasicSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupBasicSchedulingPolicy(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupGangSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupGangSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupGangSchedulingPolicy(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupGangSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupGangSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn min_group_count(self) -> Option<i64> {
        optional(self.0, "minGroupCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupSchedulingConstraints<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupSchedulingConstraints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSchedulingConstraints(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupSchedulingConstraints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSchedulingConstraints(map_of(value))
    }
    #[inline]
    pub fn topology(self) -> ViewList<'a, TopologyConstraint<'a>> {
        bare(self.0, "topology")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupDisruptionMode(map_of(value))
    }
    #[inline]
    pub fn single(self) -> Option<WorkloadCompositePodGroupSingleDisruptionMode<'a>> {
        optional(self.0, "single")
    }
    #[inline]
    pub fn all(self) -> Option<WorkloadCompositePodGroupAllDisruptionMode<'a>> {
        optional(self.0, "all")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupSingleDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupSingleDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSingleDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupSingleDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupSingleDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WorkloadCompositePodGroupAllDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for WorkloadCompositePodGroupAllDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WorkloadCompositePodGroupAllDisruptionMode(map_of(value))
    }
}

impl<'a> WorkloadCompositePodGroupAllDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WorkloadCompositePodGroupAllDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroup<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroup<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroup(map_of(value))
    }
}

impl<'a> CompositePodGroup<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroup(map_of(value))
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
    pub fn spec(self) -> CompositePodGroupSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> CompositePodGroupStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupList<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupList(map_of(value))
    }
}

impl<'a> CompositePodGroupList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, CompositePodGroup<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupSpec(map_of(value))
    }
}

impl<'a> CompositePodGroupSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupSpec(map_of(value))
    }
    #[inline]
    pub fn parent_composite_pod_group_name(self) -> Option<&'a str> {
        optional(self.0, "parentCompositePodGroupName")
    }
    #[inline]
    pub fn workload_ref(self) -> Option<WorkloadReference<'a>> {
        optional(self.0, "workloadRef")
    }
    #[inline]
    pub fn scheduling_policy(self) -> CompositePodGroupSchedulingPolicy<'a> {
        bare(self.0, "schedulingPolicy")
    }
    #[inline]
    pub fn scheduling_constraints(self) -> Option<CompositePodGroupSchedulingConstraints<'a>> {
        optional(self.0, "schedulingConstraints")
    }
    #[inline]
    pub fn disruption_mode(self) -> Option<CompositeDisruptionMode<'a>> {
        optional(self.0, "disruptionMode")
    }
    #[inline]
    pub fn priority_class_name(self) -> &'a str {
        bare(self.0, "priorityClassName")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupSchedulingPolicy(map_of(value))
    }
}

impl<'a> CompositePodGroupSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn basic(self) -> Option<CompositeBasicSchedulingPolicy<'a>> {
        optional(self.0, "basic")
    }
    #[inline]
    pub fn gang(self) -> Option<CompositeGangSchedulingPolicy<'a>> {
        optional(self.0, "gang")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositeBasicSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositeBasicSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositeBasicSchedulingPolicy(map_of(value))
    }
}

impl<'a> CompositeBasicSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositeBasicSchedulingPolicy(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositeGangSchedulingPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositeGangSchedulingPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositeGangSchedulingPolicy(map_of(value))
    }
}

impl<'a> CompositeGangSchedulingPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositeGangSchedulingPolicy(map_of(value))
    }
    #[inline]
    pub fn min_group_count(self) -> i64 {
        bare(self.0, "minGroupCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositeDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositeDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositeDisruptionMode(map_of(value))
    }
}

impl<'a> CompositeDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositeDisruptionMode(map_of(value))
    }
    #[inline]
    pub fn single(self) -> Option<SingleCompositeDisruptionMode<'a>> {
        optional(self.0, "single")
    }
    #[inline]
    pub fn all(self) -> Option<AllCompositeDisruptionMode<'a>> {
        optional(self.0, "all")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SingleCompositeDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for SingleCompositeDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SingleCompositeDisruptionMode(map_of(value))
    }
}

impl<'a> SingleCompositeDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SingleCompositeDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AllCompositeDisruptionMode<'a>(pub &'a Map);

impl<'a> Item<'a> for AllCompositeDisruptionMode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AllCompositeDisruptionMode(map_of(value))
    }
}

impl<'a> AllCompositeDisruptionMode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AllCompositeDisruptionMode(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupStatus(map_of(value))
    }
}

impl<'a> CompositePodGroupStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CompositePodGroupSchedulingConstraints<'a>(pub &'a Map);

impl<'a> Item<'a> for CompositePodGroupSchedulingConstraints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CompositePodGroupSchedulingConstraints(map_of(value))
    }
}

impl<'a> CompositePodGroupSchedulingConstraints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CompositePodGroupSchedulingConstraints(map_of(value))
    }
    #[inline]
    pub fn topology(self) -> ViewList<'a, TopologyConstraint<'a>> {
        bare(self.0, "topology")
    }
}
