//! Services, endpoints, ingresses, and addresses.

use apimachinery::{Object, Value};

use super::{
    AGE, NAME, Printer,
    format::{age, count, labels, name, number, selector, text, text_or, texts, with_more},
    text as column,
};

/// How many addresses or ports are shown.
const SHOWN: usize = 3;

pub(super) const PRINTERS: &[Printer] = &[
    Printer {
        group: "",
        kind: "Endpoints",
        columns: &[NAME, column("Endpoints", "@core.v1.Endpoints.subsets"), AGE],
        cells: |object| vec![name(object), endpoints(object).into(), age(object)],
    },
    Printer {
        group: "",
        kind: "Service",
        columns: &[
            NAME,
            column("Type", "@core.v1.ServiceSpec.type"),
            column("Cluster-IP", "@core.v1.ServiceSpec.clusterIP"),
            column("External-IP", "@core.v1.ServiceSpec.externalIPs"),
            column("Port(s)", "@core.v1.ServiceSpec.ports"),
            AGE,
            column("Selector", "@core.v1.ServiceSpec.selector").wide(),
        ],
        cells: service,
    },
    Printer {
        group: "discovery.k8s.io",
        kind: "EndpointSlice",
        columns: &[
            NAME,
            column("AddressType", "@discovery.v1.EndpointSlice.addressType"),
            column("Ports", "@discovery.v1.EndpointSlice.ports"),
            column("Endpoints", "@discovery.v1.EndpointSlice.endpoints"),
            AGE,
        ],
        cells: endpoint_slice,
    },
    Printer {
        group: "networking.k8s.io",
        kind: "Ingress",
        columns: &[
            NAME,
            column("Class", "The class whose controller acts on it."),
            column("Hosts", "The hosts that requests are matched against."),
            column("Address", "Where the load balancer is reached."),
            column("Ports", "The ports that are open."),
            AGE,
        ],
        cells: ingress,
    },
    Printer {
        group: "networking.k8s.io",
        kind: "IngressClass",
        columns: &[
            NAME,
            column("Controller", "Who acts on ingresses of the class."),
            column("Parameters", "The object with further parameters."),
            AGE,
        ],
        cells: ingress_class,
    },
    Printer {
        group: "networking.k8s.io",
        kind: "IPAddress",
        columns: &[NAME, column("ParentRef", "@networking.v1.IPAddressSpec.parentRef"), AGE],
        cells: |object| vec![name(object), parent(object).into(), age(object)],
    },
    Printer {
        group: "networking.k8s.io",
        kind: "NetworkPolicy",
        columns: &[NAME, column("Pod-Selector", "@networking.v1.NetworkPolicySpec.podSelector"), AGE],
        cells: |object| vec![name(object), selector(object, &["spec", "podSelector"]), age(object)],
    },
    Printer {
        group: "networking.k8s.io",
        kind: "ServiceCIDR",
        columns: &[NAME, column("CIDRs", "@networking.v1.ServiceCIDRSpec.cidrs"), AGE],
        cells: |object| vec![name(object), texts(object, &["spec", "cidrs"]).join(",").into(), age(object)],
    },
];

fn service(object: &Object) -> Vec<Value> {
    let ports = object.list_at(&["spec", "ports"]).iter().map(|port| {
        let node_port = match number(port, &["nodePort"]) {
            0 => String::new(),
            node_port => format!(":{node_port}"),
        };
        format!("{}{node_port}/{}", number(port, &["port"]), text(port, &["protocol"]))
    });
    let ports: Vec<String> = ports.collect();
    vec![
        name(object),
        text(object, &["spec", "type"]).into(),
        texts(object, &["spec", "clusterIPs"]).first().copied().unwrap_or("<none>").into(),
        external_address(object).into(),
        if ports.is_empty() { "<none>".into() } else { ports.join(",").into() },
        age(object),
        labels(object, &["spec", "selector"]),
    ]
}

