//! The network with real namespaces, links and connections. Needs root; every namespace is private to its
//! test and ends with it, so that nothing is left behind.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    thread,
    time::Duration,
};

use network::{
    Attachment, Config, HostPort, NetworkNamespace, NodeNetwork, Overlay, Peer, Transport, conntrack::ConntrackSocket,
    nftables::Family, rtnetlink::RouteSocket,
};

/// How long a connection may take before a test calls it failed; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(5);

/// A node in a namespace of its own, with a second one that stands for the world outside.
struct Machine {
    namespace: NetworkNamespace,
    network: NodeNetwork,
    _folder: tempfile::TempDir,
}

fn config(folder: &tempfile::TempDir, number: u8, addresses: &[&str]) -> Config {
    Config {
        state_file: folder.path().join("addresses.json"),
        pod_ranges: vec![format!("10.42.{number}.0/24").parse().unwrap()],
        cluster_ranges: vec!["10.42.0.0/16".parse().unwrap()],
        service_ranges: vec!["10.43.0.0/16".parse().unwrap()],
        node_addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        mtu_bytes: None,
        overlay: Overlay::Auto,
    }
}

/// Gives `namespace` a link `name` to `other`, with an address on either side.
fn wire(namespace: &NetworkNamespace, name: &str, address: &str, other: &NetworkNamespace, other_address: &str) {
    network::rtnetlink::wire(
        namespace,
        (name, address.parse().unwrap()),
        other,
        (name, other_address.parse().unwrap()),
    )
    .unwrap();
}

impl Machine {
    fn new(number: u8, uplink: Option<(&NetworkNamespace, &str, &str)>) -> Machine {
        let namespace = NetworkNamespace::create().unwrap();
        let mut addresses = Vec::new();
        if let Some((outside, address, outside_address)) = uplink {
            wire(&namespace, &format!("up{number}"), address, outside, outside_address);
            addresses.push(address.split('/').next().unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder, number, &addresses);
        let network = namespace.run(|| NodeNetwork::open(config)).unwrap().unwrap();
        Machine { namespace, network, _folder: folder }
    }

    fn pod_with(&self, sandbox: &str, host_ports: &[HostPort]) -> Pod {
        let namespace = NetworkNamespace::create().unwrap();
        let attachment =
            Attachment { sandbox: sandbox.into(), namespace: namespace.path(), host_ports: host_ports.to_vec() };
        let addresses = self.namespace.run(|| self.network.attach(&attachment)).unwrap().unwrap();
        Pod { namespace, address: addresses[0] }
    }

    fn pod(&self, sandbox: &str) -> Pod {
        self.pod_with(sandbox, &[])
    }

    fn links(&self) -> Vec<String> {
        let links = self.namespace.run(|| RouteSocket::open().unwrap().links().unwrap()).unwrap();
        links.into_iter().map(|link| link.name).collect()
    }
}

struct Pod {
    namespace: NetworkNamespace,
    address: IpAddr,
}

#[test]
fn pods_have_addresses_of_both_families() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder, 1, &[]);
    config.pod_ranges.push("fd00:42:1::/64".parse().unwrap());
    config.cluster_ranges.push("fd00:42::/32".parse().unwrap());
    let namespace = NetworkNamespace::create().unwrap();
    let network = namespace.run(|| NodeNetwork::open(config)).unwrap().unwrap();
    let machine = Machine { namespace, network, _folder: folder };
    let (one, two) = (machine.pod("one"), machine.pod("two"));
    let addresses = machine.network.addresses("two").unwrap();
    assert_eq!(addresses[1].to_string(), "fd00:42:1::3");
    let listener = two.namespace.run(|| TcpListener::bind((addresses[1], 80)).unwrap()).unwrap();
    let server = SocketAddr::new(addresses[1], 80);
    let stream = one.namespace.run(|| TcpStream::connect_timeout(&server, PATIENCE).unwrap()).unwrap();
    let (_, client) = listener.accept().unwrap();
    assert_eq!(client.ip(), machine.network.addresses("one").unwrap()[1]);
    drop(stream);
}

