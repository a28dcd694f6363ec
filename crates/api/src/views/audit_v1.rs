//! `k8s.io/apiserver/pkg/apis/audit/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(pub &'a Map);

impl<'a> Item<'a> for Event<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Event(map_of(value))
    }
}

impl<'a> Event<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Event(map_of(value))
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
    pub fn level(self) -> &'a str {
        bare(self.0, "level")
    }
    #[inline]
    pub fn audit_id(self) -> &'a str {
        bare(self.0, "auditID")
    }
    #[inline]
    pub fn stage(self) -> &'a str {
        bare(self.0, "stage")
    }
    #[inline]
    pub fn request_uri(self) -> &'a str {
        bare(self.0, "requestURI")
    }
    #[inline]
    pub fn verb(self) -> &'a str {
        bare(self.0, "verb")
    }
    #[inline]
    pub fn user(self) -> views::authentication_v1::UserInfo<'a> {
        bare(self.0, "user")
    }
    #[inline]
    pub fn impersonated_user(self) -> Option<views::authentication_v1::UserInfo<'a>> {
        optional(self.0, "impersonatedUser")
    }
    #[inline]
    pub fn authentication_metadata(self) -> Option<AuthenticationMetadata<'a>> {
        optional(self.0, "authenticationMetadata")
    }
    #[inline]
    pub fn source_ips(self) -> ViewList<'a, &'a str> {
        bare(self.0, "sourceIPs")
    }
    #[inline]
    pub fn user_agent(self) -> &'a str {
        bare(self.0, "userAgent")
    }
    #[inline]
    pub fn object_ref(self) -> Option<ObjectReference<'a>> {
        optional(self.0, "objectRef")
    }
    #[inline]
    pub fn response_status(self) -> Option<views::meta_v1::Status<'a>> {
        optional(self.0, "responseStatus")
    }
    #[inline]
    pub fn request_object(self) -> Option<&'a Value> {
        optional(self.0, "requestObject")
    }
    #[inline]
    pub fn response_object(self) -> Option<&'a Value> {
        optional(self.0, "responseObject")
    }
    #[inline]
    pub fn request_received_timestamp(self) -> Option<&'a str> {
        optional(self.0, "requestReceivedTimestamp")
    }
    #[inline]
    pub fn stage_timestamp(self) -> Option<&'a str> {
        optional(self.0, "stageTimestamp")
    }
    #[inline]
    pub fn annotations(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "annotations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AuthenticationMetadata<'a>(pub &'a Map);

impl<'a> Item<'a> for AuthenticationMetadata<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AuthenticationMetadata(map_of(value))
    }
}

impl<'a> AuthenticationMetadata<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AuthenticationMetadata(map_of(value))
    }
    #[inline]
    pub fn impersonation_constraint(self) -> &'a str {
        bare(self.0, "impersonationConstraint")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventList<'a>(pub &'a Map);

impl<'a> Item<'a> for EventList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventList(map_of(value))
    }
}

impl<'a> EventList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Event<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Policy<'a>(pub &'a Map);

impl<'a> Item<'a> for Policy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Policy(map_of(value))
    }
}

impl<'a> Policy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Policy(map_of(value))
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
    pub fn omit_stages(self) -> ViewList<'a, &'a str> {
        bare(self.0, "omitStages")
    }
    #[inline]
    pub fn omit_managed_fields(self) -> bool {
        bare(self.0, "omitManagedFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PolicyList<'a>(pub &'a Map);

impl<'a> Item<'a> for PolicyList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PolicyList(map_of(value))
    }
}

impl<'a> PolicyList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PolicyList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Policy<'a>> {
        bare(self.0, "items")
    }
}

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
    pub fn level(self) -> &'a str {
        bare(self.0, "level")
    }
    #[inline]
    pub fn users(self) -> ViewList<'a, &'a str> {
        bare(self.0, "users")
    }
    #[inline]
    pub fn user_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "userGroups")
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, GroupResources<'a>> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn namespaces(self) -> ViewList<'a, &'a str> {
        bare(self.0, "namespaces")
    }
    #[inline]
    pub fn non_resource_urls(self) -> ViewList<'a, &'a str> {
        bare(self.0, "nonResourceURLs")
    }
    #[inline]
    pub fn omit_stages(self) -> ViewList<'a, &'a str> {
        bare(self.0, "omitStages")
    }
    #[inline]
    pub fn omit_managed_fields(self) -> Option<bool> {
        optional(self.0, "omitManagedFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GroupResources<'a>(pub &'a Map);

impl<'a> Item<'a> for GroupResources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GroupResources(map_of(value))
    }
}

impl<'a> GroupResources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GroupResources(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
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
pub struct ObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectReference(map_of(value))
    }
}

impl<'a> ObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectReference(map_of(value))
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
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
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn api_group(self) -> &'a str {
        bare(self.0, "apiGroup")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn subresource(self) -> &'a str {
        bare(self.0, "subresource")
    }
}
