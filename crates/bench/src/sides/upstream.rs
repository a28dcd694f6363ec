//! Upstream's control plane on loopback, configured as kubeadm does: TLS everywhere, mutual TLS to etcd, Node and RBAC
//! authorizers, fsync on, RSA keys of 2048 bits.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use tokio::process::{Child, Command};

use super::{Etcd, USER, await_ready, bind_user, spawn, write_kubeconfig};
use crate::{
    Side, Target,
    http::Connector,
    process::Process,
    scenario::Setup,
    target::{Identity, tls},
};

/// Service addresses; the API server's is the first.
const SERVICE_CIDR: &str = "10.96.0.0/12";
const CLUSTER_CIDR: &str = "10.42.0.0/16";
/// What a server's certificate is good for; clients' have them too, which harms nobody.
const NAMES: [&str; 6] =
    ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1"];
/// What an authority signs: file, user, group.
type Leaf = (&'static str, &'static str, &'static str);
/// Authorities, and the certificates that they sign.
const CERTIFICATES: [(&str, &[Leaf]); 3] = [
    (
        "ca",
        &[
            ("apiserver", "kube-apiserver", ""),
            ("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
            ("admin", "kubernetes-admin", "system:masters"),
            ("bench", USER, ""),
            ("controller-manager", "system:kube-controller-manager", ""),
            ("scheduler", "system:kube-scheduler", ""),
        ],
    ),
    ("etcd-ca", &[("etcd", "etcd", ""), ("apiserver-etcd-client", "kube-apiserver-etcd-client", "")]),
    ("front-proxy-ca", &[("front-proxy-client", "front-proxy-client", "")]),
];

/// Keys and certificates in PEM, by file name.
pub(super) struct Keys(Vec<(String, String)>);

fn rsa() -> anyhow::Result<KeyPair> {
    Ok(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?)
}

impl Keys {
    /// Makes all, which takes a second or two.
    pub(super) fn make() -> anyhow::Result<Keys> {
        let mut files = Vec::new();
        for (name, leaves) in CERTIFICATES {
            let mut parameters = CertificateParams::new(Vec::<String>::new())?;
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.key_usages =
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
            let key = rsa()?;
            files.push((format!("{name}.crt"), parameters.self_signed(&key)?.pem()));
            files.push((format!("{name}.key"), key.serialize_pem()));
            let issuer = Issuer::new(parameters, key);
            for (file, user, group) in leaves {
                let key = rsa()?;
                let certificate = leaf(user, group)?.signed_by(&key, &issuer)?;
                files.push((format!("{file}.crt"), certificate.pem()));
                files.push((format!("{file}.key"), key.serialize_pem()));
            }
        }
        let key = rsa()?;
        files.push(("sa.key".to_owned(), key.serialize_pem()));
        files.push(("sa.pub".to_owned(), key.public_key_pem()));
        Ok(Keys(files))
    }

    fn get(&self, file: &str) -> anyhow::Result<&str> {
        let found = self.0.iter().find(|(name, _)| name == file);
        Ok(&found.with_context(|| format!("no {file} was made"))?.1)
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        for (name, pem) in &self.0 {
            pki::write_private(&folder.join(name), pem.as_bytes())?;
        }
        Ok(())
    }

    fn identity(&self, name: &str) -> anyhow::Result<Identity> {
        Ok(Identity {
            authority_pem: self.get("ca.crt")?.to_owned(),
            certificate_pem: self.get(&format!("{name}.crt"))?.to_owned(),
            key_pem: self.get(&format!("{name}.key"))?.to_owned(),
        })
    }
}

fn leaf(user: &str, group: &str) -> anyhow::Result<CertificateParams> {
    let mut parameters = CertificateParams::new(NAMES.map(str::to_owned))?;
    parameters.distinguished_name.push(DnType::CommonName, user);
    if !group.is_empty() {
        parameters.distinguished_name.push(DnType::OrganizationName, group);
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(parameters)
}

/// One control plane in the making.
struct Making<'m> {
    program: &'m Path,
    folder: &'m Path,
    pki: PathBuf,
    port: u16,
    children: Vec<Child>,
    processes: Vec<Process>,
}

impl Making<'_> {
    /// A flag that names a file of the key material.
    fn pki(&self, flag: &str, file: &str) -> String {
        format!("--{flag}={}", self.pki.join(file).display())
    }

    fn launch(&mut self, name: &'static str, arguments: Vec<String>) -> anyhow::Result<()> {
        let mut command = Command::new(self.program.join(name));
        let child = spawn(command.args(arguments), &self.folder.join(format!("{name}.log")))?;
        self.processes.push(Process { name, pid: child.id().context("it has ended")? });
        self.children.push(child);
        Ok(())
    }

    fn etcd(&mut self) -> anyhow::Result<String> {
        let client = format!("https://127.0.0.1:{}", self.port + 1);
        let peer = format!("https://127.0.0.1:{}", self.port + 2);
        let arguments = vec![
            "--name=local".to_owned(),
            format!("--data-dir={}", self.folder.join("etcd").display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=local={peer}"),
            format!("--listen-metrics-urls=http://127.0.0.1:{}", self.port + 3),
            "--client-cert-auth=true".to_owned(),
            self.pki("trusted-ca-file", "etcd-ca.crt"),
            self.pki("cert-file", "etcd.crt"),
            self.pki("key-file", "etcd.key"),
            "--peer-client-cert-auth=true".to_owned(),
            self.pki("peer-trusted-ca-file", "etcd-ca.crt"),
            self.pki("peer-cert-file", "etcd.crt"),
            self.pki("peer-key-file", "etcd.key"),
            "--snapshot-count=10000".to_owned(),
            "--watch-progress-notify-interval=5s".to_owned(),
            "--feature-gates=InitialCorruptCheck=true".to_owned(),
        ];
        self.launch("etcd", arguments)?;
        Ok(client)
    }

    fn api_server(&mut self, etcd: &str) -> anyhow::Result<()> {
        let arguments = vec![
            format!("--secure-port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            // The real one would refuse to publish an address of loopback.
            "--endpoint-reconciler-type=none".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            "--enable-bootstrap-token-auth=true".to_owned(),
            self.pki("client-ca-file", "ca.crt"),
            self.pki("tls-cert-file", "apiserver.crt"),
            self.pki("tls-private-key-file", "apiserver.key"),
            format!("--etcd-servers={etcd}"),
            self.pki("etcd-cafile", "etcd-ca.crt"),
            self.pki("etcd-certfile", "apiserver-etcd-client.crt"),
            self.pki("etcd-keyfile", "apiserver-etcd-client.key"),
            self.pki("kubelet-client-certificate", "apiserver-kubelet-client.crt"),
            self.pki("kubelet-client-key", "apiserver-kubelet-client.key"),
            "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname".to_owned(),
            self.pki("proxy-client-cert-file", "front-proxy-client.crt"),
            self.pki("proxy-client-key-file", "front-proxy-client.key"),
            self.pki("requestheader-client-ca-file", "front-proxy-ca.crt"),
            "--requestheader-allowed-names=front-proxy-client".to_owned(),
            "--requestheader-username-headers=X-Remote-User".to_owned(),
            "--requestheader-group-headers=X-Remote-Group".to_owned(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            self.pki("service-account-key-file", "sa.pub"),
            self.pki("service-account-signing-key-file", "sa.key"),
            format!("--service-cluster-ip-range={SERVICE_CIDR}"),
        ];
        self.launch("kube-apiserver", arguments)
    }

    fn controller_manager(&mut self, setup: Setup) -> anyhow::Result<()> {
        let config = self.kubeconfig("controller-manager")?;
        let cidr = if setup.cluster_cidr.is_empty() { CLUSTER_CIDR } else { setup.cluster_cidr };
        let mut arguments = vec![
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port + 4),
            format!("--kubeconfig={config}"),
            format!("--authentication-kubeconfig={config}"),
            format!("--authorization-kubeconfig={config}"),
            self.pki("client-ca-file", "ca.crt"),
            self.pki("cluster-signing-cert-file", "ca.crt"),
            self.pki("cluster-signing-key-file", "ca.key"),
            self.pki("requestheader-client-ca-file", "front-proxy-ca.crt"),
            self.pki("root-ca-file", "ca.crt"),
            self.pki("service-account-private-key-file", "sa.key"),
            "--cluster-name=kubernetes".to_owned(),
            "--allocate-node-cidrs=true".to_owned(),
            format!("--cluster-cidr={cidr}"),
            format!("--service-cluster-ip-range={SERVICE_CIDR}"),
            "--controllers=*,bootstrapsigner,tokencleaner".to_owned(),
            "--leader-elect=true".to_owned(),
            "--use-service-account-credentials=true".to_owned(),
        ];
        if setup.scheduler_qps > 0 {
            let limit = setup.scheduler_qps;
            arguments.extend([format!("--kube-api-qps={limit}"), format!("--kube-api-burst={limit}")]);
        }
        self.launch("kube-controller-manager", arguments)
    }

    fn scheduler(&mut self, setup: Setup) -> anyhow::Result<()> {
        let config = self.kubeconfig("scheduler")?;
        // The client's rate limit can only be raised in the configuration file; what it omits keeps its default.
        let limit = match setup.scheduler_qps {
            0 => String::new(),
            qps => format!(", qps: {qps}, burst: {qps}"),
        };
        let file = self.folder.join("scheduler.yaml");
        let text = format!(
            "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n\
             clientConnection: {{kubeconfig: \"{config}\"{limit}}}\nleaderElection: {{leaderElect: true}}\n"
        );
        std::fs::write(&file, text)?;
        let arguments = vec![
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.port + 5),
            format!("--config={}", file.display()),
            format!("--authentication-kubeconfig={config}"),
            format!("--authorization-kubeconfig={config}"),
        ];
        self.launch("kube-scheduler", arguments)
    }

    /// A kubeconfig of the certificate of that name.
    fn kubeconfig(&self, name: &str) -> anyhow::Result<String> {
        let path = self.folder.join(format!("{name}.conf"));
        let file = |name: String| self.pki.join(name).display().to_string();
        let config = apimachinery::value!({
            "apiVersion": "v1", "kind": "Config", "current-context": "default",
            "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
            "clusters": [{"name": "default", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.port),
                "certificate-authority": file("ca.crt".to_owned())
            }}],
            "users": [{"name": "default", "user": {
                "client-certificate": file(format!("{name}.crt")),
                "client-key": file(format!("{name}.key"))
            }}]
        });
        pki::write_private(&path, &apimachinery::json::to_vec(&config))?;
        Ok(path.display().to_string())
    }
}

