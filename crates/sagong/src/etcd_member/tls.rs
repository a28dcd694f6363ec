//! The certificates that this server's member and its clients show.
//!
//! etcd reads the files at each handshake. A renewed certificate is one of the same key, so that whoever reads one file
//! before and the other one after it was replaced has two that belong together.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use etcd::{Access, Endpoint};
use pki::{
    CertificateAuthority, Credential, PkiError, PrivateKey, Profile, Usages,
    tls::{CurrentCertificate, resolving_client_config},
};

use crate::{directories::Directories, identity::YEAR, renewal::Renewal};

/// The authority lives this long, as the cluster's.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A certificate in files, of a key that stays.
struct InFiles {
    authority: Arc<CertificateAuthority>,
    profile: Profile,
    key: PrivateKey,
    folder: PathBuf,
    /// What the files are called.
    name: &'static str,
}

impl InFiles {
    /// A new certificate, with its key.
    fn issue(&self) -> Result<Credential, PkiError> {
        let certificate_pem = self.authority.certify(&self.profile, &self.key)?;
        Ok(Credential { certificate_pem, key_pem: self.key.to_pem() })
    }

    fn write(&self, credential: &Credential) -> Result<(), PkiError> {
        let file = |extension: &str| self.folder.join(format!("{}.{extension}", self.name));
        credential.write(&file("crt"), &file("key"))
    }

    fn renewal(
        self: Arc<Self>,
        name: &'static str,
        first: &Credential,
        show: impl Fn(&Credential) -> Result<(), PkiError> + Clone + Send + Sync + 'static,
    ) -> Renewal {
        Renewal::new(name, &first.certificate_pem, move || {
            let (files, show) = (self.clone(), show.clone());
            async move {
                let renewed = files.issue()?;
                let written = renewed.clone();
                tokio::task::spawn_blocking(move || files.write(&written)).await??;
                show(&renewed)?;
                Ok(renewed.certificate_pem)
            }
        })
    }
}

/// The files and the texts of the certificates.
#[derive(Clone)]
pub(super) struct MemberTls {
    folder: PathBuf,
    authority_pem: String,
    member: (Arc<InFiles>, Credential),
    client: (Arc<InFiles>, Credential),
    /// The client's, as it is now.
    shown: Arc<CurrentCertificate>,
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
        let authority = Arc::new(authority);
        let addresses = [IpAddr::V4(address), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        // A member asks itself, too, as a client.
        let member = Profile {
            usages: Usages::PEER,
            ..Profile::server("etcd-member", &[host_name, "localhost"], &addresses, YEAR)
        };
        let folder = directories.etcd_tls();
        let make = |name: &'static str, profile: Profile| -> anyhow::Result<_> {
            let (authority, key) = (authority.clone(), PrivateKey::generate()?);
            let files = InFiles { authority, profile, key, folder: folder.clone(), name };
            let credential = files.issue()?;
            files.write(&credential)?;
            Ok((Arc::new(files), credential))
        };
        let (member, client) = (make("member", member)?, make("client", Profile::client("sagong", &[], YEAR))?);
        let shown = CurrentCertificate::new(&client.1)?;
        Ok(MemberTls { authority_pem: authority.certificate_pem(), folder, member, client, shown })
    }

    /// What renews the certificates.
    pub(super) fn renewals(&self) -> [Renewal; 2] {
        let ((member, first_member), (client, first_client)) = (&self.member, &self.client);
        let shown = self.shown.clone();
        [
            member.clone().renewal("etcd-member", first_member, |_| Ok(())),
            client.clone().renewal("etcd-client", first_client, move |renewed| shown.replace(renewed)),
        ]
    }

    /// How members are reached, with the client's certificate as it is at the time.
    pub(super) fn access(&self, endpoints: Vec<Endpoint>) -> anyhow::Result<Access> {
        let tls = Some(resolving_client_config(&self.authority_pem, self.shown.clone())?);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::renewal::{
        Renewals,
        testing::{Simulated, has_failed},
    };

    #[tokio::test(start_paused = true)]
    async fn renewed_files_are_of_the_same_key_and_what_fails_is_tried_again() {
        let _simulated = Simulated::clock();
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let tls = MemberTls::make(&directories, Ipv4Addr::new(10, 0, 0, 1), "host", true).unwrap();
        let folder = directories.etcd_tls();
        let files = || {
            ["member", "client"].map(|name| {
                Credential::load(&folder.join(format!("{name}.crt")), &folder.join(format!("{name}.key"))).unwrap()
            })
        };
        let first = files();
        let renewals = Renewals::new();
        tls.renewals().into_iter().for_each(|renewal| renewals.add(renewal));
        let ends = |of: &[Credential; 2]| of.each_ref().map(|of| pki::expires_at(&of.certificate_pem).unwrap());
        // Nothing can be written where the folder was.
        let aside = root.path().join("aside");
        std::fs::rename(&folder, &aside).unwrap();
        std::fs::write(&folder, "").unwrap();
        let began = tokio::time::Instant::now();
        while !["etcd-member", "etcd-client"].into_iter().any(has_failed) {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        std::fs::remove_file(&folder).unwrap();
        std::fs::rename(&aside, &folder).unwrap();
        assert_eq!(ends(&files()), ends(&first));
        tokio::time::sleep_until(began + YEAR.mul_f64(0.91)).await;
        let second = files();
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first.key_pem, second.key_pem);
            assert!(pki::expires_at(&second.certificate_pem).unwrap() > stdx::clock::now() + YEAR / 2);
        }
        let shown: Vec<i64> = renewals.ends().into_iter().map(|(_, end)| end).collect();
        let [member, client] = ends(&second).map(|end| end.as_second());
        assert_eq!(shown, [client, member]);
    }
}
