//! What a pod may learn about itself: fields and resources, for environments and volumes.

use api::views::core_v1::{Container, Pod, ResourceFieldSelector};
use apimachinery::{Object, quantity::Quantity};
use component_helpers::resources::{Resources, parse};

/// The node's addresses and the pod's own, which may be newer than the pod's status.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// The node's.
    pub host: Vec<String>,
    /// The pod's.
    pub pod: Vec<String>,
}

/// Why a reference cannot be resolved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such field, or it cannot be referenced.
    #[error("unsupported fieldPath: {0}")]
    Field(String),
    /// The container of a resource reference is not in the pod.
    #[error("container {0} not found")]
    Container(String),
    /// The resource cannot be referenced.
    #[error("unsupported container resource : {0}")]
    Resource(String),
    /// The divisor is no quantity.
    #[error("the divisor {0:?} is not a quantity")]
    Divisor(String),
}

/// Go's `%q` of text.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A map as lines of `key="value"`.
fn lines<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    entries.map(|(key, value)| format!("{key}={}", quoted(value))).collect::<Vec<_>>().join("\n")
}

/// `labels` and `key` of `metadata.labels['key']`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.strip_prefix("metadata.")?.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// The text of a field of the pod.
pub fn field(pod: &Object, path: &str, addresses: &Addresses) -> Result<String, Error> {
    let view = Pod::of(pod);
    let metadata = view.metadata();
    if let Some((map, key)) = subscript(path) {
        let map = match map {
            "labels" => metadata.labels(),
            "annotations" => metadata.annotations(),
            _ => return Err(Error::Field(path.to_owned())),
        };
        return Ok(map.get(key).unwrap_or_default().to_owned());
    }
    let first = |list: &[String]| list.first().cloned().unwrap_or_default();
    Ok(match path {
        "metadata.name" => metadata.name().to_owned(),
        "metadata.namespace" => metadata.namespace().to_owned(),
        "metadata.uid" => metadata.uid().to_owned(),
        "metadata.labels" => lines(metadata.labels().iter()),
        "metadata.annotations" => lines(metadata.annotations().iter()),
        "spec.nodeName" => view.spec().node_name().to_owned(),
        "spec.serviceAccountName" => view.spec().service_account_name().to_owned(),
        "status.hostIP" => first(&addresses.host),
        "status.hostIPs" => addresses.host.join(","),
        "status.podIP" => first(&addresses.pod),
        "status.podIPs" => addresses.pod.join(","),
        _ => return Err(Error::Field(path.to_owned())),
    })
}

/// The amount of a container's resource, in units of the divisor. Without a limit the node's allocatable amount
/// stands in.
pub fn resource(
    pod: Pod<'_>,
    container: Option<Container<'_>>,
    selector: ResourceFieldSelector<'_>,
    allocatable: &Resources,
) -> Result<String, Error> {
    let name = selector.container_name();
    let named = || {
        let mut all = pod.spec().containers().iter().chain(pod.spec().init_containers().iter());
        all.find(|container| container.name() == name)
    };
    let container = container
        .filter(|container| name.is_empty() || container.name() == name)
        .or_else(named)
        .ok_or_else(|| Error::Container(name.to_owned()))?;
    let resources = container.resources();
    let unknown = || Error::Resource(selector.resource().to_owned());
    let (list, resource) = selector.resource().split_once('.').ok_or_else(unknown)?;
    let known = matches!(resource, "cpu" | "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
    let (requests, limits) = (parse(resources.requests()), parse(resources.limits()));
    let amount = match list {
        "limits" if known => limits.get(resource).or_else(|| allocatable.get(resource)),
        "requests" if known => requests.get(resource).or_else(|| limits.get(resource)),
        _ => return Err(unknown()),
    };
    let amount = amount.copied().unwrap_or(Quantity::ZERO);
    let divisor = match selector.divisor() {
        "" | "0" => Quantity::from_units(1, apimachinery::quantity::Format::Decimal),
        text => Quantity::parse(text).map_err(|_| Error::Divisor(text.to_owned()))?,
    };
    let (amount, divisor) = match resource {
        "cpu" => (amount.milli_value(), divisor.milli_value()),
        _ => (amount.value(), divisor.value()),
    };
    let divisor = divisor.max(1);
    Ok((amount / divisor + i64::from(amount % divisor != 0)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn pod() -> Object {
        Object(value!({
            "metadata": {"name": "p", "namespace": "n", "labels": {"a": "1", "b": "x\"y"}},
            "spec": {"nodeName": "node", "containers": [
                {"name": "c", "resources": {"limits": {"cpu": "1500m"}, "requests": {"memory": "64Mi"}}}
            ]}
        }))
    }

    #[test]
    fn fields() {
        let addresses = Addresses { host: vec!["h".into()], pod: vec!["1".into(), "2".into()] };
        for (path, expected) in [
            ("metadata.name", "p"),
            ("metadata.labels", "a=\"1\"\nb=\"x\\\"y\""),
            ("metadata.labels['a']", "1"),
            ("metadata.annotations['none']", ""),
            ("spec.nodeName", "node"),
            ("status.podIPs", "1,2"),
            ("status.hostIP", "h"),
        ] {
            assert_eq!(field(&pod(), path, &addresses).as_deref(), Ok(expected), "{path}");
        }
        assert!(field(&pod(), "spec.containers", &addresses).is_err());
    }

    #[test]
    fn resources() {
        let allocatable = Resources::from([("memory".to_owned(), Quantity::parse("1Gi").unwrap())]);
        let amount = |selector: Value| {
            let pod = pod();
            resource(Pod::of(&pod), None, ResourceFieldSelector::of(&selector), &allocatable)
        };
        let of = |resource: &str, divisor: &str| {
            amount(value!({"containerName": "c", "resource": resource, "divisor": divisor}))
        };
        assert_eq!(of("limits.cpu", "").as_deref(), Ok("2"));
        assert_eq!(of("limits.cpu", "1m").as_deref(), Ok("1500"));
        assert_eq!(of("limits.memory", "1Mi").as_deref(), Ok("1024"));
        assert_eq!(of("requests.memory", "").as_deref(), Ok("67108864"));
        assert!(of("limits.gpu", "").is_err());
        assert!(amount(value!({"containerName": "d", "resource": "limits.cpu"})).is_err());
    }
}
