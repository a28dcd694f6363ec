//! What every component shows of itself to whoever watches over it: metrics in the text format of Prometheus.
//!
//! It never knows an API type, opens no socket and keeps no history. Start reading at [`metrics`]: a metric is
//! a `static`, a component adds its metrics to a [`metrics::Registry`], and whoever serves `/metrics` asks the
//! registry for its text. Upstream's counterpart is `k8s.io/component-base`.

pub mod metrics;
