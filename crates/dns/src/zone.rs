//! Answers for the cluster's own names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use apimachinery::Str;

use crate::{
    index::{Found, Index},
    records::address_data,
    wire::{Code, Data, Record, Response, kind},
};

/// How long answers may be remembered, in seconds; CoreDNS' default.
pub const TTL_SECONDS: u32 = 5;
/// How long "no such name" may be remembered, in seconds.
pub const NEGATIVE_TTL_SECONDS: u32 = 5;
/// Names that an answer leads over at most.
const CHAIN_LIMIT: usize = 8;

/// What is to be done with a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is the answer.
    Answer(Response),
    /// This is the beginning of the answer; the rest is what others say of this name.
    Continue(Response, Str),
    /// Others are to be asked.
    Elsewhere,
}

/// Answers a question of class "Internet". `name` is in lower case.
pub fn answer(index: &Index, zone: &str, name: &str, wanted: u16) -> Outcome {
    let in_zone = is_below(name, zone);
    if !in_zone {
        let reverse = is_below(name, "in-addr.arpa") || is_below(name, "ip6.arpa");
        return match index.find(name) {
            Found::Records(found) if reverse => Outcome::Answer(positive(zone, index, name, wanted, found)),
            _ => Outcome::Elsewhere,
        };
    }
    if matches!(wanted, kind::AXFR | kind::IXFR) {
        return Outcome::Answer(Response::empty(Code::Refused));
    }
    let mut response = Response { authoritative: true, ..Response::empty(Code::NoError) };
    let mut name: Str = name.into();
    for _ in 0..CHAIN_LIMIT {
        let found = match pod_address(index, zone, &name) {
            Some(address) => Pod::into_found(address),
            None => Pod::Not(index.find(&name)),
        };
        let next = match found {
            Pod::Not(Found::Records(found)) => {
                let alias =
                    found.iter().find_map(|data| if let Data::Cname(target) = data { Some(target) } else { None });
                match alias.filter(|_| wanted != kind::CNAME && wanted != kind::ANY) {
                    Some(target) => {
                        response.answers.push(record(&name, Data::Cname(target.clone())));
                        target.clone()
                    }
                    None => return Outcome::Answer(append(response, positive(zone, index, &name, wanted, found))),
                }
            }
            Pod::Address(address) => {
                let data = address_data(address);
                return Outcome::Answer(append(response, positive(zone, index, &name, wanted, vec![&data])));
            }
            Pod::Absent | Pod::Not(Found::Absent) => {
                return Outcome::Answer(append(response, negative(zone, Code::NameError)));
            }
            Pod::Not(Found::Exists) => return Outcome::Answer(append(response, negative(zone, Code::NoError))),
        };
        name = next;
        if !is_below(&name, zone) {
            return Outcome::Continue(response, name);
        }
    }
    Outcome::Answer(Response::empty(Code::ServerFailure))
}

enum Pod<'a> {
    Not(Found<'a>),
    Address(IpAddr),
    Absent,
}

impl<'a> Pod<'a> {
    fn into_found(address: Option<IpAddr>) -> Pod<'a> {
        address.map_or(Pod::Absent, Pod::Address)
    }
}

