//! Certificate signing requests and bundles of trust anchors.

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
/// The most that a bundle may hold.
const TRUST_BUNDLE_LIMIT_BYTES: usize = 1 << 20;
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

/// A bundle of trust anchors.
pub(crate) fn trust_bundle(object: &Object) -> Errors {
    let mut errors = bundle_of_signer(object);
    let bundle = Spot::of(object).get("spec").get("trustBundle");
    if bundle.text().len() > TRUST_BUNDLE_LIMIT_BYTES {
        errors.push(FieldError::too_long(bundle.path(), TRUST_BUNDLE_LIMIT_BYTES));
    } else {
        let problems = pki::trust_anchors::problems(bundle.text()).into_iter();
        errors.extend(problems.map(|problem| FieldError::invalid(bundle.path(), "<value omitted>", problem)));
    }
    errors
}

/// A changed bundle; anchors that stay as they were are not read again.
pub(crate) fn trust_bundle_update(object: &Object, old: &Object) -> Errors {
    let of = |object| Spot::of(object).get("spec");
    let same = of(object).get("trustBundle").text() == of(old).get("trustBundle").text();
    let mut errors = if same { bundle_of_signer(object) } else { trust_bundle(object) };
    of(object).get("signerName").immutable(&of(old).get("signerName"), &mut errors);
    errors
}

/// The bundles of a signer are named after it.
fn bundle_of_signer(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let (name, signer) = (Spot::of(object).get("metadata").get("name"), Spot::of(object).get("spec").get("signerName"));
    if signer.text().is_empty() {
        match name.text().contains(':') {
            true => errors.push(name.invalid("ClusterTrustBundle without signer name must not have \":\" in its name")),
            false => name.all(names::dns1123_subdomain(name.text()), &mut errors),
        }
        return errors;
    }
    let prefix = format!("{}:", signer.text().replace('/', ":"));
    match name.text().strip_prefix(&prefix) {
        Some(rest) => name.all(names::dns1123_subdomain(rest), &mut errors),
        None => errors.push(name.invalid(format!(
            "ClusterTrustBundle for signerName {} must be named with prefix {prefix}",
            signer.text()
        ))),
    }
    signer_name(&signer, &mut errors);
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

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::value;

    fn bundle(name: &str, signer: &str, anchors: &str) -> Object {
        Object(value!({"metadata": {"name": name}, "spec": {"signerName": signer, "trustBundle": anchors}}))
    }

    fn anchor() -> String {
        pki::CertificateAuthority::create("ca", std::time::Duration::from_secs(60)).unwrap().certificate_pem()
    }

    #[test]
    fn bundles_are_named_after_their_signers() {
        let anchor = anchor();
        let problems = |name: &str, signer: &str| {
            let errors = trust_bundle(&bundle(name, signer, &anchor));
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(problems("all", ""), "");
        assert_eq!(problems("example.com:ca:live", "example.com/ca"), "");
        assert!(problems("a:b", "").contains("without signer name must not have \":\" in its name"));
        let expected = "for signerName example.com/ca must be named with prefix example.com:ca:";
        assert!(problems("live", "example.com/ca").contains(expected));
        assert!(problems("example.com:ca:Live", "example.com/ca").contains("RFC 1123"));
    }

    #[test]
    fn anchors_are_read_when_they_change_and_signers_stay() {
        let (good, bad) = (bundle("a", "", &anchor()), bundle("a", "", "nothing"));
        let text = |errors: Errors| errors.iter().map(ToString::to_string).collect::<String>();
        assert!(text(trust_bundle(&bad)).contains("at least one trust anchor must be provided"));
        assert_eq!(text(trust_bundle_update(&bad, &bad)), "");
        assert!(text(trust_bundle_update(&bad, &good)).contains("at least one trust anchor"));
        let signed = bundle("example.com:ca:a", "example.com/ca", &anchor());
        assert!(text(trust_bundle_update(&signed, &good)).contains("field is immutable"));
    }
}
