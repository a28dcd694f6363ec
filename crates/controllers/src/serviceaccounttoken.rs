//! `serviceaccount-token-controller`: secrets of the type `kubernetes.io/service-account-token` have a token of the
//! service account that they name, and go with it.
//!
//! Upstream's counterpart is `pkg/controller/serviceaccount/tokens_controller.go`.

use std::sync::Arc;

use apimachinery::{Object, Str, Value, base64_encode};
use async_trait::async_trait;
use client::{
    Client, Collection, Event, Informer, Options, WorkQueue,
    controller::{self, Outcome, Reconcile, ReconcileError},
    kinds::{SECRETS, SERVICE_ACCOUNTS},
};

use crate::{Context, ControllerDescriptor, context::SecretTokenSigner};

const NAME: &str = "serviceaccount-token-controller";
const SECRET_TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";
const BY_ACCOUNT: &str = "service account";
const WORKERS: usize = 5;

/// The controller of tokens in secrets. As upstream's it acts as the controller manager itself.
pub const DESCRIPTOR: ControllerDescriptor =
    ControllerDescriptor { name: NAME, service_account: "", start: |context| Box::pin(run(context)) };

struct Tokens {
    client: Client,
    root_ca: String,
    signer: Arc<SecretTokenSigner>,
    secrets: Informer,
    accounts: Informer,
}

fn account_of(secret: &Object) -> &str {
    secret.annotation(ACCOUNT_NAME).unwrap_or_default()
}

async fn run(context: Context) {
    // Without a key no token can be made, as without upstream's flag.
    let Some(signer) = context.settings.token_signer.clone() else { return };
    let secrets = context.informers.follow(Collection::all(&SECRETS).fields(format!("type={SECRET_TYPE}")));
    let accounts = context.informers.of(&SERVICE_ACCOUNTS);
    secrets.add_index(BY_ACCOUNT, |secret| vec![format!("{}/{}", secret.namespace(), account_of(secret)).into()]);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&secrets, &queue);
    let of_accounts = secrets.clone();
    controller::enqueue_on(&accounts, &queue, move |event: &Event| {
        let secrets = of_accounts.by_index(BY_ACCOUNT, &event.object().key());
        secrets.iter().map(|secret| secret.key()).collect::<Vec<_>>()
    });
    let tokens = Tokens {
        client: context.client,
        root_ca: context.settings.root_ca.clone(),
        signer,
        secrets: secrets.clone(),
        accounts: accounts.clone(),
    };
    controller::run(NAME, &[secrets, accounts], queue, WORKERS, Arc::new(tokens)).await;
}

#[async_trait]
impl Reconcile for Tokens {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(secret) = self.secrets.get(key) else { return Ok(None) };
        if secret.deletion_timestamp().is_some() {
            return Ok(None);
        }
        match self.account(&secret).await? {
            Some(account) => self.fill(&secret, &account).await?,
            None => self.delete(&secret).await?,
        }
        Ok(None)
    }
}

impl Tokens {
    /// The account that a secret is of. A copy that lags must not cost anybody's secret: the API is asked.
    async fn account(&self, secret: &Object) -> Result<Option<Arc<Object>>, ReconcileError> {
        let (namespace, name) = (secret.namespace(), account_of(secret));
        let uid = secret.annotation(ACCOUNT_UID).unwrap_or_default();
        let is_it = |account: &Arc<Object>| uid.is_empty() || account.uid() == uid;
        if let Some(account) = self.accounts.get_namespaced(namespace, name).filter(is_it) {
            return Ok(Some(account));
        }
        let live = self.client.namespaced(&SERVICE_ACCOUNTS, namespace).get_optional(name).await?;
        Ok(live.filter(is_it))
    }

