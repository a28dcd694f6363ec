use super::*;
use crate::{
    decode::{self, Zeros},
    schema::{Alternative, Field, Inline, Kind, Presence, StructType},
    value,
};

fn field(name: &str, number: u32, kind: Kind, presence: Presence) -> Field {
    Field { presence, ..Field::new(name, number, kind) }
}

fn schema() -> (Schema, TypeId) {
    let mut schema = Schema::new();
    let (outer, inner) = (schema.declare("Outer"), schema.declare("Inner"));
    let fields = vec![
        field("name", 1, Kind::String, Presence::OmitZero),
        field("inner", 2, Kind::Struct(inner), Presence::Always),
        field("labels", 3, Kind::Map(Box::new(Kind::String)), Presence::Optional),
        field("items", 4, Kind::List(Box::new(Kind::Struct(inner))), Presence::Optional),
        field("data", 5, Kind::Map(Box::new(Kind::Bytes)), Presence::Optional),
        field("time", 6, Kind::Time, Presence::OmitZero),
        field("port", 7, Kind::IntOrString, Presence::Pointer),
        field("extension", 8, Kind::RawExtension, Presence::Pointer),
        field("limits", 9, Kind::Map(Box::new(Kind::Quantity)), Presence::Optional),
        field("numbers", 10, Kind::List(Box::new(Kind::Int64)), Presence::Optional),
    ];
    schema.define(outer, StructType { name: "Outer".into(), fields, ..StructType::default() });
    let fields = vec![
        field("ready", 1, Kind::Bool, Presence::Always),
        field("replicas", 2, Kind::Int32, Presence::Pointer),
        field("recursive", 3, Kind::Struct(outer), Presence::Pointer),
    ];
    schema.define(inner, StructType { name: "Inner".into(), fields, ..StructType::default() });
    (schema, outer)
}

#[test]
fn round_trip() {
    let (schema, outer) = schema();
    let object = value!({
        "name": "web",
        "inner": {"ready": false, "replicas": 0},
        "labels": {"a": "b", "empty": ""},
        "items": [{"ready": true}, {"ready": false, "recursive": {"inner": {"ready": false}, "name": "x"}}],
        "data": {"key": "aGk="},
        "time": "2026-11-22T11:02:24Z",
        "port": "http",
        "extension": {"any": [1, 2.5]},
        "limits": {"cpu": "100m"},
        "numbers": [1, -1]
    });
    let bytes = encode(&object, &schema, outer);
    assert_eq!(decode(&bytes, &schema, outer).unwrap(), object);
}

#[test]
fn zero_values_follow_presence_in_both_formats() {
    let (schema, outer) = schema();
    let text = br#"{"name":"","inner":{"replicas":0,"ready":null},"labels":{},"items":[null],"unknown":1}"#;
    let decoded = decode::json(text, &schema, outer, Zeros::Fill).unwrap();
    assert_eq!(decoded.value, value!({"inner": {"ready": false, "replicas": 0}, "items": [{"ready": false}]}));
    assert_eq!(decoded.strict_errors, [r#"unknown field "unknown""#]);
    let bytes = encode(&decoded.value, &schema, outer);
    assert_eq!(super::decode(&bytes, &schema, outer).unwrap(), decoded.value);
}

#[test]
fn embedded_structs_and_alternatives_have_messages_of_their_own() {
    let mut schema = Schema::new();
    let (outer, embedded) = (schema.declare("Outer"), schema.declare("Embedded"));
    let flat = |number| field("flat", number, Kind::String, Presence::OmitZero);
    schema.define(embedded, StructType { name: "Embedded".into(), fields: vec![flat(7)], ..StructType::default() });
    let alternative =
        |name, number, alternative| field(name, number, Kind::StructOr(embedded, alternative), Presence::Pointer);
    let fields = vec![
        flat(0),
        field("last", 3, Kind::List(Box::new(Kind::String)), Presence::Null),
        alternative("flag", 4, Alternative::Bool),
        alternative("list", 5, Alternative::List),
        alternative("texts", 6, Alternative::StringList),
    ];
    let inline = vec![Inline { number: 2, embedded }];
    schema.define(outer, StructType { name: "Outer".into(), fields, inline, ..StructType::default() });
    let text = br#"{"flat":"a","flag":{"flat":"b"},"list":[{"flat":"c"}],"texts":["d"]}"#;
    let decoded = decode::json(text, &schema, outer, Zeros::Fill).unwrap().value;
    assert_eq!(decoded.at(&["last"]), Some(&Value::Null), "null while unset");
    let bytes = encode(&decoded, &schema, outer);
    assert_eq!(&bytes[..5], b"\x12\x03\x3a\x01a", "message 2 with field 7");
    assert_eq!(super::decode(&bytes, &schema, outer).unwrap(), decoded);
    let short = value!({"flag": true, "flat": "a", "last": []});
    assert_eq!(&encode(&short, &schema, outer)[5..], b"\x22\x02\x08\x01");
}

#[test]
fn truncated_messages_are_refused() {
    let (schema, outer) = schema();
    let bytes = encode(&value!({"name": "web", "labels": {"a": "b"}}), &schema, outer);
    for length in 1..5 {
        assert!(decode(&bytes[..length], &schema, outer).is_err());
    }
}

#[test]
fn envelopes_open_again() {
    let (schema, outer) = schema();
    let object = value!({"name": "web", "inner": {"ready": false}});
    let bytes = Bytes::from(encode_enveloped(&object, &schema, outer, "v1", "Outer"));
    let envelope = Envelope::open(&bytes).unwrap();
    assert_eq!((&*envelope.api_version, &*envelope.kind), ("v1", "Outer"));
    assert_eq!(decode(&envelope.raw, &schema, outer).unwrap(), object);
    assert!(Envelope::open(&Bytes::from_static(b"{}")).is_err());
}
