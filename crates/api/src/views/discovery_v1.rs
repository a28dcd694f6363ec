//! `k8s.io/api/discovery/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct EndpointSlice<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointSlice<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointSlice(map_of(value))
    }
}

impl<'a> EndpointSlice<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointSlice(map_of(value))
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
    pub fn address_type(self) -> &'a str {
        bare(self.0, "addressType")
    }
    #[inline]
    pub fn endpoints(self) -> ViewList<'a, Endpoint<'a>> {
        bare(self.0, "endpoints")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, EndpointPort<'a>> {
        bare(self.0, "ports")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a>(pub &'a Map);

impl<'a> Item<'a> for Endpoint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Endpoint(map_of(value))
    }
}

impl<'a> Endpoint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Endpoint(map_of(value))
    }
    #[inline]
    pub fn addresses(self) -> ViewList<'a, &'a str> {
        bare(self.0, "addresses")
    }
    #[inline]
    pub fn conditions(self) -> EndpointConditions<'a> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn hostname(self) -> Option<&'a str> {
        optional(self.0, "hostname")
    }
    #[inline]
    pub fn target_ref(self) -> Option<views::core_v1::ObjectReference<'a>> {
        optional(self.0, "targetRef")
    }
    #[inline]
    pub fn deprecated_topology(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "deprecatedTopology")
    }
    #[inline]
    pub fn node_name(self) -> Option<&'a str> {
        optional(self.0, "nodeName")
    }
    #[inline]
    pub fn zone(self) -> Option<&'a str> {
        optional(self.0, "zone")
    }
    #[inline]
    pub fn hints(self) -> Option<EndpointHints<'a>> {
        optional(self.0, "hints")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointConditions<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointConditions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointConditions(map_of(value))
    }
}

impl<'a> EndpointConditions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointConditions(map_of(value))
    }
    #[inline]
    pub fn ready(self) -> Option<bool> {
        optional(self.0, "ready")
    }
    #[inline]
    pub fn serving(self) -> Option<bool> {
        optional(self.0, "serving")
    }
    #[inline]
    pub fn terminating(self) -> Option<bool> {
        optional(self.0, "terminating")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointHints<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointHints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointHints(map_of(value))
    }
}

impl<'a> EndpointHints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointHints(map_of(value))
    }
    #[inline]
    pub fn for_zones(self) -> ViewList<'a, ForZone<'a>> {
        bare(self.0, "forZones")
    }
    #[inline]
    pub fn for_nodes(self) -> ViewList<'a, ForNode<'a>> {
        bare(self.0, "forNodes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ForZone<'a>(pub &'a Map);

impl<'a> Item<'a> for ForZone<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ForZone(map_of(value))
    }
}

impl<'a> ForZone<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ForZone(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ForNode<'a>(pub &'a Map);

impl<'a> Item<'a> for ForNode<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ForNode(map_of(value))
    }
}

impl<'a> ForNode<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ForNode(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointPort<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointPort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointPort(map_of(value))
    }
}

impl<'a> EndpointPort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointPort(map_of(value))
    }
    #[inline]
    pub fn name(self) -> Option<&'a str> {
        optional(self.0, "name")
    }
    #[inline]
    pub fn protocol(self) -> Option<&'a str> {
        optional(self.0, "protocol")
    }
    #[inline]
    pub fn port(self) -> Option<i64> {
        optional(self.0, "port")
    }
    #[inline]
    pub fn app_protocol(self) -> Option<&'a str> {
        optional(self.0, "appProtocol")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointSliceList<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointSliceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointSliceList(map_of(value))
    }
}

impl<'a> EndpointSliceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointSliceList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, EndpointSlice<'a>> {
        bare(self.0, "items")
    }
}
