//! Which level a namespace wants.

use apimachinery::Map;

/// How much pods may do; the later, the less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Everything.
    #[default]
    Privileged,
    /// Nothing that is known to lead out of the container.
    Baseline,
    /// What hardening asks for.
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Option<Level> {
        match text {
            "privileged" => Some(Level::Privileged),
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// A level in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LevelVersion {
    pub(super) level: Level,
    version: String,
}

impl Default for LevelVersion {
    fn default() -> LevelVersion {
        LevelVersion { level: Level::Privileged, version: "latest".to_owned() }
    }
}

impl LevelVersion {
    /// `restricted:latest`
    pub(super) fn shown(&self) -> String {
        format!("{}:{}", self.level.name(), self.version)
    }
}

/// What a namespace wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) enforce: LevelVersion,
    pub(super) audit: LevelVersion,
    pub(super) warn: LevelVersion,
}

/// A label's key, its value, and what is wrong with it.
pub(super) type Problem = (String, String, &'static str);

impl Policy {
    /// Reads a namespace's labels. What cannot be read means the strictest level where it is enforced, and
    /// nothing elsewhere.
    pub(super) fn read(labels: &Map) -> (Policy, Vec<Problem>) {
        let mut policy = Policy::default();
        let mut problems = Vec::new();
        let mut read = |mode: &str, target: &mut LevelVersion, fallback: Level| {
            let key = format!("pod-security.kubernetes.io/{mode}");
            if let Some(text) = labels.str_at(&key) {
                target.level = Level::parse(text).unwrap_or_else(|| {
                    let detail = "must be one of privileged, baseline, restricted";
                    problems.push((key.clone(), text.to_owned(), detail));
                    fallback
                });
            }
            let key = format!("{key}-version");
            if let Some(text) = labels.str_at(&key) {
                if is_version(text) {
                    target.version = text.to_owned();
                } else {
                    problems.push((key, text.to_owned(), r#"must be "latest" or "v1.x""#));
                }
            }
        };
        read("enforce", &mut policy.enforce, Level::Restricted);
        read("audit", &mut policy.audit, Level::Privileged);
        read("warn", &mut policy.warn, Level::Privileged);
        (policy, problems)
    }
}

fn is_version(text: &str) -> bool {
    text == "latest"
        || text.strip_prefix("v1.").is_some_and(|minor| {
            !minor.is_empty()
                && minor.bytes().all(|byte| byte.is_ascii_digit())
                && (minor == "0" || !minor.starts_with('0'))
        })
}
