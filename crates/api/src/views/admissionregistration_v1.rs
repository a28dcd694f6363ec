//! `k8s.io/api/admissionregistration/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Rule<'a>(pub &'a Map);

impl<'a> Item<'a> for Rule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Rule(map_of(value))
    }
}

impl<'a> Rule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Rule(map_of(value))
    }
    #[inline]
    pub fn api_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiGroups")
    }
    #[inline]
    pub fn api_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiVersions")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn scope(self) -> Option<&'a str> {
        optional(self.0, "scope")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicy(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicy(map_of(value))
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
    pub fn spec(self) -> ValidatingAdmissionPolicySpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ValidatingAdmissionPolicyStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicyStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicyStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyStatus(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicyStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn type_checking(self) -> Option<TypeChecking<'a>> {
        optional(self.0, "typeChecking")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TypeChecking<'a>(pub &'a Map);

impl<'a> Item<'a> for TypeChecking<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TypeChecking(map_of(value))
    }
}

impl<'a> TypeChecking<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TypeChecking(map_of(value))
    }
    #[inline]
    pub fn expression_warnings(self) -> ViewList<'a, ExpressionWarning<'a>> {
        bare(self.0, "expressionWarnings")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExpressionWarning<'a>(pub &'a Map);

impl<'a> Item<'a> for ExpressionWarning<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExpressionWarning(map_of(value))
    }
}

impl<'a> ExpressionWarning<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExpressionWarning(map_of(value))
    }
    #[inline]
    pub fn field_ref(self) -> &'a str {
        bare(self.0, "fieldRef")
    }
    #[inline]
    pub fn warning(self) -> &'a str {
        bare(self.0, "warning")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicyList<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicyList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyList(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicyList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ValidatingAdmissionPolicy<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicySpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicySpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicySpec(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicySpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicySpec(map_of(value))
    }
    #[inline]
    pub fn param_kind(self) -> Option<ParamKind<'a>> {
        optional(self.0, "paramKind")
    }
    #[inline]
    pub fn match_constraints(self) -> Option<MatchResources<'a>> {
        optional(self.0, "matchConstraints")
    }
    #[inline]
    pub fn validations(self) -> ViewList<'a, Validation<'a>> {
        bare(self.0, "validations")
    }
    #[inline]
    pub fn failure_policy(self) -> Option<&'a str> {
        optional(self.0, "failurePolicy")
    }
    #[inline]
    pub fn audit_annotations(self) -> ViewList<'a, AuditAnnotation<'a>> {
        bare(self.0, "auditAnnotations")
    }
    #[inline]
    pub fn match_conditions(self) -> ViewList<'a, MatchCondition<'a>> {
        bare(self.0, "matchConditions")
    }
    #[inline]
    pub fn variables(self) -> ViewList<'a, Variable<'a>> {
        bare(self.0, "variables")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ParamKind<'a>(pub &'a Map);

impl<'a> Item<'a> for ParamKind<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ParamKind(map_of(value))
    }
}

impl<'a> ParamKind<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ParamKind(map_of(value))
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Validation<'a>(pub &'a Map);

impl<'a> Item<'a> for Validation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Validation(map_of(value))
    }
}

impl<'a> Validation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Validation(map_of(value))
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn reason(self) -> Option<&'a str> {
        optional(self.0, "reason")
    }
    #[inline]
    pub fn message_expression(self) -> &'a str {
        bare(self.0, "messageExpression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Variable<'a>(pub &'a Map);

impl<'a> Item<'a> for Variable<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Variable(map_of(value))
    }
}

impl<'a> Variable<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Variable(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AuditAnnotation<'a>(pub &'a Map);

impl<'a> Item<'a> for AuditAnnotation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AuditAnnotation(map_of(value))
    }
}

