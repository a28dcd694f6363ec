//! The quality of service class of a pod.

use api::views::core_v1::{Pod, PodSpec};
use apimachinery::quantity::Quantity;

use crate::resources::{Resources, parse};

/// What happens to a pod when its node runs short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QosClass {
    /// Every container has equal requests and limits of CPU and memory.
    Guaranteed,
    /// Some container asks for something.
    Burstable,
    /// Nothing is asked for.
    BestEffort,
}

impl QosClass {
    /// The name in `status.qosClass`.
    pub fn as_str(self) -> &'static str {
        match self {
            QosClass::Guaranteed => "Guaranteed",
            QosClass::Burstable => "Burstable",
            QosClass::BestEffort => "BestEffort",
        }
    }
}

fn classify(pairs: impl Iterator<Item = (Resources, Resources)>) -> QosClass {
    let positive = |list: &Resources, name: &str| list.get(name).copied().filter(|amount| *amount > Quantity::ZERO);
    let (mut any, mut guaranteed) = (false, true);
    for (requests, limits) in pairs {
        for name in ["cpu", "memory"] {
            let (request, limit) = (positive(&requests, name), positive(&limits, name));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request.is_none_or(|request| Some(request) == limit);
        }
    }
    match (any, guaranteed) {
        (true, true) => QosClass::Guaranteed,
        (true, false) => QosClass::Burstable,
        (false, _) => QosClass::BestEffort,
    }
}

/// The class that a specification leads to.
pub fn compute(spec: PodSpec<'_>) -> QosClass {
    if let Some(resources) = spec.resources()
        && (!resources.requests().is_empty() || !resources.limits().is_empty())
    {
        return classify(std::iter::once((parse(resources.requests()), parse(resources.limits()))));
    }
    let containers = spec.init_containers().iter().chain(spec.containers().iter());
    classify(
        containers.map(|container| (parse(container.resources().requests()), parse(container.resources().limits()))),
    )
}

/// The class of a pod: it never changes once it stands in the status.
pub fn of_pod(pod: Pod<'_>) -> QosClass {
    match pod.status().qos_class() {
        "Guaranteed" => QosClass::Guaranteed,
        "Burstable" => QosClass::Burstable,
        "BestEffort" => QosClass::BestEffort,
        _ => compute(pod.spec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn class(spec: Value) -> QosClass {
        compute(PodSpec::of(&spec))
    }

    #[test]
    fn classes() {
        assert_eq!(class(value!({"containers": [{"name": "a"}]})), QosClass::BestEffort);
        let both = value!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}});
        assert_eq!(class(value!({"containers": [{"resources": both.clone()}]})), QosClass::Guaranteed);
        assert_eq!(class(value!({"containers": [{"resources": both.clone()}, {}]})), QosClass::Burstable);
        let request = value!({"requests": {"cpu": "1m"}});
        assert_eq!(class(value!({"containers": [{"resources": request}]})), QosClass::Burstable);
        assert_eq!(class(value!({"resources": both, "containers": [{}]})), QosClass::Guaranteed);
    }
}
