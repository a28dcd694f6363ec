//! `k8s.io/api/autoscaling/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct CrossVersionObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for CrossVersionObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CrossVersionObjectReference(map_of(value))
    }
}

impl<'a> CrossVersionObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CrossVersionObjectReference(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HorizontalPodAutoscalerSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for HorizontalPodAutoscalerSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HorizontalPodAutoscalerSpec(map_of(value))
    }
}

impl<'a> HorizontalPodAutoscalerSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HorizontalPodAutoscalerSpec(map_of(value))
    }
    #[inline]
    pub fn scale_target_ref(self) -> CrossVersionObjectReference<'a> {
        bare(self.0, "scaleTargetRef")
    }
    #[inline]
    pub fn min_replicas(self) -> Option<i64> {
        optional(self.0, "minReplicas")
    }
    #[inline]
    pub fn max_replicas(self) -> i64 {
        bare(self.0, "maxReplicas")
    }
    #[inline]
    pub fn target_cpu_utilization_percentage(self) -> Option<i64> {
        optional(self.0, "targetCPUUtilizationPercentage")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HorizontalPodAutoscalerStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for HorizontalPodAutoscalerStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HorizontalPodAutoscalerStatus(map_of(value))
    }
}

impl<'a> HorizontalPodAutoscalerStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HorizontalPodAutoscalerStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> Option<i64> {
        optional(self.0, "observedGeneration")
    }
    #[inline]
    pub fn last_scale_time(self) -> Option<&'a str> {
        optional(self.0, "lastScaleTime")
    }
    #[inline]
    pub fn current_replicas(self) -> i64 {
        bare(self.0, "currentReplicas")
    }
    #[inline]
    pub fn desired_replicas(self) -> i64 {
        bare(self.0, "desiredReplicas")
    }
    #[inline]
    pub fn current_cpu_utilization_percentage(self) -> Option<i64> {
        optional(self.0, "currentCPUUtilizationPercentage")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HorizontalPodAutoscaler<'a>(pub &'a Map);

impl<'a> Item<'a> for HorizontalPodAutoscaler<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HorizontalPodAutoscaler(map_of(value))
    }
}

impl<'a> HorizontalPodAutoscaler<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HorizontalPodAutoscaler(map_of(value))
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
    pub fn spec(self) -> HorizontalPodAutoscalerSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> HorizontalPodAutoscalerStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HorizontalPodAutoscalerList<'a>(pub &'a Map);

impl<'a> Item<'a> for HorizontalPodAutoscalerList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HorizontalPodAutoscalerList(map_of(value))
    }
}

impl<'a> HorizontalPodAutoscalerList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HorizontalPodAutoscalerList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, HorizontalPodAutoscaler<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Scale<'a>(pub &'a Map);

impl<'a> Item<'a> for Scale<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Scale(map_of(value))
    }
}

impl<'a> Scale<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Scale(map_of(value))
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
    pub fn spec(self) -> ScaleSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ScaleStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScaleSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ScaleSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScaleSpec(map_of(value))
    }
}

impl<'a> ScaleSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScaleSpec(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScaleStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ScaleStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScaleStatus(map_of(value))
    }
}

impl<'a> ScaleStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScaleStatus(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
    #[inline]
    pub fn selector(self) -> &'a str {
        bare(self.0, "selector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MetricSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for MetricSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MetricSpec(map_of(value))
    }
}

impl<'a> MetricSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MetricSpec(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn object(self) -> Option<ObjectMetricSource<'a>> {
        optional(self.0, "object")
    }
    #[inline]
    pub fn pods(self) -> Option<PodsMetricSource<'a>> {
        optional(self.0, "pods")
    }
    #[inline]
    pub fn resource(self) -> Option<ResourceMetricSource<'a>> {
        optional(self.0, "resource")
    }
    #[inline]
    pub fn container_resource(self) -> Option<ContainerResourceMetricSource<'a>> {
        optional(self.0, "containerResource")
    }
    #[inline]
    pub fn external(self) -> Option<ExternalMetricSource<'a>> {
        optional(self.0, "external")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ObjectMetricSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectMetricSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectMetricSource(map_of(value))
    }
}

impl<'a> ObjectMetricSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectMetricSource(map_of(value))
    }
    #[inline]
    pub fn target(self) -> CrossVersionObjectReference<'a> {
        bare(self.0, "target")
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn target_value(self) -> &'a str {
        bare(self.0, "targetValue")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn average_value(self) -> Option<&'a str> {
        optional(self.0, "averageValue")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodsMetricSource<'a>(pub &'a Map);

impl<'a> Item<'a> for PodsMetricSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodsMetricSource(map_of(value))
    }
}

