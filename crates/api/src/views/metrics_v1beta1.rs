//! `k8s.io/metrics/pkg/apis/metrics/v1beta1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct NodeMetrics<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeMetrics<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeMetrics(map_of(value))
    }
}

impl<'a> NodeMetrics<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeMetrics(map_of(value))
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
    pub fn timestamp(self) -> Option<&'a str> {
        optional(self.0, "timestamp")
    }
    #[inline]
    pub fn window(self) -> &'a str {
        bare(self.0, "window")
    }
    #[inline]
    pub fn usage(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "usage")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeMetricsList<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeMetricsList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeMetricsList(map_of(value))
    }
}

impl<'a> NodeMetricsList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeMetricsList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, NodeMetrics<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodMetrics<'a>(pub &'a Map);

impl<'a> Item<'a> for PodMetrics<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodMetrics(map_of(value))
    }
}

impl<'a> PodMetrics<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodMetrics(map_of(value))
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
    pub fn timestamp(self) -> Option<&'a str> {
        optional(self.0, "timestamp")
    }
    #[inline]
    pub fn window(self) -> &'a str {
        bare(self.0, "window")
    }
    #[inline]
    pub fn containers(self) -> ViewList<'a, ContainerMetrics<'a>> {
        bare(self.0, "containers")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodMetricsList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodMetricsList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodMetricsList(map_of(value))
    }
}

impl<'a> PodMetricsList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodMetricsList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, PodMetrics<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerMetrics<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerMetrics<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerMetrics(map_of(value))
    }
}

impl<'a> ContainerMetrics<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerMetrics(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn usage(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "usage")
    }
}
