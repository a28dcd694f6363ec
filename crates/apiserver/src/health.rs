//! `/healthz`, `/livez` and `/readyz`: named checks, in upstream's words.

use std::collections::BTreeSet;

use apimachinery::Status;
use component_base::metrics::{Counter, Family, Gauge, Registry};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::http::{HttpResponse, Parameters, full};

/// The three paths.
pub const ENDPOINTS: [&str; 3] = ["healthz", "livez", "readyz"];

static HEALTHCHECK: Family<Gauge> = Family::gauge(
    "kubernetes_healthcheck",
    "This metric records the result of a single healthcheck.",
    &["name", "type"],
);
static HEALTHCHECKS: Family<Counter> = Family::counter(
    "kubernetes_healthchecks_total",
    "This metric records the results of all healthcheck.",
    &["name", "type", "status"],
);

/// What `/metrics/slis` shows.
pub(crate) fn indicators() -> String {
    let registry = Registry::new();
    registry.add(&HEALTHCHECK);
    registry.add(&HEALTHCHECKS);
    registry.text()
}

/// The outcome of a check; why it fails is for the log and for those who may ask for the check alone.
pub type Outcome = Result<(), String>;

enum State {
    /// As it was last reported.
    Reported(Outcome),
    /// Found out when somebody asks.
    Asked(Box<dyn Fn() -> Outcome + Send + Sync>),
}

struct Check {
    name: String,
    /// Says that requests should go elsewhere, not that the process is broken.
    ready_only: bool,
    state: State,
}

impl Check {
    fn is_part_of(&self, endpoint: &str) -> bool {
        endpoint == "readyz" || !self.ready_only
    }

    fn outcome(&self) -> Outcome {
        match &self.state {
            State::Reported(outcome) => outcome.clone(),
            State::Asked(ask) => ask(),
        }
    }
}

/// The checks, in the order in which they were added.
#[derive(Default)]
pub struct Health {
    checks: RwLock<Vec<Check>>,
    moved: watch::Sender<u64>,
}

impl Health {
    /// Adds a check that is open until it is reported; `reason` says what is missing.
    pub fn expect(&self, name: &str, reason: &str) {
        self.set(name, Err(reason.to_owned()));
    }

    /// Adds a check that is made when somebody asks. One that is `ready_only` is no part of `/livez`.
    pub fn ask(&self, name: &str, ready_only: bool, check: impl Fn() -> Outcome + Send + Sync + 'static) {
        let state = State::Asked(Box::new(check));
        self.checks.write().push(Check { name: name.to_owned(), ready_only, state });
    }

    /// Reports the state of a check.
    pub fn set(&self, name: &str, outcome: Outcome) {
        let mut checks = self.checks.write();
        let state = State::Reported(outcome);
        match checks.iter_mut().find(|check| check.name == name) {
            Some(check) => check.state = state,
            None => checks.push(Check { name: name.to_owned(), ready_only: false, state }),
        }
        drop(checks);
        self.moved.send_modify(|count| *count += 1);
    }

    /// Whether every check is fulfilled.
    pub fn is_ready(&self) -> bool {
        self.checks.read().iter().all(|check| check.outcome().is_ok())
    }

    /// Waits until every check is fulfilled.
    pub async fn ready(&self) {
        // The sender lives in this object.
        let _ = self.moved.subscribe().wait_for(|_| self.is_ready()).await;
    }

    /// The failing checks of `/readyz` with their reasons.
    pub fn failures(&self) -> Vec<(String, String)> {
        let checks = self.checks.read();
        checks.iter().filter_map(|check| Some((check.name.clone(), check.outcome().err()?))).collect()
    }

    /// The paths of the checks of an endpoint.
    pub(crate) fn paths(&self, endpoint: &str) -> Vec<String> {
        let checks = self.checks.read();
        let own = checks.iter().filter(|check| check.is_part_of(endpoint));
        own.map(|check| format!("/{endpoint}/{}", check.name)).collect()
    }

    /// Answers a request to one of the [`ENDPOINTS`].
    pub(crate) fn answer(&self, endpoint: &str, parameters: &Parameters) -> HttpResponse {
        let excluded: BTreeSet<&str> = parameters.all("exclude").collect();
        let mut unknown = excluded.clone();
        let (mut text, mut failed) = (String::new(), Vec::new());
        for check in self.checks.read().iter().filter(|check| check.is_part_of(endpoint)) {
            let name = check.name.as_str();
            if excluded.contains(name) {
                unknown.remove(name);
                text.push_str(&format!("[+]{name} excluded: ok\n"));
                continue;
            }
            let outcome = check.outcome();
            observe(name, endpoint, outcome.is_ok());
            match outcome {
                Ok(()) => text.push_str(&format!("[+]{name} ok\n")),
                // Everybody may read this.
                Err(reason) => {
                    text.push_str(&format!("[-]{name} failed: reason withheld\n"));
                    failed.push(format!("{name}: {reason}"));
                }
            }
        }
        if !unknown.is_empty() {
            let names: Vec<String> = unknown.iter().map(|name| format!("{name:?}")).collect();
            let names = names.join(",");
            text.push_str(&format!("warn: some health checks cannot be excluded: no matches for {names}\n"));
        }
        if !failed.is_empty() {
            tracing::debug!(endpoint, failed = failed.join("; "), "not healthy");
            return plain(500, format!("{text}{endpoint} check failed\n"));
        }
        if parameters.is_set("verbose") {
            plain(200, format!("{text}{endpoint} check passed\n"))
        } else {
            plain(200, "ok")
        }
    }

    /// Answers a request to one check.
    ///
    /// # Errors
    /// 404 when there is no such check.
    pub(crate) fn answer_one(&self, endpoint: &str, name: &str) -> Result<HttpResponse, Status> {
        let checks = self.checks.read();
        let check = checks.iter().find(|check| check.name == name && check.is_part_of(endpoint));
        Ok(match check.ok_or_else(Status::no_such_path)?.outcome() {
            Ok(()) => plain(200, "ok"),
            Err(reason) => plain(500, format!("internal server error: {reason}\n")),
        })
    }
}

fn observe(name: &str, endpoint: &str, healthy: bool) {
    HEALTHCHECK.with(&[name, endpoint]).set(if healthy { 1.0 } else { 0.0 });
    HEALTHCHECKS.with(&[name, endpoint, if healthy { "success" } else { "error" }]).increment();
}

fn plain(code: u16, text: impl Into<bytes::Bytes>) -> HttpResponse {
    let mut response = http::Response::new(full(text));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    headers.insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, private"));
    response
}
