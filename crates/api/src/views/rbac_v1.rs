//! `k8s.io/api/rbac/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct PolicyRule<'a>(pub &'a Map);

impl<'a> Item<'a> for PolicyRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PolicyRule(map_of(value))
    }
}

impl<'a> PolicyRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PolicyRule(map_of(value))
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
    #[inline]
    pub fn non_resource_urls(self) -> ViewList<'a, &'a str> {
        bare(self.0, "nonResourceURLs")
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
    pub fn api_group(self) -> &'a str {
        bare(self.0, "apiGroup")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RoleRef<'a>(pub &'a Map);

impl<'a> Item<'a> for RoleRef<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RoleRef(map_of(value))
    }
}

impl<'a> RoleRef<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RoleRef(map_of(value))
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
pub struct Role<'a>(pub &'a Map);

impl<'a> Item<'a> for Role<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Role(map_of(value))
    }
}

impl<'a> Role<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Role(map_of(value))
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
    pub fn rules(self) -> ViewList<'a, PolicyRule<'a>> {
        bare(self.0, "rules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RoleBinding<'a>(pub &'a Map);

impl<'a> Item<'a> for RoleBinding<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RoleBinding(map_of(value))
    }
}

impl<'a> RoleBinding<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RoleBinding(map_of(value))
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
    pub fn subjects(self) -> ViewList<'a, Subject<'a>> {
        bare(self.0, "subjects")
    }
    #[inline]
    pub fn role_ref(self) -> RoleRef<'a> {
        bare(self.0, "roleRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RoleBindingList<'a>(pub &'a Map);

impl<'a> Item<'a> for RoleBindingList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RoleBindingList(map_of(value))
    }
}

impl<'a> RoleBindingList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RoleBindingList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, RoleBinding<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RoleList<'a>(pub &'a Map);

impl<'a> Item<'a> for RoleList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RoleList(map_of(value))
    }
}

impl<'a> RoleList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RoleList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Role<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterRole<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterRole<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterRole(map_of(value))
    }
}

impl<'a> ClusterRole<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterRole(map_of(value))
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
    pub fn rules(self) -> ViewList<'a, PolicyRule<'a>> {
        bare(self.0, "rules")
    }
    #[inline]
    pub fn aggregation_rule(self) -> Option<AggregationRule<'a>> {
        optional(self.0, "aggregationRule")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AggregationRule<'a>(pub &'a Map);

impl<'a> Item<'a> for AggregationRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AggregationRule(map_of(value))
    }
}

impl<'a> AggregationRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AggregationRule(map_of(value))
    }
    #[inline]
    pub fn cluster_role_selectors(self) -> ViewList<'a, views::meta_v1::LabelSelector<'a>> {
        bare(self.0, "clusterRoleSelectors")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterRoleBinding<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterRoleBinding<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterRoleBinding(map_of(value))
    }
}

impl<'a> ClusterRoleBinding<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterRoleBinding(map_of(value))
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
    pub fn subjects(self) -> ViewList<'a, Subject<'a>> {
        bare(self.0, "subjects")
    }
    #[inline]
    pub fn role_ref(self) -> RoleRef<'a> {
        bare(self.0, "roleRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterRoleBindingList<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterRoleBindingList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterRoleBindingList(map_of(value))
    }
}

impl<'a> ClusterRoleBindingList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterRoleBindingList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ClusterRoleBinding<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterRoleList<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterRoleList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterRoleList(map_of(value))
    }
}

impl<'a> ClusterRoleList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterRoleList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ClusterRole<'a>> {
        bare(self.0, "items")
    }
}