impl<'a> AuditAnnotation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AuditAnnotation(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn value_expression(self) -> &'a str {
        bare(self.0, "valueExpression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicyBinding<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicyBinding<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBinding(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicyBinding<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBinding(map_of(value))
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
    pub fn spec(self) -> ValidatingAdmissionPolicyBindingSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicyBindingList<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicyBindingList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBindingList(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicyBindingList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBindingList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ValidatingAdmissionPolicyBinding<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingAdmissionPolicyBindingSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingAdmissionPolicyBindingSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBindingSpec(map_of(value))
    }
}

impl<'a> ValidatingAdmissionPolicyBindingSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingAdmissionPolicyBindingSpec(map_of(value))
    }
    #[inline]
    pub fn policy_name(self) -> &'a str {
        bare(self.0, "policyName")
    }
    #[inline]
    pub fn param_ref(self) -> Option<ParamRef<'a>> {
        optional(self.0, "paramRef")
    }
    #[inline]
    pub fn match_resources(self) -> Option<MatchResources<'a>> {
        optional(self.0, "matchResources")
    }
    #[inline]
    pub fn validation_actions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "validationActions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ParamRef<'a>(pub &'a Map);

impl<'a> Item<'a> for ParamRef<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ParamRef(map_of(value))
    }
}

impl<'a> ParamRef<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ParamRef(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn parameter_not_found_action(self) -> Option<&'a str> {
        optional(self.0, "parameterNotFoundAction")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MatchResources<'a>(pub &'a Map);

impl<'a> Item<'a> for MatchResources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MatchResources(map_of(value))
    }
}

impl<'a> MatchResources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MatchResources(map_of(value))
    }
    #[inline]
    pub fn namespace_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "namespaceSelector")
    }
    #[inline]
    pub fn object_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "objectSelector")
    }
    #[inline]
    pub fn resource_rules(self) -> ViewList<'a, NamedRuleWithOperations<'a>> {
        bare(self.0, "resourceRules")
    }
    #[inline]
    pub fn exclude_resource_rules(self) -> ViewList<'a, NamedRuleWithOperations<'a>> {
        bare(self.0, "excludeResourceRules")
    }
    #[inline]
    pub fn match_policy(self) -> Option<&'a str> {
        optional(self.0, "matchPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NamedRuleWithOperations<'a>(pub &'a Map);

impl<'a> Item<'a> for NamedRuleWithOperations<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NamedRuleWithOperations(map_of(value))
    }
}

impl<'a> NamedRuleWithOperations<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NamedRuleWithOperations(map_of(value))
    }
    #[inline]
    pub fn resource_names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resourceNames")
    }
    #[inline]
    pub fn rule_with_operations(self) -> RuleWithOperations<'a> {
        RuleWithOperations(self.0)
    }
    #[inline]
    pub fn operations(self) -> ViewList<'a, &'a str> {
        bare(self.0, "operations")
    }
    #[inline]
    pub fn rule(self) -> Rule<'a> {
        Rule(self.0)
    }
    #[inline]
    pub fn api_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiGroups")
    }
    #[inline]
    pub fn api_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiVersions")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn scope(self) -> Option<&'a str> {
        optional(self.0, "scope")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingWebhookConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingWebhookConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingWebhookConfiguration(map_of(value))
    }
}

impl<'a> ValidatingWebhookConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingWebhookConfiguration(map_of(value))
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
    pub fn webhooks(self) -> ViewList<'a, ValidatingWebhook<'a>> {
        bare(self.0, "webhooks")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingWebhookConfigurationList<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingWebhookConfigurationList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingWebhookConfigurationList(map_of(value))
    }
}

impl<'a> ValidatingWebhookConfigurationList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingWebhookConfigurationList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ValidatingWebhookConfiguration<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingWebhookConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingWebhookConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingWebhookConfiguration(map_of(value))
    }
}

