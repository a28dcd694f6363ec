//! Bad input: too much, too deep, too slow, or nonsense.

use apimachinery::{json, value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::wire::Api;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const YAML: &[(&str, &str)] = &[("content-type", "application/yaml")];
const PROTOBUF: &[(&str, &str)] = &[("content-type", "application/vnd.kubernetes.protobuf")];

#[tokio::test]
async fn bodies_have_a_size() {
    let api = Api::start().await;
    let object = json::to_vec(&value!({"metadata": {"name": "a"}, "data": {"x": "y".repeat(3 << 20)}}));
    let answer = api.call("POST", MAPS, JSON, object).await;
    assert_eq!(answer.failure(), "413 Request entity too large: limit is 3145728");
    assert_eq!(answer.json().str_at(&["reason"]), Some("RequestEntityTooLarge"));
    // Whoever says beforehand how much it is, and whoever does not.
    let patch = [("content-type", "application/merge-patch+json")];
    assert_eq!(api.call("PATCH", &format!("{MAPS}/a"), &patch, " ".repeat((3 << 20) + 1)).await.code, 413);
}

#[tokio::test]
async fn json_patches_have_a_length() {
    let api = Api::start().await;
    api.post(MAPS, value!({"metadata": {"name": "a"}})).await.ok();
    let operation = r#"{"op":"test","path":"/metadata/name","value":"a"}"#;
    let patch = |count: usize| format!("[{}]", vec![operation; count].join(","));
    let headers = [("content-type", "application/json-patch+json")];
    let path = format!("{MAPS}/a");
    assert_eq!(api.call("PATCH", &path, &headers, patch(10_000)).await.code, 200);
    assert_eq!(
        api.call("PATCH", &path, &headers, patch(10_001)).await.failure(),
        "413 Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}

/// 100,000 levels, in every shape and through every door.
#[tokio::test]
async fn bodies_have_a_depth() {
    const LEVELS: usize = 100_000;
    let api = Api::start().await;
    api.post(MAPS, value!({"metadata": {"name": "a"}})).await.ok();
    let lists = format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let maps = format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS));
    let block: String = (0..2000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    let dashes = "- ".repeat(LEVELS);
    let in_field = format!("{{\"metadata\":{{\"name\":\"b\"}},\"data\":{maps}}}");
    for body in [&lists, &maps, &in_field] {
        assert_eq!(api.call("POST", MAPS, JSON, body.clone()).await.code, 400);
    }
    for body in [&lists, &maps, &block, &dashes, &format!("data: {lists}")] {
        let answer = api.call("POST", MAPS, YAML, body.clone()).await;
        assert_eq!(answer.code, 400, "{} {}", &body[..20], answer.text());
    }
    let path = format!("{MAPS}/a");
    for media_type in
        ["application/merge-patch+json", "application/json-patch+json", "application/strategic-merge-patch+json"]
    {
        for body in [&lists, &maps] {
            let answer = api.call("PATCH", &path, &[("content-type", media_type)], body.clone()).await;
            assert_eq!(answer.code, 400, "{media_type}: {}", answer.text());
        }
    }
    let apply = [("content-type", "application/apply-patch+yaml")];
    let nested: String = (0..60).map(|level| format!("\n{}a:", " ".repeat(level + 1))).collect();
    let deep = format!("metadata: {{name: c}}\ndata:{nested} 1");
    let answer = api.call("POST", MAPS, YAML, deep).await;
    assert!(answer.failure().contains("json: cannot unmarshal"), "{}", answer.failure());
    for body in [&lists, &maps, &block, &dashes] {
        let answer = api.call("PATCH", &format!("{path}?fieldManager=m"), &apply, body.clone()).await;
        assert_eq!(answer.code, 400, "{}", answer.text());
    }
    // A schema in a schema in a schema: `not` is field 26 of JSONSchemaProps.
    let mut message = Vec::new();
    for _ in 0..20_000 {
        let mut outer = vec![0xd2, 0x01];
        let mut length = message.len();
        while length >= 0x80 {
            outer.push(length as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(message);
        message = outer;
        if message.len() > 100_000 {
            break;
        }
    }
    let mut body = b"k8s\0".to_vec();
    body.extend(wrap(0x12, &wrap(0x12, &wrap(0x3a, &wrap(0x22, &wrap(0x0a, &message))))));
    assert_eq!(api.call("POST", DEFINITIONS, PROTOBUF, body).await.code, 400);
    assert_eq!(api.get("/readyz").await.code, 200, "the server is alive");
}

/// A length-delimited field.
fn wrap(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(bytes);
    out
}

#[tokio::test]
async fn what_is_wrong_is_said_in_upstreams_words() {
    let api = Api::start().await;
    let pods = "/api/v1/namespaces/default/pods";
    let wrong = api.call("POST", pods, JSON, r#"{"spec":{"containers":"x"}}"#).await;
    assert_eq!(
        wrong.failure(),
        "400 Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"
    );
    let unknown = r#"{"metadata":{"name":"a"},"data":{"x":"y"},"spce":1}"#;
    let strict = api.call("POST", &format!("{MAPS}?fieldValidation=Strict"), JSON, unknown).await;
    assert_eq!(
        strict.failure(),
        "400 ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"spce\""
    );
    let warned = api.call("POST", &format!("{MAPS}?fieldValidation=Warn&dryRun=All"), JSON, unknown).await;
    assert_eq!(warned.code, 201);
    assert_eq!(warned.headers["warning"], r#"299 - "unknown field \"spce\"""#);
    let ignored = api.call("POST", &format!("{MAPS}?fieldValidation=Ignore"), JSON, unknown).await;
    assert!(ignored.code == 201 && ignored.headers.get("warning").is_none());
    let odd = api.call("POST", &format!("{MAPS}?fieldValidation=Odd"), JSON, unknown).await;
    assert_eq!(odd.code, 400);
    let twice = r#"{"metadata":{"name":"b"},"data":{"x":"y"},"data":{"x":"z"}}"#;
    let strict = api.call("POST", &format!("{MAPS}?fieldValidation=Strict"), JSON, twice).await;
    assert!(strict.failure().ends_with("strict decoding error: duplicate field \"data\""), "{}", strict.failure());
    for body in ["", "{", "nonsense", "[]", "\u{0}"] {
        assert_eq!(api.call("POST", MAPS, JSON, body).await.code, 400, "{body:?}");
    }
    assert_eq!(api.call("POST", MAPS, &[("content-type", "text/css")], "a").await.code, 415);
    let kind = api.call("POST", MAPS, JSON, r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#).await;
    assert_eq!(kind.code, 400);
}

#[tokio::test]
async fn malformed_protobuf_is_refused() {
    let api = Api::start().await;
    let accept = [("accept", "application/vnd.kubernetes.protobuf")];
    api.post(MAPS, value!({"metadata": {"name": "a"}, "data": {"x": "y"}})).await.ok();
    let good = api.call("GET", &format!("{MAPS}/a"), &accept, "").await.bytes;
    for body in [&b""[..], b"k8s", b"k8s\0", b"k8s\0\x12\xff\xff\xff\xff\x0f", b"k8s\0\x12\x02\x0a\x7f", b"{}"] {
        assert_eq!(api.call("POST", MAPS, PROTOBUF, body.to_vec()).await.code / 100, 4, "{body:?}");
    }
    // Every cut, and every byte turned: whatever comes of it, the server answers.
    for cut in 0..good.len() {
        assert!(api.call("POST", MAPS, PROTOBUF, good.slice(..cut)).await.code < 600, "{cut}");
        let mut turned = good.to_vec();
        turned[cut] ^= 0xff;
        assert!(api.call("POST", MAPS, PROTOBUF, turned).await.code < 600, "{cut}");
    }
}

#[tokio::test]
async fn headers_have_a_size() {
    let api = Api::start().await;
    let mut stream = api.connect();
    let long = format!("GET {MAPS} HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "y".repeat(300 << 10));
    stream.write_all(long.as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    let mut stream = api.connect();
    let many: String = (0..300).map(|index| format!("x{index}: y\r\n")).collect();
    stream.write_all(format!("GET {MAPS} HTTP/1.1\r\nhost: test\r\n{many}\r\n").as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

/// With the clock stopped, waiting costs nothing.
#[tokio::test(start_paused = true)]
async fn clients_that_dawdle_are_given_up() {
    let api = Api::start().await;
    let begun = tokio::time::Instant::now();
    for (sent, answered) in [
        ("", ""),
        ("GE", ""),
        ("GET / HTTP/1.1\r\nho", ""),
        (
            "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n{",
            "HTTP/1.1 504",
        ),
    ] {
        let mut stream = api.connect();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(answered), "{sent}: {answer}");
    }
    assert!(begun.elapsed().as_secs() < 400, "{:?}", begun.elapsed());
}
