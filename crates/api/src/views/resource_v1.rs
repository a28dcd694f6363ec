//! `k8s.io/api/resource/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct ResourceSlice<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceSlice<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceSlice(map_of(value))
    }
}

impl<'a> ResourceSlice<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceSlice(map_of(value))
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
    pub fn spec(self) -> ResourceSliceSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceSliceSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceSliceSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceSliceSpec(map_of(value))
    }
}

impl<'a> ResourceSliceSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceSliceSpec(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn pool(self) -> ResourcePool<'a> {
        bare(self.0, "pool")
    }
    #[inline]
    pub fn node_name(self) -> Option<&'a str> {
        optional(self.0, "nodeName")
    }
    #[inline]
    pub fn node_selector(self) -> Option<views::core_v1::NodeSelector<'a>> {
        optional(self.0, "nodeSelector")
    }
    #[inline]
    pub fn all_nodes(self) -> Option<bool> {
        optional(self.0, "allNodes")
    }
    #[inline]
    pub fn devices(self) -> ViewList<'a, Device<'a>> {
        bare(self.0, "devices")
    }
    #[inline]
    pub fn per_device_node_selection(self) -> Option<bool> {
        optional(self.0, "perDeviceNodeSelection")
    }
    #[inline]
    pub fn shared_counters(self) -> ViewList<'a, CounterSet<'a>> {
        bare(self.0, "sharedCounters")
    }
    #[inline]
    pub fn partition_type_attribute(self) -> Option<&'a str> {
        optional(self.0, "partitionTypeAttribute")
    }
    #[inline]
    pub fn skip_node_operations(self) -> ViewList<'a, &'a str> {
        bare(self.0, "skipNodeOperations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CounterSet<'a>(pub &'a Map);

impl<'a> Item<'a> for CounterSet<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CounterSet(map_of(value))
    }
}

impl<'a> CounterSet<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CounterSet(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn counters(self) -> ViewMap<'a, Counter<'a>> {
        bare(self.0, "counters")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourcePool<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourcePool<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourcePool(map_of(value))
    }
}

impl<'a> ResourcePool<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourcePool(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn generation(self) -> i64 {
        bare(self.0, "generation")
    }
    #[inline]
    pub fn resource_slice_count(self) -> i64 {
        bare(self.0, "resourceSliceCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Device<'a>(pub &'a Map);

impl<'a> Item<'a> for Device<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Device(map_of(value))
    }
}

impl<'a> Device<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Device(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn attributes(self) -> ViewMap<'a, DeviceAttribute<'a>> {
        bare(self.0, "attributes")
    }
    #[inline]
    pub fn capacity(self) -> ViewMap<'a, DeviceCapacity<'a>> {
        bare(self.0, "capacity")
    }
    #[inline]
    pub fn consumes_counters(self) -> ViewList<'a, DeviceCounterConsumption<'a>> {
        bare(self.0, "consumesCounters")
    }
    #[inline]
    pub fn node_name(self) -> Option<&'a str> {
        optional(self.0, "nodeName")
    }
    #[inline]
    pub fn node_selector(self) -> Option<views::core_v1::NodeSelector<'a>> {
        optional(self.0, "nodeSelector")
    }
    #[inline]
    pub fn all_nodes(self) -> Option<bool> {
        optional(self.0, "allNodes")
    }
    #[inline]
    pub fn taints(self) -> ViewList<'a, DeviceTaint<'a>> {
        bare(self.0, "taints")
    }
    #[inline]
    pub fn binds_to_node(self) -> Option<bool> {
        optional(self.0, "bindsToNode")
    }
    #[inline]
    pub fn binding_conditions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "bindingConditions")
    }
    #[inline]
    pub fn binding_failure_conditions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "bindingFailureConditions")
    }
    #[inline]
    pub fn allow_multiple_allocations(self) -> Option<bool> {
        optional(self.0, "allowMultipleAllocations")
    }
    #[inline]
    pub fn node_allocatable_resources(self) -> ViewMap<'a, NodeAllocatableResource<'a>> {
        bare(self.0, "nodeAllocatableResources")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableResource<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableResource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableResource(map_of(value))
    }
}

