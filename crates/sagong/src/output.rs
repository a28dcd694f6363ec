//! How commands print: a table for people, JSON and YAML for programs.

use anyhow::Context;
use apimachinery::{Value, json};

/// A form of output.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Aligned columns.
    Table,
    /// Aligned columns, all of them.
    Wide,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

/// A value as a document; `None` when people read.
pub(crate) fn document(output: Output, value: &Value) -> anyhow::Result<Option<String>> {
    Ok(match output {
        Output::Table | Output::Wide => None,
        Output::Json => Some(String::from_utf8_lossy(&json::to_vec(value)).into_owned() + "\n"),
        Output::Yaml => Some(serde_saphyr::to_string(value).context("cannot write YAML")?),
    })
}

/// Columns as wide as their longest cell; the last has no padding.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("   ").trim_end().to_owned() + "\n"
    };
    let mut text = line(header.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let rows = vec![vec!["kernel".to_owned(), "ok".to_owned()], vec!["x".to_owned(), "missing".to_owned()]];
        assert_eq!(table(&["CHECK", "STATE"], &rows), "CHECK    STATE\nkernel   ok\nx        missing\n");
    }
}
