//! The cluster's keys and certificates, made at the first start.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use pki::{CertificateAuthority, ClientCredential, Credential, Kubeconfig, PrivateKey, Profile, tls};

use crate::{
    directories::Directories,
    renewal::{Renewal, Renewals},
};

pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// Authorities live this long.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What the control plane signs and shows.
pub(crate) struct Identity {
    /// Signs serving and client certificates.
    pub(crate) authority: Arc<CertificateAuthority>,
    /// Signs the front proxy's certificates.
    pub(crate) front_proxy: Arc<CertificateAuthority>,
    directories: Directories,
}

impl Identity {
    /// Loads the cluster's keys, or makes them.
    pub(crate) fn open(directories: &Directories) -> anyhow::Result<Identity> {
        let authority = |name: &str, common_name: &str| {
            CertificateAuthority::load_or_create(
                &directories.pki_file(&format!("{name}.crt")),
                &directories.pki_file(&format!("{name}.key")),
                common_name,
                AUTHORITY_LIFETIME,
            )
        };
        let authority_of_cluster = authority("ca", "kubernetes")?;
        check_clock(&authority_of_cluster)?;
        Ok(Identity {
            authority: Arc::new(authority_of_cluster),
            front_proxy: Arc::new(authority("front-proxy-ca", "front-proxy-ca")?),
            directories: directories.clone(),
        })
    }

    /// The key that signs service account tokens.
    pub(crate) fn service_account_key(&self) -> anyhow::Result<PrivateKey> {
        Ok(PrivateKey::load_or_create(&self.directories.pki_file("sa.key"))?)
    }

    /// A certificate of the cluster's authority that is nowhere but in memory, and is renewed from now on.
    pub(crate) fn show(
        &self,
        name: &'static str,
        profile: Profile,
        renewals: &Renewals,
    ) -> anyhow::Result<Arc<tls::CurrentCertificate>> {
        let credential = self.authority.issue(&profile)?;
        let shown = tls::CurrentCertificate::new(&credential)?;
        let (authority, renewed) = (self.authority.clone(), shown.clone());
        renewals.add(Renewal::new(name, &credential.certificate_pem, move || {
            let (authority, renewed, profile) = (authority.clone(), renewed.clone(), profile.clone());
            async move {
                let credential = authority.issue(&profile)?;
                renewed.replace(&credential)?;
                Ok(credential.certificate_pem)
            }
        }));
        Ok(shown)
    }

    /// The API server's TLS configuration, for the names and addresses that clients use.
    pub(crate) fn server_config(
        &self,
        renewals: &Renewals,
        host_name: &str,
        addresses: &[Ipv4Addr],
        further: &[String],
    ) -> anyhow::Result<(rustls::ServerConfig, Arc<tls::ClientTrust>)> {
        let (further_addresses, further_names): (Vec<&String>, Vec<&String>) =
            further.iter().partition(|name| name.parse::<IpAddr>().is_ok());
        let mut names = vec![
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            host_name,
        ];
        names.extend(further_names.into_iter().map(String::as_str));
        let further_addresses = further_addresses.into_iter().filter_map(|address| address.parse().ok());
        let addresses: Vec<IpAddr> = addresses.iter().copied().map(IpAddr::V4).chain(further_addresses).collect();
        let profile = Profile::server("kube-apiserver", &names, &addresses, YEAR);
        let serving = self.show("kube-apiserver", profile, renewals)?;
        let trust = tls::ClientTrust::new(&self.authority.certificate_pem(), &self.front_proxy.certificate_pem())?;
        let config = tls::resolving_server_config(serving, trust.clone())?;
        Ok((config, trust))
    }

    /// The TLS configuration of the kubelet on this machine.
    pub(crate) fn kubelet_server_config(
        &self,
        renewals: &Renewals,
        node_name: &str,
        address: Ipv4Addr,
    ) -> anyhow::Result<rustls::ServerConfig> {
        let user = format!("system:node:{node_name}");
        let addresses = [IpAddr::V4(address), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let serving = self.show("kubelet", Profile::server(user, &[node_name], &addresses, YEAR), renewals)?;
        let trust = tls::ClientTrust::new(&self.authority.certificate_pem(), "")?;
        Ok(tls::resolving_server_config(serving, trust)?)
    }

    /// A kubeconfig of the cluster's administrator.
    pub(crate) fn admin_kubeconfig(&self, server: &str) -> anyhow::Result<String> {
        Ok(admin_kubeconfig(&self.authority, server)?.0)
    }

    /// Writes a kubeconfig of the cluster's administrator to `places`, and again each time that its certificate is
    /// renewed.
    pub(crate) fn write_kubeconfigs(
        &self,
        renewals: &Renewals,
        server: String,
        places: Vec<PathBuf>,
    ) -> anyhow::Result<()> {
        let authority = self.authority.clone();
        let write = Arc::new(move || write_kubeconfigs(&authority, &server, &places));
        let first = write()?;
        renewals.add(Renewal::new("admin.kubeconfig", &first, move || {
            let write = write.clone();
            async move { tokio::task::spawn_blocking(move || write()).await? }
        }));
        Ok(())
    }
}

/// Gives the administrator a new certificate, in kubeconfigs; the certificate.
fn write_kubeconfigs(authority: &CertificateAuthority, server: &str, places: &[PathBuf]) -> anyhow::Result<String> {
    let (text, certificate_pem) = admin_kubeconfig(authority, server)?;
    for place in places {
        pki::write_private(place, text.as_bytes())?;
    }
    Ok(certificate_pem)
}

/// A kubeconfig of the administrator with a new certificate, and the certificate.
fn admin_kubeconfig(authority: &CertificateAuthority, server: &str) -> anyhow::Result<(String, String)> {
    let profile = Profile::client("kubernetes-admin", &["system:masters"], YEAR);
    let credential: Credential = authority.issue(&profile).context("cannot issue the administrator's certificate")?;
    let kubeconfig = Kubeconfig {
        cluster: "sagong",
        server,
        authority_pem: &authority.certificate_pem(),
        user: "kubernetes-admin",
        credential: ClientCredential::Certificate(&credential),
        namespace: "",
    };
    Ok((kubeconfig.to_yaml(), credential.certificate_pem))
}

/// Certificates of a time that has not come yet are refused by every client: better to say so at once.
fn check_clock(authority: &CertificateAuthority) -> anyhow::Result<()> {
    let (begin, _) = pki::validity(&authority.certificate_pem())?;
    let now = stdx::clock::now();
    if now < begin {
        bail!(
            "the clock says {now:.0}, but the cluster's authority is valid from {begin:.0} on: set the clock \
             (timedatectl set-ntp true), then start again"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_the_certificates_is_told() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        stdx::clock::set_for_thread(Some(|| "2031-05-01T00:00:00Z".parse().unwrap()));
        Identity::open(&directories).unwrap();
        stdx::clock::set_for_thread(Some(|| "2026-05-01T00:00:00Z".parse().unwrap()));
        let refused = Identity::open(&directories).err().unwrap().to_string();
        assert!(refused.starts_with("the clock says 2026-05-01T00:00:00Z, but"), "{refused}");
        stdx::clock::set_for_thread(None);
    }
}
