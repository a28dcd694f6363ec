//! Query parameters: `ListOptions`, `CreateOptions` and their siblings.

use apimachinery::{Status, Str, Value, fields, labels};
use client::DeletePropagation;
use percent_encoding::percent_decode_str;

use crate::handlers::{WriteOptions, delete::DeleteOptions, patch::FieldValidation, read::Query};

/// The decoded query of a request.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

/// The longest field manager, as upstream.
const FIELD_MANAGER_LENGTH: usize = 128;

impl Parameters {
    /// Reads a query string.
    pub fn parse(query: &str) -> Parameters {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(key), decode(value))
            })
            .collect();
        Parameters { pairs }
    }

    /// The value of `name`; empty when it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of `name`.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` is there and not `false` or `0`, as Go reads booleans in queries.
    pub fn flag(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, value)| key == name && !matches!(value.to_lowercase().as_str(), "false" | "0"))
    }

    /// Whether `name` is there, whatever it says.
    pub fn is_set(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// `Some` when `name` is there.
    pub fn optional_flag(&self, name: &str) -> Option<bool> {
        self.pairs.iter().any(|(key, _)| key == name).then(|| self.flag(name))
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Status> {
        match self.get(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))),
        }
    }

    /// What selects objects of a collection.
    pub fn query(&self, namespace: &str) -> Result<Query, Status> {
        let labels =
            labels::Selector::parse(self.get("labelSelector")).map_err(|error| Status::bad_request(error.0))?;
        let fields =
            fields::Selector::parse(self.get("fieldSelector")).map_err(|error| Status::bad_request(error.0))?;
        let limit = self.number("limit")?.unwrap_or_default().max(0);
        let query = Query {
            namespace: namespace.to_owned(),
            labels,
            fields,
            limit: limit.unsigned_abs() as usize,
            continue_token: self.get("continue").to_owned(),
            resource_version: self.get("resourceVersion").to_owned(),
            resource_version_match: self.get("resourceVersionMatch").to_owned(),
        };
        if !query.continue_token.is_empty() && !matches!(query.resource_version.as_str(), "" | "0") {
            return Err(Status::bad_request(
                "resourceVersion: Invalid value: specifying resource version is not allowed when using continue",
            ));
        }
        Ok(query)
    }

    /// What every write carries.
    pub fn write_options(&self) -> Result<WriteOptions, Status> {
        let manager = self.get("fieldManager");
        if manager.len() > FIELD_MANAGER_LENGTH {
            return Err(Status::bad_request(format!(
                "fieldManager: Too long: may not be more than {FIELD_MANAGER_LENGTH} bytes"
            )));
        }
        Ok(WriteOptions { dry_run: self.dry_run()?, field_manager: Str::from(manager), force: false })
    }

    fn dry_run(&self) -> Result<bool, Status> {
        match self.get("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                Err(Status::bad_request(format!("dryRun: Unsupported value: {other:?}: supported values: \"All\"")))
            }
        }
    }

    /// How strict decoding is.
    pub fn field_validation(&self) -> Result<FieldValidation, Status> {
        match self.get("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(Status::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
            ))),
        }
    }

    /// How to delete: from the query, and from the body where there is one.
    pub fn delete_options(&self, body: Option<&Value>) -> Result<DeleteOptions, Status> {
        let mut options = DeleteOptions {
            grace_period_seconds: self.number("gracePeriodSeconds")?,
            propagation: propagation(self.get("propagationPolicy"))?,
            dry_run: self.dry_run()?,
            ..DeleteOptions::default()
        };
        if let Some(orphan) = self.optional_flag("orphanDependents") {
            options.propagation = Some(if orphan { DeletePropagation::Orphan } else { DeletePropagation::Background });
        }
        let Some(body) = body else { return Ok(options) };
        options.grace_period_seconds = body.i64_at(&["gracePeriodSeconds"]).or(options.grace_period_seconds);
        if let Some(policy) = propagation(body.str_at(&["propagationPolicy"]).unwrap_or_default())? {
            options.propagation = Some(policy);
        } else if let Some(orphan) = body.bool_at(&["orphanDependents"]) {
            options.propagation = Some(if orphan { DeletePropagation::Orphan } else { DeletePropagation::Background });
        }
        options.precondition_uid = body.str_at(&["preconditions", "uid"]).map(str::to_owned);
        options.precondition_resource_version = body.str_at(&["preconditions", "resourceVersion"]).map(str::to_owned);
        options.dry_run |= body.list_at(&["dryRun"]).iter().any(|value| value.as_str() == Some("All"));
        Ok(options)
    }
}

fn propagation(text: &str) -> Result<Option<DeletePropagation>, Status> {
    match text {
        "" => Ok(None),
        "Orphan" => Ok(Some(DeletePropagation::Orphan)),
        "Background" => Ok(Some(DeletePropagation::Background)),
        "Foreground" => Ok(Some(DeletePropagation::Foreground)),
        other => Err(Status::bad_request(format!(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}: supported values: \"Background\", \"Foreground\", \"Orphan\""
        ))),
    }
}
