//! `k8s.io/api/apidiscovery/v2`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct APIGroupDiscoveryList<'a>(pub &'a Map);

impl<'a> Item<'a> for APIGroupDiscoveryList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIGroupDiscoveryList(map_of(value))
    }
}

impl<'a> APIGroupDiscoveryList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIGroupDiscoveryList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, APIGroupDiscovery<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIGroupDiscovery<'a>(pub &'a Map);

impl<'a> Item<'a> for APIGroupDiscovery<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIGroupDiscovery(map_of(value))
    }
}

impl<'a> APIGroupDiscovery<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIGroupDiscovery(map_of(value))
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
    pub fn versions(self) -> ViewList<'a, APIVersionDiscovery<'a>> {
        bare(self.0, "versions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIVersionDiscovery<'a>(pub &'a Map);

impl<'a> Item<'a> for APIVersionDiscovery<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIVersionDiscovery(map_of(value))
    }
}

impl<'a> APIVersionDiscovery<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIVersionDiscovery(map_of(value))
    }
    #[inline]
    pub fn version(self) -> &'a str {
        bare(self.0, "version")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, APIResourceDiscovery<'a>> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn freshness(self) -> &'a str {
        bare(self.0, "freshness")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APIResourceDiscovery<'a>(pub &'a Map);

impl<'a> Item<'a> for APIResourceDiscovery<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APIResourceDiscovery(map_of(value))
    }
}

impl<'a> APIResourceDiscovery<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APIResourceDiscovery(map_of(value))
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
    #[inline]
    pub fn response_kind(self) -> Option<views::meta_v1::GroupVersionKind<'a>> {
        optional(self.0, "responseKind")
    }
    #[inline]
    pub fn scope(self) -> &'a str {
        bare(self.0, "scope")
    }
    #[inline]
    pub fn singular_resource(self) -> &'a str {
        bare(self.0, "singularResource")
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
    #[inline]
    pub fn short_names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "shortNames")
    }
    #[inline]
    pub fn categories(self) -> ViewList<'a, &'a str> {
        bare(self.0, "categories")
    }
    #[inline]
    pub fn subresources(self) -> ViewList<'a, APISubresourceDiscovery<'a>> {
        bare(self.0, "subresources")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct APISubresourceDiscovery<'a>(pub &'a Map);

impl<'a> Item<'a> for APISubresourceDiscovery<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        APISubresourceDiscovery(map_of(value))
    }
}

impl<'a> APISubresourceDiscovery<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        APISubresourceDiscovery(map_of(value))
    }
    #[inline]
    pub fn subresource(self) -> &'a str {
        bare(self.0, "subresource")
    }
    #[inline]
    pub fn response_kind(self) -> Option<views::meta_v1::GroupVersionKind<'a>> {
        optional(self.0, "responseKind")
    }
    #[inline]
    pub fn accepted_types(self) -> ViewList<'a, views::meta_v1::GroupVersionKind<'a>> {
        bare(self.0, "acceptedTypes")
    }
    #[inline]
    pub fn verbs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "verbs")
    }
}