impl<'a> NodeAllocatableResource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableResource(map_of(value))
    }
    #[inline]
    pub fn mapping(self) -> Option<NodeAllocatableMapping<'a>> {
        optional(self.0, "mapping")
    }
    #[inline]
    pub fn overhead(self) -> Option<NodeAllocatableOverhead<'a>> {
        optional(self.0, "overhead")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableMapping<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableMapping<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableMapping(map_of(value))
    }
}

impl<'a> NodeAllocatableMapping<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableMapping(map_of(value))
    }
    #[inline]
    pub fn capacity_key(self) -> Option<&'a str> {
        optional(self.0, "capacityKey")
    }
    #[inline]
    pub fn capacity_multiplier(self) -> Option<&'a str> {
        optional(self.0, "capacityMultiplier")
    }
    #[inline]
    pub fn device_multiplier(self) -> Option<&'a str> {
        optional(self.0, "deviceMultiplier")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableOverhead<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableOverhead<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableOverhead(map_of(value))
    }
}

impl<'a> NodeAllocatableOverhead<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableOverhead(map_of(value))
    }
    #[inline]
    pub fn per_pod(self) -> Option<&'a str> {
        optional(self.0, "perPod")
    }
    #[inline]
    pub fn per_container(self) -> Option<&'a str> {
        optional(self.0, "perContainer")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceCounterConsumption<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceCounterConsumption<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceCounterConsumption(map_of(value))
    }
}

impl<'a> DeviceCounterConsumption<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceCounterConsumption(map_of(value))
    }
    #[inline]
    pub fn counter_set(self) -> &'a str {
        bare(self.0, "counterSet")
    }
    #[inline]
    pub fn counters(self) -> ViewMap<'a, Counter<'a>> {
        bare(self.0, "counters")
    }
    #[inline]
    pub fn compatibility_groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "compatibilityGroups")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceCapacity<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceCapacity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceCapacity(map_of(value))
    }
}

impl<'a> DeviceCapacity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceCapacity(map_of(value))
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn request_policy(self) -> Option<CapacityRequestPolicy<'a>> {
        optional(self.0, "requestPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Counter<'a>(pub &'a Map);

impl<'a> Item<'a> for Counter<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Counter(map_of(value))
    }
}

impl<'a> Counter<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Counter(map_of(value))
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CapacityRequestPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for CapacityRequestPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CapacityRequestPolicy(map_of(value))
    }
}

impl<'a> CapacityRequestPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CapacityRequestPolicy(map_of(value))
    }
    #[inline]
    pub fn default(self) -> Option<&'a str> {
        optional(self.0, "default")
    }
    #[inline]
    pub fn valid_values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "validValues")
    }
    #[inline]
    pub fn valid_range(self) -> Option<CapacityRequestPolicyRange<'a>> {
        optional(self.0, "validRange")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CapacityRequestPolicyRange<'a>(pub &'a Map);

impl<'a> Item<'a> for CapacityRequestPolicyRange<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CapacityRequestPolicyRange(map_of(value))
    }
}

impl<'a> CapacityRequestPolicyRange<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CapacityRequestPolicyRange(map_of(value))
    }
    #[inline]
    pub fn min(self) -> Option<&'a str> {
        optional(self.0, "min")
    }
    #[inline]
    pub fn max(self) -> Option<&'a str> {
        optional(self.0, "max")
    }
    #[inline]
    pub fn step(self) -> Option<&'a str> {
        optional(self.0, "step")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceAttribute<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceAttribute<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceAttribute(map_of(value))
    }
}

