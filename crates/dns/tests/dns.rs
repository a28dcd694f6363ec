//! DNS over real sockets on the loopback address.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use apimachinery::{Object, Status, Value, value};
use client::{Client, Request, Response, Transport, WatchEvent, WatchStream};
use dns::{
    Responder, Server, Sharing, records,
    wire::{Reply, encode_query, kind, read_reply},
};
use futures::{StreamExt, stream::BoxStream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    sync::broadcast,
};

const ZONE: &str = "cluster.local";
/// How long an answer may take before a test calls it missing; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(5);

async fn ask_bytes(server: SocketAddr, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(message, server).await.unwrap();
    let mut buffer = vec![0; 65535];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer)).await.unwrap().unwrap();
    buffer.truncate(length);
    buffer
}

async fn ask(server: SocketAddr, name: &str, wanted: u16) -> Reply {
    read_reply(&ask_bytes(server, &encode_query(name, wanted)).await).unwrap()
}

async fn ask_stream(server: SocketAddr, name: &str, wanted: u16) -> Reply {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let message = encode_query(name, wanted);
    stream.write_u16(message.len() as u16).await.unwrap();
    stream.write_all(&message).await.unwrap();
    let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut bytes).await.unwrap();
    read_reply(&bytes).unwrap()
}

/// The code and the answers, sorted, as text.
fn text(reply: &Reply) -> String {
    let mut answers: Vec<String> = reply
        .answers
        .iter()
        .map(|answer| match &answer.value {
            Ok(address) => address.to_string(),
            Err(name) => name.clone(),
        })
        .collect();
    answers.sort();
    format!("{} {}", reply.code, answers.join(" ")).trim_end().to_owned()
}

fn listening(zone: &str, resolvers: &[SocketAddr]) -> Server {
    let mut server = Server::new(zone, resolvers);
    server.listen(&["127.0.0.1:0".parse().unwrap()], Sharing::Alone).unwrap();
    server
}

/// A server that listens on a free port and has `names`.
async fn serve(resolvers: &[SocketAddr], names: &[(&str, [u8; 4])]) -> SocketAddr {
    let server = listening(ZONE, resolvers);
    let handle = server.handle();
    let made = names.iter().map(|(name, address)| ((*name).into(), Some(dns::wire::Data::A((*address).into()))));
    handle.set("test", made.collect());
    handle.complete();
    let address = server.addresses()[0];
    tokio::spawn(server.serve());
    address
}

