//! A client of registries: OCI's distribution protocol, as far as pulling needs it.
//!
//! [`Session`] speaks with the hosts of one repository: mirrors first, the registry itself last ([`hosts`]). It
//! authorizes when it is asked to ([`authorization`]), follows redirects, and hands out bytes; whoever asked verifies
//! them by digest. It never writes to a disk. Upstream's counterpart is containerd's `remotes/docker`.

mod authorization;
mod connection;
mod hosts;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, LOCATION, RANGE, WWW_AUTHENTICATE};
use http::{Method, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

pub use authorization::Credentials;
use hosts::Host;

use crate::images::ImageError;
use cri_api::ImageName;

/// Forms in which a manifest may come.
pub(crate) const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// Longest manifest, configuration or token answer.
const DOCUMENT_LIMIT_BYTES: usize = 8 << 20;
const REDIRECTS_MAX: usize = 10;
/// A host that says nothing for this long counts as gone.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(60);

/// Why an image does not come from its registry, in containerd's words where clients know them.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// No host has it.
    #[error("failed to resolve reference \"{0}\": {0}: not found")]
    NotFound(String),
    /// The registry wants other credentials.
    #[error(
        "failed to resolve reference \"{reference}\": pull access denied, repository does not exist or may require \
         authorization: {reason}"
    )]
    Denied {
        /// The image.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// No host says what the name means.
    #[error("failed to resolve reference \"{reference}\": {source}")]
    Resolve {
        /// The image.
        reference: String,
        /// Why.
        source: Box<PullError>,
    },
    /// The token service gave no token.
    #[error("failed to authorize: failed to fetch {kind} token: {reason}")]
    Authorize {
        /// `anonymous` or `oauth`.
        kind: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The request did not get an answer: no route, no name, TLS.
    #[error("failed to do request: {} \"{url}\": {reason}", method_word(method))]
    Request {
        /// GET or HEAD.
        method: Method,
        /// Of what.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The answer is none that helps.
    #[error("unexpected status from {method} request to {url}: {status}")]
    Status {
        /// GET or HEAD.
        method: Method,
        /// Of what.
        url: String,
        /// What came.
        status: StatusCode,
    },
    /// A `hosts.toml` or a certificate that it names cannot be used.
    #[error("registry configuration {}: {reason}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry's answer breaks the protocol, or the content is not what its digest says.
    #[error("failed to pull {object}: {reason}")]
    Content {
        /// A digest or URL.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The image is for other machines.
    #[error("no match for platform in manifest {0}: not found")]
    Platform(String),
    /// The name is none, or the content cannot be unpacked.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// A method as Go's client names it in errors: `Head`.
fn method_word(method: &Method) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{}", rest.to_lowercase())
}

impl PullError {
    pub(crate) fn content(object: impl Into<String>, reason: impl ToString) -> Self {
        Self::Content { object: object.into(), reason: reason.to_string() }
    }
}

/// Conversations about one repository.
pub(crate) struct Session {
    pub(crate) reference: ImageName,
    hosts: Vec<Host>,
    credentials: Credentials,
    /// `Authorization` by host, once one was asked for.
    authorizations: Mutex<HashMap<usize, String>>,
}

/// What is asked of a host.
struct Question<'a> {
    method: Method,
    /// Below the repository, such as `manifests/latest`.
    path: &'a str,
    accept: Option<&'static str>,
    /// First byte wanted.
    offset: u64,
}

impl Session {
    /// Finds the hosts of a repository by the files in `directories`, in containerd's layout.
    pub(crate) fn open(
        reference: ImageName,
        directories: &[PathBuf],
        credentials: Credentials,
    ) -> Result<Arc<Self>, PullError> {
        let hosts = hosts::of(&reference.registry, directories)?;
        Ok(Arc::new(Self { reference, hosts, credentials, authorizations: Mutex::default() }))
    }

    /// The digest that the name has now; `None` when a host has the image but does not tell, and the manifest must be
    /// read.
    pub(crate) async fn resolve(&self) -> Result<Option<String>, PullError> {
        let path = format!("manifests/{}", self.target());
        let question = Question { method: Method::HEAD, path: &path, accept: Some(MANIFEST_TYPES), offset: 0 };
        let response = self.ask(question, true).await.map_err(|error| match error {
            source @ (PullError::Request { .. } | PullError::Status { .. }) => {
                PullError::Resolve { reference: self.reference.to_string(), source: Box::new(source) }
            }
            other => other,
        })?;
        let digest = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        Ok(digest.map(str::to_owned))
    }

    /// The tag or digest that the name says.
    pub(crate) fn target(&self) -> &str {
        self.reference.digest.as_deref().or(self.reference.tag.as_deref()).unwrap_or("latest")
    }

    /// A manifest, by tag or digest.
    pub(crate) async fn manifest(&self, target: &str) -> Result<Vec<u8>, PullError> {
        let path = format!("manifests/{target}");
        let by_tag = !target.contains(':');
        let question = Question { method: Method::GET, path: &path, accept: Some(MANIFEST_TYPES), offset: 0 };
        document(self.ask(question, by_tag).await?, &path).await
    }

    /// A small blob.
    pub(crate) async fn blob_document(&self, digest: &str) -> Result<Vec<u8>, PullError> {
        let path = format!("blobs/{digest}");
        let question = Question { method: Method::GET, path: &path, accept: None, offset: 0 };
        document(self.ask(question, false).await?, &path).await
    }

    /// A blob from `offset` on, and the offset at which the answer really begins.
    pub(crate) async fn blob(&self, digest: &str, offset: u64) -> Result<(Incoming, u64), PullError> {
        let path = format!("blobs/{digest}");
        let response = self.ask(Question { method: Method::GET, path: &path, accept: None, offset }, false).await?;
        let begins = if response.status() == StatusCode::PARTIAL_CONTENT { offset } else { 0 };
        Ok((response.into_body(), begins))
    }

    /// Asks one host after the other; the last failure is told, since the last host is the registry itself.
    async fn ask(&self, question: Question<'_>, resolves: bool) -> Result<Response<Incoming>, PullError> {
        let mut failed = PullError::NotFound(self.reference.to_string());
        let able = |host: &&(usize, &Host)| if resolves { host.1.resolves } else { host.1.pulls };
        for (index, host) in self.hosts.iter().enumerate().collect::<Vec<_>>().iter().filter(able) {
            match self.ask_host(*index, host, &question).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    tracing::debug!(host = host.base, %error, "a registry host does not have it");
                    failed = error;
                }
            }
        }
        Err(failed)
    }

    async fn ask_host(
        &self,
        index: usize,
        host: &Host,
        question: &Question<'_>,
    ) -> Result<Response<Incoming>, PullError> {
        let namespace = if host.is_mirror { format!("?ns={}", self.reference.registry) } else { Default::default() };
        let url = format!("{}/{}/{}{namespace}", host.base, self.reference.repository, question.path);
        let mut authorized = false;
        loop {
            let authorization = self.authorization(index);
            let (response, at) = self.follow(host, &url, question, authorization.as_deref()).await?;
            match response.status() {
                StatusCode::OK | StatusCode::PARTIAL_CONTENT => return Ok(response),
                StatusCode::UNAUTHORIZED if !authorized => {
                    authorized = true;
                    let challenges: Vec<String> = response
                        .headers()
                        .get_all(WWW_AUTHENTICATE)
                        .iter()
                        .filter_map(|value| value.to_str().ok().map(str::to_owned))
                        .collect();
                    let fresh = authorization::answer(&challenges, &self.credentials, host, &self.reference).await?;
                    self.authorizations.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(index, fresh);
                }
                status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    return Err(self.denied(status, response).await);
                }
                StatusCode::NOT_FOUND => return Err(PullError::NotFound(self.reference.to_string())),
                status => return Err(PullError::Status { method: question.method.clone(), url: at, status }),
            }
        }
    }

    fn authorization(&self, index: usize) -> Option<String> {
        self.authorizations.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&index).cloned()
    }

    async fn denied(&self, status: StatusCode, response: Response<Incoming>) -> PullError {
        let body = document(response, "the refusal").await.unwrap_or_default();
        let said = serde_json::from_slice::<serde_json::Value>(&body).ok();
        let message = said.as_ref().and_then(|said| said["errors"][0]["message"].as_str());
        let reason = match (message, status) {
            (Some(message), _) => format!("server message: {message}"),
            (None, StatusCode::FORBIDDEN) => "server message: insufficient_scope: authorization failed".to_owned(),
            (None, _) => "authorization failed: no basic auth credentials".to_owned(),
        };
        PullError::Denied { reference: self.reference.to_string(), reason }
    }

    /// Sends a request and follows redirects; what authorizes at one host is not shown to another.
    async fn follow(
        &self,
        host: &Host,
        url: &str,
        question: &Question<'_>,
        authorization: Option<&str>,
    ) -> Result<(Response<Incoming>, String), PullError> {
        let mut url = url.to_owned();
        let first = authority_of(&url);
        for _ in 0..=REDIRECTS_MAX {
            let mut request = http::Request::builder().method(&question.method);
            let at_home = authority_of(&url) == first;
            if let Some(accept) = question.accept {
                request = request.header(ACCEPT, accept);
            }
            if question.offset > 0 {
                request = request.header(RANGE, format!("bytes={}-", question.offset));
            }
            if at_home {
                request = host.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                if let Some(authorization) = authorization {
                    request = request.header(AUTHORIZATION, authorization);
                }
            }
            let tls = if at_home { host.tls.clone() } else { hosts::system_tls()? };
            let response = connection::send(request, &url, Vec::new(), &tls).await?;
            let Some(location) = response.headers().get(LOCATION).filter(|_| response.status().is_redirection()) else {
                return Ok((response, url));
            };
            let location = location.to_str().map_err(|error| PullError::content(&url, error))?;
            url = joined(&url, location)?;
        }
        Err(PullError::content(url, format!("stopped after {REDIRECTS_MAX} redirects")))
    }
}

