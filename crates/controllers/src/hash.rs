//! The hash of a pod template that names its replica set or revision.
//!
//! Upstream hashes a dump of its Go structs; no other program can reproduce that, and nothing but the same
//! controller ever compares two hashes. Here it is FNV-1a over the template's JSON, in upstream's alphabet.

use apimachinery::{Value, json};

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// FNV-1a, 32 bits.
pub fn fnv32a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// The decimal digits of a hash in an alphabet without vowels, so that no words appear.
pub fn safe_encode(hash: u32) -> String {
    hash.to_string().bytes().map(|digit| char::from(ALPHABET[digit as usize % ALPHABET.len()])).collect()
}

/// The hash of `template`; `collisions` changes it when its name was taken by another template.
pub fn template_hash(template: &Value, collisions: Option<i64>) -> String {
    let mut bytes = json::to_vec(template);
    if let Some(collisions) = collisions {
        bytes.extend_from_slice(&collisions.to_le_bytes());
    }
    safe_encode(fnv32a(&bytes))
}
