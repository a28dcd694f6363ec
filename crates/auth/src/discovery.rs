//! OpenID discovery of the issuer of service account tokens, for whoever verifies tokens outside.

use apimachinery::{Value, json};
use apiserver::server::Document;

use crate::tokens::Issuer;

/// Where clients look first.
const CONFIGURATION_PATH: &str = "/.well-known/openid-configuration";
/// Where the keys are.
const KEYS_PATH: &str = "/openid/v1/jwks";
/// Keys may be taken for true for an hour, as upstream's.
const CACHE_CONTROL: &str = "public, max-age=3600";

/// What is served where; `address` is that of this server, for example `https://192.0.2.1:6443`.
pub fn documents(issuer: &Issuer, address: &str) -> [(&'static str, Document); 2] {
    let document = |media_type, value: &Value| Document {
        media_type,
        cache_control: CACHE_CONTROL,
        bytes: json::to_vec(value).into(),
    };
    let configuration = issuer.openid_configuration(&format!("{address}{KEYS_PATH}"));
    [
        (CONFIGURATION_PATH, document("application/json", &configuration)),
        (KEYS_PATH, document("application/jwk-set+json", &issuer.openid_keys())),
    ]
}
