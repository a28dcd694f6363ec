use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::{protocol::*, *};
use crate::{
    driver::Update,
    link::{self, Link, Parted},
    wire::{Data, encode_query, kind, read_reply},
};

/// A feeder that says what a test wants said.
struct Line(UnixStream);

impl Line {
    /// With a responder of its own.
    fn start() -> Line {
        let (own, theirs) = UnixStream::pair().unwrap();
        tokio::spawn(run(theirs));
        Line(own)
    }

    async fn order(&mut self, order: Order) -> Reply {
        send(&mut self.0, &order).await.unwrap();
        receive(&mut self.0).await.unwrap().unwrap()
    }

    async fn set(&mut self, owner: &str, name: &str, address: [u8; 4]) {
        let contributions = vec![(name.into(), Some(Data::A(address.into())))];
        send(&mut self.0, &Order::Set { owner: owner.to_owned(), contributions }).await.unwrap();
    }
}

fn free_address() -> SocketAddr {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn settings(address: SocketAddr) -> Settings {
    Settings { zone: "cluster.local".to_owned(), addresses: vec![address], resolvers: vec![] }
}

async fn answer(server: SocketAddr, name: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&encode_query(name, kind::A), server).await.unwrap();
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer).await.unwrap();
    let reply = read_reply(&buffer[..length]).unwrap();
    let addresses: Vec<String> = reply.answers.iter().map(|answer| answer.value.clone().unwrap().to_string()).collect();
    format!("{} {}", reply.code, addresses.join(" "))
}

const ONE: &str = "one.a.svc.cluster.local";
const TWO: &str = "two.a.svc.cluster.local";

/// A responder that is found at a socket, and has two names.
async fn fed(directory: &tempfile::TempDir, address: SocketAddr) -> (Line, link::Responder) {
    let socket = directory.path().join("dns.sock");
    let mut line = Line::start();
    let begin = Order::Begin { settings: settings(address), socket: Some(socket.clone()), cgroup_procs: vec![] };
    assert_eq!(line.order(begin).await, Reply::Done);
    assert_eq!(line.order(Order::Listen { beside: false }).await, Reply::Done);
    line.set("service a/one", ONE, [10, 0, 0, 1]).await;
    line.set("service a/two", TWO, [10, 0, 0, 2]).await;
    assert_eq!(answer(address, ONE).await, "2 ");
    assert_eq!(line.order(Order::Complete).await, Reply::Done);
    (line, link::Responder::Process { executable: "/nonexistent".into(), socket, cgroup_procs: vec![] })
}

#[tokio::test]
async fn it_answers_without_a_feeder_and_forgets_what_the_next_does_not_name() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let (line, place) = fed(&directory, address).await;
    drop(line);
    assert_eq!(answer(address, ONE).await, "0 10.0.0.1");

    let mut link = Link::open(&place, &settings(address)).await.unwrap();
    let update = Update::Set("service a/one".to_owned(), vec![(ONE.into(), Some(Data::A([10, 0, 0, 3].into())))]);
    link.send([update]).await.unwrap_or_else(|_| panic!("parted"));
    while answer(address, ONE).await != "0 10.0.0.3" {}
    // As long as not all is said again, what was said before holds.
    assert_eq!(answer(address, TWO).await, "0 10.0.0.2");
    link.send([Update::Complete]).await.unwrap_or_else(|_| panic!("parted"));
    assert_eq!(answer(address, TWO).await, "3 ");
}

#[tokio::test]
async fn an_older_feeder_is_not_heard() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let (mut older, place) = fed(&directory, address).await;
    let mut link = Link::open(&place, &settings(address)).await.unwrap();
    let update = Update::Set("service a/one".to_owned(), vec![(ONE.into(), Some(Data::A([10, 0, 0, 3].into())))]);
    link.send([update, Update::Complete]).await.unwrap_or_else(|_| panic!("parted"));
    older.set("service a/one", ONE, [10, 0, 0, 9]).await;
    assert_eq!(older.order(Order::Complete).await, Reply::Done);
    assert_eq!(answer(address, ONE).await, "0 10.0.0.3");
}

