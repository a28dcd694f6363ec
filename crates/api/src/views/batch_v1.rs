//! `k8s.io/api/batch/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Job<'a>(pub &'a Map);

impl<'a> Item<'a> for Job<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Job(map_of(value))
    }
}

impl<'a> Job<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Job(map_of(value))
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
    pub fn spec(self) -> JobSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> JobStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JobList<'a>(pub &'a Map);

impl<'a> Item<'a> for JobList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobList(map_of(value))
    }
}

impl<'a> JobList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, Job<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodFailurePolicyOnExitCodesRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for PodFailurePolicyOnExitCodesRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodFailurePolicyOnExitCodesRequirement(map_of(value))
    }
}

impl<'a> PodFailurePolicyOnExitCodesRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodFailurePolicyOnExitCodesRequirement(map_of(value))
    }
    #[inline]
    pub fn container_name(self) -> Option<&'a str> {
        optional(self.0, "containerName")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, i64> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodFailurePolicyOnPodConditionsPattern<'a>(pub &'a Map);

impl<'a> Item<'a> for PodFailurePolicyOnPodConditionsPattern<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodFailurePolicyOnPodConditionsPattern(map_of(value))
    }
}

impl<'a> PodFailurePolicyOnPodConditionsPattern<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodFailurePolicyOnPodConditionsPattern(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodFailurePolicyRule<'a>(pub &'a Map);

impl<'a> Item<'a> for PodFailurePolicyRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodFailurePolicyRule(map_of(value))
    }
}

impl<'a> PodFailurePolicyRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodFailurePolicyRule(map_of(value))
    }
    #[inline]
    pub fn action(self) -> &'a str {
        bare(self.0, "action")
    }
    #[inline]
    pub fn on_exit_codes(self) -> Option<PodFailurePolicyOnExitCodesRequirement<'a>> {
        optional(self.0, "onExitCodes")
    }
    #[inline]
    pub fn on_pod_conditions(self) -> ViewList<'a, PodFailurePolicyOnPodConditionsPattern<'a>> {
        bare(self.0, "onPodConditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodFailurePolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for PodFailurePolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodFailurePolicy(map_of(value))
    }
}

impl<'a> PodFailurePolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodFailurePolicy(map_of(value))
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, PodFailurePolicyRule<'a>> {
        bare(self.0, "rules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SuccessPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for SuccessPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SuccessPolicy(map_of(value))
    }
}

impl<'a> SuccessPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SuccessPolicy(map_of(value))
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, SuccessPolicyRule<'a>> {
        bare(self.0, "rules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SuccessPolicyRule<'a>(pub &'a Map);

impl<'a> Item<'a> for SuccessPolicyRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SuccessPolicyRule(map_of(value))
    }
}

impl<'a> SuccessPolicyRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SuccessPolicyRule(map_of(value))
    }
    #[inline]
    pub fn succeeded_indexes(self) -> Option<&'a str> {
        optional(self.0, "succeededIndexes")
    }
    #[inline]
    pub fn succeeded_count(self) -> Option<i64> {
        optional(self.0, "succeededCount")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JobSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for JobSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobSpec(map_of(value))
    }
}

impl<'a> JobSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobSpec(map_of(value))
    }
    #[inline]
    pub fn parallelism(self) -> Option<i64> {
        optional(self.0, "parallelism")
    }
    #[inline]
    pub fn completions(self) -> Option<i64> {
        optional(self.0, "completions")
    }
    #[inline]
    pub fn active_deadline_seconds(self) -> Option<i64> {
        optional(self.0, "activeDeadlineSeconds")
    }
    #[inline]
    pub fn pod_failure_policy(self) -> Option<PodFailurePolicy<'a>> {
        optional(self.0, "podFailurePolicy")
    }
    #[inline]
    pub fn success_policy(self) -> Option<SuccessPolicy<'a>> {
        optional(self.0, "successPolicy")
    }
    #[inline]
    pub fn backoff_limit(self) -> Option<i64> {
        optional(self.0, "backoffLimit")
    }
    #[inline]
    pub fn backoff_limit_per_index(self) -> Option<i64> {
        optional(self.0, "backoffLimitPerIndex")
    }
    #[inline]
    pub fn max_failed_indexes(self) -> Option<i64> {
        optional(self.0, "maxFailedIndexes")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn manual_selector(self) -> Option<bool> {
        optional(self.0, "manualSelector")
    }
    #[inline]
    pub fn template(self) -> views::core_v1::PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
    #[inline]
    pub fn ttl_seconds_after_finished(self) -> Option<i64> {
        optional(self.0, "ttlSecondsAfterFinished")
    }
    #[inline]
    pub fn completion_mode(self) -> Option<&'a str> {
        optional(self.0, "completionMode")
    }
    #[inline]
    pub fn suspend(self) -> Option<bool> {
        optional(self.0, "suspend")
    }
    #[inline]
    pub fn pod_replacement_policy(self) -> Option<&'a str> {
        optional(self.0, "podReplacementPolicy")
    }
    #[inline]
    pub fn managed_by(self) -> Option<&'a str> {
        optional(self.0, "managedBy")
    }
    #[inline]
    pub fn scheduling(self) -> Option<JobSchedulingConfiguration<'a>> {
        optional(self.0, "scheduling")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JobSchedulingConfiguration<'a>(pub &'a Map);

impl<'a> Item<'a> for JobSchedulingConfiguration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobSchedulingConfiguration(map_of(value))
    }
}

