//! Operations as JSON in either dialect.

use apimachinery::{Map, Str, Value, value};

use super::{
    model::{Body, Dialect, Operation, PATCHES, Parameter, PathItem},
    types::Types,
};

/// A path with its operations; parameters that all of them have stand beside them.
pub(super) fn path_item(item: &PathItem, dialect: Dialect, types: &mut Types<'_>) -> Value {
    let mut common: Vec<&Parameter> = Vec::new();
    if let Some((first, others)) = item.operations.split_first() {
        common.extend(
            first.parameters.iter().filter(|one| others.iter().all(|operation| operation.parameters.contains(one))),
        );
    }
    let mut rendered = Map::new();
    for operation in &item.operations {
        let own = operation.parameters.iter().filter(|one| !common.contains(one)).collect();
        rendered.insert(operation.method, self::operation(operation, own, dialect, types));
    }
    if !common.is_empty() {
        rendered.insert("parameters", parameters(common, dialect));
    }
    Value::Map(rendered)
}

fn operation(operation: &Operation, own: Vec<&Parameter>, dialect: Dialect, types: &mut Types<'_>) -> Value {
    let mut rendered = Map::new();
    rendered.insert("description", operation.description.as_str());
    rendered.insert("operationId", operation.id.as_str());
    rendered.insert("tags", value!([operation.tag.as_str()]));
    if !operation.action.is_empty() {
        rendered.insert("x-kubernetes-action", operation.action);
    }
    if let Some([group, version, kind]) = &operation.kind {
        rendered.insert("x-kubernetes-group-version-kind", value!({"group": group, "version": version, "kind": kind}));
    }
    let mut listed = match parameters(own, dialect) {
        Value::List(list) => list,
        _ => Default::default(),
    };
    match (dialect, &operation.body) {
        (_, None) => {}
        (Dialect::V3, Some(body)) => drop(rendered.insert("requestBody", request_body(body, types))),
        (Dialect::V2, Some(body)) => {
            let mut parameter = value!({"in": "body", "name": "body", "schema": types.refer(&body.shape)});
            if body.required {
                parameter.set(&["required"], true);
            }
            listed.insert(0, parameter);
        }
    }
    if !listed.is_empty() {
        rendered.insert("parameters", listed);
    }
    rendered.insert("responses", responses(operation, dialect, types));
    if dialect == Dialect::V2 {
        rendered.insert("schemes", value!(["https"]));
        rendered.insert("produces", operation.media.types().iter().copied().collect::<Value>());
        let consumed: Value = match &operation.body {
            Some(body) if body.patch => PATCHES.into_iter().collect(),
            _ if operation.kind.is_none() => operation.media.types().iter().copied().collect(),
            _ => value!(["*/*"]),
        };
        rendered.insert("consumes", consumed);
    }
    Value::Map(rendered)
}

fn parameters(mut list: Vec<&Parameter>, dialect: Dialect) -> Value {
    list.sort_by_key(|parameter| (&parameter.name, !parameter.in_path));
    list.into_iter()
        .map(|parameter| {
            let mut rendered = value!({
                "name": &parameter.name,
                "in": if parameter.in_path { "path" } else { "query" },
                "description": &parameter.description
            });
            if parameter.in_path {
                rendered.set(&["required"], true);
            }
            let place: &[&str] = if dialect == Dialect::V3 { &["schema"] } else { &[] };
            for (key, entry) in [("type", Value::from(parameter.scalar)), ("uniqueItems", Value::Bool(true))] {
                rendered.set(&[place, &[key]].concat(), entry);
            }
            rendered
        })
        .collect()
}

fn request_body(body: &Body, types: &mut Types<'_>) -> Value {
    let schema = types.refer(&body.shape);
    let mut content = Map::new();
    let media: &[&str] = if body.patch { &PATCHES } else { &["*/*"] };
    for media in media {
        content.insert(*media, value!({"schema": schema.clone()}));
    }
    let mut rendered = value!({"content": content});
    if body.required {
        rendered.set(&["required"], true);
    }
    rendered
}

fn responses(operation: &Operation, dialect: Dialect, types: &mut Types<'_>) -> Value {
    let mut rendered = value!({"401": {"description": "Unauthorized"}});
    for answer in &operation.answers {
        let schema = types.refer(&answer.shape);
        let mut response = value!({"description": answer.description});
        match dialect {
            Dialect::V2 => response.set(&["schema"], schema),
            Dialect::V3 => {
                let content = operation.media.types().iter().fold(Map::new(), |mut content, media| {
                    content.insert(Str::from_static(media), value!({"schema": schema.clone()}));
                    content
                });
                response.set(&["content"], content);
            }
        }
        rendered.set(&[answer.code], response);
    }
    rendered
}
