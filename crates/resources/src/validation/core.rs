//! Config maps, secrets, nodes, endpoints.

use apimachinery::{
    Object, base64_decode, decode,
    field::{FieldError, Path},
};

use super::{Errors, Spot, placement, spot::network_length};

/// The most bytes of a secret's or config map's data, as upstream.
const DATA_BYTES_LIMIT: usize = 1 << 20;
const FROZEN: &str = "field is immutable when `immutable` is set";

/// The size of base64 text once decoded.
fn decoded_length(text: &str) -> usize {
    text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count()
}

fn keys(data: &Spot<'_>, errors: &mut Errors) {
    for (key, value) in data.entries() {
        let problems = apimachinery::names::config_map_key(key);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(value.path(), key, problem)));
    }
}

/// A config map.
pub(crate) fn config_map(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let (data, binary) = (root.get("data"), root.get("binaryData"));
    let mut total = 0;
    keys(&data, &mut errors);
    for (key, value) in data.entries() {
        if binary.get(key).is_set() {
            errors.push(FieldError::invalid(value.path(), key, "duplicate of key present in binaryData"));
        }
        total += value.text().len();
    }
    keys(&binary, &mut errors);
    total += binary.entries().map(|(_, value)| decoded_length(value.text())).sum::<usize>();
    if total > DATA_BYTES_LIMIT {
        // Upstream names no field here, and Go shows that so.
        errors.push(FieldError::too_long(&Path::new("[]"), DATA_BYTES_LIMIT));
    }
    errors
}

/// A change of a config map.
pub(crate) fn config_map_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    frozen(object, old, &["data", "binaryData"], &mut errors);
    errors.extend(config_map(object));
    errors
}

fn frozen(object: &Object, old: &Object, fields: &[&str], errors: &mut Errors) {
    let (new, before) = (Spot::of(object), Spot::of(old));
    if !before.get("immutable").flag() {
        return;
    }
    if !new.get("immutable").flag() {
        errors.push(new.get("immutable").forbidden(FROZEN));
    }
    for field in fields {
        if !super::same(new.get(field).value(), before.get(field).value()) {
            errors.push(new.get(field).forbidden(FROZEN));
        }
    }
}

/// A secret.
pub(crate) fn secret(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let data = root.get("data");
    keys(&data, &mut errors);
    let total: usize = data.entries().map(|(_, value)| decoded_length(value.text())).sum();
    if total > DATA_BYTES_LIMIT {
        errors.push(FieldError::too_long(data.path(), DATA_BYTES_LIMIT));
    }
    let at = |key: &str| data.path().key(key);
    let has = |key: &str| data.get(key).is_set();
    match root.get("type").text() {
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            if object.annotation(name).is_none_or(str::is_empty) {
                errors.push(FieldError::required(&Path::new("metadata.annotations").key(name), ""));
            }
        }
        kind @ ("kubernetes.io/dockercfg" | "kubernetes.io/dockerconfigjson") => {
            let key = if kind.ends_with("json") { ".dockerconfigjson" } else { ".dockercfg" };
            match base64_decode(data.get(key).text()) {
                _ if !has(key) => errors.push(FieldError::required(&at(key), "")),
                Some(bytes) if decode::json_untyped(&bytes).is_ok() => {}
                _ => errors.push(FieldError::invalid(&at(key), "<secret contents redacted>", "invalid character")),
            }
        }
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            errors.push(FieldError::required(&at("username"), ""));
            errors.push(FieldError::required(&at("password"), ""));
        }
        "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").text().is_empty() => {
            errors.push(FieldError::required(&at("ssh-privatekey"), ""));
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"].into_iter().filter(|key| !has(key)) {
                errors.push(FieldError::required(&at(key), ""));
            }
        }
        _ => {}
    }
    errors
}

/// A change of a secret.
pub(crate) fn secret_update(object: &Object, old: &Object) -> Errors {
    let mut errors = Errors::new();
    Spot::of(object).get("type").immutable(&Spot::of(old).get("type"), &mut errors);
    frozen(object, old, &["data"], &mut errors);
    errors.extend(secret(object));
    errors
}

