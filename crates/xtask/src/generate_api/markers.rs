//! Comments above Go declarations: `+markers`, and the prose that becomes the published description.

use anyhow::{Result, bail};

use super::model::KindModel;

/// The `+name=value` lines of a comment.
pub(crate) struct Markers(Vec<(String, String)>);

impl Markers {
    pub(crate) fn read(comment: &[String]) -> Markers {
        let lines = comment.iter().filter_map(|line| line.trim().strip_prefix('+'));
        Markers(
            lines
                .map(|line| {
                    let (name, value) = line.split_once('=').unwrap_or((line, ""));
                    (name.trim().to_owned(), value.trim().to_owned())
                })
                .collect(),
        )
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(marker, _)| marker == name).map(|(_, value)| value.as_str())
    }

    /// Whether `+name=value` stands there.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|found| found == value)
    }

    /// Whether the marker stands there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// Whether OpenAPI lists the field as required.
    pub(crate) fn required(&self, omit_empty: bool) -> bool {
        if self.has("required") || self.has("k8s:required") {
            return true;
        }
        !(self.has("optional") || self.has("k8s:optional") || omit_empty)
    }

    /// How server-side apply merges the field: `set`, `map(keys)`, `atomic`, `granular`.
    pub(crate) fn merge_facts(&self, kind: &KindModel) -> Option<String> {
        let list_type = self.values("listType").next().or(self.values("k8s:listType").next());
        match list_type {
            Some("map") => {
                let mut keys: Vec<&str> = self.values("listMapKey").collect();
                if keys.is_empty() {
                    keys = self.values("k8s:listMapKey").collect();
                }
                return Some(format!("map({})", keys.join(",")));
            }
            Some("set") => return Some("set".to_owned()),
            Some("atomic") => return Some("atomic".to_owned()),
            _ => {}
        }
        let one = self.is("mapType", "atomic") || self.is("structType", "atomic");
        let parts = self.is("mapType", "granular") || self.is("structType", "granular");
        match kind {
            KindModel::List(_) => None,
            _ if one => Some("atomic".to_owned()),
            _ if parts => Some("granular".to_owned()),
            _ => None,
        }
    }

    /// The `+default` as compact JSON; `constant` looks up `ref(Name)`.
    pub(crate) fn default(&self, constant: impl Fn(&str) -> Option<String>) -> Result<Option<String>> {
        let Some(text) = self.values("default").next() else { return Ok(None) };
        let value = match text.strip_prefix("ref(").and_then(|rest| rest.strip_suffix(')')) {
            Some(name) => match constant(name) {
                Some(value) => serde_json::Value::String(value),
                None => bail!("default refers to the unknown constant {name}"),
            },
            None => serde_json::from_str(text)?,
        };
        Ok(Some(value.to_string()))
    }
}

/// The prose of a comment as upstream's generator publishes it: lines joined, markers and notes to
/// developers dropped, indented lines kept apart.
pub(crate) fn describe(comment: &[String]) -> String {
    let mut text = String::new();
    for line in comment {
        let line = line.trim_end_matches(' ');
        let content = line.trim_start_matches(' ');
        if line == "---" {
            break;
        } else if line.is_empty() {
            text.pop();
            text.push_str("\n\n");
        } else if content.starts_with("TODO") || content.starts_with('+') {
            continue;
        } else if line.starts_with([' ', '\t']) {
            text.pop();
            text.push('\n');
            text.push_str(line);
            text.push('\n');
        } else {
            text.push_str(line);
            text.push(' ');
        }
    }
    text.trim_matches('\n').trim_matches(' ').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn prose_is_joined_and_markers_dropped() {
        let comment = lines("The name.\nMust be unique.\n\nMore:\n  one\n+optional\n---\nfor us");
        assert_eq!(describe(&comment), "The name. Must be unique.\n\nMore:\n  one");
    }

    #[test]
    fn markers_have_values() {
        let markers = Markers::read(&lines("+listType=map\n+listMapKey=a\n+listMapKey=b\n+default=ref(X)"));
        let list = KindModel::List(Box::new(KindModel::Plain("string")));
        assert_eq!(markers.merge_facts(&list).as_deref(), Some("map(a,b)"));
        assert_eq!(markers.default(|_| Some("v".to_owned())).unwrap().as_deref(), Some("\"v\""));
        assert!(markers.required(false));
    }
}
