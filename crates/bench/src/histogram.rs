//! Latencies, countable by the million and mergeable.

use std::time::Duration;

/// Each power of two is cut into this many buckets, so that a value is off by less than one percent.
const BUCKETS_PER_OCTAVE_LOG2: u32 = 7;
const BUCKETS_PER_OCTAVE: u64 = 1 << BUCKETS_PER_OCTAVE_LOG2;
/// Microseconds up to 2^40: twelve days.
const BUCKETS: usize = (40 - BUCKETS_PER_OCTAVE_LOG2 as usize + 1) * BUCKETS_PER_OCTAVE as usize;

/// Counts of microseconds in logarithmic buckets.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0, longest: 0 }
    }
}

fn bucket(microseconds: u64) -> usize {
    if microseconds < BUCKETS_PER_OCTAVE {
        return microseconds as usize;
    }
    let shift = microseconds.ilog2() - BUCKETS_PER_OCTAVE_LOG2;
    let octave = u64::from(shift) + 1;
    let within = (microseconds >> shift) - BUCKETS_PER_OCTAVE;
    ((octave * BUCKETS_PER_OCTAVE + within) as usize).min(BUCKETS - 1)
}

/// The least value of a bucket.
fn floor(bucket: usize) -> u64 {
    let (octave, within) = (bucket as u64 / BUCKETS_PER_OCTAVE, bucket as u64 % BUCKETS_PER_OCTAVE);
    if octave == 0 { within } else { (BUCKETS_PER_OCTAVE + within) << (octave - 1) }
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        let microseconds = duration.as_micros() as u64;
        self.counts[bucket(microseconds)] += 1;
        self.total += 1;
        self.longest = self.longest.max(microseconds);
    }

    /// Counts what another counted.
    pub fn merge(&mut self, other: &Histogram) {
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own += others;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest, in microseconds.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// The microseconds below which this part (0 to 1) of all lies.
    pub fn quantile(&self, part: f64) -> u64 {
        let wanted = ((self.total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return floor(bucket).min(self.longest);
            }
        }
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_percent() {
        let mut histogram = Histogram::default();
        for microseconds in 1..=100_000u64 {
            histogram.record(Duration::from_micros(microseconds));
        }
        for (part, exact) in [(0.5, 50_000.0), (0.9, 90_000.0), (0.99, 99_000.0), (1.0, 100_000.0)] {
            let found = histogram.quantile(part) as f64;
            assert!((found - exact).abs() / exact < 0.01, "{part}: {found} instead of {exact}");
        }
        assert_eq!(histogram.longest(), 100_000);
    }

    #[test]
    fn merging_is_counting_together() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        one.record(Duration::from_micros(5));
        other.record(Duration::from_secs(3));
        one.merge(&other);
        assert_eq!((one.count(), one.quantile(0.5), one.longest()), (2, 5, 3_000_000));
    }

    #[test]
    fn every_bucket_begins_in_itself() {
        for number in 0..BUCKETS {
            assert_eq!(bucket(floor(number)), number);
        }
    }
}