impl<'a> MutatingWebhookConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingWebhookConfiguration(map_of(value))
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
    pub fn webhooks(self) -> ViewList<'a, MutatingWebhook<'a>> {
        bare(self.0, "webhooks")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingWebhookConfigurationList<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingWebhookConfigurationList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingWebhookConfigurationList(map_of(value))
    }
}

impl<'a> MutatingWebhookConfigurationList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingWebhookConfigurationList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, MutatingWebhookConfiguration<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidatingWebhook<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidatingWebhook<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidatingWebhook(map_of(value))
    }
}

impl<'a> ValidatingWebhook<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidatingWebhook(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn client_config(self) -> WebhookClientConfig<'a> {
        bare(self.0, "clientConfig")
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, RuleWithOperations<'a>> {
        bare(self.0, "rules")
    }
    #[inline]
    pub fn failure_policy(self) -> Option<&'a str> {
        optional(self.0, "failurePolicy")
    }
    #[inline]
    pub fn match_policy(self) -> Option<&'a str> {
        optional(self.0, "matchPolicy")
    }
    #[inline]
    pub fn namespace_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "namespaceSelector")
    }
    #[inline]
    pub fn object_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "objectSelector")
    }
    #[inline]
    pub fn side_effects(self) -> Option<&'a str> {
        optional(self.0, "sideEffects")
    }
    #[inline]
    pub fn timeout_seconds(self) -> Option<i64> {
        optional(self.0, "timeoutSeconds")
    }
    #[inline]
    pub fn admission_review_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "admissionReviewVersions")
    }
    #[inline]
    pub fn match_conditions(self) -> ViewList<'a, MatchCondition<'a>> {
        bare(self.0, "matchConditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingWebhook<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingWebhook<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingWebhook(map_of(value))
    }
}

impl<'a> MutatingWebhook<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingWebhook(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn client_config(self) -> WebhookClientConfig<'a> {
        bare(self.0, "clientConfig")
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, RuleWithOperations<'a>> {
        bare(self.0, "rules")
    }
    #[inline]
    pub fn failure_policy(self) -> Option<&'a str> {
        optional(self.0, "failurePolicy")
    }
    #[inline]
    pub fn match_policy(self) -> Option<&'a str> {
        optional(self.0, "matchPolicy")
    }
    #[inline]
    pub fn namespace_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "namespaceSelector")
    }
    #[inline]
    pub fn object_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "objectSelector")
    }
    #[inline]
    pub fn side_effects(self) -> Option<&'a str> {
        optional(self.0, "sideEffects")
    }
    #[inline]
    pub fn timeout_seconds(self) -> Option<i64> {
        optional(self.0, "timeoutSeconds")
    }
    #[inline]
    pub fn admission_review_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "admissionReviewVersions")
    }
    #[inline]
    pub fn reinvocation_policy(self) -> Option<&'a str> {
        optional(self.0, "reinvocationPolicy")
    }
    #[inline]
    pub fn match_conditions(self) -> ViewList<'a, MatchCondition<'a>> {
        bare(self.0, "matchConditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicy(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicy(map_of(value))
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
    pub fn spec(self) -> MutatingAdmissionPolicySpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicyList<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicyList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicyList(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicyList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicyList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, MutatingAdmissionPolicy<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicySpec<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicySpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicySpec(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicySpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicySpec(map_of(value))
    }
    #[inline]
    pub fn param_kind(self) -> Option<ParamKind<'a>> {
        optional(self.0, "paramKind")
    }
    #[inline]
    pub fn match_constraints(self) -> Option<MatchResources<'a>> {
        optional(self.0, "matchConstraints")
    }
    #[inline]
    pub fn variables(self) -> ViewList<'a, Variable<'a>> {
        bare(self.0, "variables")
    }
    #[inline]
    pub fn mutations(self) -> ViewList<'a, Mutation<'a>> {
        bare(self.0, "mutations")
    }
    #[inline]
    pub fn failure_policy(self) -> Option<&'a str> {
        optional(self.0, "failurePolicy")
    }
    #[inline]
    pub fn match_conditions(self) -> ViewList<'a, MatchCondition<'a>> {
        bare(self.0, "matchConditions")
    }
    #[inline]
    pub fn reinvocation_policy(self) -> &'a str {
        bare(self.0, "reinvocationPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Mutation<'a>(pub &'a Map);

impl<'a> Item<'a> for Mutation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Mutation(map_of(value))
    }
}

