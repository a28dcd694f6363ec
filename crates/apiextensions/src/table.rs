//! `additionalPrinterColumns` as the table of a custom resource.

use apimachinery::{Object, Value, json};
use apiserver::{Column, TableConvertor};

/// Name, the definition's columns, and age where it names none.
pub(crate) struct PrinterColumns {
    columns: Vec<(Column, Vec<Step>)>,
}

/// A step of the JSON path subset that printer columns use.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    /// `[*]`
    Every,
    /// `[?(@.key=="text")]`
    Where(String, String),
}

/// Reads `.spec.list[0].name`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels.a\.b`.
fn parse(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            let mut key = String::new();
            let mut characters = tail.char_indices();
            let mut end = tail.len();
            while let Some((index, character)) = characters.next() {
                match character {
                    '\\' => key.extend(characters.next().map(|(_, escaped)| escaped)),
                    '.' | '[' => {
                        end = index;
                        break;
                    }
                    other => key.push(other),
                }
            }
            if !key.is_empty() {
                steps.push(Step::Key(key));
            }
            rest = &tail[end..];
        } else {
            let inner = rest.strip_prefix('[')?;
            let close = inner.find(']')?;
            let (inside, tail) = (&inner[..close], &inner[close + 1..]);
            steps.push(parse_bracket(inside)?);
            rest = tail;
        }
    }
    Some(steps)
}

fn parse_bracket(inside: &str) -> Option<Step> {
    if inside == "*" {
        return Some(Step::Every);
    }
    if let Some(condition) = inside.strip_prefix("?(@.").and_then(|text| text.strip_suffix(')')) {
        let (key, text) = condition.split_once("==")?;
        return Some(Step::Where(key.trim().to_owned(), text.trim().trim_matches(['"', '\'']).to_owned()));
    }
    if let Ok(index) = inside.parse() {
        return Some(Step::Index(index));
    }
    Some(Step::Key(inside.trim_matches(['"', '\'']).to_owned()))
}

fn find<'v>(value: &'v Value, steps: &[Step]) -> Vec<&'v Value> {
    steps.iter().fold(vec![value], |found, step| {
        found
            .into_iter()
            .flat_map(|value| -> Vec<&'v Value> {
                match (step, value) {
                    (Step::Key(key), Value::Map(map)) => map.get(key).into_iter().collect(),
                    (Step::Index(index), Value::List(list)) => list.get(*index).into_iter().collect(),
                    (Step::Every, Value::List(list)) => list.iter().collect(),
                    (Step::Where(key, text), Value::List(list)) => {
                        list.iter().filter(|item| item.str_at(&[key]) == Some(text)).collect()
                    }
                    _ => Vec::new(),
                }
            })
            .collect()
    })
}

impl PrinterColumns {
    /// The columns of a definition's version.
    pub(crate) fn of(version: &Value) -> PrinterColumns {
        let text = |column: &Value, field: &str| column.str_at(&[field]).unwrap_or_default().to_owned();
        let named = version.list_at(&["additionalPrinterColumns"]).iter().filter_map(|column| {
            let steps = parse(&text(column, "jsonPath"))?;
            let mut shown = Column::new(text(column, "name"), "string", 0);
            shown.column_type = text(column, "type").into();
            shown.format = text(column, "format").into();
            shown.description = text(column, "description").into();
            shown.priority = column.i64_at(&["priority"]).unwrap_or_default() as i32;
            Some((shown, steps))
        });
        let mut columns: Vec<_> = named.collect();
        if version.list_at(&["additionalPrinterColumns"]).is_empty() {
            let steps = parse(".metadata.creationTimestamp").unwrap_or_default();
            columns.push((Column::new("Age", "date", 0), steps));
        }
        PrinterColumns { columns }
    }
}

impl TableConvertor for PrinterColumns {
    fn columns(&self) -> Vec<Column> {
        let own = self.columns.iter().map(|(column, _)| column.clone());
        std::iter::once(Column::new("Name", "string", 0)).chain(own).collect()
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        let own = self.columns.iter().map(|(column, steps)| {
            let found = find(&object.0, steps);
            match (column.column_type.as_str(), found.as_slice()) {
                (_, []) => Value::Null,
                ("integer" | "number" | "boolean", [only]) => (*only).clone(),
                ("date", [Value::String(time)]) => age(time),
                (_, [Value::String(text)]) => Value::String(text.clone()),
                (_, several) => {
                    let shown = several.iter().map(|value| match value {
                        Value::String(text) => text.to_string(),
                        other => String::from_utf8_lossy(&json::to_vec(other)).into_owned(),
                    });
                    Value::from(shown.collect::<Vec<_>>().join(" "))
                }
            }
        });
        std::iter::once(Value::from(object.name())).chain(own).collect()
    }
}

/// How long ago, in upstream's short form.
fn age(time: &str) -> Value {
    let Some(then) = apimachinery::time::parse(time) else { return Value::from("<invalid>") };
    let seconds = stdx::clock::now().duration_since(then).as_secs();
    Value::from(apimachinery::time::human_duration(seconds))
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn paths() {
        let object = value!({
            "metadata": {"labels": {"a.b/c": "x"}},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}], "n": [1, 2]}
        });
        let check = |path: &str, expected: &[Value]| {
            let found: Vec<Value> = find(&object, &parse(path).unwrap()).into_iter().cloned().collect();
            assert_eq!(found, expected, "{path}");
        };
        check(r".metadata.labels.a\.b/c", &[value!("x")]);
        check(r#".status.conditions[?(@.type=="Ready")].status"#, &[value!("True")]);
        check(".status.n[1]", &[value!(2)]);
        check(".status.n[*]", &[value!(1), value!(2)]);
        check(".spec.absent", &[]);
    }
}