fn external_address(object: &Object) -> String {
    let external = texts(object, &["spec", "externalIPs"]);
    match text(object, &["spec", "type"]) {
        "ClusterIP" | "NodePort" if external.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => external.join(","),
        "LoadBalancer" => {
            let mut addresses = load_balancer(object);
            addresses.extend(external);
            if addresses.is_empty() { "<pending>".to_owned() } else { addresses.join(",") }
        }
        "ExternalName" => text(object, &["spec", "externalName"]).to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// The addresses or names of a load balancer, in order.
fn load_balancer(object: &Object) -> Vec<&str> {
    let points = object.list_at(&["status", "loadBalancer", "ingress"]).iter();
    let mut addresses: Vec<&str> = points
        .map(|point| match text(point, &["ip"]) {
            "" => text(point, &["hostname"]),
            address => address,
        })
        .filter(|address| !address.is_empty())
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn host_port(address: &str, port: i64) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

fn endpoints(object: &Object) -> String {
    let mut all: Vec<String> = Vec::new();
    for subset in object.list_at(&["subsets"]) {
        let addresses = subset.list_at(&["addresses"]).iter().map(|address| text(address, &["ip"]));
        match subset.list_at(&["ports"]) {
            [] => all.extend(addresses.map(str::to_owned)),
            ports => {
                for port in ports {
                    let port = number(port, &["port"]);
                    all.extend(addresses.clone().map(|address| host_port(address, port)));
                }
            }
        }
    }
    // Subsets that have no addresses show nothing; none at all is said.
    let none = if count(object, &["subsets"]) == 0 { "<none>" } else { "" };
    with_more(&all[..all.len().min(SHOWN)], all.len(), none)
}

fn endpoint_slice(object: &Object) -> Vec<Value> {
    let ports = object.list_at(&["ports"]).iter().map(|port| match (port.i64_at(&["port"]), port.str_at(&["name"])) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    });
    let ports: Vec<String> = ports.collect();
    let addresses = object.list_at(&["endpoints"]).iter().flat_map(|endpoint| texts(endpoint, &["addresses"]));
    let addresses: Vec<String> = addresses.map(str::to_owned).collect();
    let first = |list: &[String]| with_more(&list[..list.len().min(SHOWN)], list.len(), "<unset>");
    vec![
        name(object),
        text(object, &["addressType"]).into(),
        first(&ports).into(),
        first(&addresses).into(),
        age(object),
    ]
}

fn ingress(object: &Object) -> Vec<Value> {
    let rules = object.list_at(&["spec", "rules"]);
    let hosts: Vec<&str> = rules.iter().map(|rule| text(rule, &["host"])).filter(|host| !host.is_empty()).collect();
    let hosts = match hosts.get(..SHOWN) {
        // Rules that come after the third host are counted whether they name one or not.
        Some(first) if rules.len() > SHOWN => format!("{} + {} more...", first.join(","), rules.len() - SHOWN),
        _ if hosts.is_empty() => "*".to_owned(),
        _ => hosts.join(","),
    };
    let ports = if count(object, &["spec", "tls"]) > 0 { "80, 443" } else { "80" };
    vec![
        name(object),
        text_or(object, &["spec", "ingressClassName"], "<none>").into(),
        hosts.into(),
        load_balancer(object).join(",").into(),
        ports.into(),
        age(object),
    ]
}

fn ingress_class(object: &Object) -> Vec<Value> {
    let mut shown = object.name().to_owned();
    if object.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true") {
        shown += " (default)";
    }
    let parameters = match object.at(&["spec", "parameters"]).filter(|parameters| !parameters.is_null()) {
        None => "<none>".to_owned(),
        Some(parameters) => {
            let group = parameters.str_at(&["apiGroup"]).map(|group| format!(".{group}")).unwrap_or_default();
            format!("{}{group}/{}", text(parameters, &["kind"]), text(parameters, &["name"]))
        }
    };
    vec![shown.into(), text(object, &["spec", "controller"]).into(), parameters.into(), age(object)]
}

/// `services/default/kubernetes`
fn parent(object: &Object) -> String {
    let Some(parent) = object.at(&["spec", "parentRef"]).filter(|parent| !parent.is_null()) else {
        return "<none>".to_owned();
    };
    let mut shown = text(parent, &["resource"]).to_lowercase();
    for (separator, field) in [(".", "group"), ("/", "namespace"), ("/", "name")] {
        let part = text(parent, &[field]);
        if !part.is_empty() {
            shown += &format!("{separator}{part}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn services_show_addresses_and_ports() {
        let check = |spec: Value, status: Value, expected: Value| {
            let cells = service(&Object(value!({"metadata": {"name": "s"}, "spec": spec, "status": status})));
            assert_eq!(Value::from(cells[1..5].to_vec()), expected);
        };
        let ports = value!([{"port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]);
        check(
            value!({"type": "NodePort", "clusterIPs": ["10.0.0.1"], "ports": ports}),
            value!({}),
            value!(["NodePort", "10.0.0.1", "<none>", "80:30080/TCP,53/UDP"]),
        );
        let status = value!({"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "a.b"}, {"ip": "1.1.1.1"}]}});
        check(
            value!({"type": "LoadBalancer"}),
            status,
            value!(["LoadBalancer", "<none>", "1.1.1.1,2.2.2.2,a.b", "<none>"]),
        );
        check(value!({"type": "LoadBalancer"}), Value::Null, value!(["LoadBalancer", "<none>", "<pending>", "<none>"]));
        check(
            value!({"type": "ExternalName", "externalName": "x.y"}),
            Value::Null,
            value!(["ExternalName", "<none>", "x.y", "<none>"]),
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let addresses = |count: u32| (0..count).map(|n| value!({"ip": format!("10.0.0.{n}")})).collect::<Value>();
        let of = |subsets: Value| endpoints(&Object(value!({"subsets": subsets})));
        assert_eq!(of(Value::Null), "<none>");
        assert_eq!(
            of(value!([{"addresses": addresses(1), "ports": [{"port": 80}, {"port": 81}]}])),
            "10.0.0.0:80,10.0.0.0:81"
        );
        assert_eq!(of(value!([{"addresses": addresses(5), "ports": null}])), "10.0.0.0,10.0.0.1,10.0.0.2 + 2 more...");
        let slice =
            Object(value!({"addressType": "IPv4", "endpoints": [{"addresses": ["a"]}], "ports": [{"port": null}]}));
        assert_eq!(endpoint_slice(&slice)[1..4], ["IPv4", "*", "a"].map(Value::from));
    }

    #[test]
    fn ingresses_show_three_hosts() {
        let rules = |hosts: &[&str]| hosts.iter().map(|host| value!({"host": *host})).collect::<Value>();
        let hosts = |list: &[&str]| ingress(&Object(value!({"spec": {"rules": rules(list)}})))[2].clone();
        assert_eq!(hosts(&[]), value!("*"));
        assert_eq!(hosts(&["a", "b"]), value!("a,b"));
        assert_eq!(hosts(&["a", "b", "c", "d"]), value!("a,b,c + 1 more..."));
    }

    #[test]
    fn addresses_name_their_parent() {
        let object =
            Object(value!({"spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "web"}}}));
        assert_eq!(parent(&object), "services/default/web");
    }
}
