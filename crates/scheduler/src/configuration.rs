//! What can be configured.

use std::time::Duration;

use crate::framework::ProfileConfiguration;

/// The configuration of a scheduler.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The profiles; pods whose `spec.schedulerName` none of them has are left to others.
    pub profiles: Vec<ProfileConfiguration>,
    /// How many of the nodes that fit are ranked, in percent; 0 lets the cluster's size decide.
    pub percentage_of_nodes_to_score: usize,
    /// How long a pod waits after its first failure.
    pub pod_initial_backoff: Duration,
    /// The longest that a pod waits between failures.
    pub pod_max_backoff: Duration,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            profiles: vec![ProfileConfiguration::default()],
            percentage_of_nodes_to_score: 0,
            pod_initial_backoff: Duration::from_secs(1),
            pod_max_backoff: Duration::from_secs(10),
        }
    }
}
