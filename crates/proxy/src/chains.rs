//! The proxy's table: its maps, its fixed chains, and the chains that services share.
//!
//! The way of a packet to a service:
//! 1. `before-translation` (filter): source ranges of load balancers, and services without endpoints, which
//!    are refused at once;
//! 2. `services` (nat, first packet of a connection alone): a map leads to the chain for the number of
//!    endpoints, and that chain picks one by a random number, or the one that the client had before;
//! 3. `after-translation` (filter): what still goes to a service's address has no such port, and is refused;
//! 4. `masquerade` (nat): connections whose answers would not come back through this node.

use network::{
    Cidr,
    nftables::{Chain, ChainKind, Family, Field, Hook, Name, Set, Statement, Table, Type, Verdict},
};

/// The mark of packets that are to be masqueraded; upstream's bit.
pub const MASQUERADE_MARK: u32 = 0x4000;

const FRONTEND: &[Type] = &[Type::Address, Type::Protocol, Type::Port];
const FRONTEND_AND_NUMBER: &[Type] = &[Type::Address, Type::Protocol, Type::Port, Type::Number];
const CLIENT_AND_FRONTEND: &[Type] = &[Type::Address, Type::Address, Type::Protocol, Type::Port];
const BACKEND: &[Type] = &[Type::Address, Type::Port];
/// Clients that are remembered at most, per address family.
const AFFINITY_LIMIT: u32 = 262_144;

/// From a service's address to the chain that picks an endpoint. A node port has the address of zeros.
pub const SERVICES: Set = Set::verdicts("services", FRONTEND);
/// The same for clients inside the cluster, where clients outside get endpoints of this node alone.
pub const INSIDE_SERVICES: Set = Set::verdicts("inside-services", FRONTEND);
/// The same for clients outside.
pub const LOCAL_SERVICES: Set = Set::verdicts("local-services", FRONTEND);
/// From a service's address and a number to an endpoint.
pub const ENDPOINTS: Set = Set::values("endpoints", FRONTEND_AND_NUMBER, BACKEND);
/// The same with the endpoints of this node alone.
pub const LOCAL_ENDPOINTS: Set = Set::values("local-endpoints", FRONTEND_AND_NUMBER, BACKEND);
/// Services without endpoints.
pub const REFUSED: Set = Set::verdicts("refused", FRONTEND);
/// Addresses of load balancers that not everybody may use.
pub const FIREWALLS: Set = Set::verdicts("firewalls", FRONTEND);
/// Addresses of services.
pub const CLUSTER_ADDRESSES: Set = Set::of("cluster-addresses", &[Type::Address]);
/// Addresses of this node at which node ports are served.
pub const NODE_PORT_ADDRESSES: Set = Set::of("node-port-addresses", &[Type::Address]);
/// Endpoints of this node, twice: one that reaches itself through a service must not see its own address.
pub const HAIRPIN: Set = Set::of("hairpin", &[Type::Address, Type::Address]);
/// Which endpoint a client had, for services with session affinity.
pub const AFFINITY: Set = Set::values("affinity", CLIENT_AND_FRONTEND, BACKEND).dynamic(AFFINITY_LIMIT);

/// All sets and maps.
pub const SETS: &[Set] = &[
    SERVICES,
    INSIDE_SERVICES,
    LOCAL_SERVICES,
    ENDPOINTS,
    LOCAL_ENDPOINTS,
    REFUSED,
    FIREWALLS,
    CLUSTER_ADDRESSES,
    NODE_PORT_ADDRESSES,
    HAIRPIN,
    AFFINITY,
];

/// The proxy's table.
pub fn table(family: Family) -> Table {
    Table { family, name: "sagong-proxy".into() }
}

/// How a connection that is sent to an endpoint looks to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// To a service's own address: masqueraded unless it comes from a pod.
    Cluster,
    /// From outside to any node's endpoints: masqueraded, so that answers come back this way.
    External,
    /// From inside to an address for outside: the client stays visible.
    Inside,
    /// From outside to an endpoint of this node: the client stays visible.
    Local,
}

/// A chain that exists while some service needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChainKey {
    /// Picks one of several endpoints.
    Pick {
        /// How.
        mode: Mode,
        /// Whether the service is looked up by node port.
        node_port: bool,
        /// Of how many.
        count: u32,
        /// How long a client keeps its endpoint; `None` for no time at all.
        affinity_seconds: Option<u32>,
    },
    /// Lets sources pass.
    Firewall {
        /// `namespace/name` of the service.
        service: String,
        /// Who passes.
        ranges: Vec<Cidr>,
    },
}