/// Serves TCP in `namespace`: every client is told the address that it is seen with.
fn serve(namespace: &NetworkNamespace, port: u16) -> thread::JoinHandle<()> {
    let listener = namespace.run(|| TcpListener::bind(("0.0.0.0", port)).unwrap()).unwrap();
    thread::spawn(move || {
        while let Ok((mut stream, peer)) = listener.accept() {
            if peer.port() == 0 || stream.write_all(peer.ip().to_string().as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// Connects from `namespace` and returns the address that the server saw.
fn seen_by(namespace: &NetworkNamespace, server: impl Into<IpAddr>, port: u16) -> Result<String, ErrorKind> {
    let server = SocketAddr::new(server.into(), port);
    namespace
        .run(|| {
            let mut stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(|error| error.kind())?;
            let mut text = String::new();
            stream.read_to_string(&mut text).map_err(|error| error.kind())?;
            Ok(text)
        })
        .unwrap()
}

#[test]
fn pods_reach_each_other_and_the_node() {
    let outside = NetworkNamespace::create().unwrap();
    let machine = Machine::new(1, Some((&outside, "192.0.2.1/24", "192.0.2.2/24")));
    let (one, two) = (machine.pod("one"), machine.pod("two"));
    serve(&two.namespace, 80);
    assert_eq!(seen_by(&one.namespace, two.address, 80).unwrap(), one.address.to_string());
    assert_eq!(seen_by(&machine.namespace, two.address, 80).unwrap(), "192.0.2.1");
    serve(&machine.namespace, 81);
    assert_eq!(seen_by(&one.namespace, [192, 0, 2, 1], 81).unwrap(), one.address.to_string());
    assert_eq!(
        seen_by(&one.namespace, [127, 0, 0, 1], 80).unwrap_err(),
        ErrorKind::ConnectionRefused,
        "loopback is up"
    );
}

#[test]
fn a_pod_leaves_the_cluster_under_the_nodes_address() {
    let outside = NetworkNamespace::create().unwrap();
    let machine = Machine::new(1, Some((&outside, "192.0.2.1/24", "192.0.2.2/24")));
    let pod = machine.pod("one");
    serve(&outside, 80);
    assert_eq!(seen_by(&pod.namespace, [192, 0, 2, 2], 80).unwrap(), "192.0.2.1");
}

const PORT: HostPort = HostPort { host_address: None, host_port: 8080, container_port: 80, protocol: Transport::Tcp };

#[test]
fn attaching_and_detaching_may_be_repeated() {
    let machine = Machine::new(1, None);
    let before = machine.links();
    let pod = machine.pod("one");
    let again = NetworkNamespace::create().unwrap();
    let attachment = Attachment { sandbox: "one".into(), namespace: again.path(), host_ports: vec![] };
    let addresses = machine.namespace.run(|| machine.network.attach(&attachment)).unwrap().unwrap();
    assert_eq!(addresses, [pod.address]);
    for _ in 0..2 {
        machine.namespace.run(|| machine.network.detach("one")).unwrap().unwrap();
        assert_eq!(machine.links(), before);
        assert_eq!(machine.network.addresses("one"), None);
    }
    let other = machine.pod("two");
    assert_ne!(other.address, pod.address, "a released address is not given again while others are free");
}

#[test]
fn many_are_detached_together() {
    let machine = Machine::new(1, None);
    let before = machine.links();
    let names: Vec<String> = (0..12).map(|number| format!("pod-{number}")).collect();
    let _pods: Vec<Pod> = names.iter().map(|name| machine.pod(name)).collect();
    let kept = machine.pod("kept");
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| machine.namespace.run(|| machine.network.detach(name)).unwrap().unwrap());
        }
    });
    assert_eq!(machine.network.sandboxes(), ["kept"]);
    assert_eq!(machine.links().len(), before.len() + 1, "{:?}", machine.links());
    drop(kept);
}

#[test]
fn a_failed_attachment_leaves_nothing() {
    let machine = Machine::new(1, None);
    let before = machine.links();
    let attachment =
        Attachment { sandbox: "one".into(), namespace: PathBuf::from("/nonexistent"), host_ports: vec![PORT] };
    let error = machine.namespace.run(|| machine.network.attach(&attachment)).unwrap().unwrap_err();
    assert!(error.to_string().starts_with("sandbox one: cannot open network namespace /nonexistent"), "{error}");
    assert_eq!(machine.links(), before);
    assert_eq!(machine.network.sandboxes(), Vec::<String>::new());
}

#[test]
fn host_ports_lead_to_pods_and_survive_a_restart() {
    let outside = NetworkNamespace::create().unwrap();
    let mut machine = Machine::new(1, Some((&outside, "192.0.2.1/24", "192.0.2.2/24")));
    let pod = machine.pod_with("one", &[PORT]);
    serve(&pod.namespace, 80);
    let check = |machine: &Machine| {
        assert_eq!(seen_by(&outside, [192, 0, 2, 1], 8080).unwrap(), "192.0.2.2");
        assert_eq!(seen_by(&machine.namespace, [192, 0, 2, 1], 8080).unwrap(), "192.0.2.1");
        assert!(seen_by(&machine.namespace, [127, 0, 0, 1], 8080).is_ok());
        assert!(seen_by(&pod.namespace, [192, 0, 2, 1], 8080).is_ok(), "a pod reaches itself through the node");
    };
    check(&machine);
    let config = machine.network.config().clone();
    machine.network = machine.namespace.run(|| NodeNetwork::open(config)).unwrap().unwrap();
    check(&machine);

    let attachment = Attachment { sandbox: "two".into(), namespace: pod.namespace.path(), host_ports: vec![PORT] };
    let error = machine.namespace.run(|| machine.network.attach(&attachment)).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "sandbox two: host port 8080/TCP is used by sandbox one");
    machine.namespace.run(|| machine.network.detach("one")).unwrap().unwrap();
    assert_eq!(seen_by(&outside, [192, 0, 2, 1], 8080).unwrap_err(), ErrorKind::ConnectionRefused);
}