impl<'a> DeviceAttribute<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceAttribute(map_of(value))
    }
    #[inline]
    pub fn int(self) -> Option<i64> {
        optional(self.0, "int")
    }
    #[inline]
    pub fn bool(self) -> Option<bool> {
        optional(self.0, "bool")
    }
    #[inline]
    pub fn string(self) -> Option<&'a str> {
        optional(self.0, "string")
    }
    #[inline]
    pub fn version(self) -> Option<&'a str> {
        optional(self.0, "version")
    }
    #[inline]
    pub fn ints(self) -> ViewList<'a, i64> {
        bare(self.0, "ints")
    }
    #[inline]
    pub fn bools(self) -> ViewList<'a, bool> {
        bare(self.0, "bools")
    }
    #[inline]
    pub fn strings(self) -> ViewList<'a, &'a str> {
        bare(self.0, "strings")
    }
    #[inline]
    pub fn versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "versions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaint<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaint(map_of(value))
    }
}

impl<'a> DeviceTaint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaint(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn effect(self) -> &'a str {
        bare(self.0, "effect")
    }
    #[inline]
    pub fn time_added(self) -> Option<&'a str> {
        optional(self.0, "timeAdded")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaintRule<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaintRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaintRule(map_of(value))
    }
}

impl<'a> DeviceTaintRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaintRule(map_of(value))
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
    pub fn spec(self) -> DeviceTaintRuleSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> DeviceTaintRuleStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaintRuleSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaintRuleSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaintRuleSpec(map_of(value))
    }
}

impl<'a> DeviceTaintRuleSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaintRuleSpec(map_of(value))
    }
    #[inline]
    pub fn device_selector(self) -> Option<DeviceTaintSelector<'a>> {
        optional(self.0, "deviceSelector")
    }
    #[inline]
    pub fn taint(self) -> DeviceTaint<'a> {
        bare(self.0, "taint")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaintSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaintSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaintSelector(map_of(value))
    }
}

impl<'a> DeviceTaintSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaintSelector(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> Option<&'a str> {
        optional(self.0, "driver")
    }
    #[inline]
    pub fn pool(self) -> Option<&'a str> {
        optional(self.0, "pool")
    }
    #[inline]
    pub fn device(self) -> Option<&'a str> {
        optional(self.0, "device")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaintRuleStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaintRuleStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaintRuleStatus(map_of(value))
    }
}

impl<'a> DeviceTaintRuleStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaintRuleStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceTaintRuleList<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceTaintRuleList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceTaintRuleList(map_of(value))
    }
}

impl<'a> DeviceTaintRuleList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceTaintRuleList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, DeviceTaintRule<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceSliceList<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceSliceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceSliceList(map_of(value))
    }
}

impl<'a> ResourceSliceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceSliceList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ResourceSlice<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaim(map_of(value))
    }
}

impl<'a> ResourceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaim(map_of(value))
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
    pub fn spec(self) -> ResourceClaimSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ResourceClaimStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimSpec(map_of(value))
    }
}

impl<'a> ResourceClaimSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimSpec(map_of(value))
    }
    #[inline]
    pub fn devices(self) -> DeviceClaim<'a> {
        bare(self.0, "devices")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClaim(map_of(value))
    }
}

impl<'a> DeviceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClaim(map_of(value))
    }
    #[inline]
    pub fn requests(self) -> ViewList<'a, DeviceRequest<'a>> {
        bare(self.0, "requests")
    }
    #[inline]
    pub fn constraints(self) -> ViewList<'a, DeviceConstraint<'a>> {
        bare(self.0, "constraints")
    }
    #[inline]
    pub fn config(self) -> ViewList<'a, DeviceClaimConfiguration<'a>> {
        bare(self.0, "config")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceRequest(map_of(value))
    }
}

impl<'a> DeviceRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceRequest(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn exactly(self) -> Option<ExactDeviceRequest<'a>> {
        optional(self.0, "exactly")
    }
    #[inline]
    pub fn first_available(self) -> ViewList<'a, DeviceSubRequest<'a>> {
        bare(self.0, "firstAvailable")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExactDeviceRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for ExactDeviceRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExactDeviceRequest(map_of(value))
    }
}

