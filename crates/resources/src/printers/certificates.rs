//! Certificate requests and trust.

use apimachinery::{Object, Value};

use super::{
    AGE, NAME, Printer,
    format::{age, condition, human_duration, labels, name, text, text_or},
    text as column,
};

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "certificates.k8s.io",
        kind: "CertificateSigningRequest",
        columns: &[
            NAME,
            AGE,
            column("SignerName", "@certificates.v1.CertificateSigningRequestSpec.signerName"),
            column("Requestor", "@certificates.v1.CertificateSigningRequestSpec.username"),
            column("RequestedDuration", "@certificates.v1.CertificateSigningRequestSpec.expirationSeconds"),
            column("Condition", "@certificates.v1.CertificateSigningRequestStatus.conditions"),
        ],
        cells: signing_request,
    },
    Printer {
        group: "certificates.k8s.io",
        kind: "ClusterTrustBundle",
        columns: &[NAME, column("SignerName", "@certificates.v1.ClusterTrustBundleSpec.signerName")],
        cells: |object| vec![name(object), text_or(object, &["spec", "signerName"], "<none>").into()],
    },
    Printer {
        group: "certificates.k8s.io",
        kind: "PodCertificateRequest",
        columns: &[
            NAME,
            column("PodName", "@certificates.v1.PodCertificateRequestSpec.podName"),
            column("ServiceAccountName", "@certificates.v1.PodCertificateRequestSpec.serviceAccountName"),
            column("NodeName", "@certificates.v1.PodCertificateRequestSpec.nodeName"),
            column("SignerName", "@certificates.v1.PodCertificateRequestSpec.signerName"),
            column("State", "Whether the request is pending, issued, denied or failed."),
            column("UnverifiedUserAnnotations", "@certificates.v1.PodCertificateRequestSpec.unverifiedUserAnnotations"),
        ],
        cells: |object| {
            let state = ["Issued", "Denied", "Failed"].into_iter().rfind(|state| condition(object, state).is_some());
            let spec = |field| Value::from(text(object, &["spec", field]));
            vec![
                name(object),
                spec("podName"),
                spec("serviceAccountName"),
                spec("nodeName"),
                spec("signerName"),
                state.unwrap_or("Pending").into(),
                labels(object, &["spec", "unverifiedUserAnnotations"]),
            ]
        },
    },
];

fn signing_request(object: &Object) -> Vec<Value> {
    let has = |wanted| condition(object, wanted).is_some();
    let mut state = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied".to_owned(),
        (false, true) => "Approved".to_owned(),
        (false, false) => "Pending".to_owned(),
    };
    if has("Failed") {
        state += ",Failed";
    }
    if !text(object, &["status", "certificate"]).is_empty() {
        state += ",Issued";
    }
    let duration = object.i64_at(&["spec", "expirationSeconds"]);
    vec![
        name(object),
        age(object),
        text_or(object, &["spec", "signerName"], "<none>").into(),
        text(object, &["spec", "username"]).into(),
        duration.map_or_else(|| "<none>".to_owned(), human_duration).into(),
        state.into(),
    ]
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn requests_show_how_far_they_are() {
        let status = value!({"conditions": [{"type": "Approved", "status": "True"}], "certificate": "Zm9v"});
        let object = Object(value!({"spec": {"username": "me", "expirationSeconds": 3600}, "status": status}));
        assert_eq!(signing_request(&object)[2..], ["<none>", "me", "60m", "Approved,Issued"].map(Value::from));
        assert_eq!(signing_request(&Object(value!({})))[5], value!("Pending"));
    }
}
