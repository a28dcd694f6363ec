//! A metric by the values of its labels.

use std::{cmp::Ordering, marker::PhantomData, sync::Arc};

use parking_lot::RwLock;

use super::{Collector, Counter, Gauge, Histogram, Text};

/// The most series of one family; what comes after them is counted nowhere. Labels have few values: a family
/// that reaches this has a label that it should not have.
pub(super) const SERIES_LIMIT: usize = 10_000;

/// One series.
pub trait Metric: Send + Sync + Sized {
    /// As it is spelled in the text.
    const TYPE: &'static str;

    /// A new one; `bounds` are for histograms.
    fn new(bounds: &'static [f64]) -> Self;

    /// Writes its samples.
    fn write(&self, name: &'static str, labels: &[(&str, &str)], text: &mut Text);
}

/// All series of one name.
pub struct Family<M> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    bounds: &'static [f64],
    /// Sorted by the hash of the labels' values: to find one of hundreds among them is a part of every request.
    series: RwLock<Vec<Series<M>>>,
    metric: PhantomData<M>,
}

struct Series<M> {
    hash: u64,
    values: Box<[Box<str>]>,
    metric: Arc<M>,
}

impl Family<Counter> {
    /// A family of counters.
    pub const fn counter(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Family<Counter> {
        Family::new(name, help, labels, &[])
    }
}

impl Family<Gauge> {
    /// A family of gauges.
    pub const fn gauge(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Family<Gauge> {
        Family::new(name, help, labels, &[])
    }
}

impl Family<Histogram> {
    /// A family of histograms; `bounds` ascend.
    pub const fn histogram(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Family<Histogram> {
        Family::new(name, help, labels, bounds)
    }
}

/// FNV-1a over the values, each with an end.
fn hash(values: &[&str]) -> u64 {
    let bytes = values.iter().flat_map(|value| value.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

impl<M> Series<M> {
    /// Where it stands to the one with these values, whose hash is given.
    fn compare(&self, hash: u64, wanted: &[&str]) -> Ordering {
        let values = || self.values.iter().map(|value| &**value).cmp(wanted.iter().copied());
        self.hash.cmp(&hash).then_with(values)
    }
}

impl<M> Family<M> {
    const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Family<M> {
        Family { name, help, labels, bounds, series: RwLock::new(Vec::new()), metric: PhantomData }
    }
}

impl<M: Metric> Family<M> {
    /// The series with these values, in the order of the labels. Keep it where it is used often.
    pub fn with(&self, values: &[&str]) -> Arc<M> {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        let hash = hash(values);
        let find = |series: &[Series<M>]| series.binary_search_by(|series| series.compare(hash, values));
        {
            let series = self.series.read();
            if let Ok(position) = find(&series) {
                return series[position].metric.clone();
            }
        }
        let mut series = self.series.write();
        match find(&series) {
            Ok(position) => series[position].metric.clone(),
            Err(_) if series.len() >= SERIES_LIMIT => Arc::new(M::new(self.bounds)),
            Err(position) => {
                let values = values.iter().map(|value| Box::from(*value)).collect();
                let metric = Arc::new(M::new(self.bounds));
                series.insert(position, Series { hash, values, metric: metric.clone() });
                metric
            }
        }
    }
}

impl<M: Metric> Collector for Family<M> {
    fn collect(&self, text: &mut Text) {
        let series = self.series.read();
        if series.is_empty() {
            return;
        }
        text.family(self.name, self.help, M::TYPE);
        let mut sorted: Vec<&Series<M>> = series.iter().collect();
        sorted.sort_unstable_by(|one, other| one.values.cmp(&other.values));
        for series in sorted {
            let values = series.values.iter().map(|value| &**value);
            let labels: Vec<(&str, &str)> = self.labels.iter().copied().zip(values).collect();
            series.metric.write(self.name, &labels, text);
        }
    }
}
