//! Servers with the keys of a cluster of kubeadm's: RSA, each in PKCS #1.

use std::{path::Path, process::Command, time::Duration};

use apimachinery::{base64_decode, base64_encode};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa,
};
use pki::{CertificateAuthority, ClientCredential, Credential, Kubeconfig, PrivateKey, Profile, SigningRequest, pem};

use super::{Etcd, Upstream, program};
use crate::cluster::Cluster;

const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// What precedes the PKCS #1 form in the PKCS #8 form of an RSA key of 2048 bits.
const PKCS8_HEADER_BYTES: usize = 26;

/// A new key as kubeadm writes it.
fn rsa_key_pem() -> String {
    let pkcs8: Pkcs8V1Der<'_> = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap().as_der().unwrap();
    pem::encode(pem::RSA_PRIVATE_KEY, &pkcs8.as_ref()[PKCS8_HEADER_BYTES..])
}

/// Fills a folder as `kubeadm init phase certs` does.
fn make_keys(folder: &Path) {
    for (name, common_name) in [("ca", "kubernetes"), ("front-proxy-ca", "front-proxy-ca")] {
        let key_pem = rsa_key_pem();
        let key = PrivateKey::from_pem(&key_pem).unwrap();
        let authority = CertificateAuthority::create_with(key, common_name, 10 * YEAR).unwrap();
        let credential = Credential { certificate_pem: authority.certificate_pem(), key_pem };
        credential.write(&folder.join(format!("{name}.crt")), &folder.join(format!("{name}.key"))).unwrap();
    }
    pki::write_private(&folder.join("sa.key"), rsa_key_pem().as_bytes()).unwrap();
}

/// A kubeconfig for a server; answers its path.
fn kubeconfig(cluster: &Cluster, name: &str, authority_pem: &str, credential: &Credential) -> String {
    let server = format!("https://127.0.0.1:{}", cluster.port());
    let kubeconfig = Kubeconfig {
        cluster: "kubernetes",
        server: &server,
        authority_pem,
        user: name,
        credential: ClientCredential::Certificate(credential),
        namespace: "",
    };
    cluster.file(&format!("{name}.kubeconfig"), &kubeconfig.to_yaml())
}

/// What kubectl prints, as the administrator of one server.
type Kubectl<'s> = &'s dyn Fn(&[&str]) -> String;

