//! `k8s.io/api/scheduling/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct PriorityClass<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityClass(map_of(value))
    }
}

impl<'a> PriorityClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityClass(map_of(value))
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
    pub fn value(self) -> i64 {
        bare(self.0, "value")
    }
    #[inline]
    pub fn global_default(self) -> bool {
        bare(self.0, "globalDefault")
    }
    #[inline]
    pub fn description(self) -> &'a str {
        bare(self.0, "description")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PriorityClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for PriorityClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PriorityClassList(map_of(value))
    }
}

impl<'a> PriorityClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PriorityClassList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, PriorityClass<'a>> {
        bare(self.0, "items")
    }
}