impl<'a> ExactDeviceRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExactDeviceRequest(map_of(value))
    }
    #[inline]
    pub fn device_class_name(self) -> &'a str {
        bare(self.0, "deviceClassName")
    }
    #[inline]
    pub fn selectors(self) -> ViewList<'a, DeviceSelector<'a>> {
        bare(self.0, "selectors")
    }
    #[inline]
    pub fn allocation_mode(self) -> &'a str {
        bare(self.0, "allocationMode")
    }
    #[inline]
    pub fn count(self) -> i64 {
        bare(self.0, "count")
    }
    #[inline]
    pub fn admin_access(self) -> Option<bool> {
        optional(self.0, "adminAccess")
    }
    #[inline]
    pub fn tolerations(self) -> ViewList<'a, DeviceToleration<'a>> {
        bare(self.0, "tolerations")
    }
    #[inline]
    pub fn capacity(self) -> Option<CapacityRequirements<'a>> {
        optional(self.0, "capacity")
    }
    #[inline]
    pub fn derived_attributes(self) -> ViewList<'a, DeviceDerivedAttribute<'a>> {
        bare(self.0, "derivedAttributes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceSubRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceSubRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceSubRequest(map_of(value))
    }
}

impl<'a> DeviceSubRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceSubRequest(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn device_class_name(self) -> &'a str {
        bare(self.0, "deviceClassName")
    }
    #[inline]
    pub fn selectors(self) -> ViewList<'a, DeviceSelector<'a>> {
        bare(self.0, "selectors")
    }
    #[inline]
    pub fn allocation_mode(self) -> &'a str {
        bare(self.0, "allocationMode")
    }
    #[inline]
    pub fn count(self) -> i64 {
        bare(self.0, "count")
    }
    #[inline]
    pub fn tolerations(self) -> ViewList<'a, DeviceToleration<'a>> {
        bare(self.0, "tolerations")
    }
    #[inline]
    pub fn capacity(self) -> Option<CapacityRequirements<'a>> {
        optional(self.0, "capacity")
    }
    #[inline]
    pub fn derived_attributes(self) -> ViewList<'a, DeviceDerivedAttribute<'a>> {
        bare(self.0, "derivedAttributes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CapacityRequirements<'a>(pub &'a Map);

impl<'a> Item<'a> for CapacityRequirements<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CapacityRequirements(map_of(value))
    }
}

impl<'a> CapacityRequirements<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CapacityRequirements(map_of(value))
    }
    #[inline]
    pub fn requests(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "requests")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceSelector(map_of(value))
    }
}

impl<'a> DeviceSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceSelector(map_of(value))
    }
    #[inline]
    pub fn cel(self) -> Option<CELDeviceSelector<'a>> {
        optional(self.0, "cel")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CELDeviceSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for CELDeviceSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CELDeviceSelector(map_of(value))
    }
}

impl<'a> CELDeviceSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CELDeviceSelector(map_of(value))
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceDerivedAttribute<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceDerivedAttribute<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceDerivedAttribute(map_of(value))
    }
}

impl<'a> DeviceDerivedAttribute<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceDerivedAttribute(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn expression(self) -> &'a str {
        bare(self.0, "expression")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceConstraint<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceConstraint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceConstraint(map_of(value))
    }
}

impl<'a> DeviceConstraint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceConstraint(map_of(value))
    }
    #[inline]
    pub fn requests(self) -> ViewList<'a, &'a str> {
        bare(self.0, "requests")
    }
    #[inline]
    pub fn match_attribute(self) -> Option<&'a str> {
        optional(self.0, "matchAttribute")
    }
    #[inline]
    pub fn distinct_attribute(self) -> Option<&'a str> {
        optional(self.0, "distinctAttribute")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClaimConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClaimConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClaimConfiguration(map_of(value))
    }
}

impl<'a> DeviceClaimConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClaimConfiguration(map_of(value))
    }
    #[inline]
    pub fn requests(self) -> ViewList<'a, &'a str> {
        bare(self.0, "requests")
    }
    #[inline]
    pub fn device_configuration(self) -> DeviceConfiguration<'a> {
        DeviceConfiguration(self.0)
    }
    #[inline]
    pub fn opaque(self) -> Option<OpaqueDeviceConfiguration<'a>> {
        optional(self.0, "opaque")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceConfiguration(map_of(value))
    }
}

