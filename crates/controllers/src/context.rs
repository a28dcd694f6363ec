//! What a controller is given, and how it is listed.

use client::{Client, EventRecorder, SharedInformers};
use futures::future::BoxFuture;

/// What a controller is given.
#[derive(Clone)]
pub struct Context {
    /// The API under the controller's own identity.
    pub client: Client,
    /// The process's informers.
    pub informers: SharedInformers,
}

impl Context {
    /// A context over a fake API.
    #[cfg(test)]
    pub(crate) fn for_tests(api: &client::testing::FakeApi) -> Context {
        let client = api.client("controllers");
        Context { informers: SharedInformers::new(client.clone()), client }
    }

    /// A recorder of events that come from `component`.
    pub fn recorder(&self, component: &'static str) -> EventRecorder {
        EventRecorder::new(self.client.clone(), component, "")
    }
}

/// One controller.
pub struct ControllerDescriptor {
    /// Upstream's name, `deployment-controller`.
    pub name: &'static str,
    /// Its service account in `kube-system`.
    pub service_account: &'static str,
    /// Runs it; dropping the future stops it.
    pub start: fn(Context) -> BoxFuture<'static, ()>,
}
