//! How many files and connections a process may have open.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

static INHERITED: OnceLock<Option<u64>> = OnceLock::new();

/// Raises this process's limit as far as it may: a shell's default of about a thousand is fewer connections than a
/// cluster's clients have. What is started for others gets [`inherited_limit`] back: there are programs that close
/// every number up to the limit.
///
/// # Errors
/// What the kernel says; the limit stays as it was.
pub fn raise_limit() -> std::io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    INHERITED.get_or_init(|| limit.current);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// The limit with which this process was started, if it was raised since and there was one.
pub fn inherited_limit() -> Option<u64> {
    INHERITED.get().copied().flatten()
}

/// Lowers this process's own limit, not the one up to which it could be raised again.
///
/// # Errors
/// What the kernel says.
pub fn lower_limit(limit: u64) -> std::io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum.map_or(limit, |maximum| maximum.min(limit));
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_raised_can_be_given_back() {
        let before = getrlimit(Resource::Nofile).current;
        raise_limit().unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
        assert_eq!(inherited_limit(), before);
        lower_limit(before.unwrap_or(1024)).unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, Some(before.unwrap_or(1024)));
    }
}
