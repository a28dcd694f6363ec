//! Bearer tokens: those of service accounts, and those by which nodes join.

mod bootstrap;
mod cache;
mod issuer;
mod key;
mod service_account;

pub use bootstrap::BootstrapTokens;
pub(crate) use issuer::audiences_of;
pub use issuer::{Issuer, TokenError};
pub use service_account::ServiceAccountTokens;

use apimachinery::{Value, base64_decode};

/// The text of a secret's field; fields hold base64.
pub(crate) fn secret_text(secret: &Value, key: &str) -> String {
    let encoded = secret.str_at(&["data", key]).unwrap_or_default();
    base64_decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Whether two texts are equal, in a time that tells nothing of where they differ.
pub(crate) fn equal_in_constant_time(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
