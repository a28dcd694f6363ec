//! Of several servers on one store, one schedules, and one runs the controllers.
//!
//! As upstream's, they elect by the leases `kube-system/kube-scheduler` and `kube-system/kube-controller-manager`, so
//! that upstream's own programs may stand beside them. Where upstream's process ends when it loses its lease, ours has
//! an API server in it: the component has a runtime of its own instead, with which all of its tasks end.

use std::sync::Arc;

use apimachinery::Str;
use apiserver::UserInfo;
use client::leader::{Election, lead};
use tokio::runtime::{Builder, Runtime};

use super::{Component, ComponentContext, States, supervise};
use crate::server::BLOCKING_THREADS;

/// Runs a component whenever this server is elected to.
pub(super) async fn take_turns(
    component: &'static Component<ComponentContext>,
    context: ComponentContext,
    identity: Str,
    states: Arc<States>,
) {
    let client = context.client(UserInfo::new(format!("system:{}", component.name), &[]), component.name);
    loop {
        states.waits(component.name);
        let work = alone(component, context.clone(), states.clone());
        lead(&client, Election::new(component.name, identity.clone()), work).await;
    }
}

/// A runtime all of whose tasks end with this value.
struct Tasks(Option<Runtime>);

impl Drop for Tasks {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Not waiting: whoever leads next must not be held up, and we are on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

/// Runs a component on a runtime of its own until this future is dropped.
async fn alone(component: &'static Component<ComponentContext>, context: ComponentContext, states: Arc<States>) {
    let built = Builder::new_multi_thread()
        .thread_name(component.name)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build();
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => return states.failed(component.name, format!("no threads can be started: {error}")),
    };
    let running = runtime.spawn(supervise(component, context, states));
    let _tasks = Tasks(Some(runtime));
    let _ = running.await;
}
