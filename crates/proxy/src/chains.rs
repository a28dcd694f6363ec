//! The proxy's table: its maps, its fixed chains, and the chains that services share.
//!
//! The way of a packet to a service:
//! 1. `before-translation` (filter): source ranges of load balancers, and services without endpoints, which
//!    are refused at once;
//! 2. `services` (nat, first packet of a connection alone): a map leads to the chain for the number of
//!    endpoints, and that chain picks one by a random number, or the one that the client had before;
//! 3. `after-translation` (filter): what still goes to a service's address has no such port, and is refused;
//!    which endpoint was picked is remembered for services with session affinity;
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

/// From a service's address to the chain that picks an endpoint.
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
/// Services with session affinity, to the chain that remembers clients.
pub const AFFINITY_SERVICES: Set = Set::verdicts("affinity-services", FRONTEND);
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
    AFFINITY_SERVICES,
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
        /// Of how many.
        count: u32,
        /// Whether a client keeps the endpoint that it had.
        affinity: bool,
    },
    /// Remembers which endpoint a client got.
    Remember {
        /// For how long, in seconds.
        timeout_seconds: u32,
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
            ChainKey::Pick { mode, count, affinity } => {
                let mode = match mode {
                    Mode::Cluster => "cluster",
                    Mode::External => "external",
                    Mode::Inside => "inside",
                    Mode::Local => "local",
                };
                let suffix = if *affinity { "-affinity" } else { "" };
                format!("{mode}-{count}{suffix}").into()
            }
            ChainKey::Remember { timeout_seconds } => format!("remember-{timeout_seconds}").into(),
            ChainKey::Firewall { service, ranges } => {
                // Other ranges, another chain: a chain's rules never change while it is in use. The name is a
                // hash, since those of services have characters and lengths that the nft tool does not take.
                let ranges: Vec<String> = ranges.iter().map(Cidr::to_string).collect();
                let text = format!("{service} {}", ranges.join(" "));
                let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
                });
                format!("firewall-{hash:016x}").into()
            }
        }
    }

    /// The chain.
    pub fn chain(&self, family: Family, cluster_ranges: &[Cidr]) -> Chain {
        let rules = match self {
            ChainKey::Pick { mode, count, affinity } => pick_rules(family, cluster_ranges, *mode, *count, *affinity),
            ChainKey::Remember { timeout_seconds } => vec![vec![Statement::Remember {
                key: vec![Field::Source, Field::OriginalDestination, Field::Protocol, Field::OriginalDestinationPort],
                data: vec![Field::Destination, Field::DestinationPort],
                map: AFFINITY.name,
                timeout_seconds: *timeout_seconds,
            }]],
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
fn frontend() -> Vec<Field> {
    vec![Field::Destination, Field::Protocol, Field::DestinationPort]
}

fn pick_rules(family: Family, cluster_ranges: &[Cidr], mode: Mode, count: u32, affinity: bool) -> Vec<Vec<Statement>> {
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
    if affinity {
        let mut key = vec![Field::Source];
        key.extend(frontend());
        rules.push(vec![Statement::Load { key, map: AFFINITY.name }, Statement::TranslateDestination]);
    }
    let mut key = frontend();
    key.push(Field::Random(count));
    let map = if mode == Mode::Local { LOCAL_ENDPOINTS } else { ENDPOINTS };
    rules.push(vec![Statement::Load { key, map: map.name }, Statement::TranslateDestination]);
    rules
}

/// The chain for addresses whose clients outside get endpoints of this node alone.
pub const EXTERNAL_LOCAL: &str = "external-local";
/// The chain that refuses a connection at once.
pub const REFUSE: &str = "refuse";

fn dispatch(map: &Set) -> Statement {
    Statement::Dispatch { key: frontend(), map: map.name.clone() }
}

fn external_local_chain(family: Family, cluster_ranges: &[Cidr]) -> Chain {
    let inside = || dispatch(&INSIDE_SERVICES);
    let mut rules: Vec<Vec<Statement>> = of_family(cluster_ranges, family)
        .map(|range| vec![Statement::Within { field: Field::Source, range, holds: true }, inside()])
        .collect();
    rules.push(vec![Statement::IsLocal(Field::Source), Statement::Mark(MASQUERADE_MARK), inside()]);
    rules.push(vec![dispatch(&LOCAL_SERVICES)]);
    Chain::new(EXTERNAL_LOCAL, rules)
}

/// The chains that are always there.
pub fn fixed_chains(family: Family, cluster_ranges: &[Cidr], service_ranges: &[Cidr]) -> Vec<Chain> {
    let before = || vec![vec![Statement::NewConnection, Statement::jump("before-translation")]];
    let after = || vec![vec![Statement::NewConnection, Statement::jump("after-translation")]];
    let services = || vec![vec![Statement::jump("services")]];
    let original = vec![Field::OriginalDestination, Field::Protocol, Field::OriginalDestinationPort];
    let to_cluster = Statement::Member { key: vec![Field::Destination], set: CLUSTER_ADDRESSES.name, holds: true };
    let mut after_rules = vec![
        vec![Statement::Translated, Statement::Dispatch { key: original, map: AFFINITY_SERVICES.name }],
        vec![to_cluster, Statement::go_to(REFUSE)],
    ];
    // Addresses that no service has would follow the default route; those that the node itself has are served
    // by the node (its DNS).
    if !service_ranges.is_empty() {
        after_rules.push(vec![Statement::IsLocal(Field::Destination), Statement::Verdict(Verdict::Return)]);
    }
    after_rules.extend(of_family(service_ranges, family).map(|range| {
        vec![Statement::Within { field: Field::Destination, range, holds: true }, Statement::go_to(REFUSE)]
    }));
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
        Chain::new("before-translation", vec![vec![dispatch(&FIREWALLS)], vec![dispatch(&REFUSED)]]),
        Chain::new("services", vec![vec![dispatch(&SERVICES)]]),
        Chain::new("after-translation", after_rules),
        external_local_chain(family, cluster_ranges),
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

    fn pick(mode: Mode, count: u32, affinity: bool) -> ChainKey {
        ChainKey::Pick { mode, count, affinity }
    }

    #[test]
    fn chains_that_pick() {
        check(
            pick(Mode::Cluster, 2, false),
            "\
chain cluster-2 {
  saddr != 10.42.0.0/16 mark set mark | 0x4000
  load daddr . l4proto . dport . numgen random mod 2 map @endpoints dnat
}
",
        );
        check(
            pick(Mode::Local, 3, true),
            "\
chain local-3-affinity {
  load saddr . daddr . l4proto . dport map @affinity dnat
  load daddr . l4proto . dport . numgen random mod 3 map @local-endpoints dnat
}
",
        );
        check(
            ChainKey::Remember { timeout_seconds: 60 },
            "\
chain remember-60 {
  update @affinity { saddr . ct original daddr . l4proto . ct original dport timeout 60s : daddr . dport }
}
",
        );
    }

    #[test]
    fn firewalls_let_their_ranges_pass() {
        let ranges = vec!["192.0.2.0/24".parse().unwrap(), "fd01::/64".parse().unwrap()];
        check(
            ChainKey::Firewall { service: "a/b".into(), ranges },
            "\
chain firewall-138b2aa407508a90 {
  saddr 192.0.2.0/24 return
  drop
}
",
        );
    }
}
