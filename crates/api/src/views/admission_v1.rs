//! `k8s.io/api/admission/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct AdmissionReview<'a>(pub &'a Map);

impl<'a> Item<'a> for AdmissionReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AdmissionReview(map_of(value))
    }
}

impl<'a> AdmissionReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AdmissionReview(map_of(value))
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
    pub fn request(self) -> Option<AdmissionRequest<'a>> {
        optional(self.0, "request")
    }
    #[inline]
    pub fn response(self) -> Option<AdmissionResponse<'a>> {
        optional(self.0, "response")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AdmissionRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for AdmissionRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AdmissionRequest(map_of(value))
    }
}

impl<'a> AdmissionRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AdmissionRequest(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn kind(self) -> views::meta_v1::GroupVersionKind<'a> {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn resource(self) -> views::meta_v1::GroupVersionResource<'a> {
        bare(self.0, "resource")
    }
    #[inline]
    pub fn sub_resource(self) -> &'a str {
        bare(self.0, "subResource")
    }
    #[inline]
    pub fn request_kind(self) -> Option<views::meta_v1::GroupVersionKind<'a>> {
        optional(self.0, "requestKind")
    }
    #[inline]
    pub fn request_resource(self) -> Option<views::meta_v1::GroupVersionResource<'a>> {
        optional(self.0, "requestResource")
    }
    #[inline]
    pub fn request_sub_resource(self) -> &'a str {
        bare(self.0, "requestSubResource")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn operation(self) -> &'a str {
        bare(self.0, "operation")
    }
    #[inline]
    pub fn user_info(self) -> views::authentication_v1::UserInfo<'a> {
        bare(self.0, "userInfo")
    }
    #[inline]
    pub fn object(self) -> Option<&'a Value> {
        optional(self.0, "object")
    }
    #[inline]
    pub fn old_object(self) -> Option<&'a Value> {
        optional(self.0, "oldObject")
    }
    #[inline]
    pub fn dry_run(self) -> Option<bool> {
        optional(self.0, "dryRun")
    }
    #[inline]
    pub fn options(self) -> Option<&'a Value> {
        optional(self.0, "options")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AdmissionResponse<'a>(pub &'a Map);

impl<'a> Item<'a> for AdmissionResponse<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AdmissionResponse(map_of(value))
    }
}

impl<'a> AdmissionResponse<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AdmissionResponse(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn allowed(self) -> bool {
        bare(self.0, "allowed")
    }
    #[inline]
    pub fn status(self) -> Option<views::meta_v1::Status<'a>> {
        optional(self.0, "status")
    }
    #[inline]
    pub fn patch(self) -> Option<&'a str> {
        optional(self.0, "patch")
    }
    #[inline]
    pub fn patch_type(self) -> Option<&'a str> {
        optional(self.0, "patchType")
    }
    #[inline]
    pub fn audit_annotations(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "auditAnnotations")
    }
    #[inline]
    pub fn warnings(self) -> ViewList<'a, &'a str> {
        bare(self.0, "warnings")
    }
}
