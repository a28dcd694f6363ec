//! Names of images, short ones made full as every runtime does: `busybox` is `docker.io/library/busybox:latest`.

use std::fmt;

/// Why a text names no image, in the words of the reference implementation, since people search for them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Against the grammar.
    #[error("invalid reference format")]
    Format,
    /// The most frequent mistake.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// A digest that is not sha256 and 64 hexadecimal digits.
    #[error("invalid reference format: unsupported digest {0}")]
    Digest(String),
}

/// A full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    /// Host of the registry, perhaps with a port.
    pub registry: String,
    /// Path in the registry.
    pub repository: String,
    /// `latest` when neither tag nor digest was given.
    pub tag: Option<String>,
    /// `sha256:…`; the tag beside it is only for people, and dropped.
    pub digest: Option<String>,
}

impl ImageName {
    /// Reads a name.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (name, None),
        };
        if let Some(digest) = digest.as_ref().filter(|digest| !is_digest(digest)) {
            return Err(Error::Digest(digest.clone()));
        }
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(Error::Format);
        }
        let (registry, repository) = match path.split_once('/') {
            Some((host, repository)) if host.contains(['.', ':']) || host == "localhost" => {
                (host, repository.to_owned())
            }
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(Error::Uppercase(repository));
        }
        if !is_registry(registry) || repository.split('/').any(|part| !is_repository_part(part)) {
            return Err(Error::Format);
        }
        let tag = match (&digest, tag) {
            (Some(_), _) => None,
            (None, tag) => Some(tag.unwrap_or("latest").to_owned()),
        };
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }

    /// The same repository, by digest.
    pub fn with_digest(&self, digest: &str) -> Self {
        Self { tag: None, digest: Some(digest.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        match (&self.digest, &self.tag) {
            (Some(digest), _) => write!(formatter, "@{digest}"),
            (None, Some(tag)) => write!(formatter, ":{tag}"),
            (None, None) => Ok(()),
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "0"));
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let literal = |host: &str| host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some();
    (host.split('.').all(label) || literal(host)) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_repository_part(part: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().last()) else { return false };
    inner(first) && inner(last) && part.bytes().all(|byte| inner(byte) || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_full() {
        let full = |name: &str| ImageName::parse(name).map(|name| name.to_string()).ok();
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(full("busybox").as_deref(), Some("docker.io/library/busybox:latest"));
        assert_eq!(full("a/b:1.2").as_deref(), Some("docker.io/a/b:1.2"));
        assert_eq!(full("localhost/b").as_deref(), Some("localhost/b:latest"));
        assert_eq!(full("h:5000/b/c:t").as_deref(), Some("h:5000/b/c:t"));
        assert_eq!(full(&format!("r.io/x:t@{digest}")), Some(format!("r.io/x@{digest}")));
        for name in ["", "UPPER", "a//b", "a:b c", "x@sha256:12", "-a", "a/../b", "a..b/c", "h:x/c"] {
            assert_eq!(full(name), None, "{name}");
        }
        assert_eq!(
            ImageName::parse("localhost/UPPER:1").unwrap_err().to_string(),
            "invalid reference format: repository name (UPPER) must be lowercase"
        );
    }
}
