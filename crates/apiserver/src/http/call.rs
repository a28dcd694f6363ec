//! One call of a resource: its verbs and subresources.

use std::{sync::Arc, time::Duration};

use apimachinery::{Object, Status, Value, decode::Zeros, schema::TypeId};
use client::PatchType;
use http::header;

use super::{
    Accept, Format, HttpRequest, HttpResponse, Parameters, View,
    accept::{SUPPORTED, accepts_gzip},
    body::{check_kind, decode_bytes, parse_json, read_body},
    dispatch::text,
    respond,
    route::ResourceRoute,
    stored, stream, yaml,
};
use crate::{
    RequestContext, Resource, SchemaHandle, Server, Subresource, SubresourceHandler,
    handlers::{
        WriteOptions, create, delete,
        patch::{self, FieldValidation},
        read, scale,
        update::{self, Replacement, Target},
        watch::Watch,
    },
    resource::ScalePaths,
};

/// Watches end after this time and a random part of it again, so that clients spread over servers.
const WATCH_TIMEOUT: Duration = Duration::from_secs(1800);

/// Answers a request that may be made.
#[allow(clippy::too_many_arguments, reason = "the parts of one request")]
pub(super) async fn call(
    server: &Arc<Server>,
    context: &RequestContext,
    resource: &Arc<Resource>,
    route: &ResourceRoute,
    parameters: &Parameters,
    verb: &str,
    request: HttpRequest,
    accept: Result<Accept, Status>,
) -> Result<HttpResponse, Status> {
    let compresses = accepts_gzip(request.headers());
    let call = Call { server, context, resource, route, parameters, compresses };
    if !route.subresource.is_empty() {
        let subresource = resource.subresource(&route.subresource).ok_or_else(Status::no_such_path)?;
        return call.subresource(subresource, verb, request, accept).await;
    }
    let accept = accept?;
    if !resource.verbs.iter().any(|offered| *offered == verb) {
        return Err(Status::method_not_supported(&route.group, &route.resource, request.method().as_str()));
    }
    match verb {
        "get" => call.get(accept).await,
        "list" => call.list(accept).await,
        "watch" => call.watch(accept).await,
        "create" => call.create(request, accept).await,
        "update" => call.update(request, accept, "").await,
        "patch" => call.patch(request, accept, "").await,
        "delete" => call.delete(request, accept).await,
        _ => call.delete_collection(request, accept).await,
    }
}

struct Call<'a> {
    server: &'a Arc<Server>,
    context: &'a RequestContext,
    resource: &'a Arc<Resource>,
    route: &'a ResourceRoute,
    parameters: &'a Parameters,
    /// Whether the client takes compressed answers.
    compresses: bool,
}

impl<'a> Call<'a> {
    fn respond(&self, code: u16, object: &Object, accept: Accept) -> HttpResponse {
        respond::object_response(code, self.resource, object, accept, self.parameters.get("includeObject"))
    }

