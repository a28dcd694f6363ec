//! Bundles of trust anchors: certificates of authorities, in PEM.

use std::collections::{BTreeMap, BTreeSet};

use crate::pem::{self, CERTIFICATE};

/// What is wrong with a bundle, in upstream's words; nothing when it is fine.
pub fn problems(text: &str) -> Vec<String> {
    let blocks = pem::decode(text).unwrap_or_default();
    let mut problems = Vec::new();
    let mut places: BTreeMap<&[u8], Vec<String>> = BTreeMap::new();
    for (index, block) in blocks.iter().enumerate() {
        let problem = if block.label != CERTIFICATE {
            Some(format!("has bad block type: {}", block.label))
        } else if block.has_headers {
            Some("has PEM block headers".to_owned())
        } else {
            match x509_parser::parse_x509_certificate(&block.der) {
                Ok((&[], certificate)) if certificate.is_ca() => None,
                Ok((&[], _)) => Some("does not have the CA bit set".to_owned()),
                _ => Some("does not parse as X.509".to_owned()),
            }
        };
        match problem {
            Some(problem) => problems.push(format!("entry {index} {problem}")),
            None => places.entry(&block.der).or_default().push(index.to_string()),
        }
    }
    if problems.is_empty() {
        if places.is_empty() {
            problems.push("at least one trust anchor must be provided".to_owned());
        }
        let doubled = places.values().filter(|places| places.len() > 1);
        problems.extend(doubled.map(|places| format!("duplicate trust anchor (indices [{}])", places.join(" "))));
    }
    problems
}

/// The anchors of all bundles in one, each once. Nobody may rely on their order.
pub fn merge<'b>(bundles: impl IntoIterator<Item = &'b str>) -> String {
    let blocks = bundles.into_iter().flat_map(|text| pem::decode(text).unwrap_or_default());
    let anchors: BTreeSet<Vec<u8>> = blocks.map(|block| block.der).collect();
    anchors.iter().map(|anchor| pem::encode(CERTIFICATE, anchor)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CertificateAuthority, Profile};

    const LIFETIME: Duration = Duration::from_secs(60);

    #[test]
    fn bundles_are_judged_in_upstreams_words() {
        let authority = CertificateAuthority::create("ca", LIFETIME).unwrap();
        let anchor = authority.certificate_pem();
        let leaf = authority.issue(&Profile::client("somebody", &[], LIFETIME)).unwrap().certificate_pem;
        assert!(problems(&anchor).is_empty());
        assert_eq!(problems(""), ["at least one trust anchor must be provided"]);
        assert_eq!(problems(&format!("{anchor}{anchor}")), ["duplicate trust anchor (indices [0 1])"]);
        assert_eq!(problems(&format!("{anchor}{leaf}")), ["entry 1 does not have the CA bit set"]);
        assert_eq!(problems(&pem::encode("OTHER", b"x")), ["entry 0 has bad block type: OTHER"]);
        assert_eq!(problems(&pem::encode(CERTIFICATE, b"x")), ["entry 0 does not parse as X.509"]);
        let with_header = anchor.replacen('\n', "\nName: value\n", 1);
        assert_eq!(problems(&with_header), ["entry 0 has PEM block headers"]);
    }

    #[test]
    fn merged_bundles_have_each_anchor_once() {
        let anchor = || CertificateAuthority::create("ca", LIFETIME).unwrap().certificate_pem();
        let (one, two) = (anchor(), anchor());
        let merged = merge([one.as_str(), &format!("comment\n{two}{one}")]);
        assert_eq!(merged.matches("BEGIN").count(), 2);
        assert!(merged.contains(&one) && merged.contains(&two));
        assert_eq!(merge([]), "");
    }
}
