//! The API for components in this process: above TLS and HTTP, below nothing else.

mod audited;

use std::sync::Arc;

use apimachinery::{Object, Status, Str, decode, decode::Zeros, fields, labels};
use async_trait::async_trait;
use client::{Body, Request, Response, Transport, Verb, WatchEvent, WatchStream};

use crate::{
    RequestContext, Resource, Server, SubresourceHandler, UserInfo,
    audit::Record,
    authorization::{self, Action},
    handlers::{
        WriteOptions, create, delete, patch,
        patch::FieldValidation,
        read, scale,
        update::{self, Replacement, Target},
        watch::{EventType, Item, Watch},
    },
    metrics,
    server::store_status,
};

/// A component's way to the server, with the component's identity.
pub struct Loopback {
    server: Arc<Server>,
    user: UserInfo,
    user_agent: Str,
}

impl Loopback {
    /// The transport of `user`.
    pub fn new(server: Arc<Server>, user: UserInfo, user_agent: impl Into<Str>) -> Arc<Loopback> {
        Arc::new(Loopback { server, user, user_agent: user_agent.into() })
    }

    /// A client of `user` whose writes are owned by `field_manager`.
    pub fn client(server: &Arc<Server>, user: UserInfo, field_manager: &str) -> client::Client {
        client::Client::new(Loopback::new(server.clone(), user, field_manager), field_manager)
    }

    fn begin(
        &self,
        request: &Request,
        verb: &str,
        record: Option<Arc<Record>>,
    ) -> Result<(Arc<Resource>, RequestContext), Status> {
        let kind = &request.resource;
        let context = RequestContext::new(self.user.clone(), self.user_agent.clone()).recorded(record);
        let mut action = action_of(request, verb);
        let selected = if request.name.is_empty() { action.selected("metadata.name") } else { None };
        if let Some(name) = &selected {
            action.name = name;
        }
        authorization::authorize(&self.server, &context, &action)?;
        let resource = self.server.registry().find(&kind.group, &kind.version, &kind.resource);
        Ok((resource.ok_or_else(Status::no_such_path)?, context))
    }

    fn object(&self, resource: &Resource, object: &Object) -> Result<Object, Status> {
        let decoded = decode::tree(object.0.clone(), &resource.schema, resource.type_id, Zeros::Fill)
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let mut value = decoded.value;
        resource.strategy.default(&resource.schema, resource.type_id, &mut value);
        Ok(Object(value))
    }
}

fn action_of<'a>(request: &'a Request, verb: &'a str) -> Action<'a> {
    let kind = &request.resource;
    let namespace =
        if kind.resource == "namespaces" && kind.group.is_empty() { &request.name } else { &request.namespace };
    Action {
        verb,
        group: &kind.group,
        version: &kind.version,
        resource: &kind.resource,
        subresource: &request.subresource,
        namespace,
        name: &request.name,
        path: "",
        field_selector: &request.options.field_selector,
    }
}

fn query(request: &Request) -> Result<read::Query, Status> {
    let options = &request.options;
    Ok(read::Query {
        namespace: request.namespace.to_string(),
        labels: labels::Selector::parse(&options.label_selector).map_err(|error| Status::bad_request(error.0))?,
        fields: fields::Selector::parse(&options.field_selector).map_err(|error| Status::bad_request(error.0))?,
        limit: options.limit as usize,
        continue_token: options.continue_token.clone(),
        resource_version: options.resource_version.clone(),
        resource_version_match: String::new(),
    })
}

fn delete_options(request: &Request) -> delete::DeleteOptions {
    let options = &request.options;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    delete::DeleteOptions {
        grace_period_seconds: options.grace_period_seconds,
        propagation: options.propagation,
        precondition_uid: some(&options.precondition_uid),
        precondition_resource_version: some(&options.precondition_resource_version),
        dry_run: options.dry_run,
    }
}

fn verb_name(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
        Verb::DeleteCollection => "deletecollection",
    }
}

#[async_trait]
impl Transport for Loopback {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        match self.server.auditor() {
            None => self.perform(request, None).await,
            Some(auditor) => self.audited_call(auditor, request).await,
        }
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        match self.server.auditor() {
            None => self.follow(&request, initial_events, None).await,
            Some(auditor) => self.audited_watch(auditor, &request, initial_events).await,
        }
    }
}

impl Loopback {
    async fn perform(&self, request: Request, record: Option<Arc<Record>>) -> Result<Response, Status> {
        let (resource, context) = self.begin(&request, verb_name(request.verb), record)?;
        if let Some(record) = &context.record {
            audited::sent(record, &request)?;
        }
        let applies = matches!(request.body, Body::Patch(client::PatchType::Apply, _));
        let observed = metrics::Request::begin(
            metrics::verb(verb_name(request.verb), applies),
            request.options.dry_run,
            resource.kind.clone(),
            &request.subresource,
            &request.namespace,
            &request.name,
        );
        let creates = request.verb == Verb::Create;
        let logged = tracing::enabled!(tracing::Level::DEBUG).then(|| {
            let parts = [&request.resource.resource, &request.namespace, &request.name, &request.subresource];
            (verb_name(request.verb), parts.map(|part| part.as_str()).join("/"), context.user.name.clone())
        });
        let answer = self.answer(request, resource, context).await;
        let code = answer.as_ref().map_or_else(|status| status.code, |_| if creates { 201 } else { 200 });
        if let Some((verb, object, user)) = logged {
            tracing::debug!(verb, object, %user, code, "request");
        }
        observed.finish(code, None);
        answer
    }

