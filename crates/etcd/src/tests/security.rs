//! TLS and etcd's own users.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use pki::{CertificateAuthority, Profile, tls};
use prost::Message;
use store::Engine;

use super::cluster::{Cluster, connect, put, run};
use crate::{
    Access, Credentials, Endpoint,
    client::{Client, Repeat},
    messages::HeaderResponse,
};

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Clone, PartialEq, Message)]
struct UserAdd {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    password: String,
}

#[derive(Clone, PartialEq, Message)]
struct GrantRole {
    #[prost(string, tag = "1")]
    user: String,
    #[prost(string, tag = "2")]
    role: String,
}

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

/// Makes users and turns authentication on.
async fn enable_authentication(access: Access, password: &str) {
    let client = Client::new(access);
    let call = async |procedure, request: &dyn ToFrame| {
        let _: HeaderResponse = request.call(&client, procedure).await;
    };
    let user = UserAdd { name: "root".to_owned(), password: password.to_owned() };
    call("/etcdserverpb.Auth/UserAdd", &user).await;
    let role = GrantRole { user: "root".to_owned(), role: "root".to_owned() };
    call("/etcdserverpb.Auth/UserGrantRole", &role).await;
    call("/etcdserverpb.Auth/AuthEnable", &Nothing {}).await;
}

trait ToFrame {
    fn call<'c>(&'c self, client: &'c Client, procedure: &'static str) -> store::BoxFuture<'c, HeaderResponse>;
}

