//! `k8s.io/kube-aggregator/pkg/apis/apiregistration/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct APIServiceList<'a>(pub &'a Map);

impl<'a> Item<'a> for APIServiceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIServiceList(map_of(value))
    }
}

impl<'a> APIServiceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIServiceList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, APIService<'a>> {
        bare(self.0, "items")
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
    pub fn port(self) -> Option<i64> {
        optional(self.0, "port")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIServiceSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for APIServiceSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIServiceSpec(map_of(value))
    }
}

impl<'a> APIServiceSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIServiceSpec(map_of(value))
    }
    #[inline]
    pub fn service(self) -> Option<ServiceReference<'a>> {
        optional(self.0, "service")
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
    pub fn insecure_skip_tls_verify(self) -> bool {
        bare(self.0, "insecureSkipTLSVerify")
    }
    #[inline]
    pub fn ca_bundle(self) -> Option<&'a str> {
        optional(self.0, "caBundle")
    }
    #[inline]
    pub fn group_priority_minimum(self) -> i64 {
        bare(self.0, "groupPriorityMinimum")
    }
    #[inline]
    pub fn version_priority(self) -> i64 {
        bare(self.0, "versionPriority")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIServiceCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for APIServiceCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIServiceCondition(map_of(value))
    }
}

impl<'a> APIServiceCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIServiceCondition(map_of(value))
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
pub struct APIServiceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for APIServiceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIServiceStatus(map_of(value))
    }
}

impl<'a> APIServiceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIServiceStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, APIServiceCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIService<'a>(pub &'a Map);

impl<'a> Item<'a> for APIService<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIService(map_of(value))
    }
}

impl<'a> APIService<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIService(map_of(value))
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
    pub fn spec(self) -> APIServiceSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> APIServiceStatus<'a> {
        bare(self.0, "status")
    }
}
