//! TLS configurations: servers that tell two kinds of clients apart, clients that trust one authority.
//!
//! A server verifies a client certificate once, with the handshake. Which authority vouched for it (the
//! cluster's clients, or the front proxy that speaks for others) is asked afterwards of [`ClientTrust`],
//! once per connection.
//!
//! Who renews its certificate while it runs shows a [`CurrentCertificate`]: new connections have the new one.

mod current;
mod unverified;

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
    client::{ResolvesClientCert, Resumption, danger::HandshakeSignatureValid},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer, UnixTime},
    server::{
        ResolvesServerCert, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};

pub use current::CurrentCertificate;
pub use unverified::unverified_client_config;

use crate::{PkiError, pem};

/// HTTP/2 before HTTP/1.1.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn tls(error: impl std::fmt::Display) -> PkiError {
    PkiError::Tls(error.to_string())
}

fn roots(authorities_pem: &str) -> Result<RootCertStore, PkiError> {
    let mut store = RootCertStore::empty();
    for der in pem::certificates(authorities_pem)? {
        store.add(CertificateDer::from(der)).map_err(tls)?;
    }
    Ok(store)
}

fn chain(certificate_pem: &str) -> Result<Vec<CertificateDer<'static>>, PkiError> {
    Ok(pem::certificates(certificate_pem)?.into_iter().map(CertificateDer::from).collect())
}

/// A key of whatever kind: own ones are ECDSA, those of others (an etcd's client certificate) may be RSA.
fn private_key(key_pem: &str) -> Result<PrivateKeyDer<'static>, PkiError> {
    let keys = pem::decode(key_pem)?.into_iter().filter_map(|block| match block.label.as_str() {
        pem::PRIVATE_KEY => Some(PrivatePkcs8KeyDer::from(block.der).into()),
        pem::EC_PRIVATE_KEY => Some(PrivateSec1KeyDer::from(block.der).into()),
        pem::RSA_PRIVATE_KEY => Some(PrivatePkcs1KeyDer::from(block.der).into()),
        _ => None,
    });
    keys.into_iter().next().ok_or_else(|| PkiError::malformed("private key", "there is no key in this PEM text"))
}

/// A certificate chain and its key, ready to be served; for resolvers that pick by name or rotate.
///
/// # Errors
/// Malformed PEM; a key of another certificate.
pub fn certified_key(certificate_pem: &str, key_pem: &str) -> Result<CertifiedKey, PkiError> {
    CertifiedKey::from_der(chain(certificate_pem)?, private_key(key_pem)?, &provider()).map_err(tls)
}

/// Who vouched for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOrigin {
    /// The cluster's client authority: the certificate's subject is the user.
    Client,
    /// The front proxy's authority: the request's headers name the user.
    FrontProxy,
}

/// The authorities whose clients a server lets in.
#[derive(Debug)]
pub struct ClientTrust {
    client: Option<Arc<dyn ClientCertVerifier>>,
    front_proxy: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
}

impl ClientTrust {
    /// Trusts the authorities in two PEM texts; an empty text is no authority.
    ///
    /// # Errors
    /// Malformed PEM or certificates.
    pub fn new(client_authorities_pem: &str, front_proxy_authorities_pem: &str) -> Result<Arc<ClientTrust>, PkiError> {
        let verifier = |text: &str| -> Result<Option<Arc<dyn ClientCertVerifier>>, PkiError> {
            if text.trim().is_empty() {
                return Ok(None);
            }
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(text)?), provider());
            builder.build().map(Some).map_err(tls)
        };
        let client = verifier(client_authorities_pem)?;
        let front_proxy = verifier(front_proxy_authorities_pem)?;
        let verifiers = client.iter().chain(&front_proxy);
        let hints = verifiers.flat_map(|verifier| verifier.root_hint_subjects().to_vec()).collect();
        Ok(Arc::new(ClientTrust { client, front_proxy, hints }))
    }

    /// Whose authority vouches for a chain; the front proxy's first, as in upstream.
    pub fn origin(&self, chain: &[CertificateDer<'_>]) -> Option<ClientOrigin> {
        let (leaf, rest) = chain.split_first()?;
        let now = UnixTime::now();
        let holds = |verifier: &Option<Arc<dyn ClientCertVerifier>>| {
            verifier.as_ref().is_some_and(|verifier| verifier.verify_client_cert(leaf, rest, now).is_ok())
        };
        if holds(&self.front_proxy) {
            Some(ClientOrigin::FrontProxy)
        } else if holds(&self.client) {
            Some(ClientOrigin::Client)
        } else {
            None
        }
    }

    fn any(&self) -> Result<&Arc<dyn ClientCertVerifier>, Error> {
        self.client
            .as_ref()
            .or(self.front_proxy.as_ref())
            .ok_or_else(|| Error::General("no client authority is trusted".to_owned()))
    }
}

