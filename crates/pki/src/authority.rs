//! The certificate authority.

use std::{path::Path, time::Duration};

use jiff::Timestamp;

use crate::{PkiError, PrivateKey, Profile, SigningRequest, Usages, der, files, key, pem, profile};

/// Certificates begin this long before they are made, for clocks that differ.
const BACKDATE: Duration = Duration::from_secs(300);

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Credential {
    /// The certificate.
    pub certificate_pem: String,
    /// The private key.
    pub key_pem: String,
}

impl Credential {
    /// Writes both: the key for its owner alone, before the certificate that says it is there.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn write(&self, certificate: &Path, key: &Path) -> Result<(), PkiError> {
        files::write_private(key, self.key_pem.as_bytes())?;
        files::write_public(certificate, self.certificate_pem.as_bytes())
    }

    /// Reads both.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn load(certificate: &Path, key: &Path) -> Result<Credential, PkiError> {
        Ok(Credential { certificate_pem: files::read(certificate)?, key_pem: files::read(key)? })
    }
}

/// A certificate and the key with which it signs others.
#[derive(Debug)]
pub struct CertificateAuthority {
    certificate: Vec<u8>,
    subject: Vec<u8>,
    public_key_info: Vec<u8>,
    key_identifier: Vec<u8>,
    not_after: Timestamp,
    key: PrivateKey,
}

/// What goes into a certificate, in DER.
struct Content<'c> {
    issuer: &'c [u8],
    issuer_key_identifier: &'c [u8],
    subject: &'c [u8],
    public_key_info: &'c [u8],
    public_key: &'c [u8],
    alternative_names: Option<&'c [u8]>,
    usages: Usages,
    authority: bool,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl CertificateAuthority {
    /// A new authority that signs itself, with a new key.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn create(common_name: &str, lifetime: Duration) -> Result<CertificateAuthority, PkiError> {
        CertificateAuthority::create_with(PrivateKey::generate()?, common_name, lifetime)
    }

    /// A new authority that signs itself, with a key that is there already.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn create_with(
        key: PrivateKey,
        common_name: &str,
        lifetime: Duration,
    ) -> Result<CertificateAuthority, PkiError> {
        let subject = profile::distinguished_name(common_name, &[]);
        let now = stdx::clock::now();
        let certificate = sign(
            &key,
            &Content {
                issuer: &subject,
                issuer_key_identifier: &key::key_identifier(key.public_key()),
                subject: &subject,
                public_key_info: key.public_key_info(),
                public_key: key.public_key(),
                alternative_names: profile::alternative_names(&[common_name.to_owned()], &[]).as_deref(),
                usages: Usages::AUTHORITY,
                authority: true,
                not_before: now - BACKDATE,
                not_after: now + lifetime,
            },
        )?;
        CertificateAuthority::assemble(certificate, key)
    }

    fn assemble(certificate: Vec<u8>, key: PrivateKey) -> Result<CertificateAuthority, PkiError> {
        let malformed = |problem: &dyn std::fmt::Display| PkiError::malformed("certificate authority", problem);
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).map_err(|error| malformed(&error))?;
        if !parsed.is_ca() {
            return Err(malformed(&"its certificate may not sign others"));
        }
        let public_key_info = parsed.public_key().raw.to_vec();
        if public_key_info != key.public_key_info() {
            return Err(malformed(&"its key does not belong to its certificate"));
        }
        let not_after =
            Timestamp::from_second(parsed.validity().not_after.timestamp()).map_err(|error| malformed(&error))?;
        let identifier = parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
            _ => None,
        });
        Ok(CertificateAuthority {
            subject: parsed.subject().as_raw().to_vec(),
            public_key_info,
            key_identifier: identifier.unwrap_or_else(|| key::key_identifier(key.public_key())),
            not_after,
            key,
            certificate,
        })
    }

    /// An authority from PEM.
    ///
    /// # Errors
    /// Malformed text, a certificate that is no authority's, a key of another certificate.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<CertificateAuthority, PkiError> {
        let certificate = pem::first(certificate_pem, pem::CERTIFICATE)?;
        CertificateAuthority::assemble(certificate, PrivateKey::from_pem(key_pem)?)
    }

    /// An authority from files.
    ///
    /// # Errors
    /// As [`CertificateAuthority::from_pem`], and files that cannot be read.
    pub fn load(certificate: &Path, key: &Path) -> Result<CertificateAuthority, PkiError> {
        let certificate_der = pem::first(&files::read(certificate)?, pem::CERTIFICATE);
        let certificate_der = certificate_der.map_err(|error| error.of_file(certificate))?;
        let key = PrivateKey::load(key)?;
        CertificateAuthority::assemble(certificate_der, key).map_err(|error| error.of_file(certificate))
    }

    /// An authority from files, made when neither file is there.
    ///
    /// # Errors
    /// As [`CertificateAuthority::load`]; one file without the other.
    pub fn load_or_create(
        certificate: &Path,
        key: &Path,
        common_name: &str,
        lifetime: Duration,
    ) -> Result<CertificateAuthority, PkiError> {
        if certificate.exists() || key.exists() {
            return CertificateAuthority::load(certificate, key);
        }
        let authority = CertificateAuthority::create(common_name, lifetime)?;
        let credential = Credential { certificate_pem: authority.certificate_pem(), key_pem: authority.key.to_pem() };
        credential.write(certificate, key)?;
        Ok(authority)
    }

    /// Its certificate in PEM.
    pub fn certificate_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.certificate)
    }

    /// Its certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// `sha256:` and the hash of its public key, by which a joining node recognizes it.
    pub fn public_key_hash(&self) -> String {
        key::public_key_hash(&self.public_key_info)
    }

    /// When it ends; nothing it signs lives longer.
    pub fn expires_at(&self) -> Timestamp {
        self.not_after
    }

    /// A new key and its certificate.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn issue(&self, profile: &Profile) -> Result<Credential, PkiError> {
        let key = PrivateKey::generate()?;
        let certificate_pem = self.certify(profile, &key)?;
        Ok(Credential { certificate_pem, key_pem: key.to_pem() })
    }

    /// A certificate in PEM for a key that is there already.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn certify(&self, profile: &Profile, key: &PrivateKey) -> Result<String, PkiError> {
        let now = stdx::clock::now();
        let certificate = sign(
            &self.key,
            &Content {
                issuer: &self.subject,
                issuer_key_identifier: &self.key_identifier,
                subject: &profile::distinguished_name(&profile.common_name, &profile.organizations),
                public_key_info: key.public_key_info(),
                public_key: key.public_key(),
                alternative_names: profile::alternative_names(&profile.dns_names, &profile.ip_addresses).as_deref(),
                usages: profile.usages,
                authority: false,
                not_before: now - BACKDATE,
                not_after: (now + profile.lifetime).min(self.not_after),
            },
        )?;
        Ok(pem::encode(pem::CERTIFICATE, &certificate))
    }

    /// A certificate in PEM for a request: its subject, names and key as they were sent, nothing else of it.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn sign_request(
        &self,
        request: &SigningRequest,
        usages: Usages,
        lifetime: Duration,
    ) -> Result<String, PkiError> {
        let now = stdx::clock::now();
        let certificate = sign(
            &self.key,
            &Content {
                issuer: &self.subject,
                issuer_key_identifier: &self.key_identifier,
                subject: &request.subject,
                public_key_info: &request.public_key_info,
                public_key: &request.public_key,
                alternative_names: request.alternative_names.as_deref(),
                usages,
                authority: false,
                not_before: now - BACKDATE,
                not_after: (now + lifetime).min(self.not_after),
            },
        )?;
        Ok(pem::encode(pem::CERTIFICATE, &certificate))
    }
}

