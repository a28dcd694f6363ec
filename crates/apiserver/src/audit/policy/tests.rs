use super::*;

/// A policy of these rules, each the fields of one in YAML's flow style.
fn policy(head: &str, rules: &[&str]) -> Policy {
    let rules: String = rules.iter().map(|rule| format!("- {{{rule}}}\n")).collect();
    let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\n{head}rules:\n{rules}");
    Policy::parse(&text.into()).unwrap()
}

fn refusal(text: &str) -> String {
    Policy::parse(&text.to_owned().into()).unwrap_err()
}

fn tim() -> UserInfo {
    UserInfo { name: "tim@k8s.io".into(), groups: vec!["humans".into(), "developers".into()], ..UserInfo::default() }
}

/// Upstream's requests: a pod, its log, a cluster role and its status, a path outside of the API.
fn action(request: &str) -> Action<'static> {
    let pod = Action {
        namespace: "default",
        version: "v1",
        resource: "pods",
        name: "busybox",
        ..Action::path("get", "/api/v1/namespaces/default/pods/busybox")
    };
    let role = Action {
        group: "rbac.authorization.k8s.io",
        version: "v1",
        resource: "clusterroles",
        name: "edit",
        ..Action::path("get", "/apis/rbac.authorization.k8s.io/v1/clusterroles/edit")
    };
    match request {
        "pod" => pod,
        "log" => Action { subresource: "log", ..pod },
        "role" => role,
        "role status" => Action { verb: "update", subresource: "status", ..role },
        _ => Action::path("get", "/logs/kubelet.log"),
    }
}

const EVERYTHING: &str = "level: Metadata";
const CREATE: &str = "level: Request, verbs: [create]";
const TIM: &str = "level: Metadata, users: ['tim@k8s.io']";
const HUMANS: &str = "level: Metadata, userGroups: [humans]";
const ACCOUNTS: &str = "level: Request, userGroups: ['system:serviceaccounts']";
const PODS: &str = "level: RequestResponse, verbs: [get], resources: [{resources: [pods]}]";
const LOGS_OF_PODS: &str = "level: Request, verbs: [get], resources: [{resources: [pods/log]}]";
const ALL_CORE: &str = "level: Request, resources: [{resources: ['*']}]";
const ANY_LOG: &str = "level: Request, resources: [{resources: ['*/log']}]";
const PARTS_OF_PODS: &str = "level: Request, resources: [{resources: ['pods/*']}]";
const ROLES: &str = "level: RequestResponse, verbs: [get], namespaces: [''], \
    resources: [{group: rbac.authorization.k8s.io, resources: [clusterroles]}]";
const EDIT: &str = "level: Request, \
    resources: [{group: rbac.authorization.k8s.io, resources: [clusterroles], resourceNames: [edit]}]";
const ANY_STATUS: &str = "level: RequestResponse, verbs: [update], resources: [{group: '*', resources: ['*/status']}]";
const LOG_FILES: &str = "level: RequestResponse, verbs: [get], nonResourceURLs: ['/logs*']";
const METRICS: &str = "level: Request, verbs: [get], nonResourceURLs: [/metrics]";
const DEFAULT_NAMESPACE: &str = "level: Request, namespaces: [default]";

#[test]
fn the_first_rule_that_fits_counts() {
    use Level::{Metadata, None as Nothing, Request, RequestResponse};
    for (request, rules, expected) in [
        ("pod", &[EVERYTHING][..], Metadata),
        ("pod", &[CREATE], Nothing),
        ("pod", &[TIM], Metadata),
        ("pod", &[HUMANS], Metadata),
        ("pod", &[ACCOUNTS], Nothing),
        ("pod", &[PODS], RequestResponse),
        ("pod", &[ROLES], Nothing),
        ("pod", &[LOG_FILES], Nothing),
        ("pod", &[METRICS, ACCOUNTS, EVERYTHING], Metadata),
        ("pod", &[METRICS, PODS, EVERYTHING], RequestResponse),
        ("pod", &[LOGS_OF_PODS, PODS], RequestResponse),
        ("pod", &[ANY_LOG], Nothing),
        ("pod", &[PARTS_OF_PODS], Request),
        ("pod", &[DEFAULT_NAMESPACE], Request),
        ("log", &[LOGS_OF_PODS, PODS], Request),
        ("log", &[PODS], Nothing),
        ("log", &[ALL_CORE], Request),
        ("log", &[ANY_LOG], Request),
        ("log", &[PARTS_OF_PODS], Request),
        ("role", &[TIM], Metadata),
        ("role", &[PODS], Nothing),
        ("role", &[ALL_CORE], Nothing),
        ("role", &[ROLES], RequestResponse),
        ("role", &[EDIT, ROLES], Request),
        ("role", &[DEFAULT_NAMESPACE], Nothing),
        ("role", &[LOGS_OF_PODS, PODS], Nothing),
        ("role status", &[ANY_STATUS], RequestResponse),
        ("role status", &[ROLES], Nothing),
        ("path", &[EVERYTHING], Metadata),
        ("path", &[TIM], Metadata),
        ("path", &[CREATE], Nothing),
        ("path", &[PODS], Nothing),
        ("path", &[ROLES], Nothing),
        ("path", &[METRICS], Nothing),
        ("path", &[LOG_FILES, ROLES, EVERYTHING], RequestResponse),
        ("path", &["level: Metadata, nonResourceURLs: ['*']"], Metadata),
    ] {
        let verdict = policy("", rules).judge(Some(&tim()), &action(request));
        assert_eq!(verdict.level, expected, "{request}: {rules:?}");
    }
    for (rules, expected) in
        [(&[TIM][..], Nothing), (&[TIM, EVERYTHING], Metadata), (&[HUMANS], Nothing), (&[HUMANS, EVERYTHING], Metadata)]
    {
        assert_eq!(policy("", rules).judge(None, &action("pod")).level, expected, "nobody: {rules:?}");
    }
}