impl<'a> Mutation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Mutation(map_of(value))
    }
    #[inline]
    pub fn patch_type(self) -> &'a str {
        bare(self.0, "patchType")
    }
    #[inline]
    pub fn apply_configuration(self) -> Option<ApplyConfiguration<'a>> {
        optional(self.0, "applyConfiguration")
    }
    #[inline]
    pub fn json_patch(self) -> Option<JSONPatch<'a>> {
        optional(self.0, "jsonPatch")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ApplyConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for ApplyConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ApplyConfiguration(map_of(value))
    }
}

impl<'a> ApplyConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ApplyConfiguration(map_of(value))
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JSONPatch<'a>(pub &'a Map);

impl<'a> Item<'a> for JSONPatch<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JSONPatch(map_of(value))
    }
}

impl<'a> JSONPatch<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JSONPatch(map_of(value))
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicyBinding<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicyBinding<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBinding(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicyBinding<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBinding(map_of(value))
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
    pub fn spec(self) -> MutatingAdmissionPolicyBindingSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicyBindingList<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicyBindingList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBindingList(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicyBindingList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBindingList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, MutatingAdmissionPolicyBinding<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MutatingAdmissionPolicyBindingSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for MutatingAdmissionPolicyBindingSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBindingSpec(map_of(value))
    }
}

impl<'a> MutatingAdmissionPolicyBindingSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MutatingAdmissionPolicyBindingSpec(map_of(value))
    }
    #[inline]
    pub fn policy_name(self) -> &'a str {
        bare(self.0, "policyName")
    }
    #[inline]
    pub fn param_ref(self) -> Option<ParamRef<'a>> {
        optional(self.0, "paramRef")
    }
    #[inline]
    pub fn match_resources(self) -> Option<MatchResources<'a>> {
        optional(self.0, "matchResources")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RuleWithOperations<'a>(pub &'a Map);

impl<'a> Item<'a> for RuleWithOperations<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RuleWithOperations(map_of(value))
    }
}

impl<'a> RuleWithOperations<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RuleWithOperations(map_of(value))
    }
    #[inline]
    pub fn operations(self) -> ViewList<'a, &'a str> {
        bare(self.0, "operations")
    }
    #[inline]
    pub fn rule(self) -> Rule<'a> {
        Rule(self.0)
    }
    #[inline]
    pub fn api_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiGroups")
    }
    #[inline]
    pub fn api_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "apiVersions")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn scope(self) -> Option<&'a str> {
        optional(self.0, "scope")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WebhookClientConfig<'a>(pub &'a Map);

impl<'a> Item<'a> for WebhookClientConfig<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WebhookClientConfig(map_of(value))
    }
}

impl<'a> WebhookClientConfig<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WebhookClientConfig(map_of(value))
    }
    #[inline]
    pub fn url(self) -> Option<&'a str> {
        optional(self.0, "url")
    }
    #[inline]
    pub fn service(self) -> Option<ServiceReference<'a>> {
        optional(self.0, "service")
    }
    #[inline]
    pub fn ca_bundle(self) -> Option<&'a str> {
        optional(self.0, "caBundle")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceReference(map_of(value))
    }
}

impl<'a> ServiceReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceReference(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn path(self) -> Option<&'a str> {
        optional(self.0, "path")
    }
    #[inline]
    pub fn port(self) -> Option<i64> {
        optional(self.0, "port")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MatchCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for MatchCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MatchCondition(map_of(value))
    }
}

impl<'a> MatchCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MatchCondition(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}