impl ChainKey {
    /// The chain's name.
    pub fn name(&self) -> Name {
        match self {
            ChainKey::Pick { mode, node_port, count, affinity_seconds } => {
                let mode = match mode {
                    Mode::Cluster => "cluster",
                    Mode::External => "external",
                    Mode::Inside => "inside",
                    Mode::Local => "local",
                };
                let prefix = if *node_port { "node-port-" } else { "" };
                let suffix = affinity_seconds.map(|seconds| format!("-affinity-{seconds}")).unwrap_or_default();
                format!("{prefix}{mode}-{count}{suffix}").into()
            }
            ChainKey::Firewall { service, ranges } => {
                // Other ranges, another chain: a chain's rules never change while it is in use.
                let ranges: Vec<String> = ranges.iter().map(Cidr::to_string).collect();
                format!("firewall-{service}-{}", ranges.join("-")).chars().take(200).collect::<String>().into()
            }
        }
    }

    /// The chain.
    pub fn chain(&self, family: Family, cluster_ranges: &[Cidr]) -> Chain {
        let rules = match self {
            ChainKey::Pick { mode, node_port, count, affinity_seconds } => {
                pick_rules(family, cluster_ranges, *mode, *node_port, *count, *affinity_seconds)
            }
            ChainKey::Firewall { ranges, .. } => {
                let mut rules: Vec<Vec<Statement>> = of_family(ranges, family)
                    .map(|range| {
                        let within = Statement::Within { field: Field::Source, range, holds: true };
                        vec![within, Statement::Verdict(Verdict::Return)]
                    })
                    .collect();
                rules.push(vec![Statement::Verdict(Verdict::Drop)]);
                rules
            }
        };
        Chain::new(self.name(), rules)
    }
}

fn of_family(ranges: &[Cidr], family: Family) -> impl Iterator<Item = Cidr> {
    ranges.iter().copied().filter(move |range| Family::of(range.address) == family)
}

/// The fields by which a service is found.
fn frontend(node_port: bool) -> Vec<Field> {
    let address = if node_port { Field::Unspecified } else { Field::Destination };
    vec![address, Field::Protocol, Field::DestinationPort]
}

fn pick_rules(
    family: Family,
    cluster_ranges: &[Cidr],
    mode: Mode,
    node_port: bool,
    count: u32,
    affinity_seconds: Option<u32>,
) -> Vec<Vec<Statement>> {
    let mut rules = Vec::new();
    match mode {
        Mode::Cluster => {
            let mut rule: Vec<Statement> = of_family(cluster_ranges, family)
                .map(|range| Statement::Within { field: Field::Source, range, holds: false })
                .collect();
            if !rule.is_empty() {
                rule.push(Statement::Mark(MASQUERADE_MARK));
                rules.push(rule);
            }
        }
        Mode::External => rules.push(vec![Statement::Mark(MASQUERADE_MARK)]),
        Mode::Inside | Mode::Local => {}
    }
    let mut client = vec![Field::Source];
    client.extend(frontend(node_port));
    let remember = affinity_seconds.map(|timeout_seconds| Statement::Remember {
        key: client.clone(),
        map: AFFINITY.name,
        timeout_seconds,
    });
    if let Some(remember) = &remember {
        let load = Statement::Load { key: client, map: AFFINITY.name };
        rules.push(vec![load, remember.clone(), Statement::TranslateDestination]);
    }
    let mut key = frontend(node_port);
    key.push(Field::Random(count));
    let map = if mode == Mode::Local { LOCAL_ENDPOINTS } else { ENDPOINTS };
    let mut rule = vec![Statement::Load { key, map: map.name }];
    rule.extend(remember);
    rule.push(Statement::TranslateDestination);
    rules.push(rule);
    rules
}

/// The chain for addresses whose clients outside get endpoints of this node alone.
pub fn external_local(node_port: bool) -> Name {
    if node_port { "node-port-external-local".into() } else { "external-local".into() }
}

/// The chain that refuses a connection at once.
pub const REFUSE: &str = "refuse";

fn dispatch(map: &Set, node_port: bool) -> Vec<Statement> {
    let mut rule = Vec::new();
    if node_port {
        let key = vec![Field::Destination];
        rule.push(Statement::Member { key, set: NODE_PORT_ADDRESSES.name, holds: true });
    }
    rule.push(Statement::Dispatch { key: frontend(node_port), map: map.name.clone() });
    rule
}