impl ClientCertVerifier for ClientTrust {
    fn offer_client_auth(&self) -> bool {
        self.any().is_ok()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let first = self.any()?.verify_client_cert(end_entity, intermediates, now);
        match (first, &self.front_proxy) {
            (Err(_), Some(front_proxy)) => front_proxy.verify_client_cert(end_entity, intermediates, now),
            (first, _) => first,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any().map(|verifier| verifier.supported_verify_schemes()).unwrap_or_default()
    }
}

/// A server that asks for client certificates and goes on without.
///
/// # Errors
/// Malformed PEM; a key of another certificate.
pub fn server_config(
    certificate_pem: &str,
    key_pem: &str,
    clients: Arc<ClientTrust>,
) -> Result<ServerConfig, PkiError> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(tls)?;
    let mut config = builder
        .with_client_cert_verifier(clients)
        .with_single_cert(chain(certificate_pem)?, private_key(key_pem)?)
        .map_err(tls)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// A server as [`server_config`] makes it, whose certificate is chosen anew for each handshake: one that is
/// renewed while it serves. Without a certificate, handshakes fail.
///
/// # Errors
/// rustls refused.
pub fn resolving_server_config(
    certificates: Arc<dyn ResolvesServerCert>,
    clients: Arc<ClientTrust>,
) -> Result<ServerConfig, PkiError> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(tls)?;
    let mut config = builder.with_client_cert_verifier(clients).with_cert_resolver(certificates);
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// A client that trusts the authorities in a PEM text and no others, with a certificate and key in PEM or
/// without.
///
/// # Errors
/// Malformed PEM; a key of another certificate.
pub fn client_config(authorities_pem: &str, credential: Option<(&str, &str)>) -> Result<ClientConfig, PkiError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(tls)?;
    let builder = builder.with_root_certificates(roots(authorities_pem)?);
    let mut config = match credential {
        None => builder.with_no_client_auth(),
        Some((certificate_pem, key_pem)) => {
            builder.with_client_auth_cert(chain(certificate_pem)?, private_key(key_pem)?).map_err(tls)?
        }
    };
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// A client as [`client_config`] makes it, whose certificate is chosen anew for each connection: one that is renewed
/// while it is used. No connection goes on with the session, and so the certificate, of an earlier one.
///
/// # Errors
/// Malformed PEM.
pub fn resolving_client_config(
    authorities_pem: &str,
    certificates: Arc<dyn ResolvesClientCert>,
) -> Result<ClientConfig, PkiError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(tls)?;
    let builder = builder.with_root_certificates(roots(authorities_pem)?);
    let mut config = builder.with_client_cert_resolver(certificates);
    config.resumption = Resumption::disabled();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::{ClientConnection, ServerConnection, pki_types::ServerName};

    use super::*;
    use crate::{CertificateAuthority, PrivateKey, Profile, SigningRequest, Usages, key::tests::keys_of_each_kind};

    const DAY: Duration = Duration::from_secs(86_400);

    /// Shakes hands in memory; answers whose client the server saw, or what went wrong.
    fn shake(server: ServerConfig, client: ClientConfig, trust: &ClientTrust) -> Result<Option<ClientOrigin>, String> {
        let (_, server) = connect(&Arc::new(server), &Arc::new(client))?;
        Ok(server.peer_certificates().and_then(|chain| trust.origin(chain)))
    }

