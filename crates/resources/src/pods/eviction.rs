//! `pods/eviction`: a deletion that asks the disruption budgets first.

use std::sync::Arc;

use apimachinery::{List, Object, Status, labels::Selector, value};
use apiserver::{
    Creator, RequestContext, Server,
    handlers::{
        WriteOptions,
        delete::{self, DeleteOptions},
        update::{self, Change, Target},
    },
};
use async_trait::async_trait;

/// Evicts a pod.
pub(crate) struct Evictions;

/// The condition of a pod that has to go.
const DISRUPTION_TARGET: &str = "DisruptionTarget";
/// Seconds after which a client may try again when the budget is used up.
const RETRY_SECONDS: u32 = 10;

/// Takes one disruption out of a budget, and notes the pod that it is for.
struct Disrupt<'a> {
    pod: &'a str,
}

impl Change for Disrupt<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| Status::internal("a disruption without a budget"))?;
        let allowed = old.i64_at(&["status", "disruptionsAllowed"]).unwrap_or_default();
        let observed = old.i64_at(&["status", "observedGeneration"]).unwrap_or_default();
        if observed < old.generation() {
            let message = "Cannot evict pod as it would violate the pod's disruption budget.";
            let mut status = Status::too_many_requests(message, RETRY_SECONDS);
            let cause = format!("The disruption budget {} is still being processed by the server.", old.name());
            status.details.set(&["causes"], value!([{"reason": "DisruptionBudget", "message": cause}]));
            return Err(status);
        }
        if allowed <= 0 {
            let message = "Cannot evict pod as it would violate the pod's disruption budget.";
            let mut status = Status::too_many_requests(message, 0);
            let cause = format!(
                "The disruption budget {} needs {} healthy pods and has {} currently",
                old.name(),
                old.i64_at(&["status", "desiredHealthy"]).unwrap_or_default(),
                old.i64_at(&["status", "currentHealthy"]).unwrap_or_default()
            );
            status.details.set(&["causes"], value!([{"reason": "DisruptionBudget", "message": cause}]));
            return Err(status);
        }
        let mut budget = old.clone();
        budget.metadata_mut().remove("resourceVersion");
        budget.set(&["status", "disruptionsAllowed"], allowed - 1);
        let now = apimachinery::time::format_seconds(stdx::clock::now());
        budget.set(&["status", "disruptedPods", self.pod], now);
        Ok(budget)
    }
}

/// Says of a pod that it is being removed for a reason that is not its own, so that jobs do not count its end as a
/// failure.
struct Condemn<'a> {
    target: &'a Target<'a>,
    options: &'a DeleteOptions,
}

impl Change for Condemn<'_> {
    fn apply(&self, old: Option<&Object>) -> Result<Object, Status> {
        let old = old.ok_or_else(|| self.target.resource.not_found(self.target.name))?;
        delete::check_preconditions(self.target, old, self.options)?;
        let mut pod = old.clone();
        pod.metadata_mut().remove("resourceVersion");
        let mut conditions: List = pod.list_at(&["status", "conditions"]).iter().cloned().collect();
        let earlier = conditions.iter().find(|condition| condition.str_at(&["type"]) == Some(DISRUPTION_TARGET));
        let known = earlier.filter(|condition| condition.str_at(&["status"]) == Some("True"));
        let since = known.and_then(|condition| condition.str_at(&["lastTransitionTime"])).map(str::to_owned);
        let since = since.unwrap_or_else(|| apimachinery::time::format_seconds(stdx::clock::now()));
        conditions.retain(|condition| condition.str_at(&["type"]) != Some(DISRUPTION_TARGET));
        conditions.push(value!({
            "type": DISRUPTION_TARGET,
            "status": "True",
            "lastTransitionTime": since,
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
            "observedGeneration": old.generation()
        }));
        pod.set(&["status", "conditions"], conditions);
        Ok(pod)
    }
}

fn is_ready(pod: &Object) -> bool {
    let conditions = pod.list_at(&["status", "conditions"]);
    conditions
        .iter()
        .any(|condition| condition.str_at(&["type"]) == Some("Ready") && condition.str_at(&["status"]) == Some("True"))
}

/// Whether a pod may go without asking: it does not run, or never did.
fn needs_no_budget(pod: &Object) -> bool {
    let phase = pod.str_at(&["status", "phase"]).unwrap_or_default();
    matches!(phase, "Succeeded" | "Failed" | "Pending") || pod.deletion_timestamp().is_some()
}

async fn ask_budgets(
    server: &Arc<Server>,
    context: &RequestContext,
    namespace: &str,
    pod: &Object,
    dry_run: bool,
) -> Result<(), Status> {
    let budgets = server.registry().objects("policy", "poddisruptionbudgets", namespace)?;
    let selecting: Vec<_> = budgets
        .iter()
        .filter(|budget| {
            Selector::from_label_selector(budget.at(&["spec", "selector"]))
                .is_ok_and(|selector| selector.matches(pod.labels()))
        })
        .collect();
    let budget = match selecting.as_slice() {
        [] => return Ok(()),
        [only] => only,
        _ => {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::internal(message));
        }
    };
    let healthy_enough = budget.i64_at(&["status", "currentHealthy"]).unwrap_or_default()
        >= budget.i64_at(&["status", "desiredHealthy"]).unwrap_or_default();
    let always_allow = budget.str_at(&["spec", "unhealthyPodEvictionPolicy"]) == Some("AlwaysAllow");
    if !is_ready(pod) && (always_allow || healthy_enough) {
        return Ok(());
    }
    let resource = server.registry().find("policy", "v1", "poddisruptionbudgets").ok_or_else(Status::no_such_path)?;
    let target = Target { resource: &resource, namespace, name: budget.name(), subresource: "status" };
    let options = WriteOptions { dry_run, ..WriteOptions::default() };
    update::update(server, context, &target, &Disrupt { pod: pod.name() }, &options).await.map(drop)
}

#[async_trait]
impl Creator for Evictions {
    async fn create(
        &self,
        server: &Arc<Server>,
        context: &RequestContext,
        namespace: &str,
        name: &str,
        object: Object,
        dry_run: bool,
    ) -> Result<Object, Status> {
        let body = object.at(&["deleteOptions"]).cloned().unwrap_or_default();
        let mut options = apiserver::http::Parameters::default().delete_options(Some(&body))?;
        options.dry_run |= dry_run;
        let resource = server.registry().find("", "v1", "pods").ok_or_else(Status::no_such_path)?;
        let pod = apiserver::handlers::read::get(&resource, namespace, name)?;
        if !needs_no_budget(&pod) {
            ask_budgets(server, context, namespace, &pod, options.dry_run).await?;
        }
        let target = Target { resource: &resource, namespace, name, subresource: "" };
        if !options.dry_run {
            let status = Target { subresource: "status", ..target };
            let change = Condemn { target: &status, options: &options };
            let (condemned, _) = update::update(server, context, &status, &change, &WriteOptions::default()).await?;
            // What the client named was there; now it is this.
            if options.precondition_resource_version.is_some() {
                options.precondition_resource_version = Some(condemned.resource_version().to_owned());
            }
        }
        delete::delete(server, context, &target, &options).await?;
        Ok(Object(value!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})))
    }
}