fn authority_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Where a `Location` leads from a URL.
fn joined(url: &str, location: &str) -> Result<String, PullError> {
    if location.contains("://") {
        // Blobs that were asked for over TLS are not fetched without.
        if url.starts_with("https://") && !location.starts_with("https://") {
            return Err(PullError::content(url, format!("redirects from https to {location}")));
        }
        return Ok(location.to_owned());
    }
    match (authority_of(url), location.starts_with('/')) {
        (Some(authority), true) => Ok(format!("{authority}{location}")),
        _ => Err(PullError::content(url, format!("redirects to {location:?}"))),
    }
}

/// The whole of a small answer.
pub(crate) async fn document(response: Response<Incoming>, object: &str) -> Result<Vec<u8>, PullError> {
    let mut bytes = Vec::new();
    let mut body = response.into_body();
    loop {
        let frame = tokio::time::timeout(SILENCE_LIMIT, body.frame()).await;
        let frame = frame.map_err(|_| PullError::content(object, "the registry went silent"))?;
        let Some(frame) = frame else { return Ok(bytes) };
        let frame = frame.map_err(|error| PullError::content(object, error))?;
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > DOCUMENT_LIMIT_BYTES {
            return Err(PullError::content(object, format!("it is longer than {DOCUMENT_LIMIT_BYTES} bytes")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_encrypted() {
        let to = |location| joined("https://a:1/x", location).ok();
        assert_eq!(to("/y").as_deref(), Some("https://a:1/y"));
        assert_eq!(to("https://b/y").as_deref(), Some("https://b/y"));
        assert_eq!(to("http://b/y"), None);
        assert_eq!(to("y"), None);
    }
}
