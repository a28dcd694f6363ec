//! The whole chain over a real store: who may, what is changed, what is refused.

use std::sync::Arc;

use admission::chain;
use apimachinery::{Object, Status, Str, Value, names, value};
use apiserver::{
    Resource, SchemaHandle, Server, Strategy, Subresource, SubresourceHandler, UserInfo,
    audit::{Auditor, Event, Offered, Policy, Sink},
    authentication::authenticate_token,
    authorization::PrivilegedGroup,
    loopback::Loopback,
    resource::DefaultTable,
    server::Parts,
};
use auth::{
    bootstrap,
    node::NodeAuthorizer,
    rbac::RbacAuthorizer,
    reviews,
    tokens::{BootstrapTokens, Issuer, ServiceAccountTokens},
};
use client::{Client, Options, ResourceKind, kinds::*};

const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const SELF_REVIEWS: ResourceKind =
    ResourceKind::new("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false);

struct Cluster {
    server: Arc<Server>,
    admin: Client,
    _directory: tempfile::TempDir,
}

async fn cluster() -> Cluster {
    let directory = tempfile::tempdir().unwrap();
    let engine = store::embedded::open(directory.path().join("store"), store::embedded::Options::default()).unwrap();
    let issuer = Arc::new(Issuer::new(ISSUER, &[], pki::PrivateKey::generate().unwrap()).unwrap());
    let rbac = Arc::new(RbacAuthorizer::new());
    let server = Server::new(Parts {
        engine,
        admission: chain(&rbac),
        authorizers: vec![Arc::new(PrivilegedGroup), Arc::new(NodeAuthorizer::new()), rbac.clone()],
        authenticators: vec![Arc::new(ServiceAccountTokens::new(issuer.clone())), Arc::new(BootstrapTokens)],
    });
    tokio::spawn(server.registry().clone().follow());
    let creators = reviews::creators(&rbac, &issuer);
    let creator = |address| creators.iter().find(|(known, _)| *known == address).map(|(_, creator)| creator.clone());
    let kinds = [
        NAMESPACES,
        PODS,
        NODES,
        SECRETS,
        CONFIG_MAPS,
        SERVICE_ACCOUNTS,
        SERVICES,
        RESOURCE_QUOTAS,
        LIMIT_RANGES,
        CLUSTER_ROLES,
        CLUSTER_ROLE_BINDINGS,
        ROLES,
        ROLE_BINDINGS,
        PRIORITY_CLASSES,
    ];
    for kind in kinds {
        let schema = SchemaHandle::Static(api::schema());
        let type_id = api::type_of(&kind.group, &kind.version, &kind.kind).unwrap();
        let cache = server.registry().cache(&kind, &schema, type_id, None).await.unwrap();
        let mut subresources = vec![part("status", &kind, SubresourceHandler::Object)];
        if kind == SERVICE_ACCOUNTS {
            let tokens = creator(("", "serviceaccounts/token")).unwrap();
            subresources.push(part("token", &kind, SubresourceHandler::Create(tokens)));
        }
        server.registry().insert(resource(kind, subresources, Some(cache), None));
    }
    let reviews = creator(("authorization.k8s.io", "selfsubjectaccessreviews"));
    server.registry().insert(resource(SELF_REVIEWS, Vec::new(), None, reviews));
    let admin = Loopback::client(&server, UserInfo::new("admin", &["system:masters"]), "test");
    for name in ["default", "kube-system", "kube-public"] {
        admin.all(&NAMESPACES).create(value!({"metadata": {"name": name}})).await.unwrap();
    }
    Cluster { server, admin, _directory: directory }
}

/// What the kinds of these tests need of a strategy.
struct TestStrategy;

impl Strategy for TestStrategy {
    fn validate_name(&self, name: &str) -> Vec<String> {
        names::path_segment(name)
    }

    fn selectable_field<'o>(&self, object: &'o Object, field: &str) -> Option<&'o str> {
        (field == "spec.nodeName").then(|| object.str_at(&["spec", "nodeName"]).unwrap_or_default())
    }
}

fn part(name: &'static str, kind: &ResourceKind, handler: SubresourceHandler) -> Subresource {
    let type_id = api::type_of(&kind.group, &kind.version, &kind.kind);
    Subresource { name: Str::from_static(name), kind: kind.clone(), type_id, verbs: Vec::new(), handler }
}