/// Two nodes with a pod each; `routed` puts a router between them.
fn check_two_nodes(overlay: Overlay, device: bool) {
    let second_uplink = NetworkNamespace::create().unwrap();
    let first = Machine::new(1, Some((&second_uplink, "192.0.2.1/24", "192.0.2.2/24")));
    let folder = tempfile::tempdir().unwrap();
    let config = Config { overlay, ..config(&folder, 2, &["192.0.2.2"]) };
    let network = second_uplink.run(|| NodeNetwork::open(config)).unwrap().unwrap();
    let second = Machine { namespace: second_uplink, network, _folder: folder };
    let first = Machine {
        network: first
            .namespace
            .run(|| NodeNetwork::open(Config { overlay, ..first.network.config().clone() }))
            .unwrap()
            .unwrap(),
        ..first
    };
    let peer = |machine: &Machine| Peer {
        name: "peer".into(),
        addresses: machine.network.config().node_addresses.clone(),
        pod_ranges: machine.network.config().pod_ranges.clone(),
    };
    for (machine, other) in [(&first, &second), (&second, &first)] {
        for _ in 0..2 {
            machine.namespace.run(|| machine.network.set_peers(&[peer(other)])).unwrap().unwrap();
        }
        assert_eq!(machine.links().contains(&"sagong.vxlan".to_owned()), device);
    }
    let (one, two) = (first.pod("one"), second.pod("two"));
    serve(&two.namespace, 80);
    assert_eq!(seen_by(&one.namespace, two.address, 80).unwrap(), one.address.to_string());
    assert!(seen_by(&first.namespace, two.address, 80).is_ok(), "the node reaches the other's pod");
    first.namespace.run(|| first.network.set_peers(&[])).unwrap().unwrap();
    assert!(!first.links().contains(&"sagong.vxlan".to_owned()));
    let error = seen_by(&one.namespace, two.address, 80).unwrap_err();
    assert!(matches!(error, ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable), "{error}");
}

#[test]
fn two_nodes_on_one_link_need_no_tunnel() {
    check_two_nodes(Overlay::Auto, false);
}

#[test]
fn two_nodes_speak_through_vxlan() {
    check_two_nodes(Overlay::Always, true);
}

#[test]
fn a_udp_connection_can_be_forgotten() {
    let outside = NetworkNamespace::create().unwrap();
    let machine = Machine::new(1, Some((&outside, "192.0.2.1/24", "192.0.2.2/24")));
    let pod = machine.pod("one");
    let server = outside.run(|| UdpSocket::bind("192.0.2.2:53").unwrap()).unwrap();
    let socket = pod.namespace.run(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(b"x", "192.0.2.2:53").unwrap();
    server.recv(&mut [0; 8]).unwrap();
    let delete = || {
        let mut conntrack = ConntrackSocket::open().unwrap();
        conntrack.delete(Family::Ipv4, Transport::Udp, |connection| connection.original.destination_port == 53).unwrap()
    };
    assert_eq!(machine.namespace.run(delete).unwrap(), 1);
    assert_eq!(machine.namespace.run(delete).unwrap(), 0);
}

#[test]
fn a_firewall_that_drops_is_found() {
    use network::nftables::{Batch, Chain, ChainKind, Hook, NftSocket, Table};
    let namespace = NetworkNamespace::create().unwrap();
    let obstacles = namespace
        .run(|| {
            let mut batch = Batch::new(&Table { family: Family::Ipv4, name: "filter".into() });
            batch.add_table();
            let chain = Chain::base("FORWARD", ChainKind::Filter, Hook::Forward, 0, vec![]);
            batch.add_chain(&chain);
            batch.add_dropping_chain(&Chain { name: "OTHER".into(), ..chain });
            NftSocket::open().unwrap().commit(batch).unwrap();
            network::firewall::forwarding_obstacles().unwrap()
        })
        .unwrap();
    let texts: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].starts_with("chain OTHER of table ip filter drops forwarded packets"), "{}", texts[0]);
}
