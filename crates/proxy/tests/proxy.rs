//! The proxy with real namespaces and connections. Needs root; every namespace is private to its test and
//! ends with it, so that nothing is left behind.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::Duration,
};

use apimachinery::{Object, Status, Value, value};
use client::{Body, Request, Response, Transport, Verb, WatchEvent, WatchStream};
use futures::StreamExt;
use network::{
    Attachment, NetworkNamespace, NodeNetwork, Overlay,
    nftables::{Batch, Data, Family, NftSocket},
};
use proxy::{ServiceProxy, Summary, chains};

/// How long a connection may take before a test calls it failed; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(5);
const NODE: [u8; 4] = [192, 0, 2, 1];
const SERVICE: [u8; 4] = [10, 43, 0, 10];

/// A node with its proxy, in a namespace of its own, and a second one that stands for the world outside.
struct Machine {
    outside: NetworkNamespace,
    node: NetworkNamespace,
    network: NodeNetwork,
    proxy: ServiceProxy,
    _folder: tempfile::TempDir,
}

struct Pod {
    namespace: NetworkNamespace,
    address: IpAddr,
}

fn proxy_config() -> proxy::Config {
    proxy::Config {
        node_name: "here".into(),
        zone: "z1".into(),
        cluster_ranges: vec!["10.42.0.0/16".parse().unwrap()],
        service_ranges: vec!["10.43.0.0/16".parse().unwrap()],
        node_port_addresses: vec![NODE.into(), [127, 0, 0, 1].into()],
        families: vec![Family::Ipv4],
        sctp: false,
    }
}

