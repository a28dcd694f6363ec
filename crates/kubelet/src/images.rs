//! Images of containers: whether to pull, with which credentials, and how soon to try again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::views::core_v1::Pod;
use apimachinery::{Object, Value, base64_decode, decode};
use client::{EventRecorder, EventType};
use cri_api::{
    ImageName, ImageService,
    v1::{AuthConfig, ImageSpec, ImageStatusRequest, PodSandboxConfig, PullImageRequest},
};
use parking_lot::Mutex;
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    backoff::Backoff,
    objects::{Objects, Source},
};

/// How many images are pulled at once when they are not pulled one after the other.
const PARALLEL_PULLS: usize = 16;
/// How long a pull that failed is shown as such; then what is shown is that it is not tried again yet.
const FAILURE_SHOWN: Duration = Duration::from_secs(2);
/// How many images' delays are remembered.
const REMEMBERED_BACKOFFS: usize = 4096;

/// Why there is no image; the reason is shown in the container's status.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// `ErrImagePull` and the like.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// When to try again.
    pub retry_at: Option<Instant>,
}

/// An image that is present.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// What to make a container of.
    pub spec: ImageSpec,
    /// The user that the image names by number.
    pub uid: Option<i64>,
    /// The user that the image names.
    pub username: String,
}

/// Pulls images.
pub struct Images {
    service: Arc<dyn ImageService>,
    objects: Objects,
    recorder: EventRecorder,
    pulls: Semaphore,
    backoff: (Duration, Duration),
    /// By pod UID and image, with the last failure.
    failed: Mutex<BTreeMap<(String, String), (Backoff, String)>>,
}

/// The image's name with `:latest` where it has neither tag nor digest.
fn with_tag(image: &str) -> Result<String, Error> {
    ImageName::parse(image).map_err(|error| Error {
        reason: "InvalidImageName",
        message: format!("Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: {error}"),
        retry_at: None,
    })?;
    let name = image.rsplit('/').next().unwrap_or(image);
    Ok(if image.contains('@') || name.contains(':') { image.to_owned() } else { format!("{image}:latest") })
}

impl Images {
    /// Pulls by `service`, one image after the other if `serialize`.
    pub fn new(
        service: Arc<dyn ImageService>,
        objects: Objects,
        recorder: EventRecorder,
        serialize: bool,
        backoff: (Duration, Duration),
    ) -> Images {
        let pulls = Semaphore::new(if serialize { 1 } else { PARALLEL_PULLS });
        Images { service, objects, recorder, pulls, backoff, failed: Mutex::default() }
    }

    /// Where images are kept, if the runtime tells.
    pub async fn directory(&self) -> Option<std::path::PathBuf> {
        let told = self.service.image_fs_info(cri_api::v1::ImageFsInfoRequest {}).await.ok()?;
        Some(told.image_filesystems.into_iter().next()?.fs_id?.mountpoint.into())
    }

    /// The runtime's image service.
    pub fn service(&self) -> &Arc<dyn ImageService> {
        &self.service
    }

    async fn status(&self, image: &str) -> Result<Option<Present>, Error> {
        let spec = ImageSpec { image: image.to_owned(), ..Default::default() };
        let answer = self.service.image_status(ImageStatusRequest { image: Some(spec), verbose: false }).await;
        let answer = answer.map_err(|error| Error {
            reason: "ImageInspectError",
            message: format!("Failed to inspect image {image:?}: {error}"),
            retry_at: None,
        })?;
        Ok(answer.image.map(|found| Present {
            spec: ImageSpec {
                image: found.id.clone(),
                image_ref: found.id,
                user_specified_image: image.to_owned(),
                ..Default::default()
            },
            uid: found.uid.map(|uid| uid.value),
            username: found.username,
        }))
    }

