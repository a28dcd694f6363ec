//! `k8s.io/api/flowcontrol/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct FlowSchema<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowSchema<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowSchema(map_of(value))
    }
}

impl<'a> FlowSchema<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowSchema(map_of(value))
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
    pub fn spec(self) -> FlowSchemaSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> FlowSchemaStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlowSchemaList<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowSchemaList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowSchemaList(map_of(value))
    }
}

impl<'a> FlowSchemaList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowSchemaList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, FlowSchema<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlowSchemaSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowSchemaSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowSchemaSpec(map_of(value))
    }
}

impl<'a> FlowSchemaSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowSchemaSpec(map_of(value))
    }
    #[inline]
    pub fn priority_level_configuration(self) -> PriorityLevelConfigurationReference<'a> {
        bare(self.0, "priorityLevelConfiguration")
    }
    #[inline]
    pub fn matching_precedence(self) -> i64 {
        bare(self.0, "matchingPrecedence")
    }
    #[inline]
    pub fn distinguisher_method(self) -> Option<FlowDistinguisherMethod<'a>> {
        optional(self.0, "distinguisherMethod")
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, PolicyRulesWithSubjects<'a>> {
        bare(self.0, "rules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlowDistinguisherMethod<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowDistinguisherMethod<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowDistinguisherMethod(map_of(value))
    }
}

impl<'a> FlowDistinguisherMethod<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowDistinguisherMethod(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityLevelConfigurationReference<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfigurationReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfigurationReference(map_of(value))
    }
}

impl<'a> PriorityLevelConfigurationReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfigurationReference(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PolicyRulesWithSubjects<'a>(pub &'a Map);

impl<'a> Item<'a> for PolicyRulesWithSubjects<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PolicyRulesWithSubjects(map_of(value))
    }
}

impl<'a> PolicyRulesWithSubjects<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PolicyRulesWithSubjects(map_of(value))
    }
    #[inline]
    pub fn subjects(self) -> ViewList<'a, Subject<'a>> {
        bare(self.0, "subjects")
    }
    #[inline]
    pub fn resource_rules(self) -> ViewList<'a, ResourcePolicyRule<'a>> {
        bare(self.0, "resourceRules")
    }
    #[inline]
    pub fn non_resource_rules(self) -> ViewList<'a, NonResourcePolicyRule<'a>> {
        bare(self.0, "nonResourceRules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Subject<'a>(pub &'a Map);

impl<'a> Item<'a> for Subject<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Subject(map_of(value))
    }
}

impl<'a> Subject<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Subject(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn user(self) -> Option<UserSubject<'a>> {
        optional(self.0, "user")
    }
    #[inline]
    pub fn group(self) -> Option<GroupSubject<'a>> {
        optional(self.0, "group")
    }
    #[inline]
    pub fn service_account(self) -> Option<ServiceAccountSubject<'a>> {
        optional(self.0, "serviceAccount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct UserSubject<'a>(pub &'a Map);

impl<'a> Item<'a> for UserSubject<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        UserSubject(map_of(value))
    }
}

impl<'a> UserSubject<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        UserSubject(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupSubject<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupSubject<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupSubject(map_of(value))
    }
}

impl<'a> GroupSubject<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupSubject(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceAccountSubject<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceAccountSubject<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceAccountSubject(map_of(value))
    }
}

impl<'a> ServiceAccountSubject<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceAccountSubject(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourcePolicyRule<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourcePolicyRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourcePolicyRule(map_of(value))
    }
}

impl<'a> ResourcePolicyRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourcePolicyRule(map_of(value))
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
    #[inline]
    pub fn api_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiGroups")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn cluster_scope(self) -> bool {
        bare(self.0, "clusterScope")
    }
    #[inline]
    pub fn namespaces(self) -> ViewList<'a, &'a str> {
        bare(self.0, "namespaces")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NonResourcePolicyRule<'a>(pub &'a Map);

impl<'a> Item<'a> for NonResourcePolicyRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NonResourcePolicyRule(map_of(value))
    }
}

