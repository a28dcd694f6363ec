//! What a kubelet says at one moment, in the text format of Prometheus.

use std::collections::HashMap;

use jiff::Timestamp;

/// A number and the time, in nanoseconds since 1970, to which it belongs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) at_nanoseconds: i128,
}

/// The points of a container or of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Points {
    /// Seconds of CPU time since the start.
    pub(super) cpu: Option<Point>,
    /// Bytes of memory.
    pub(super) memory: Option<Point>,
}

/// Namespace, pod, container.
pub(super) type ContainerKey = (String, String, String);

/// What a kubelet said.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) node: Points,
    pub(super) containers: HashMap<ContainerKey, Points>,
    /// When it was taken.
    pub(super) taken: Timestamp,
}

impl Sample {
    /// Reads a kubelet's answer; `now` stands in for times that it does not give.
    pub(super) fn parse(text: &str, now: Timestamp) -> Sample {
        let mut sample = Sample { taken: now, ..Sample::default() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, labels, point)) = read_line(line, now) else { continue };
            let points = match name {
                "node_cpu_usage_seconds_total" | "node_memory_working_set_bytes" => &mut sample.node,
                "container_cpu_usage_seconds_total" | "container_memory_working_set_bytes" => {
                    let label = |wanted: &str| {
                        labels
                            .iter()
                            .find(|(name, _)| name == wanted)
                            .map(|(_, value)| value.clone())
                            .unwrap_or_default()
                    };
                    sample.containers.entry((label("namespace"), label("pod"), label("container"))).or_default()
                }
                _ => continue,
            };
            if name.ends_with("_seconds_total") {
                points.cpu = Some(point);
            } else {
                points.memory = Some(point);
            }
        }
        sample
    }
}

type Labels = Vec<(String, String)>;

fn read_line(line: &str, now: Timestamp) -> Option<(&str, Labels, Point)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => read_labels(rest)?,
        None => (Labels::new(), rest),
    };
    let mut words = rest.split_whitespace();
    let value = words.next()?.parse().ok()?;
    let at_nanoseconds = match words.next() {
        Some(milliseconds) => milliseconds.parse::<i128>().ok()? * 1_000_000,
        None => now.as_nanosecond(),
    };
    Some((name, labels, Point { value, at_nanoseconds }))
}

/// Labels, and what follows their closing brace.
fn read_labels(text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next()? {
                (index, '"') => break index,
                (_, '\\') => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.push((name.trim_start_matches([',', ' ']).to_owned(), value));
        rest = after[end + 1..].trim_start_matches(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_kubelets_write() {
        let now = Timestamp::from_second(100).unwrap();
        let text = "# HELP container_cpu_usage_seconds_total x\n\
            container_cpu_usage_seconds_total{container=\"c\",namespace=\"n\",pod=\"a\\\"b\"} 1.5e1 99000\n\
            container_memory_working_set_bytes{container=\"c\",namespace=\"n\",pod=\"a\\\"b\"} 2048 99000\n\
            node_cpu_usage_seconds_total 3\n\
            scrape_error 0\nbroken{\n";
        let sample = Sample::parse(text, now);
        assert_eq!(sample.node.cpu, Some(Point { value: 3.0, at_nanoseconds: 100_000_000_000 }));
        let container = sample.containers[&("n".to_owned(), "a\"b".to_owned(), "c".to_owned())];
        assert_eq!(container.cpu, Some(Point { value: 15.0, at_nanoseconds: 99_000_000_000 }));
        assert_eq!(container.memory.map(|point| point.value), Some(2048.0));
    }
}