impl Machine {
    fn new() -> Machine {
        let (outside, node) = (NetworkNamespace::create().unwrap(), NetworkNamespace::create().unwrap());
        let (near, far) = ("192.0.2.1/24".parse().unwrap(), "192.0.2.2/24".parse().unwrap());
        network::rtnetlink::wire(&node, ("up", near), &outside, ("up", far)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = network::Config {
            state_file: folder.path().join("addresses.json"),
            pod_ranges: vec!["10.42.0.0/24".parse().unwrap()],
            cluster_ranges: vec!["10.42.0.0/16".parse().unwrap()],
            service_ranges: vec!["10.43.0.0/16".parse().unwrap()],
            node_addresses: vec![NODE.into()],
            mtu_bytes: None,
            overlay: Overlay::Auto,
        };
        let network = node.run(|| NodeNetwork::open(config)).unwrap().unwrap();
        let proxy = node.run(|| ServiceProxy::new(proxy_config())).unwrap().unwrap();
        Machine { outside, node, network, proxy, _folder: folder }
    }

    fn pod(&self, sandbox: &str) -> Pod {
        let namespace = NetworkNamespace::create().unwrap();
        let attachment = Attachment { sandbox: sandbox.into(), namespace: namespace.path(), host_ports: vec![] };
        let addresses = self.node.run(|| self.network.attach(&attachment)).unwrap().unwrap();
        Pod { namespace, address: addresses[0] }
    }

    /// A pod that serves its name on TCP port 8080.
    fn server(&self, name: &'static str) -> Pod {
        let pod = self.pod(name);
        let listener = pod.namespace.run(|| TcpListener::bind("0.0.0.0:8080").unwrap()).unwrap();
        thread::spawn(move || {
            while let Ok((mut stream, client)) = listener.accept() {
                let _ = write!(stream, "{name} {}", client.ip());
            }
        });
        pod
    }

    fn set(&mut self, spec: Value, backends: &[&Pod]) -> Summary {
        self.proxy.set_service(&service(spec));
        self.proxy.set_endpoint_slice(&slice(backends));
        self.proxy.sync().unwrap()
    }
}

fn service(spec: Value) -> Object {
    let status = value!({"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}});
    Object(value!({"metadata": {"namespace": "a", "name": "web", "uid": "1"}, "spec": spec, "status": status}))
}

fn slice(backends: &[&Pod]) -> Object {
    let endpoints: Value = backends
        .iter()
        .map(|pod| value!({"addresses": [pod.address.to_string()], "nodeName": "here", "conditions": {"ready": true}}))
        .collect();
    Object(value!({
        "metadata": {"namespace": "a", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 5353, "protocol": "UDP"}],
        "endpoints": endpoints,
    }))
}

fn cluster_ip() -> Value {
    value!({"clusterIP": "10.43.0.10", "ports": [{"port": 80}]})
}

/// Connects from `namespace`; the answer is the server's name and the address that it saw.
fn ask(namespace: &NetworkNamespace, server: [u8; 4], port: u16) -> Result<(String, String), ErrorKind> {
    let server = SocketAddr::from((server, port));
    let talk = || {
        let mut stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(|error| error.kind())?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.kind())?;
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(|error| error.kind())?;
        let (name, client) = text.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        Ok((name.to_owned(), client.to_owned()))
    };
    namespace.run(talk).unwrap()
}

/// The names that answer `times` connections.
fn names(namespace: &NetworkNamespace, server: [u8; 4], port: u16, times: usize) -> BTreeSet<String> {
    (0..times).map(|_| ask(namespace, server, port).unwrap().0).collect()
}

/// So many connections miss one of two backends once in 2^40 runs.
const ENOUGH: usize = 40;

#[test]
fn a_cluster_ip_reaches_all_backends_from_pods_and_from_the_node() {
    let mut machine = Machine::new();
    let (one, two, client) = (machine.server("one"), machine.server("two"), machine.pod("client"));
    machine.set(cluster_ip(), &[&one, &two]);
    let both = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
    assert_eq!(names(&client.namespace, SERVICE, 80, ENOUGH), both);
    assert_eq!(names(&machine.node, SERVICE, 80, ENOUGH), both);
    assert_eq!(names(&one.namespace, SERVICE, 80, ENOUGH), both, "an endpoint reaches itself too");
    assert_eq!(ask(&client.namespace, SERVICE, 80).unwrap().1, client.address.to_string(), "pods are not masqueraded");
}

#[test]
fn what_no_one_serves_is_refused_at_once() {
    let mut machine = Machine::new();
    let (one, client) = (machine.server("one"), machine.pod("client"));
    let spec = value!({"clusterIP": "10.43.0.10", "ports": [
        {"name": "", "port": 80, "nodePort": 30080}, {"name": "dns", "port": 53, "protocol": "UDP"},
    ]});
    machine.set(spec.clone(), &[]);
    let refused = Err(ErrorKind::ConnectionRefused);
    for namespace in [&client.namespace, &machine.node] {
        assert_eq!(ask(namespace, SERVICE, 80), refused);
        assert_eq!(ask(namespace, SERVICE, 81), refused, "a port that the service does not have");
        let socket = namespace.run(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
        socket.connect((IpAddr::from(SERVICE), 53)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let error = socket.send(b"x").and_then(|_| socket.recv(&mut [0; 8])).unwrap_err();
        // On the node itself the system call that sends is what is refused.
        let expected = if std::ptr::eq(namespace, &machine.node) {
            ErrorKind::PermissionDenied
        } else {
            ErrorKind::ConnectionRefused
        };
        assert_eq!(error.kind(), expected);
    }
    assert_eq!(ask(&machine.outside, NODE, 30080), refused);
    machine.set(spec, &[&one]);
    assert!(ask(&client.namespace, SERVICE, 80).is_ok());
    machine.proxy.remove_service("a/web");
    machine.proxy.sync().unwrap();
    assert_eq!(ask(&client.namespace, SERVICE, 80), refused, "an address that no service has");
}

#[test]
fn node_ports_are_served_outside_inside_and_on_loopback() {
    let mut machine = Machine::new();
    let (one, client) = (machine.server("one"), machine.pod("client"));
    machine.set(value!({"clusterIP": "10.43.0.10", "ports": [{"port": 80, "nodePort": 30080}]}), &[&one]);
    assert_eq!(ask(&machine.outside, NODE, 30080).unwrap().0, "one");
    assert_eq!(ask(&client.namespace, NODE, 30080).unwrap().0, "one");
    assert_eq!(ask(&machine.node, NODE, 30080).unwrap().0, "one");
    assert_eq!(ask(&machine.node, [127, 0, 0, 1], 30080).unwrap().0, "one");
}

#[test]
fn external_policy_local_shows_the_client_and_source_ranges_are_kept() {
    let mut machine = Machine::new();
    let (one, client) = (machine.server("one"), machine.pod("client"));
    let spec = |policy: &str, range: &str| {
        value!({
            "type": "LoadBalancer", "clusterIP": "10.43.0.10", "externalTrafficPolicy": policy,
            "loadBalancerSourceRanges": [range, "10.42.0.0/16"],
            "ports": [{"port": 80, "nodePort": 30080}],
        })
    };
    machine.set(spec("Cluster", "192.0.2.0/24"), &[&one]);
    assert_ne!(ask(&machine.outside, NODE, 30080).unwrap().1, "192.0.2.2");
    machine.set(spec("Local", "192.0.2.0/24"), &[&one]);
    assert_eq!(ask(&machine.outside, NODE, 30080).unwrap().1, "192.0.2.2");
    // The world outside knows the way to the load balancer's address over this node.
    let route = || {
        let mut socket = network::rtnetlink::RouteSocket::open().unwrap();
        let link = socket.link("up").unwrap().unwrap().index;
        let route = network::rtnetlink::Route::over("198.51.100.1/32".parse().unwrap(), link, 4);
        socket.set_route(&network::rtnetlink::Route { gateway: Some(NODE.into()), ..route }).unwrap();
    };
    machine.outside.run(route).unwrap();
    let balancer = [198, 51, 100, 1];
    assert_eq!(ask(&machine.outside, balancer, 80).unwrap().1, "192.0.2.2");
    assert_eq!(ask(&client.namespace, balancer, 80).unwrap().1, client.address.to_string());
    machine.set(spec("Local", "203.0.113.0/24"), &[&one]);
    let connect = || TcpStream::connect_timeout(&SocketAddr::from((balancer, 80)), Duration::from_millis(300));
    let error = machine.outside.run(connect).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "other sources are dropped");
    assert!(ask(&client.namespace, balancer, 80).is_ok());
}

#[test]
fn a_client_stays_with_its_endpoint_while_that_lives() {
    let mut machine = Machine::new();
    let (one, two, client) = (machine.server("one"), machine.server("two"), machine.pod("client"));
    let spec = || value!({"clusterIP": "10.43.0.10", "sessionAffinity": "ClientIP", "ports": [{"port": 80}]});
    machine.set(spec(), &[&one, &two]);
    let first = names(&client.namespace, SERVICE, 80, ENOUGH);
    assert_eq!(first.len(), 1, "{first:?}");
    let others: Vec<&Pod> = if first.contains("one") { vec![&two] } else { vec![&one] };
    machine.set(spec(), &others);
    let second = names(&client.namespace, SERVICE, 80, 3);
    assert!(second.len() == 1 && second.is_disjoint(&first), "{first:?} {second:?}");
    machine.set(spec(), &[&one, &two]);
    assert_eq!(names(&client.namespace, SERVICE, 80, ENOUGH), second);
    machine.proxy = machine.node.run(|| ServiceProxy::new(proxy_config())).unwrap().unwrap();
    assert!(machine.set(spec(), &[&one, &two]).rebuilt);
    assert_eq!(names(&client.namespace, SERVICE, 80, ENOUGH), second, "a restart forgets nobody");
}

#[test]
fn endpoints_may_be_the_node_itself_and_others_outside() {
    let mut machine = Machine::new();
    let client = machine.pod("client");
    for (namespace, address) in [(&machine.node, NODE), (&machine.outside, [192, 0, 2, 2])] {
        let listener = namespace.run(|| TcpListener::bind((IpAddr::from(address), 8080)).unwrap()).unwrap();
        machine.proxy.set_service(&service(cluster_ip()));
        let object = value!({
            "metadata": {"namespace": "a", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "ports": [{"name": "", "port": 8080}],
            "endpoints": [{"addresses": [IpAddr::from(address).to_string()]}],
        });
        machine.proxy.set_endpoint_slice(&Object(object));
        machine.proxy.sync().unwrap();
        for from in [&client.namespace, &machine.node] {
            let server = SocketAddr::from((SERVICE, 80));
            let _stream = from.run(|| TcpStream::connect_timeout(&server, PATIENCE).unwrap()).unwrap();
            listener.accept().unwrap();
        }
    }
}

#[test]
fn a_udp_client_is_sent_on_when_its_endpoint_goes() {
    let mut machine = Machine::new();
    let (one, two, client) = (machine.pod("one"), machine.pod("two"), machine.pod("client"));
    let bind = |pod: &Pod| {
        let socket = pod.namespace.run(|| UdpSocket::bind("0.0.0.0:5353").unwrap()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    };
    let (first, second) = (bind(&one), bind(&two));
    let spec = || value!({"clusterIP": "10.43.0.10", "ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]});
    machine.set(spec(), &[&one]);
    let socket = client.namespace.run(|| UdpSocket::bind("0.0.0.0:4000").unwrap()).unwrap();
    let service = (IpAddr::from(SERVICE), 53);
    socket.send_to(b"1", service).unwrap();
    first.recv(&mut [0; 8]).unwrap();
    let summary = machine.set(spec(), &[&two]);
    assert_eq!(summary.connections_forgotten, 1);
    socket.send_to(b"2", service).unwrap();
    second.recv(&mut [0; 8]).unwrap();
}

#[test]
fn a_change_is_as_large_as_it_is_and_a_foreign_hand_is_mended() {
    let mut machine = Machine::new();
    let (one, two, client) = (machine.server("one"), machine.server("two"), machine.pod("client"));
    for number in 0..1000u32 {
        let name = format!("many-{number}");
        let address = format!("10.43.{}.{}", 1 + number / 250, number % 250);
        machine.proxy.set_service(&Object(value!({
            "metadata": {"namespace": "a", "name": name},
            "spec": {"clusterIP": address, "ports": [{"port": 80}]},
        })));
    }
    assert!(machine.set(cluster_ip(), &[&one]).rebuilt);
    let summary = machine.set(cluster_ip(), &[&one, &two]);
    // One endpoint, its hairpin element, and the count in the service's own element (out and in).
    assert_eq!(summary, Summary { elements_changed: 4, ..Summary::default() });
    assert_eq!(machine.set(cluster_ip(), &[&one, &two]), Summary::default());

    let elements = machine
        .node
        .run(|| NftSocket::open().unwrap().elements(&chains::table(Family::Ipv4), &chains::SERVICES).unwrap());
    let texts: Vec<String> =
        elements.unwrap().iter().map(|(key, data)| format!("{} : {data}", network::nftables::join(key))).collect();
    assert_eq!(texts, ["10.43.0.10 . tcp . 80 : goto cluster-2"]);

    let remove = || {
        let mut batch = Batch::new(&chains::table(Family::Ipv4));
        batch.delete_table();
        NftSocket::open().unwrap().commit(batch).unwrap();
    };
    machine.node.run(remove).unwrap();
    assert!(machine.set(cluster_ip(), &[&one]).rebuilt);
    assert_eq!(names(&client.namespace, SERVICE, 80, 3).len(), 1);
}

#[test]
fn the_second_owner_of_an_address_waits_and_is_told() {
    let mut machine = Machine::new();
    let (one, two) = (machine.server("one"), machine.server("two"));
    for (name, pod) in [("first", &one), ("second", &two)] {
        let spec = value!({
            "clusterIP": format!("10.43.0.{}", name.len()), "externalIPs": ["192.0.2.1"], "ports": [{"port": 80}],
            "sessionAffinity": if name == "first" { "ClientIP" } else { "None" },
        });
        let mut service = service(spec);
        service.set(&["metadata", "name"], name);
        machine.proxy.set_service(&service);
        let mut slice = slice(&[pod]);
        slice.set(&["metadata", "name"], name);
        slice.set(&["metadata", "labels"], value!({"kubernetes.io/service-name": name}));
        machine.proxy.set_endpoint_slice(&slice);
    }
    let summary = machine.proxy.sync().unwrap();
    let [(service, notice)] = &summary.notices[..] else { panic!("{summary:?}") };
    assert_eq!((service.name.as_str(), notice.reason), ("second", "AddressConflict"));
    assert_eq!(ask(&machine.outside, NODE, 80).unwrap().0, "one");
    machine.proxy.remove_service("a/first");
    machine.proxy.sync().unwrap();
    assert_eq!(ask(&machine.outside, NODE, 80).unwrap().0, "two");
}

#[test]
fn a_service_has_addresses_of_both_families() {
    let node = NetworkNamespace::create().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ranges = |texts: [&str; 2]| texts.map(|text| text.parse().unwrap()).to_vec();
    let config = network::Config {
        state_file: folder.path().join("addresses.json"),
        pod_ranges: ranges(["10.42.0.0/24", "fd00:42::/64"]),
        cluster_ranges: ranges(["10.42.0.0/16", "fd00:42::/32"]),
        service_ranges: vec![],
        node_addresses: vec![],
        mtu_bytes: None,
        overlay: Overlay::Auto,
    };
    let cluster_ranges = config.cluster_ranges.clone();
    let network = node.run(|| NodeNetwork::open(config)).unwrap().unwrap();
    let families = vec![Family::Ipv4, Family::Ipv6];
    let config = proxy::Config { cluster_ranges, families, ..proxy_config() };
    let mut proxy = node.run(|| ServiceProxy::new(config)).unwrap().unwrap();
    let attach = |sandbox: &str| {
        let namespace = NetworkNamespace::create().unwrap();
        let attachment = Attachment { sandbox: sandbox.into(), namespace: namespace.path(), host_ports: vec![] };
        let addresses = node.run(|| network.attach(&attachment)).unwrap().unwrap();
        (namespace, addresses[1])
    };
    let ((server, address), (client, client_address)) = (attach("server"), attach("client"));
    let listener = server.run(|| TcpListener::bind((address, 8080)).unwrap()).unwrap();
    let spec = |affinity: &str| {
        let addresses = value!(["10.43.0.10", "fd00:43::10"]);
        service(value!({"clusterIPs": addresses, "ports": [{"port": 80}], "sessionAffinity": affinity}))
    };
    let frontend: SocketAddr = "[fd00:43::10]:80".parse().unwrap();
    let connect =
        || client.run(|| TcpStream::connect_timeout(&frontend, PATIENCE).map_err(|error| error.kind())).unwrap();
    proxy.set_service(&spec("None"));
    proxy.sync().unwrap();
    assert_eq!(connect().unwrap_err(), ErrorKind::ConnectionRefused);
    let mut slice = slice(&[&Pod { namespace: server, address }]);
    slice.set(&["addressType"], "IPv6");
    proxy.set_endpoint_slice(&slice);
    for affinity in ["None", "ClientIP", "ClientIP"] {
        proxy.set_service(&spec(affinity));
        proxy.sync().unwrap();
        let _stream = connect().unwrap();
        assert_eq!(listener.accept().unwrap().1.ip(), client_address);
    }
}

/// An API server that has these objects and no others, and records the events that it is sent.
struct Fixed {
    services: Vec<Arc<Object>>,
    slices: Vec<Arc<Object>>,
    events: tokio::sync::mpsc::UnboundedSender<Arc<Object>>,
}

#[async_trait::async_trait]
impl Transport for Fixed {
    async fn call(&self, request: Request) -> Result<Response, Status> {
        match (request.verb, request.body) {
            (Verb::Create, Body::Object(object)) => {
                let _ = self.events.send(object.clone());
                Ok(Response::Object(object))
            }
            _ => Err(Status::internal("not asked for in this test")),
        }
    }

    async fn watch(&self, request: Request, initial_events: bool) -> Result<WatchStream, Status> {
        assert!(initial_events);
        let objects = if request.resource == client::kinds::SERVICES { &self.services } else { &self.slices };
        let end = WatchEvent::Bookmark { resource_version: "1".into(), initial_events_end: true };
        let events: Vec<_> = objects.iter().cloned().map(WatchEvent::Added).chain([end]).map(Ok).collect();
        Ok(futures::stream::iter(events).chain(futures::stream::pending()).boxed())
    }
}

#[test]
fn the_driver_serves_what_it_watches() {
    let machine = Machine::new();
    let (one, pod) = (machine.server("one"), machine.pod("client"));
    let spec = value!({
        "type": "LoadBalancer", "clusterIP": "10.43.0.10", "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 32000, "ports": [{"port": 80}, {"name": "s", "port": 81, "protocol": "SCTP"}],
    });
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let fixed =
        Fixed { services: vec![Arc::new(service(spec))], slices: vec![Arc::new(slice(&[&one]))], events: sender };
    let client = client::Client::new(Arc::new(fixed), "kube-proxy");
    let body = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let driver = tokio::spawn(proxy::run(client, proxy_config()));
            // The event is sent when the rules are in place.
            let event = events.recv().await.unwrap();
            assert_eq!(event.str_at(&["reason"]), Some("SCTPNotSupported"));
            assert_eq!(event.str_at(&["involvedObject", "name"]), Some("web"));
            let answer = ask(&pod.namespace, SERVICE, 80).unwrap();
            assert_eq!(answer.0, "one");
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = loop {
                match tokio::net::TcpStream::connect("127.0.0.1:32000").await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
            let expected =
                r#"{"localEndpoints":1,"service":{"name":"web","namespace":"a"},"serviceProxyHealthy":true}"#;
            assert!(text.ends_with(expected), "{text}");
            driver.abort();
        });
    };
    machine.node.run(body).unwrap();
}

#[test]
fn elements_are_read_back_as_they_were_written() {
    let mut machine = Machine::new();
    let one = machine.server("one");
    machine.set(cluster_ip(), &[&one]);
    let elements = machine
        .node
        .run(|| NftSocket::open().unwrap().elements(&chains::table(Family::Ipv4), &chains::ENDPOINTS).unwrap())
        .unwrap();
    let planned = &machine.proxy.plan("a/web").unwrap().ipv4.elements;
    assert_eq!(elements.len(), 1);
    for (key, data) in elements {
        assert!(matches!(data, Data::Values(_)));
        assert_eq!(planned.get(&(chains::ENDPOINTS.name, key)), Some(&data));
    }
}