impl<'a> DeviceConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceConfiguration(map_of(value))
    }
    #[inline]
    pub fn opaque(self) -> Option<OpaqueDeviceConfiguration<'a>> {
        optional(self.0, "opaque")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct OpaqueDeviceConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for OpaqueDeviceConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        OpaqueDeviceConfiguration(map_of(value))
    }
}

impl<'a> OpaqueDeviceConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        OpaqueDeviceConfiguration(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn parameters(self) -> Option<&'a Value> {
        optional(self.0, "parameters")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceToleration<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceToleration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceToleration(map_of(value))
    }
}

impl<'a> DeviceToleration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceToleration(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn effect(self) -> &'a str {
        bare(self.0, "effect")
    }
    #[inline]
    pub fn toleration_seconds(self) -> Option<i64> {
        optional(self.0, "tolerationSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimStatus(map_of(value))
    }
}

impl<'a> ResourceClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimStatus(map_of(value))
    }
    #[inline]
    pub fn allocation(self) -> Option<AllocationResult<'a>> {
        optional(self.0, "allocation")
    }
    #[inline]
    pub fn reserved_for(self) -> ViewList<'a, ResourceClaimConsumerReference<'a>> {
        bare(self.0, "reservedFor")
    }
    #[inline]
    pub fn devices(self) -> ViewList<'a, AllocatedDeviceStatus<'a>> {
        bare(self.0, "devices")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimConsumerReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimConsumerReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimConsumerReference(map_of(value))
    }
}

impl<'a> ResourceClaimConsumerReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimConsumerReference(map_of(value))
    }
    #[inline]
    pub fn api_group(self) -> &'a str {
        bare(self.0, "apiGroup")
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AllocationResult<'a>(pub &'a Map);

impl<'a> Item<'a> for AllocationResult<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AllocationResult(map_of(value))
    }
}

impl<'a> AllocationResult<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AllocationResult(map_of(value))
    }
    #[inline]
    pub fn devices(self) -> DeviceAllocationResult<'a> {
        bare(self.0, "devices")
    }
    #[inline]
    pub fn node_selector(self) -> Option<views::core_v1::NodeSelector<'a>> {
        optional(self.0, "nodeSelector")
    }
    #[inline]
    pub fn allocation_timestamp(self) -> Option<&'a str> {
        optional(self.0, "allocationTimestamp")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceAllocationResult<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceAllocationResult<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceAllocationResult(map_of(value))
    }
}

impl<'a> DeviceAllocationResult<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceAllocationResult(map_of(value))
    }
    #[inline]
    pub fn results(self) -> ViewList<'a, DeviceRequestAllocationResult<'a>> {
        bare(self.0, "results")
    }
    #[inline]
    pub fn config(self) -> ViewList<'a, DeviceAllocationConfiguration<'a>> {
        bare(self.0, "config")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceRequestAllocationResult<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceRequestAllocationResult<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceRequestAllocationResult(map_of(value))
    }
}

impl<'a> DeviceRequestAllocationResult<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceRequestAllocationResult(map_of(value))
    }
    #[inline]
    pub fn request(self) -> &'a str {
        bare(self.0, "request")
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn pool(self) -> &'a str {
        bare(self.0, "pool")
    }
    #[inline]
    pub fn device(self) -> &'a str {
        bare(self.0, "device")
    }
    #[inline]
    pub fn admin_access(self) -> Option<bool> {
        optional(self.0, "adminAccess")
    }
    #[inline]
    pub fn tolerations(self) -> ViewList<'a, DeviceToleration<'a>> {
        bare(self.0, "tolerations")
    }
    #[inline]
    pub fn binding_conditions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "bindingConditions")
    }
    #[inline]
    pub fn binding_failure_conditions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "bindingFailureConditions")
    }
    #[inline]
    pub fn share_id(self) -> Option<&'a str> {
        optional(self.0, "shareID")
    }
    #[inline]
    pub fn consumed_capacity(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "consumedCapacity")
    }
    #[inline]
    pub fn skip_node_operations(self) -> ViewList<'a, &'a str> {
        bare(self.0, "skipNodeOperations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceAllocationConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceAllocationConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceAllocationConfiguration(map_of(value))
    }
}

