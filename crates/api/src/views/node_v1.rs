//! `k8s.io/api/node/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct RuntimeClass<'a>(pub &'a Map);

impl<'a> Item<'a> for RuntimeClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RuntimeClass(map_of(value))
    }
}

impl<'a> RuntimeClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RuntimeClass(map_of(value))
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
    pub fn handler(self) -> &'a str {
        bare(self.0, "handler")
    }
    #[inline]
    pub fn overhead(self) -> Option<Overhead<'a>> {
        optional(self.0, "overhead")
    }
    #[inline]
    pub fn scheduling(self) -> Option<Scheduling<'a>> {
        optional(self.0, "scheduling")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Overhead<'a>(pub &'a Map);

impl<'a> Item<'a> for Overhead<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Overhead(map_of(value))
    }
}

impl<'a> Overhead<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Overhead(map_of(value))
    }
    #[inline]
    pub fn pod_fixed(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "podFixed")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Scheduling<'a>(pub &'a Map);

impl<'a> Item<'a> for Scheduling<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Scheduling(map_of(value))
    }
}

impl<'a> Scheduling<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Scheduling(map_of(value))
    }
    #[inline]
    pub fn node_selector(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "nodeSelector")
    }
    #[inline]
    pub fn tolerations(self) -> ViewList<'a, views::core_v1::Toleration<'a>> {
        bare(self.0, "tolerations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RuntimeClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for RuntimeClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RuntimeClassList(map_of(value))
    }
}

impl<'a> RuntimeClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RuntimeClassList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, RuntimeClass<'a>> {
        bare(self.0, "items")
    }
}