    /// Makes sure that the image `shown` is present; `policy` says when to pull it, and events are about `reference`.
    pub async fn ensure(
        &self,
        pod: &Object,
        (shown, policy): (&str, &str),
        reference: &Value,
        sandbox: &PodSandboxConfig,
    ) -> Result<Present, Error> {
        let event = |event_type, reason: &'static str, message: String| {
            self.recorder.event_about(reference.clone(), event_type, reason, message);
        };
        let inspect_failed = |error: &Error| event(EventType::Warning, "InspectFailed", error.message.clone());
        let image = with_tag(shown).inspect_err(inspect_failed)?;
        let policy = match policy {
            "" if image.ends_with(":latest") => "Always",
            "" => "IfNotPresent",
            policy => policy,
        };
        let present = self.status(&image).await.inspect_err(inspect_failed)?;
        match (policy, present) {
            ("Never", None) => {
                let message = format!("Container image {shown:?} is not present with pull policy of Never");
                event(EventType::Warning, "ErrImageNeverPull", message.clone());
                return Err(Error { reason: "ErrImageNeverPull", message, retry_at: None });
            }
            ("Never" | "IfNotPresent", Some(present)) => {
                let suffix = if policy == "Never" { "" } else { " and can be accessed by the pod" };
                let message = format!("Container image {shown:?} already present on machine{suffix}");
                event(EventType::Normal, "Pulled", message);
                return Ok(present);
            }
            _ => {}
        }
        let key = (pod.uid().to_owned(), image.clone());
        if let Some((backoff, last)) = self.failed.lock().get(&key)
            && let Some(until) = backoff.until()
        {
            let message = format!("Back-off pulling image {shown:?}");
            event(EventType::Normal, "BackOff", message.clone());
            return Err(Error {
                reason: "ImagePullBackOff",
                message: format!("{message}: {last}"),
                retry_at: Some(until),
            });
        }
        event(EventType::Normal, "Pulling", format!("Pulling image {shown:?}"));
        let (asked, pulled) = (Instant::now(), self.pull(pod, &image, sandbox).await);
        match pulled {
            Ok((present, took, size)) => {
                self.failed.lock().remove(&key);
                let (took, total) = (go_duration(took), go_duration(asked.elapsed()));
                let message = format!(
                    "Successfully pulled image {shown:?} in {took} ({total} including waiting). Image size: {size} bytes."
                );
                event(EventType::Normal, "Pulled", message);
                Ok(present)
            }
            Err(error) => {
                let message = format!("failed to pull and unpack image {image:?}: {error}");
                event(EventType::Warning, "Failed", format!("Failed to pull image {shown:?}: {message}"));
                let until = self.remember_failure(key, format!("ErrImagePull: {message}"));
                // Then the status says that it waits.
                let retry_at = until.map(|until| until.min(Instant::now() + FAILURE_SHOWN));
                Err(Error { reason: "ErrImagePull", message, retry_at })
            }
        }
    }

    fn remember_failure(&self, key: (String, String), message: String) -> Option<Instant> {
        let mut failed = self.failed.lock();
        if failed.len() >= REMEMBERED_BACKOFFS {
            failed.retain(|_, (backoff, _)| backoff.until().is_some());
        }
        let entry = failed.entry(key).or_insert_with(|| (Backoff::new(self.backoff), String::new()));
        entry.1 = message;
        entry.0.next(Instant::now());
        entry.0.until()
    }

    /// Forgets the failures of a pod.
    pub fn forget(&self, uid: &str) {
        self.failed.lock().retain(|(of, _), _| of != uid);
    }

    async fn pull(
        &self,
        pod: &Object,
        image: &str,
        sandbox: &PodSandboxConfig,
    ) -> Result<(Present, Duration, u64), String> {
        let credentials = self.credentials(pod, image).await;
        let _turn = self.pulls.acquire().await.map_err(|error| error.to_string())?;
        let started = Instant::now();
        let mut candidates: Vec<Option<AuthConfig>> = credentials.into_iter().map(Some).collect();
        if candidates.is_empty() {
            candidates.push(None);
        }
        let mut problems = Vec::new();
        for auth in candidates {
            let spec = ImageSpec { image: image.to_owned(), ..Default::default() };
            let request = PullImageRequest { image: Some(spec), auth, sandbox_config: Some(sandbox.clone()) };
            match self.service.pull_image(request).await {
                Ok(_) => {
                    let spec = ImageSpec { image: image.to_owned(), ..Default::default() };
                    let request = ImageStatusRequest { image: Some(spec), verbose: false };
                    let status = self.service.image_status(request).await.map_err(|error| error.to_string())?;
                    let size = status.image.map_or(0, |found| found.size);
                    let present = self.status(image).await.map_err(|error| error.message)?;
                    let present = present.ok_or("the image vanished after it was pulled")?;
                    return Ok((present, started.elapsed(), size));
                }
                Err(error) => problems.push(error.message),
            }
        }
        Err(problems.join("; "))
    }

    /// The credentials that the pod's pull secrets have for the image's registry, the most specific first.
    async fn credentials(&self, pod: &Object, image: &str) -> Vec<AuthConfig> {
        let mut found: Vec<(String, AuthConfig)> = Vec::new();
        for reference in Pod::of(pod).spec().image_pull_secrets().iter() {
            match self.objects.get(Source::Secret, pod.namespace(), reference.name()).await {
                Ok(Some(secret)) => found.extend(docker_configuration(&secret)),
                // As upstream: the pull is tried without it.
                Ok(None) => tracing::debug!(secret = reference.name(), "an image pull secret does not exist"),
                Err(error) => tracing::warn!(%error, secret = reference.name(), "an image pull secret cannot be read"),
            }
        }
        found.retain(|(registry, _)| registry_matches(registry, image));
        found.sort_by_key(|(registry, _)| std::cmp::Reverse(registry.len()));
        found.into_iter().map(|(_, auth)| auth).collect()
    }
}

