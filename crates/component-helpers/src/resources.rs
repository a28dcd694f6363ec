//! Requests and limits of a whole pod.

use std::collections::BTreeMap;

use api::views::{
    ViewMap,
    core_v1::{Container, PodSpec},
};
use apimachinery::quantity::Quantity;

/// Amounts by resource name.
pub type Resources = BTreeMap<String, Quantity>;

/// Resources that may be set for a pod as a whole, beside hugepages.
const POD_LEVEL: [&str; 2] = ["cpu", "memory"];

/// Reads a resource list; what is no quantity counts as nothing, since validation has refused it.
pub fn parse(list: ViewMap<'_, &str>) -> Resources {
    list.iter().map(|(name, text)| (name.to_owned(), Quantity::parse(text).unwrap_or(Quantity::ZERO))).collect()
}

/// Whether an init container keeps running beside the regular ones.
pub fn is_sidecar(container: Container<'_>) -> bool {
    container.restart_policy() == Some("Always")
}

fn add(total: &mut Resources, more: &Resources) {
    for (name, amount) in more {
        let sum = total.entry(name.clone()).or_insert(Quantity::ZERO);
        *sum = if sum.is_zero() { *amount } else { *sum + *amount };
    }
}

fn raise(total: &mut Resources, other: &Resources) {
    for (name, amount) in other {
        let most = total.entry(name.clone()).or_insert(*amount);
        *most = (*most).max(*amount);
    }
}

/// Init containers run one after the other beside the sidecars that were started before them; regular containers
/// run together with all sidecars. The pod needs the most of any moment.
fn at_any_moment<'a>(spec: PodSpec<'a>, of: impl Fn(Container<'a>) -> Resources) -> Resources {
    let mut regular = Resources::new();
    for container in spec.containers().iter() {
        add(&mut regular, &of(container));
    }
    let (mut sidecars, mut initializing) = (Resources::new(), Resources::new());
    for container in spec.init_containers().iter() {
        let own = of(container);
        if is_sidecar(container) {
            add(&mut sidecars, &own);
            raise(&mut initializing, &sidecars);
        } else {
            let mut now = sidecars.clone();
            add(&mut now, &own);
            raise(&mut initializing, &now);
        }
    }
    add(&mut regular, &sidecars);
    raise(&mut regular, &initializing);
    regular
}

fn at_pod_level(total: &mut Resources, list: ViewMap<'_, &str>) {
    for (name, amount) in parse(list) {
        if POD_LEVEL.contains(&name.as_str()) || name.starts_with("hugepages-") {
            total.insert(name, amount);
        }
    }
}

/// What the scheduler sets aside for the pod, its overhead included.
pub fn pod_requests(spec: PodSpec<'_>) -> Resources {
    let mut total = at_any_moment(spec, |container| parse(container.resources().requests()));
    if let Some(resources) = spec.resources() {
        at_pod_level(&mut total, resources.requests());
    }
    add(&mut total, &parse(spec.overhead()));
    total
}

/// What the pod may use at most; a resource that some container has no limit for is the sum of the others'.
pub fn pod_limits(spec: PodSpec<'_>) -> Resources {
    let mut total = at_any_moment(spec, |container| parse(container.resources().limits()));
    if let Some(resources) = spec.resources() {
        at_pod_level(&mut total, resources.limits());
    }
    for (name, amount) in parse(spec.overhead()) {
        total.entry(name).and_modify(|limit| *limit = *limit + amount);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn container(cpu: &str) -> Value {
        value!({"resources": {"requests": {"cpu": cpu}}})
    }

    fn sidecar(cpu: &str) -> Value {
        value!({"restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}})
    }

    fn milli(spec: &Value) -> i64 {
        pod_requests(PodSpec::of(spec))["cpu"].milli_value()
    }

    #[test]
    fn the_most_of_any_moment_counts() {
        let regular = value!({"containers": [container("100m"), container("200m")]});
        assert_eq!(milli(&regular), 300);
        let init = value!({"initContainers": [container("1"), container("2")], "containers": [container("100m")]});
        assert_eq!(milli(&init), 2000);
        let sidecars = value!({
            "initContainers": [sidecar("1"), container("2"), sidecar("3")], "containers": [container("100m")]
        });
        assert_eq!(milli(&sidecars), 4100, "both sidecars and the container outweigh 1 + 2");
        let pod_level = value!({
            "containers": [container("100m")], "resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "10m"}
        });
        assert_eq!(milli(&pod_level), 2010);
    }
}
