//! Ingresses, network policies, service ranges, addresses, endpoint slices.

use std::net::IpAddr;

use apimachinery::{Object, field::FieldError, names};

use super::{
    Errors, Spot,
    core::special_address,
    selectors::label_selector,
    spot::{network_length, port_name},
};

const ENDPOINTS_LIMIT: usize = 1000;
const ADDRESSES_LIMIT: usize = 100;
const PORTS_LIMIT: usize = 20_000;
const TOPOLOGY_LIMIT: usize = 16;
const HINTS_LIMIT: usize = 8;
const CONTROLLER_LENGTH: usize = 250;

/// A name of a host, of which the first label may be a wildcard.
fn host(host: &Spot<'_>, errors: &mut Errors) {
    let text = host.text();
    match text.strip_prefix("*.") {
        Some(rest) => {
            let problems = names::dns1123_subdomain(rest);
            if !problems.is_empty() {
                let detail = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
                errors.push(host.invalid(detail));
            }
        }
        None => host.dns_subdomain(errors),
    }
}

/// An ingress.
pub(crate) fn ingress(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    let (rules, default) = (spec.get("rules"), spec.get("defaultBackend"));
    if rules.len() == 0 && !default.is_set() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid(spec.path(), rules.value().clone(), detail));
    }
    if default.is_set() {
        backend(&default, &mut errors);
    }
    for rule in rules.items() {
        let name = rule.get("host");
        if !name.text().is_empty() {
            if name.text().parse::<IpAddr>().is_ok() {
                errors.push(name.invalid("must be a DNS name, not an IP address"));
            }
            host(&name, &mut errors);
        }
        let http = rule.get("http");
        if http.is_set() {
            if http.get("paths").len() == 0 {
                errors.push(http.get("paths").required(""));
            }
            http.get("paths").items().for_each(|path| http_path(&path, &mut errors));
        }
    }
    for tls in spec.get("tls").items() {
        tls.get("hosts").items().for_each(|name| host(&name, &mut errors));
        let secret = tls.get("secretName");
        if !secret.text().is_empty() {
            secret.dns_subdomain(&mut errors);
        }
    }
    let class = spec.get("ingressClassName");
    if class.is_set() {
        class.dns_subdomain(&mut errors);
    }
    errors
}

/// A new ingress: its class stands in one place.
pub(crate) fn ingress_new(object: &Object) -> Errors {
    let mut errors = ingress(object);
    let annotation = "kubernetes.io/ingress.class";
    let class = object.str_at(&["spec", "ingressClassName"]);
    if let (Some(annotated), Some(class)) = (object.annotation(annotation), class)
        && annotated != class
    {
        let path = apimachinery::field::Path::new("metadata.annotations").child(annotation);
        let detail = "must match `ingressClassName` when both are specified";
        errors.push(FieldError::invalid(&path, annotated, detail));
    }
    errors
}

fn http_path(one: &Spot<'_>, errors: &mut Errors) {
    let (path, kind) = (one.get("path"), one.get("pathType"));
    match kind.text() {
        "" => {
            errors.push(kind.required("pathType must be specified"));
            return;
        }
        "Exact" | "Prefix" => {
            if !path.text().starts_with('/') {
                errors.push(path.invalid("must be an absolute path"));
            }
            for wrong in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|wrong| path.text().contains(wrong)) {
                errors.push(path.invalid(format!("must not contain '{wrong}'")));
            }
            for wrong in ["/..", "/."].into_iter().filter(|wrong| path.text().ends_with(wrong)) {
                errors.push(path.invalid(format!("cannot end with '{wrong}'")));
            }
        }
        "ImplementationSpecific" => {
            if !path.text().is_empty() && !path.text().starts_with('/') {
                errors.push(path.invalid("must be an absolute path"));
            }
        }
        _ => kind.optional_choice(&["Exact", "ImplementationSpecific", "Prefix"], errors),
    }
    backend(&one.get("backend"), errors);
}