    /// Shakes hands in memory; both ends, or what went wrong.
    fn connect(
        server: &Arc<ServerConfig>,
        client: &Arc<ClientConfig>,
    ) -> Result<(ClientConnection, ServerConnection), String> {
        let name = ServerName::try_from("server.local").unwrap();
        let mut client = ClientConnection::new(client.clone(), name).unwrap();
        let mut server = ServerConnection::new(server.clone()).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets().map_err(|error| error.to_string())?;
            let mut bytes = Vec::new();
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut bytes.as_slice()).unwrap();
            client.process_new_packets().map_err(|error| error.to_string())?;
        }
        assert_eq!(server.alpn_protocol(), Some(&b"h2"[..]));
        Ok((client, server))
    }

    #[test]
    fn new_connections_show_the_certificates_of_their_time() {
        let authority = CertificateAuthority::create("both", DAY).unwrap();
        let trust = ClientTrust::new(&authority.certificate_pem(), "").unwrap();
        let serving = || authority.issue(&Profile::server("s", &["server.local"], &[], DAY)).unwrap();
        let client = || authority.issue(&Profile::client("u", &[], DAY)).unwrap();
        let shown = [CurrentCertificate::default(), CurrentCertificate::default()].map(Arc::new);
        let server = Arc::new(resolving_server_config(shown[0].clone(), trust).unwrap());
        let user = Arc::new(resolving_client_config(&authority.certificate_pem(), shown[1].clone()).unwrap());
        assert!(connect(&server, &user).is_err(), "there is no serving certificate yet");
        let mut seen = Vec::new();
        for _ in 0..2 {
            let renewed = [serving(), client()];
            shown.iter().zip(&renewed).for_each(|(shown, renewed)| shown.replace(renewed).unwrap());
            for _ in 0..2 {
                let ends = connect(&server, &user).unwrap();
                let certificates = [ends.0.peer_certificates(), ends.1.peer_certificates()];
                let found = certificates.map(|chain| chain.unwrap()[0].to_vec());
                assert_eq!(found, [0, 1].map(|end: usize| chain(&renewed[end].certificate_pem).unwrap()[0].to_vec()));
            }
            // Connections that are there go on.
            seen.push(connect(&server, &user).unwrap());
        }
        for (client, server) in &mut seen {
            std::io::Write::write_all(&mut client.writer(), b"on").unwrap();
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut bytes.as_slice()).unwrap();
            assert_eq!(server.process_new_packets().unwrap().plaintext_bytes_to_read(), 2);
        }
    }

    #[test]
    fn clients_are_told_apart_by_their_authority() {
        let serving = CertificateAuthority::create("serving", DAY).unwrap();
        let clients = CertificateAuthority::create("clients", DAY).unwrap();
        let proxies = CertificateAuthority::create("proxies", DAY).unwrap();
        let strangers = CertificateAuthority::create("strangers", DAY).unwrap();
        let trust = ClientTrust::new(&clients.certificate_pem(), &proxies.certificate_pem()).unwrap();
        let server = serving.issue(&Profile::server("s", &["server.local"], &[], DAY)).unwrap();
        let server = || server_config(&server.certificate_pem, &server.key_pem, trust.clone()).unwrap();
        let client = |authority: Option<&CertificateAuthority>| {
            let issued = authority.map(|authority| authority.issue(&Profile::client("u", &[], DAY)).unwrap());
            let pair = issued.as_ref().map(|issued| (issued.certificate_pem.as_str(), issued.key_pem.as_str()));
            client_config(&serving.certificate_pem(), pair).unwrap()
        };
        assert_eq!(shake(server(), client(Some(&clients)), &trust), Ok(Some(ClientOrigin::Client)));
        assert_eq!(shake(server(), client(Some(&proxies)), &trust), Ok(Some(ClientOrigin::FrontProxy)));
        assert_eq!(shake(server(), client(None), &trust), Ok(None));
        assert!(shake(server(), client(Some(&strangers)), &trust).is_err());
        let untrusting = client_config(&strangers.certificate_pem(), None).unwrap();
        assert!(shake(server(), untrusting, &trust).is_err());
    }

    #[test]
    fn authorities_servers_and_clients_with_keys_of_each_kind_know_each_other() {
        let profiles = [Profile::server("s", &["server.local"], &[], DAY), Profile::client("u", &[], DAY)];
        let keys = keys_of_each_kind();
        for own in &keys {
            let copy = || PrivateKey::from_pem(&own.to_pem()).unwrap();
            let authority = CertificateAuthority::create_with(copy(), "kubernetes", DAY).unwrap();
            let authority_pem = authority.certificate_pem();
            let trust = ClientTrust::new(&authority_pem, "").unwrap();
            for key in &keys {
                let [server, client] = profiles.each_ref().map(|profile| authority.certify(profile, key).unwrap());
                let server = server_config(&server, &key.to_pem(), trust.clone()).unwrap();
                let client = client_config(&authority_pem, Some((&client, &key.to_pem()))).unwrap();
                assert_eq!(shake(server, client, &trust), Ok(Some(ClientOrigin::Client)), "{own:?} signs {key:?}");
                // Those that others make a request for.
                let request = SigningRequest::create(key, "u", &[], &[], &[]).unwrap();
                let request = SigningRequest::parse(&request).unwrap_or_else(|error| panic!("{key:?}: {error}"));
                let client = authority.sign_request(&request, Usages::CLIENT, DAY).unwrap();
                let chain = chain(&client).unwrap();
                assert_eq!(trust.origin(&chain), Some(ClientOrigin::Client), "{own:?} signs the request of {key:?}");
            }
            let again = CertificateAuthority::from_pem(&authority_pem, &own.to_pem()).unwrap();
            assert_eq!(again.public_key_hash(), authority.public_key_hash());
        }
    }
}
