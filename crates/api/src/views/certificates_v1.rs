//! `k8s.io/api/certificates/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct CertificateSigningRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for CertificateSigningRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CertificateSigningRequest(map_of(value))
    }
}

impl<'a> CertificateSigningRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CertificateSigningRequest(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> CertificateSigningRequestSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> CertificateSigningRequestStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CertificateSigningRequestSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CertificateSigningRequestSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CertificateSigningRequestSpec(map_of(value))
    }
}

impl<'a> CertificateSigningRequestSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CertificateSigningRequestSpec(map_of(value))
    }
    #[inline]
    pub fn request(self) -> Option<&'a str> {
        optional(self.0, "request")
    }
    #[inline]
    pub fn signer_name(self) -> &'a str {
        bare(self.0, "signerName")
    }
    #[inline]
    pub fn expiration_seconds(self) -> Option<i64> {
        optional(self.0, "expirationSeconds")
    }
    #[inline]
    pub fn usages(self) -> ViewList<'a, &'a str> {
        bare(self.0, "usages")
    }
    #[inline]
    pub fn username(self) -> &'a str {
        bare(self.0, "username")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn groups(self) -> ViewList<'a, &'a str> {
        bare(self.0, "groups")
    }
    #[inline]
    pub fn extra(self) -> ViewMap<'a, ViewList<'a, &'a str>> {
        bare(self.0, "extra")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CertificateSigningRequestStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CertificateSigningRequestStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CertificateSigningRequestStatus(map_of(value))
    }
}

impl<'a> CertificateSigningRequestStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CertificateSigningRequestStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, CertificateSigningRequestCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn certificate(self) -> Option<&'a str> {
        optional(self.0, "certificate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CertificateSigningRequestCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for CertificateSigningRequestCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CertificateSigningRequestCondition(map_of(value))
    }
}

impl<'a> CertificateSigningRequestCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CertificateSigningRequestCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn last_update_time(self) -> Option<&'a str> {
        optional(self.0, "lastUpdateTime")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CertificateSigningRequestList<'a>(pub &'a Map);

impl<'a> Item<'a> for CertificateSigningRequestList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CertificateSigningRequestList(map_of(value))
    }
}

impl<'a> CertificateSigningRequestList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CertificateSigningRequestList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, CertificateSigningRequest<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterTrustBundle<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterTrustBundle<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterTrustBundle(map_of(value))
    }
}

impl<'a> ClusterTrustBundle<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterTrustBundle(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ClusterTrustBundleSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterTrustBundleSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterTrustBundleSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterTrustBundleSpec(map_of(value))
    }
}

impl<'a> ClusterTrustBundleSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterTrustBundleSpec(map_of(value))
    }
    #[inline]
    pub fn signer_name(self) -> &'a str {
        bare(self.0, "signerName")
    }
    #[inline]
    pub fn trust_bundle(self) -> &'a str {
        bare(self.0, "trustBundle")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterTrustBundleList<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterTrustBundleList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterTrustBundleList(map_of(value))
    }
}

impl<'a> ClusterTrustBundleList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterTrustBundleList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ClusterTrustBundle<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCertificateRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCertificateRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCertificateRequest(map_of(value))
    }
}

impl<'a> PodCertificateRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCertificateRequest(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PodCertificateRequestSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PodCertificateRequestStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCertificateRequestSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCertificateRequestSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCertificateRequestSpec(map_of(value))
    }
}

impl<'a> PodCertificateRequestSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCertificateRequestSpec(map_of(value))
    }
    #[inline]
    pub fn signer_name(self) -> &'a str {
        bare(self.0, "signerName")
    }
    #[inline]
    pub fn pod_name(self) -> &'a str {
        bare(self.0, "podName")
    }
    #[inline]
    pub fn pod_uid(self) -> &'a str {
        bare(self.0, "podUID")
    }
    #[inline]
    pub fn service_account_name(self) -> &'a str {
        bare(self.0, "serviceAccountName")
    }
    #[inline]
    pub fn service_account_uid(self) -> &'a str {
        bare(self.0, "serviceAccountUID")
    }
    #[inline]
    pub fn node_name(self) -> &'a str {
        bare(self.0, "nodeName")
    }
    #[inline]
    pub fn node_uid(self) -> &'a str {
        bare(self.0, "nodeUID")
    }
    #[inline]
    pub fn max_expiration_seconds(self) -> Option<i64> {
        optional(self.0, "maxExpirationSeconds")
    }
    #[inline]
    pub fn stub_pkcs10_request(self) -> Option<&'a str> {
        optional(self.0, "stubPKCS10Request")
    }
    #[inline]
    pub fn unverified_user_annotations(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "unverifiedUserAnnotations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCertificateRequestStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCertificateRequestStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCertificateRequestStatus(map_of(value))
    }
}

impl<'a> PodCertificateRequestStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCertificateRequestStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn certificate_chain(self) -> &'a str {
        bare(self.0, "certificateChain")
    }
    #[inline]
    pub fn not_before(self) -> Option<&'a str> {
        optional(self.0, "notBefore")
    }
    #[inline]
    pub fn begin_refresh_at(self) -> Option<&'a str> {
        optional(self.0, "beginRefreshAt")
    }
    #[inline]
    pub fn not_after(self) -> Option<&'a str> {
        optional(self.0, "notAfter")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCertificateRequestList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCertificateRequestList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCertificateRequestList(map_of(value))
    }
}

impl<'a> PodCertificateRequestList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCertificateRequestList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, PodCertificateRequest<'a>> {
        bare(self.0, "items")
    }
}
