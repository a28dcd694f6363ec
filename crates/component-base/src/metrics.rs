//! Counters, gauges and histograms with labels.
//!
//! ```
//! use component_base::metrics::{Counter, Family, Registry};
//!
//! static TURNS: Family<Counter> = Family::counter("turns_total", "Turns of the wheel.", &["direction"]);
//!
//! let registry = Registry::new();
//! registry.add(&TURNS);
//! TURNS.with(&["left"]).add(2);
//! assert!(registry.text().contains("turns_total{direction=\"left\"} 2\n"));
//! ```

mod family;
mod histogram;
mod number;
mod process;
mod text;

use std::sync::LazyLock;

use parking_lot::RwLock;

pub use family::{Family, Metric};
pub use histogram::Histogram;
pub use number::{Counter, Gauge};
pub use text::Text;

/// The media type of [`Registry::text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Something that has metrics when it is asked: a [`Family`], or whatever counts its things only then.
pub trait Collector: Send + Sync {
    /// Writes them.
    fn collect(&self, text: &mut Text);
}

impl<C: Collector + ?Sized> Collector for &C {
    fn collect(&self, text: &mut Text) {
        (**self).collect(text);
    }
}

/// What one `/metrics` shows.
#[derive(Default)]
pub struct Registry {
    collectors: RwLock<Vec<Box<dyn Collector>>>,
}

impl Registry {
    /// A registry that shows nothing.
    pub const fn new() -> Registry {
        Registry { collectors: RwLock::new(Vec::new()) }
    }

    /// Shows what `collector` has from now on.
    pub fn add(&self, collector: impl Collector + 'static) {
        self.collectors.write().push(Box::new(collector));
    }

    /// Everything, in the text format. What several collectors say of one name stands together.
    pub fn text(&self) -> String {
        self.text_with(&[])
    }

    /// The same, with what `others` have.
    pub fn text_with(&self, others: &[&dyn Collector]) -> String {
        let mut text = Text::default();
        for collector in self.collectors.read().iter() {
            collector.collect(&mut text);
        }
        others.iter().for_each(|other| other.collect(&mut text));
        text.finish()
    }
}

static PROCESS: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    registry.add(process::Process::new());
    registry
});

/// The registry of this process, which the API server shows. Components add their metrics when they start.
pub fn of_process() -> &'static Registry {
    &PROCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_prometheus() {
        static REQUESTS: Family<Counter> = Family::counter("requests_total", "All\nof \\ them.", &["verb", "path"]);
        static DEPTH: Family<Gauge> = Family::gauge("depth", "How deep.", &[]);
        static TOOK: Family<Histogram> = Family::histogram("took_seconds", "How long.", &["verb"], &[0.005, 0.1, 1.0]);
        let registry = Registry::new();
        registry.add(&REQUESTS);
        registry.add(&TOOK);
        registry.add(&DEPTH);
        REQUESTS.with(&["GET", "a\"b\\c\nd"]).increment();
        REQUESTS.with(&["GET", "/"]).add(2);
        DEPTH.with(&[]).set(-1.5);
        for seconds in [0.001, 0.1, 0.5, 7.0] {
            TOOK.with(&["GET"]).observe(seconds);
        }
        let expected = r#"# HELP depth How deep.
# TYPE depth gauge
depth -1.5
# HELP requests_total All\nof \\ them.
# TYPE requests_total counter
requests_total{verb="GET",path="/"} 2
requests_total{verb="GET",path="a\"b\\c\nd"} 1
# HELP took_seconds How long.
# TYPE took_seconds histogram
took_seconds_bucket{verb="GET",le="0.005"} 1
took_seconds_bucket{verb="GET",le="0.1"} 2
took_seconds_bucket{verb="GET",le="1"} 3
took_seconds_bucket{verb="GET",le="+Inf"} 4
took_seconds_sum{verb="GET"} 7.601
took_seconds_count{verb="GET"} 4
"#;
        assert_eq!(registry.text(), expected);
    }

    #[test]
    fn a_family_is_bounded() {
        static MANY: Family<Counter> = Family::counter("many_total", "Many.", &["of"]);
        for number in 0..family::SERIES_LIMIT + 10 {
            MANY.with(&[&number.to_string()]).increment();
        }
        let mut text = Text::default();
        MANY.collect(&mut text);
        assert_eq!(text.finish().lines().filter(|line| line.starts_with("many_total{")).count(), family::SERIES_LIMIT);
    }

    #[test]
    fn the_process_is_shown() {
        let text = of_process().text();
        for name in [
            "process_cpu_seconds_total",
            "process_max_fds",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
            "process_virtual_memory_bytes",
        ] {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("{name} ")))
                .unwrap_or_else(|| panic!("{name}: {text}"));
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() >= 0.0, "{line}");
        }
    }
}
