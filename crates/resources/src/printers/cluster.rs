//! What concerns the cluster as a whole: leases, budgets, roles, priorities, flow control, API services.

use std::sync::Arc;

use apimachinery::{Object, Value};
use apiserver::{Column, TableConvertor};

use super::{
    AGE, Cell, NAME, Printer, boolean,
    format::{age, condition, int_or_text, name, number, text},
    integer, text as column,
};

const BINDING: &[Cell] = &[
    NAME,
    column("Role", "@rbac.v1.RoleBinding.roleRef"),
    AGE,
    column("Users", "The users that get the role.").wide(),
    column("Groups", "The groups that get the role.").wide(),
    column("ServiceAccounts", "The service accounts that get the role.").wide(),
];

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "apiregistration.k8s.io",
        kind: "APIService",
        columns: &[
            NAME,
            column("Service", "The service that answers for the group version."),
            column("Available", "Whether it answers."),
            AGE,
        ],
        cells: api_service,
    },
    Printer {
        group: "coordination.k8s.io",
        kind: "Lease",
        columns: &[NAME, column("Holder", "@coordination.v1.LeaseSpec.holderIdentity"), AGE],
        cells: |object| vec![name(object), text(object, &["spec", "holderIdentity"]).into(), age(object)],
    },
    Printer {
        group: "flowcontrol.apiserver.k8s.io",
        kind: "FlowSchema",
        columns: &[
            NAME,
            column("PriorityLevel", "@flowcontrol.v1.PriorityLevelConfigurationReference.name"),
            column("MatchingPrecedence", "@flowcontrol.v1.FlowSchemaSpec.matchingPrecedence"),
            column("DistinguisherMethod", "@flowcontrol.v1.FlowSchemaSpec.distinguisherMethod"),
            AGE,
            column("MissingPL", "Whether its priority level is missing."),
        ],
        cells: flow_schema,
    },
    Printer {
        group: "flowcontrol.apiserver.k8s.io",
        kind: "PriorityLevelConfiguration",
        columns: &[
            NAME,
            column("Type", "@flowcontrol.v1.PriorityLevelConfigurationSpec.type"),
            column(
                "NominalConcurrencyShares",
                "@flowcontrol.v1.LimitedPriorityLevelConfiguration.nominalConcurrencyShares",
            ),
            column("Queues", "@flowcontrol.v1.QueuingConfiguration.queues"),
            column("HandSize", "@flowcontrol.v1.QueuingConfiguration.handSize"),
            column("QueueLengthLimit", "@flowcontrol.v1.QueuingConfiguration.queueLengthLimit"),
            AGE,
        ],
        cells: priority_level,
    },
    Printer {
        group: "node.k8s.io",
        kind: "RuntimeClass",
        columns: &[NAME, column("Handler", "@node.v1.RuntimeClass.handler"), AGE],
        cells: |object| vec![name(object), text(object, &["handler"]).into(), age(object)],
    },
    Printer {
        group: "policy",
        kind: "PodDisruptionBudget",
        columns: &[
            NAME,
            column("Min Available", "How many pods have to stay available."),
            column("Max Unavailable", "How many pods may be unavailable."),
            integer("Allowed Disruptions", "How many pods may be disrupted now."),
            AGE,
        ],
        cells: |object| {
            let bound = |field| int_or_text(object.at(&["spec", field])).unwrap_or_else(|| "N/A".to_owned());
            let allowed = number(object, &["status", "disruptionsAllowed"]);
            vec![
                name(object),
                bound("minAvailable").into(),
                bound("maxUnavailable").into(),
                allowed.into(),
                age(object),
            ]
        },
    },
    Printer { group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding", columns: BINDING, cells: binding },
    Printer { group: "rbac.authorization.k8s.io", kind: "RoleBinding", columns: BINDING, cells: binding },
    Printer {
        group: "scheduling.k8s.io",
        kind: "PriorityClass",
        columns: &[
            NAME,
            integer("Value", "@scheduling.v1.PriorityClass.value"),
            boolean("Global-Default", "@scheduling.v1.PriorityClass.globalDefault"),
            AGE,
            column("PreemptionPolicy", "@scheduling.v1.PriorityClass.preemptionPolicy"),
        ],
        cells: |object| {
            let default = object.bool_at(&["globalDefault"]).unwrap_or(false);
            let policy = text(object, &["preemptionPolicy"]);
            vec![name(object), number(object, &["value"]).into(), default.into(), age(object), policy.into()]
        },
    },
    Printer {
        group: "storagemigration.k8s.io",
        kind: "StorageVersionMigration",
        columns: &[
            Cell { format: "", ..NAME },
            column("Resource", "What is migrated."),
            column("Status", "How far the migration is."),
        ],
        cells: migration,
    },
];

