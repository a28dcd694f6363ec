//! Certificate signing requests.

use apimachinery::{Object, base64_decode, field::FieldError, names};

use super::{Errors, Spot};

const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
/// The shortest life of a certificate that may be asked for, in seconds.
const SHORTEST_LIFE_SECONDS: i64 = 600;

/// A request.
pub(crate) fn signing_request(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    let request = spec.get("request");
    if request.demand(&mut errors) {
        let text = base64_decode(request.text()).and_then(|bytes| String::from_utf8(bytes).ok());
        let parsed = pki::SigningRequest::parse(&text.unwrap_or_default());
        if let Err(error) = parsed {
            errors.push(request.invalid(error.to_string()));
        }
    }
    let usages = spec.get("usages");
    if usages.len() == 0 {
        errors.push(usages.required(""));
    }
    let mut seen = Vec::new();
    for usage in usages.items() {
        if !USAGES.contains(&usage.text()) {
            errors.push(FieldError::not_supported(usage.path(), usage.text(), &USAGES));
        }
        if seen.contains(&usage.text()) {
            errors.push(usage.duplicate());
        }
        seen.push(usage.text());
    }
    signer_name(&spec.get("signerName"), &mut errors);
    let life = spec.get("expirationSeconds");
    if life.number().is_some_and(|seconds| seconds < SHORTEST_LIFE_SECONDS) {
        let detail = format!("may not specify a duration less than {SHORTEST_LIFE_SECONDS} seconds (10 minutes)");
        errors.push(life.invalid(detail));
    }
    errors
}

/// A domain and a path: `example.com/signer-name`.
fn signer_name(name: &Spot<'_>, errors: &mut Errors) {
    if !name.demand(errors) {
        return;
    }
    let Some((domain, path)) = name.text().split_once('/') else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        errors.push(name.invalid(detail));
        return;
    };
    if !domain.contains('.') {
        errors.push(name.invalid("should be a domain with at least two segments separated by dots"));
    }
    name.all(names::dns1123_subdomain(domain), errors);
    for part in path.split('.') {
        name.all(names::dns1123_subdomain(part), errors);
    }
}
