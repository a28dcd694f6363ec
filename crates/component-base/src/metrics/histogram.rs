//! Distributions over fixed buckets.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Metric, Text, number::Float};

/// How often values fell under each of some bounds.
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all.
    buckets: Box<[AtomicU64]>,
    sum: Float,
}

impl Histogram {
    /// Counts `value`.
    pub fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.add(value);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }
}

impl Metric for Histogram {
    const TYPE: &'static str = "histogram";

    fn new(bounds: &'static [f64]) -> Histogram {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, buckets, sum: Float::default() }
    }

    fn write(&self, name: &'static str, labels: &[(&str, &str)], text: &mut Text) {
        let mut count = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            let bound = self.bounds.get(index).map_or_else(|| "+Inf".to_owned(), f64::to_string);
            let mut with_bound = labels.to_vec();
            with_bound.push(("le", &bound));
            text.sample(name, "_bucket", &with_bound, count as f64);
        }
        text.sample(name, "_sum", labels, self.sum.get());
        // The same number as in the last bucket, also while others count.
        text.sample(name, "_count", labels, count as f64);
    }
}