impl<'a> DeviceAllocationConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceAllocationConfiguration(map_of(value))
    }
    #[inline]
    pub fn source(self) -> &'a str {
        bare(self.0, "source")
    }
    #[inline]
    pub fn requests(self) -> ViewList<'a, &'a str> {
        bare(self.0, "requests")
    }
    #[inline]
    pub fn device_configuration(self) -> DeviceConfiguration<'a> {
        DeviceConfiguration(self.0)
    }
    #[inline]
    pub fn opaque(self) -> Option<OpaqueDeviceConfiguration<'a>> {
        optional(self.0, "opaque")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimList<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimList(map_of(value))
    }
}

impl<'a> ResourceClaimList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ResourceClaim<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClass<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClass(map_of(value))
    }
}

impl<'a> DeviceClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClass(map_of(value))
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
    pub fn spec(self) -> DeviceClassSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClassSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClassSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClassSpec(map_of(value))
    }
}

impl<'a> DeviceClassSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClassSpec(map_of(value))
    }
    #[inline]
    pub fn selectors(self) -> ViewList<'a, DeviceSelector<'a>> {
        bare(self.0, "selectors")
    }
    #[inline]
    pub fn config(self) -> ViewList<'a, DeviceClassConfiguration<'a>> {
        bare(self.0, "config")
    }
    #[inline]
    pub fn extended_resource_name(self) -> Option<&'a str> {
        optional(self.0, "extendedResourceName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClassConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClassConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClassConfiguration(map_of(value))
    }
}

impl<'a> DeviceClassConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClassConfiguration(map_of(value))
    }
    #[inline]
    pub fn device_configuration(self) -> DeviceConfiguration<'a> {
        DeviceConfiguration(self.0)
    }
    #[inline]
    pub fn opaque(self) -> Option<OpaqueDeviceConfiguration<'a>> {
        optional(self.0, "opaque")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DeviceClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for DeviceClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DeviceClassList(map_of(value))
    }
}

impl<'a> DeviceClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DeviceClassList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, DeviceClass<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimTemplate<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimTemplate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimTemplate(map_of(value))
    }
}

impl<'a> ResourceClaimTemplate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimTemplate(map_of(value))
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
    pub fn spec(self) -> ResourceClaimTemplateSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimTemplateSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimTemplateSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimTemplateSpec(map_of(value))
    }
}

impl<'a> ResourceClaimTemplateSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimTemplateSpec(map_of(value))
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ResourceClaimSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaimTemplateList<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaimTemplateList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaimTemplateList(map_of(value))
    }
}

impl<'a> ResourceClaimTemplateList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaimTemplateList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, ResourceClaimTemplate<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AllocatedDeviceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for AllocatedDeviceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AllocatedDeviceStatus(map_of(value))
    }
}

impl<'a> AllocatedDeviceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AllocatedDeviceStatus(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn pool(self) -> &'a str {
        bare(self.0, "pool")
    }
    #[inline]
    pub fn device(self) -> &'a str {
        bare(self.0, "device")
    }
    #[inline]
    pub fn share_id(self) -> Option<&'a str> {
        optional(self.0, "shareID")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn data(self) -> Option<&'a Value> {
        optional(self.0, "data")
    }
    #[inline]
    pub fn network_data(self) -> Option<NetworkDeviceData<'a>> {
        optional(self.0, "networkData")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkDeviceData<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkDeviceData<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkDeviceData(map_of(value))
    }
}

impl<'a> NetworkDeviceData<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkDeviceData(map_of(value))
    }
    #[inline]
    pub fn interface_name(self) -> &'a str {
        bare(self.0, "interfaceName")
    }
    #[inline]
    pub fn ips(self) -> ViewList<'a, &'a str> {
        bare(self.0, "ips")
    }
    #[inline]
    pub fn hardware_address(self) -> &'a str {
        bare(self.0, "hardwareAddress")
    }
}
