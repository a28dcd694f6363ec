//! Image references, as far as the default pull policy depends on them.

/// `Always` for an image that may move (tag `latest`, or neither tag nor digest), else `IfNotPresent`,
/// which is also what a malformed reference gets.
pub(super) fn pull_policy(image: &str) -> &'static str {
    if tag(image) == Some("latest") { "Always" } else { "IfNotPresent" }
}

/// The tag: `latest` when there is neither tag nor digest, empty when there is only a digest, `None` for a
/// malformed reference.
fn tag(image: &str) -> Option<&str> {
    if image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return None;
    }
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (image, None),
    };
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) if is_domain_like(domain) => (Some(domain), path),
        _ => (None, rest),
    };
    // Slashes do not occur in tags, and colons not in paths.
    let (path, tag) = match path.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path, None),
    };
    let valid = domain.is_none_or(is_domain)
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
        && domain.map_or("docker.io/library/".len(), str::len) + path.len() <= 255;
    valid.then_some(match (tag, digest) {
        (Some(tag), _) => tag,
        (None, Some(_)) => "",
        (None, None) => "latest",
    })
}

/// The part before the first slash is a host only if it looks like none of Docker Hub's names.
fn is_domain_like(text: &str) -> bool {
    text.contains(['.', ':']) || text == "localhost" || text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_domain(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_valid = match address {
        Some(address) => address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':'),
        None => host.split('.').all(label),
    };
    host_is_valid && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges = text.bytes().next().is_some_and(plain) && text.bytes().next_back().is_some_and(plain);
    edges && text.split(|c: char| c.is_ascii() && plain(c as u8)).all(is_separator)
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hash)) = text.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hash.len() == length && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_follows_the_tag() {
        let digest = format!("@sha256:{}", "0".repeat(64));
        for always in ["nginx", "nginx:latest", "registry.example:5000/a/b", "localhost/a_b/c--d:latest", "[::1]:80/a"]
        {
            assert_eq!(pull_policy(always), "Always", "{always}");
        }
        for present in ["nginx:1.27", "", "Nginx", "a..b", "nginx:", "registry.example:x/a", "a/-b", &"0".repeat(64)] {
            assert_eq!(pull_policy(present), "IfNotPresent", "{present}");
        }
        assert_eq!(pull_policy(&format!("nginx{digest}")), "IfNotPresent");
        assert_eq!(pull_policy(&format!("nginx:latest{digest}")), "Always");
    }
}
