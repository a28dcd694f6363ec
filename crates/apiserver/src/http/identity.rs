//! Who asks, and as whom they act.

use std::sync::Arc;

use apimachinery::{Status, Str};
use http::HeaderMap;

use super::{Connection, dispatch::text};
use crate::{
    RequestContext, Server, UserInfo, authentication,
    authorization::{self, Action},
};

/// Who asks: by the certificate of the connection, by what a front proxy that may do so says, by a token, or nobody.
pub(super) async fn authenticate(
    server: &Server,
    connection: &Connection,
    headers: &HeaderMap,
) -> Result<UserInfo, Status> {
    if let Some(user) = &connection.user {
        return Ok(user.clone());
    }
    if connection.front_proxy
        && let Some(user) = authentication::front_proxy_user(headers)
    {
        return Ok(user);
    }
    let Some(token) = text(headers, "authorization").strip_prefix("Bearer ") else {
        return Ok(UserInfo::anonymous());
    };
    match authentication::authenticate_token(server, token.trim(), &[]).await {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(Status::unauthorized()),
        Err(reason) => {
            tracing::debug!(reason, "token refused");
            Err(Status::unauthorized())
        }
    }
}

/// `Impersonate-User` and its siblings: as whom somebody acts who may; `None` for who acts as themselves.
pub(super) fn impersonate(
    server: &Arc<Server>,
    user: &UserInfo,
    headers: &HeaderMap,
) -> Result<Option<UserInfo>, Status> {
    let wanted = text(headers, "impersonate-user");
    let groups: Vec<&str> =
        headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).collect();
    let uid = text(headers, "impersonate-uid");
    let extra = impersonated_extra(headers);
    if wanted.is_empty() {
        return if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            Ok(None)
        } else {
            Err(Status::internal("requested impersonation without a user: groups, uid and extra need Impersonate-User"))
        };
    }
    let context = RequestContext::new(user.clone(), "");
    let action = |resource, namespace, name| Action {
        verb: "impersonate",
        group: "",
        version: "v1",
        resource,
        subresource: "",
        namespace,
        name,
        path: "",
        field_selector: "",
    };
    let service_account = wanted.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    match service_account {
        Some((namespace, name)) => {
            authorization::authorize(server, &context, &action("serviceaccounts", namespace, name))?
        }
        None => authorization::authorize(server, &context, &action("users", "", wanted))?,
    }
    for group in &groups {
        authorization::authorize(server, &context, &action("groups", "", group))?;
    }
    // These two are of another group than the rest.
    let of_authentication = |resource, name| Action { group: "authentication.k8s.io", ..action(resource, "", name) };
    if !uid.is_empty() {
        authorization::authorize(server, &context, &of_authentication("uids", uid))?;
    }
    for (key, values) in &extra {
        for value in values {
            let action = Action { subresource: key, ..of_authentication("userextras", value) };
            authorization::authorize(server, &context, &action)?;
        }
    }
    let mut acting = match service_account {
        Some((namespace, name)) => UserInfo::service_account(namespace, name),
        None if wanted == "system:anonymous" => UserInfo::anonymous(),
        None => UserInfo::new(wanted, &[]),
    };
    if !groups.is_empty() {
        acting.groups = groups.iter().map(|group| Str::from(*group)).collect();
        if wanted != "system:anonymous" && !acting.in_group("system:authenticated") {
            acting.groups.push(Str::from_static("system:authenticated"));
        }
    }
    acting.uid = uid.into();
    acting.extra = extra;
    Ok(Some(acting))
}

/// What `Impersonate-Extra-KEY` says, by key: in lower case and with its escapes taken back, as upstream.
fn impersonated_extra(headers: &HeaderMap) -> Vec<(Str, Vec<Str>)> {
    let mut extra: Vec<(Str, Vec<Str>)> = Vec::new();
    for name in headers.keys() {
        let Some(key) = name.as_str().strip_prefix("impersonate-extra-") else { continue };
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().to_lowercase();
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        extra.push((key.into(), values.map(Str::from).collect()));
    }
    extra
}
