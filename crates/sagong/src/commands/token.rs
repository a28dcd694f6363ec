//! `sagong token`: the tokens by which nodes and further servers join.

use std::path::PathBuf;

use anyhow::{Context, bail};
use apimachinery::{Object, Value, base64_decode, decode, time, value};
use client::{Client, Options as CallOptions, kinds::SECRETS};
use http::Method;
use http_body_util::BodyExt;

use crate::{
    api_access::AdminAccess,
    join_token::JoinToken,
    output::{self, Output},
    server_join::TOKENS_PATH,
};

const NAMESPACE: &str = "kube-system";
const NAME_PREFIX: &str = "bootstrap-token-";
const SECRET_TYPE: &str = "bootstrap.kubernetes.io/token";

/// Create, list and delete the tokens by which nodes and further servers join.
///
/// Example: `sagong token create --ttl 1h`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the server.
    #[arg(long, global = true, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// How to print.
    #[arg(long, short, global = true, default_value = "table")]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Action {
    /// Create a token and print it.
    Create {
        /// How long it lets nodes in, for example 30m or 24h; 0 for ever.
        #[arg(long, default_value = "24h")]
        ttl: String,
        /// What it is for.
        #[arg(long, default_value = "", conflicts_with = "server")]
        description: String,
        /// Let further servers in, not nodes: whoever has it gets the keys of the cluster. It ends within a day, and is
        /// not listed.
        ///
        /// Example: `sagong token create --server --ttl 1h`
        #[arg(long)]
        server: bool,
    },
    /// List tokens; their secrets are not shown.
    List,
    /// Delete a token; nodes that have joined stay.
    Delete {
        /// The token, or its id.
        token: String,
    },
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let access = AdminAccess::load(&options.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(carry_out(&access, &options.action))?;
    print!("{}", output::document(options.output, &answer)?.unwrap_or_else(|| people(&answer)));
    Ok(())
}

async fn carry_out(access: &AdminAccess, action: &Action) -> anyhow::Result<Value> {
    let client = &access.client;
    match action {
        Action::Create { ttl, server: true, .. } => create_for_servers(access, ttl).await,
        Action::Create { ttl, description, server: false } => {
            let token = JoinToken::generate(&access.authority_pem)?;
            let expiration = expiration(ttl)?;
            let secret = secret_of(&token, expiration.as_deref(), description);
            let created = client.namespaced(&SECRETS, NAMESPACE).create(secret).await;
            created.context("cannot create the token")?;
            let command = format!("sagong agent --server {} --token {token}", access.server);
            Ok(value!({
                "token": token.to_string(),
                "id": token.id.as_str(),
                "expiration": expiration.unwrap_or_default(),
                "joinCommand": command
            }))
        }
        Action::List => list(client).await,
        Action::Delete { token } => {
            let id = match JoinToken::parse(token) {
                Ok(token) => token.id,
                Err(_) => token.split('.').next().unwrap_or_default().to_owned(),
            };
            let name = format!("{NAME_PREFIX}{id}");
            let deleted = client.namespaced(&SECRETS, NAMESPACE).delete(&name, CallOptions::default()).await;
            if deleted.is_err() && delete_for_servers(access, &id).await {
                return Ok(value!({"id": id, "deleted": true}));
            }
            deleted.with_context(|| format!("cannot delete the token {id:?}"))?;
            Ok(value!({"id": id, "deleted": true}))
        }
    }
}

/// Makes a token that the servers alone know.
async fn create_for_servers(access: &AdminAccess, ttl: &str) -> anyhow::Result<Value> {
    let token = JoinToken::generate(&access.authority_pem)?;
    let expiration = expiration(ttl)?.context("--ttl 0: a token for servers ends within a day")?;
    let seconds = time::parse_duration_nanoseconds(ttl).unwrap_or_default() / 1_000_000_000;
    let hash = pki::sha256_hex(token.secret.as_bytes());
    let path = format!("{TOKENS_PATH}?id={}&hash={hash}&ttlSeconds={seconds}", token.id);
    let announced = access.remote.stream_path(Method::POST, &path).await.map(drop);
    announced.context("cannot create the token: only servers that have one etcd let others in")?;
    let command = format!("sagong up --join-etcd --join {} --token {token}", access.server);
    Ok(value!({
        "token": token.to_string(),
        "id": token.id.as_str(),
        "expiration": expiration,
        "joinCommand": command
    }))
}

/// Whether there was such a token for servers, which is gone now.
async fn delete_for_servers(access: &AdminAccess, id: &str) -> bool {
    let Ok(body) = access.remote.stream_path(Method::DELETE, &format!("{TOKENS_PATH}?id={id}")).await else {
        return false;
    };
    let Ok(answer) = body.collect().await else { return false };
    decode::json_untyped(&answer.to_bytes()).is_ok_and(|answer| answer.bool_at(&["known"]) == Some(true))
}

fn expiration(ttl: &str) -> anyhow::Result<Option<String>> {
    let nanoseconds = match ttl {
        "0" => 0,
        text => time::parse_duration_nanoseconds(text)
            .with_context(|| format!("--ttl {text:?} is no duration: give, for example, 30m or 24h"))?,
    };
    match nanoseconds {
        0 => Ok(None),
        negative if negative < 0 => bail!("--ttl must not be negative"),
        nanoseconds => {
            let end = stdx::clock::now().checked_add(jiff::SignedDuration::from_nanos(nanoseconds));
            Ok(Some(time::format_seconds(end.context("--ttl reaches beyond the calendar")?)))
        }
    }
}

fn secret_of(token: &JoinToken, expiration: Option<&str>, description: &str) -> Object {
    let mut data = value!({
        "token-id": token.id.as_str(),
        "token-secret": token.secret.as_str(),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true"
    });
    if let Some(expiration) = expiration {
        data.set(&["expiration"], expiration);
    }
    if !description.is_empty() {
        data.set(&["description"], description);
    }
    Object(value!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": format!("{NAME_PREFIX}{}", token.id), "namespace": NAMESPACE},
        "type": SECRET_TYPE,
        "stringData": data
    }))
}

async fn list(client: &Client) -> anyhow::Result<Value> {
    let options = CallOptions { field_selector: format!("type={SECRET_TYPE}"), ..CallOptions::default() };
    let secrets = client.namespaced(&SECRETS, NAMESPACE).list(options).await.context("cannot list tokens")?;
    let text = |secret: &Object, key: &str| {
        let bytes = secret.str_at(&["data", key]).and_then(base64_decode).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let entry = |secret: &Object| {
        value!({
            "id": text(secret, "token-id"),
            "expiration": text(secret, "expiration"),
            "description": text(secret, "description")
        })
    };
    Ok(secrets.iter().map(|secret| entry(secret)).collect())
}

fn people(answer: &Value) -> String {
    if let Some(token) = answer.str_at(&["token"]) {
        return format!("{token}\n");
    }
    if let Some(id) = answer.str_at(&["id"]) {
        return format!("token {id} deleted\n");
    }
    let row = |entry: &Value| {
        let text = |field| entry.str_at(&[field]).unwrap_or_default().to_owned();
        let expiration = if text("expiration").is_empty() { "never".to_owned() } else { text("expiration") };
        vec![text("id"), expiration, text("description")]
    };
    let rows: Vec<_> = answer.as_list().map_or(&[][..], |list| list.as_slice()).iter().map(row).collect();
    output::table(&["ID", "EXPIRATION", "DESCRIPTION"], &rows)
}
