//! Lists and objects in every form: what comes out of the cache unseen is what the tree would have been.

use std::io::Read as _;

use apimachinery::{
    Value,
    decode::{self, Zeros},
    protobuf, value,
};

use crate::wire::Api;

const PATH: &str = "/api/v1/namespaces/default/configmaps";
const PROTOBUF: [(&str, &str); 1] = [("accept", "application/vnd.kubernetes.protobuf")];

async fn with_config_maps(count: usize) -> Api {
    let api = Api::start().await;
    for number in 0..count {
        let data = value!({"text": "line\n".repeat(200)});
        let labels = value!({"even": if number % 2 == 0 { "yes" } else { "no" }});
        let made = value!({"metadata": {"name": format!("c{number:04}"), "labels": labels}, "data": data});
        api.post(PATH, made).await.ok();
    }
    api
}

/// JSON as the schema reads it.
fn tree(json: &[u8], kind: &str) -> Value {
    decode::json(json, api::schema(), api::type_of("", "v1", kind).unwrap(), Zeros::Fill).unwrap().value
}

/// The tree of an enveloped message.
fn opened(bytes: &bytes::Bytes, kind: &str) -> Value {
    let envelope = protobuf::Envelope::open(bytes).unwrap();
    assert_eq!((envelope.api_version.as_str(), envelope.kind.as_str()), ("v1", kind));
    let mut tree = protobuf::decode(&envelope.raw, api::schema(), api::type_of("", "v1", kind).unwrap()).unwrap();
    tree.set(&["apiVersion"], "v1");
    tree.set(&["kind"], kind);
    tree
}

#[tokio::test]
async fn protobuf_out_of_the_store_is_what_would_have_been_encoded() {
    let api = with_config_maps(3).await;
    api.patch(&format!("{PATH}/c0001"), value!({"data": {"more": "x"}})).await.ok();
    let single = api.call("GET", &format!("{PATH}/c0001"), &PROTOBUF, "").await;
    let json = api.get(&format!("{PATH}/c0001")).await;
    assert_eq!(opened(&single.bytes, "ConfigMap"), tree(&json.bytes, "ConfigMap"));
    let config_map = api::type_of("", "v1", "ConfigMap").unwrap();
    let encoded =
        protobuf::encode_enveloped(&tree(&json.bytes, "ConfigMap"), api::schema(), config_map, "v1", "ConfigMap");
    assert_eq!(single.bytes, encoded);
    for query in ["", "?limit=2", "?labelSelector=even%3Dyes", "?labelSelector=even%3Dmaybe"] {
        let list = api.call("GET", &format!("{PATH}{query}"), &PROTOBUF, "").await;
        let json = tree(&api.get(&format!("{PATH}{query}")).await.bytes, "ConfigMapList");
        let list_type = api::type_of("", "v1", "ConfigMapList").unwrap();
        let encoded = protobuf::encode_enveloped(&json, api::schema(), list_type, "v1", "ConfigMapList");
        assert_eq!(list.bytes, encoded, "{query}");
    }
}

#[tokio::test]
async fn a_long_list_comes_whole_and_compressed_for_who_takes_it() {
    let api = with_config_maps(300).await;
    let identity = api.get(PATH).await;
    assert!(identity.headers.get("content-encoding").is_none());
    assert_eq!(identity.headers["vary"], "Accept-Encoding");
    let list = identity.ok();
    let names: Vec<_> = list.list_at(&["items"]).iter().filter_map(|item| item.str_at(&["metadata", "name"])).collect();
    assert_eq!(names.len(), 300);
    assert!(names.is_sorted());
    for accept in ["application/json", "application/vnd.kubernetes.protobuf"] {
        let plain = api.call("GET", PATH, &[("accept", accept)], "").await;
        let packed = api.call("GET", PATH, &[("accept", accept), ("accept-encoding", "gzip")], "").await;
        assert_eq!(packed.headers["content-encoding"], "gzip");
        assert!(packed.bytes.len() < plain.bytes.len() / 4);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed.bytes[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.bytes, "{accept}");
    }
    // Short ones are not worth it.
    let short = api.call("GET", &format!("{PATH}?limit=5"), &[("accept-encoding", "gzip")], "").await;
    assert!(short.headers.get("content-encoding").is_none());
}

#[tokio::test]
async fn what_is_kept_of_an_object_ends_with_its_revision() {
    let api = with_config_maps(1).await;
    let path = format!("{PATH}/c0000");
    let before = api.get(&path).await.ok();
    api.patch(&path, value!({"data": {"text": "other"}})).await.ok();
    let after = api.get(&path).await.ok();
    assert_eq!(after.str_at(&["data", "text"]), Some("other"));
    assert_ne!(before.str_at(&["metadata", "resourceVersion"]), after.str_at(&["metadata", "resourceVersion"]));
    assert_eq!(api.get(PATH).await.ok().list_at(&["items"])[0].str_at(&["data", "text"]), Some("other"));
}

#[tokio::test]
async fn events_come_in_protobuf_too() {
    let api = with_config_maps(1).await;
    let json = tree(&api.get(&format!("{PATH}/c0000")).await.bytes, "ConfigMap");
    let watch = format!("{PATH}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dc0000");
    let answer = api.call("GET", &watch, &PROTOBUF, "").await;
    // The length of the event, its type, and the object in its envelope.
    let config_map = api::type_of("", "v1", "ConfigMap").unwrap();
    let object = protobuf::encode_enveloped(&json, api::schema(), config_map, "v1", "ConfigMap");
    let length = u32::from_be_bytes(answer.bytes[..4].try_into().unwrap()) as usize;
    let event = &answer.bytes[4..4 + length];
    assert!(event.starts_with(b"\x0a\x05ADDED\x12"));
    assert!(event.ends_with(&object));
}
