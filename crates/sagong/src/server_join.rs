//! How a further server gets the cluster's keys: from a server that works, with a token that was made for it.
//!
//! The keys let their owner do everything, so that a token for nodes does not do. A server's token is made by an
//! administrator, is known to the servers alone (not even as a Secret, which whoever may create Secrets could make), and
//! ends by itself. The joining server knows the other one by the authority's hash in the token before it sends it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use apimachinery::{Map, Status, Str, Value, decode};
use apiserver::{
    Server, UserInfo,
    authentication::TokenAuthenticator,
    http::{HttpRequest, HttpResponse, Parameters, PathHandler, json_response},
};
use async_trait::async_trait;
use bytes::Bytes;
use client::remote::{Remote, ServerAddress};
use http::Method;
use store::{Engine, Expect, Write};

use crate::{agent, directories::Directories, join_token::JoinToken};

/// Where the keys are given out, to [`GROUP`] and to whoever may do everything anyway (`cluster-admin`).
pub(crate) const KEYS_PATH: &str = "/sagong/server-keys";
/// Where administrators announce tokens.
pub(crate) const TOKENS_PATH: &str = "/sagong/server-tokens";
/// Who has a server's token. No certificate gives it (`admission`: `CertificateSubjectRestriction`).
pub(crate) const GROUP: &str = "sagong:servers";
/// Under this prefix the hashes of tokens are, by their ids.
const PREFIX: &str = "/registry/sagong/server-tokens/";
/// No token lets servers in for longer.
pub(crate) const TTL_LIMIT: Duration = Duration::from_secs(86_400);
const USER_AGENT: &str = "sagong-server";
/// What is given out, where it is there.
const FILES: [&str; 7] =
    ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "etcd-ca.crt", "etcd-ca.key"];

/// The flags by which a further server gets the cluster's keys.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct JoinOptions {
    /// Get the cluster's keys, and with --join-etcd the addresses of its members, from this server: https://ADDRESS:PORT.
    /// Once they are here it is not asked again.
    #[arg(long, value_name = "SERVER", requires = "token")]
    join: Option<String>,
    /// The token for that, as `sagong token create --server` printed it.
    #[arg(long, env = "SAGONG_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl JoinOptions {
    /// Whether another server is named.
    pub(crate) fn is_given(&self) -> bool {
        self.join.is_some()
    }

    /// Gets the keys, unless they are here and nothing else is `needed`; the addresses of etcd's members.
    ///
    /// # Errors
    /// The token is no token, or not of that server's cluster; it refuses; a file cannot be written.
    pub(crate) async fn fetch(&self, directories: &Directories, needed: bool) -> anyhow::Result<Vec<String>> {
        let Some(server) = &self.join else { return Ok(Vec::new()) };
        let has_keys = directories.pki_file("ca.key").exists();
        if has_keys && !needed {
            return Ok(Vec::new());
        }
        let server = ServerAddress::parse(server).context("--join")?;
        let token = JoinToken::parse(self.token.as_deref().unwrap_or_default()).context("--token")?;
        let authority_pem = agent::discover(&server, &token).await?;
        let tls = pki::tls::client_config(&authority_pem, None)?;
        let remote = Remote::new(server.clone(), tls, Some(&token.bearer()), USER_AGENT)?;
        let answer = remote.get_path(KEYS_PATH).await.with_context(|| {
            format!("{server} does not give its keys to this token: make one with `sagong token create --server`")
        })?;
        let answer =
            decode::json_untyped(&answer).map_err(|error| anyhow::anyhow!("the answer of {server}: {error}"))?;
        if !has_keys {
            write_keys(directories, &answer, &token)?;
            tracing::info!(%server, "has given the cluster's keys");
        }
        Ok(answer.list_at(&["etcdMembers"]).iter().filter_map(|url| url.as_str().map(str::to_owned)).collect())
    }
}

fn write_keys(directories: &Directories, answer: &Value, token: &JoinToken) -> anyhow::Result<()> {
    let file = |name: &str| answer.str_at(&["files", name]);
    let authority = file("ca.crt").context("the server's answer has no ca.crt")?;
    if pki::public_key_hash(authority)?.trim_start_matches("sha256:") != token.authority_hash {
        bail!("the server's answer has the authority of another cluster than the token");
    }
    // The one that says that all are there comes last.
    for name in FILES.iter().filter(|name| **name != "ca.key").chain(&["ca.key"]) {
        if let Some(content) = file(name) {
            pki::write_private(&directories.pki_file(name), content.as_bytes())?;
        }
    }
    Ok(())
}

/// Serves the paths from now on.
pub(crate) fn install(server: &Server, engine: Arc<dyn Engine>, directories: &Directories) {
    server.serve_path(KEYS_PATH, Arc::new(GiveKeys(directories.clone())));
    server.serve_path(TOKENS_PATH, Arc::new(TakeTokens(engine)));
}

struct GiveKeys(Directories);

#[async_trait]
impl PathHandler for GiveKeys {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status> {
        if *request.method() != Method::GET {
            return Err(Status::failure(405, "MethodNotAllowed", "the server allows only GET on this path"));
        }
        let read = |name: &&'static str| Some((*name, std::fs::read_to_string(self.0.pki_file(name)).ok()?));
        let files: Map = FILES.iter().filter_map(read).collect();
        let members = std::fs::read_to_string(self.0.etcd_note()).unwrap_or_default();
        let members: Value = members.trim().split(',').filter(|url| !url.is_empty()).collect();
        let mut answer = Value::default();
        answer.set(&["files"], Value::Map(files));
        answer.set(&["etcdMembers"], members);
        Ok(json_response(200, &answer))
    }
}

