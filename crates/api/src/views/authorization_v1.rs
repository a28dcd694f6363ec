//! `k8s.io/api/authorization/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct SubjectAccessReview<'a>(pub &'a Map);

impl<'a> Item<'a> for SubjectAccessReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SubjectAccessReview(map_of(value))
    }
}

impl<'a> SubjectAccessReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SubjectAccessReview(map_of(value))
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
    pub fn spec(self) -> SubjectAccessReviewSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> SubjectAccessReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectAccessReview<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectAccessReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectAccessReview(map_of(value))
    }
}

impl<'a> SelfSubjectAccessReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectAccessReview(map_of(value))
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
    pub fn spec(self) -> SelfSubjectAccessReviewSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> SubjectAccessReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LocalSubjectAccessReview<'a>(pub &'a Map);

impl<'a> Item<'a> for LocalSubjectAccessReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LocalSubjectAccessReview(map_of(value))
    }
}

impl<'a> LocalSubjectAccessReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LocalSubjectAccessReview(map_of(value))
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
    pub fn spec(self) -> SubjectAccessReviewSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> SubjectAccessReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceAttributes<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceAttributes<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceAttributes(map_of(value))
    }
}

impl<'a> ResourceAttributes<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceAttributes(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn verb(self) -> &'a str {
        bare(self.0, "verb")
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
    #[inline]
    pub fn subresource(self) -> &'a str {
        bare(self.0, "subresource")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn field_selector(self) -> Option<FieldSelectorAttributes<'a>> {
        optional(self.0, "fieldSelector")
    }
    #[inline]
    pub fn label_selector(self) -> Option<LabelSelectorAttributes<'a>> {
        optional(self.0, "labelSelector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LabelSelectorAttributes<'a>(pub &'a Map);

impl<'a> Item<'a> for LabelSelectorAttributes<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LabelSelectorAttributes(map_of(value))
    }
}

impl<'a> LabelSelectorAttributes<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LabelSelectorAttributes(map_of(value))
    }
    #[inline]
    pub fn raw_selector(self) -> &'a str {
        bare(self.0, "rawSelector")
    }
    #[inline]
    pub fn requirements(self) -> ViewList<'a, views::meta_v1::LabelSelectorRequirement<'a>> {
        bare(self.0, "requirements")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FieldSelectorAttributes<'a>(pub &'a Map);

impl<'a> Item<'a> for FieldSelectorAttributes<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FieldSelectorAttributes(map_of(value))
    }
}

impl<'a> FieldSelectorAttributes<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FieldSelectorAttributes(map_of(value))
    }
    #[inline]
    pub fn raw_selector(self) -> &'a str {
        bare(self.0, "rawSelector")
    }
    #[inline]
    pub fn requirements(self) -> ViewList<'a, views::meta_v1::FieldSelectorRequirement<'a>> {
        bare(self.0, "requirements")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NonResourceAttributes<'a>(pub &'a Map);

impl<'a> Item<'a> for NonResourceAttributes<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NonResourceAttributes(map_of(value))
    }
}

impl<'a> NonResourceAttributes<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NonResourceAttributes(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn verb(self) -> &'a str {
        bare(self.0, "verb")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SubjectAccessReviewSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for SubjectAccessReviewSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SubjectAccessReviewSpec(map_of(value))
    }
}

impl<'a> SubjectAccessReviewSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SubjectAccessReviewSpec(map_of(value))
    }
    #[inline]
    pub fn resource_attributes(self) -> Option<ResourceAttributes<'a>> {
        optional(self.0, "resourceAttributes")
    }
    #[inline]
    pub fn non_resource_attributes(self) -> Option<NonResourceAttributes<'a>> {
        optional(self.0, "nonResourceAttributes")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "groups")
    }
    #[inline]
    pub fn extra(self) -> ViewMap<'a, ViewList<'a, &'a str>> {
        bare(self.0, "extra")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectAccessReviewSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectAccessReviewSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectAccessReviewSpec(map_of(value))
    }
}

impl<'a> SelfSubjectAccessReviewSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectAccessReviewSpec(map_of(value))
    }
    #[inline]
    pub fn resource_attributes(self) -> Option<ResourceAttributes<'a>> {
        optional(self.0, "resourceAttributes")
    }
    #[inline]
    pub fn non_resource_attributes(self) -> Option<NonResourceAttributes<'a>> {
        optional(self.0, "nonResourceAttributes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SubjectAccessReviewStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for SubjectAccessReviewStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SubjectAccessReviewStatus(map_of(value))
    }
}

impl<'a> SubjectAccessReviewStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SubjectAccessReviewStatus(map_of(value))
    }
    #[inline]
    pub fn allowed(self) -> bool {
        bare(self.0, "allowed")
    }
    #[inline]
    pub fn denied(self) -> bool {
        bare(self.0, "denied")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn evaluation_error(self) -> &'a str {
        bare(self.0, "evaluationError")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectRulesReview<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectRulesReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectRulesReview(map_of(value))
    }
}

impl<'a> SelfSubjectRulesReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectRulesReview(map_of(value))
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
    pub fn spec(self) -> SelfSubjectRulesReviewSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> SubjectRulesReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectRulesReviewSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectRulesReviewSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectRulesReviewSpec(map_of(value))
    }
}

impl<'a> SelfSubjectRulesReviewSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectRulesReviewSpec(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SubjectRulesReviewStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for SubjectRulesReviewStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SubjectRulesReviewStatus(map_of(value))
    }
}

impl<'a> SubjectRulesReviewStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SubjectRulesReviewStatus(map_of(value))
    }
    #[inline]
    pub fn resource_rules(self) -> ViewList<'a, ResourceRule<'a>> {
        bare(self.0, "resourceRules")
    }
    #[inline]
    pub fn non_resource_rules(self) -> ViewList<'a, NonResourceRule<'a>> {
        bare(self.0, "nonResourceRules")
    }
    #[inline]
    pub fn incomplete(self) -> bool {
        bare(self.0, "incomplete")
    }
    #[inline]
    pub fn evaluation_error(self) -> &'a str {
        bare(self.0, "evaluationError")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceRule<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceRule(map_of(value))
    }
}

impl<'a> ResourceRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceRule(map_of(value))
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
    pub fn resource_names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "resourceNames")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NonResourceRule<'a>(pub &'a Map);

impl<'a> Item<'a> for NonResourceRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NonResourceRule(map_of(value))
    }
}

impl<'a> NonResourceRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NonResourceRule(map_of(value))
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