fn is_below(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// `1-2-3-4.namespace.pod.zone`: `None` when the name is none of these, `Some(None)` when there is no such
/// address or namespace.
fn pod_address(index: &Index, zone: &str, name: &str) -> Option<Option<IpAddr>> {
    let rest = name.strip_suffix(zone)?.strip_suffix(".pod.")?;
    let (address, namespace) = rest.split_once('.')?;
    if index.find(&format!("{namespace}.pod.{zone}")) == Found::Absent {
        return Some(None);
    }
    let v4 = address.replace('-', ".").parse::<Ipv4Addr>().map(IpAddr::V4);
    Some(v4.or_else(|_| address.replace('-', ":").parse::<Ipv6Addr>().map(IpAddr::V6)).ok())
}

fn record(name: &str, data: Data) -> Record {
    Record { name: name.into(), ttl_seconds: TTL_SECONDS, data }
}

/// The zone's own record.
fn start_of_authority(zone: &str) -> Record {
    let data = Data::Soa {
        server: format!("ns.dns.{zone}").into(),
        mailbox: format!("hostmaster.{zone}").into(),
        serial: u32::try_from(stdx::clock::now().as_second()).unwrap_or(u32::MAX),
        negative_seconds: NEGATIVE_TTL_SECONDS,
    };
    Record { name: zone.into(), ttl_seconds: NEGATIVE_TTL_SECONDS, data }
}

fn negative(zone: &str, code: Code) -> Response {
    Response { authoritative: true, authority: vec![start_of_authority(zone)], ..Response::empty(code) }
}

fn append(mut response: Response, rest: Response) -> Response {
    response.code = rest.code;
    response.answers.extend(rest.answers);
    response.authority = rest.authority;
    response.additional = rest.additional;
    response
}

fn positive(zone: &str, index: &Index, name: &str, wanted: u16, found: Vec<&Data>) -> Response {
    if name == zone && matches!(wanted, kind::SOA | kind::ANY) {
        let answers = vec![start_of_authority(zone)];
        return Response { authoritative: true, answers, ..Response::empty(Code::NoError) };
    }
    let mut answers: Vec<Record> = found
        .into_iter()
        .filter(|data| wanted == kind::ANY || data.kind() == wanted)
        .map(|data| record(name, data.clone()))
        .collect();
    if answers.is_empty() {
        return negative(zone, Code::NoError);
    }
    // Clients take the first: let that be another one each time.
    let first = stdx::random::below(answers.len() as u64) as usize;
    answers.rotate_left(first);
    let mut additional = Vec::new();
    for answer in &answers {
        if let Data::Srv { target, .. } = &answer.data
            && let Found::Records(hosts) = index.find(target)
        {
            let addresses = hosts.into_iter().filter(|data| matches!(data, Data::A(_) | Data::Aaaa(_)));
            additional.extend(addresses.map(|data| record(target, data.clone())));
        }
    }
    // Ports of one host share its addresses.
    let mut seen = std::collections::HashSet::new();
    additional.retain(|record| seen.insert((record.name.clone(), record.data.clone())));
    Response { authoritative: true, answers, additional, ..Response::empty(Code::NoError) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records;

    const ZONE: &str = "cluster.local";

    fn check(name: &str, wanted: u16, expected: &str) {
        let mut index = Index::default();
        index.set("zone", records::zone(ZONE));
        index.set("namespace", records::namespace(ZONE, "a"));
        let srv = Data::Srv { target: "web.a.svc.cluster.local".into(), port: 80, weight: 100 };
        index.set(
            "service",
            vec![
                ("web.a.svc.cluster.local".into(), Some(Data::A([10, 43, 0, 1].into()))),
                ("_http._tcp.web.a.svc.cluster.local".into(), Some(srv)),
                ("1.0.43.10.in-addr.arpa".into(), Some(Data::Ptr("web.a.svc.cluster.local".into()))),
                ("alias.a.svc.cluster.local".into(), Some(Data::Cname("web.a.svc.cluster.local".into()))),
                ("loop.a.svc.cluster.local".into(), Some(Data::Cname("loop.a.svc.cluster.local".into()))),
                ("out.a.svc.cluster.local".into(), Some(Data::Cname("example.org".into()))),
            ],
        );
        let text = match answer(&index, ZONE, name, wanted) {
            Outcome::Elsewhere => "elsewhere".to_owned(),
            Outcome::Continue(_, name) => format!("continue {name}"),
            Outcome::Answer(response) => {
                assert_eq!(
                    response.authority.is_empty(),
                    !response.answers.is_empty() || response.code as u8 == 2 || response.code as u8 == 5,
                    "nothing is explained by the zone's own record"
                );
                let answers = response.answers.iter().chain(&response.additional).map(|record| match &record.data {
                    Data::A(address) => address.to_string(),
                    Data::Txt(name) | Data::Ptr(name) | Data::Cname(name) | Data::Ns(name) => name.to_string(),
                    Data::Srv { target, port, .. } => format!("{port} {target}"),
                    other => other.kind().to_string(),
                });
                format!("{:?} {}", response.code, answers.collect::<Vec<_>>().join(", "))
            }
        };
        assert_eq!(text.trim_end(), expected, "{name} {wanted}");
    }

    #[test]
    fn names_of_the_cluster() {
        check("web.a.svc.cluster.local", kind::A, "NoError 10.43.0.1");
        check("web.a.svc.cluster.local", kind::AAAA, "NoError");
        check("_http._tcp.web.a.svc.cluster.local", kind::SRV, "NoError 80 web.a.svc.cluster.local, 10.43.0.1");
        check("_tcp.web.a.svc.cluster.local", kind::SRV, "NoError");
        check("none.a.svc.cluster.local", kind::A, "NameError");
        check("a.svc.cluster.local", kind::A, "NoError");
        check("b.svc.cluster.local", kind::A, "NameError");
        check("svc.cluster.local", kind::A, "NoError");
        check("cluster.local", kind::SOA, "NoError 6");
        check("cluster.local", kind::NS, "NoError ns.dns.cluster.local");
        check("dns-version.cluster.local", kind::TXT, "NoError 1.1.0");
        check("1.0.43.10.in-addr.arpa", kind::PTR, "NoError web.a.svc.cluster.local");
        check("cluster.local", kind::AXFR, "Refused");
    }

    #[test]
    fn aliases() {
        check("alias.a.svc.cluster.local", kind::A, "NoError web.a.svc.cluster.local, 10.43.0.1");
        check("alias.a.svc.cluster.local", kind::CNAME, "NoError web.a.svc.cluster.local");
        check("out.a.svc.cluster.local", kind::A, "continue example.org");
        check("loop.a.svc.cluster.local", kind::A, "ServerFailure");
    }

    #[test]
    fn pods() {
        check("10-42-0-1.a.pod.cluster.local", kind::A, "NoError 10.42.0.1");
        check("10-42-0-1.a.pod.cluster.local", kind::AAAA, "NoError");
        check("10-42-0-1.b.pod.cluster.local", kind::A, "NameError");
        check("web.a.pod.cluster.local", kind::A, "NameError");
        check("a.pod.cluster.local", kind::A, "NoError");
    }

    #[test]
    fn other_names() {
        check("example.org", kind::A, "elsewhere");
        check("notcluster.local", kind::A, "elsewhere");
        check("2.0.43.10.in-addr.arpa", kind::PTR, "elsewhere");
        check("", kind::NS, "elsewhere");
    }
}
