use apimachinery::value;
use apiserver::{UserInfo, loopback::Loopback, server::Parts};
use client::{
    Client,
    kinds::{NAMESPACES, SERVICE_CIDRS, SERVICES},
};
use store::{Engine, Priority, Watch};

use super::*;
use crate::{Extensions, Ranges, install};

fn service(name: &str, ports: &[i64]) -> Arc<Object> {
    let ports: Vec<_> = ports.iter().map(|port| value!({"port": *port, "nodePort": *port})).collect();
    Arc::new(Object(value!({"metadata": {"name": name}, "spec": {"ports": ports}})))
}

fn taken(ports: &[u16]) -> TakenPorts {
    let mut taken = TakenPorts::none(&Ranges::default());
    for port in ports {
        taken.take(*port);
    }
    taken
}

#[test]
fn services_have_their_ports_and_what_nobody_has_is_free_in_time() {
    let services =
        [service("a", &[30_001, 30_002]), service("b", &[30_002]), service("c", &[80]), service("d", &[30_004])];
    let now = Instant::now();
    let stored = taken(&[30_001, 30_002, 30_003, 30_005]);
    let known = Suspects::from([(30_003, now - Duration::from_secs(10)), (30_001, now - Duration::from_secs(99))]);
    let verdict = judge(&stored, &services, &known, now, Duration::from_secs(11));
    let said: Vec<(&str, &str)> =
        verdict.warnings.iter().map(|warning| (warning.service.name(), warning.message.as_str())).collect();
    assert_eq!(
        said,
        [
            ("b", "Port 30002 was assigned to multiple services; please recreate service"),
            ("c", "Port 80 is not within the port range 30000-32767; please recreate service"),
            ("d", "Port 30004 is not allocated; repairing"),
        ]
    );
    assert_eq!(verdict.suspects, Suspects::from([(30_003, now - Duration::from_secs(10)), (30_005, now)]));
    assert_eq!(verdict.taken, taken(&[30_001, 30_002, 30_003, 30_004, 30_005]));
    let later =
        judge(&verdict.taken, &services, &verdict.suspects, now + Duration::from_secs(1), Duration::from_secs(11));
    assert_eq!(later.taken, taken(&[30_001, 30_002, 30_004, 30_005]));
    assert_eq!(later.suspects, Suspects::from([(30_005, now)]));
}

/// A server, and how it takes ports.
struct Place {
    engine: Arc<dyn Engine>,
    server: Arc<Server>,
    allocators: Arc<ServiceAllocators>,
    client: Client,
}

/// One of the servers on a store.
async fn server_on(engine: &Arc<dyn Engine>, ranges: Ranges) -> Place {
    let server = Server::new(Parts {
        engine: engine.clone(),
        admission: Vec::new(),
        authorizers: vec![Arc::new(apiserver::authorization::PrivilegedGroup)],
        authenticators: Vec::new(),
    });
    tokio::spawn(server.registry().clone().follow());
    let allocators = ServiceAllocators::new(ranges, engine.clone());
    install(&server, &Extensions::default(), &allocators).await.unwrap();
    let client = Loopback::client(&server, UserInfo::new("admin", &["system:masters"]), "test");
    Place { engine: engine.clone(), server, allocators, client }
}

impl Place {
    async fn take(&self, port: u16) -> bool {
        let ports = &self.allocators.node_ports;
        ports.change(&self.server, Priority::Normal, |taken| Ok(taken.take(port))).await.unwrap()
    }

    async fn taken(&self) -> TakenPorts {
        self.allocators.node_ports.read(&self.server).await.unwrap().taken
    }

    fn repair(&self) -> PortRepair {
        let (interval, grace) = (Duration::from_millis(1), Duration::from_millis(50));
        let events = EventRecorder::new(self.client.clone(), "test", "");
        let services_changed = Arc::new(Notify::new());
        let of_server = PortRepair::new(self.server.clone(), self.allocators.clone(), events, services_changed);
        PortRepair { interval, grace, ..of_server }
    }

