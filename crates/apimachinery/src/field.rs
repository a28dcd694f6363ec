//! Errors of validation, each with the path of its field: upstream's `field.ErrorList`.

use std::fmt;

use crate::{Value, json};

/// Where in an object something is: `spec.containers[0].name`, `metadata.labels[key]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The object itself.
    pub fn root() -> Path {
        Path::default()
    }

    /// A path that starts with `name`, which may hold several segments.
    pub fn new(name: impl Into<String>) -> Path {
        Path(name.into())
    }

    /// The field `name` under this path.
    pub fn child(&self, name: &str) -> Path {
        if self.0.is_empty() { Path(name.to_owned()) } else { Path(format!("{}.{name}", self.0)) }
    }

    /// The list item at `index`.
    pub fn index(&self, index: usize) -> Path {
        Path(format!("{}[{index}]", self.0))
    }

    /// The map entry at `key`.
    pub fn key(&self, key: &str) -> Path {
        Path(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

/// The class of an error; clients see its name as the cause's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// `FieldValueRequired`
    Required,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueForbidden`
    Forbidden,
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueNotFound`
    NotFound,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
    /// `FieldValueTypeInvalid`
    TypeInvalid,
}

impl ErrorType {
    /// The reason in `Status.details.causes`.
    pub fn reason(self) -> &'static str {
        match self {
            ErrorType::Required => "FieldValueRequired",
            ErrorType::Invalid => "FieldValueInvalid",
            ErrorType::NotSupported => "FieldValueNotSupported",
            ErrorType::Forbidden => "FieldValueForbidden",
            ErrorType::Duplicate => "FieldValueDuplicate",
            ErrorType::NotFound => "FieldValueNotFound",
            ErrorType::TooLong => "FieldValueTooLong",
            ErrorType::TooMany => "FieldValueTooMany",
            ErrorType::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Its class.
    pub error_type: ErrorType,
    /// Where.
    pub field: String,
    /// What, in upstream's words, without the path.
    pub body: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.body)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::List(_) | Value::Map(_) => String::from_utf8_lossy(&json::to_vec(value)).into_owned(),
        other => format!("{other:?}"),
    }
}

fn with_detail(prefix: &str, detail: &str) -> String {
    if detail.is_empty() { prefix.to_owned() } else { format!("{prefix}: {detail}") }
}

impl FieldError {
    fn new(error_type: ErrorType, path: &Path, body: String) -> FieldError {
        FieldError { error_type, field: path.to_string(), body }
    }

    /// `Required value`
    pub fn required(path: &Path, detail: &str) -> FieldError {
        FieldError::new(ErrorType::Required, path, with_detail("Required value", detail))
    }

    /// `Invalid value: …`
    pub fn invalid(path: &Path, value: impl Into<Value>, detail: impl AsRef<str>) -> FieldError {
        let prefix = format!("Invalid value: {}", shown(&value.into()));
        FieldError::new(ErrorType::Invalid, path, with_detail(&prefix, detail.as_ref()))
    }

    /// `Unsupported value: …: supported values: …`
    pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> FieldError {
        let mut supported = supported.to_vec();
        supported.sort_unstable();
        let list: Vec<String> = supported.iter().map(|value| format!("{value:?}")).collect();
        let body = format!("Unsupported value: {}: supported values: {}", shown(&value.into()), list.join(", "));
        FieldError::new(ErrorType::NotSupported, path, body)
    }

    /// `Forbidden: …`
    pub fn forbidden(path: &Path, detail: impl AsRef<str>) -> FieldError {
        FieldError::new(ErrorType::Forbidden, path, with_detail("Forbidden", detail.as_ref()))
    }

    /// `Duplicate value: …`
    pub fn duplicate(path: &Path, value: impl Into<Value>) -> FieldError {
        FieldError::new(ErrorType::Duplicate, path, format!("Duplicate value: {}", shown(&value.into())))
    }

    /// `Not found: …`
    pub fn not_found(path: &Path, value: impl Into<Value>) -> FieldError {
        FieldError::new(ErrorType::NotFound, path, format!("Not found: {}", shown(&value.into())))
    }

    /// `Too long: may not be more than … bytes`
    pub fn too_long(path: &Path, limit_bytes: usize) -> FieldError {
        let body = format!("Too long: may not be more than {limit_bytes} bytes");
        FieldError::new(ErrorType::TooLong, path, body)
    }

    /// `Too many: …: must have at most … items`
    pub fn too_many(path: &Path, count: usize, limit: usize) -> FieldError {
        FieldError::new(ErrorType::TooMany, path, format!("Too many: {count}: must have at most {limit} items"))
    }
}