/// An API server whose collections can be changed.
struct Fake {
    objects: Vec<(&'static str, Arc<Object>)>,
    changes: broadcast::Sender<(&'static str, WatchEvent)>,
}

#[async_trait::async_trait]
impl Transport for Fake {
    async fn call(&self, _: Request) -> Result<Response, Status> {
        Err(Status::internal("not asked for in this test"))
    }

    async fn watch(&self, request: Request, _: bool) -> Result<WatchStream, Status> {
        let resource = request.resource.resource;
        let initial = self.objects.iter().filter(|(of, _)| resource == *of).map(|(_, object)| object.clone());
        let end = WatchEvent::Bookmark { resource_version: "1".into(), initial_events_end: true };
        let initial: Vec<_> = initial.map(WatchEvent::Added).chain([end]).map(Ok).collect();
        let changes: BoxStream<'static, _> =
            futures::stream::unfold((self.changes.subscribe(), resource), |(mut changes, resource)| async move {
                loop {
                    match changes.recv().await {
                        Ok((of, event)) if resource == of => return Some((Ok(event), (changes, resource))),
                        Ok(_) => {}
                        Err(_) => return None,
                    }
                }
            })
            .boxed();
        Ok(futures::stream::iter(initial).chain(changes).boxed())
    }
}

fn object(name: &str, spec: Value) -> Arc<Object> {
    Arc::new(Object(value!({"metadata": {"namespace": "a", "name": name}, "spec": spec})))
}

fn slice(addresses: &[&str]) -> Arc<Object> {
    let endpoints: Value = addresses.iter().map(|address| value!({"addresses": [*address]})).collect();
    Arc::new(Object(value!({
        "metadata": {"namespace": "a", "name": "db-1", "labels": {"kubernetes.io/service-name": "db"}},
        "addressType": "IPv4",
        "ports": [{"name": "sql", "port": 5432}],
        "endpoints": endpoints,
    })))
}

#[tokio::test]
async fn records_follow_the_api() {
    let listener = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (sender, _) = broadcast::channel(16);
    let namespace = Arc::new(Object(value!({"metadata": {"name": "a"}})));
    let fake = Fake {
        objects: vec![
            ("services", object("web", value!({"clusterIP": "10.43.0.10", "ports": [{"name": "http", "port": 80}]}))),
            ("services", object("db", value!({"clusterIP": "None"}))),
            ("endpointslices", slice(&["10.42.0.1", "10.42.0.2"])),
            ("namespaces", namespace),
        ],
        changes: sender.clone(),
    };
    let config = dns::Config {
        zone: "Cluster.Local.".into(),
        addresses: vec![address],
        resolv_conf: "/nonexistent".into(),
        own_addresses: vec![],
        responder: Responder::Here,
    };
    tokio::spawn(dns::run(Client::new(Arc::new(fake), "dns"), config));
    // Until the lists have come there is no port, and then no answer.
    let first = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(address).await.unwrap();
        let mut buffer = [0; 512];
        if socket.send(&encode_query("web.a.svc.cluster.local", kind::A)).await.is_ok()
            && let Ok(length) = socket.recv(&mut buffer).await
        {
            let reply = read_reply(&buffer[..length]).unwrap();
            if reply.code != 2 {
                break reply;
            }
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(text(&first), "0 10.43.0.10");
    assert_eq!(text(&ask(address, "db.a.svc.cluster.local", kind::A).await), "0 10.42.0.1 10.42.0.2");
    assert_eq!(text(&ask(address, "10-42-0-2.db.a.svc.cluster.local", kind::A).await), "0 10.42.0.2");
    assert_eq!(text(&ask(address, "1-2-3-4.a.pod.cluster.local", kind::A).await), "0 1.2.3.4");
    assert_eq!(text(&ask(address, "1-2-3-4.b.pod.cluster.local", kind::A).await), "3");

    sender.send(("endpointslices", WatchEvent::Modified(slice(&["10.42.0.3"])))).unwrap();
    sender.send(("services", WatchEvent::Deleted(object("web", value!({}))))).unwrap();
    while text(&ask(address, "web.a.svc.cluster.local", kind::A).await) != "3"
        || text(&ask(address, "db.a.svc.cluster.local", kind::A).await) != "0 10.42.0.3"
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn large_answers_come_over_tcp() {
    let names: Vec<(&str, [u8; 4])> = (0..200).map(|number| ("all.a.svc.cluster.local", [10, 0, 0, number])).collect();
    let server = serve(&[], &names).await;
    let short = ask(server, "all.a.svc.cluster.local", kind::A).await;
    assert!(short.truncated);
    let whole = ask_stream(server, "all.a.svc.cluster.local", kind::A).await;
    assert!(!whole.truncated);
    assert_eq!(whole.answers.len(), 200);
}

#[tokio::test]
async fn other_names_are_asked_of_resolvers_and_remembered() {
    // One of our servers plays the resolver, for another zone.
    let resolver = listening("org", &[]);
    let handle = resolver.handle();
    let record = |address: [u8; 4]| vec![("example.org".into(), Some(dns::wire::Data::A(address.into())))];
    handle.set("test", record([1, 1, 1, 1]));
    handle.complete();
    let resolver_address = resolver.addresses()[0];
    tokio::spawn(resolver.serve());
    // The first resolver refuses: its port is closed.
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = serve(&[closed, resolver_address], &[]).await;
    assert_eq!(text(&ask(server, "example.org", kind::A).await), "0 1.1.1.1");
    handle.set("test", record([2, 2, 2, 2]));
    assert_eq!(text(&ask(server, "Example.org", kind::A).await), "0 1.1.1.1", "from the cache");
    assert_eq!(text(&ask(resolver_address, "example.org", kind::A).await), "0 2.2.2.2");
    assert_eq!(text(&ask(server, "none.org", kind::A).await), "3");
    assert_eq!(text(&ask_stream(server, "none.org", kind::A).await), "3");
}

#[tokio::test]
async fn an_external_name_is_followed() {
    let server = listening(ZONE, &[]);
    let handle = server.handle();
    let spec = value!({"type": "ExternalName", "externalName": "example.org"});
    let service = records::Service::read(&object("out", spec));
    handle.set("test", records::service(ZONE, &service, [].iter()));
    handle.complete();
    let address = server.addresses()[0];
    tokio::spawn(server.serve());
    assert_eq!(text(&ask(address, "out.a.svc.cluster.local", kind::A).await), "0 example.org", "nobody to ask");
    assert_eq!(text(&ask(address, "out.a.svc.cluster.local", kind::CNAME).await), "0 example.org");

    let outside = listening("org", &[]);
    outside.handle().set("test", vec![("example.org".into(), Some(dns::wire::Data::A([9, 9, 9, 9].into())))]);
    outside.handle().complete();
    let outside_address = outside.addresses()[0];
    tokio::spawn(outside.serve());
    let server = listening(ZONE, &[outside_address]);
    server.handle().set("test", records::service(ZONE, &service, [].iter()));
    server.handle().complete();
    let address = server.addresses()[0];
    tokio::spawn(server.serve());
    assert_eq!(text(&ask(address, "out.a.svc.cluster.local", kind::A).await), "0 9.9.9.9 example.org");
}

#[tokio::test]
async fn without_resolvers_there_are_no_other_names_and_dead_ones_fail() {
    let server = serve(&[], &[]).await;
    assert_eq!(text(&ask(server, "example.org", kind::A).await), "3");
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = serve(&[closed], &[]).await;
    assert_eq!(text(&ask(server, "example.org", kind::A).await), "2");
}

#[tokio::test]
async fn a_resolver_that_asks_us_is_left_out() {
    // A resolver that sends every question on to the server that asks it.
    let resolver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver_address = resolver.local_addr().unwrap();
    let server = serve(&[resolver_address], &[]).await;
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        let onward = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        loop {
            let (length, client) = resolver.recv_from(&mut buffer).await.unwrap();
            onward.send_to(&buffer[..length], server).await.unwrap();
            let length = onward.recv(&mut buffer).await.unwrap();
            resolver.send_to(&buffer[..length], client).await.unwrap();
        }
    });
    // Once the loop is noticed there is nobody to ask.
    while text(&ask(server, "example.org", kind::A).await) != "3" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn strange_questions_get_an_answer_too() {
    let server = serve(&[], &[]).await;
    let mut chaos = encode_query("version.bind", 16);
    let class = chaos.len() - 12;
    chaos[class] = 3;
    assert_eq!(ask_bytes(server, &chaos).await[3] & 15, 5, "refused");
    let mut newer = encode_query("a.cluster.local", kind::A);
    let version = newer.len() - 5;
    newer[version] = 1;
    let answer = ask_bytes(server, &newer).await;
    assert_eq!(answer[answer.len() - 6], 1, "BADVERS is 16: its upper bits stand in the EDNS record");
    assert_eq!(ask_bytes(server, &newer[..20]).await[3] & 15, 1, "malformed");
}
