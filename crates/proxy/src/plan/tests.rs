use apimachinery::{Object, Value, value};

use super::*;

fn config() -> Config {
    Config {
        node_name: "here".into(),
        zone: "z1".into(),
        cluster_ranges: vec!["10.42.0.0/16".parse().unwrap()],
        service_ranges: vec![],
        node_port_addresses: vec![[192, 0, 2, 1].into()],
        families: vec![Family::Ipv4],
        sctp: false,
    }
}

fn service(spec: Value) -> Service {
    Service::read(&Object(value!({"metadata": {"namespace": "a", "name": "web"}, "spec": spec}))).unwrap()
}

/// An endpoint: last byte of its address, node, conditions.
fn slice(endpoints: &[(u8, &str, &str)]) -> EndpointSlice {
    let endpoints: Value = endpoints
        .iter()
        .map(|(number, node, state)| {
            let (ready, serving, terminating) = match *state {
                "ready" => (true, true, false),
                "terminating" => (false, true, true),
                "unready" => (false, false, false),
                other => panic!("{other}"),
            };
            value!({
                "addresses": [format!("10.42.0.{number}")],
                "nodeName": *node,
                "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            })
        })
        .collect();
    let object = value!({
        "metadata": {"namespace": "a", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": endpoints,
    });
    EndpointSlice::read(&Object(object)).unwrap()
}

fn check(service: &Service, endpoints: &[(u8, &str, &str)], expected: &str) -> ServicePlan {
    let made = plan(service, [slice(endpoints)].iter(), &config(), &ServicePlan::default());
    assert_eq!(made.ipv4.to_string(), expected);
    made
}

fn plain() -> Service {
    service(value!({"clusterIP": "10.43.0.10", "ports": [{"port": 80, "protocol": "TCP"}]}))
}

#[test]
fn a_service_is_an_element_per_endpoint_and_one_that_counts_them() {
    check(
        &plain(),
        &[(1, "here", "ready"), (2, "there", "ready"), (3, "there", "unready")],
        "\
cluster-addresses 10.43.0.10
endpoints 10.43.0.10 . tcp . 80 . 0 : 10.42.0.1 . 8080
endpoints 10.43.0.10 . tcp . 80 . 1 : 10.42.0.2 . 8080
hairpin 10.42.0.1 . 10.42.0.1
services 10.43.0.10 . tcp . 80 : goto cluster-2
",
    );
}

#[test]
fn without_endpoints_it_is_refused_and_terminating_ones_are_better_than_none() {
    let refused = "\
cluster-addresses 10.43.0.10
refused 10.43.0.10 . tcp . 80 : goto refuse
";
    check(&plain(), &[], refused);
    check(&plain(), &[(1, "there", "unready")], refused);
    check(
        &plain(),
        &[(1, "there", "terminating")],
        "\
cluster-addresses 10.43.0.10
endpoints 10.43.0.10 . tcp . 80 . 0 : 10.42.0.1 . 8080
services 10.43.0.10 . tcp . 80 : goto cluster-1
",
    );
}

#[test]
fn a_local_load_balancer_keeps_clients_visible() {
    let service = service(value!({
        "type": "LoadBalancer",
        "clusterIP": "10.43.0.10",
        "ports": [{"port": 80, "nodePort": 30080}],
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 32000,
    }));
    let made = check(
        &service,
        &[(1, "here", "ready"), (2, "there", "ready")],
        "\
cluster-addresses 10.43.0.10
endpoints 10.43.0.10 . tcp . 80 . 0 : 10.42.0.1 . 8080
endpoints 10.43.0.10 . tcp . 80 . 1 : 10.42.0.2 . 8080
endpoints 192.0.2.1 . tcp . 30080 . 0 : 10.42.0.1 . 8080
endpoints 192.0.2.1 . tcp . 30080 . 1 : 10.42.0.2 . 8080
hairpin 10.42.0.1 . 10.42.0.1
inside-services 192.0.2.1 . tcp . 30080 : goto inside-2
local-endpoints 192.0.2.1 . tcp . 30080 . 0 : 10.42.0.1 . 8080
local-services 192.0.2.1 . tcp . 30080 : goto local-1
services 10.43.0.10 . tcp . 80 : goto cluster-2
services 192.0.2.1 . tcp . 30080 : goto external-local
",
    );
    assert_eq!(made.health_check, Some((32000, 1)));
    let elsewhere = plan(&service, [slice(&[(2, "there", "ready")])].iter(), &config(), &ServicePlan::default());
    assert!(elsewhere.ipv4.to_string().contains("local-services 192.0.2.1 . tcp . 30080 : drop\n"));
    assert_eq!(elsewhere.health_check, Some((32000, 0)));
}

#[test]
fn internal_policy_local_uses_this_node_alone() {
    let service =
        service(value!({"clusterIP": "10.43.0.10", "ports": [{"port": 80}], "internalTrafficPolicy": "Local"}));
    check(
        &service,
        &[(1, "there", "ready")],
        "\
cluster-addresses 10.43.0.10
refused 10.43.0.10 . tcp . 80 : drop
",
    );
}

#[test]
fn external_addresses_and_source_ranges() {
    let object = value!({
        "metadata": {"namespace": "a", "name": "web"},
        "spec": {
            "type": "LoadBalancer",
            "clusterIP": "10.43.0.10",
            "externalIPs": ["192.0.2.9"],
            "ports": [{"port": 80}],
            "sessionAffinity": "ClientIP",
            "loadBalancerSourceRanges": ["198.51.100.0/24"],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}, {"ip": "192.0.2.11", "ipMode": "Proxy"}]}},
    });
    check(
        &Service::read(&Object(object)).unwrap(),
        &[(1, "there", "ready")],
        "\
affinity-services 10.43.0.10 . tcp . 80 : goto remember-10800
affinity-services 192.0.2.9 . tcp . 80 : goto remember-10800
affinity-services 192.0.2.10 . tcp . 80 : goto remember-10800
cluster-addresses 10.43.0.10
endpoints 10.43.0.10 . tcp . 80 . 0 : 10.42.0.1 . 8080
endpoints 192.0.2.9 . tcp . 80 . 0 : 10.42.0.1 . 8080
endpoints 192.0.2.10 . tcp . 80 . 0 : 10.42.0.1 . 8080
firewalls 192.0.2.10 . tcp . 80 : jump firewall-1dd8e377570eee3d
services 10.43.0.10 . tcp . 80 : goto cluster-1-affinity
services 192.0.2.9 . tcp . 80 : goto external-1-affinity
services 192.0.2.10 . tcp . 80 : goto external-1-affinity
",
    );
}