fn backend(backend: &Spot<'_>, errors: &mut Errors) {
    let (service, resource) = (backend.get("service"), backend.get("resource"));
    let invalid = |detail: &str| FieldError::invalid(backend.path(), "", detail);
    match (service.is_set(), resource.is_set()) {
        (true, true) => errors.push(invalid("cannot set both resource and service backends")),
        (false, false) => errors.push(invalid("resource or service backend is required")),
        (false, true) => {
            resource.get("kind").demand(errors);
            resource.get("name").demand(errors);
        }
        (true, false) => {
            let name = service.get("name");
            if name.demand(errors) {
                name.all(names::dns1035_label(name.text()), errors);
            }
            let (port, number) = (service.get("port").get("name"), service.get("port").get("number"));
            match (port.text().is_empty(), number.number().unwrap_or_default() == 0) {
                (false, false) => errors.push(invalid("cannot set both port name & port number")),
                (false, true) => port.all(port_name(port.text()), errors),
                (true, false) => number.port(errors),
                (true, true) => errors.push(backend.required("port name or number is required")),
            }
        }
    }
}

/// An ingress class.
pub(crate) fn ingress_class(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let controller = Spot::of(object).get("spec").get("controller");
    if controller.text().len() > CONTROLLER_LENGTH {
        errors.push(FieldError::too_long(controller.path(), CONTROLLER_LENGTH));
    }
    let prefixed = controller
        .text()
        .split_once('/')
        .is_some_and(|(domain, path)| names::dns1123_subdomain(domain).is_empty() && !path.is_empty());
    if !prefixed {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        errors.push(controller.invalid(detail));
    }
    let parameters = Spot::of(object).get("spec").get("parameters");
    if parameters.is_set() {
        parameters.get("kind").demand(&mut errors);
        parameters.get("name").demand(&mut errors);
        let (scope, namespace) = (parameters.get("scope"), parameters.get("namespace"));
        match scope.text() {
            "Namespace" if namespace.text().is_empty() => {
                errors.push(namespace.required("`parameters.scope` is set to 'Namespace'"));
            }
            "Cluster" if namespace.is_set() => {
                errors.push(namespace.forbidden("`parameters.scope` is set to 'Cluster'"));
            }
            _ => scope.choice(&["Cluster", "Namespace"], &mut errors),
        }
    }
    errors
}

/// A change of an ingress class.
pub(crate) fn ingress_class_update(object: &Object, old: &Object) -> Errors {
    let mut errors = ingress_class(object);
    let controller = |object| Spot::of(object).get("spec").get("controller");
    controller(object).immutable(&controller(old), &mut errors);
    errors
}

/// A network policy.
pub(crate) fn network_policy(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    label_selector(&spec.get("podSelector"), &mut errors);
    for (direction, side) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get(direction).items() {
            rule.get("ports").items().for_each(|port| policy_port(&port, &mut errors));
            rule.get(side).items().for_each(|peer| policy_peer(&peer, &mut errors));
        }
    }
    let types = spec.get("policyTypes");
    if types.len() > 2 {
        errors.push(types.invalid("may not specify more than two policyTypes"));
        return errors;
    }
    for kind in types.items() {
        if !["Ingress", "Egress"].contains(&kind.text()) {
            errors.push(FieldError::not_supported(kind.path(), kind.text(), &["Ingress", "Egress"]));
        }
    }
    errors
}

fn policy_port(one: &Spot<'_>, errors: &mut Errors) {
    one.get("protocol").optional_choice(&["TCP", "UDP", "SCTP"], errors);
    let (port, end) = (one.get("port"), one.get("endPort"));
    match port.number() {
        Some(number) => {
            port.port(errors);
            if end.number().is_some_and(|end| end < number) {
                errors.push(end.invalid("must be greater than or equal to `port`"));
            }
            end.port(errors);
        }
        None if port.is_set() => {
            if end.is_set() {
                errors.push(end.invalid("may not be specified when `port` is non-numeric"));
            }
            port.all(port_name(port.text()), errors);
        }
        None if end.is_set() => errors.push(end.invalid("may not be specified when `port` is not specified")),
        None => {}
    }
}

