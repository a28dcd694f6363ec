//! `k8s.io/api/policy/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct PodDisruptionBudgetSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDisruptionBudgetSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDisruptionBudgetSpec(map_of(value))
    }
}

impl<'a> PodDisruptionBudgetSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDisruptionBudgetSpec(map_of(value))
    }
    #[inline]
    pub fn min_available(self) -> Option<IntOrString<'a>> {
        optional(self.0, "minAvailable")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn max_unavailable(self) -> Option<IntOrString<'a>> {
        optional(self.0, "maxUnavailable")
    }
    #[inline]
    pub fn unhealthy_pod_eviction_policy(self) -> Option<&'a str> {
        optional(self.0, "unhealthyPodEvictionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodDisruptionBudgetStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDisruptionBudgetStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDisruptionBudgetStatus(map_of(value))
    }
}

impl<'a> PodDisruptionBudgetStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDisruptionBudgetStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn disrupted_pods(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "disruptedPods")
    }
    #[inline]
    pub fn disruptions_allowed(self) -> i64 {
        bare(self.0, "disruptionsAllowed")
    }
    #[inline]
    pub fn current_healthy(self) -> i64 {
        bare(self.0, "currentHealthy")
    }
    #[inline]
    pub fn desired_healthy(self) -> i64 {
        bare(self.0, "desiredHealthy")
    }
    #[inline]
    pub fn expected_pods(self) -> i64 {
        bare(self.0, "expectedPods")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodDisruptionBudget<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDisruptionBudget<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDisruptionBudget(map_of(value))
    }
}

impl<'a> PodDisruptionBudget<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDisruptionBudget(map_of(value))
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
    pub fn spec(self) -> PodDisruptionBudgetSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PodDisruptionBudgetStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodDisruptionBudgetList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDisruptionBudgetList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDisruptionBudgetList(map_of(value))
    }
}

impl<'a> PodDisruptionBudgetList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDisruptionBudgetList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, PodDisruptionBudget<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Eviction<'a>(pub &'a Map);

impl<'a> Item<'a> for Eviction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Eviction(map_of(value))
    }
}

impl<'a> Eviction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Eviction(map_of(value))
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
    pub fn delete_options(self) -> Option<views::meta_v1::DeleteOptions<'a>> {
        optional(self.0, "deleteOptions")
    }
}
