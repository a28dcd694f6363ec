//! The text format of Prometheus, version 0.0.4.

use std::{collections::BTreeMap, fmt::Write};

struct Block {
    head: String,
    samples: String,
}

/// Metrics on their way to whoever scrapes them.
#[derive(Default)]
pub struct Text {
    families: BTreeMap<&'static str, Block>,
}

fn escape_into(out: &mut String, text: &str, quotes: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

impl Text {
    /// Says what a name means; its samples follow. `metric_type` is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &'static str, help: &str, metric_type: &str) {
        self.families.entry(name).or_insert_with(|| {
            let mut head = format!("# HELP {name} ");
            escape_into(&mut head, help, false);
            let _ = write!(head, "\n# TYPE {name} {metric_type}\n");
            Block { head, samples: String::new() }
        });
    }

    /// A sample of a family that was named before; `suffix` is for the parts of histograms.
    pub fn sample(&mut self, name: &'static str, suffix: &str, labels: &[(&str, &str)], value: f64) {
        let Some(block) = self.families.get_mut(name) else { return };
        let out = &mut block.samples;
        out.push_str(name);
        out.push_str(suffix);
        for (index, (label, value)) in labels.iter().enumerate() {
            out.push(if index == 0 { '{' } else { ',' });
            out.push_str(label);
            out.push_str("=\"");
            escape_into(out, value, true);
            out.push('"');
        }
        if !labels.is_empty() {
            out.push('}');
        }
        // Writing into a string does not fail.
        let _ = match value {
            value if value == f64::INFINITY => writeln!(out, " +Inf"),
            value if value == f64::NEG_INFINITY => writeln!(out, " -Inf"),
            value => writeln!(out, " {value}"),
        };
    }

    pub(super) fn finish(self) -> String {
        let mut out = String::new();
        for block in self.families.into_values() {
            out.push_str(&block.head);
            out.push_str(&block.samples);
        }
        out
    }
}