fn policy_peer(peer: &Spot<'_>, errors: &mut Errors) {
    let (pods, namespaces, block) = (peer.get("podSelector"), peer.get("namespaceSelector"), peer.get("ipBlock"));
    label_selector(&pods, errors);
    label_selector(&namespaces, errors);
    let others = pods.is_set() || namespaces.is_set();
    if !others && !block.is_set() {
        errors.push(peer.required("must specify a peer"));
    } else if others && block.is_set() {
        errors.push(peer.forbidden("may not specify both ipBlock and another peer"));
    }
    if !block.is_set() {
        return;
    }
    let cidr = block.get("cidr");
    if !cidr.demand(errors) {
        return;
    }
    cidr.network(errors);
    for except in block.get("except").items() {
        except.network(errors);
        if let (Some(inner), Some(outer)) = (range(except.text()), range(cidr.text()))
            && (inner.0 != outer.0 || inner.1 < outer.1 || inner.2 > outer.2 || inner == outer)
        {
            errors.push(except.invalid("must be a strict subset of `cidr`"));
        }
    }
}

/// Whether a network is IPv4, and its first and last address.
fn range(text: &str) -> Option<(bool, u128, u128)> {
    let (is_ipv4, length) = network_length(text)?;
    let (address, bits) = match text.split_once('/')?.0.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let host_bits = bits - u32::from(length);
    let mask = if host_bits == 128 { u128::MAX } else { (1u128 << host_bits) - 1 };
    Some((is_ipv4, address & !mask, address | mask))
}

/// A range of service addresses.
pub(crate) fn service_range(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let cidrs = Spot::of(object).get("spec").get("cidrs");
    if cidrs.len() == 0 {
        errors.push(cidrs.required("at least one CIDR required"));
    }
    if cidrs.len() > 2 {
        errors.push(cidrs.invalid("may only hold up to 2 values"));
        return errors;
    }
    let mut families = Vec::new();
    for cidr in cidrs.items() {
        match (network_length(cidr.text()), range(cidr.text())) {
            (Some((is_ipv4, _)), Some((_, first, _))) => {
                families.push(is_ipv4);
                let own = cidr.text().split_once('/').and_then(|(address, _)| address.parse::<IpAddr>().ok());
                let own = own.map(|address| match address {
                    IpAddr::V4(address) => u128::from(u32::from(address)),
                    IpAddr::V6(address) => u128::from(address),
                });
                if own != Some(first) {
                    let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64), with no bits set beyond the prefix length";
                    errors.push(cidr.invalid(detail));
                }
            }
            _ => cidr.network(&mut errors),
        }
    }
    if matches!(families[..], [first, second] if first == second) {
        let detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        errors.push(cidrs.invalid(detail));
    }
    errors
}

/// A change of a range: another family may be added, and nothing else.
pub(crate) fn service_range_update(object: &Object, old: &Object) -> Errors {
    let mut errors = service_range(object);
    let (cidrs, own) = (Spot::of(object).get("spec").get("cidrs"), Spot::of(old).get("spec").get("cidrs"));
    if cidrs.len() < own.len() {
        errors.push(cidrs.invalid(super::IMMUTABLE));
    }
    for (new, before) in cidrs.items().zip(own.items()) {
        new.immutable(&before, &mut errors);
    }
    errors
}

/// An address that something has.
pub(crate) fn ip_address(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let parent = Spot::of(object).get("spec").get("parentRef");
    if !parent.is_set() {
        errors.push(parent.required(""));
        return errors;
    }
    for field in ["resource", "name"] {
        let part = parent.get(field);
        if part.demand(&mut errors) {
            part.all(names::path_segment(part.text()), &mut errors);
        }
    }
    errors
}

/// A change of an address.
pub(crate) fn ip_address_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    let parent = |object| Spot::of(object).get("spec").get("parentRef");
    parent(object).immutable(&parent(old), &mut errors);
    errors
}

