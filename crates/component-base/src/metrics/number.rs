//! Counters and gauges.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Metric, Text};

/// A number with a fraction that several threads change.
#[derive(Default)]
pub(super) struct Float(AtomicU64);

impl Float {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, value: f64) {
        // The closure always answers with a value, so this cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| Some((f64::from_bits(bits) + value).to_bits()));
    }
}

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Metric for Counter {
    const TYPE: &'static str = "counter";

    fn new(_: &'static [f64]) -> Counter {
        Counter::default()
    }

    fn write(&self, name: &'static str, labels: &[(&str, &str)], text: &mut Text) {
        text.sample(name, "", labels, self.get() as f64);
    }
}

/// A number that comes and goes.
#[derive(Default)]
pub struct Gauge(Float);

impl Gauge {
    /// Replaces the number.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds `value`, which may be negative.
    pub fn add(&self, value: f64) {
        self.0.add(value);
    }

    /// The number now.
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

impl Metric for Gauge {
    const TYPE: &'static str = "gauge";

    fn new(_: &'static [f64]) -> Gauge {
        Gauge::default()
    }

    fn write(&self, name: &'static str, labels: &[(&str, &str)], text: &mut Text) {
        text.sample(name, "", labels, self.get());
    }
}
