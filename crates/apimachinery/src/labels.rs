//! Label selectors: upstream's query syntax and `metav1.LabelSelector`.

use stdx::Str;

use crate::{Map, Value, names};

/// A conjunction of requirements; the empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    nothing: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: Str,
    operator: Operator,
    values: Vec<Str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// Why a selector could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub String);

impl Selector {
    /// Selects everything.
    pub fn everything() -> Selector {
        Selector::default()
    }

    /// Selects nothing.
    pub fn nothing() -> Selector {
        Selector { nothing: true, ..Selector::default() }
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    /// Every pair of `labels` must be there.
    pub fn from_set(labels: &Map) -> Selector {
        let requirements = labels
            .iter()
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: vec![value.as_str().unwrap_or_default().into()],
            })
            .collect();
        Selector { requirements, nothing: false }
    }

    /// Reads a `metav1.LabelSelector`: absent selects nothing, empty selects everything.
    pub fn from_label_selector(selector: Option<&Value>) -> Result<Selector, SelectorError> {
        let Some(selector) = selector.filter(|selector| !selector.is_null()) else { return Ok(Selector::nothing()) };
        let mut parsed = selector.map_at(&["matchLabels"]).map(Selector::from_set).unwrap_or_default();
        for expression in selector.list_at(&["matchExpressions"]) {
            let operator = match expression.str_at(&["operator"]).unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(SelectorError(format!("{other:?} is not a valid label selector operator"))),
            };
            parsed.requirements.push(Requirement {
                key: expression.str_at(&["key"]).unwrap_or_default().into(),
                operator,
                values: expression.list_at(&["values"]).iter().filter_map(Value::as_str).map(Str::from).collect(),
            });
        }
        Ok(parsed)
    }

    /// Reads the query syntax: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        let mut parser = Parser { rest: text.trim(), whole: text };
        let mut requirements = Vec::new();
        while !parser.rest.is_empty() {
            requirements.push(parser.requirement()?);
            match parser.rest.strip_prefix(',') {
                Some(rest) if !rest.trim().is_empty() => parser.rest = rest.trim_start(),
                Some(_) => return Err(parser.error("found '', expected: identifier after ','")),
                None if parser.rest.is_empty() => {}
                None => return Err(parser.error(&format!("found '{}', expected: ',' or 'end of string'", parser.rest))),
            }
        }
        Ok(Selector { requirements, nothing: false })
    }

    /// Whether `labels` satisfy every requirement.
    pub fn matches(&self, labels: &Map) -> bool {
        !self.nothing && self.requirements.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &Map) -> bool {
        let value = labels.str_at(&self.key);
        let listed = |value: &str| self.values.iter().any(|candidate| *candidate == value);
        let number = |text: &str| text.parse::<i64>().ok();
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan | Operator::LessThan => {
                match (value.and_then(number), self.values.first().and_then(|bound| number(bound))) {
                    (Some(value), Some(bound)) if self.operator == Operator::GreaterThan => value > bound,
                    (Some(value), Some(bound)) => value < bound,
                    _ => false,
                }
            }
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            let (key, values) = (&requirement.key, requirement.values.join(","));
            match requirement.operator {
                Operator::In if requirement.values.len() == 1 => write!(formatter, "{key}={values}")?,
                Operator::In => write!(formatter, "{key} in ({values})")?,
                Operator::NotIn => write!(formatter, "{key} notin ({values})")?,
                Operator::Exists => write!(formatter, "{key}")?,
                Operator::DoesNotExist => write!(formatter, "!{key}")?,
                Operator::GreaterThan => write!(formatter, "{key}>{values}")?,
                Operator::LessThan => write!(formatter, "{key}<{values}")?,
            }
        }
        Ok(())
    }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl<'a> Parser<'a> {
    fn error(&self, problem: &str) -> SelectorError {
        SelectorError(format!("unable to parse requirement: {problem} in {:?}", self.whole))
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| c.is_whitespace() || "=!<>(),".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn key(&mut self) -> Result<Str, SelectorError> {
        let key = self.word();
        match names::qualified_name(key).first() {
            None => Ok(key.into()),
            Some(problem) => {
                Err(SelectorError(format!("unable to parse requirement: <nil>: Invalid value: {key:?}: {problem}")))
            }
        }
    }

    fn value(&mut self) -> Result<Str, SelectorError> {
        let value = self.word();
        match names::label_value(value).first() {
            None => Ok(value.into()),
            Some(problem) => {
                Err(SelectorError(format!("unable to parse requirement: <nil>: Invalid value: {value:?}: {problem}")))
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        if let Some(rest) = self.rest.strip_prefix('!') {
            self.rest = rest.trim_start();
            return Ok(Requirement { key: self.key()?, operator: Operator::DoesNotExist, values: Vec::new() });
        }
        let key = self.key()?;
        for (sign, operator) in [
            ("==", Operator::In),
            ("!=", Operator::NotIn),
            ("=", Operator::In),
            (">", Operator::GreaterThan),
            ("<", Operator::LessThan),
        ] {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest.trim_start();
                let value = self.value()?;
                if matches!(operator, Operator::GreaterThan | Operator::LessThan) && value.parse::<i64>().is_err() {
                    return Err(self.error("for 'Gt', 'Lt' operators, the value must be an integer"));
                }
                return Ok(Requirement { key, operator, values: vec![value] });
            }
        }
        if self.rest.is_empty() || self.rest.starts_with(',') {
            return Ok(Requirement { key, operator: Operator::Exists, values: Vec::new() });
        }
        let operator = match self.word() {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            other => {
                return Err(self.error(&format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")));
            }
        };
        let Some(rest) = self.rest.strip_prefix('(') else { return Err(self.error("expected: '('")) };
        self.rest = rest.trim_start();
        let mut values = Vec::new();
        loop {
            values.push(self.value()?);
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest.trim_start();
            } else if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest.trim_start();
                return Ok(Requirement { key, operator, values });
            } else {
                return Err(self.error("expected: ',' or ')'"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn selects_as_upstream() {
        let labels = value!({"app": "web", "tier": "front", "n": "5"});
        let labels = labels.as_map().unwrap();
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app == web,tier!=back", true),
            ("app in (db, web),n>4", true),
            ("app notin (db)", true),
            ("missing notin (db)", true),
            ("!missing,tier", true),
            ("missing", false),
            ("n<5", false),
            ("app!=web", false),
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(labels), expected, "{text}");
            assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector, "{text}");
        }
        for text in ["a=b,", "a in b", "=x", "a in (", "x y", "n>a", "-a"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn label_selectors() {
        let selector =
            value!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]});
        let selector = Selector::from_label_selector(Some(&selector)).unwrap();
        assert!(selector.matches(value!({"a": "b"}).as_map().unwrap()));
        assert!(!selector.matches(value!({"a": "b", "c": ""}).as_map().unwrap()));
        assert!(!Selector::from_label_selector(None).unwrap().matches(&Map::new()));
        assert!(Selector::from_label_selector(Some(&value!({}))).unwrap().matches(&Map::new()));
    }
}
