use super::*;
use crate::{decode, json, schema::StructType};

/// Upstream's test type, as far as the cases need it.
fn schema() -> (Schema, TypeId) {
    let mut schema = Schema::new();
    let id = schema.declare("test.MergeItem");
    let ints = || Kind::List(Box::new(Kind::Int64));
    let items = || Kind::List(Box::new(Kind::Struct(id)));
    let field = |name: &str, kind| Field::new(name, 0, kind);
    let by_name = |name: &str| Field { patch_merge: true, patch_merge_key: "name".into(), ..field(name, items()) };
    let fields = vec![
        field("name", Kind::IntOrString),
        field("value", Kind::IntOrString),
        field("other", Kind::String),
        field("simpleMap", Kind::Map(Box::new(Kind::String))),
        field("struct", Kind::Struct(id)),
        Field { patch_replace: true, ..field("replacingStruct", Kind::Struct(id)) },
        Field { patch_retain_keys: true, ..field("retainKeysMap", Kind::Struct(id)) },
        Field { patch_retain_keys: true, ..by_name("retainKeysMergingList") },
        by_name("mergingList"),
        Field { patch_merge: true, ..field("keylessList", items()) },
        field("nonMergingList", items()),
        Field { patch_merge: true, ..field("mergingIntList", ints()) },
        field("nonMergingIntList", ints()),
    ];
    schema.define(id, StructType { name: "test.MergeItem".into(), fields, ..StructType::default() });
    (schema, id)
}

fn patched(original: &str, patch: &str) -> String {
    let (schema, id) = schema();
    let mut object = decode::json_untyped(original.as_bytes()).unwrap();
    let patch = decode::json_untyped(patch.as_bytes()).unwrap();
    match merge(&mut object, &patch, &schema, id) {
        Ok(()) => String::from_utf8(json::to_vec(&object)).unwrap(),
        Err(error) => format!("{error:?}"),
    }
}

fn check(cases: &[(&str, &str, &str)]) {
    for (original, patch, expected) in cases {
        assert_eq!(patched(original, patch), *expected, "{original} patched with {patch}");
    }
}