#[test]
fn stages_of_policy_and_rule_are_left_out_together() {
    let rule = "level: Request, omitStages: [ResponseStarted, RequestReceived]";
    let head = "omitStages: [RequestReceived, Panic]\n";
    let left_out = |policy: Policy, request| policy.judge(Some(&tim()), &action(request)).omit_stages;
    let of_rule = Stages::of(&[Stage::RequestReceived, Stage::ResponseStarted]);
    let of_policy = Stages::of(&[Stage::RequestReceived, Stage::Panic]);
    assert_eq!(left_out(policy("", &[rule]), "pod"), of_rule);
    assert_eq!(left_out(policy(head, &[rule]), "path"), of_rule.union(of_policy));
    assert_eq!(left_out(policy(head, &[EVERYTHING]), "pod"), of_policy);
    assert_eq!(left_out(policy(head, &[CREATE]), "pod"), of_policy, "no rule fits");
    assert!(of_policy.contains(Stage::Panic) && !of_policy.contains(Stage::ResponseComplete));
}

#[test]
fn a_rule_decides_about_managed_fields_before_the_policy_does() {
    for (head, rule, expected) in [
        ("", EVERYTHING, false),
        ("omitManagedFields: true\n", EVERYTHING, true),
        ("omitManagedFields: true\n", "level: Metadata, omitManagedFields: false", false),
        ("", "level: Metadata, omitManagedFields: true", true),
    ] {
        let verdict = policy(head, &[rule]).judge(Some(&tim()), &action("pod"));
        assert_eq!(verdict.omit_managed_fields, expected, "{head}{rule}");
    }
}

#[test]
fn refusals_are_upstreams() {
    const HEAD: &str = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n";
    for (rule, expected) in [
        ("verbs: [get]", "rules[0].level: Required value"),
        (
            "level: FooBar",
            "rules[0].level: Unsupported value: \"FooBar\": supported values: \
             \"Metadata\", \"None\", \"Request\", \"RequestResponse\"",
        ),
        (
            "level: None, namespaces: [a], nonResourceURLs: ['/logs*']",
            "rules[0].nonResourceURLs: Invalid value: [\"/logs*\"]: \
             rules cannot apply to both regular resources and non-resource URLs",
        ),
        (
            "level: None, nonResourceURLs: [logs, /a*]",
            "rules[0].nonResourceURLs[0]: Invalid value: \"logs\": non-resource URL rules must begin with a '/' character",
        ),
        (
            "level: None, nonResourceURLs: [/metrics, '/logs/*.log']",
            "rules[0].nonResourceURLs[1]: Invalid value: \"/logs/*.log\": \
             non-resource URL wildcards '*' must be the final character of the rule",
        ),
        (
            "level: None, resources: [{resourceNames: [leader]}]",
            "rules[0].resources.resourceNames: Invalid value: [\"leader\"]: \
             using resourceNames requires at least one resource",
        ),
        (
            "level: None, omitStages: [foo]",
            "rules[0].omitStages[0]: Invalid value: \"foo\": \
             allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic",
        ),
    ] {
        assert_eq!(refusal(&format!("{HEAD}- {{{rule}}}\n")), expected);
    }
    let group = refusal(&format!("{HEAD}- {{level: None, resources: [{{group: rbac.authorization.k8s.io/v1}}]}}\n"));
    assert!(
        group.starts_with(
            "rules[0].resources.group: Invalid value: \"rbac.authorization.k8s.io/v1\": a lowercase RFC 1123"
        ),
        "{group}"
    );
    let several = refusal(&format!("{HEAD}- {{level: A}}\n- {{}}\n"));
    assert!(
        several.starts_with("[rules[0].level: Unsupported") && several.ends_with(", rules[1].level: Required value]"),
        "{several}"
    );
}

#[test]
fn the_example_of_the_documentation_holds() {
    let page = include_str!("../../../../../docs/audit.md");
    let example = page.split_once("```yaml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let policy = Policy::parse(&example.into()).unwrap();
    let secret = Action { resource: "secrets", version: "v1", ..Action::path("create", "/api/v1/secrets") };
    assert_eq!(policy.judge(Some(&tim()), &secret).level, Level::Metadata);
    let node = UserInfo { groups: vec!["system:nodes".into()], ..UserInfo::default() };
    assert_eq!(policy.judge(Some(&node), &action("pod")).level, Level::None);
    assert_eq!(policy.judge(Some(&tim()), &action("role status")).level, Level::Request);
}

#[test]
fn what_is_no_policy_is_said() {
    assert_eq!(refusal("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\n"), "loaded illegal policy with 0 rules");
    assert_eq!(
        refusal("apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: []\n"),
        "unknown group version field audit.k8s.io/v1beta1, Kind=Policy in policy"
    );
    assert_eq!(refusal("apiVersion: audit.k8s.io/v1\n"), "failed decoding: Object 'Kind' is missing");
    let misspelled = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  namespace: [a]\n";
    assert_eq!(refusal(misspelled), "failed decoding: strict decoding error: unknown field \"rules[0].namespace\"");
    let doubled = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: None\n  level: Metadata\n";
    let doubled = refusal(doubled);
    assert!(doubled.contains("line 5: key \"level\" already set in map"), "{doubled}");
    let broken = refusal("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [\n");
    assert!(broken.contains("line"), "{broken}");
    let missing = Policy::load(std::path::Path::new("/nonexistent/policy.yaml")).unwrap_err().to_string();
    assert!(missing.ends_with(": from file /nonexistent/policy.yaml"), "{missing}");
}
