//! Finding firewalls that keep pods from being reached.

use crate::{
    netlink::Error,
    nftables::{Hook, NftSocket},
};

/// What may drop forwarded packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A chain of nf_tables (iptables' nf_tables variant included) drops what no rule accepts.
    Policy {
        /// `ip`, `ip6`, `inet`.
        family: String,
        /// The table.
        table: String,
        /// The chain.
        chain: String,
    },
    /// The old iptables interface has a filter table, whose policy cannot be read over netlink.
    LegacyIptables,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Obstacle::Policy { family, table, chain } => write!(
                formatter,
                "chain {chain} of table {family} {table} drops forwarded packets by default: allow traffic from and to \
                 the pod addresses there"
            ),
            Obstacle::LegacyIptables => formatter.write_str(
                "a legacy iptables filter table is loaded: its FORWARD chain must let traffic from and to the pod \
                 addresses pass",
            ),
        }
    }
}

/// What in the namespace of the calling thread may drop packets from and to pods.
pub fn forwarding_obstacles() -> Result<Vec<Obstacle>, Error> {
    let mut obstacles: Vec<Obstacle> = NftSocket::open()?
        .chains()?
        .into_iter()
        .filter(|chain| chain.hook == Some(Hook::Forward) && chain.drops_by_policy)
        .map(|chain| {
            let family = match chain.family {
                1 => "inet".to_owned(),
                2 => "ip".to_owned(),
                10 => "ip6".to_owned(),
                other => other.to_string(),
            };
            Obstacle::Policy { family, table: chain.table, chain: chain.name }
        })
        .collect();
    let legacy = std::fs::read_to_string("/proc/thread-self/net/ip_tables_names").unwrap_or_default();
    if legacy.lines().any(|table| table == "filter") {
        obstacles.push(Obstacle::LegacyIptables);
    }
    Ok(obstacles)
}