/// Durations as Go prints them.
fn go_duration(duration: Duration) -> String {
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 1_000_000);
    apimachinery::time::format_duration(milliseconds.saturating_mul(1_000_000))
}

/// Registries and credentials of a docker configuration.
fn docker_configuration(secret: &Object) -> Vec<(String, AuthConfig)> {
    let parsed = |key: &str| {
        let bytes = base64_decode(secret.str_at(&["data", key])?)?;
        decode::json_untyped(&bytes).ok()
    };
    let entries = match secret.str_at(&["type"]) {
        Some("kubernetes.io/dockercfg") => parsed(".dockercfg"),
        _ => parsed(".dockerconfigjson").and_then(|root| root.get("auths").cloned()),
    };
    let mut found = Vec::new();
    for (registry, entry) in entries.iter().filter_map(Value::as_map).flat_map(|map| map.iter()) {
        let text = |key: &str| entry.str_at(&[key]).unwrap_or_default().to_owned();
        let decoded = base64_decode(&text("auth")).and_then(|bytes| String::from_utf8(bytes).ok());
        let (username, password) = match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
            Some((user, password)) => (user.to_owned(), password.trim_end_matches('\0').to_owned()),
            None => (text("username"), text("password")),
        };
        let registry = registry.trim_start_matches("https://").trim_start_matches("http://").to_owned();
        let auth = AuthConfig {
            username,
            password,
            server_address: registry.clone(),
            identity_token: text("identitytoken"),
            ..Default::default()
        };
        found.push((registry, auth));
    }
    found
}

/// Whether a registry of a docker configuration is the image's: host, parts of which may be `*`, and path prefix.
fn registry_matches(registry: &str, image: &str) -> bool {
    let docker_hub = |host: &str| matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io");
    let (host, path) = registry.split_once('/').unwrap_or((registry, ""));
    let (image_host, image_path) = match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("docker.io", image),
    };
    if docker_hub(host) && docker_hub(image_host) {
        return true;
    }
    let (mut wanted, mut given) = (host.split('.'), image_host.split('.'));
    let hosts = loop {
        match (wanted.next(), given.next()) {
            (None, None) => break true,
            (Some(wanted), Some(given)) if wanted == "*" || wanted == given => {}
            (Some(wanted), Some(given)) if wanted.contains('*') => {
                let (start, end) = wanted.split_once('*').unwrap_or((wanted, ""));
                if !(given.starts_with(start) && given.ends_with(end)) {
                    break false;
                }
            }
            _ => break false,
        }
    };
    let path = path.trim_end_matches('/');
    hosts && (path.is_empty() || matches!(path, "v1" | "v2") || image_path.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{base64_encode, value};

    #[test]
    fn registries() {
        for (registry, image, matches) in [
            ("example.com", "example.com/a/b:1", true),
            ("example.com:5000", "example.com/a", false),
            ("*.example.com", "x.example.com/a", true),
            ("*.example.com", "x.y.example.com/a", false),
            ("example.com/team", "example.com/team/a", true),
            ("example.com/team", "example.com/other/a", false),
            ("index.docker.io/v1/", "busybox", true),
        ] {
            assert_eq!(registry_matches(registry, image), matches, "{registry} {image}");
        }
        assert_eq!(with_tag("a.b:5000/c").unwrap(), "a.b:5000/c:latest");
        assert_eq!(with_tag("c:1").unwrap(), "c:1");
    }

    #[test]
    fn docker_configurations() {
        let auth = base64_encode(b"me:secret");
        let config = format!("{{\"auths\": {{\"https://example.com\": {{\"auth\": \"{auth}\"}}}}}}");
        let secret = Object(value!({
            "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": base64_encode(config.as_bytes())}
        }));
        let found = docker_configuration(&secret);
        assert_eq!(found[0].0, "example.com");
        assert_eq!((found[0].1.username.as_str(), found[0].1.password.as_str()), ("me", "secret"));
    }
}