/// Problems of an address object's name: an address as it is always written.
pub(crate) fn ip_address_name(name: &str) -> Vec<String> {
    match name.parse::<IpAddr>() {
        Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
        Ok(address) if address.to_string() != name => {
            vec![format!("must be in canonical form ({:?})", address.to_string())]
        }
        Ok(_) => Vec::new(),
    }
}

/// A slice of endpoints.
pub(crate) fn endpoint_slice(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let kind = root.get("addressType");
    match kind.text() {
        "" => errors.push(kind.required("")),
        _ => kind.optional_choice(&["FQDN", "IPv4", "IPv6"], &mut errors),
    }
    let (endpoints, ports) = (root.get("endpoints"), root.get("ports"));
    if endpoints.len() > ENDPOINTS_LIMIT {
        errors.push(FieldError::too_many(endpoints.path(), endpoints.len(), ENDPOINTS_LIMIT));
        return errors;
    }
    endpoints.items().for_each(|endpoint| one_endpoint(&endpoint, kind.text(), &mut errors));
    if ports.len() > PORTS_LIMIT {
        errors.push(FieldError::too_many(ports.path(), ports.len(), PORTS_LIMIT));
        return errors;
    }
    let mut seen = Vec::new();
    for port in ports.items() {
        let name = port.get("name");
        if !name.text().is_empty() {
            name.dns_label(&mut errors);
        }
        if seen.contains(&name.text()) {
            errors.push(FieldError::duplicate(name.path(), name.text()));
        }
        seen.push(name.text());
        port.get("protocol").choice(&["TCP", "UDP", "SCTP"], &mut errors);
        let application = port.get("appProtocol");
        if application.is_set() {
            application.qualified_name(&mut errors);
        }
    }
    errors
}

fn one_endpoint(endpoint: &Spot<'_>, kind: &str, errors: &mut Errors) {
    let addresses = endpoint.get("addresses");
    match addresses.len() {
        0 => errors.push(addresses.required("must contain at least 1 address")),
        count if count > ADDRESSES_LIMIT => {
            errors.push(FieldError::too_many(addresses.path(), count, ADDRESSES_LIMIT));
        }
        _ => {}
    }
    for address in addresses.items() {
        match (kind, address.text().parse::<IpAddr>()) {
            ("FQDN", _) => address.dns_subdomain(errors),
            (_, Err(_)) => address.address(errors),
            ("IPv4", Ok(IpAddr::V6(_))) => errors.push(address.invalid("must be an IPv4 address")),
            ("IPv6", Ok(IpAddr::V4(_))) => errors.push(address.invalid("must be an IPv6 address")),
            _ => special_address(&address, errors),
        }
    }
    let (node, host) = (endpoint.get("nodeName"), endpoint.get("hostname"));
    if node.is_set() {
        node.dns_subdomain(errors);
    }
    if host.is_set() {
        host.dns_label(errors);
    }
    let topology = endpoint.get("deprecatedTopology");
    if topology.len() > TOPOLOGY_LIMIT {
        errors.push(FieldError::too_many(topology.path(), topology.len(), TOPOLOGY_LIMIT));
    }
    topology.labels(errors);
    for list in ["forZones", "forNodes"] {
        let hints = endpoint.get("hints").get(list);
        if hints.len() > HINTS_LIMIT {
            errors.push(FieldError::too_many(hints.path(), hints.len(), HINTS_LIMIT));
        }
        let mut seen = Vec::new();
        for hint in hints.items() {
            let name = hint.get("name");
            if seen.contains(&name.text()) {
                errors.push(name.duplicate());
            }
            seen.push(name.text());
            if list == "forZones" {
                name.all(names::label_value(name.text()), errors);
            } else {
                name.dns_subdomain(errors);
            }
        }
    }
}

/// A change of a slice.
pub(crate) fn endpoint_slice_update(object: &Object, old: &Object) -> Errors {
    let mut errors = endpoint_slice(object);
    Spot::of(object).get("addressType").immutable(&Spot::of(old).get("addressType"), &mut errors);
    errors
}
