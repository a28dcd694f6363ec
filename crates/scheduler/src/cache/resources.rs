//! Amounts as integers: what pods ask for and what nodes have.

use api::views::{
    ViewMap,
    core_v1::{Container, ContainerStatus, Pod},
};
use apimachinery::{Str, quantity::Quantity};

/// What a container that names no CPU counts for in scores, in thousandths of a core.
pub(super) const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container that names no memory counts for in scores, in bytes.
pub(super) const DEFAULT_MEMORY_BYTES: i64 = 200 * 1024 * 1024;

/// Amounts of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU in thousandths of a core.
    pub milli_cpu: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// Local scratch space in bytes.
    pub ephemeral_storage_bytes: i64,
    /// Everything else (huge pages, devices) in whole units, in name order.
    pub scalars: Vec<(Str, i64)>,
}

/// Text of a quantity; validation has refused what is none.
fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or(Quantity::ZERO)
}

impl Resources {
    /// Reads a resource list. `pods` is no amount that pods ask for: see [`allowed_pods`].
    pub fn read(list: ViewMap<'_, &str>) -> Resources {
        let mut resources = Resources::default();
        for (name, text) in list.iter() {
            match name {
                "cpu" => resources.milli_cpu = quantity(text).milli_value(),
                "memory" => resources.memory_bytes = quantity(text).value(),
                "ephemeral-storage" => resources.ephemeral_storage_bytes = quantity(text).value(),
                "pods" => {}
                name => resources.scalars.push((name.into(), quantity(text).value())),
            }
        }
        resources
    }

    /// The amount of a scalar resource.
    pub fn scalar(&self, name: &str) -> i64 {
        match self.scalars.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
            Ok(index) => self.scalars[index].1,
            Err(_) => 0,
        }
    }

    fn combine(&mut self, other: &Resources, how: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = how(self.milli_cpu, other.milli_cpu);
        self.memory_bytes = how(self.memory_bytes, other.memory_bytes);
        self.ephemeral_storage_bytes = how(self.ephemeral_storage_bytes, other.ephemeral_storage_bytes);
        for (name, amount) in &other.scalars {
            match self.scalars.binary_search_by(|(known, _)| known.cmp(name)) {
                Ok(index) => self.scalars[index].1 = how(self.scalars[index].1, *amount),
                Err(index) => self.scalars.insert(index, (name.clone(), how(0, *amount))),
            }
        }
    }

    /// Adds `other`.
    pub fn add(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_add);
    }

    /// Takes `other` away.
    pub fn subtract(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_sub);
    }

    /// Raises each amount to that of `other`.
    pub fn raise(&mut self, other: &Resources) {
        self.combine(other, i64::max);
    }

    /// Whether nothing is asked for.
    pub fn is_zero(&self) -> bool {
        self.milli_cpu == 0
            && self.memory_bytes == 0
            && self.ephemeral_storage_bytes == 0
            && self.scalars.iter().all(|(_, amount)| *amount == 0)
    }

    /// Whether every amount is at most that of `other` and some amount is less.
    pub fn shrank_from(&self, other: &Resources) -> bool {
        let pairs = [
            (self.milli_cpu, other.milli_cpu),
            (self.memory_bytes, other.memory_bytes),
            (self.ephemeral_storage_bytes, other.ephemeral_storage_bytes),
        ];
        pairs.iter().any(|(now, before)| now < before)
            || other.scalars.iter().any(|(name, before)| self.scalar(name) < *before)
    }
}

/// How many pods a node takes.
pub(super) fn allowed_pods(allocatable: ViewMap<'_, &str>) -> i64 {
    allocatable.get("pods").map_or(0, |text| quantity(text).value())
}

/// What a pod asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// What is set aside on the node.
    pub total: Resources,
    /// CPU and memory where containers that name none count with defaults; scores use it so that pods
    /// without requests spread too.
    pub non_zero: (i64, i64),
}

/// Which lists of a container count.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Specification,
    Allocated,
    Actuated,
}

fn status_of<'a>(pod: Pod<'a>, name: &str) -> Option<ContainerStatus<'a>> {
    let status = pod.status();
    let mut all = status.container_statuses().iter().chain(status.init_container_statuses().iter());
    all.find(|status| status.name() == name)
}

fn container_list<'a>(
    pod: Pod<'a>,
    container: Container<'a>,
    source: Source,
    infeasible: bool,
) -> Option<ViewMap<'a, &'a str>> {
    let specified = (!infeasible || source == Source::Specification).then(|| container.resources().requests());
    if source == Source::Specification {
        return specified;
    }
    let status = status_of(pod, container.name());
    let allocated = status.map(|status| status.allocated_resources()).filter(|list| list.as_map().is_some());
    let actuated = status.and_then(|status| status.resources()).map(|resources| resources.requests());
    let actuated = actuated.filter(|list| source == Source::Actuated && list.as_map().is_some());
    actuated.or(allocated).or(specified)
}

