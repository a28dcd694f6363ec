//! Requests and limits in the runtime's words.

use api::views::core_v1::{Container, Pod};
use apimachinery::quantity::Quantity;
use component_helpers::{
    qos::{self, QosClass},
    resources::{self, Resources, parse},
};
use cri_api::v1::{HugepageLimit, LinuxContainerResources};

const CPU_PERIOD_MICROSECONDS: i64 = 100_000;
const MIN_CPU_QUOTA_MICROSECONDS: i64 = 1000;
const MIN_CPU_SHARES: i64 = 2;
const MAX_CPU_SHARES: i64 = 262_144;
/// From this priority on a pod is critical to its node.
const SYSTEM_CRITICAL_PRIORITY: i64 = 2_000_000_000;
const GUARANTEED_OOM_SCORE: i64 = -997;
const BEST_EFFORT_OOM_SCORE: i64 = 1000;

fn shares(milli: i64) -> i64 {
    (milli * 1024 / 1000).clamp(MIN_CPU_SHARES, MAX_CPU_SHARES)
}

fn quota(milli: i64) -> i64 {
    if milli == 0 { 0 } else { (milli * CPU_PERIOD_MICROSECONDS / 1000).max(MIN_CPU_QUOTA_MICROSECONDS) }
}

fn from_lists(requests: &Resources, limits: &Resources) -> LinuxContainerResources {
    let milli = |list: &Resources| list.get("cpu").map(Quantity::milli_value);
    let limit = milli(limits).unwrap_or(0);
    LinuxContainerResources {
        cpu_period: CPU_PERIOD_MICROSECONDS,
        cpu_quota: quota(limit),
        cpu_shares: shares(milli(requests).unwrap_or(limit)),
        memory_limit_in_bytes: limits.get("memory").map_or(0, Quantity::value),
        hugepage_limits: hugepages(limits),
        ..Default::default()
    }
}

/// Limits of each page size by the names of the hugetlb cgroup: `2MB` of `hugepages-2Mi`.
fn hugepages(limits: &Resources) -> Vec<HugepageLimit> {
    let named = |(name, limit): (&String, &Quantity)| {
        let page_bytes = Quantity::parse(name.strip_prefix("hugepages-")?).ok()?.value();
        let (mut size, mut unit) = (page_bytes, 0);
        while size >= 1024 && unit < 3 {
            size /= 1024;
            unit += 1;
        }
        let page_size = format!("{size}{}", ["B", "KB", "MB", "GB"][unit]);
        Some(HugepageLimit { page_size, limit: u64::try_from(limit.value()).unwrap_or(0) })
    };
    limits.iter().filter_map(named).collect()
}

/// How readily the kernel kills the container when memory runs out.
fn oom_score(pod: Pod<'_>, container: Container<'_>, memory_capacity_bytes: i64) -> i64 {
    if pod.spec().priority().unwrap_or(0) >= SYSTEM_CRITICAL_PRIORITY {
        return GUARANTEED_OOM_SCORE;
    }
    match qos::of_pod(pod) {
        QosClass::Guaranteed => GUARANTEED_OOM_SCORE,
        QosClass::BestEffort => BEST_EFFORT_OOM_SCORE,
        QosClass::Burstable => {
            let request = parse(container.resources().requests()).get("memory").map_or(0, Quantity::value);
            let score = 1000 - (1000 * i128::from(request) / i128::from(memory_capacity_bytes.max(1))) as i64;
            score.clamp(1000 + GUARANTEED_OOM_SCORE, BEST_EFFORT_OOM_SCORE - 1)
        }
    }
}

/// The resources of a container on a node with `memory_capacity_bytes`.
pub fn of_container(pod: Pod<'_>, container: Container<'_>, memory_capacity_bytes: i64) -> LinuxContainerResources {
    let resources = container.resources();
    let mut linux = from_lists(&parse(resources.requests()), &parse(resources.limits()));
    linux.oom_score_adj = oom_score(pod, container, memory_capacity_bytes);
    linux
}

/// The resources of a pod as a whole. A limit holds only when every container has one, or the pod itself.
pub fn of_pod(pod: Pod<'_>) -> LinuxContainerResources {
    let spec = pod.spec();
    let mut limits = resources::pod_limits(spec);
    for name in ["cpu", "memory"] {
        let at_pod = spec.resources().is_some_and(|resources| resources.limits().contains_key(name));
        let everywhere = spec.containers().iter().all(|container| container.resources().limits().contains_key(name));
        if !at_pod && !everywhere {
            limits.remove(name);
        }
    }
    from_lists(&resources::pod_requests(spec), &limits)
}

/// The cgroup below which the pod's containers are: by class, so that classes can be weighed against each other.
pub fn cgroup_parent(pod: Pod<'_>, root: &str) -> String {
    let uid = pod.metadata().uid();
    match qos::of_pod(pod) {
        QosClass::Guaranteed => format!("{root}/pod{uid}"),
        class => format!("{root}/{}/pod{uid}", class.as_str().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn container(resources: Value) -> LinuxContainerResources {
        let pod = value!({"metadata": {"uid": "u"}, "spec": {"containers": [{"name": "a", "resources": resources}]}});
        let pod = Pod::of(&pod);
        of_container(pod, pod.spec().containers().first().unwrap(), 1 << 30)
    }

    #[test]
    fn containers() {
        let none = container(value!({}));
        assert_eq!((none.cpu_shares, none.cpu_quota, none.memory_limit_in_bytes, none.oom_score_adj), (2, 0, 0, 1000));
        let burstable = container(value!({"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"cpu": "2"}}));
        assert_eq!((burstable.cpu_shares, burstable.cpu_quota, burstable.oom_score_adj), (512, 200_000, 750));
        let both = value!({"cpu": "1", "memory": "128Mi", "hugepages-2Mi": "4Mi"});
        let guaranteed = container(value!({"limits": both}));
        assert_eq!((guaranteed.cpu_shares, guaranteed.oom_score_adj), (1024, -997));
        assert_eq!(guaranteed.hugepage_limits, [HugepageLimit { page_size: "2MB".into(), limit: 4 << 20 }]);
    }

    #[test]
    fn pods() {
        let pod = value!({"metadata": {"uid": "u"}, "spec": {"containers": [
            {"name": "a", "resources": {"limits": {"cpu": "1", "memory": "64Mi"}}},
            {"name": "b", "resources": {"limits": {"cpu": "1"}}}
        ]}});
        let resources = of_pod(Pod::of(&pod));
        assert_eq!((resources.cpu_quota, resources.memory_limit_in_bytes), (200_000, 0));
        assert_eq!(cgroup_parent(Pod::of(&pod), "/kubepods"), "/kubepods/burstable/podu");
    }
}