struct TakeTokens(Arc<dyn Engine>);

#[async_trait]
impl PathHandler for TakeTokens {
    /// `POST ?id=ID&hash=HASH&ttlSeconds=SECONDS` announces a token, `DELETE ?id=ID` takes it back.
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status> {
        let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
        let id = parameters.get("id");
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Status::bad_request("id: it names no token"));
        }
        let key = Bytes::from(format!("{PREFIX}{id}"));
        let write = match *request.method() {
            Method::POST => {
                let seconds = parameters.get("ttlSeconds").parse().ok().map(Duration::from_secs);
                let time_to_live = seconds.filter(|seconds| !seconds.is_zero() && *seconds <= TTL_LIMIT);
                if time_to_live.is_none() {
                    return Err(Status::bad_request("ttlSeconds: a token for servers ends within a day"));
                }
                let hash = parameters.get("hash");
                if hash.len() != 64 {
                    return Err(Status::bad_request("hash: it is no SHA-256 in hexadecimal"));
                }
                let value = Bytes::from(hash.to_owned());
                Write::Put { key, value, expect: Expect::Absent, time_to_live }
            }
            Method::DELETE => Write::Delete { key, expect: Expect::Any },
            _ => return Err(Status::failure(405, "MethodNotAllowed", "the server allows only POST and DELETE here")),
        };
        let committed = self.0.commit(vec![write]).await.map_err(|error| apiserver::server::store_status(&error))?;
        let mut answer = Value::default();
        answer.set(&["known"], Value::from(committed.previous.iter().any(Option::is_some)));
        Ok(json_response(200, &answer))
    }
}

/// Knows servers by their tokens.
pub(crate) struct ServerTokens(pub(crate) Arc<dyn Engine>);

#[async_trait]
impl TokenAuthenticator for ServerTokens {
    async fn authenticate(&self, _: &Server, token: &str, _: &[Str]) -> Result<Option<UserInfo>, String> {
        let Some((id, secret)) = JoinToken::parse_bearer(token) else { return Ok(None) };
        let key = format!("{PREFIX}{id}");
        let (found, _) = self.0.get(key.as_bytes()).await.map_err(|error| error.to_string())?;
        // Hashes are compared: how long that takes tells nothing of the secret.
        let right = found.is_some_and(|found| found.value == pki::sha256_hex(secret.as_bytes()));
        Ok(right.then(|| UserInfo::new(format!("sagong:server:{id}"), &[GROUP])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_another_cluster_are_not_written() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let authority = |name| pki::CertificateAuthority::create(name, TTL_LIMIT).unwrap();
        let (one, other) = (authority("one"), authority("other"));
        let token = JoinToken::generate(&one.certificate_pem()).unwrap();
        let answer = |authority: &pki::CertificateAuthority| {
            let files: Map = [("ca.crt", authority.certificate_pem().as_str()), ("ca.key", "a key"), ("../x", "y")]
                .into_iter()
                .collect();
            let mut answer = Value::default();
            answer.set(&["files"], Value::Map(files));
            answer
        };
        let refused = write_keys(&directories, &answer(&other), &token).unwrap_err().to_string();
        assert!(refused.contains("another cluster"), "{refused}");
        assert_eq!(std::fs::read_dir(directories.pki()).unwrap().count(), 0);
        write_keys(&directories, &answer(&one), &token).unwrap();
        assert_eq!(std::fs::read(directories.pki_file("ca.key")).unwrap(), b"a key");
        assert_eq!(std::fs::read_dir(directories.pki()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_token_is_known_until_it_ends() {
        let place = tempfile::tempdir().unwrap();
        let engine: Arc<dyn Engine> = store::embedded::open(place.path().join("store"), Default::default()).unwrap();
        let server = Server::new(apiserver::server::Parts {
            engine: engine.clone(),
            admission: Vec::new(),
            authorizers: Vec::new(),
            authenticators: Vec::new(),
        });
        let token =
            JoinToken::generate(&pki::CertificateAuthority::create("one", TTL_LIMIT).unwrap().certificate_pem());
        let token = token.unwrap();
        let tokens = ServerTokens(engine.clone());
        let known =
            async |bearer: &str| tokens.authenticate(&server, bearer, &[]).await.unwrap().map(|user| user.groups);
        assert!(known(&token.bearer()).await.is_none());
        let value = Bytes::from(pki::sha256_hex(token.secret.as_bytes()));
        let key = Bytes::from(format!("{PREFIX}{}", token.id));
        let put = Write::Put { key: key.clone(), value, expect: Expect::Absent, time_to_live: Some(TTL_LIMIT) };
        engine.commit(vec![put]).await.unwrap();
        assert_eq!(known(&token.bearer()).await, Some(vec![GROUP.into(), "system:authenticated".into()]));
        assert!(known(&format!("{}.0123456789abcdef", token.id)).await.is_none());
        assert!(known("no token").await.is_none());
        engine.commit(vec![Write::Delete { key, expect: Expect::Any }]).await.unwrap();
        assert!(known(&token.bearer()).await.is_none());
    }
}