    async fn follow(
        &self,
        request: &Request,
        initial_events: bool,
        record: Option<Arc<Record>>,
    ) -> Result<WatchStream, Status> {
        let (resource, _) = self.begin(request, "watch", record)?;
        if request.options.resource_version.is_empty() {
            self.server.registry().fresh().await.map_err(|error| store_status(&error))?;
        }
        let watch = Watch::begin(&self.server, &resource, query(request)?, Some(initial_events)).await?;
        let stream = futures::stream::unfold(Some(watch), |watch| async move {
            let mut watch = watch?;
            loop {
                match watch.take() {
                    Ok(Some(item)) => {
                        let event = watch_event(&item);
                        return Some((event, Some(watch)));
                    }
                    Ok(None) => watch.moved().await,
                    Err(status) => return Some((Err(status), None)),
                }
            }
        });
        Ok(Box::pin(stream))
    }

    async fn answer(
        &self,
        request: Request,
        resource: Arc<Resource>,
        context: RequestContext,
    ) -> Result<Response, Status> {
        let server = &self.server;
        let options = WriteOptions {
            dry_run: request.options.dry_run,
            field_manager: request.options.field_manager.clone(),
            force: request.options.force,
        };
        let target = Target {
            resource: &resource,
            namespace: &request.namespace,
            name: &request.name,
            subresource: &request.subresource,
        };
        let missing_body = || Status::bad_request("the request has no body");
        let one = |object: Arc<Object>| Ok(Response::Object(object));
        if request.verb != Verb::List || request.options.resource_version.is_empty() {
            server.registry().fresh().await.map_err(|error| store_status(&error))?;
        }
        match request.verb {
            Verb::Get => match resource.subresource(&request.subresource).map(|found| &found.handler) {
                Some(SubresourceHandler::Scale(paths)) => {
                    let object = read::get(&resource, &request.namespace, &request.name)?;
                    one(Arc::new(scale::scale_of(&object, paths)?))
                }
                _ => one(read::get_any(server, &resource, &request.namespace, &request.name).await?),
            },
            Verb::List => {
                let list = read::list(server, &resource, &query(&request)?).await?;
                Ok(Response::List {
                    items: list.items,
                    resource_version: list.resource_version.to_string().into(),
                    continue_token: list.continue_token,
                })
            }
            Verb::Create => {
                let Body::Object(object) = &request.body else { return Err(missing_body()) };
                if request.subresource.is_empty() {
                    let object = self.object(&resource, object)?;
                    return one(
                        create::create(server, &context, &resource, &request.namespace, object, &options).await?
                    );
                }
                let subresource = resource.subresource(&request.subresource).ok_or_else(Status::no_such_path)?;
                let SubresourceHandler::Create(creator) = &subresource.handler else {
                    return Err(Status::method_not_supported(
                        &request.resource.group,
                        &request.resource.resource,
                        "create",
                    ));
                };
                let place = create::Posting {
                    kind: &resource.kind,
                    subresource: &request.subresource,
                    namespace: &request.namespace,
                    name: &request.name,
                };
                let object = Object::clone(object);
                let made = create::post(server, &context, &place, &**creator, object, options.dry_run);
                one(Arc::new(made.await?))
            }
            Verb::Update => {
                let Body::Object(object) = &request.body else { return Err(missing_body()) };
                let change = Replacement(self.object(&resource, object)?);
                one(update::update(server, &context, &target, &change, &options).await?.0)
            }
            Verb::Patch => {
                let Body::Patch(patch_type, value) = &request.body else { return Err(missing_body()) };
                if let Some(SubresourceHandler::Scale(paths)) =
                    resource.subresource(&request.subresource).map(|found| &found.handler)
                {
                    let type_id = api::type_of("autoscaling", "v1", "Scale")
                        .ok_or_else(|| Status::internal("Scale has no schema"))?;
                    if *patch_type == client::PatchType::Apply {
                        let whole = Target { subresource: "", ..target };
                        let scaled = scale::apply_scale(server, &context, &whole, paths, value, &options).await?;
                        return one(Arc::new(scaled));
                    }
                    let edit = |present: Object| patch::patch_tree(present, *patch_type, value, api::schema(), type_id);
                    let whole = Target { subresource: "", ..target };
                    let scaled = scale::update_scale(server, &context, &whole, paths, &edit, &options).await?;
                    return one(Arc::new(scaled));
                }
                let validation = FieldValidation::Ignore;
                one(patch::patch(server, &context, &target, *patch_type, value, validation, &options).await?.0)
            }
            Verb::Delete => match delete::delete(server, &context, &target, &delete_options(&request)).await? {
                delete::Deleted::Gone(object) | delete::Deleted::Pending(object) => one(object),
            },
            Verb::DeleteCollection => {
                let query = query(&request)?;
                delete::delete_collection(server, &context, &resource, &query, &delete_options(&request)).await?;
                Ok(Response::Success(Status::success(&request.resource.group, &request.resource.resource, "", "")))
            }
        }
    }
}

fn watch_event(item: &Item) -> Result<WatchEvent, Status> {
    Ok(match item {
        Item::Event(EventType::Added, payload) => WatchEvent::Added(payload.object()?),
        Item::Event(EventType::Modified, payload) => WatchEvent::Modified(payload.object()?),
        Item::Event(EventType::Deleted, payload) => WatchEvent::Deleted(payload.object()?),
        Item::Bookmark { revision, initial_events_end } => WatchEvent::Bookmark {
            resource_version: revision.to_string().into(),
            initial_events_end: *initial_events_end,
        },
    })
}
