//! Upstream's own components in the namespaces where Sagong runs otherwise: the proof of the harness.
//!
//! The control plane runs in the laboratory; a node has containerd, the kubelet and the service proxy. Certificates
//! are made here; all other configuration lies in `conformance/upstream`. Start reading at `Upstream::start`.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use pki::{CertificateAuthority, ClientCredential, Credential, Kubeconfig, PrivateKey, Profile};
use testkit::{Cluster, LABORATORY, Setup, command::output};

use super::subject::Subject;
use crate::{
    containerd::{self, Programs},
    images::{
        binaries::{self, program},
        reference,
    },
    tools, upstream,
};

const KUBELET: &str = include_str!("../../../../conformance/upstream/kubelet.yaml");
const PROXY: &str = include_str!("../../../../conformance/upstream/kube-proxy.yaml");
const ADDONS: &str = include_str!("../../../../conformance/upstream/addons.yaml");
const SERVICES: &str = "10.96.0.0/16";
const SERVICE_ADDRESS: &str = "10.96.0.1";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const ETCD: &str = "http://127.0.0.1:2379";
const LIFETIME: Duration = Duration::from_secs(30 * 86_400);
/// How long a part may take to be there.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A program that was started.
struct Part {
    name: String,
    process: Child,
    log: PathBuf,
}

/// A running cluster; it is gone when this is dropped.
pub(super) struct Upstream {
    cluster: Cluster,
    nodes: usize,
    work: PathBuf,
    pki: PathBuf,
    kubectl: PathBuf,
    parts: Vec<Part>,
}

impl Upstream {
    /// Starts everything; returns when nodes are ready and names are answered.
    ///
    /// # Errors
    /// When a part does not build or does not come up; what did is gone again.
    pub(super) fn start(setup: &Setup<'_>, images: &Path) -> anyhow::Result<Upstream> {
        upstream::control_plane()?;
        binaries::build(binaries::OF_NODES)?;
        binaries::build(binaries::OF_CONTAINERD)?;
        let programs = Programs::new(reference::ensure()?)?;
        let cluster = Cluster::prepare(setup)?;
        let (work, kubectl) = (setup.work.to_owned(), tools::kubectl()?);
        let pki = work.join("pki");
        let mut upstream = Upstream { cluster, nodes: setup.nodes, pki, kubectl, parts: Vec::new(), work };
        upstream.write_certificates()?;
        upstream.connect_pods()?;
        upstream.start_server()?;
        for index in 0..setup.nodes {
            upstream.start_node(index, &programs, setup.registry_port, images)?;
        }
        upstream.start_controllers()?;
        let addons = upstream.work.join("addons.yaml");
        std::fs::write(&addons, ADDONS)?;
        upstream.kubectl(&["apply", "-f", &addons.display().to_string()])?;
        for index in 0..setup.nodes {
            let node = format!("node/{}", upstream.cluster.node(index).0);
            upstream.kubectl(&["wait", "--for=create", &node, "--timeout=120s"])?;
            upstream.kubectl(&["wait", "--for=condition=Ready", &node, "--timeout=120s"])?;
        }
        let rollout = ["rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=120s"];
        upstream.kubectl(&rollout)?;
        upstream.revive()?;
        Ok(upstream)
    }

    fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut kubectl = self.cluster.in_laboratory(&self.kubectl);
        output(kubectl.arg("--kubeconfig").arg(self.cluster.kubeconfig()).args(arguments))
    }

    fn write_certificates(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.pki)?;
        let path = |name: &str| self.pki.join(name);
        let write = |name: &str, credential: &Credential| {
            credential.write(&path(&format!("{name}.crt")), &path(&format!("{name}.key")))
        };
        let authority = |name: &str| -> anyhow::Result<CertificateAuthority> {
            let (certificate, key) = (path(&format!("{name}.crt")), path(&format!("{name}.key")));
            Ok(CertificateAuthority::load_or_create(&certificate, &key, name, LIFETIME)?)
        };
        let (ca, front_proxy) = (authority("ca")?, authority("front-proxy-ca")?);
        let signer = PrivateKey::load_or_create(&path("sa.key"))?;
        std::fs::write(path("sa.pub"), signer.public_key_pem())?;

        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"];
        let names: Vec<&str> = names.into_iter().chain(ISSUER.strip_prefix("https://")).collect();
        let addresses = [SERVICE_ADDRESS, "127.0.0.1", LABORATORY].map(str::parse);
        let addresses = addresses.into_iter().collect::<Result<Vec<_>, _>>()?;
        write("apiserver", &ca.issue(&Profile::server("kube-apiserver", &names, &addresses, LIFETIME))?)?;
        let client = |user: &str, groups: &[&str]| ca.issue(&Profile::client(user, groups, LIFETIME));
        write("apiserver-kubelet", &client("kube-apiserver-kubelet-client", &["system:masters"])?)?;
        let proxy = Profile::client("front-proxy-client", &[], LIFETIME);
        write("front-proxy", &front_proxy.issue(&proxy)?)?;

        let (server, authority_pem) = (format!("https://{LABORATORY}:6443"), ca.certificate_pem());
        let kubeconfig = |file: &Path, user: &str, groups: &[&str]| -> anyhow::Result<()> {
            let credential = client(user, groups)?;
            let kubeconfig = Kubeconfig {
                cluster: "upstream",
                server: &server,
                authority_pem: &authority_pem,
                user,
                credential: ClientCredential::Certificate(&credential),
                namespace: "",
            };
            Ok(std::fs::write(file, kubeconfig.to_json())?)
        };
        kubeconfig(&self.cluster.kubeconfig(), "admin", &["system:masters"])?;
        for name in ["controller-manager", "scheduler"] {
            kubeconfig(&path(&format!("{name}.kubeconfig")), &format!("system:kube-{name}"), &[])?;
        }
        kubeconfig(&path("kube-proxy.kubeconfig"), "system:kube-proxy", &[])?;
        for index in 0..self.nodes {
            let (name, address) = self.cluster.node(index);
            kubeconfig(&path(&format!("{name}.kubeconfig")), &format!("system:node:{name}"), &["system:nodes"])?;
            let serving = Profile {
                organizations: vec!["system:nodes".to_owned()],
                ..Profile::server(format!("system:node:{name}"), &[name], &[address.parse()?], LIFETIME)
            };
            write(&format!("{name}-serving"), &ca.issue(&serving)?)?;
        }
        Ok(())
    }

    /// The network of a node's pods.
    fn pods(index: usize) -> String {
        format!("10.244.{}.0/24", index + 1)
    }

    /// Routes to the pods of each node, from the laboratory and from the other nodes.
    fn connect_pods(&self) -> anyhow::Result<()> {
        for index in 0..self.nodes {
            let (_, address) = self.cluster.node(index);
            let route = ["route", "add", &Self::pods(index), "via", address];
            output(self.cluster.in_laboratory(Path::new("ip")).args(route))?;
            for other in (0..self.nodes).filter(|other| *other != index) {
                output(self.cluster.program_in_node(other, "ip").args(route))?;
            }
            let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward; \
                echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet";
            output(self.cluster.program_in_node(index, "sh").args(["-c", forward]))?;
        }
        Ok(())
    }

    fn launch(&mut self, name: &str, mut command: Command) -> anyhow::Result<()> {
        let log = self.work.join(format!("{name}.log"));
        let file = || File::options().create(true).append(true).open(&log);
        // Their logs say times without a zone.
        command.env("TZ", "UTC").stdout(Stdio::from(file()?)).stderr(Stdio::from(file()?));
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let process = command.spawn().with_context(|| format!("cannot start {name}"))?;
        self.parts.push(Part { name: name.to_owned(), process, log });
        Ok(())
    }

    fn start_server(&mut self) -> anyhow::Result<()> {
        let mut etcd = self.cluster.in_laboratory(&program("etcd")?);
        etcd.arg(format!("--data-dir={}", self.work.join("etcd").display()));
        etcd.args([format!("--listen-client-urls={ETCD}"), format!("--advertise-client-urls={ETCD}")]);
        self.launch("etcd", etcd)?;

        let mut server = self.cluster.in_laboratory(&program("kube-apiserver")?);
        let pki = self.pki.display();
        server.args([
            format!("--advertise-address={LABORATORY}"),
            "--secure-port=6443".to_owned(),
            format!("--etcd-servers={ETCD}"),
            format!("--service-cluster-ip-range={SERVICES}"),
            format!("--client-ca-file={pki}/ca.crt"),
            format!("--tls-cert-file={pki}/apiserver.crt"),
            format!("--tls-private-key-file={pki}/apiserver.key"),
            format!("--service-account-key-file={pki}/sa.pub"),
            format!("--service-account-signing-key-file={pki}/sa.key"),
            format!("--service-account-issuer={ISSUER}"),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            "--allow-privileged=true".to_owned(),
            format!("--kubelet-client-certificate={pki}/apiserver-kubelet.crt"),
            format!("--kubelet-client-key={pki}/apiserver-kubelet.key"),
            format!("--kubelet-certificate-authority={pki}/ca.crt"),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            format!("--proxy-client-cert-file={pki}/front-proxy.crt"),
            format!("--proxy-client-key-file={pki}/front-proxy.key"),
            format!("--requestheader-client-ca-file={pki}/front-proxy-ca.crt"),
            "--requestheader-allowed-names=front-proxy-client".to_owned(),
            "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
            "--requestheader-group-headers=X-Remote-Group".to_owned(),
            "--requestheader-username-headers=X-Remote-User".to_owned(),
            "--enable-aggregator-routing=true".to_owned(),
        ]);
        self.launch("kube-apiserver", server)?;
        self.wait_for("the API server", |upstream| upstream.kubectl(&["get", "--raw", "/readyz"]).is_ok())
    }

    /// After the server: they give up when the bootstrap roles are not there yet.
    fn start_controllers(&mut self) -> anyhow::Result<()> {
        let pki = self.pki.display().to_string();
        for name in ["controller-manager", "scheduler"] {
            let mut command = self.cluster.in_laboratory(&program(&format!("kube-{name}"))?);
            for flag in ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"] {
                command.arg(format!("--{flag}={pki}/{name}.kubeconfig"));
            }
            command.args(["--leader-elect=false", "--bind-address=127.0.0.1"]);
            if name == "controller-manager" {
                command.args([
                    format!("--root-ca-file={pki}/ca.crt"),
                    format!("--service-account-private-key-file={pki}/sa.key"),
                    format!("--cluster-signing-cert-file={pki}/ca.crt"),
                    format!("--cluster-signing-key-file={pki}/ca.key"),
                    "--use-service-account-credentials=true".to_owned(),
                ]);
            }
            self.launch(&format!("kube-{name}"), command)?;
        }
        Ok(())
    }

    fn start_node(
        &mut self,
        index: usize,
        programs: &Programs,
        registry_port: Option<u16>,
        images: &Path,
    ) -> anyhow::Result<()> {
        let name = self.cluster.node(index).0.to_owned();
        let address = self.cluster.node(index).1.to_owned();
        let opt = self.cluster.node_root(index).join("opt");
        std::fs::create_dir_all(&opt)?;
        for (file, template) in [("kubelet.yaml", KUBELET), ("kube-proxy.yaml", PROXY)] {
            let filled = template.replace("{pki}", &self.pki.display().to_string()).replace("{node}", &name);
            std::fs::write(opt.join(file), filled)?;
        }
        let containerd = programs.containerd(&self.cluster, index, &Self::pods(index), registry_port)?;
        self.launch(&format!("{name}-containerd"), containerd)?;
        let daemon = |cluster: &Cluster, program: &str| programs.command(cluster, index, program);
        self.wait_for("containerd", |upstream| output(daemon(&upstream.cluster, "ctr").arg("version")).is_ok())?;
        for archive in [images, programs.images()] {
            let mut import = daemon(&self.cluster, "ctr");
            output(import.args(["--address", containerd::SOCKET, "-n", "k8s.io", "images", "import"]).arg(archive))?;
        }
        let mut kubelet = daemon(&self.cluster, "kubelet");
        kubelet.arg(format!("--kubeconfig={}/{name}.kubeconfig", self.pki.display()));
        kubelet.args(["--config=/opt/kubelet.yaml", "--v=2"]);
        kubelet.args([format!("--hostname-override={name}"), format!("--node-ip={address}")]);
        self.launch(&format!("{name}-kubelet"), kubelet)?;
        let mut proxy = daemon(&self.cluster, "kube-proxy");
        proxy.args(["--config=/opt/kube-proxy.yaml", "--v=2"]);
        self.launch(&format!("{name}-kube-proxy"), proxy)
    }

    fn wait_for(&mut self, what: &str, is_there: impl Fn(&Upstream) -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + START_LIMIT;
        while !is_there(self) {
            self.revive()?;
            ensure!(Instant::now() < end, "{what} is not there after {} s", START_LIMIT.as_secs());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Subject for Upstream {
    fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn logs(&self) -> Vec<(String, PathBuf)> {
        self.parts.iter().map(|part| (part.name.clone(), part.log.clone())).collect()
    }

    fn container_logs(&self) -> Vec<PathBuf> {
        (0..self.nodes).map(|index| self.cluster.node_root(index).join("var/log/pods")).collect()
    }

    fn revive(&mut self) -> anyhow::Result<()> {
        for part in &mut self.parts {
            if let Some(status) = part.process.try_wait()? {
                let log = std::fs::read_to_string(&part.log).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(5).collect();
                let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                anyhow::bail!("{} ended with {status}: {last}", part.name);
            }
        }
        Ok(())
    }

    fn crashes(&self) -> u32 {
        0
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // What runs in a node ends with it, when the cluster is dropped after this; the rest is asked here.
        for part in self.parts.iter_mut().rev() {
            let _ = part.process.kill();
            let _ = part.process.wait();
        }
    }
}
