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
    /// Sorted by the values of the labels.
    series: RwLock<Vec<Series<M>>>,
    metric: PhantomData<M>,
}

struct Series<M> {
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

fn compare(values: &[Box<str>], wanted: &[&str]) -> Ordering {
    values.iter().map(|value| &**value).cmp(wanted.iter().copied())
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
        let find = |series: &[Series<M>]| series.binary_search_by(|series| compare(&series.values, values));
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
                series.insert(position, Series { values, metric: metric.clone() });
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
        for series in series.iter() {
            let values = series.values.iter().map(|value| &**value);
            let labels: Vec<(&str, &str)> = self.labels.iter().copied().zip(values).collect();
            series.metric.write(self.name, &labels, text);
        }
    }
}
