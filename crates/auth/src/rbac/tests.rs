use apimachinery::{Object, Value, value};

use super::*;

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str], urls: &[&str]) -> Rule {
    let list = |items: &[&str]| items.iter().map(|item| Str::from(*item)).collect();
    Rule { verbs: list(verbs), groups: list(groups), resources: list(resources), names: list(names), urls: list(urls) }
}

fn action(text: &str) -> Action<'_> {
    // verb group resource subresource namespace name, `-` for empty; or verb and a path.
    let words: Vec<&str> = text.split(' ').map(|word| if word == "-" { "" } else { word }).collect();
    match words.as_slice() {
        [verb, path] => Action::path(verb, path),
        [verb, group, resource, subresource, namespace, name] => {
            Action::object(verb, group, resource, subresource, namespace, name)
        }
        _ => panic!("{text}"),
    }
}

#[test]
fn rules_match_as_upstream() {
    let pods = rule(&["get", "list"], &[""], &["pods", "pods/log"], &[], &[]);
    let scales = rule(&["*"], &["*"], &["*/scale"], &[], &[]);
    let one = rule(&["get"], &[""], &["configmaps"], &["a"], &[]);
    let all = rule(&["*"], &["*"], &["*"], &[], &[]);
    let urls = rule(&["get"], &[], &[], &[], &["/healthz", "/metrics/*", "/x*"]);
    for (rule, text, expected) in [
        (&pods, "get - pods - n p", true),
        (&pods, "get - pods log n p", true),
        (&pods, "get - pods exec n p", false),
        (&pods, "delete - pods - n p", false),
        (&pods, "get apps pods - n p", false),
        (&scales, "update apps deployments scale n d", true),
        (&scales, "update apps deployments - n d", false),
        (&one, "get - configmaps - n a", true),
        (&one, "get - configmaps - n b", false),
        (&one, "list - configmaps - n -", false),
        (&all, "deletecollection batch jobs status n j", true),
        (&all, "get /healthz", false),
        (&urls, "get /healthz", true),
        (&urls, "get /healthz/etcd", false),
        (&urls, "get /metrics/slis", true),
        (&urls, "get /metrics", false),
        (&urls, "get /xyz", true),
        (&urls, "post /healthz", false),
        (&urls, "get - pods - n p", false),
    ] {
        let action = action(text);
        let combined = rule::combined(action.resource, action.subresource);
        assert_eq!(rule.allows(&action, &combined), expected, "{text}");
    }
}

#[test]
fn what_is_not_held_is_named() {
    let held = [rule(&["get"], &[""], &["pods", "*/scale"], &[], &[]), rule(&["get"], &[], &[], &[], &["/a/*"])];
    let wanted = [
        rule(&["get", "list", "watch"], &[""], &["pods"], &[], &[]),
        rule(&["get"], &[""], &["secrets"], &["s"], &[]),
        rule(&["get"], &[""], &["deployments/scale"], &[], &[]),
        rule(&["get"], &[], &[], &[], &["/a/b", "/c"]),
    ];
    let expected = [
        r#"{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}"#,
        r#"{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}"#,
        r#"{NonResourceURLs:["/c"], Verbs:["get"]}"#,
    ];
    assert_eq!(compact(&missing(&held, &wanted)), expected);
    assert!(missing(&[rule(&["*"], &["*"], &["*"], &[], &[])], &wanted[..3]).is_empty());
}

fn object(kind: &str, namespace: &str, name: &str, rest: Value) -> Object {
    let mut object = Object(rest);
    object.set(&["kind"], kind);
    object.set_meta("name", name);
    object.set_meta("namespace", namespace);
    object
}

fn binding(kind: &str, namespace: &str, name: &str, role: (&str, &str), subjects: Value) -> Object {
    let rest = value!({"roleRef": {"kind": role.0, "name": role.1}, "subjects": subjects});
    object(kind, namespace, name, rest)
}

fn index() -> Index {
    let mut index = Index::default();
    let read = value!({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]});
    index.put("view", &object("ClusterRole", "", "view", read.clone()));
    index.put("n/local", &object("Role", "n", "local", read));
    let subjects = value!([{"kind": "Group", "name": "devs"}, {"kind": "User", "name": "ann"}]);
    index.put("b", &binding("ClusterRoleBinding", "", "b", ("ClusterRole", "view"), subjects));
    let subjects = value!([{"kind": "ServiceAccount", "name": "robot"}]);
    index.put("n/c", &binding("RoleBinding", "n", "c", ("Role", "local"), subjects));
    let subjects = value!([{"kind": "User", "name": "bob"}]);
    index.put("n/d", &binding("RoleBinding", "n", "d", ("ClusterRole", "gone"), subjects));
    index
}

#[test]
fn bindings_apply_by_subject_and_scope() {
    let mut index = index();
    let get = |index: &Index, user: &UserInfo, namespace: &str| {
        decide(index, user, &Action::object("get", "", "pods", "", namespace, "p"))
    };
    let allowed = |reason: &str| Decision::Allow(format!("RBAC: allowed by {reason}"));
    let none = Decision::NoOpinion(String::new());
    let ann = UserInfo::new("ann", &[]);
    let view = r#"ClusterRoleBinding "b" of ClusterRole "view" to"#;
    assert_eq!(get(&index, &ann, "x"), allowed(&format!(r#"{view} User "ann""#)));
    assert_eq!(get(&index, &UserInfo::new("eve", &["devs"]), ""), allowed(&format!(r#"{view} Group "devs""#)));
    assert_eq!(get(&index, &UserInfo::new("devs", &["ann"]), ""), none);
    let robot = UserInfo::service_account("n", "robot");
    let local = r#"RoleBinding "c/n" of Role "local" to ServiceAccount "robot/n""#;
    assert_eq!(get(&index, &robot, "n"), allowed(local));
    assert_eq!(get(&index, &robot, "x"), none);
    assert_eq!(get(&index, &robot, ""), none);
    let gone = r#"RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found"#;
    assert_eq!(get(&index, &UserInfo::new("bob", &[]), "n"), Decision::NoOpinion(gone.to_owned()));
    index.remove_binding("n/c");
    assert_eq!(get(&index, &robot, "n"), none);
}