impl<'a> JobSchedulingConfiguration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobSchedulingConfiguration(map_of(value))
    }
    #[inline]
    pub fn scheduling_policy(self) -> Option<views::scheduling_v1alpha3::WorkloadPodGroupSchedulingPolicy<'a>> {
        optional(self.0, "schedulingPolicy")
    }
    #[inline]
    pub fn scheduling_constraints(
        self,
    ) -> Option<views::scheduling_v1alpha3::WorkloadPodGroupSchedulingConstraints<'a>> {
        optional(self.0, "schedulingConstraints")
    }
    #[inline]
    pub fn disruption_mode(self) -> Option<views::scheduling_v1alpha3::WorkloadPodGroupDisruptionMode<'a>> {
        optional(self.0, "disruptionMode")
    }
    #[inline]
    pub fn resource_claims(self) -> ViewList<'a, views::scheduling_v1alpha3::WorkloadPodGroupResourceClaim<'a>> {
        bare(self.0, "resourceClaims")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JobStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for JobStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobStatus(map_of(value))
    }
}

impl<'a> JobStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, JobCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn start_time(self) -> Option<&'a str> {
        optional(self.0, "startTime")
    }
    #[inline]
    pub fn completion_time(self) -> Option<&'a str> {
        optional(self.0, "completionTime")
    }
    #[inline]
    pub fn active(self) -> i64 {
        bare(self.0, "active")
    }
    #[inline]
    pub fn succeeded(self) -> i64 {
        bare(self.0, "succeeded")
    }
    #[inline]
    pub fn failed(self) -> i64 {
        bare(self.0, "failed")
    }
    #[inline]
    pub fn terminating(self) -> Option<i64> {
        optional(self.0, "terminating")
    }
    #[inline]
    pub fn completed_indexes(self) -> &'a str {
        bare(self.0, "completedIndexes")
    }
    #[inline]
    pub fn failed_indexes(self) -> Option<&'a str> {
        optional(self.0, "failedIndexes")
    }
    #[inline]
    pub fn uncounted_terminated_pods(self) -> Option<UncountedTerminatedPods<'a>> {
        optional(self.0, "uncountedTerminatedPods")
    }
    #[inline]
    pub fn ready(self) -> Option<i64> {
        optional(self.0, "ready")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct UncountedTerminatedPods<'a>(pub &'a Map);

impl<'a> Item<'a> for UncountedTerminatedPods<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        UncountedTerminatedPods(map_of(value))
    }
}

impl<'a> UncountedTerminatedPods<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        UncountedTerminatedPods(map_of(value))
    }
    #[inline]
    pub fn succeeded(self) -> ViewList<'a, &'a str> {
        bare(self.0, "succeeded")
    }
    #[inline]
    pub fn failed(self) -> ViewList<'a, &'a str> {
        bare(self.0, "failed")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JobCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for JobCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobCondition(map_of(value))
    }
}

impl<'a> JobCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobCondition(map_of(value))
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
    pub fn last_probe_time(self) -> Option<&'a str> {
        optional(self.0, "lastProbeTime")
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
pub struct JobTemplateSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for JobTemplateSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JobTemplateSpec(map_of(value))
    }
}

impl<'a> JobTemplateSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JobTemplateSpec(map_of(value))
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> JobSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CronJob<'a>(pub &'a Map);

impl<'a> Item<'a> for CronJob<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CronJob(map_of(value))
    }
}

impl<'a> CronJob<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CronJob(map_of(value))
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
    pub fn spec(self) -> CronJobSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> CronJobStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CronJobList<'a>(pub &'a Map);

impl<'a> Item<'a> for CronJobList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CronJobList(map_of(value))
    }
}

impl<'a> CronJobList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CronJobList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, CronJob<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CronJobSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CronJobSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CronJobSpec(map_of(value))
    }
}

impl<'a> CronJobSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CronJobSpec(map_of(value))
    }
    #[inline]
    pub fn schedule(self) -> &'a str {
        bare(self.0, "schedule")
    }
    #[inline]
    pub fn time_zone(self) -> Option<&'a str> {
        optional(self.0, "timeZone")
    }
    #[inline]
    pub fn starting_deadline_seconds(self) -> Option<i64> {
        optional(self.0, "startingDeadlineSeconds")
    }
    #[inline]
    pub fn concurrency_policy(self) -> &'a str {
        bare(self.0, "concurrencyPolicy")
    }
    #[inline]
    pub fn suspend(self) -> Option<bool> {
        optional(self.0, "suspend")
    }
    #[inline]
    pub fn job_template(self) -> JobTemplateSpec<'a> {
        bare(self.0, "jobTemplate")
    }
    #[inline]
    pub fn successful_jobs_history_limit(self) -> Option<i64> {
        optional(self.0, "successfulJobsHistoryLimit")
    }
    #[inline]
    pub fn failed_jobs_history_limit(self) -> Option<i64> {
        optional(self.0, "failedJobsHistoryLimit")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CronJobStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CronJobStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CronJobStatus(map_of(value))
    }
}

impl<'a> CronJobStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CronJobStatus(map_of(value))
    }
    #[inline]
    pub fn active(self) -> ViewList<'a, views::core_v1::ObjectReference<'a>> {
        bare(self.0, "active")
    }
    #[inline]
    pub fn last_schedule_time(self) -> Option<&'a str> {
        optional(self.0, "lastScheduleTime")
    }
    #[inline]
    pub fn last_successful_time(self) -> Option<&'a str> {
        optional(self.0, "lastSuccessfulTime")
    }
}
