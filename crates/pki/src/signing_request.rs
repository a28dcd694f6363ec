//! PKCS #10: asking for a certificate.

use std::net::IpAddr;

use rustls::{crypto::aws_lc_rs::default_provider, pki_types::SignatureVerificationAlgorithm};
use x509_parser::{
    certification_request::X509CertificationRequest,
    cri_attributes::ParsedCriAttribute,
    error::X509Error,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

use crate::{PkiError, PrivateKey, der, pem, profile};

/// A request for a certificate, whose signature holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningRequest {
    /// The common name; the last one when there are several.
    pub common_name: String,
    /// The organizations, in order.
    pub organizations: Vec<String>,
    /// Names of a server.
    pub dns_names: Vec<String>,
    /// Addresses of a server.
    pub ip_addresses: Vec<IpAddr>,
    /// Mail addresses.
    pub email_addresses: Vec<String>,
    /// Identifiers.
    pub uris: Vec<String>,
    /// The subject in DER, as it was sent.
    pub(crate) subject: Vec<u8>,
    /// The public key in DER, as it was sent.
    pub(crate) public_key_info: Vec<u8>,
    /// What the public key has in its bit string: a point, or an RSA key's modulus and exponent in DER.
    pub(crate) public_key: Vec<u8>,
    /// The subject alternative name in DER, as it was sent.
    pub(crate) alternative_names: Option<Vec<u8>>,
}

impl SigningRequest {
    /// Asks for a certificate of `key`'s public half, in PEM.
    ///
    /// # Errors
    /// The crypto library refused.
    pub fn create(
        key: &PrivateKey,
        common_name: &str,
        organizations: &[String],
        dns_names: &[String],
        ip_addresses: &[IpAddr],
    ) -> Result<String, PkiError> {
        let attributes = match profile::alternative_names(dns_names, ip_addresses) {
            None => Vec::new(),
            Some(names) => {
                let extensions = der::sequence(&[&der::extension(der::SUBJECT_ALTERNATIVE_NAME, false, &names)]);
                der::sequence(&[&der::object_identifier(der::EXTENSION_REQUEST), &der::set(&[&extensions])])
            }
        };
        let info = der::sequence(&[
            &der::unsigned(&[0]),
            &profile::distinguished_name(common_name, organizations),
            key.public_key_info(),
            &der::tagged(0xa0, &attributes),
        ]);
        let request = der::sequence(&[&info, &key.signature_algorithm(), &der::bit_string(&key.sign(&info)?)]);
        Ok(pem::encode(pem::CERTIFICATE_REQUEST, &request))
    }

    /// Reads a request and verifies its signature.
    ///
    /// # Errors
    /// No request, more than a request, or a signature that does not hold.
    pub fn parse(text: &str) -> Result<SigningRequest, PkiError> {
        let what = "certificate signing request";
        let malformed = |error: &dyn std::fmt::Display| PkiError::malformed(what, error);
        let blocks = pem::decode(text)?;
        let block = blocks.first().filter(|block| block.label == pem::CERTIFICATE_REQUEST);
        let block = block.ok_or_else(|| PkiError::malformed(what, "PEM block type must be CERTIFICATE REQUEST"))?;
        let (rest, parsed) = X509CertificationRequest::from_der(&block.der).map_err(|error| malformed(&error))?;
        if !rest.is_empty() {
            return Err(PkiError::malformed(what, "trailing data"));
        }
        verify(&parsed, &block.der).map_err(|error| malformed(&error))?;
        let info = &parsed.certification_request_info;
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            attribute.as_str().map(str::to_owned).map_err(|error| malformed(&error))
        };
        let mut request = SigningRequest {
            common_name: info.subject.iter_common_name().last().map(text).transpose()?.unwrap_or_default(),
            organizations: info.subject.iter_organization().map(text).collect::<Result<_, _>>()?,
            subject: info.subject.as_raw().to_vec(),
            public_key_info: info.subject_pki.raw.to_vec(),
            public_key: info.subject_pki.subject_public_key.data.to_vec(),
            ..SigningRequest::default()
        };
        for attribute in info.iter_attributes() {
            let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() else { continue };
            for extension in &requested.extensions {
                if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
                    request.take_names(&names.general_names)?;
                    request.alternative_names = Some(extension.value.to_vec());
                }
            }
        }
        Ok(request)
    }

    fn take_names(&mut self, names: &[GeneralName<'_>]) -> Result<(), PkiError> {
        let unreadable = || PkiError::malformed("certificate signing request", "a subject alternative name");
        for name in names {
            match name {
                GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => self.email_addresses.push((*name).to_owned()),
                GeneralName::URI(name) => self.uris.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => {
                    let address = match bytes.len() {
                        4 => <[u8; 4]>::try_from(*bytes).ok().map(IpAddr::from),
                        16 => <[u8; 16]>::try_from(*bytes).ok().map(IpAddr::from),
                        _ => None,
                    };
                    self.ip_addresses.push(address.ok_or_else(unreadable)?);
                }
                _ => return Err(unreadable()),
            }
        }
        Ok(())
    }

    /// The public key's SubjectPublicKeyInfo.
    pub fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }
}

/// Verifies the signature of a request, `der`, by its own key.
///
/// What the parser does not know is looked for among what TLS knows: it has P-521, and curves with another's hash.
fn verify(request: &X509CertificationRequest<'_>, der: &[u8]) -> Result<(), X509Error> {
    let verified = request.verify_signature();
    if verified != Err(X509Error::SignatureUnsupportedAlgorithm) {
        return verified;
    }
    let (info, signature) = (&request.certification_request_info, &request.signature_value.data);
    let key = &info.subject_pki.subject_public_key.data;
    let is_used = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        let of_key = der::sequence(&[&algorithm.public_key_alg_id()]);
        let of_signature = der::sequence(&[&algorithm.signature_alg_id()]);
        der::sequence(&[&of_key, &der::bit_string(key)]) == info.subject_pki.raw
            && der::sequence(&[info.raw, &of_signature, &der::bit_string(signature)]) == der
    };
    let known = default_provider().signature_verification_algorithms.all;
    let algorithm = known.iter().find(is_used).ok_or(X509Error::SignatureUnsupportedAlgorithm)?;
    algorithm.verify_signature(key, info.raw, signature).map_err(|_| X509Error::SignatureVerificationError)
}
