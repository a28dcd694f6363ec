//! Lists of resources: what containers, pods and quotas ask for and have.

use std::collections::BTreeMap;

use apimachinery::{Map, Str, Value, quantity::Quantity};

/// Quantities by the resource's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources(pub(crate) BTreeMap<Str, Quantity>);

impl Resources {
    /// Reads a map of quantities; what is no quantity was refused by validation and counts as nothing.
    pub(crate) fn read(value: Option<&Value>) -> Resources {
        let entries = value.and_then(Value::as_map).into_iter().flat_map(Map::iter);
        let quantity = |value: &Value| match value {
            Value::Int(number) => Quantity::parse(&number.to_string()).ok(),
            value => Quantity::parse(value.as_str()?).ok(),
        };
        Resources(entries.filter_map(|(name, value)| Some((name.clone(), quantity(value)?))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<Quantity> {
        self.0.get(name).copied()
    }

    pub(crate) fn set(&mut self, name: impl Into<Str>, quantity: Quantity) {
        self.0.insert(name.into(), quantity);
    }

    /// Adds to what is there.
    pub(crate) fn add(&mut self, other: &Resources) {
        for (name, quantity) in &other.0 {
            let sum = self.get(name).map_or(*quantity, |own| own + *quantity);
            self.0.insert(name.clone(), sum);
        }
    }

    /// The greater of both, by name.
    pub(crate) fn raise_to(&mut self, other: &Resources) {
        for (name, quantity) in &other.0 {
            if self.get(name).is_none_or(|own| own < *quantity) {
                self.0.insert(name.clone(), *quantity);
            }
        }
    }

    /// What is left of these after taking `other` away, by the names of these.
    pub(crate) fn minus(&self, other: &Resources) -> Resources {
        let left = |(name, quantity): (&Str, &Quantity)| {
            (name.clone(), other.get(name).map_or(*quantity, |taken| *quantity - taken))
        };
        Resources(self.0.iter().map(left).collect())
    }

    /// `a=1,b=2`
    pub(crate) fn shown(&self) -> String {
        let parts: Vec<String> = self.0.iter().map(|(name, quantity)| format!("{name}={quantity}")).collect();
        parts.join(",")
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Map(self.0.iter().map(|(name, quantity)| (name.clone(), Value::from(quantity.to_string()))).collect())
    }
}

/// What a pod asks for (`requests`) or may use (`limits`): containers together, or what its start takes if
/// that is more, or what the pod says for itself.
pub(crate) fn of_pod(spec: &Map, which: &str) -> Resources {
    let of = |container: &Value| Resources::read(container.at(&["resources", which]));
    let mut total = Resources::default();
    for container in spec.list_at("containers") {
        total.add(&of(container));
    }
    let mut sidecars = Resources::default();
    let mut start = Resources::default();
    for container in spec.list_at("initContainers") {
        let own = of(container);
        if container.str_at(&["restartPolicy"]) == Some("Always") {
            total.add(&own);
            sidecars.add(&own);
            start.raise_to(&sidecars);
        } else {
            let mut meanwhile = own;
            meanwhile.add(&sidecars);
            start.raise_to(&meanwhile);
        }
    }
    total.raise_to(&start);
    let own = Resources::read(spec.get("resources").and_then(|resources| resources.get(which)));
    for (name, quantity) in own.0 {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            total.0.insert(name, quantity);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn sidecars_run_along_and_starting_takes_the_most() {
        let requests = |cpu: &str| value!({"resources": {"requests": {"cpu": cpu}}});
        let mut sidecar = requests("1");
        sidecar.set(&["restartPolicy"], "Always");
        let spec = value!({
            "initContainers": [requests("2"), sidecar, requests("4")],
            "containers": [requests("1"), requests("500m")]
        });
        let spec = spec.as_map().unwrap();
        assert_eq!(of_pod(spec, "requests").shown(), "cpu=5");
        let mut own = spec.clone();
        own.insert("resources", value!({"requests": {"cpu": "3", "x": "1"}}));
        assert_eq!(of_pod(&own, "requests").shown(), "cpu=3");
    }
}
