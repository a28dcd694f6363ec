//! Who is it? `TokenReview` and `SelfSubjectReview`.

use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value, time, value};
use apiserver::{Creator, RequestContext, Server, authentication::authenticate_token};
use async_trait::async_trait;

use super::{answer, user_value};
use crate::tokens::{Issuer, audiences_of};

const API_VERSION: &str = "authentication.k8s.io/v1";

/// Says whose a token is.
pub(super) struct TokenReviews {
    issuer: Arc<Issuer>,
}

impl TokenReviews {
    pub(super) fn new(issuer: Arc<Issuer>) -> TokenReviews {
        TokenReviews { issuer }
    }

    /// Those of the wanted audiences for which an accepted token was made.
    fn audiences(&self, token: &str, wanted: &[Str]) -> Vec<Str> {
        let own = self.issuer.audiences();
        let made_for = audiences_of(token);
        let made_for = if made_for.is_empty() { own } else { &made_for };
        let wanted = if wanted.is_empty() { own } else { wanted };
        wanted.iter().filter(|audience| made_for.contains(audience)).cloned().collect()
    }
}

#[async_trait]
impl Creator for TokenReviews {
    async fn create(
        &self,
        server: &Arc<Server>,
        _: &RequestContext,
        _: &str,
        _: &str,
        mut object: Object,
        _: bool,
    ) -> Result<Object, Status> {
        let token = object.str_at(&["spec", "token"]).unwrap_or_default().to_owned();
        if token.is_empty() {
            return Err(Status::bad_request("token is required for TokenReview in authentication"));
        }
        let wanted: Vec<Str> =
            object.list_at(&["spec", "audiences"]).iter().filter_map(Value::as_str).map(Str::from).collect();
        let refused = |reason: &str| value!({"user": {}, "error": reason});
        let status = match authenticate_token(server, &token, &wanted).await {
            Ok(Some(user)) => {
                let audiences = self.audiences(&token, &wanted);
                if audiences.is_empty() {
                    // Only service account tokens are made for an audience; others are for the API server.
                    refused("token is not for the requested audiences")
                } else {
                    let audiences: Value = audiences.into_iter().collect();
                    value!({"authenticated": true, "user": user_value(&user), "audiences": audiences})
                }
            }
            Ok(None) => refused("invalid bearer token"),
            Err(reason) => refused(&format!("[invalid bearer token, {reason}]")),
        };
        object.set(&["status"], status);
        Ok(answer(API_VERSION, "TokenReview", object))
    }
}

/// Says who asks.
pub(super) struct SelfSubjectReviews;

#[async_trait]
impl Creator for SelfSubjectReviews {
    async fn create(
        &self,
        _: &Arc<Server>,
        context: &RequestContext,
        _: &str,
        _: &str,
        _: Object,
        _: bool,
    ) -> Result<Object, Status> {
        let now = time::format_seconds(stdx::clock::now());
        let review = Object(value!({
            "metadata": {"creationTimestamp": now},
            "status": {"userInfo": user_value(&context.user)}
        }));
        Ok(answer(API_VERSION, "SelfSubjectReview", review))
    }
}