#[tokio::test]
async fn a_successor_takes_the_addresses_over() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let (mut first, _) = fed(&directory, address).await;
    let mut second = Line::start();
    let begin = Order::Begin { settings: settings(address), socket: None, cgroup_procs: vec![] };
    assert_eq!(second.order(begin).await, Reply::Done);
    second.set("service a/one", ONE, [10, 0, 0, 5]).await;
    assert_eq!(second.order(Order::Complete).await, Reply::Done);
    // Who does not know of the first must not slip in beside it.
    let other = Server::new("cluster.local", &[]).listen(&[address], Sharing::Alone);
    assert!(other.unwrap_err().to_string().contains("Address already in use"));
    assert_eq!(second.order(Order::Listen { beside: true }).await, Reply::Done);
    assert_eq!(first.order(Order::End).await, Reply::Ended);
    assert!(receive::<Reply>(&mut first.0).await.unwrap().is_none());
    while answer(address, ONE).await != "0 10.0.0.5" {}
}

#[tokio::test]
async fn its_end_is_told_to_who_feeds_it() {
    let (directory, address) = (tempfile::tempdir().unwrap(), free_address());
    let (_line, place) = fed(&directory, address).await;
    let mut link = Link::open(&place, &settings(address)).await.unwrap();
    let link::Responder::Process { socket, .. } = &place else { unreachable!() };
    link::end(socket).await.unwrap();
    assert!(matches!(link.parted().await, Parted::Ended));
    assert!(!socket.exists());
    // Where there is none, there is nothing to end.
    link::end(socket).await.unwrap();
}

#[tokio::test]
async fn bad_addresses_are_told_at_once() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
    let error = Link::open(&link::Responder::Here, &settings(taken.local_addr().unwrap())).await.err().unwrap();
    assert!(error.to_string().contains("DNS cannot listen on 127.0.0.1:"), "{error}");
}

/// Not a test by itself: the process that has the address in the next one.
#[test]
#[ignore = "is run by a_responder_that_nobody_feeds_is_ended"]
fn has_an_address() {
    let address: SocketAddr = std::env::var("SAGONG_TEST_ADDRESS").unwrap().parse().unwrap();
    let _datagrams = std::net::UdpSocket::bind(address).unwrap();
    println!("bound");
    let _ = io::read_to_string(io::stdin());
}

/// A process of this name that has the address, when it has it.
fn process_that_has(address: SocketAddr, name: &str) -> std::process::Child {
    use std::{io::BufRead, os::unix::process::CommandExt, process::Stdio};
    let mut process = std::process::Command::new(std::env::current_exe().unwrap())
        .arg0(name)
        .args(["--ignored", "--exact", "--nocapture", "responder::tests::has_an_address"])
        .env("SAGONG_TEST_ADDRESS", address.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(process.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap().ends_with("bound")), "{name} did not bind {address}");
    process
}

#[tokio::test]
async fn a_responder_that_nobody_feeds_is_ended() {
    let address = free_address();
    let mut old = process_that_has(address, RESPONDER_NAME);
    let mut server = Server::new("cluster.local", &[]);
    listen(&mut server, &[address], Sharing::Alone).unwrap();
    assert_eq!(server.addresses(), [address]);
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(old.wait().unwrap().signal(), Some(15));
}

#[tokio::test]
async fn another_who_has_the_address_is_named_and_left_alone() {
    let address = free_address();
    let mut other = process_that_has(address, "dnsmasq");
    let error = listen(&mut Server::new("cluster.local", &[]), &[address], Sharing::Alone).unwrap_err();
    assert!(error.ends_with(&format!("process {} (dnsmasq) has it", other.id())), "{error}");
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}
