//! What was used between two samples.

use std::collections::HashMap;

use apimachinery::{Value, value};
use jiff::Timestamp;

use super::sample::{ContainerKey, Points, Sample};

/// What something uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    cpu_nanocores: u64,
    memory_bytes: u64,
}

impl Usage {
    /// The use between two points; `None` when the counter is not there twice, or began anew.
    fn between(first: &Points, second: &Points) -> Option<Usage> {
        let (before, after) = (first.cpu?, second.cpu?);
        let nanoseconds = after.at_nanoseconds - before.at_nanoseconds;
        if nanoseconds <= 0 || after.value < before.value {
            return None;
        }
        let seconds = nanoseconds as f64 / 1e9;
        Some(Usage {
            cpu_nanocores: ((after.value - before.value) / seconds * 1e9).round() as u64,
            memory_bytes: second.memory?.value as u64,
        })
    }

    pub(super) fn cpu(&self) -> String {
        match self.cpu_nanocores {
            0 => "0".to_owned(),
            nanocores => format!("{nanocores}n"),
        }
    }

    pub(super) fn memory(&self) -> String {
        match self.memory_bytes / 1024 {
            0 => self.memory_bytes.to_string(),
            kibibytes => format!("{kibibytes}Ki"),
        }
    }

    pub(super) fn to_value(self) -> Value {
        value!({"cpu": self.cpu(), "memory": self.memory()})
    }
}

/// The sum of `usage` maps, as [`Usage::to_value`] makes them.
pub(super) fn sum<'v>(usages: impl Iterator<Item = &'v Value>) -> Usage {
    let number = |usage: &Value, name: &str, suffix: &str, scale: u64| {
        let text = usage.str_at(&[name]).unwrap_or_default();
        match text.strip_suffix(suffix) {
            Some(digits) => digits.parse::<u64>().unwrap_or_default() * scale,
            None => text.parse().unwrap_or_default(),
        }
    };
    usages.fold(Usage::default(), |total, usage| Usage {
        cpu_nanocores: total.cpu_nanocores + number(usage, "cpu", "n", 1),
        memory_bytes: total.memory_bytes + number(usage, "memory", "Ki", 1024),
    })
}

/// What a node and its containers used over some time.
#[derive(Debug)]
pub(super) struct Window {
    begin: Timestamp,
    end: Timestamp,
    node: Option<Usage>,
    containers: HashMap<ContainerKey, Usage>,
}

impl Window {
    pub(super) fn between(first: &Sample, second: &Sample) -> Window {
        let of_container = |(key, points): (&ContainerKey, &Points)| {
            Some((key.clone(), Usage::between(first.containers.get(key)?, points)?))
        };
        Window {
            begin: first.taken,
            end: second.taken,
            node: Usage::between(&first.node, &second.node),
            containers: second.containers.iter().filter_map(of_container).collect(),
        }
    }

    pub(super) fn end(&self) -> Timestamp {
        self.end
    }

    pub(super) fn nanoseconds(&self) -> i64 {
        let length = self.end.as_nanosecond() - self.begin.as_nanosecond();
        // Milliseconds are precise enough, and shorter.
        i64::try_from(length / 1_000_000 * 1_000_000).unwrap_or(i64::MAX)
    }

    pub(super) fn node(&self) -> Option<Usage> {
        self.node
    }

    pub(super) fn container(&self, namespace: &str, pod: &str, container: &str) -> Option<Usage> {
        self.containers.get(&(namespace.to_owned(), pod.to_owned(), container.to_owned())).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: i64, cpu: &str) -> Sample {
        let text = format!(
            "node_cpu_usage_seconds_total {cpu}\nnode_memory_working_set_bytes 2048\n\
             container_cpu_usage_seconds_total{{container=\"c\",namespace=\"n\",pod=\"p\"}} {cpu}\n\
             container_memory_working_set_bytes{{container=\"c\",namespace=\"n\",pod=\"p\"}} 512\n"
        );
        Sample::parse(&text, Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_rate_needs_two_samples_of_one_run() {
        let window = Window::between(&sample(10, "1.0"), &sample(12, "1.5"));
        assert_eq!(window.node().unwrap().to_value(), value!({"cpu": "250000000n", "memory": "2Ki"}));
        assert_eq!(window.container("n", "p", "c").unwrap().to_value(), value!({"cpu": "250000000n", "memory": "512"}));
        assert_eq!(window.nanoseconds(), 2_000_000_000);
        assert_eq!(window.container("n", "p", "d"), None);
        let restarted = Window::between(&sample(10, "1.0"), &sample(12, "0.5"));
        assert_eq!(restarted.container("n", "p", "c"), None);
        let first = Window::between(&Sample::default(), &sample(12, "0.5"));
        assert!(first.node().is_none() && first.container("n", "p", "c").is_none());
    }

    #[test]
    fn containers_add_up() {
        let one = value!({"cpu": "250000000n", "memory": "2Ki"});
        let total = sum([&one, &one].into_iter());
        assert_eq!(total.to_value(), value!({"cpu": "500000000n", "memory": "4Ki"}));
    }
}