    fn target(&self, subresource: &'a str) -> Target<'a> {
        Target { resource: self.resource, namespace: &self.route.namespace, name: &self.route.name, subresource }
    }

    async fn get(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let (namespace, name) = (&self.route.namespace, &self.route.name);
        if stored::serves(self.resource, accept) {
            let cache = self.resource.stored()?;
            let entry = cache.get(&self.resource.key(namespace, name));
            let entry = entry.ok_or_else(|| self.resource.not_found(name))?;
            if let Some(response) = stored::object_response(cache, &entry, accept.format)? {
                return Ok(response);
            }
        }
        let object = read::get_any(self.server, self.resource, namespace, name).await?;
        Ok(self.respond(200, &object, accept))
    }

    async fn list(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let query = self.parameters.query(&self.route.namespace)?;
        if stored::serves(self.resource, accept) {
            let list = read::list_entries(self.server, self.resource, &query).await?;
            return stored::list_response(self.resource, list, accept.format, self.compresses);
        }
        let list = read::list(self.server, self.resource, &query).await?;
        Ok(respond::list_response(self.resource, &list, accept, self.parameters.get("includeObject")))
    }

    async fn watch(&self, accept: Accept) -> Result<HttpResponse, Status> {
        let query = self.parameters.query(&self.route.namespace)?;
        let initial_events = self.parameters.optional_flag("sendInitialEvents");
        if initial_events.is_some() && query.resource_version_match != "NotOlderThan" {
            return Err(Status::bad_request("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }
        let timeout = match self.parameters.get("timeoutSeconds").parse::<u64>() {
            Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
            _ => WATCH_TIMEOUT.mul_f64(1.0 + stdx::random::fraction()),
        };
        let watch = Watch::begin(self.server, self.resource, query, initial_events).await?;
        let encoding = stream::Encoding {
            accept,
            include_object: self.parameters.get("includeObject").to_owned(),
            bookmarks: self.parameters.flag("allowWatchBookmarks"),
            timeout,
        };
        let media_type = encoding.media_type();
        let mut response = http::Response::new(stream::body(watch, encoding));
        response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache, private"));
        Ok(response)
    }

    async fn create(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        // What is answered and not kept has no rows.
        if self.resource.cache.is_none() && accept.view == View::Table {
            return Err(Status::not_acceptable(&SUPPORTED));
        }
        let object = self.body(request, self.resource.type_id, &self.resource.kind, true).await?;
        let options = self.parameters.write_options()?;
        let namespace = &self.route.namespace;
        let created = create::create(self.server, self.context, self.resource, namespace, object, &options).await?;
        if let Some(record) = &self.context.record {
            record.made(&created);
        }
        Ok(self.respond(201, &created, accept))
    }

    async fn update(&self, request: HttpRequest, accept: Accept, subresource: &'a str) -> Result<HttpResponse, Status> {
        let object = self.body(request, self.resource.type_id, &self.resource.kind, true).await?;
        let options = self.parameters.write_options()?;
        let change = Replacement(object);
        let (object, created) =
            update::update(self.server, self.context, &self.target(subresource), &change, &options).await?;
        Ok(self.respond(if created { 201 } else { 200 }, &object, accept))
    }

    async fn patch(&self, request: HttpRequest, accept: Accept, subresource: &'a str) -> Result<HttpResponse, Status> {
        let (patch_type, patch, validation, options) = self.patch_body(request).await?;
        let (object, created) = patch::patch(
            self.server,
            self.context,
            &self.target(subresource),
            patch_type,
            &patch,
            validation,
            &options,
        )
        .await?;
        Ok(self.respond(if created { 201 } else { 200 }, &object, accept))
    }

    async fn patch_body(
        &self,
        request: HttpRequest,
    ) -> Result<(PatchType, Value, FieldValidation, WriteOptions), Status> {
        let media_type =
            text(request.headers(), "content-type").split(';').next().unwrap_or_default().trim().to_owned();
        let (patch_type, is_yaml) = match media_type.as_str() {
            "application/json-patch+json" => (PatchType::Json, false),
            "application/merge-patch+json" => (PatchType::Merge, false),
            "application/strategic-merge-patch+json" => (PatchType::Strategic, false),
            "application/apply-patch+yaml" => (PatchType::Apply, true),
            _ => {
                return Err(Status::unsupported_media_type(&[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                    "application/apply-patch+yaml",
                ]));
            }
        };
        let bytes = read_body(request).await?;
        let validation = self.parameters.field_validation()?;
        let patch = match is_yaml {
            true => {
                let parsed = yaml::parse(&bytes)?;
                patch::check_strict(self.context, validation, &parsed.strict_errors)?;
                parsed.value
            }
            false => parse_json(&bytes)?,
        };
        if let Some(record) = &self.context.record {
            record.sent_patch(&bytes, is_yaml, &patch);
        }
        let mut options = self.parameters.write_options()?;
        if patch_type == PatchType::Apply && options.field_manager.is_empty() {
            return Err(Status::bad_request(
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ));
        }
        options.force = self.parameters.flag("force");
        Ok((patch_type, patch, validation, options))
    }

    async fn delete_body(&self, request: HttpRequest) -> Result<delete::DeleteOptions, Status> {
        let format = Format::of_body(request.headers());
        let bytes = read_body(request).await?;
        if bytes.is_empty() {
            return self.parameters.delete_options(None);
        }
        let type_id = api::type_of("meta.k8s.io", "v1", "DeleteOptions")
            .ok_or_else(|| Status::internal("DeleteOptions has no schema"))?;
        let schema = SchemaHandle::Static(api::schema());
        let format = format?;
        let (value, _) = decode_bytes(&bytes, format, &schema, type_id, Zeros::Leave)
            .map_err(|problem| Status::bad_request(format!("DeleteOptions: {problem}")))?;
        if let Some(record) = &self.context.record {
            record.sent(&bytes, format, &value);
        }
        self.parameters.delete_options(Some(&value))
    }

    async fn delete(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        let options = self.delete_body(request).await?;
        let deleted = delete::delete(self.server, self.context, &self.target(""), &options).await?;
        let kind = &self.resource.kind;
        Ok(match deleted {
            delete::Deleted::Gone(object) if !self.resource.returns_deleted_object() => {
                let status = Status::success(&kind.group, &kind.resource, object.name(), object.uid());
                if let Some(record) = &self.context.record {
                    record.ends_with(&status);
                }
                respond::status_response(&status, accept)
            }
            delete::Deleted::Gone(object) | delete::Deleted::Pending(object) => self.respond(200, &object, accept),
        })
    }

    async fn delete_collection(&self, request: HttpRequest, accept: Accept) -> Result<HttpResponse, Status> {
        let options = self.delete_body(request).await?;
        let query = self.parameters.query(&self.route.namespace)?;
        let items = delete::delete_collection(self.server, self.context, self.resource, &query, &options).await?;
        let list = read::List {
            items,
            resource_version: self.server.registry().applied_revision(),
            continue_token: String::new(),
            remaining: None,
        };
        Ok(respond::list_response(self.resource, &list, accept, self.parameters.get("includeObject")))
    }

    async fn subresource(
        &self,
        subresource: &'a Subresource,
        verb: &str,
        request: HttpRequest,
        accept: Result<Accept, Status>,
    ) -> Result<HttpResponse, Status> {
        let (namespace, name) = (&self.route.namespace, &self.route.name);
        let offered = |verb: &str| subresource.verbs.iter().any(|offered| *offered == verb);
        if let SubresourceHandler::Connect(connector) = &subresource.handler {
            let rest = &self.route.rest;
            return connector.connect(self.server, self.context, namespace, name, rest, request).await;
        }
        if !offered(verb) {
            return Err(Status::method_not_supported(
                &self.route.group,
                &self.route.resource,
                request.method().as_str(),
            ));
        }
        let accept = accept?;
        match &subresource.handler {
            SubresourceHandler::Object => match verb {
                "get" => self.get(accept).await,
                "update" => self.update(request, accept, &subresource.name).await,
                _ => self.patch(request, accept, &subresource.name).await,
            },
            SubresourceHandler::Scale(paths) => self.scale(subresource, paths, verb, request, accept).await,
            SubresourceHandler::Create(creator) => {
                let type_id = subresource.type_id.ok_or_else(|| Status::internal("a subresource without a schema"))?;
                let object = self.body(request, type_id, &subresource.kind, false).await?;
                let dry_run = self.parameters.write_options()?.dry_run;
                let place =
                    create::Posting { kind: &self.resource.kind, subresource: &subresource.name, namespace, name };
                let made = create::post(self.server, self.context, &place, &**creator, object, dry_run).await?;
                Ok(self.respond(201, &made, accept))
            }
            SubresourceHandler::Connect(_) => Err(Status::internal("connections are answered above")),
        }
    }

    async fn scale(
        &self,
        subresource: &Subresource,
        paths: &ScalePaths,
        verb: &str,
        request: HttpRequest,
        accept: Accept,
    ) -> Result<HttpResponse, Status> {
        let target = self.target("");
        let type_id = subresource.type_id.ok_or_else(|| Status::internal("Scale has no schema"))?;
        let scaled = match verb {
            "get" => {
                let object = read::get(self.resource, target.namespace, target.name)?;
                scale::scale_of(&object, paths)?
            }
            "update" => {
                let sent = self.body(request, type_id, &subresource.kind, false).await?;
                let options = self.parameters.write_options()?;
                let edit = |_: Object| Ok(sent.clone());
                scale::update_scale(self.server, self.context, &target, paths, &edit, &options).await?
            }
            _ => {
                let (patch_type, patch, _, options) = self.patch_body(request).await?;
                if patch_type == PatchType::Apply {
                    let scaled =
                        scale::apply_scale(self.server, self.context, &target, paths, &patch, &options).await?;
                    return Ok(self.respond(200, &scaled, accept));
                }
                let edit = |present: Object| patch::patch_tree(present, patch_type, &patch, api::schema(), type_id);
                scale::update_scale(self.server, self.context, &target, paths, &edit, &options).await?
            }
        };
        Ok(self.respond(200, &scaled, accept))
    }

    /// Decodes, checks and defaults a body.
    async fn body(
        &self,
        request: HttpRequest,
        type_id: TypeId,
        kind: &client::ResourceKind,
        default: bool,
    ) -> Result<Object, Status> {
        let format = Format::of_body(request.headers())?;
        let bytes = read_body(request).await?;
        let own = default;
        let schema = if own { self.resource.schema.clone() } else { SchemaHandle::Static(api::schema()) };
        let (mut value, strict_errors) =
            decode_bytes(&bytes, format, &schema, type_id, Zeros::Fill).map_err(|problem| {
                Status::bad_request(format!(
                    "{} in version {:?} cannot be handled as a {}: {problem}",
                    kind.kind, kind.version, kind.kind
                ))
            })?;
        if let Some(record) = &self.context.record {
            record.sent(&bytes, format, &value);
        }
        check_kind(&value, kind)?;
        patch::check_strict(self.context, self.parameters.field_validation()?, &strict_errors).map_err(|status| {
            let shown = format!("{} in version {:?} cannot be handled as a {}", kind.kind, kind.version, kind.kind);
            Status::bad_request(format!("{shown}: {}", status.message))
        })?;
        if default {
            self.resource.strategy.default(&schema, type_id, &mut value);
        }
        Ok(Object(value))
    }
}
