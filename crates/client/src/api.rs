use std::sync::Arc;

use apimachinery::{Object, Status, Str, Value};

use crate::{Body, Options, PatchType, Request, ResourceKind, Response, Transport, Verb, WatchStream};

/// An identity's way to the API.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    field_manager: Str,
}

impl Client {
    /// A client over `transport`; `field_manager` owns what it writes.
    pub fn new(transport: Arc<dyn Transport>, field_manager: impl Into<Str>) -> Client {
        Client { transport, field_manager: field_manager.into() }
    }

    /// Objects of `resource` in every namespace, or of the cluster.
    pub fn all(&self, resource: &ResourceKind) -> Api {
        Api { client: self.clone(), resource: resource.clone(), namespace: Str::EMPTY }
    }

    /// Objects of `resource` in `namespace`.
    pub fn namespaced(&self, resource: &ResourceKind, namespace: impl Into<Str>) -> Api {
        Api { client: self.clone(), resource: resource.clone(), namespace: namespace.into() }
    }

    /// The transport, for requests that [`Api`] has no word for.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }
}

/// The objects of one resource in one namespace (or all of them).
#[derive(Clone)]
pub struct Api {
    client: Client,
    resource: ResourceKind,
    namespace: Str,
}

impl Api {
    fn request(&self, verb: Verb, name: &str, subresource: &str, body: Body, options: Options) -> Request {
        let mut options = options;
        if options.field_manager.is_empty() {
            options.field_manager = self.client.field_manager.clone();
        }
        Request {
            verb,
            resource: self.resource.clone(),
            namespace: self.namespace.clone(),
            name: name.into(),
            subresource: subresource.into(),
            body,
            options,
        }
    }

    async fn one(&self, request: Request) -> Result<Arc<Object>, Status> {
        match self.client.transport.call(request).await? {
            Response::Object(object) => Ok(object),
            Response::Success(status) => Ok(Arc::new(Object(status.to_value()))),
            Response::List { .. } => Err(Status::internal("a list where one object was expected")),
        }
    }

    /// Reads one object.
    pub async fn get(&self, name: &str) -> Result<Arc<Object>, Status> {
        self.one(self.request(Verb::Get, name, "", Body::None, Options::default())).await
    }

    /// Reads one object; `None` when there is none.
    pub async fn get_optional(&self, name: &str) -> Result<Option<Arc<Object>>, Status> {
        match self.get(name).await {
            Ok(object) => Ok(Some(object)),
            Err(status) if status.is_not_found() => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Reads many objects at one revision.
    pub async fn list(&self, options: Options) -> Result<Vec<Arc<Object>>, Status> {
        match self.client.transport.call(self.request(Verb::List, "", "", Body::None, options)).await? {
            Response::List { items, .. } => Ok(items),
            _ => Err(Status::internal("one object where a list was expected")),
        }
    }

    /// Follows the collection; see [`Transport::watch`].
    pub async fn watch(&self, options: Options, initial_events: bool) -> Result<WatchStream, Status> {
        let request = self.request(Verb::List, "", "", Body::None, options);
        self.client.transport.watch(request, initial_events).await
    }

    /// Makes an object.
    pub async fn create(&self, object: impl Into<Object>) -> Result<Arc<Object>, Status> {
        self.create_subresource("", "", object).await
    }

    /// Posts to a subresource of `name`: `binding`, `eviction`, `token`.
    pub async fn create_subresource(
        &self,
        name: &str,
        subresource: &str,
        object: impl Into<Object>,
    ) -> Result<Arc<Object>, Status> {
        let body = Body::Object(Arc::new(object.into()));
        self.one(self.request(Verb::Create, name, subresource, body, Options::default())).await
    }

    /// Replaces an object; its `resourceVersion` is the precondition.
    pub async fn update(&self, object: impl Into<Object>) -> Result<Arc<Object>, Status> {
        self.update_subresource("", object).await
    }

    /// Replaces an object's status (or another subresource).
    pub async fn update_subresource(
        &self,
        subresource: &str,
        object: impl Into<Object>,
    ) -> Result<Arc<Object>, Status> {
        let object = object.into();
        let name = object.name().to_owned();
        let body = Body::Object(Arc::new(object));
        self.one(self.request(Verb::Update, &name, subresource, body, Options::default())).await
    }

    /// Patches an object, or a subresource of it.
    pub async fn patch(
        &self,
        name: &str,
        subresource: &str,
        patch_type: PatchType,
        patch: Value,
    ) -> Result<Arc<Object>, Status> {
        let body = Body::Patch(patch_type, patch);
        self.one(self.request(Verb::Patch, name, subresource, body, Options::default())).await
    }

    /// Merges `patch` into the status.
    pub async fn patch_status(&self, name: &str, patch: Value) -> Result<Arc<Object>, Status> {
        self.patch(name, "status", PatchType::Merge, patch).await
    }

    /// Applies a configuration (server-side apply), taking over what others own.
    pub async fn apply(&self, name: &str, subresource: &str, configuration: Value) -> Result<Arc<Object>, Status> {
        let options = Options { force: true, ..Options::default() };
        let body = Body::Patch(PatchType::Apply, configuration);
        self.one(self.request(Verb::Patch, name, subresource, body, options)).await
    }

    /// Removes an object.
    pub async fn delete(&self, name: &str, options: Options) -> Result<Arc<Object>, Status> {
        self.one(self.request(Verb::Delete, name, "", Body::None, options)).await
    }

    /// Removes the objects that `options` select.
    pub async fn delete_collection(&self, options: Options) -> Result<(), Status> {
        self.client.transport.call(self.request(Verb::DeleteCollection, "", "", Body::None, options)).await.map(drop)
    }
}