/// A node.
pub(crate) fn node(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let root = Spot::of(object);
    let spec = root.get("spec");
    placement::taints(&spec.get("taints"), &mut errors);
    for list in ["capacity", "allocatable"] {
        for (name, amount) in root.get("status").get(list).entries() {
            super::resources::quantity(name, &amount, &mut errors);
        }
    }
    let networks = spec.get("podCIDRs");
    let mut families = Vec::new();
    for network in networks.items() {
        network.network(&mut errors);
        families.extend(network_length(network.text()).map(|(is_ipv4, _)| is_ipv4));
    }
    let doubled = families.len() > 2 || matches!(families[..], [first, second] if first == second);
    if doubled {
        errors.push(networks.invalid("may specify no more than one CIDR for each IP family"));
    }
    errors
}

/// A change of a node.
pub(crate) fn node_update(object: &Object, old: &Object) -> Errors {
    let mut errors = node(object);
    let (root, before) = (Spot::of(object), Spot::of(old));
    let mut seen = Vec::new();
    for address in root.get("status").get("addresses").items() {
        if seen.contains(&address.value()) {
            errors.push(address.duplicate());
        }
        seen.push(address.value());
    }
    let (networks, own) = (root.get("spec").get("podCIDRs"), before.get("spec").get("podCIDRs"));
    if own.len() > 0 && networks.value() != own.value() {
        errors.push(networks.forbidden("node updates may not change podCIDR except from \"\" to valid"));
    }
    let (provider, own) = (root.get("spec").get("providerID"), before.get("spec").get("providerID"));
    if !own.text().is_empty() && provider.text() != own.text() {
        let detail = "node updates may not change providerID except from \"\" to valid";
        errors.push(provider.forbidden(detail));
    }
    errors
}

/// Endpoints of a service, in the older form.
pub(crate) fn endpoints(object: &Object) -> Errors {
    let mut errors = Errors::new();
    for subset in Spot::of(object).get("subsets").items() {
        let lists = ["addresses", "notReadyAddresses"].map(|list| subset.get(list));
        if lists.iter().all(|list| list.len() == 0) {
            errors.push(subset.required("must specify `addresses` or `notReadyAddresses`"));
        }
        for address in lists.iter().flat_map(|list| list.items()) {
            address.get("ip").address(&mut errors);
            special_address(&address.get("ip"), &mut errors);
            if !address.get("hostname").text().is_empty() {
                address.get("hostname").dns_label(&mut errors);
            }
        }
        let several = subset.get("ports").len() > 1;
        for port in subset.get("ports").items() {
            let name = port.get("name");
            match name.text() {
                "" if several => errors.push(name.required("")),
                "" => {}
                _ => name.dns_label(&mut errors),
            }
            match port.get("port") {
                number if number.is_set() => number.port(&mut errors),
                number => errors.push(FieldError::invalid(number.path(), 0, "must be between 1 and 65535, inclusive")),
            }
            port.get("protocol").choice(&["TCP", "UDP", "SCTP"], &mut errors);
        }
    }
    errors
}

/// Addresses that no service may send its clients to.
pub(crate) fn special_address(at: &Spot<'_>, errors: &mut Errors) {
    let Ok(address) = at.text().parse::<std::net::IpAddr>() else { return };
    let link_local = |address: &std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => address.is_link_local(),
        std::net::IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let link_local_multicast = |address: &std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        std::net::IpAddr::V6(address) => address.segments()[0] & 0xff0f == 0xff02,
    };
    let detail = match &address {
        address if address.is_unspecified() => format!("may not be unspecified ({address})"),
        address if address.is_loopback() => "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned(),
        address if link_local(address) => "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned(),
        address if link_local_multicast(address) => {
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
        }
        _ => return,
    };
    errors.push(at.invalid(detail));
}