/// That a token is one of RS256 and known to whoever answers `kubectl`.
fn assert_known(token: &str, kubectl: impl Fn(&[&str]) -> String) {
    // Fifteen bytes are twenty letters, whatever follows.
    let header = base64_encode(br#"{"alg":"RS256","#);
    assert!(token.starts_with(&header), "{token}");
    // Without the administrator's certificate, which would be looked at first.
    let kubeconfig = ["--token", token.trim(), "--kubeconfig", "/dev/null", "--insecure-skip-tls-verify"];
    let told = kubectl(&[&["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"], &kubeconfig[..]].concat());
    assert_eq!(told, "system:serviceaccount:default:default");
}

#[test]
#[ignore = "needs kubectl; run by cargo xtask ci"]
fn a_server_goes_on_with_the_keys_of_kubeadm() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("pki");
    make_keys(&made);
    // What its clients have from before.
    let authority = CertificateAuthority::load(&made.join("ca.crt"), &made.join("ca.key")).unwrap();
    let key = PrivateKey::from_pem(&rsa_key_pem()).unwrap();
    let profile = Profile::client("kubernetes-super-admin", &["system:masters"], YEAR);
    let old = Credential { certificate_pem: authority.certify(&profile, &key).unwrap(), key_pem: key.to_pem() };

    let mut cluster = Cluster::with_keys_of(&made, &["--no-node"]);
    let super_admin = kubeconfig(&cluster, "kubernetes-super-admin", &authority.certificate_pem(), &old);
    cluster.kubectl(&["--kubeconfig", &super_admin, "create", "configmap", "settings", "--from-literal=key=value"]);
    cluster.kubectl(&["get", "configmap", "settings"]);
    let published = cluster.kubectl(&["get", "configmap", "kube-root-ca.crt", "-o", "jsonpath={.data.ca\\.crt}"]);
    assert_eq!(published.trim(), authority.certificate_pem().trim());
    let server = format!("https://127.0.0.1:{}", cluster.port());
    let known = |cluster: &Cluster, token: &str| {
        assert_known(token, |arguments| cluster.kubectl(&[arguments, &["--server", &server]].concat()));
    };
    cluster.kubectl(&["wait", "serviceaccount/default", "--for=create", "--timeout=20s"]);
    let token = cluster.kubectl(&["create", "token", "default"]);
    known(&cluster, &token);
    let configuration = cluster.kubectl(&["get", "--raw", "/.well-known/openid-configuration"]);
    assert!(configuration.contains(r#""id_token_signing_alg_values_supported":["RS256"]"#), "{configuration}");
    let keys = cluster.kubectl(&["get", "--raw", "/openid/v1/jwks"]);
    assert!(keys.contains(r#""kty":"RSA""#) && keys.contains(r#""alg":"RS256""#), "{keys}");

    // A user with an RSA key asks for a certificate, and has the groups that it says.
    let key = PrivateKey::from_pem(&rsa_key_pem()).unwrap();
    let request = SigningRequest::create(&key, "jane", &["team".to_owned()], &[], &[]).unwrap();
    cluster.apply(&format!(
        "{{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {{name: jane}}, spec: \
         {{signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: {}}}}}",
        base64_encode(request.as_bytes())
    ));
    cluster.kubectl(&["certificate", "approve", "jane"]);
    cluster.kubectl(&["wait", "csr/jane", "--for=jsonpath={.status.certificate}", "--timeout=20s"]);
    let signed = base64_decode(&cluster.kubectl(&["get", "csr", "jane", "-o", "jsonpath={.status.certificate}"]));
    let signed = Credential { certificate_pem: String::from_utf8(signed.unwrap()).unwrap(), key_pem: key.to_pem() };
    let jane = kubeconfig(&cluster, "jane", &authority.certificate_pem(), &signed);
    let told = cluster.kubectl(&["--kubeconfig", &jane, "auth", "whoami", "-o", "jsonpath={.status.userInfo}"]);
    assert!(told.contains(r#""username":"jane""#) && told.contains(r#""team""#), "{told}");

    // Nobody has written the keys anew, and after a restart everything is known still.
    cluster.kill_and_start_again();
    for file in ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key"] {
        let kept = std::fs::read(cluster.path(&format!("data/pki/{file}"))).unwrap();
        assert_eq!(kept, std::fs::read(made.join(file)).unwrap(), "{file}");
    }
    known(&cluster, &token);
    cluster.kubectl(&["--kubeconfig", &super_admin, "get", "configmap", "settings"]);
}

#[test]
#[ignore = "needs etcd, kube-apiserver and kubectl; run by cargo xtask ci"]
fn with_the_keys_of_kubeadm_servers_know_upstreams_tokens_and_a_cluster_moves_in() {
    let place = tempfile::tempdir().unwrap();
    make_keys(place.path());
    let etcd = Etcd::start();
    let first =
        Cluster::with_keys_of(place.path(), &["--no-node", "--store", "etcd", "--etcd-servers", etcd.url.as_str()]);
    let second = first.on_etcd_beside(&etcd.url);
    let upstream = Upstream::start(&first, &etcd);
    let servers: [Kubectl<'_>; 3] =
        [&|arguments| first.kubectl(arguments), &|arguments| second.kubectl(arguments), &|arguments| {
            upstream.kubectl(arguments)
        }];
    let urls =
        servers.map(|server| server(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]));
    first.kubectl(&["wait", "serviceaccount/default", "--for=create", "--timeout=20s"]);
    let tokens = servers.map(|issuer| issuer(&["create", "token", "default"]));
    for (server, url) in servers.iter().zip(&urls) {
        for token in &tokens {
            assert_known(token, |arguments| server(&[arguments, &["--server", url.as_str()]].concat()));
        }
    }

    // What was upstream's moves in, with its keys, and what it gave out is known still.
    let snapshot = first.path("etcd.snapshot");
    let etcdctl = program("SAGONG_ETCD").with_file_name("etcdctl");
    let saved = Command::new(etcdctl).args(["--endpoints", &etcd.url, "snapshot", "save", &snapshot]).output().unwrap();
    assert!(saved.status.success(), "{}", String::from_utf8_lossy(&saved.stderr));
    let mut moved = Cluster::with_keys_of(place.path(), &["--no-node"]);
    moved.kill();
    std::fs::remove_dir_all(moved.path("data/store")).unwrap();
    moved.sagong(&["store", "import", &snapshot]);
    moved.start_again();
    let url = format!("https://127.0.0.1:{}", moved.port());
    for token in &tokens {
        assert_known(token, |arguments| moved.kubectl(&[arguments, &["--server", &url]].concat()));
    }
}
