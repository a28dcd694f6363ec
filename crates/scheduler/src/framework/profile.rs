//! A profile: which plugins take part for pods that name it, with which weights and arguments.

use apimachinery::{Str, Value};

use super::Plugin;
use crate::plugins;

/// How the scores of `NodeResourcesFit` are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// Empty nodes first, with the weight of each resource.
    LeastAllocated(Vec<(Str, i64)>),
    /// Full nodes first, with the weight of each resource.
    MostAllocated(Vec<(Str, i64)>),
}

impl Default for ScoringStrategy {
    fn default() -> ScoringStrategy {
        ScoringStrategy::LeastAllocated(vec![(Str::from_static("cpu"), 1), (Str::from_static("memory"), 1)])
    }
}

/// Arguments of plugins.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// `NodeAffinity`: a `NodeAffinity` that every pod of the profile has beside its own; null for none.
    pub added_affinity: Value,
    /// `InterPodAffinity`: what a required affinity of another pod adds to the score of its node.
    pub hard_pod_affinity_weight: i64,
    /// `InterPodAffinity`: whether preferences of placed pods count only for pods with preferences of their own.
    pub ignores_preferences_of_placed_pods: bool,
    /// `NodeResourcesFit`: how its scores are made.
    pub scoring_strategy: ScoringStrategy,
    /// `PodTopologySpread`: whether pods that bring no constraint are spread over hosts and zones.
    pub spreads_by_default: bool,
    /// `DefaultPreemption`: the share of nodes that is tried at least, in percent.
    pub preemption_candidates_percent: usize,
    /// `DefaultPreemption`: the number of nodes that is tried at least.
    pub preemption_candidates: usize,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments {
            added_affinity: Value::Null,
            hard_pod_affinity_weight: 1,
            ignores_preferences_of_placed_pods: false,
            scoring_strategy: ScoringStrategy::default(),
            spreads_by_default: true,
            preemption_candidates_percent: 10,
            preemption_candidates: 100,
        }
    }
}

/// A profile as it is configured.
#[derive(Clone, Debug)]
pub struct ProfileConfiguration {
    /// The `spec.schedulerName` of the pods that it is for.
    pub scheduler_name: Str,
    /// Plugins that take no part.
    pub disabled: Vec<Str>,
    /// Weights that differ from the defaults.
    pub weights: Vec<(Str, i64)>,
    /// Arguments of plugins.
    pub arguments: Arguments,
}

impl Default for ProfileConfiguration {
    fn default() -> ProfileConfiguration {
        ProfileConfiguration {
            scheduler_name: Str::from_static("default-scheduler"),
            disabled: Vec::new(),
            weights: Vec::new(),
            arguments: Arguments::default(),
        }
    }
}

/// A profile at work.
pub struct Profile {
    /// The `spec.schedulerName` of the pods that it is for.
    pub scheduler_name: Str,
    plugins: Vec<(i64, Box<dyn Plugin>)>,
}

impl Profile {
    /// Makes the plugins.
    pub fn new(configuration: &ProfileConfiguration) -> Profile {
        let enabled = plugins::IN_TREE
            .iter()
            .filter(|descriptor| !configuration.disabled.iter().any(|name| *name == descriptor.name));
        let plugins = enabled.map(|descriptor| {
            let weight = configuration.weights.iter().find(|(name, _)| *name == descriptor.name);
            (weight.map_or(descriptor.weight, |(_, weight)| *weight), (descriptor.make)(&configuration.arguments))
        });
        Profile { scheduler_name: configuration.scheduler_name.clone(), plugins: plugins.collect() }
    }

    /// The plugins in order, with their numbers and weights.
    pub fn plugins(&self) -> impl Iterator<Item = (u8, i64, &dyn Plugin)> {
        // There are fewer than 32 (a test says so).
        self.plugins.iter().enumerate().map(|(number, (weight, plugin))| (number as u8, *weight, plugin.as_ref()))
    }

    /// The plugin with this number.
    pub fn plugin(&self, number: u8) -> &dyn Plugin {
        self.plugins[usize::from(number)].1.as_ref()
    }
}
