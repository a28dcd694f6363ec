//! Signing and reading tokens: JSON Web Tokens in compact form.

use apimachinery::{Object, Str, Value, decode, json, value};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pki::{PrivateKey, pem};

use super::key::PublicKey;

/// The issuer of tokens that stand in secrets.
pub(super) const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
/// A token longer than this is not looked at.
const TOKEN_BYTES_LIMIT: usize = 16 << 10;

/// Why a token could not be made or a key not be read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A key that verifies no tokens.
    #[error("public key: {0}")]
    Key(&'static str),
    /// Keys or signatures.
    #[error("service account token: {0}")]
    Pki(#[from] pki::PkiError),
}

/// Who signs service account tokens, and with what they are verified.
pub struct Issuer {
    /// The first one signs; all are accepted.
    issuers: Vec<String>,
    audiences: Vec<Str>,
    signer: PrivateKey,
    keys: Vec<PublicKey>,
}

/// A token whose parts could be read; nothing is verified.
pub(super) struct Unverified<'t> {
    pub(super) issuer: String,
    header: Value,
    pub(super) claims: Value,
    signed: &'t str,
    signature: Vec<u8>,
}

impl Issuer {
    /// An issuer that signs with `signer`, by the algorithm of its key (RS256, ES256, ES384 or ES512), for `audiences`,
    /// those of the API server; none for the issuer itself.
    ///
    /// # Errors
    /// Never for a key that could be read.
    pub fn new(issuer: &str, audiences: &[&str], signer: PrivateKey) -> Result<Issuer, TokenError> {
        let own = PublicKey::from_der(signer.public_key_info())?;
        let audiences = if audiences.is_empty() { &[issuer][..] } else { audiences };
        let audiences = audiences.iter().map(|audience| Str::from(*audience)).collect();
        Ok(Issuer { issuers: vec![issuer.to_owned()], audiences, signer, keys: vec![own] })
    }

    /// Accepts tokens of a former issuer, too.
    pub fn accept_issuer(mut self, issuer: &str) -> Issuer {
        self.issuers.push(issuer.to_owned());
        self
    }

    /// Accepts tokens that were signed with other keys: public keys (ECDSA or RSA) in PEM.
    ///
    /// # Errors
    /// Text without keys, keys that verify no tokens.
    pub fn accept_keys(mut self, text: &str) -> Result<Issuer, TokenError> {
        for block in pem::decode(text)?.iter().filter(|block| block.label == pem::PUBLIC_KEY) {
            let key = PublicKey::from_der(&block.der)?;
            if !self.keys.iter().any(|known| known.id == key.id) {
                self.keys.push(key);
            }
        }
        Ok(self)
    }

    /// The issuer's name: `https://kubernetes.default.svc.cluster.local`.
    pub fn name(&self) -> &str {
        &self.issuers[0]
    }

    /// The audiences of the API server.
    pub fn audiences(&self) -> &[Str] {
        &self.audiences
    }

