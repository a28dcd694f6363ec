use super::*;
use crate::{
    Object, decode,
    decode::Zeros,
    json,
    schema::{Field, Kind, ListType, StructType},
};

/// A kind with every way to merge. `spec` and `status` are alike.
fn schema() -> (Schema, TypeId) {
    let mut schema = Schema::new();
    let [root, meta, part, item, port] =
        ["test.Kind", "test.Meta", "test.Part", "test.Item", "test.Port"].map(|name| schema.declare(name));
    let atomic_part = schema.declare("test.Atomic");
    let field = |name: &str, kind| Field::new(name, 0, kind);
    let list = |id| Kind::List(Box::new(Kind::Struct(id)));
    let texts = || Kind::List(Box::new(Kind::String));
    let labels = || Kind::Map(Box::new(Kind::String));
    let set = |name: &str| Field { list_type: ListType::Set, ..field(name, texts()) };
    let keyed = |name: &str, id, keys: &[&str]| Field {
        list_type: ListType::Map,
        list_map_keys: keys.iter().map(|key| Str::from(*key)).collect(),
        ..field(name, list(id))
    };
    let mut define = |id: TypeId, atomic: bool, fields: Vec<Field>| {
        let name = schema.get(id).name.clone();
        schema.define(id, StructType { name, fields, atomic, ..StructType::default() });
    };
    define(
        root,
        false,
        vec![
            field("apiVersion", Kind::String),
            field("kind", Kind::String),
            field("metadata", Kind::Struct(meta)),
            field("spec", Kind::Struct(part)),
            field("status", Kind::Struct(part)),
        ],
    );
    define(
        meta,
        false,
        vec![
            field("name", Kind::String),
            field("namespace", Kind::String),
            field("resourceVersion", Kind::String),
            field("labels", labels()),
            field("annotations", labels()),
            set("finalizers"),
            field("managedFields", Kind::List(Box::new(Kind::Json))),
        ],
    );
    define(
        part,
        false,
        vec![
            field("replicas", Kind::Int32),
            field("paused", Kind::Bool),
            field("labels", labels()),
            Field { atomic: true, ..field("selector", labels()) },
            field("atomicList", texts()),
            field("atomic", Kind::Struct(atomic_part)),
            Field { granular: true, ..field("granular", Kind::Struct(atomic_part)) },
            set("set"),
            keyed("items", item, &["name"]),
            keyed("ports", port, &["port", "protocol"]),
            field("any", Kind::Json),
            field("part", Kind::Struct(part)),
        ],
    );
    define(
        item,
        false,
        vec![field("name", Kind::String), field("value", Kind::Int32), set("set"), keyed("items", item, &["name"])],
    );
    let protocol = Field { default: Some("TCP".into()), ..field("protocol", Kind::String) };
    define(port, false, vec![field("port", Kind::Int32), protocol, field("name", Kind::String)]);
    define(atomic_part, true, vec![field("a", Kind::Int32), field("b", Kind::Int32)]);
    (schema, root)
}

