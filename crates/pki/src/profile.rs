//! What a certificate says: subject, names, usages, lifetime.

use std::{net::IpAddr, time::Duration};

use crate::{PkiError, der};

/// What a certificate is to say.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The user name of a client, the name of a server.
    pub common_name: String,
    /// The groups of a client.
    pub organizations: Vec<String>,
    /// Names that a server answers to.
    pub dns_names: Vec<String>,
    /// Addresses that a server answers at.
    pub ip_addresses: Vec<IpAddr>,
    /// What it is for.
    pub usages: Usages,
    /// How long it holds, from now.
    pub lifetime: Duration,
}

impl Profile {
    /// A client certificate of `user` in `groups`.
    pub fn client(user: impl Into<String>, groups: &[&str], lifetime: Duration) -> Profile {
        Profile {
            common_name: user.into(),
            organizations: groups.iter().map(|group| (*group).to_owned()).collect(),
            usages: Usages::CLIENT,
            lifetime,
            ..Profile::default()
        }
    }

    /// A server certificate for names and addresses.
    pub fn server(
        common_name: impl Into<String>,
        dns_names: &[&str],
        ip_addresses: &[IpAddr],
        lifetime: Duration,
    ) -> Profile {
        Profile {
            common_name: common_name.into(),
            dns_names: dns_names.iter().map(|name| (*name).to_owned()).collect(),
            ip_addresses: ip_addresses.to_vec(),
            usages: Usages::SERVER,
            lifetime,
            ..Profile::default()
        }
    }
}

/// What a certificate's key may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usages {
    /// Named bits of the key usage, the first one highest.
    key: u16,
    /// Places in [`EXTENDED`].
    extended: u16,
}

/// The API's names of key usages, and their bits.
const KEY: [(&str, u16); 10] = [
    ("signing", 0x8000),
    ("digital signature", 0x8000),
    ("content commitment", 0x4000),
    ("key encipherment", 0x2000),
    ("data encipherment", 0x1000),
    ("key agreement", 0x0800),
    ("cert sign", 0x0400),
    ("crl sign", 0x0200),
    ("encipher only", 0x0100),
    ("decipher only", 0x0080),
];

const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];

/// The API's names of extended key usages, and their object identifiers.
const EXTENDED: [(&str, &[u8]); 13] = [
    ("any", &[0x55, 0x1d, 0x25, 0x00]),
    ("server auth", SERVER_AUTH),
    ("client auth", CLIENT_AUTH),
    ("code signing", &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
    ("email protection", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("s/mime", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("ipsec end system", &[0x2b, 6, 1, 5, 5, 7, 3, 5]),
    ("ipsec tunnel", &[0x2b, 6, 1, 5, 5, 7, 3, 6]),
    ("ipsec user", &[0x2b, 6, 1, 5, 5, 7, 3, 7]),
    ("timestamping", &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
    ("ocsp signing", &[0x2b, 6, 1, 5, 5, 7, 3, 9]),
    ("microsoft sgc", &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3]),
    ("netscape sgc", &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1]),
];

impl Usages {
    /// TLS clients.
    pub const CLIENT: Usages = Usages { key: 0x8000, extended: 1 << 2 };
    /// TLS servers.
    pub const SERVER: Usages = Usages { key: 0x8000, extended: 1 << 1 };
    /// Both.
    pub const PEER: Usages = Usages { key: 0x8000, extended: 1 << 1 | 1 << 2 };
    /// Certificate authorities.
    pub(crate) const AUTHORITY: Usages = Usages { key: 0x8000 | 0x0400 | 0x0200, extended: 0 };

    /// From the API's names (`certificates.k8s.io` `spec.usages`).
    ///
    /// # Errors
    /// A name that the API does not know.
    pub fn parse<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Usages, PkiError> {
        let mut usages = Usages::default();
        for name in names {
            let key = KEY.iter().find(|(known, _)| *known == name);
            let extended = EXTENDED.iter().position(|(known, _)| *known == name);
            match (key, extended) {
                (Some((_, bit)), _) => usages.key |= bit,
                (None, Some(place)) => usages.extended |= 1 << place,
                (None, None) => return Err(PkiError::UnknownUsage(name.to_owned())),
            }
        }
        Ok(usages)
    }

    /// The two extensions; those without content are left out.
    pub(crate) fn extensions(self) -> Vec<u8> {
        let mut extensions = Vec::new();
        if self.key != 0 {
            extensions.extend(der::extension(der::KEY_USAGE, true, &der::named_bits(self.key)));
        }
        let mut purposes: Vec<&[u8]> = Vec::new();
        for (place, (_, purpose)) in EXTENDED.iter().enumerate() {
            if self.extended & 1 << place != 0 && !purposes.contains(purpose) {
                purposes.push(purpose);
            }
        }
        if !purposes.is_empty() {
            let purposes: Vec<u8> = purposes.into_iter().flat_map(der::object_identifier).collect();
            extensions.extend(der::extension(der::EXTENDED_KEY_USAGE, false, &der::sequence(&[&purposes])));
        }
        extensions
    }
}

/// The content of a subject alternative name; none when there are no names.
pub(crate) fn alternative_names(dns_names: &[String], ip_addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let mut names = Vec::new();
    for name in dns_names {
        names.extend(der::tagged(0x82, name.as_bytes()));
    }
    for address in ip_addresses {
        match address {
            IpAddr::V4(address) => names.extend(der::tagged(0x87, &address.octets())),
            IpAddr::V6(address) => names.extend(der::tagged(0x87, &address.octets())),
        }
    }
    (!names.is_empty()).then(|| der::sequence(&[&names]))
}

/// A distinguished name: organizations in one set, as Go writes them, then the common name.
pub(crate) fn distinguished_name(common_name: &str, organizations: &[String]) -> Vec<u8> {
    let attribute = |identifier, text: &str| der::sequence(&[&der::object_identifier(identifier), &der::utf8(text)]);
    let mut name = Vec::new();
    if !organizations.is_empty() {
        let mut attributes: Vec<Vec<u8>> =
            organizations.iter().map(|organization| attribute(der::ORGANIZATION, organization)).collect();
        // The elements of a set are sorted in DER.
        attributes.sort();
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        name.extend(der::set(&attributes));
    }
    if !common_name.is_empty() {
        name.extend(der::set(&[&attribute(der::COMMON_NAME, common_name)]));
    }
    der::sequence(&[&name])
}