fn external_local_chain(family: Family, cluster_ranges: &[Cidr], node_port: bool) -> Chain {
    let inside = || Statement::Dispatch { key: frontend(node_port), map: INSIDE_SERVICES.name };
    let mut rules: Vec<Vec<Statement>> = of_family(cluster_ranges, family)
        .map(|range| vec![Statement::Within { field: Field::Source, range, holds: true }, inside()])
        .collect();
    rules.push(vec![Statement::IsLocal(Field::Source), Statement::Mark(MASQUERADE_MARK), inside()]);
    rules.push(vec![Statement::Dispatch { key: frontend(node_port), map: LOCAL_SERVICES.name }]);
    Chain::new(external_local(node_port), rules)
}

/// The chains that are always there.
pub fn fixed_chains(family: Family, cluster_ranges: &[Cidr]) -> Vec<Chain> {
    let before = || vec![vec![Statement::NewConnection, Statement::jump("before-translation")]];
    let after = || vec![vec![Statement::NewConnection, Statement::jump("after-translation")]];
    let services = || vec![vec![Statement::jump("services")]];
    let to_cluster = Statement::Member { key: vec![Field::Destination], set: CLUSTER_ADDRESSES.name, holds: true };
    let itself = Statement::Member { key: vec![Field::Source, Field::Destination], set: HAIRPIN.name, holds: true };
    vec![
        Chain::new(
            REFUSE,
            vec![
                // A reset is not subject to the rate limit of ICMP errors.
                vec![Statement::IsProtocol(6), Statement::RejectWithReset],
                vec![Statement::RejectUnreachable],
            ],
        ),
        Chain::new(
            "before-translation",
            vec![dispatch(&FIREWALLS, false), dispatch(&REFUSED, false), dispatch(&REFUSED, true)],
        ),
        Chain::new("services", vec![dispatch(&SERVICES, false), dispatch(&SERVICES, true)]),
        Chain::new("after-translation", vec![vec![to_cluster, Statement::go_to(REFUSE)]]),
        external_local_chain(family, cluster_ranges, false),
        external_local_chain(family, cluster_ranges, true),
        Chain::base("filter-prerouting", ChainKind::Filter, Hook::Prerouting, -110, before()),
        Chain::base("filter-output", ChainKind::Filter, Hook::Output, -110, before()),
        Chain::base("nat-prerouting", ChainKind::Nat, Hook::Prerouting, -100, services()),
        Chain::base("nat-output", ChainKind::Nat, Hook::Output, -100, services()),
        Chain::base("filter-prerouting-translated", ChainKind::Filter, Hook::Prerouting, -90, after()),
        Chain::base("filter-output-translated", ChainKind::Filter, Hook::Output, -90, after()),
        Chain::base(
            "masquerade",
            ChainKind::Nat,
            Hook::Postrouting,
            100,
            vec![
                vec![Statement::Translated, itself, Statement::Masquerade],
                vec![Statement::IsMarked(MASQUERADE_MARK), Statement::Unmark(MASQUERADE_MARK), Statement::Masquerade],
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: ChainKey, expected: &str) {
        let ranges = ["10.42.0.0/16".parse().unwrap(), "fd00::/56".parse().unwrap()];
        assert_eq!(key.chain(Family::Ipv4, &ranges).to_string(), expected);
    }

    fn pick(mode: Mode, node_port: bool, count: u32, affinity_seconds: Option<u32>) -> ChainKey {
        ChainKey::Pick { mode, node_port, count, affinity_seconds }
    }

    #[test]
    fn chains_that_pick() {
        check(
            pick(Mode::Cluster, false, 2, None),
            "\
chain cluster-2 {
  saddr != 10.42.0.0/16 mark set mark | 0x4000
  load daddr . l4proto . dport . numgen random mod 2 map @endpoints dnat
}
",
        );
        check(pick(Mode::Local, true, 3, Some(60)), "\
chain node-port-local-3-affinity-60 {
  load saddr . any . l4proto . dport map @affinity update @affinity { saddr . any . l4proto . dport timeout 60s } dnat
  load any . l4proto . dport . numgen random mod 3 map @local-endpoints update @affinity { saddr . any . l4proto . dport timeout 60s } dnat
}
");
    }

    #[test]
    fn firewalls_let_their_ranges_pass() {
        let ranges = vec!["192.0.2.0/24".parse().unwrap(), "fd01::/64".parse().unwrap()];
        check(
            ChainKey::Firewall { service: "a/b".into(), ranges },
            "\
chain firewall-a/b-192.0.2.0/24-fd01::/64 {
  saddr 192.0.2.0/24 return
  drop
}
",
        );
    }
}