    fn watch(&self) -> Watch {
        self.engine
            .watch("/registry/ranges/".into(), "/registry/ranges0".into(), self.engine.current_revision())
            .unwrap()
    }

    /// Waits until the range has changed to this.
    async fn until(&self, watch: &mut Watch, wanted: &[u16]) {
        while self.taken().await != taken(wanted) {
            watch.next().await.unwrap();
        }
    }
}

fn store() -> (tempfile::TempDir, Arc<dyn Engine>) {
    let directory = tempfile::tempdir().unwrap();
    let engine = store::embedded::open(directory.path().join("store"), Default::default()).unwrap();
    (directory, engine)
}

async fn make(place: &Place, name: &str, port: i64) {
    let namespace = value!({"metadata": {"name": "default"}});
    place.client.all(&NAMESPACES).create(Object(namespace)).await.unwrap();
    let addresses = value!({"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.43.0.0/24"]}});
    place.client.all(&SERVICE_CIDRS).create(Object(addresses)).await.unwrap();
    let spec = value!({"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]});
    let made = value!({"metadata": {"name": name}, "spec": spec});
    place.client.namespaced(&SERVICES, "default").create(Object(made)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_ends_between_the_port_and_its_service_leaks_it_until_the_repair() {
    let (_directory, engine) = store();
    let one = server_on(&engine, Ranges::default()).await;
    let mut watch = one.watch();
    assert!(one.take(30_100).await, "and the service is never stored");
    let other = server_on(&engine, Ranges::default()).await;
    let repair = other.repair();
    let repairing = tokio::spawn(async move { repair.run().await });
    one.until(&mut watch, &[]).await;
    // It goes on when all is in step, until something changes.
    assert!(one.take(30_101).await);
    one.until(&mut watch, &[]).await;
    repairing.abort();
}

#[tokio::test]
async fn two_servers_never_give_the_same_port() {
    let (_directory, engine) = store();
    let places = [server_on(&engine, Ranges::default()).await, server_on(&engine, Ranges::default()).await];
    let give = |place: &Place| {
        let (server, allocators) = (place.server.clone(), place.allocators.clone());
        async move {
            let change = |taken: &mut TakenPorts| Ok(taken.take_any());
            allocators.node_ports.change(&server, Priority::Normal, change).await.unwrap().unwrap()
        }
    };
    let all = (0..64).map(|number| tokio::spawn(give(&places[number % 2])));
    let given: BTreeSet<u16> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(given.len(), 64);
    assert!(places[0].taken().await.iter().eq(given.iter().copied()));
    assert!(!places[1].take(*given.first().unwrap()).await);
}

#[tokio::test]
async fn what_services_have_counts_where_no_range_is_stored_or_another() {
    let (_directory, engine) = store();
    let one = server_on(&engine, Ranges::default()).await;
    make(&one, "a", 30_500).await;
    assert!(!one.take(30_500).await);
    // As a store of a release that kept no range.
    let delete = store::Write::Delete { key: node_ports::KEY.into(), expect: store::Expect::Any };
    engine.commit(vec![delete]).await.unwrap();
    assert_eq!(one.taken().await, taken(&[30_500]));
    assert!(!one.take(30_500).await && one.take(30_501).await);
    // A server with another range takes over, and the first one says so.
    let ranges = Ranges { first_node_port: 30_400, last_node_port: 30_600, ..Ranges::default() };
    let other = server_on(&engine, ranges).await;
    let refused = other.allocators.node_ports.read(&other.server).await.err().unwrap();
    assert!(refused.message.ends_with("the provided range does not match the current range"), "{}", refused.message);
    assert_eq!(other.repair().look(&mut Suspects::new()).await.unwrap(), None);
    assert!(other.taken().await.iter().eq([30_500]));
    assert!(one.allocators.node_ports.read(&one.server).await.is_err());
}
