//! `k8s.io/api/authentication/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct TokenReview<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenReview(map_of(value))
    }
}

impl<'a> TokenReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenReview(map_of(value))
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
    pub fn spec(self) -> TokenReviewSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> TokenReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TokenReviewSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenReviewSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenReviewSpec(map_of(value))
    }
}

impl<'a> TokenReviewSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenReviewSpec(map_of(value))
    }
    #[inline]
    pub fn token(self) -> &'a str {
        bare(self.0, "token")
    }
    #[inline]
    pub fn audiences(self) -> ViewList<'a, &'a str> {
        bare(self.0, "audiences")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TokenReviewStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenReviewStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenReviewStatus(map_of(value))
    }
}

impl<'a> TokenReviewStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenReviewStatus(map_of(value))
    }
    #[inline]
    pub fn authenticated(self) -> bool {
        bare(self.0, "authenticated")
    }
    #[inline]
    pub fn user(self) -> UserInfo<'a> {
        bare(self.0, "user")
    }
    #[inline]
    pub fn audiences(self) -> ViewList<'a, &'a str> {
        bare(self.0, "audiences")
    }
    #[inline]
    pub fn error(self) -> &'a str {
        bare(self.0, "error")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct UserInfo<'a>(pub &'a Map);

impl<'a> Item<'a> for UserInfo<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        UserInfo(map_of(value))
    }
}

impl<'a> UserInfo<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        UserInfo(map_of(value))
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
pub struct TokenRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenRequest(map_of(value))
    }
}

impl<'a> TokenRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenRequest(map_of(value))
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
    pub fn spec(self) -> TokenRequestSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> TokenRequestStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TokenRequestSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenRequestSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenRequestSpec(map_of(value))
    }
}

impl<'a> TokenRequestSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenRequestSpec(map_of(value))
    }
    #[inline]
    pub fn audiences(self) -> ViewList<'a, &'a str> {
        bare(self.0, "audiences")
    }
    #[inline]
    pub fn expiration_seconds(self) -> Option<i64> {
        optional(self.0, "expirationSeconds")
    }
    #[inline]
    pub fn bound_object_ref(self) -> Option<BoundObjectReference<'a>> {
        optional(self.0, "boundObjectRef")
    }
    #[inline]
    pub fn attestations(self) -> ViewMap<'a, ViewList<'a, &'a str>> {
        bare(self.0, "attestations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TokenRequestStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for TokenRequestStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TokenRequestStatus(map_of(value))
    }
}

impl<'a> TokenRequestStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TokenRequestStatus(map_of(value))
    }
    #[inline]
    pub fn token(self) -> &'a str {
        bare(self.0, "token")
    }
    #[inline]
    pub fn expiration_timestamp(self) -> Option<&'a str> {
        optional(self.0, "expirationTimestamp")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct BoundObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for BoundObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        BoundObjectReference(map_of(value))
    }
}

impl<'a> BoundObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        BoundObjectReference(map_of(value))
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
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectReview<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectReview(map_of(value))
    }
}

impl<'a> SelfSubjectReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectReview(map_of(value))
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
    pub fn status(self) -> SelfSubjectReviewStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelfSubjectReviewStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for SelfSubjectReviewStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelfSubjectReviewStatus(map_of(value))
    }
}

impl<'a> SelfSubjectReviewStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelfSubjectReviewStatus(map_of(value))
    }
    #[inline]
    pub fn user_info(self) -> UserInfo<'a> {
        bare(self.0, "userInfo")
    }
}
