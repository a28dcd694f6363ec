//! `k8s.io/api/coordination/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Lease<'a>(pub &'a Map);

impl<'a> Item<'a> for Lease<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Lease(map_of(value))
    }
}

impl<'a> Lease<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Lease(map_of(value))
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
    pub fn spec(self) -> LeaseSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LeaseSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for LeaseSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LeaseSpec(map_of(value))
    }
}

impl<'a> LeaseSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LeaseSpec(map_of(value))
    }
    #[inline]
    pub fn holder_identity(self) -> Option<&'a str> {
        optional(self.0, "holderIdentity")
    }
    #[inline]
    pub fn lease_duration_seconds(self) -> Option<i64> {
        optional(self.0, "leaseDurationSeconds")
    }
    #[inline]
    pub fn acquire_time(self) -> Option<&'a str> {
        optional(self.0, "acquireTime")
    }
    #[inline]
    pub fn renew_time(self) -> Option<&'a str> {
        optional(self.0, "renewTime")
    }
    #[inline]
    pub fn lease_transitions(self) -> Option<i64> {
        optional(self.0, "leaseTransitions")
    }
    #[inline]
    pub fn strategy(self) -> Option<&'a str> {
        optional(self.0, "strategy")
    }
    #[inline]
    pub fn preferred_holder(self) -> Option<&'a str> {
        optional(self.0, "preferredHolder")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LeaseList<'a>(pub &'a Map);

impl<'a> Item<'a> for LeaseList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LeaseList(map_of(value))
    }
}

impl<'a> LeaseList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LeaseList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Lease<'a>> {
        bare(self.0, "items")
    }
}
