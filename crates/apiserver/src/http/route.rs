//! What a path names: upstream's `RequestInfo`.

use percent_encoding::percent_decode_str;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Something of a resource.
    Resource(ResourceRoute),
    /// Anything else.
    Other,
}

/// A collection, an object, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRoute {
    /// Empty for the core group.
    pub group: String,
    /// `v1`
    pub version: String,
    /// Empty for cluster scope and all namespaces.
    pub namespace: String,
    /// `pods`
    pub resource: String,
    /// Empty for a collection.
    pub name: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// What follows the subresource, without the leading slash.
    pub rest: String,
}

/// Reads a path.
pub(super) fn parse(path: &str) -> Route {
    let decoded: Vec<String> =
        path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let (group, version, rest) = match segments.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Route::Other,
    };
    let mut route = ResourceRoute { group: group.into(), version: version.into(), ..ResourceRoute::default() };
    let own_parts = |word: &str| matches!(word, "" | "status" | "finalize");
    let rest = match rest {
        ["namespaces", name, part, ..] if !own_parts(part) => {
            route.namespace = (*name).to_owned();
            &rest[2..]
        }
        other => other,
    };
    match rest {
        [] | [""] => return Route::Other,
        [resource, rest @ ..] => {
            route.resource = (*resource).to_owned();
            if let Some(name) = rest.first() {
                route.name = (*name).to_owned();
            }
            if let Some(subresource) = rest.get(1) {
                route.subresource = (*subresource).to_owned();
            }
            if rest.len() > 2 {
                route.rest = rest[2..].join("/");
            }
        }
    }
    // A namespace is an object in itself.
    if route.resource == "namespaces" && route.group.is_empty() {
        route.namespace = route.name.clone();
    }
    Route::Resource(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let text = match parse(path) {
            Route::Other => "other".to_owned(),
            Route::Resource(r) => {
                [r.group, r.version, r.namespace, r.resource, r.name, r.subresource, r.rest].join("|")
            }
        };
        assert_eq!(text, expected, "{path}");
    }

    #[test]
    fn paths() {
        check("/api/v1/pods", "|v1||pods|||");
        check("/api/v1/namespaces/a/pods/b/log", "|v1|a|pods|b|log|");
        check("/api/v1/namespaces/a", "|v1|a|namespaces|a||");
        check("/api/v1/namespaces/a/status", "|v1|a|namespaces|a|status|");
        check("/apis/apps/v1/namespaces/a/deployments", "apps|v1|a|deployments|||");
        check("/api/v1/namespaces/a/services/b:80/proxy/x/y", "|v1|a|services|b:80|proxy|x/y");
        check(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
            "rbac.authorization.k8s.io|v1||clusterroles|system:node||",
        );
        check("/apis/apps/v1", "other");
        check("/readyz", "other");
    }
}
