//! Which versions of etcd can be relied on.

/// The oldest patch of 3.5 whose progress notifications never run ahead of events (etcd's issue 15220), which is what
/// upstream asks for too.
const OLDEST: (u32, u32, u32) = (3, 5, 13);

/// Whether a member's version will do; if not, why, in words.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let number = text.split('-').next().unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
    let (Some(Some(major)), Some(Some(minor)), Some(Some(patch))) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("its version {text:?} is none of etcd's"));
    };
    if (major, minor, patch) < OLDEST {
        let (major, minor, patch) = OLDEST;
        return Err(format!("it is etcd {text}: {major}.{minor}.{patch} or newer is needed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_the_repair_are_refused() {
        for good in ["3.5.13", "3.5.21", "3.6.0", "3.7.0-rc.1", "4.0.0"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("3.5.12").unwrap_err(), "it is etcd 3.5.12: 3.5.13 or newer is needed");
        assert!(check("3.4.36").is_err());
        assert!(check("etcd").is_err());
    }
}