#[test]
fn maps_merge_and_null_deletes() {
    check(&[
        (r#"{"name":1,"value":1}"#, r#"{"value":null,"other":"a"}"#, r#"{"name":1,"other":"a"}"#),
        (r#"{"name":1}"#, r#"{"other":null,"struct":{"name":null,"value":2}}"#, r#"{"name":1,"struct":{"value":2}}"#),
        (r#"{"simpleMap":{"a":"1"}}"#, r#"{"simpleMap":{"b":"2","a":null}}"#, r#"{"simpleMap":{"b":"2"}}"#),
        (r#"{"name":1,"value":1}"#, r#"{"$patch":"replace"}"#, "{}"),
        (r#"{"name":1,"value":1}"#, r#"{"other":"a","$patch":"replace"}"#, r#"{"other":"a"}"#),
        (r#"{"simpleMap":{"a":"1"}}"#, r#"{"simpleMap":{"$patch":"delete"}}"#, r#"{"simpleMap":{}}"#),
        (r#"{"name":1}"#, r#"{"simpleMap":{"$patch":"delete"}}"#, r#"{"name":1}"#),
        (
            r#"{"replacingStruct":{"name":1,"value":1}}"#,
            r#"{"replacingStruct":{"other":"a"}}"#,
            r#"{"replacingStruct":{"other":"a"}}"#,
        ),
        (r#"{"value":1}"#, r#"{"value":"text"}"#, r#"{"value":"text"}"#),
        (r#"{"value":1}"#, r#"{"value":{"a":null,"b":1}}"#, r#"{"value":{"b":1}}"#),
    ]);
}

#[test]
fn lists_of_structs_merge_by_key() {
    check(&[
        (
            r#"{"mergingList":[{"name":1},{"name":2,"value":"b"},{"name":3}]}"#,
            r#"{"mergingList":[{"name":3,"value":"c"},{"name":1,"value":"a"},{"name":2,"other":"x"}]}"#,
            r#"{"mergingList":[{"name":3,"value":"c"},{"name":1,"value":"a"},{"name":2,"other":"x","value":"b"}]}"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":2,"value":"b"},{"name":3}]}"#,
            r#"{"mergingList":[{"name":3,"value":"c"},{"name":1,"value":"a"}]}"#,
            r#"{"mergingList":[{"name":2,"value":"b"},{"name":3,"value":"c"},{"name":1,"value":"a"}]}"#,
        ),
        // What is new and has no order comes first, as upstream.
        (
            r#"{"mergingList":[{"name":1},{"name":2}]}"#,
            r#"{"mergingList":[{"name":3,"value":3}]}"#,
            r#"{"mergingList":[{"name":3,"value":3},{"name":1},{"name":2}]}"#,
        ),
        (r#"{"mergingList":[]}"#, r#"{"mergingList":[]}"#, r#"{"mergingList":[]}"#),
        (
            r#"{"mergingList":[{"name":1},{"name":2}]}"#,
            r#"{"mergingList":[{"$patch":"replace"}]}"#,
            r#"{"mergingList":[]}"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":2}]}"#,
            r#"{"mergingList":[{"name":9},{"$patch":"replace"}]}"#,
            r#"{"mergingList":[{"name":9}]}"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":1},{"name":2,"value":"a"},{"name":3},{"name":3}]}"#,
            r#"{"mergingList":[{"name":1,"$patch":"delete"},{"name":3,"$patch":"delete"},{"name":7,"$patch":"delete"}]}"#,
            r#"{"mergingList":[{"name":2,"value":"a"}]}"#,
        ),
        // An int and a text are different keys.
        (
            r#"{"mergingList":[{"name":80},{"name":"80"}]}"#,
            r#"{"mergingList":[{"name":"80","value":1}]}"#,
            r#"{"mergingList":[{"name":80},{"name":"80","value":1}]}"#,
        ),
        // Nested, and lists that do not merge.
        (
            r#"{"mergingList":[{"name":1,"mergingList":[{"name":1},{"name":2,"value":2}],"nonMergingList":[{"name":1}]}]}"#,
            r#"{"mergingList":[{"name":1,"mergingList":[{"name":1,"value":1}],"nonMergingList":[{"value":1}]}]}"#,
            r#"{"mergingList":[{"mergingList":[{"name":1,"value":1},{"name":2,"value":2}],"name":1,"nonMergingList":[{"value":1}]}]}"#,
        ),
        (
            r#"{}"#,
            r#"{"mergingList":[{"name":1,"$patch":"delete"},{"name":2,"value":null}]}"#,
            r#"{"mergingList":[{"name":2}]}"#,
        ),
    ]);
}

#[test]
fn lists_of_scalars() {
    check(&[
        (r#"{"mergingIntList":[1,2]}"#, r#"{"mergingIntList":[2,3]}"#, r#"{"mergingIntList":[1,2,3]}"#),
        (r#"{"mergingIntList":[1,2,3]}"#, r#"{"mergingIntList":[3,1,2]}"#, r#"{"mergingIntList":[3,1,2]}"#),
        (r#"{"mergingIntList":[1,2,3]}"#, r#"{"mergingIntList":[3,1]}"#, r#"{"mergingIntList":[2,3,1]}"#),
        (r#"{"nonMergingIntList":[1,2,3]}"#, r#"{"nonMergingIntList":[3,1]}"#, r#"{"nonMergingIntList":[3,1]}"#),
        (
            r#"{"mergingIntList":[1,2]}"#,
            r#"{"$deleteFromPrimitiveList/mergingIntList":[3]}"#,
            r#"{"mergingIntList":[1,2]}"#,
        ),
        (
            r#"{"mergingIntList":null}"#,
            r#"{"$deleteFromPrimitiveList/mergingIntList":[3]}"#,
            r#"{"mergingIntList":null}"#,
        ),
        (r#"{"name":1}"#, r#"{"$deleteFromPrimitiveList/mergingIntList":[3]}"#, r#"{"name":1}"#),
        (
            r#"{"mergingIntList":[1,2,2,3]}"#,
            r#"{"$deleteFromPrimitiveList/mergingIntList":[2]}"#,
            r#"{"mergingIntList":[1,3]}"#,
        ),
        (
            r#"{"nonMergingIntList":[1,2,3]}"#,
            r#"{"$deleteFromPrimitiveList/nonMergingIntList":[2]}"#,
            r#"{"nonMergingIntList":[1,3]}"#,
        ),
        (
            r#"{"mergingIntList":[1,2]}"#,
            r#"{"$deleteFromPrimitiveList/mergingIntList":[2],"mergingIntList":[4],"$setElementOrder/mergingIntList":[4,1]}"#,
            r#"{"mergingIntList":[4,1]}"#,
        ),
    ]);
}

#[test]
fn the_order_of_elements() {
    let current =
        r#"{"mergingList":[{"name":1,"other":"a"},{"name":2},{"name":7},{"name":9},{"name":8},{"name":3},{"name":4}]}"#;
    check(&[
        (
            r#"{"mergingList":[{"name":1},{"name":3}]}"#,
            r#"{"$setElementOrder/mergingList":[{"name":3},{"name":2},{"name":1}],"mergingList":[{"name":3,"value":3},{"name":1,"value":1}]}"#,
            r#"{"mergingList":[{"name":3,"value":3},{"name":1,"value":1}]}"#,
        ),
        (
            r#"{"mergingIntList":[1,3]}"#,
            r#"{"$setElementOrder/mergingIntList":[3,2,1]}"#,
            r#"{"mergingIntList":[3,1]}"#,
        ),
        (
            current,
            r#"{"$setElementOrder/mergingList":[{"name":2},{"name":1},{"name":4},{"name":3}]}"#,
            r#"{"mergingList":[{"name":2},{"name":1,"other":"a"},{"name":7},{"name":9},{"name":8},{"name":4},{"name":3}]}"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":3},{"name":4},{"name":2},{"name":9}]}"#,
            r#"{"$setElementOrder/mergingList":[{"name":4},{"name":2},{"name":3},{"name":1}]}"#,
            r#"{"mergingList":[{"name":4},{"name":2},{"name":3},{"name":1},{"name":9}]}"#,
        ),
        // A new list, a deletion in an ordered list, and a list that is nowhere.
        (
            "{}",
            r#"{"$setElementOrder/mergingList":[{"name":2},{"name":1}],"mergingList":[{"name":2},{"name":1}]}"#,
            r#"{"mergingList":[{"name":2},{"name":1}]}"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":2},{"name":3}]}"#,
            r#"{"$setElementOrder/mergingList":[{"name":3},{"name":2}],"mergingList":[{"name":2,"value":1},{"$patch":"delete","name":1}]}"#,
            r#"{"mergingList":[{"name":3},{"name":2,"value":1}]}"#,
        ),
        ("{}", r#"{"$setElementOrder/mergingList":[{"name":2}]}"#, "{}"),
    ]);
}

#[test]
fn retained_keys() {
    check(&[
        (
            r#"{"retainKeysMap":{"name":"foo","value":"a"}}"#,
            r#"{"retainKeysMap":{"$retainKeys":["name","other"],"other":"b"}}"#,
            r#"{"retainKeysMap":{"name":"foo","other":"b"}}"#,
        ),
        (
            r#"{"retainKeysMap":{"name":"foo","value":"a"}}"#,
            r#"{"retainKeysMap":{"value":null}}"#,
            r#"{"retainKeysMap":{"name":"foo"}}"#,
        ),
        (
            r#"{"retainKeysMergingList":[{"name":"bar"},{"name":"foo","value":"a","mergingIntList":[1]}]}"#,
            r#"{"retainKeysMergingList":[{"$retainKeys":["name","other"],"name":"foo","other":"a"}]}"#,
            r#"{"retainKeysMergingList":[{"name":"bar"},{"name":"foo","other":"a"}]}"#,
        ),
        (
            r#"{"retainKeysMap":{"name":"foo"}}"#,
            r#"{"retainKeysMap":{"$retainKeys":["name"],"other":"b"}}"#,
            r#"Malformed("invalid patch format of retainKeys")"#,
        ),
        (r#"{}"#, r#"{"$retainKeys":true}"#, r#"Malformed("invalid patch format of retainKeys")"#),
    ]);
}

#[test]
fn malformed_patches_are_refused_in_upstreams_words() {
    check(&[
        ("{}", "[]", r#"Malformed("invalid JSON document")"#),
        (
            r#"{"name":1}"#,
            r#"{"$patch":"dance","name":2}"#,
            r#"Failed("unknown patch type: dance in map: map[$patch:dance name:2]")"#,
        ),
        (
            r#"{"mergingList":[{"name":1,"value":"a"}]}"#,
            r#"{"mergingList":[{"value":"b"}]}"#,
            r#"Failed("map: map[value:b] does not contain declared merge key: name")"#,
        ),
        (
            r#"{"mergingList":[{"name":1}]}"#,
            r#"{"mergingList":[{"$patch":"merge"}]}"#,
            r#"Failed("merging lists cannot yet be specified in the patch")"#,
        ),
        (
            r#"{"mergingList":[{"name":1},{"name":3},{"name":2}]}"#,
            r#"{"$setElementOrder/mergingList":[{"name":1},{"name":2},{"name":3}],"mergingList":[{"name":3},{"name":1}]}"#,
            r#"Failed("The order in patch list:\n[map[name:3] map[name:1]]\n doesn't match $setElementOrder list:\n[map[name:1] map[name:2] map[name:3]]\n")"#,
        ),
        (
            r#"{"mergingIntList":[1]}"#,
            r#"{"mergingIntList":["a"]}"#,
            r#"Failed("list element types are not identical: [[1] [a]]")"#,
        ),
        (
            r#"{"mergingIntList":[1]}"#,
            r#"{"mergingIntList":[[1]]}"#,
            r#"Failed("list element types are not identical: [[1] [[1]]]")"#,
        ),
        (
            r#"{}"#,
            r#"{"$setElementOrder/mergingList":1}"#,
            r#"Failed("expected a []interface {}, but received a int64")"#,
        ),
        (r#"{}"#, r#"{"$setElementOrder":[]}"#, r#"Malformed("invalid patch format of setElementOrder list")"#),
        (r#"{}"#, r#"{"$deleteFromPrimitiveList":[]}"#, r#"Malformed("invalid patch format of primitive list")"#),
        (
            r#"{"keylessList":[{"name":1}]}"#,
            r#"{"keylessList":[{"name":1}]}"#,
            r#"Failed("cannot merge lists without merge key for struct")"#,
        ),
        (
            r#"{"simpleMap":{"a":{}}}"#,
            r#"{"simpleMap":{"a":{}}}"#,
            r#"Failed("merging an object in json but data type is not struct, instead is: map")"#,
        ),
        (
            r#"{"strange":{}}"#,
            r#"{"strange":{}}"#,
            r#"Failed("unable to find api field in struct MergeItem for the json field \"strange\"")"#,
        ),
    ]);
}