fn api_service(object: &Object) -> Vec<Value> {
    let service = match object.at(&["spec", "service"]).filter(|service| !service.is_null()) {
        Some(service) => format!("{}/{}", text(service, &["namespace"]), text(service, &["name"])),
        None => "Local".to_owned(),
    };
    let available = match condition(object, "Available") {
        None => "Unknown".to_owned(),
        Some(condition) => match (text(condition, &["status"]), text(condition, &["reason"])) {
            ("True", _) => "True".to_owned(),
            (status, "") => status.to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        },
    };
    vec![name(object), service.into(), available.into(), age(object)]
}

fn binding(object: &Object) -> Vec<Value> {
    let role = format!("{}/{}", text(object, &["roleRef", "kind"]), text(object, &["roleRef", "name"]));
    let of = |kind: &str| {
        let subjects = object.list_at(&["subjects"]).iter().filter(|subject| text(subject, &["kind"]) == kind);
        let names = subjects.map(|subject| match kind {
            "ServiceAccount" => format!("{}/{}", text(subject, &["namespace"]), text(subject, &["name"])),
            _ => text(subject, &["name"]).to_owned(),
        });
        Value::from(names.collect::<Vec<_>>().join(", "))
    };
    vec![name(object), role.into(), age(object), of("User"), of("Group"), of("ServiceAccount")]
}

fn flow_schema(object: &Object) -> Vec<Value> {
    let dangling = condition(object, "Dangling").map_or("?", |condition| text(condition, &["status"]));
    vec![
        name(object),
        text(object, &["spec", "priorityLevelConfiguration", "name"]).into(),
        number(object, &["spec", "matchingPrecedence"]).into(),
        object.str_at(&["spec", "distinguisherMethod", "type"]).unwrap_or("<none>").into(),
        age(object),
        dangling.into(),
    ]
}

fn priority_level(object: &Object) -> Vec<Value> {
    let at = |path: &[&str]| object.i64_at(path).map_or_else(|| "<none>".into(), Value::from);
    let queuing = |field| at(&["spec", "limited", "limitResponse", "queuing", field]);
    vec![
        name(object),
        text(object, &["spec", "type"]).into(),
        at(&["spec", "limited", "nominalConcurrencyShares"]),
        queuing("queues"),
        queuing("handSize"),
        queuing("queueLengthLimit"),
        age(object),
    ]
}

fn migration(object: &Object) -> Vec<Value> {
    let resource = text(object, &["spec", "resource", "resource"]);
    let resource = match text(object, &["spec", "resource", "group"]) {
        "" => resource.to_owned(),
        group => format!("{resource}.{group}"),
    };
    let conditions = object.list_at(&["status", "conditions"]).iter();
    let shown = conditions
        .filter(|condition| text(condition, &["status"]) == "True")
        .map(|condition| text(condition, &["type"]))
        .rfind(|one| matches!(*one, "Running" | "Failed" | "Succeeded"));
    vec![name(object), resource.into(), shown.unwrap_or("Unknown").into()]
}

/// Flow schemas: a list has them in the order in which they are matched.
pub(super) struct FlowSchemas(pub(super) &'static Printer);

impl TableConvertor for FlowSchemas {
    fn columns(&self) -> Vec<Column> {
        TableConvertor::columns(&self.0)
    }

    fn cells(&self, object: &Object) -> Vec<Value> {
        (self.0.cells)(object)
    }

    fn list(&self, objects: &[Arc<Object>]) -> Vec<(Arc<Object>, Vec<Value>)> {
        let mut sorted: Vec<&Arc<Object>> = objects.iter().collect();
        sorted.sort_by_key(|object| (number(object, &["spec", "matchingPrecedence"]), object.name()));
        sorted.into_iter().map(|object| (object.clone(), self.cells(object))).collect()
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn bindings_part_their_subjects() {
        let subjects = value!([
            {"kind": "User", "name": "u"},
            {"kind": "ServiceAccount", "namespace": "n", "name": "s"},
            {"kind": "Group", "name": "g"},
            {"kind": "User", "name": "v"}
        ]);
        let object =
            Object(value!({"metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects}));
        let expected = value!(["b", "Role/r", "<unknown>", "u, v", "g", "n/s"]);
        assert_eq!(Value::from(binding(&object)), expected);
    }

    #[test]
    fn api_services_say_why_they_are_away() {
        let status = |status: &str, reason: &str| value!({"status": {"conditions": [{"type": "Available", "status": status, "reason": reason}]}});
        assert_eq!(api_service(&Object(status("True", "Local")))[1..3], ["Local", "True"].map(Value::from));
        assert_eq!(api_service(&Object(status("False", "Gone")))[2], value!("False (Gone)"));
    }

    #[test]
    fn flow_schemas_stand_in_order_of_precedence() {
        let schema = |name: &str, precedence: i32| {
            Arc::new(Object(value!({"metadata": {"name": name}, "spec": {"matchingPrecedence": precedence}})))
        };
        let printer = PRINTERS.iter().find(|printer| printer.kind == "FlowSchema").unwrap();
        let rows = FlowSchemas(printer).list(&[schema("z", 2), schema("b", 1), schema("a", 2)]);
        let names: Vec<&str> = rows.iter().map(|(object, _)| object.name()).collect();
        assert_eq!(names, ["b", "a", "z"]);
    }
}