    /// A token with `claims`.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign(&self, claims: &Value) -> Result<String, TokenError> {
        let own = &self.keys[0];
        let header = value!({"alg": own.algorithm, "kid": &own.id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(json::to_vec(value));
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.signer.sign_token(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A token that lives as long as the secret in which it stands.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign_legacy(&self, service_account: &Object, secret: &Object) -> Result<String, TokenError> {
        let (namespace, name) = (service_account.namespace(), service_account.name());
        self.sign(&value!({
            "iss": LEGACY_ISSUER,
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "kubernetes.io/serviceaccount/namespace": namespace,
            "kubernetes.io/serviceaccount/secret.name": secret.name(),
            "kubernetes.io/serviceaccount/service-account.name": name,
            "kubernetes.io/serviceaccount/service-account.uid": service_account.uid()
        }))
    }

    /// Whether tokens of `issuer` are judged here.
    pub(super) fn knows(&self, issuer: &str) -> bool {
        issuer == LEGACY_ISSUER || self.issuers.iter().any(|known| known == issuer)
    }

    /// The claims of a token whose signature holds.
    pub(super) fn verify(&self, token: Unverified<'_>) -> Result<Value, String> {
        let algorithm = token.header.str_at(&["alg"]).unwrap_or_default();
        let wanted = token.header.str_at(&["kid"]).unwrap_or_default();
        let named: Vec<&PublicKey> = self.keys.iter().filter(|key| key.id == wanted).collect();
        let candidates = if named.is_empty() { self.keys.iter().collect() } else { named };
        let holds =
            |key: &&PublicKey| key.algorithm == algorithm && key.verifies(token.signed.as_bytes(), &token.signature);
        match candidates.iter().find(|key| holds(key)) {
            Some(_) => Ok(token.claims),
            None => Err("invalid signature".to_owned()),
        }
    }

    /// `/.well-known/openid-configuration`; `keys_url` is where the keys are served.
    pub fn openid_configuration(&self, keys_url: &str) -> Value {
        let mut algorithms: Vec<&str> = self.keys.iter().map(|key| key.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        value!({
            "issuer": self.name(),
            "jwks_uri": keys_url,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms.into_iter().collect::<Value>()
        })
    }

    /// `/openid/v1/jwks`
    pub fn openid_keys(&self) -> Value {
        value!({"keys": self.keys.iter().map(PublicKey::to_value).collect::<Value>()})
    }
}

/// Takes a token apart; `None` when it has not the form of one.
pub(super) fn parse(token: &str) -> Option<Unverified<'_>> {
    if token.len() > TOKEN_BYTES_LIMIT {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let value = |part: &str| decode::json_untyped(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let claims = value(claims)?;
    Some(Unverified {
        issuer: claims.str_at(&["iss"])?.to_owned(),
        header: value(header)?,
        claims,
        signed,
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

/// The claims of a token, unverified: for whom it was made, after somebody else verified it.
pub(crate) fn audiences_of(token: &str) -> Vec<Str> {
    parse(token).map(|token| audiences(&token.claims)).unwrap_or_default()
}

/// The audiences in claims: one text or many.
pub(super) fn audiences(claims: &Value) -> Vec<Str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::List(many)) => many.iter().filter_map(Value::as_str).map(Str::from).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa,
        signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
            EcdsaKeyPair,
        },
    };

    use super::*;

    fn issuer() -> Issuer {
        Issuer::new("https://issuer", &[], PrivateKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn signatures_hold_for_their_key_only() {
        let (one, other) = (issuer(), issuer());
        let token = one.sign(&value!({"iss": "https://issuer", "sub": "x"})).unwrap();
        let claims = one.verify(parse(&token).unwrap()).unwrap();
        assert_eq!(claims.str_at(&["sub"]), Some("x"));
        assert!(other.verify(parse(&token).unwrap()).is_err());
        let accepting = other.accept_keys(&one.signer.public_key_pem()).unwrap();
        assert!(accepting.verify(parse(&token).unwrap()).is_ok());
        assert_eq!(accepting.openid_keys().list_at(&["keys"]).len(), 2);
    }

    #[test]
    fn a_token_that_names_another_algorithm_is_refused() {
        let issuer = issuer();
        let token = issuer.sign(&value!({"iss": "https://issuer"})).unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let forged = format!("{header}.{}", token.split_once('.').unwrap().1);
        assert!(issuer.verify(parse(&forged).unwrap()).is_err());
        assert!(parse("a.b").is_none() && parse("{}").is_none());
    }

    #[test]
    fn keys_of_each_kind_sign_by_their_algorithm_and_are_published() {
        let rsa: Pkcs8V1Der<'_> = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap().as_der().unwrap();
        let elliptic = |curve| EcdsaKeyPair::generate(curve).unwrap().to_pkcs8v1().unwrap().as_ref().to_vec();
        let keys = [
            ("RS256", rsa.as_ref().to_vec(), value!({"kty": "RSA", "e": "AQAB"})),
            ("ES256", elliptic(&ECDSA_P256_SHA256_ASN1_SIGNING), value!({"kty": "EC", "crv": "P-256"})),
            ("ES384", elliptic(&ECDSA_P384_SHA384_ASN1_SIGNING), value!({"kty": "EC", "crv": "P-384"})),
            ("ES512", elliptic(&ECDSA_P521_SHA512_ASN1_SIGNING), value!({"kty": "EC", "crv": "P-521"})),
        ];
        for (algorithm, pkcs8, published) in keys {
            let key = PrivateKey::from_pem(&pem::encode(pem::PRIVATE_KEY, &pkcs8)).unwrap();
            let one = Issuer::new("https://issuer", &[], key).unwrap();
            let token = one.sign(&value!({"iss": "https://issuer", "aud": "a"})).unwrap();
            let read = parse(&token).unwrap();
            assert_eq!(read.header.str_at(&["alg"]), Some(algorithm));
            assert_eq!(read.header.str_at(&["kid"]), Some(one.keys[0].id.as_str()));
            assert!(one.verify(read).is_ok(), "{algorithm}");
            assert!(issuer().verify(parse(&token).unwrap()).is_err(), "{algorithm}");
            assert_eq!(audiences_of(&token), ["a"]);
            let configuration = one.openid_configuration("https://issuer/openid/v1/jwks");
            let algorithms = configuration.get("id_token_signing_alg_values_supported").unwrap();
            assert_eq!(algorithms, &value!([algorithm]));
            let keys = one.openid_keys();
            let [own] = keys.list_at(&["keys"]) else { panic!("{keys:?}") };
            for field in ["kty", "crv", "e"] {
                assert_eq!(own.get(field), published.get(field), "{algorithm}");
            }
            assert_eq!((own.str_at(&["alg"]), own.str_at(&["use"])), (Some(algorithm), Some("sig")));
            let accepting = issuer().accept_keys(&one.signer.public_key_pem()).unwrap();
            assert!(accepting.verify(parse(&token).unwrap()).is_ok(), "{algorithm}");
            let configuration = accepting.openid_configuration("https://issuer/openid/v1/jwks");
            let mut algorithms = vec!["ES256", algorithm];
            algorithms.sort_unstable();
            algorithms.dedup();
            let supported = configuration.get("id_token_signing_alg_values_supported").unwrap();
            assert_eq!(supported, &algorithms.into_iter().collect::<Value>());
        }
    }
}
