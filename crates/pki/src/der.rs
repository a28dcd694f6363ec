//! Writing DER: tags, lengths, and the few types that certificates consist of.

use jiff::Timestamp;

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
pub(crate) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
pub(crate) const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
pub(crate) const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(crate) const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];

pub(crate) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    match length {
        0..=0x7f => bytes.push(length as u8),
        _ => {
            let length = length.to_be_bytes();
            let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
            bytes.push(0x80 | significant.len() as u8);
            bytes.extend_from_slice(significant);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x31, &parts.concat())
}

pub(crate) fn object_identifier(encoded: &[u8]) -> Vec<u8> {
    tagged(0x06, encoded)
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    tagged(0x0c, text.as_bytes())
}

pub(crate) fn octet_string(content: &[u8]) -> Vec<u8> {
    tagged(0x04, content)
}

/// A bit string whose bits fill whole bytes.
pub(crate) fn bit_string(content: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], content].concat())
}

/// A bit string of named bits, the first of which is the highest of `bits`.
pub(crate) fn named_bits(bits: u16) -> Vec<u8> {
    let mut bytes = bits.to_be_bytes().to_vec();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let unused = bytes.last().map_or(0, |last| last.trailing_zeros() as u8);
    tagged(0x03, &[&[unused], bytes.as_slice()].concat())
}

/// A positive integer.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1)..];
    match significant.first() {
        Some(first) if first & 0x80 != 0 => tagged(0x02, &[&[0], significant].concat()),
        _ => tagged(0x02, significant),
    }
}

pub(crate) fn null() -> Vec<u8> {
    tagged(0x05, &[])
}

pub(crate) fn boolean_true() -> Vec<u8> {
    tagged(0x01, &[0xff])
}

/// A time in the form that RFC 5280 asks for: two digits of the year until 2049.
pub(crate) fn time(at: Timestamp) -> Vec<u8> {
    let text = at.strftime("%Y%m%d%H%M%SZ").to_string();
    if text.as_str() < "2050" { tagged(0x17, &text.as_bytes()[2..]) } else { tagged(0x18, text.as_bytes()) }
}

/// An X.509 extension.
pub(crate) fn extension(identifier: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { boolean_true() } else { Vec::new() };
    sequence(&[&object_identifier(identifier), &critical, &octet_string(content)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_bits() {
        assert_eq!(tagged(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(tagged(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tagged(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(named_bits(0b1010_0000_0000_0000), [3, 2, 5, 0b1010_0000]);
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn years_after_2049_have_four_digits() {
        assert_eq!(time("2049-12-31T00:00:00Z".parse().unwrap())[..2], [0x17, 13]);
        assert_eq!(time("2050-01-01T00:00:00Z".parse().unwrap())[..2], [0x18, 15]);
    }
}