#[test]
fn headless_and_named_services_are_not_for_the_proxy() {
    for spec in [value!({"clusterIP": "None"}), value!({"type": "ExternalName", "externalName": "example.org"})] {
        assert_eq!(Service::read(&Object(value!({"spec": spec}))), None);
    }
}

#[test]
fn sctp_without_the_kernel_is_said() {
    let service = service(value!({"clusterIP": "10.43.0.10", "ports": [{"port": 80, "protocol": "SCTP"}]}));
    let made = check(&service, &[], "");
    assert_eq!(made.notices.len(), 1);
    assert!(made.notices[0].message.contains("uses SCTP, which the kernel of this node does not have"));
}

#[test]
fn an_endpoint_that_goes_changes_few_elements() {
    let all: Vec<(u8, &str, &str)> = (1..=100).map(|number| (number, "there", "ready")).collect();
    let before = plan(&plain(), [slice(&all)].iter(), &config(), &ServicePlan::default());
    let fewer: Vec<_> = all.iter().copied().filter(|endpoint| endpoint.0 != 7).collect();
    let after = plan(&plain(), [slice(&fewer)].iter(), &config(), &before);
    let same = |one: &FamilyPlan, other: &FamilyPlan| {
        one.elements.iter().filter(|(key, data)| other.elements.get(*key) == Some(data)).count()
    };
    assert_eq!(before.ipv4.elements.len() - same(&before.ipv4, &after.ipv4), 3);
    assert_eq!(after.ipv4.elements.len() - same(&after.ipv4, &before.ipv4), 2);
}

/// Which of the endpoints (last byte of the address, ready, hints) connections from node `here` in zone `z1` reach.
fn reached(endpoints: &[(u8, bool, &str)]) -> Vec<u8> {
    let endpoints: Value = endpoints
        .iter()
        .map(|(number, ready, hints)| {
            let mut endpoint = value!({
                "addresses": [format!("10.42.0.{number}")], "nodeName": "elsewhere", "conditions": {"ready": *ready}
            });
            for hint in hints.split_whitespace() {
                let (key, name) = hint.split_once('=').unwrap();
                endpoint.set(&["hints", if key == "node" { "forNodes" } else { "forZones" }], value!([{"name": name}]));
            }
            endpoint
        })
        .collect();
    let object = value!({
        "metadata": {"namespace": "a", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": endpoints,
    });
    let slice = EndpointSlice::read(&Object(object)).unwrap();
    let made = plan(&plain(), [slice].iter(), &config(), &ServicePlan::default());
    let last = |backend: &Backend| match backend.address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => 0,
    };
    made.reachable.iter().flat_map(|reachable| reachable.backends.iter().map(last)).collect()
}

#[test]
fn hints_are_followed_only_when_all_have_them_and_one_is_for_here() {
    assert_eq!(reached(&[(1, true, "zone=z1"), (2, true, "zone=z2"), (3, true, "zone=z1")]), [1, 3]);
    assert_eq!(reached(&[(1, true, "zone=z1"), (2, true, "")]), [1, 2], "one has no hint");
    assert_eq!(reached(&[(1, true, "zone=z2"), (2, true, "zone=z3")]), [1, 2], "none is for here");
    assert_eq!(reached(&[(1, true, "zone=z1"), (2, false, "")]), [1], "who is not ready has no say");
    assert_eq!(
        reached(&[(1, true, "node=here zone=z1"), (2, true, "node=other zone=z1")]),
        [1],
        "the node comes first"
    );
    assert_eq!(
        reached(&[(1, true, "node=other zone=z1"), (2, true, "node=third zone=z2")]),
        [1],
        "without an endpoint for the node its zone counts"
    );
}
