use super::*;
use crate::{schema::StructType, value};

fn check(text: &str, expected: Result<Value, &str>) {
    let mut schema = Schema::new();
    let id = schema.declare("io.k8s.api.apps.v1.DeploymentSpec");
    let field = |name: &str, kind| Field { presence: Presence::Pointer, ..Field::new(name, 0, kind) };
    let fields = vec![
        field("replicas", Kind::Int32),
        field("spec", Kind::Struct(id)),
        field("list", Kind::List(Box::new(Kind::Struct(id)))),
        field("cpu", Kind::Quantity),
    ];
    schema.define(id, StructType { name: "io.k8s.api.apps.v1.DeploymentSpec".into(), fields, ..Default::default() });
    match (json(text.as_bytes(), &schema, id, Zeros::Fill), expected) {
        (Ok(decoded), Ok(value)) => assert_eq!(decoded.value, value),
        (Err(error), Err(text)) => assert_eq!(error.to_string(), text),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

#[test]
fn wrong_types_are_said_in_go_words() {
    let prefix = "json: cannot unmarshal";
    check(
        r#"{"spec":{"replicas":"three"}}"#,
        Err(&format!("{prefix} string into Go struct field DeploymentSpec.spec.replicas of type int32")),
    );
    check(
        r#"{"spec":[]}"#,
        Err(&format!("{prefix} array into Go struct field DeploymentSpec.spec of type v1.DeploymentSpec")),
    );
    check(
        r#"{"replicas":3000000000}"#,
        Err(&format!("{prefix} number 3000000000 into Go struct field DeploymentSpec.replicas of type int32")),
    );
}

#[test]
fn numbers_and_quantities() {
    check(r#"{"replicas":3,"cpu":"1000m"}"#, Ok(value!({"replicas": 3, "cpu": "1"})));
    check(r#"{"cpu":2}"#, Ok(value!({"cpu": "2"})));
    check(r#"{"cpu":0.5}"#, Ok(value!({"cpu": "500m"})));
}

#[test]
fn strict_errors_name_the_whole_path() {
    let mut schema = Schema::new();
    let id = schema.declare("T");
    let list = Field::new("list", 1, Kind::List(Box::new(Kind::Struct(id))));
    schema.define(id, StructType { name: "T".into(), fields: vec![list], ..Default::default() });
    let decoded = json(br#"{"list":[{},{"x":1,"list":[]}],"list":[{"y":{}}]}"#, &schema, id, Zeros::Fill).unwrap();
    assert_eq!(
        decoded.strict_errors,
        [r#"unknown field "list[1].x""#, r#"unknown field "list[0].y""#, r#"duplicate field "list""#]
    );
}

#[test]
fn a_deeply_nested_body_is_refused() {
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(json_untyped(text.as_bytes()).is_err());
}
