//! Randomness, through one door.
//!
//! Identifiers, name suffixes and jitter come from here; a simulation seeds the thread and gets the same
//! sequence again. Keys and tokens are made by the crypto library, never from here.

use std::cell::Cell;

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Makes this thread's numbers a function of `seed`; `None` returns to the system's randomness.
pub fn seed_thread(seed: Option<u64>) {
    SEED.set(seed);
}

fn fill(bytes: &mut [u8]) {
    match SEED.get() {
        None => getrandom::fill(bytes).expect("the kernel always has random bytes after boot"),
        Some(mut state) => {
            for chunk in bytes.chunks_mut(8) {
                // SplitMix64.
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^= mixed >> 31;
                chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
            }
            SEED.set(Some(state));
        }
    }
}

/// A random number.
pub fn u64() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A random number in `0..bound`; 0 when `bound` is 0.
pub fn below(bound: u64) -> u64 {
    if bound == 0 { 0 } else { u64() % bound }
}

/// A random fraction in `0.0..1.0`, for jitter.
pub fn fraction() -> f64 {
    (u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A random (version 4) UUID.
pub fn uuid() -> String {
    let mut bytes = [0u8; 16];
    fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(bytes);
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The letters and digits that generated names use: no vowels, so no words (upstream's `rand.String`).
const NAME_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A random suffix for a generated name.
pub fn name_suffix(length: usize) -> String {
    (0..length).map(|_| char::from(NAME_ALPHABET[below(NAME_ALPHABET.len() as u64) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let names = || {
            seed_thread(Some(7));
            (uuid(), name_suffix(5))
        };
        assert_eq!(names(), names());
        seed_thread(None);
        assert_ne!(uuid(), uuid());
        assert_eq!(uuid().len(), 36);
    }
}