fn resource(
    kind: ResourceKind,
    subresources: Vec<Subresource>,
    cache: Option<Arc<apiserver::cache::Cache>>,
    creator: Option<Arc<dyn apiserver::Creator>>,
) -> Resource {
    Resource {
        type_id: api::type_of(&kind.group, &kind.version, &kind.kind).unwrap(),
        kind,
        singular: Str::EMPTY,
        short_names: Vec::new(),
        categories: Vec::new(),
        verbs: Vec::new(),
        storage_version_hash: Str::EMPTY,
        schema: SchemaHandle::Static(api::schema()),
        strategy: Arc::new(TestStrategy),
        table: Arc::new(DefaultTable),
        subresources,
        cache,
        creator,
        reader: None,
        conversion: None,
        versions: None,
        guard: apiserver::Guard::default(),
    }
}

impl Cluster {
    fn user(&self, name: &str, groups: &[&str]) -> Client {
        Loopback::client(&self.server, UserInfo::new(name, groups), "test")
    }

    async fn account(&self, name: &str) -> Arc<Object> {
        let account = value!({"metadata": {"name": name}});
        self.admin.namespaced(&SERVICE_ACCOUNTS, "default").create(account).await.unwrap()
    }

    async fn pod(&self, name: &str, spec: Value) -> Result<Arc<Object>, Status> {
        let pod = value!({"metadata": {"name": name}, "spec": spec});
        self.admin.namespaced(&PODS, "default").create(pod).await
    }
}

fn container() -> Value {
    value!([{"name": "c", "image": "i"}])
}

#[tokio::test]
async fn the_default_roles_are_made_once_and_grant() {
    let cluster = cluster().await;
    bootstrap::reconcile(&cluster.admin).await.unwrap();
    let revision = cluster.server.registry().applied_revision();
    bootstrap::reconcile(&cluster.admin).await.unwrap();
    assert_eq!(cluster.server.registry().applied_revision(), revision, "an unchanged cluster was written to");
    let scheduler = cluster.user("system:kube-scheduler", &[]);
    assert!(scheduler.all(&PODS).list(Options::default()).await.is_ok());
    let refused = scheduler.all(&SECRETS).list(Options::default()).await.unwrap_err();
    let expected = r#"secrets is forbidden: User "system:kube-scheduler" cannot list resource "secrets" in API group "" at the cluster scope"#;
    assert_eq!(refused.message, expected);
    let ask = value!({"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}});
    let review = scheduler.all(&SELF_REVIEWS).create(ask).await.unwrap();
    assert_eq!(review.bool_at(&["status", "allowed"]), Some(true));
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let cluster = cluster().await;
    bootstrap::reconcile(&cluster.admin).await.unwrap();
    let rules = value!([{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["create"]}]);
    let role = value!({"metadata": {"name": "maker"}, "rules": rules});
    cluster.admin.all(&CLUSTER_ROLES).create(role).await.unwrap();
    let binding = value!({
        "metadata": {"name": "maker"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "maker"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "eve"}]
    });
    cluster.admin.all(&CLUSTER_ROLE_BINDINGS).create(binding).await.unwrap();
    let eve = cluster.user("eve", &[]);
    let role = |resource: &str, group: &str| {
        let rules = value!([{"apiGroups": [group], "resources": [resource], "verbs": ["create"]}]);
        value!({"metadata": {"name": format!("of-{resource}")}, "rules": rules})
    };
    let roles = eve.namespaced(&ROLES, "default");
    roles.create(role("roles", "rbac.authorization.k8s.io")).await.unwrap();
    let refused = roles.create(role("secrets", "")).await.unwrap_err();
    let expected = "roles.rbac.authorization.k8s.io \"of-secrets\" is forbidden: user \"eve\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"create\"]}";
    assert_eq!(refused.message, expected);
}

#[tokio::test]
async fn tokens_end_with_what_they_are_bound_to() {
    let cluster = cluster().await;
    cluster.account("default").await;
    let pod = cluster.pod("p", value!({"containers": container()})).await.unwrap();
    let volume = &pod.list_at(&["spec", "volumes"])[0];
    assert!(volume.str_at(&["name"]).unwrap().starts_with("kube-api-access-"));
    let request =
        value!({"spec": {"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": pod.uid()}}});
    let accounts = cluster.admin.namespaced(&SERVICE_ACCOUNTS, "default");
    let answer = accounts.create_subresource("default", "token", request).await.unwrap();
    let token = answer.str_at(&["status", "token"]).unwrap();
    let user = authenticate_token(&cluster.server, token, &[]).await.unwrap().unwrap();
    assert_eq!(user.name, "system:serviceaccount:default:default");
    assert!(user.in_group("system:serviceaccounts:default"));
    assert!(user.extra.iter().any(|(key, value)| *key == "authentication.kubernetes.io/pod-name" && value[0] == "p"));
    assert!(authenticate_token(&cluster.server, token, &["elsewhere".into()]).await.is_err());
    assert_eq!(authenticate_token(&cluster.server, "not.a.token", &[]).await, Ok(None));
    cluster.admin.namespaced(&PODS, "default").delete("p", Options::default()).await.unwrap();
    let refused = authenticate_token(&cluster.server, token, &[]).await.unwrap_err();
    assert_eq!(refused, "service account token has been invalidated");
}

