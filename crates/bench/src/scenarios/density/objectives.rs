//! The official objectives, from the server's own histograms.

use std::collections::BTreeMap;

use crate::{Bench, Figures, http::Call};

/// How long a pod may take to run, at the 99th percentile.
pub(super) const POD_STARTUP_MILLISECONDS: f64 = 5_000.0;
const METRIC: &str = "apiserver_request_sli_duration_seconds_bucket{";
/// Requests that are meant to be long.
const LONG_RUNNING: [&str; 2] = ["WATCH", "CONNECT"];

/// What is demanded of one kind of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Mutating,
    ReadOne,
    ListNamespace,
    ListCluster,
}

impl Class {
    const ALL: [Class; 4] = [Class::Mutating, Class::ReadOne, Class::ListNamespace, Class::ListCluster];

    fn of(verb: &str, scope: &str) -> Class {
        match (verb, scope) {
            ("LIST", "namespace") => Class::ListNamespace,
            ("LIST", _) => Class::ListCluster,
            ("GET", _) => Class::ReadOne,
            _ => Class::Mutating,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Class::Mutating => "mutating",
            Class::ReadOne => "get",
            Class::ListNamespace => "list_namespace",
            Class::ListCluster => "list_cluster",
        }
    }

    fn limit_seconds(self) -> f64 {
        match self {
            Class::Mutating | Class::ReadOne => 1.0,
            Class::ListNamespace => 5.0,
            Class::ListCluster => 30.0,
        }
    }
}

/// One group of calls: resource, subresource, verb, scope.
type Group = [String; 4];

/// Counts of calls by group: cumulative, by upper bound in microseconds (the last is without bound).
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<Group, BTreeMap<u64, f64>>);

fn label<'t>(labels: &'t str, name: &str) -> &'t str {
    let start = labels.find(&format!("{name}=\"")).map(|at| at + name.len() + 2);
    start.and_then(|start| labels[start..].split('"').next()).unwrap_or_default()
}

impl Calls {
    /// As the server counts them now.
    pub(super) async fn read(bench: &Bench) -> anyhow::Result<Calls> {
        let bytes = bench.connect().await?.fetch(&Call { accept: "text/plain", ..Call::get("/metrics") }).await?;
        Ok(Calls::parse(&String::from_utf8_lossy(&bytes)))
    }

    fn parse(text: &str) -> Calls {
        let mut calls = Calls::default();
        for line in text.lines() {
            let Some((labels, count)) = line.strip_prefix(METRIC).and_then(|rest| rest.rsplit_once("} ")) else {
                continue;
            };
            let verb = label(labels, "verb");
            if LONG_RUNNING.contains(&verb) || label(labels, "resource").is_empty() {
                continue;
            }
            let group = ["resource", "subresource", "verb", "scope"].map(|name| label(labels, name).to_owned());
            let bound = label(labels, "le").parse::<f64>().ok().filter(|bound| bound.is_finite());
            let bound = bound.map_or(u64::MAX, |seconds| (seconds * 1e6) as u64);
            let Ok(count) = count.parse::<f64>() else { continue };
            // Versions and groups of one resource count together, as ClusterLoader2 counts them.
            *calls.0.entry(group).or_default().entry(bound).or_default() += count;
        }
        calls
    }

    /// What came after `before`.
    pub(super) fn since(mut self, before: &Calls) -> Calls {
        for (group, buckets) in &mut self.0 {
            for (bound, count) in buckets {
                *count -= before.0.get(group).and_then(|old| old.get(bound)).copied().unwrap_or_default();
            }
        }
        self
    }

    /// Adds the 99th percentile of the slowest group of each class, and whether all are within their limits.
    pub(super) fn judge(&self, mut figures: Figures) -> Figures {
        // What was not counted proves nothing.
        let mut met = self.0.values().any(|buckets| quantile(buckets, 0.99).is_some());
        if !met {
            println!("  the server counted no calls in apiserver_request_sli_duration_seconds");
        }
        for class in Class::ALL {
            let of_class = self.0.iter().filter(|([_, _, verb, scope], _)| Class::of(verb, scope) == class);
            let slowest = of_class
                .filter_map(|(group, buckets)| Some((quantile(buckets, 0.99)?, group)))
                .max_by(|one, other| one.0.total_cmp(&other.0));
            let Some((seconds, [resource, subresource, verb, scope])) = slowest else { continue };
            if seconds > class.limit_seconds() {
                met = false;
                println!(
                    "  {verb} {resource}/{subresource} ({scope}): p99 {seconds:.2} s, beyond {} s",
                    class.limit_seconds()
                );
            }
            figures = figures.with(&format!("api_{}_p99_milliseconds", class.name()), seconds * 1e3);
        }
        figures.with("api_slo_met", f64::from(u8::from(met)))
    }
}

/// As Prometheus' `histogram_quantile`: linear within a bucket, the last finite bound beyond it.
fn quantile(buckets: &BTreeMap<u64, f64>, part: f64) -> Option<f64> {
    let total = *buckets.last_key_value()?.1;
    if total <= 0.0 {
        return None;
    }
    let wanted = total * part;
    let (mut below, mut count_below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *bound == u64::MAX {
            return Some(below);
        }
        let bound = *bound as f64 / 1e6;
        if *count >= wanted {
            let share = if *count > count_below { (wanted - count_below) / (count - count_below) } else { 1.0 };
            return Some(below + (bound - below) * share);
        }
        (below, count_below) = (bound, *count);
    }
    Some(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(fast: u32, slow: u32) -> String {
        let line = |verb: &str, scope: &str, bound: &str, count: u32| {
            format!(
                "apiserver_request_sli_duration_seconds_bucket{{verb=\"{verb}\",group=\"\",version=\"v1\",\
                 resource=\"pods\",subresource=\"\",scope=\"{scope}\",component=\"apiserver\",le=\"{bound}\"}} {count}\n"
            )
        };
        ["0.05", "2", "+Inf"].iter().zip([fast, fast + slow, fast + slow]).fold(
            String::new(),
            |text, (bound, count)| {
                text + &line("POST", "resource", bound, count) + &line("WATCH", "cluster", bound, count * 1000)
            },
        )
    }

    #[test]
    fn only_what_came_meanwhile_counts() {
        let before = Calls::parse(&text(0, 500));
        let judged = |fast, slow: u32| {
            let figures = Calls::parse(&text(fast, 500 + slow)).since(&before).judge(Figures::default());
            (figures.named["api_mutating_p99_milliseconds"].round(), figures.named["api_slo_met"])
        };
        assert_eq!(judged(100, 0), (50.0, 1.0));
        assert_eq!(judged(90, 10), (1805.0, 0.0));
        assert_eq!(Calls::default().judge(Figures::default()).named["api_slo_met"], 0.0, "nothing was counted");
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let buckets = BTreeMap::from([(50_000, 50.0), (100_000, 90.0), (u64::MAX, 100.0)]);
        let milliseconds = |part| quantile(&buckets, part).map(|seconds| (seconds * 1e3).round());
        assert_eq!(milliseconds(0.5), Some(50.0));
        assert_eq!(milliseconds(0.7), Some(75.0));
        assert_eq!(milliseconds(0.99), Some(100.0), "beyond the last bound");
        assert_eq!(quantile(&BTreeMap::from([(u64::MAX, 0.0)]), 0.5), None);
    }
}
