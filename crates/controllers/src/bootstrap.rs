//! `bootstrap-signer-controller` and `token-cleaner-controller`: tokens by which nodes join.

mod jws;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apimachinery::{Object, Str, base64_decode, time};
use async_trait::async_trait;
use client::{
    Client, Collection, Informer, Options, SharedInformers, WorkQueue,
    controller::{self, Outcome, Reconcile},
    kinds::{CONFIG_MAPS, SECRETS},
};
use jiff::Timestamp;

use crate::{Context, ControllerDescriptor};

const TOKEN_TYPE: &str = "bootstrap.kubernetes.io/token";
const NAME_PREFIX: &str = "bootstrap-token-";
const SIGNATURE_PREFIX: &str = "jws-kubeconfig-";
const CLUSTER_INFO: &str = "cluster-info";

/// Signs the public description of the cluster with every token.
pub const SIGNER_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "bootstrap-signer-controller",
    service_account: "bootstrap-signer",
    start: |context| Box::pin(run_signer(context)),
};

/// Removes tokens that have expired.
pub const CLEANER_DESCRIPTOR: ControllerDescriptor = ControllerDescriptor {
    name: "token-cleaner-controller",
    service_account: "token-cleaner",
    start: |context| Box::pin(run_cleaner(context)),
};

fn tokens(informers: &SharedInformers) -> Informer {
    informers.follow(Collection::all(&SECRETS).in_namespace("kube-system").fields(format!("type={TOKEN_TYPE}")))
}

/// A text in a secret's data.
fn text(secret: &Object, key: &str) -> Option<String> {
    let bytes = base64_decode(secret.root().get_map("data")?.str_at(key)?)?;
    String::from_utf8(bytes).ok()
}

/// When the token ends; one whose end cannot be read has ended.
fn expiration(secret: &Object) -> Option<Timestamp> {
    let text = text(secret, "expiration").filter(|text| !text.is_empty())?;
    Some(time::parse(&text).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The token's id and secret, if it may sign.
fn signing_token(secret: &Object, now: Timestamp) -> Option<(String, String)> {
    let id = text(secret, "token-id").filter(|id| secret.name().strip_prefix(NAME_PREFIX) == Some(id))?;
    let key = text(secret, "token-secret").filter(|key| !key.is_empty())?;
    let may_sign = text(secret, "usage-bootstrap-signing").as_deref() == Some("true");
    let lives = expiration(secret).is_none_or(|end| end > now);
    (may_sign && lives && secret.deletion_timestamp().is_none()).then_some((id, key))
}

struct Signer {
    client: Client,
    tokens: Informer,
    maps: Informer,
}

async fn run_signer(context: Context) {
    let tokens = tokens(&context.informers);
    let only =
        Collection::all(&CONFIG_MAPS).in_namespace("kube-public").fields(format!("metadata.name={CLUSTER_INFO}"));
    let maps = context.informers.follow(only);
    let queue: WorkQueue<Str> = WorkQueue::new();
    for informer in [&tokens, &maps] {
        controller::enqueue_on(informer, &queue, |_| [Str::from(CLUSTER_INFO)]);
    }
    let signer = Signer { client: context.client, tokens: tokens.clone(), maps: maps.clone() };
    controller::run("bootstrap-signer-controller", &[tokens, maps], queue, 1, Arc::new(signer)).await;
}

#[async_trait]
impl Reconcile for Signer {
    async fn reconcile(&self, _: &Str) -> Outcome {
        let Some(map) = self.maps.get_namespaced("kube-public", CLUSTER_INFO) else { return Ok(None) };
        let data = map.root().get_map("data").cloned().unwrap_or_default();
        let Some(kubeconfig) = data.str_at("kubeconfig").map(str::to_owned) else { return Ok(None) };
        let now = stdx::clock::now();
        let tokens: BTreeMap<String, String> =
            self.tokens.list().iter().filter_map(|secret| signing_token(secret, now)).collect();
        let mut signed = data.clone();
        signed.retain(|key, _| !key.starts_with(SIGNATURE_PREFIX));
        for (id, key) in &tokens {
            signed.insert(format!("{SIGNATURE_PREFIX}{id}"), jws::detached(&kubeconfig, id, key));
        }
        if signed == data {
            return Ok(None);
        }
        let mut changed = (*map).clone();
        changed.set(&["data"], signed);
        self.client.namespaced(&CONFIG_MAPS, "kube-public").update(changed).await?;
        Ok(None)
    }
}

struct Cleaner {
    client: Client,
    tokens: Informer,
}

async fn run_cleaner(context: Context) {
    let tokens = tokens(&context.informers);
    let queue = WorkQueue::new();
    controller::enqueue_objects(&tokens, &queue);
    let cleaner = Cleaner { client: context.client, tokens: tokens.clone() };
    controller::run("token-cleaner-controller", &[tokens], queue, 1, Arc::new(cleaner)).await;
}

#[async_trait]
impl Reconcile for Cleaner {
    async fn reconcile(&self, key: &Str) -> Outcome {
        let Some(secret) = self.tokens.get(key) else { return Ok(None) };
        let Some(end) = expiration(&secret) else { return Ok(None) };
        let left = end.as_millisecond() - stdx::clock::now().as_millisecond();
        if left > 0 {
            return Ok(Some(Duration::from_millis(left.unsigned_abs())));
        }
        let options = Options { precondition_uid: secret.uid().to_owned(), ..Options::default() };
        match self.client.namespaced(&SECRETS, secret.namespace()).delete(secret.name(), options).await {
            Err(status) if status.is_not_found() || status.is_conflict() => Ok(None),
            answer => Ok(answer.map(|_| None)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::{Value, base64_encode, value};
    use client::testing::{FakeApi, settle};

    use super::*;

    fn token(api: &FakeApi, id: &str, expiration: &str) {
        let encode = |text: &str| Value::from(base64_encode(text.as_bytes()));
        api.seed(
            &SECRETS,
            value!({
                "metadata": {"namespace": "kube-system", "name": format!("{NAME_PREFIX}{id}")},
                "type": TOKEN_TYPE,
                "data": {
                    "token-id": encode(id), "token-secret": encode("0123456789abcdef"),
                    "usage-bootstrap-signing": encode("true"), "expiration": encode(expiration)
                }
            }),
        );
    }

    #[tokio::test(start_paused = true)]
    async fn living_tokens_sign_and_dead_ones_go() {
        let api = FakeApi::new();
        for start in [SIGNER_DESCRIPTOR.start, CLEANER_DESCRIPTOR.start] {
            tokio::spawn(start(Context::for_tests(&api)));
        }
        let data = value!({"kubeconfig": "config", "jws-kubeconfig-stale1": "x"});
        api.seed(&CONFIG_MAPS, value!({"metadata": {"namespace": "kube-public", "name": CLUSTER_INFO}, "data": data}));
        token(&api, "abcdef", "");
        token(&api, "dead00", "2020-01-01T00:00:00Z");
        settle(1).await;
        let map = api.get(&CONFIG_MAPS, "kube-public", CLUSTER_INFO).unwrap();
        let keys: Vec<_> = map.root().get_map("data").unwrap().keys().map(|key| key.to_string()).collect();
        assert_eq!(keys, ["jws-kubeconfig-abcdef", "kubeconfig"]);
        assert_eq!(api.list(&SECRETS).len(), 1);
    }
}