/// etcd alone.
pub(super) async fn start_etcd(program: &Path, folder: PathBuf, port: u16, keys: &Keys) -> anyhow::Result<Etcd> {
    let pki = folder.join("pki");
    keys.write(&pki)?;
    let mut making = Making { program, folder: &folder, pki, port, children: Vec::new(), processes: Vec::new() };
    let since = Instant::now();
    making.etcd()?;
    let identity = Identity {
        authority_pem: keys.get("etcd-ca.crt")?.to_owned(),
        certificate_pem: keys.get("apiserver-etcd-client.crt")?.to_owned(),
        key_pem: keys.get("apiserver-etcd-client.key")?.to_owned(),
    };
    let (tls, authority) = (tls(&identity)?, format!("127.0.0.1:{}", port + 1));
    let connector = Connector::with(tls.clone(), &authority);
    let ready_after = await_ready(&connector, &mut making.children, since).await?;
    let (child, process) = (making.children.pop(), making.processes.pop());
    let (child, process) = child.zip(process).context("etcd was not started")?;
    Ok(Etcd { connector, authority, tls, ready_after, process, folder, port, child })
}

pub(super) async fn start(
    program: &Path,
    folder: &Path,
    port: u16,
    setup: Setup,
    keys: &Keys,
) -> anyhow::Result<Target> {
    let pki = folder.join("pki");
    keys.write(&pki)?;
    let mut making = Making { program, folder, pki, port, children: Vec::new(), processes: Vec::new() };
    let since = Instant::now();
    let etcd = making.etcd()?;
    making.api_server(&etcd)?;
    making.controller_manager(setup)?;
    making.scheduler(setup)?;
    let server = format!("127.0.0.1:{port}");
    let (admin, identity) = (keys.identity("admin")?, keys.identity("bench")?);
    let ready_after = await_ready(&Connector::with(tls(&admin)?, &server), &mut making.children, since).await?;
    write_kubeconfig(folder, &format!("https://{server}"), &identity)?;
    let (children, processes) = (making.children, making.processes);
    let target = |identity| Target {
        side: Side::Upstream,
        authority: server.clone(),
        identity,
        processes: processes.clone(),
        folder: folder.to_owned(),
        started: since,
        ready_after,
        children: Vec::new(),
    };
    bind_user(&target(admin).client()?).await?;
    Ok(Target { children, ..target(identity) })
}