fn sign(key: &PrivateKey, content: &Content<'_>) -> Result<Vec<u8>, PkiError> {
    let mut serial = crate::random_bytes::<16>()?;
    // Positive, and of full length.
    serial[0] = serial[0] & 0x7f | 0x40;
    let mut extensions = content.usages.extensions();
    if content.authority {
        let constraints = der::sequence(&[&der::boolean_true()]);
        extensions.extend(der::extension(der::BASIC_CONSTRAINTS, true, &constraints));
        let identifier = der::octet_string(&key::key_identifier(content.public_key));
        extensions.extend(der::extension(der::SUBJECT_KEY_IDENTIFIER, false, &identifier));
    } else {
        extensions.extend(der::extension(der::BASIC_CONSTRAINTS, true, &der::sequence(&[])));
        let identifier = der::sequence(&[&der::tagged(0x80, content.issuer_key_identifier)]);
        extensions.extend(der::extension(der::AUTHORITY_KEY_IDENTIFIER, false, &identifier));
    }
    if let Some(names) = content.alternative_names {
        // Critical when there is no other name, as RFC 5280 asks.
        let critical = content.subject == der::sequence(&[]);
        extensions.extend(der::extension(der::SUBJECT_ALTERNATIVE_NAME, critical, names));
    }
    let algorithm = key.signature_algorithm();
    let certificate = der::sequence(&[
        &der::tagged(0xa0, &der::unsigned(&[2])),
        &der::unsigned(&serial),
        &algorithm,
        content.issuer,
        &der::sequence(&[&der::time(content.not_before), &der::time(content.not_after)]),
        content.subject,
        content.public_key_info,
        &der::tagged(0xa3, &der::sequence(&[&extensions])),
    ]);
    let signature = key.sign(&certificate)?;
    Ok(der::sequence(&[&certificate, &algorithm, &der::bit_string(&signature)]))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use x509_parser::extensions::ParsedExtension;

    use super::*;
    use crate::key::tests::keys_of_each_kind;

    const DAY: Duration = Duration::from_secs(86_400);

    fn check_signature(authority: &CertificateAuthority, certificate_pem: &str) -> Vec<u8> {
        let der = pem::first(certificate_pem, pem::CERTIFICATE).unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        let (_, issuer) = x509_parser::parse_x509_certificate(authority.certificate_der()).unwrap();
        parsed.verify_signature(Some(issuer.public_key())).unwrap();
        der.clone()
    }

    #[test]
    fn a_request_becomes_a_certificate_with_all_its_groups_and_names() {
        let authority = CertificateAuthority::create("test", 10 * DAY).unwrap();
        let key = PrivateKey::generate().unwrap();
        let groups = ["b".to_owned(), "a".to_owned()];
        let address = Ipv4Addr::LOCALHOST.into();
        let text = SigningRequest::create(&key, "user", &groups, &["n.local".to_owned()], &[address]).unwrap();
        let request = SigningRequest::parse(&text).unwrap();
        assert_eq!((request.common_name.as_str(), request.organizations.len()), ("user", 2));
        assert_eq!(
            (request.dns_names.as_slice(), request.ip_addresses.as_slice()),
            (&["n.local".to_owned()][..], &[address][..])
        );
        let usages = Usages::parse(["digital signature", "client auth", "server auth"]).unwrap();
        let signed = authority.sign_request(&request, usages, DAY).unwrap();
        let der = check_signature(&authority, &signed);
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        let organizations: Vec<_> = parsed.subject().iter_organization().map(|o| o.as_str().unwrap()).collect();
        assert_eq!(organizations, ["a", "b"]);
        assert!(!parsed.is_ca());
        let purposes = parsed.extended_key_usage().unwrap().unwrap().value;
        assert!(purposes.client_auth && purposes.server_auth && !purposes.any);
        assert!(parsed.key_usage().unwrap().unwrap().value.digital_signature());
        assert!(Usages::parse(["x"]).is_err());
    }

    #[test]
    fn a_request_with_another_key_is_refused() {
        for key in keys_of_each_kind() {
            let text = SigningRequest::create(&key, "user", &[], &[], &[]).unwrap();
            let mut der = pem::first(&text, pem::CERTIFICATE_REQUEST).unwrap();
            let position = der.windows(4).position(|window| window == b"user").unwrap();
            der[position] = b'U';
            let refused = SigningRequest::parse(&pem::encode(pem::CERTIFICATE_REQUEST, &der)).unwrap_err().to_string();
            assert_eq!(refused, "certificate signing request: signature verification error", "{key:?}");
        }
    }

    #[test]
    fn certificates_say_by_what_they_are_signed_and_name_their_keys() {
        let ecdsa = |with: u8| format!("1.2.840.10045.4.3.{with}");
        let algorithms = [ecdsa(2), ecdsa(3), ecdsa(4), "1.2.840.113549.1.1.11".into(), "1.2.840.113549.1.1.11".into()];
        for (key, algorithm) in keys_of_each_kind().into_iter().zip(algorithms) {
            let kind = format!("{key:?}");
            let authority = CertificateAuthority::create_with(key, "kubernetes", DAY).unwrap();
            let issued = authority.issue(&Profile::client("user", &[], DAY)).unwrap();
            let issued = pem::first(&issued.certificate_pem, pem::CERTIFICATE).unwrap();
            for der in [authority.certificate_der(), &issued] {
                let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
                assert_eq!(parsed.signature_algorithm, parsed.tbs_certificate.signature, "{kind}");
                assert_eq!(parsed.signature_algorithm.algorithm.to_id_string(), algorithm, "{kind}");
                // RFC 4055: NULL and not nothing.
                let parameters = parsed.signature_algorithm.parameters.as_ref().map(|any| any.tag().0);
                assert_eq!(parameters, kind.contains("RSA").then_some(5), "{kind}");
            }
            let (_, parsed) = x509_parser::parse_x509_certificate(authority.certificate_der()).unwrap();
            let bits = &parsed.public_key().subject_public_key.data;
            assert_eq!(authority.key_identifier, key::key_identifier(bits), "{kind}");
            let (_, issued) = x509_parser::parse_x509_certificate(&issued).unwrap();
            let named = issued.iter_extensions().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(named) => named.key_identifier.as_ref(),
                _ => None,
            });
            assert_eq!(named.unwrap().0, authority.key_identifier, "{kind}");
        }
    }

    #[test]
    fn authorities_are_kept_in_files_and_bound_what_they_sign() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (directory.path().join("ca.crt"), directory.path().join("ca.key"));
        let made = CertificateAuthority::load_or_create(&certificate, &key, "test", DAY).unwrap();
        let again = CertificateAuthority::load_or_create(&certificate, &key, "test", DAY).unwrap();
        assert_eq!(made.public_key_hash(), again.public_key_hash());
        assert!(made.public_key_hash().starts_with("sha256:") && made.public_key_hash().len() == 71);
        let issued = again.issue(&Profile::client("a", &["b"], 10 * DAY)).unwrap();
        check_signature(&made, &issued.certificate_pem);
        assert_eq!(crate::expires_at(&issued.certificate_pem).unwrap(), made.expires_at());
        let stranger = PrivateKey::generate().unwrap();
        assert!(CertificateAuthority::from_pem(&made.certificate_pem(), &stranger.to_pem()).is_err());
        assert!(CertificateAuthority::from_pem(&issued.certificate_pem, &issued.key_pem).is_err());
    }
}