impl<'a> PodsMetricSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodsMetricSource(map_of(value))
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn target_average_value(self) -> &'a str {
        bare(self.0, "targetAverageValue")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceMetricSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceMetricSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceMetricSource(map_of(value))
    }
}

impl<'a> ResourceMetricSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceMetricSource(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn target_average_utilization(self) -> Option<i64> {
        optional(self.0, "targetAverageUtilization")
    }
    #[inline]
    pub fn target_average_value(self) -> Option<&'a str> {
        optional(self.0, "targetAverageValue")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerResourceMetricSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerResourceMetricSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerResourceMetricSource(map_of(value))
    }
}

impl<'a> ContainerResourceMetricSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerResourceMetricSource(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn target_average_utilization(self) -> Option<i64> {
        optional(self.0, "targetAverageUtilization")
    }
    #[inline]
    pub fn target_average_value(self) -> Option<&'a str> {
        optional(self.0, "targetAverageValue")
    }
    #[inline]
    pub fn container(self) -> &'a str {
        bare(self.0, "container")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExternalMetricSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ExternalMetricSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExternalMetricSource(map_of(value))
    }
}

impl<'a> ExternalMetricSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExternalMetricSource(map_of(value))
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn metric_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "metricSelector")
    }
    #[inline]
    pub fn target_value(self) -> Option<&'a str> {
        optional(self.0, "targetValue")
    }
    #[inline]
    pub fn target_average_value(self) -> Option<&'a str> {
        optional(self.0, "targetAverageValue")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for MetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        MetricStatus(map_of(value))
    }
}

impl<'a> MetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        MetricStatus(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn object(self) -> Option<ObjectMetricStatus<'a>> {
        optional(self.0, "object")
    }
    #[inline]
    pub fn pods(self) -> Option<PodsMetricStatus<'a>> {
        optional(self.0, "pods")
    }
    #[inline]
    pub fn resource(self) -> Option<ResourceMetricStatus<'a>> {
        optional(self.0, "resource")
    }
    #[inline]
    pub fn container_resource(self) -> Option<ContainerResourceMetricStatus<'a>> {
        optional(self.0, "containerResource")
    }
    #[inline]
    pub fn external(self) -> Option<ExternalMetricStatus<'a>> {
        optional(self.0, "external")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HorizontalPodAutoscalerCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for HorizontalPodAutoscalerCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HorizontalPodAutoscalerCondition(map_of(value))
    }
}

impl<'a> HorizontalPodAutoscalerCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HorizontalPodAutoscalerCondition(map_of(value))
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
    #[inline]
    pub fn observed_generation(self) -> Option<i64> {
        optional(self.0, "observedGeneration")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ObjectMetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectMetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectMetricStatus(map_of(value))
    }
}

impl<'a> ObjectMetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectMetricStatus(map_of(value))
    }
    #[inline]
    pub fn target(self) -> CrossVersionObjectReference<'a> {
        bare(self.0, "target")
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn current_value(self) -> &'a str {
        bare(self.0, "currentValue")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn average_value(self) -> Option<&'a str> {
        optional(self.0, "averageValue")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodsMetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodsMetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodsMetricStatus(map_of(value))
    }
}

impl<'a> PodsMetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodsMetricStatus(map_of(value))
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn current_average_value(self) -> &'a str {
        bare(self.0, "currentAverageValue")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceMetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceMetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceMetricStatus(map_of(value))
    }
}

impl<'a> ResourceMetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceMetricStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn current_average_utilization(self) -> Option<i64> {
        optional(self.0, "currentAverageUtilization")
    }
    #[inline]
    pub fn current_average_value(self) -> &'a str {
        bare(self.0, "currentAverageValue")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerResourceMetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerResourceMetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerResourceMetricStatus(map_of(value))
    }
}

impl<'a> ContainerResourceMetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerResourceMetricStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn current_average_utilization(self) -> Option<i64> {
        optional(self.0, "currentAverageUtilization")
    }
    #[inline]
    pub fn current_average_value(self) -> &'a str {
        bare(self.0, "currentAverageValue")
    }
    #[inline]
    pub fn container(self) -> &'a str {
        bare(self.0, "container")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExternalMetricStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ExternalMetricStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExternalMetricStatus(map_of(value))
    }
}

impl<'a> ExternalMetricStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExternalMetricStatus(map_of(value))
    }
    #[inline]
    pub fn metric_name(self) -> &'a str {
        bare(self.0, "metricName")
    }
    #[inline]
    pub fn metric_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "metricSelector")
    }
    #[inline]
    pub fn current_value(self) -> &'a str {
        bare(self.0, "currentValue")
    }
    #[inline]
    pub fn current_average_value(self) -> Option<&'a str> {
        optional(self.0, "currentAverageValue")
    }
}