impl<M: Message> ToFrame for M {
    fn call<'c>(&'c self, client: &'c Client, procedure: &'static str) -> store::BoxFuture<'c, HeaderResponse> {
        Box::pin(async move { client.call(procedure, self, Repeat::WithoutEffect).await.unwrap() })
    }
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn tokens_that_expire_are_renewed_under_writes_and_watches() {
    run(async {
        let cluster = Cluster::start(3, &["--auth-token-ttl=1"]);
        let before = cluster.engine().await;
        enable_authentication(cluster.access(), "secret").await;
        let user = |name: &str, password: &str| Access {
            credentials: Some(Credentials { name: name.to_owned(), password: password.to_owned() }),
            ..cluster.access()
        };
        let refused = connect(user("root", "wrong")).await.err().unwrap().to_string();
        assert!(refused.contains("authentication failed, invalid user ID or password"), "{refused}");
        let refused = put(&*before, "/registry/a", "x").await.unwrap_err().to_string();
        assert!(refused.contains("user name is empty"), "{refused}");

        let engine = connect(user("root", "secret")).await.unwrap();
        let mut told = put(&*engine, "/registry/a", "0").await.unwrap();
        let mut watch = engine.watch(Bytes::from_static(b"/registry/"), Bytes::new(), told).unwrap();
        for round in 1..=4 {
            // Longer than a token lives unused.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            let revision = put(&*engine, "/registry/a", &round.to_string()).await.unwrap();
            let mut events = Vec::new();
            while events.is_empty() {
                events = watch.next().await.unwrap().events;
            }
            assert_eq!((events[0].kv.mod_revision, revision), (told + 1, told + 1));
            told = revision;
            if round == 2 {
                // A watch that has to begin anew does so with a new token.
                engine.shared().client.connection().await.unwrap().give_up();
            }
        }
        drop(Arc::clone(&engine));
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn certificates_are_shown_and_looked_at() {
    run(async {
        let authority = CertificateAuthority::create("etcd-ca", DAY).unwrap();
        let stranger = CertificateAuthority::create("stranger", DAY).unwrap();
        let serving =
            authority.issue(&Profile::server("etcd", &["localhost"], &["127.0.0.1".parse().unwrap()], DAY)).unwrap();
        let client = authority.issue(&Profile::client("apiserver", &[], DAY)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.display().to_string()
        };
        let further = [
            format!("--trusted-ca-file={}", file("ca.crt", &authority.certificate_pem())),
            format!("--cert-file={}", file("server.crt", &serving.certificate_pem)),
            format!("--key-file={}", file("server.key", &serving.key_pem)),
            "--client-cert-auth=true".to_owned(),
        ];
        let further: Vec<&str> = further.iter().map(String::as_str).collect();
        let cluster = Cluster::start_tls(&further);
        let port = cluster.members[0].endpoint().port();
        let access = |host: &str, authority: &CertificateAuthority, shown: bool| Access {
            endpoints: vec![Endpoint::parse(&format!("https://{host}:{port}")).unwrap()],
            tls: Some(
                tls::client_config(
                    &authority.certificate_pem(),
                    shown.then_some((client.certificate_pem.as_str(), client.key_pem.as_str())),
                )
                .unwrap(),
            ),
            credentials: None,
        };
        for host in ["127.0.0.1", "localhost"] {
            let engine = connect(access(host, &authority, true)).await.unwrap();
            put(&*engine, "/registry/a", host).await.unwrap();
            assert_eq!(engine.get(b"/registry/a").await.unwrap().0.unwrap().value, host);
        }
        let (untrusted, unshown) = tokio::join!(
            connect(access("127.0.0.1", &stranger, true)),
            connect(access("127.0.0.1", &authority, false))
        );
        let untrusted = untrusted.err().unwrap().to_string();
        assert!(untrusted.contains("TLS") && untrusted.contains("UnknownIssuer"), "{untrusted}");
        let unshown = unshown.err().unwrap().to_string();
        assert!(unshown.to_lowercase().contains("certificate"), "{unshown}");
    });
}

#[test]
#[ignore = "needs SAGONG_ETCD"]
fn certificates_are_renewed_while_a_member_runs() {
    run(async {
        let authority = CertificateAuthority::create("etcd-ca", DAY).unwrap();
        let profile = Profile::server("etcd", &["localhost"], &["127.0.0.1".parse().unwrap()], DAY);
        let serving = authority.issue(&profile).unwrap();
        let client = |life: Duration| authority.issue(&Profile::client("apiserver", &[], life)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("ca.crt"), authority.certificate_pem()).unwrap();
        serving.write(&path("server.crt"), &path("server.key")).unwrap();
        let further = [
            format!("--trusted-ca-file={}", path("ca.crt").display()),
            format!("--cert-file={}", path("server.crt").display()),
            format!("--key-file={}", path("server.key").display()),
            "--client-cert-auth=true".to_owned(),
        ];
        let further: Vec<&str> = further.iter().map(String::as_str).collect();
        let cluster = Cluster::start_tls(&further);
        let port = cluster.members[0].endpoint().port();
        let shown = tls::CurrentCertificate::new(&client(DAY)).unwrap();
        let config = || tls::resolving_client_config(&authority.certificate_pem(), shown.clone()).unwrap();
        let access = || Access {
            endpoints: vec![Endpoint::parse(&format!("https://localhost:{port}")).unwrap()],
            tls: Some(config()),
            credentials: None,
        };
        let engine = connect(access()).await.unwrap();
        let revision = put(&*engine, "/registry/a", "0").await.unwrap();
        let mut watch = engine.watch(Bytes::from_static(b"/registry/"), Bytes::new(), revision).unwrap();
        // What a new connection is shown.
        let serves = async || {
            let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config()));
            let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
            stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
        };
        let first = serves().await;
        let key = pki::PrivateKey::load(&path("server.key")).unwrap();
        let renewed = authority.certify(&profile, &key).unwrap();
        pki::write_public(&path("server.crt"), renewed.as_bytes()).unwrap();
        let second = serves().await;
        assert_ne!(first, second);
        assert_eq!(second, pki::pem::first(&renewed, pki::pem::CERTIFICATE).unwrap());
        // The client's has ended: connections that are there go on, new ones are refused until it is renewed.
        shown.replace(&client(Duration::ZERO)).unwrap();
        let refused = connect(access()).await.err().unwrap().to_string();
        assert!(refused.to_lowercase().contains("certificate"), "{refused}");
        put(&*engine, "/registry/a", "1").await.unwrap();
        shown.replace(&client(DAY)).unwrap();
        put(&*connect(access()).await.unwrap(), "/registry/a", "2").await.unwrap();
        engine.shared().client.connection().await.unwrap().give_up();
        put(&*engine, "/registry/a", "3").await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            seen.extend(watch.next().await.unwrap().events.into_iter().map(|event| event.kv.value));
        }
        assert_eq!(seen, ["1", "2", "3"]);
    });
}
