//! Paths outside of the resources: metrics, health, version, and who may ask.

use apimachinery::value;
use apiserver::{
    UserInfo,
    http::{Connection, InFlight},
    server::Document,
};

use crate::wire::Api;

#[tokio::test]
async fn requests_and_objects_are_counted() {
    let api = Api::start().await;
    let path = "/api/v1/namespaces/default/configmaps";
    api.post(path, value!({"metadata": {"name": "a"}, "data": {"x": "y"}})).await.ok();
    api.get(&format!("{path}/absent")).await;
    let answer = api.get("/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    for begin in [
        "apiserver_request_total{verb=\"POST\",dry_run=\"\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\",scope=\"resource\",component=\"apiserver\",code=\"201\"} ",
        "apiserver_request_total{verb=\"GET\",dry_run=\"\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\",scope=\"resource\",component=\"apiserver\",code=\"404\"} ",
        "apiserver_request_duration_seconds_bucket{verb=\"POST\",dry_run=\"\",group=\"\",version=\"v1\",resource=\"configmaps\"",
        "apiserver_request_sli_duration_seconds_bucket{verb=\"POST\",group=\"\",version=\"v1\",resource=\"configmaps\"",
        "apiserver_current_inflight_requests{request_kind=\"mutating\"} ",
        "apiserver_resource_objects{group=\"\",resource=\"configmaps\"} 1",
        "apiserver_storage_objects{resource=\"deployments.apps\"} 0",
        "etcd_request_duration_seconds_count{operation=\"create\",group=\"\",resource=\"configmaps\"} ",
        "process_resident_memory_bytes ",
        "kubernetes_build_info{",
    ] {
        assert!(text.lines().any(|line| line.starts_with(begin)), "{begin}\n{text}");
    }
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    assert!(samples.clone().all(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok()));
    // The kinds that two versions serve count once.
    assert_eq!(samples.filter(|line| line.starts_with("apiserver_storage_objects{resource=\"horizontal")).count(), 1);
}

#[tokio::test]
async fn checks_are_told_in_upstreams_words() {
    let api = Api::start().await;
    assert_eq!(api.get("/readyz").await.text(), "ok");
    let health = api.server.health();
    health.expect("poststarthook/x", "secret reason");
    let failed = api.get("/readyz").await;
    assert_eq!(failed.code, 500);
    assert_eq!(
        failed.text(),
        "[+]ping ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n\
         [-]poststarthook/x failed: reason withheld\nreadyz check failed\n"
    );
    let excluded = api.get("/readyz?verbose&exclude=poststarthook/x&exclude=y").await;
    assert_eq!(excluded.code, 200);
    assert_eq!(
        excluded.text(),
        "[+]ping ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n[+]poststarthook/x excluded: ok\n\
         warn: some health checks cannot be excluded: no matches for \"y\"\nreadyz check passed\n"
    );
    let one = api.get("/readyz/poststarthook/x").await;
    assert_eq!((one.code, one.text().as_str()), (500, "internal server error: secret reason\n"));
    assert_eq!(api.get("/readyz/absent").await.code, 404);
    assert_eq!(api.get("/livez/informer-sync").await.code, 404, "a matter of readiness alone");
    health.set("poststarthook/x", Ok(()));
    assert_eq!(
        api.get("/livez?verbose=1").await.text(),
        "[+]ping ok\n[+]etcd ok\n[+]poststarthook/x ok\nlivez check passed\n"
    );
    assert_eq!(api.get("/healthz/ping").await.text(), "ok");
    let indicators = api.get("/metrics/slis").await.text();
    assert!(indicators.contains("kubernetes_healthcheck{name=\"ping\",type=\"readyz\"} 1"), "{indicators}");
}

#[tokio::test]
async fn documents_are_served_as_they_are() {
    let api = Api::start().await;
    assert_eq!(api.get("/openid/v1/jwks").await.code, 404);
    let document =
        Document { media_type: "application/jwk-set+json", cache_control: "public, max-age=3600", bytes: "{}".into() };
    api.server.serve_document("/openid/v1/jwks", document);
    for path in ["/openid/v1/jwks", "/openid/v1/jwks/"] {
        let answer = api.get(path).await;
        assert_eq!((answer.code, answer.text().as_str()), (200, "{}"));
        assert_eq!(answer.headers["content-type"], "application/jwk-set+json");
        assert_eq!(answer.headers["cache-control"], "public, max-age=3600");
    }
    assert!(api.get("/").await.text().contains("\"/openid/v1/jwks\""));
    let anonymous = api.call_on(api.connect_as(Connection::default()), "GET", "/openid/v1/jwks", &[], "").await;
    assert_eq!(anonymous.failure(), "403 forbidden: User \"system:anonymous\" cannot get path \"/openid/v1/jwks\"");
    let version = api.get("/version").await.ok();
    assert_eq!((version.str_at(&["major"]), version.str_at(&["minor"])), (Some("1"), Some("37")));
}

#[tokio::test]
async fn a_front_proxy_speaks_for_users_and_nobody_else_does() {
    let api = Api::start().await;
    let path = "/api/v1/namespaces/default/configmaps";
    let headers = [("x-remote-user", "reader"), ("x-remote-group", "g")];
    let proxy = || api.connect_as(Connection { front_proxy: true, ..Connection::default() });
    assert_eq!(api.call_on(proxy(), "GET", path, &headers, "").await.code, 200);
    let refused = api.call_on(proxy(), "DELETE", path, &headers, "").await;
    assert!(refused.failure().contains("User \"reader\" cannot deletecollection"), "{}", refused.failure());
    let nameless = api.call_on(proxy(), "GET", path, &[], "").await;
    assert!(nameless.failure().contains("User \"system:anonymous\""));
    let user = Connection { user: Some(UserInfo::new("other", &[])), ..Connection::default() };
    let impostor = api.call_on(api.connect_as(user), "GET", path, &headers, "").await;
    assert!(impostor.failure().contains("User \"other\" cannot list"), "{}", impostor.failure());
}

#[tokio::test]
async fn too_many_requests_at_once_are_sent_away() {
    let api = Api::with_limits(InFlight::new(0, 0, 0)).await;
    let path = "/api/v1/namespaces/default/configmaps";
    let reader = || Connection { user: Some(UserInfo::new("reader", &[])), ..Connection::default() };
    let refused = api.call_on(api.connect_as(reader()), "GET", path, &[], "").await;
    assert_eq!(refused.failure(), "429 Too many requests, please try again later.");
    assert_eq!(refused.headers["retry-after"], "1");
    // Those that run long have no place to take.
    let watch = format!("{path}?watch=1&timeoutSeconds=1");
    assert_eq!(api.call_on(api.connect_as(reader()), "GET", &watch, &[], "").await.code, 200);
    assert_eq!(api.get(path).await.code, 200, "the administrator is never sent away");
}