/// One write.
enum Step {
    Apply(&'static str, &'static str),
    Force(&'static str, &'static str),
    /// By whom, through which subresource, the whole object.
    Update(&'static str, &'static str, &'static str),
}
use Step::{Apply, Force, Update};

/// `{"spec": SPEC}` as an object; text that starts with `+` stands for the rest of the object.
fn tree(text: &str) -> Value {
    let text = match text.strip_prefix('+') {
        Some(rest) => format!("{{{rest}}}"),
        None => format!(r#"{{"spec":{text}}}"#),
    };
    let mut tree = decode::json_untyped(text.as_bytes()).unwrap();
    tree.set(&["apiVersion"], "test/v1");
    tree.set(&["kind"], "Kind");
    tree.set(&["metadata", "name"], "x");
    tree
}

fn shown(object: &Object, with_times: bool) -> String {
    let mut root = object.0.clone();
    let entries = entries::read(managed_fields(&root)).unwrap();
    root.remove(&["metadata", "managedFields"]);
    root.remove(&["metadata", "name"]);
    for key in ["apiVersion", "kind"] {
        root.remove(&[key]);
    }
    if root.map_at(&["metadata"]).is_some_and(crate::Map::is_empty) {
        root.remove(&["metadata"]);
    }
    let mut text = String::from_utf8(json::to_vec(&root)).unwrap();
    for entry in entries {
        let door = if entry.subresource.is_empty() { String::new() } else { format!("/{}", entry.subresource) };
        let time = if with_times { format!("@{}", entry.time.as_str().unwrap_or("-")) } else { String::new() };
        text.push_str(&format!("\n{:?} {}{door}{time}: {:?}", entry.operation, entry.manager, entry.set));
    }
    text
}

/// The object and its managers after all steps, or the first error.
fn run(steps: &[Step]) -> String {
    run_with_times(steps, false)
}

fn run_with_times(steps: &[Step], with_times: bool) -> String {
    let (schema, type_id) = schema();
    let (status, spec) = (Set::of_paths(&[&["status"]]), Set::of_paths(&[&["spec"], &["metadata", "labels"]]));
    let mut object: Option<Object> = None;
    for (index, step) in steps.iter().enumerate() {
        let now = format!("2026-11-22T11:00:{index:02}Z");
        let mut target = Target {
            schema: &schema,
            type_id,
            api_version: "test/v1",
            kind: "Kind",
            subresource: "",
            reset_fields: &status,
            versions: None,
            now: &now,
        };
        let applied = match step {
            Apply(manager, config) => apply(&target, object.as_ref(), &tree(config), manager, false),
            Force(manager, config) => apply(&target, object.as_ref(), &tree(config), manager, true),
            Update(manager, subresource, new) => {
                target.subresource = subresource;
                if *subresource == "status" {
                    target.reset_fields = &spec;
                }
                let mut new = Object(tree(new));
                track(&target, object.as_ref(), &mut new, manager);
                Ok(new)
            }
        };
        match applied {
            Ok(new) => object = Some(Object(decode::tree(new.0, &schema, type_id, Zeros::Fill).unwrap().value)),
            Err(error) => return error.to_string(),
        }
    }
    shown(&object.unwrap(), with_times)
}

fn check(steps: &[Step], expected: &str) {
    assert_eq!(run(steps), expected);
}

#[test]
fn sets_of_fields() {
    let set = |text: &str| Set::from_value(&decode::json_untyped(text.as_bytes()).unwrap()).unwrap();
    let text = r#"{"f:a":{},"f:b":{".":{},"f:c":{},"k:{\"name\":\"x\",\"port\":80}":{".":{},"f:name":{}},"v:\"text\"":{},"v:1":{},"v:true":{}}}"#;
    let all = set(text);
    assert_eq!(String::from_utf8(json::to_vec(&all.to_value())).unwrap(), text);
    assert_eq!(
        all.paths(),
        [
            ".a",
            ".b",
            ".b.c",
            r#".b[name="x",port=80]"#,
            ".b[=1]",
            r#".b[="text"]"#,
            ".b[=true]",
            r#".b[name="x",port=80].name"#,
        ]
    );
    let (left, right) = (set(r#"{"f:a":{},"f:b":{"f:c":{},"f:d":{}}}"#), set(r#"{"f:b":{".":{},"f:d":{},"f:e":{}}}"#));
    for (found, expected) in [
        (left.union(&right), ".a .b .b.c .b.d .b.e"),
        (left.intersection(&right), ".b.d"),
        (left.difference(&right), ".a .b.c"),
        (right.difference(&left), ".b .b.e"),
        (left.difference_with_children(&right), ".a"),
        (left.difference(&left), ""),
    ] {
        assert_eq!(format!("{found:?}"), expected);
    }
    assert!(!left.is_disjoint(&right) && left.is_disjoint(&set(r#"{"f:b":{".":{}}}"#)));
    let field = |name: &str| Element::Field(name.into());
    assert!(right.has(&[field("b")]) && !left.has(&[field("b")]) && left.has(&[field("b"), field("c")]));
    for bad in [r#"{"x":{}}"#, r#"{"fa":{}}"#, r#"{"k:1":{}}"#, r#"{"v:":{}}"#, r#"{"i:x":{}}"#] {
        assert!(Set::from_value(&decode::json_untyped(bad.as_bytes()).unwrap()).is_err(), "{bad}");
    }
    assert!(set(r#"{"z:later":{}}"#).is_empty());
}

#[test]
fn what_a_configuration_says() {
    let (schema, type_id) = schema();
    for (text, expected) in [
        (r#"{"replicas":0,"labels":{"a":"b"}}"#, ".spec.replicas .spec.labels.a"),
        (r#"{"labels":{},"part":{}}"#, ".spec.labels .spec.part"),
        (
            r#"{"selector":{"a":"b"},"atomicList":["a"],"atomic":{"a":1}}"#,
            ".spec.atomic .spec.atomicList .spec.selector",
        ),
        (r#"{"granular":{"a":1}}"#, ".spec.granular.a"),
        (r#"{"set":["b","a"]}"#, r#".spec.set[="a"] .spec.set[="b"]"#),
        (
            r#"{"ports":[{"port":80}]}"#,
            r#".spec.ports[port=80,protocol="TCP"] .spec.ports[port=80,protocol="TCP"].port"#,
        ),
        (r#"{"any":{"a":[1],"b":{"c":1},"d":{}}}"#, ".spec.any.a .spec.any.b .spec.any.d .spec.any.b.c"),
        (r#"{"any":[1]}"#, ".spec.any"),
        (r#"{"items":[]}"#, ""),
    ] {
        let mut set = fields_of(&tree(text), &schema, type_id);
        strip(&mut set);
        assert_eq!(format!("{set:?}"), expected, "{text}");
    }
}

#[test]
fn what_an_applier_leaves_out_goes() {
    check(
        &[Apply("a", r#"{"replicas":1,"paused":true}"#), Apply("a", r#"{"replicas":1}"#)],
        "{\"spec\":{\"replicas\":1}}\nApply a: .spec.replicas",
    );
    // Nested, the struct with it; an item with it; entries of maps.
    check(
        &[Apply("a", r#"{"replicas":1,"part":{"part":{"paused":true}}}"#), Apply("a", r#"{"replicas":1}"#)],
        "{\"spec\":{\"replicas\":1}}\nApply a: .spec.replicas",
    );
    check(
        &[
            Apply(
                "a",
                r#"{"items":[{"name":"x","value":1},{"name":"y","items":[{"name":"z"}]}],"labels":{"a":"1","b":"2"}}"#,
            ),
            Apply("a", r#"{"items":[{"name":"y"}],"labels":{"b":"2"}}"#),
        ],
        "{\"spec\":{\"items\":[{\"name\":\"y\"}],\"labels\":{\"b\":\"2\"}}}\n\
         Apply a: .spec.items[name=\"y\"] .spec.items[name=\"y\"].name .spec.labels.b",
    );
    // Not what somebody else owns, too.
    check(
        &[
            Apply("a", r#"{"replicas":1,"paused":true}"#),
            Apply("b", r#"{"paused":true}"#),
            Apply("a", r#"{"replicas":1}"#),
        ],
        "{\"spec\":{\"paused\":true,\"replicas\":1}}\nApply b: .spec.paused\nApply a: .spec.replicas",
    );
    // An item goes although an update owns something in it; the item itself was the applier's.
    check(
        &[
            Apply("a", r#"{"items":[{"name":"x"},{"name":"y"}],"part":{"replicas":1}}"#),
            Update("u", "", r#"{"items":[{"name":"x","value":1},{"name":"y"}],"part":{"replicas":1,"paused":true}}"#),
            Apply("a", r#"{"items":[{"name":"y"}]}"#),
        ],
        "{\"spec\":{\"items\":[{\"name\":\"y\"}],\"part\":{\"paused\":true}}}\n\
         Apply a: .spec.items[name=\"y\"] .spec.items[name=\"y\"].name\nUpdate u: .spec.part.paused",
    );
}

#[test]
fn appliers_share_and_conflict() {
    check(
        &[Apply("a", r#"{"replicas":1}"#), Apply("b", r#"{"replicas":1}"#)],
        "{\"spec\":{\"replicas\":1}}\nApply b: .spec.replicas\nApply a: .spec.replicas",
    );
    check(
        &[Apply("a", r#"{"replicas":1}"#), Apply("b", r#"{"replicas":2}"#)],
        r#"Apply failed with 1 conflict: conflict with "a": .spec.replicas"#,
    );
    check(
        &[Update("kubectl", "", r#"{"replicas":1}"#), Apply("b", r#"{"replicas":2}"#)],
        r#"Apply failed with 1 conflict: conflict with "kubectl" using test/v1: .spec.replicas"#,
    );
    check(
        &[
            Apply("a", r#"{"replicas":1,"items":[{"name":"x","value":1}]}"#),
            Update("u", "", r#"{"replicas":1,"paused":true,"items":[{"name":"x","value":1}]}"#),
            Apply("b", r#"{"replicas":2,"paused":false,"items":[{"name":"x","value":2}]}"#),
        ],
        "Apply failed with 3 conflicts: conflicts with \"a\":\n- .spec.replicas\n- .spec.items[name=\"x\"].value\n\
         conflicts with \"u\" using test/v1:\n- .spec.paused",
    );
    check(
        &[Apply("a", r#"{"replicas":1,"paused":true}"#), Force("b", r#"{"replicas":2}"#)],
        "{\"spec\":{\"paused\":true,\"replicas\":2}}\nApply a: .spec.paused\nApply b: .spec.replicas",
    );
    // Atomic values are taken as a whole.
    check(
        &[Apply("a", r#"{"selector":{"a":"1"}}"#), Force("b", r#"{"selector":{"b":"1"}}"#)],
        "{\"spec\":{\"selector\":{\"b\":\"1\"}}}\nApply b: .spec.selector",
    );
    check(
        &[Apply("a", r#"{"granular":{"a":1}}"#), Apply("b", r#"{"granular":{"b":1}}"#)],
        "{\"spec\":{\"granular\":{\"a\":1,\"b\":1}}}\nApply a: .spec.granular.a\nApply b: .spec.granular.b",
    );
    // Removal of a shared item is no conflict, and leaves it.
    check(
        &[Apply("a", r#"{"set":["x","y"]}"#), Apply("b", r#"{"set":["y","z"]}"#), Apply("a", r#"{"set":["x"]}"#)],
        "{\"spec\":{\"set\":[\"x\",\"y\",\"z\"]}}\nApply a: .spec.set[=\"x\"]\nApply b: .spec.set[=\"y\"] .spec.set[=\"z\"]",
    );
}

#[test]
fn a_conflict_is_a_409_with_causes() {
    let conflict = Conflict { manager: "\"a\"".into(), path: ".spec.replicas".into() };
    let status = ApplyError::Conflicts(vec![conflict]).to_status();
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        String::from_utf8(json::to_vec(&status.details)).unwrap(),
        r#"{"causes":[{"field":".spec.replicas","message":"conflict with \"a\"","reason":"FieldManagerConflict"}]}"#
    );
}

#[test]
fn lists_keep_the_order_of_the_applier() {
    let order = |live: &'static str, config: &'static str, expected: &str| {
        let text = run(&[Apply("a", live), Apply("b", config)]);
        assert_eq!(text.lines().next(), Some(expected), "{live} and {config}");
    };
    order(r#"{"set":["a","b","c"]}"#, r#"{"set":["c","b"]}"#, r#"{"spec":{"set":["a","c","b"]}}"#);
    order(r#"{"set":["a","b","c"]}"#, r#"{"set":["d","a"]}"#, r#"{"spec":{"set":["d","a","b","c"]}}"#);
    order(r#"{"set":["a","c"]}"#, r#"{"set":["a","b","c"]}"#, r#"{"spec":{"set":["a","b","c"]}}"#);
    order(r#"{"set":["a","b"]}"#, r#"{"set":["c"]}"#, r#"{"spec":{"set":["a","b","c"]}}"#);
    order(
        r#"{"ports":[{"port":80,"name":"x"},{"port":80,"protocol":"UDP"}]}"#,
        r#"{"ports":[{"port":80,"protocol":"TCP","name":"x"},{"port":443}]}"#,
        r#"{"spec":{"ports":[{"name":"x","port":80,"protocol":"TCP"},{"port":80,"protocol":"UDP"},{"port":443}]}}"#,
    );
}

#[test]
fn updates_own_what_they_change() {
    check(
        &[Update("u", "", r#"{"replicas":1,"labels":{"a":"1"},"items":[{"name":"x"}]}"#)],
        "{\"spec\":{\"items\":[{\"name\":\"x\"}],\"labels\":{\"a\":\"1\"},\"replicas\":1}}\n\
         Update u: .spec .spec.items .spec.labels .spec.replicas .spec.items[name=\"x\"] .spec.items[name=\"x\"].name .spec.labels.a",
    );
    check(
        &[Apply("a", r#"{"replicas":1,"paused":true}"#), Update("u", "", r#"{"replicas":2,"paused":true}"#)],
        "{\"spec\":{\"paused\":true,\"replicas\":2}}\nApply a: .spec.paused\nUpdate u: .spec.replicas",
    );
    // What is removed is nobody's; who owns nothing is gone.
    check(
        &[
            Apply("a", r#"{"replicas":1,"paused":true}"#),
            Apply("b", r#"{"replicas":1}"#),
            Update("u", "", r#"{"paused":true}"#),
        ],
        "{\"spec\":{\"paused\":true}}\nApply a: .spec.paused",
    );
    // The same manager keeps its two ways of writing apart.
    check(
        &[Apply("a", r#"{"replicas":1}"#), Update("a", "", r#"{"replicas":1,"paused":true}"#)],
        "{\"spec\":{\"paused\":true,\"replicas\":1}}\nApply a: .spec.replicas\nUpdate a: .spec.paused",
    );
    // A value that changes its type.
    check(
        &[Apply("a", r#"{"any":1}"#), Update("u", "", r#"{"any":{"b":1}}"#)],
        "{\"spec\":{\"any\":{\"b\":1}}}\nUpdate u: .spec.any .spec.any.b",
    );
}

#[test]
fn subresources_are_doors_of_their_own() {
    check(
        &[
            Update("u", "", r#"+"spec":{"replicas":1},"status":{"paused":true}"#),
            Update("u", "status", r#"+"spec":{"replicas":7},"status":{"replicas":1}"#),
        ],
        "{\"spec\":{\"replicas\":7},\"status\":{\"replicas\":1}}\n\
         Update u: .spec .spec.replicas\nUpdate u/status: .status.replicas",
    );
    let text = run(&[
        Update("u", "", r#"{"paused":true}"#),
        Update("u", "status", r#"+"status":{"replicas":1},"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}}"#),
    ]);
    assert_eq!(
        text.lines().next_back(),
        Some("Update u/status: .status .metadata.annotations .metadata.annotations.c .status.replicas")
    );
}

#[test]
fn duplicates_in_lists_count_as_one_value() {
    let twice = r#"{"items":[{"name":"x","value":1},{"name":"x","value":2},{"name":"y"}]}"#;
    let own = |steps: &[Step]| run(steps).lines().skip(1).collect::<Vec<_>>().join("\n");
    assert_eq!(
        own(&[Update("u", "", twice)]),
        "Update u: .spec .spec.items .spec.items[name=\"x\"] .spec.items[name=\"y\"] .spec.items[name=\"y\"].name"
    );
    assert_eq!(
        run(&[Apply("a", twice)]),
        "failed to create typed patch object (/x; test/v1, Kind=Kind): .spec.items: duplicate entries for key [name=\"x\"]"
    );
    // Others may apply beside them, and one of them instead of them.
    let first = run(&[Update("u", "", twice), Apply("a", r#"{"items":[{"name":"z"}]}"#)]);
    assert_eq!(
        first.lines().next(),
        Some(r#"{"spec":{"items":[{"name":"x","value":1},{"name":"x","value":2},{"name":"y"},{"name":"z"}]}}"#)
    );
    let second = run(&[Update("u", "", twice), Force("a", r#"{"items":[{"name":"x","value":3}]}"#)]);
    assert_eq!(second.lines().next(), Some(r#"{"spec":{"items":[{"name":"x","value":3},{"name":"y"}]}}"#));
}

#[test]
fn what_was_there_before_the_first_apply() {
    let (schema, type_id) = schema();
    let reset = Set::EMPTY;
    let target = Target {
        schema: &schema,
        type_id,
        api_version: "test/v1",
        kind: "Kind",
        subresource: "",
        reset_fields: &reset,
        versions: None,
        now: "2026-11-22T11:00:00Z",
    };
    let live = Object(tree(r#"{"replicas":1,"paused":true}"#));
    // Nothing is tracked while nobody applied.
    let mut updated = Object(tree(r#"{"replicas":2,"paused":true}"#));
    track(&target, Some(&live), &mut updated, "u");
    assert_eq!(shown(&updated, false).lines().count(), 1);
    let error = apply(&target, Some(&live), &tree(r#"{"replicas":2}"#), "a", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"Apply failed with 1 conflict: conflict with "before-first-apply" using test/v1: .spec.replicas"#
    );
    let applied = apply(&target, Some(&live), &tree(r#"{"replicas":1}"#), "a", false).unwrap();
    assert_eq!(
        shown(&applied, false),
        "{\"spec\":{\"paused\":true,\"replicas\":1}}\nApply a: .spec.replicas\n\
         Update before-first-apply: .spec .spec.paused .spec.replicas"
    );
}

#[test]
fn times_change_with_the_set() {
    let steps = [
        Apply("a", r#"{"replicas":1}"#),
        Update("u", "", r#"{"replicas":1,"paused":true}"#),
        Update("u", "", r#"{"replicas":1,"paused":true}"#),
        Apply("a", r#"{"replicas":1}"#),
        Update("v", "", r#"{"replicas":1,"paused":true}"#),
    ];
    assert_eq!(
        run_with_times(&steps, true),
        "{\"spec\":{\"paused\":true,\"replicas\":1}}\nApply a@2026-11-22T11:00:00Z: .spec.replicas\n\
         Update u@2026-11-22T11:00:01Z: .spec.paused"
    );
}

#[test]
fn clients_may_rewrite_managed_fields() {
    let applied = Apply("a", r#"{"replicas":1}"#);
    let reset = r#"+"spec":{"replicas":1},"metadata":{"managedFields":[{}]}"#;
    check(&[applied, Update("u", "", reset)], "{\"spec\":{\"replicas\":1}}");
    let other = r#"+"spec":{"replicas":1},"metadata":{"managedFields":[{"manager":"z","operation":"Update","apiVersion":"test/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}}}]}"#;
    check(
        &[Apply("a", r#"{"replicas":1}"#), Update("u", "", other)],
        "{\"spec\":{\"replicas\":1}}\nUpdate z: .spec.paused",
    );
    let malformed = r#"+"spec":{"replicas":1},"metadata":{"managedFields":[{"manager":"z","operation":"Jump"}]}"#;
    check(
        &[Apply("a", r#"{"replicas":1}"#), Update("u", "", malformed)],
        "{\"spec\":{\"replicas\":1}}\nApply a: .spec.replicas",
    );
    // Not through a subresource.
    check(
        &[Apply("a", r#"{"replicas":1}"#), Update("u", "status", other)],
        "{\"spec\":{\"replicas\":1}}\nApply a: .spec.replicas",
    );
}

#[test]
fn the_oldest_managers_are_merged() {
    let names = ["m00", "m01", "m02", "m03", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11"];
    let mut steps = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let labels: Vec<String> = (0..=index).map(|label| format!(r#""l{label:02}":"x""#)).collect();
        steps.push(Update(name, "", Box::leak(format!("{{\"labels\":{{{}}}}}", labels.join(",")).into_boxed_str())));
    }
    let text = run(&steps);
    let managers: Vec<&str> = text.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(managers.len(), 10, "{text}");
    assert_eq!(
        text.lines().nth(1),
        Some("Update ancient-changes: .spec .spec.labels .spec.labels.l00 .spec.labels.l01 .spec.labels.l02")
    );
}

#[test]
fn kubectl_takes_over_from_client_side_apply() {
    let last = |text: &str| {
        let config = format!(r#"{{"apiVersion":"test/v1","kind":"Kind","metadata":{{"name":"x"}},"spec":{text}}}"#);
        let annotation = String::from_utf8(json::to_vec(&Value::from(config))).unwrap();
        let object = format!(
            r#"+"spec":{text},"metadata":{{"annotations":{{"kubectl.kubernetes.io/last-applied-configuration":{annotation}}}}}"#
        );
        &*Box::leak(object.into_boxed_str())
    };
    let own = |steps: &[Step]| run(steps).replace("kubectl.kubernetes.io/last-applied-configuration", "last-applied");
    let text = own(&[
        Update("kubectl-client-side-apply", "", last(r#"{"replicas":1}"#)),
        Apply("kubectl", r#"{"replicas":2}"#),
    ]);
    assert!(text.contains("Apply kubectl: .spec.replicas"), "{text}");
    assert!(text.contains(r#"\"spec\":{\"replicas\":2}}\n"#), "the annotation follows: {text}");
    // What changed since then is no longer what was applied.
    let live = last(r#"{"replicas":1}"#).replace(r#"+"spec":{"replicas":1}"#, r#"+"spec":{"replicas":3}"#);
    let live = &*Box::leak(live.into_boxed_str());
    check(
        &[Update("u", "", live), Apply("kubectl", r#"{"replicas":2}"#)],
        r#"Apply failed with 1 conflict: conflict with "u" using test/v1: .spec.replicas"#,
    );
    check(
        &[Update("u", "", last(r#"{"replicas":1}"#)), Apply("other", r#"{"replicas":2}"#)],
        r#"Apply failed with 1 conflict: conflict with "u" using test/v1: .spec.replicas"#,
    );
}

#[test]
fn wrong_configurations_are_refused_in_upstreams_words() {
    let prefix = "failed to create typed patch object (/x; test/v1, Kind=Kind): ";
    for (config, expected) in [
        (r#"{"replica":1}"#, ".spec.replica: field not declared in schema"),
        (r#"{"items":[{"name":"x","strange":1}]}"#, r#".spec.items[name="x"].strange: field not declared in schema"#),
        (r#"{"atomic":{"c":1}}"#, ".spec.atomic.c: field not declared in schema"),
        (
            r#"{"items":[{"value":1}]}"#,
            r#".spec.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)"#,
        ),
        (r#"{"set":["a","a"]}"#, r#".spec.set: duplicate entries for key [="a"]"#),
        (r#"{"part":1}"#, ".spec.part: expected map, got number"),
        (r#"{"replicas":"a"}"#, "json: cannot unmarshal string into Go struct field Part.spec.replicas of type int32"),
    ] {
        assert_eq!(run(&[Apply("a", config)]), format!("{prefix}{expected}"));
    }
    check(&[Apply("a", r#"+"metadata":{"managedFields":[]}"#)], "metadata.managedFields must be nil");
    let (schema, type_id) = schema();
    let reset = Set::EMPTY;
    let target = Target {
        schema: &schema,
        type_id,
        api_version: "test/v1",
        kind: "Kind",
        subresource: "",
        reset_fields: &reset,
        versions: None,
        now: "",
    };
    let error = apply(&target, None, &crate::value!({"metadata": {"name": "x"}}), "a", false).unwrap_err();
    assert_eq!(error, ApplyError::Invalid("invalid object type: /, Kind=".to_owned()));
}
