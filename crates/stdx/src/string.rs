use std::{borrow::Borrow, cmp::Ordering, fmt, hash, ops::Deref};

use lean_string::LeanString;

/// An immutable string in 16 bytes: up to 16 bytes stand inline, longer ones are shared by reference
/// count, and string literals are held as they are. Cloning never copies text.
///
/// Objects consist mostly of short strings and well-known field names; this type is what keeps a
/// decoded object small. It wraps the crate that implements it, so that the choice stays here.
#[derive(Clone, Default, Eq)]
pub struct Str(LeanString);

impl Str {
    /// The empty string.
    pub const EMPTY: Str = Str(LeanString::new());

    /// Holds a literal without copying it.
    pub const fn from_static(text: &'static str) -> Str {
        Str(LeanString::from_static_str(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Deref for Str {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str(LeanString::from(text))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Str {
        Str(LeanString::from(text))
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Str {
        Str(LeanString::from(text.as_str()))
    }
}

impl From<&Str> for Str {
    fn from(text: &Str) -> Str {
        text.clone()
    }
}

impl From<Str> for String {
    fn from(text: Str) -> String {
        text.as_str().to_owned()
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Str) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Str {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Str) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Str) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl hash::Hash for Str {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

impl serde::Serialize for Str {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Str {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Str, D::Error> {
        LeanString::deserialize(deserializer).map(Str)
    }
}

#[cfg(test)]
mod tests {
    use super::Str;

    #[test]
    fn is_sixteen_bytes_with_room_for_none() {
        assert_eq!(size_of::<Str>(), 16);
        assert_eq!(size_of::<Option<Str>>(), 16);
    }

    #[test]
    fn inline_shared_and_static_are_equal() {
        let text = "terminationMessagePath";
        assert_eq!(Str::from_static(text), Str::from(text.to_owned()));
        assert_eq!(Str::from("a"), "a");
    }
}