/// Init containers run one after the other beside the sidecars started before them; regular containers run
/// beside all sidecars. The pod needs the most of any moment.
fn at_any_moment<'a>(pod: Pod<'a>, of: impl Fn(Container<'a>) -> Resources) -> Resources {
    let spec = pod.spec();
    let mut regular = Resources::default();
    for container in spec.containers().iter() {
        regular.add(&of(container));
    }
    let (mut sidecars, mut initializing) = (Resources::default(), Resources::default());
    for container in spec.init_containers().iter() {
        let own = of(container);
        if container.restart_policy() == Some("Always") {
            regular.add(&own);
            sidecars.add(&own);
            initializing.raise(&sidecars);
        } else {
            let mut now = own;
            now.add(&sidecars);
            initializing.raise(&now);
        }
    }
    regular.raise(&initializing);
    regular
}

/// Reads what a pod asks for: the most of what is specified, allocated and in use while a resize is under way.
pub(super) fn pod_requests(pod: Pod<'_>) -> Requests {
    let resize = pod.status().conditions().iter().find(|condition| condition.type_() == "PodResizePending");
    let infeasible = resize.is_some_and(|condition| condition.reason() == "Infeasible");
    let has_status =
        !pod.status().container_statuses().is_empty() || !pod.status().init_container_statuses().is_empty();
    let sources: &[Source] = match (has_status, infeasible) {
        (false, _) => &[Source::Specification],
        (true, false) => &[Source::Specification, Source::Allocated, Source::Actuated],
        (true, true) => &[Source::Allocated, Source::Actuated],
    };
    let with = |defaults: bool| {
        let mut most = Resources::default();
        for source in sources {
            most.raise(&at_any_moment(pod, |container| {
                let list = container_list(pod, container, *source, infeasible);
                let mut own = list.map(Resources::read).unwrap_or_default();
                let names = |name: &str| list.is_some_and(|list| list.contains_key(name));
                if defaults && !names("cpu") {
                    own.milli_cpu = DEFAULT_MILLI_CPU;
                }
                if defaults && !names("memory") {
                    own.memory_bytes = DEFAULT_MEMORY_BYTES;
                }
                own
            }));
        }
        at_pod_level(pod, &mut most);
        most.add(&Resources::read(pod.spec().overhead()));
        most
    };
    let total = with(false);
    let all_named = pod.spec().containers().iter().chain(pod.spec().init_containers().iter()).all(|container| {
        let requests = container.resources().requests();
        requests.contains_key("cpu") && requests.contains_key("memory")
    });
    let non_zero = if all_named && !has_status { total.clone() } else { with(true) };
    Requests { total, non_zero: (non_zero.milli_cpu, non_zero.memory_bytes) }
}

fn at_pod_level(pod: Pod<'_>, total: &mut Resources) {
    let Some(resources) = pod.spec().resources() else { return };
    for (name, text) in resources.requests().iter() {
        match name {
            "cpu" => total.milli_cpu = quantity(text).milli_value(),
            "memory" => total.memory_bytes = quantity(text).value(),
            name if name.starts_with("hugepages-") => {
                let amount = quantity(text).value();
                match total.scalars.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
                    Ok(index) => total.scalars[index].1 = amount,
                    Err(index) => total.scalars.insert(index, (name.into(), amount)),
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::{Value, value};

    use super::*;

    fn requests(spec: Value) -> Requests {
        pod_requests(Pod::of(&value!({"spec": spec})))
    }

    fn container(cpu: &str) -> Value {
        value!({"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1Ki"}}})
    }

    fn sidecar(cpu: &str) -> Value {
        value!({"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": cpu, "memory": "1Ki"}}})
    }

    #[test]
    fn the_most_of_any_moment_counts() {
        for (spec, milli_cpu) in [
            (value!({"containers": [container("100m"), container("200m")]}), 300),
            (value!({"initContainers": [container("2")], "containers": [container("100m")]}), 2000),
            (value!({"initContainers": [sidecar("1"), container("2")], "containers": [container("100m")]}), 3000),
            (value!({"initContainers": [sidecar("1"), sidecar("3")], "containers": [container("100m")]}), 4100),
            (value!({"containers": [container("1")], "overhead": {"cpu": "10m"}}), 1010),
            (value!({"containers": [container("1")], "resources": {"requests": {"cpu": "2"}}}), 2000),
        ] {
            assert_eq!(requests(spec.clone()).total.milli_cpu, milli_cpu, "{spec:?}");
        }
    }

    #[test]
    fn what_names_nothing_counts_with_defaults_in_scores() {
        let requests = requests(value!({"containers": [{"name": "a"}, container("1")]}));
        assert_eq!(requests.total.milli_cpu, 1000);
        assert_eq!(requests.non_zero, (1000 + DEFAULT_MILLI_CPU, 1024 + DEFAULT_MEMORY_BYTES));
    }

    #[test]
    fn a_resize_under_way_counts_with_the_larger_amount() {
        let pod = value!({
            "spec": {"containers": [container("1")]},
            "status": {"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "3"}}]}
        });
        assert_eq!(pod_requests(Pod::of(&pod)).total.milli_cpu, 3000);
    }
}