#[tokio::test]
async fn nodes_reach_what_their_pods_name() {
    let cluster = cluster().await;
    cluster.account("default").await;
    let secrets = cluster.admin.namespaced(&SECRETS, "default");
    secrets.create(value!({"metadata": {"name": "s"}})).await.unwrap();
    secrets.create(value!({"metadata": {"name": "t"}})).await.unwrap();
    let volumes = value!([{"name": "v", "secret": {"secretName": "s"}}]);
    let spec = value!({"nodeName": "a", "containers": container(), "volumes": volumes});
    cluster.pod("p", spec).await.unwrap();
    let (a, b) = (cluster.user("system:node:a", &["system:nodes"]), cluster.user("system:node:b", &["system:nodes"]));
    assert!(a.namespaced(&SECRETS, "default").get("s").await.is_ok());
    for refused in [a.namespaced(&SECRETS, "default").get("t").await, b.namespaced(&SECRETS, "default").get("s").await]
    {
        assert!(refused.unwrap_err().message.contains("no relationship found between node"));
    }
    let own = Options { field_selector: "spec.nodeName=a".to_owned(), ..Options::default() };
    assert_eq!(a.all(&PODS).list(Options::default()).await.unwrap_err().code, 403);
    assert_eq!(a.all(&PODS).list(own).await.unwrap().len(), 1);
    let taken = a.all(&NODES).create(value!({"metadata": {"name": "b"}})).await.unwrap_err();
    assert!(taken.message.contains(r#"node "a" is not allowed to modify node "b""#), "{}", taken.message);
    let node = a.all(&NODES).create(value!({"metadata": {"name": "a"}})).await.unwrap();
    assert_eq!(node.list_at(&["spec", "taints"])[0].str_at(&["key"]), Some("node.kubernetes.io/not-ready"));
}

#[tokio::test]
async fn many_writers_do_not_exceed_a_quota() {
    let cluster = cluster().await;
    let quotas = cluster.admin.namespaced(&RESOURCE_QUOTAS, "default");
    quotas.create(value!({"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "5"}}})).await.unwrap();
    let status = value!({"status": {"hard": {"configmaps": "5"}, "used": {"configmaps": "0"}}});
    quotas.patch_status("q", status).await.unwrap();
    let maps = cluster.admin.namespaced(&CONFIG_MAPS, "default");
    let names: Vec<String> = (0..12).map(|index| format!("m{index}")).collect();
    let mut writers = tokio::task::JoinSet::new();
    for name in names {
        let maps = maps.clone();
        writers.spawn(async move { maps.create(value!({"metadata": {"name": name}})).await });
    }
    let (made, refused): (Vec<_>, Vec<_>) = writers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (5, 7));
    for problem in refused.into_iter().filter_map(Result::err) {
        assert!(
            problem
                .message
                .contains("exceeded quota: q, requested: configmaps=1, used: configmaps=5, limited: configmaps=5"),
            "{}",
            problem.message
        );
    }
    let quota = quotas.get("q").await.unwrap();
    assert_eq!(quota.str_at(&["status", "used", "configmaps"]), Some("5"));
}

#[tokio::test]
async fn namespaces_say_what_comes_in() {
    let cluster = cluster().await;
    cluster.account("default").await;
    let labels = value!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let namespaces = cluster.admin.all(&NAMESPACES);
    namespaces.patch("default", "", client::PatchType::Merge, labels).await.unwrap();
    let spec = value!({"hostNetwork": true, "containers": container()});
    let refused = cluster.pod("p", spec).await.unwrap_err();
    let expected =
        r#"pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)"#;
    assert_eq!(refused.message, expected);
    let absent = cluster.admin.namespaced(&CONFIG_MAPS, "nowhere").create(value!({"metadata": {"name": "m"}})).await;
    assert_eq!(absent.unwrap_err().message, r#"namespaces "nowhere" not found"#);
    let immortal = namespaces.delete("kube-system", Options::default()).await.unwrap_err();
    assert_eq!(immortal.message, r#"namespaces "kube-system" is forbidden: this namespace may not be deleted"#);
}

/// Keeps the annotations of requests that have ended.
#[derive(Default)]
struct Annotations(std::sync::Mutex<Vec<(&'static str, Str)>>);

#[async_trait::async_trait]
impl Sink for Annotations {
    fn offer(&self, event: &Event) -> Offered {
        *self.0.lock().unwrap() = event.annotations.clone();
        Offered::Settled(true)
    }

    async fn stop(&self) {}
}

impl Annotations {
    fn check(&self, expected: &[(&str, &str)]) {
        let annotations = self.0.lock().unwrap();
        let found: Vec<(&str, &str)> = annotations.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn audit_events_tell_who_allowed_and_what_a_namespace_has_audited() {
    let cluster = cluster().await;
    cluster.account("default").await;
    let policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n";
    let kept = Arc::new(Annotations::default());
    cluster.server.set_auditor(Auditor::new(Policy::parse(&policy.into()).unwrap(), vec![kept.clone()]));
    let labels = value!({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/audit-version": "v1.30"
    });
    let namespaces = cluster.admin.all(&NAMESPACES);
    let patch = value!({"metadata": {"labels": labels}});
    namespaces.patch("default", "", client::PatchType::Merge, patch).await.unwrap();
    let violation = r#"would violate PodSecurity "restricted:v1.30": "#;
    let told = |extra: &str| format!("{violation}{extra}");
    for (spec, admitted, extra) in [
        (value!({"containers": container()}), true, "allowPrivilegeEscalation"),
        (value!({"hostNetwork": true, "containers": container()}), false, "host namespaces"),
    ] {
        assert_eq!(cluster.pod("p", spec).await.is_ok(), admitted);
        let annotations = kept.0.lock().unwrap().clone();
        let of = |key: &str| annotations.iter().find(|(known, _)| *known == key).map(|(_, value)| value.to_string());
        assert_eq!(of("pod-security.kubernetes.io/enforce-policy").as_deref(), Some("baseline:latest"));
        let said = of("pod-security.kubernetes.io/audit-violations").unwrap();
        assert!(said.starts_with(&told(extra)), "{said}");
    }
    let request = value!({"spec": {"audiences": [], "expirationSeconds": 600}});
    let accounts = cluster.admin.namespaced(&SERVICE_ACCOUNTS, "default");
    let issued = accounts.create_subresource("default", "token", request).await.unwrap();
    let token = issued.str_at(&["status", "token"]).unwrap();
    let user = authenticate_token(&cluster.server, token, &[]).await.unwrap().unwrap();
    let of_user = user.extra.iter().find(|(key, _)| *key == "authentication.kubernetes.io/credential-id").unwrap();
    kept.check(&[
        ("authorization.k8s.io/decision", "allow"),
        ("authorization.k8s.io/reason", ""),
        ("authentication.kubernetes.io/issued-credential-id", of_user.1[0].as_str()),
    ]);
    let role = value!({
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    });
    cluster.admin.namespaced(&ROLES, "default").create(role).await.unwrap();
    let binding = value!({
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}]
    });
    cluster.admin.namespaced(&ROLE_BINDINGS, "default").create(binding).await.unwrap();
    let configs = cluster.user("jane", &[]).namespaced(&CONFIG_MAPS, "default");
    configs.list(Options::default()).await.unwrap();
    let reason = r#"RBAC: allowed by RoleBinding "readers/default" of Role "reader" to User "jane""#;
    kept.check(&[("authorization.k8s.io/decision", "allow"), ("authorization.k8s.io/reason", reason)]);
    assert_eq!(configs.get("absent").await.unwrap_err().code, 403);
    kept.check(&[("authorization.k8s.io/decision", "forbid"), ("authorization.k8s.io/reason", "")]);
}

#[tokio::test]
async fn a_pod_waits_for_the_account_of_a_new_namespace() {
    let cluster = Arc::new(cluster().await);
    let early = cluster.clone();
    let pod = tokio::spawn(async move { early.pod("p", value!({"containers": container()})).await });
    tokio::task::yield_now().await;
    cluster.account("default").await;
    assert_eq!(pod.await.unwrap().unwrap().str_at(&["spec", "serviceAccountName"]), Some("default"));
}