impl<'a> NonResourcePolicyRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NonResourcePolicyRule(map_of(value))
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
    #[inline]
    pub fn non_resource_urls(self) -> ViewList<'a, &'a str> {
        bare(self.0, "nonResourceURLs")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlowSchemaStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowSchemaStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowSchemaStatus(map_of(value))
    }
}

impl<'a> FlowSchemaStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowSchemaStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, FlowSchemaCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlowSchemaCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for FlowSchemaCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlowSchemaCondition(map_of(value))
    }
}

impl<'a> FlowSchemaCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlowSchemaCondition(map_of(value))
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
pub struct PriorityLevelConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfiguration(map_of(value))
    }
}

impl<'a> PriorityLevelConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfiguration(map_of(value))
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
    pub fn spec(self) -> PriorityLevelConfigurationSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PriorityLevelConfigurationStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityLevelConfigurationList<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfigurationList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfigurationList(map_of(value))
    }
}

impl<'a> PriorityLevelConfigurationList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfigurationList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, PriorityLevelConfiguration<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityLevelConfigurationSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfigurationSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfigurationSpec(map_of(value))
    }
}

impl<'a> PriorityLevelConfigurationSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfigurationSpec(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn limited(self) -> Option<LimitedPriorityLevelConfiguration<'a>> {
        optional(self.0, "limited")
    }
    #[inline]
    pub fn exempt(self) -> Option<ExemptPriorityLevelConfiguration<'a>> {
        optional(self.0, "exempt")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitedPriorityLevelConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitedPriorityLevelConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitedPriorityLevelConfiguration(map_of(value))
    }
}

impl<'a> LimitedPriorityLevelConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitedPriorityLevelConfiguration(map_of(value))
    }
    #[inline]
    pub fn nominal_concurrency_shares(self) -> Option<i64> {
        optional(self.0, "nominalConcurrencyShares")
    }
    #[inline]
    pub fn limit_response(self) -> LimitResponse<'a> {
        bare(self.0, "limitResponse")
    }
    #[inline]
    pub fn lendable_percent(self) -> Option<i64> {
        optional(self.0, "lendablePercent")
    }
    #[inline]
    pub fn borrowing_limit_percent(self) -> Option<i64> {
        optional(self.0, "borrowingLimitPercent")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExemptPriorityLevelConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for ExemptPriorityLevelConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExemptPriorityLevelConfiguration(map_of(value))
    }
}

impl<'a> ExemptPriorityLevelConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExemptPriorityLevelConfiguration(map_of(value))
    }
    #[inline]
    pub fn nominal_concurrency_shares(self) -> Option<i64> {
        optional(self.0, "nominalConcurrencyShares")
    }
    #[inline]
    pub fn lendable_percent(self) -> Option<i64> {
        optional(self.0, "lendablePercent")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitResponse<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitResponse<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitResponse(map_of(value))
    }
}

impl<'a> LimitResponse<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitResponse(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn queuing(self) -> Option<QueuingConfiguration<'a>> {
        optional(self.0, "queuing")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct QueuingConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for QueuingConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        QueuingConfiguration(map_of(value))
    }
}

impl<'a> QueuingConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        QueuingConfiguration(map_of(value))
    }
    #[inline]
    pub fn queues(self) -> i64 {
        bare(self.0, "queues")
    }
    #[inline]
    pub fn hand_size(self) -> i64 {
        bare(self.0, "handSize")
    }
    #[inline]
    pub fn queue_length_limit(self) -> i64 {
        bare(self.0, "queueLengthLimit")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityLevelConfigurationStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfigurationStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfigurationStatus(map_of(value))
    }
}

impl<'a> PriorityLevelConfigurationStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfigurationStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, PriorityLevelConfigurationCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityLevelConfigurationCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityLevelConfigurationCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityLevelConfigurationCondition(map_of(value))
    }
}

impl<'a> PriorityLevelConfigurationCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityLevelConfigurationCondition(map_of(value))
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