    /// Puts into the secret what it lacks.
    async fn fill(&self, secret: &Object, account: &Object) -> Result<(), ReconcileError> {
        let data = |key: &str| secret.str_at(&["data", key]).unwrap_or_default();
        let (root_ca, namespace) =
            (base64_encode(self.root_ca.as_bytes()), base64_encode(secret.namespace().as_bytes()));
        let mut filled = secret.clone();
        let mut set = |path: &[&str], value: String| filled.set(path, Value::from(value));
        let mut changed = false;
        for (key, wanted) in [("ca.crt", root_ca), ("namespace", namespace)] {
            if data(key) != wanted && (key == "ca.crt" || data(key).is_empty()) {
                set(&["data", key], wanted);
                changed = true;
            }
        }
        if data("token").is_empty() {
            let token = (self.signer)(account, secret).map_err(ReconcileError::Other)?;
            set(&["data", "token"], base64_encode(token.as_bytes()));
            changed = true;
        }
        if secret.annotation(ACCOUNT_UID) != Some(account.uid()) {
            set(&["metadata", "annotations", ACCOUNT_UID], account.uid().to_owned());
            changed = true;
        }
        if changed {
            self.client.namespaced(&SECRETS, secret.namespace()).update(filled).await?;
        }
        Ok(())
    }

    async fn delete(&self, secret: &Object) -> Result<(), ReconcileError> {
        let options = Options { precondition_uid: secret.uid().to_owned(), ..Options::default() };
        match self.client.namespaced(&SECRETS, secret.namespace()).delete(secret.name(), options).await {
            Err(status) if !status.is_not_found() => Err(status.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;
    use client::testing::{FakeApi, settle};

    use super::*;
    use crate::Settings;

    fn secret(name: &str, account: &str) -> Value {
        value!({
            "metadata": {"namespace": "a", "name": name, "annotations": {ACCOUNT_NAME: account}},
            "type": SECRET_TYPE
        })
    }

    #[tokio::test(start_paused = true)]
    async fn secrets_are_filled_and_go_with_their_account() {
        let api = FakeApi::new();
        let signer: Arc<SecretTokenSigner> =
            Arc::new(|account: &Object, secret: &Object| Ok(format!("{} in {}", account.name(), secret.name())));
        let settings = Settings { token_signer: Some(signer), ..Settings::for_tests(&[]) };
        api.seed(&SERVICE_ACCOUNTS, value!({"metadata": {"namespace": "a", "name": "robot"}}));
        api.seed(&SECRETS, secret("token", "robot"));
        api.seed(&SECRETS, secret("orphan", "nobody"));
        api.seed(&SECRETS, value!({"metadata": {"namespace": "a", "name": "other"}, "type": "Opaque"}));
        let _running = tokio::spawn((DESCRIPTOR.start)(Context::with_settings(&api, settings)));
        settle(1).await;
        let filled = api.get(&SECRETS, "a", "token").unwrap();
        let data = |key: &str| filled.str_at(&["data", key]).unwrap_or_default().to_owned();
        assert_eq!(data("token"), base64_encode(b"robot in token"));
        assert_eq!((data("namespace"), data("ca.crt")), (base64_encode(b"a"), base64_encode(b"PEM")));
        let account = api.get(&SERVICE_ACCOUNTS, "a", "robot").unwrap();
        assert_eq!(filled.annotation(ACCOUNT_UID), Some(account.uid()));
        assert!(api.get(&SECRETS, "a", "orphan").is_none());
        // A token that is there stays what it is.
        api.modify(&SECRETS, "a", "token", |secret| secret.set(&["data", "token"], "bWluZQ=="));
        settle(1).await;
        assert_eq!(api.get(&SECRETS, "a", "token").unwrap().str_at(&["data", "token"]), Some("bWluZQ=="));
        api.remove(&SERVICE_ACCOUNTS, "a", "robot");
        settle(1).await;
        assert!(api.get(&SECRETS, "a", "token").is_none() && api.get(&SECRETS, "a", "other").is_some());
    }
}
