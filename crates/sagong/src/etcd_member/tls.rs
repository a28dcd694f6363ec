//! The certificates that this server's member and its clients show.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;
use etcd::{Access, Endpoint};
use pki::{CertificateAuthority, Credential, Profile, Usages};

use crate::{directories::Directories, identity::YEAR};

/// The authority lives this long, as the cluster's.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The files and the texts of the certificates.
#[derive(Clone)]
pub(super) struct MemberTls {
    folder: PathBuf,
    authority_pem: String,
    client: Credential,
}

impl MemberTls {
    /// New certificates of the cluster's authority, which is made for the first member.
    pub(super) fn make(
        directories: &Directories,
        address: Ipv4Addr,
        host_name: &str,
        first: bool,
    ) -> anyhow::Result<MemberTls> {
        let (certificate, key) = (directories.pki_file("etcd-ca.crt"), directories.pki_file("etcd-ca.key"));
        if !first && !key.exists() {
            bail!(
                "{} is missing: copy the folder pki of a server that has a member of etcd to {}",
                key.display(),
                directories.pki().display()
            );
        }
        let authority = CertificateAuthority::load_or_create(&certificate, &key, "etcd-ca", AUTHORITY_LIFETIME)?;
        let addresses = [IpAddr::V4(address), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        // A member asks itself, too, as a client.
        let member = Profile {
            usages: Usages::PEER,
            ..Profile::server("etcd-member", &[host_name, "localhost"], &addresses, YEAR)
        };
        let folder = directories.etcd_tls();
        authority.issue(&member)?.write(&folder.join("member.crt"), &folder.join("member.key"))?;
        let client = authority.issue(&Profile::client("sagong", &[], YEAR))?;
        client.write(&folder.join("client.crt"), &folder.join("client.key"))?;
        Ok(MemberTls { folder, authority_pem: authority.certificate_pem(), client })
    }

    pub(super) fn access(&self, endpoints: Vec<Endpoint>) -> anyhow::Result<Access> {
        let shown = (self.client.certificate_pem.as_str(), self.client.key_pem.as_str());
        let tls = Some(pki::tls::client_config(&self.authority_pem, Some(shown))?);
        Ok(Access { endpoints, tls, credentials: None })
    }

    /// The path of one of its files.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// The certificates by which commands reach the members of a data directory, where it has any.
pub(crate) fn files_of(directories: &Directories) -> Option<[PathBuf; 3]> {
    let folder = directories.etcd_tls();
    let files = [directories.pki_file("etcd-ca.crt"), folder.join("client.crt"), folder.join("client.key")];
    files.iter().all(|file| Path::exists(file)).then_some(files)
}
