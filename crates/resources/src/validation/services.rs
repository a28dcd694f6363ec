//! Services.

use apimachinery::{Object, field::FieldError, names};

use super::{Errors, Spot, core::special_address, spot::network_length};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
/// The longest affinity of a client, in seconds: a day.
const AFFINITY_SECONDS_LIMIT: i64 = 86_400;

fn has_address(spec: &Spot<'_>) -> bool {
    !matches!(spec.get("clusterIP").text(), "" | "None")
}

/// A service.
pub(crate) fn service(object: &Object) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(object).get("spec");
    let kind = spec.get("type");
    let headless = spec.get("clusterIP").text() == "None";
    let ports = spec.get("ports");
    if ports.len() == 0 && !headless && kind.text() != "ExternalName" {
        errors.push(ports.required(""));
    }
    match kind.text() {
        "LoadBalancer" | "NodePort" if headless => {
            let at = spec.get("clusterIPs").path().index(0);
            let detail = format!("may not be set to 'None' for {} services", kind.text());
            errors.push(FieldError::invalid(&at, "None", detail));
        }
        "ExternalName" => external_name(&spec, &mut errors),
        "" => errors.push(kind.required("")),
        _ => kind.optional_choice(&TYPES, &mut errors),
    }
    check_ports(&spec, &ports, headless, &mut errors);
    spec.get("selector").labels(&mut errors);
    affinity(&spec, &mut errors);
    for address in spec.get("externalIPs").items() {
        address.address(&mut errors);
        special_address(&address, &mut errors);
    }
    load_balancer(&spec, &mut errors);
    external_traffic(&spec, &mut errors);
    let internal = spec.get("internalTrafficPolicy");
    if kind.text() != "ExternalName" {
        match internal.text() {
            "" if kind.text().is_empty() || !internal.is_set() => {
                if matches!(kind.text(), "ClusterIP" | "NodePort" | "LoadBalancer") {
                    errors.push(internal.required(""));
                }
            }
            _ => internal.optional_choice(&["Cluster", "Local"], &mut errors),
        }
    }
    let distribution = spec.get("trafficDistribution");
    distribution.optional_choice(&["PreferClose", "PreferSameNode", "PreferSameZone"], &mut errors);
    addresses(&spec, &mut errors);
    errors
}

fn external_name(spec: &Spot<'_>, errors: &mut Errors) {
    if has_address(spec) || spec.get("clusterIPs").len() > 0 {
        errors.push(spec.get("clusterIPs").forbidden("may not be set for ExternalName services"));
    }
    for field in ["ipFamilies", "ipFamilyPolicy"] {
        if spec.get(field).is_set() && (spec.get(field).len() > 0 || !spec.get(field).text().is_empty()) {
            errors.push(spec.get(field).forbidden("may not be set for ExternalName services"));
        }
    }
    let name = spec.get("externalName");
    match name.text().strip_suffix('.').unwrap_or(name.text()) {
        "" => errors.push(name.required("")),
        text => name.all(names::dns1123_subdomain(text), errors),
    }
}

fn check_ports(spec: &Spot<'_>, ports: &Spot<'_>, headless: bool, errors: &mut Errors) {
    let (mut names_seen, mut keys, mut node_ports) = (Vec::new(), Vec::new(), Vec::new());
    let kind = spec.get("type").text();
    for port in ports.items() {
        let (name, number, protocol) = (port.get("name"), port.get("port"), port.get("protocol"));
        match name.text() {
            "" if ports.len() > 1 => errors.push(name.required("")),
            "" => {}
            text => {
                name.dns_label(errors);
                if names_seen.contains(&text) {
                    errors.push(name.duplicate());
                }
                names_seen.push(text);
            }
        }
        match number.number() {
            Some(_) => number.port(errors),
            None => errors.push(FieldError::invalid(number.path(), 0, "must be between 1 and 65535, inclusive")),
        }
        protocol.choice(&["TCP", "UDP", "SCTP"], errors);
        let target = port.get("targetPort");
        if target.is_set() {
            target.port_or_name(errors);
        }
        let application = port.get("appProtocol");
        if application.is_set() {
            application.qualified_name(errors);
        }
        let key = (protocol.text(), number.number());
        if keys.contains(&key) && !headless {
            let shown = apimachinery::value!({
                "name": "", "protocol": key.0, "port": key.1.unwrap_or_default(), "targetPort": 0, "nodePort": 0
            });
            errors.push(FieldError::duplicate(port.path(), shown));
        }
        keys.push(key);
        let node_port = port.get("nodePort");
        let Some(own) = node_port.number().filter(|own| *own != 0) else { continue };
        if kind == "ClusterIP" {
            errors.push(node_port.forbidden("may not be used when `type` is 'ClusterIP'"));
        }
        if node_ports.contains(&(protocol.text(), own)) {
            errors.push(node_port.duplicate());
        }
        node_ports.push((protocol.text(), own));
    }
}

fn affinity(spec: &Spot<'_>, errors: &mut Errors) {
    let (kind, config) = (spec.get("sessionAffinity"), spec.get("sessionAffinityConfig"));
    kind.choice(&["ClientIP", "None"], errors);
    if kind.text() == "None" && config.is_set() {
        errors.push(config.forbidden("must not be set when session affinity is None"));
    }
    if kind.text() != "ClientIP" {
        return;
    }
    let seconds = config.get("clientIP").get("timeoutSeconds");
    match seconds.number() {
        None => errors.push(seconds.required("when session affinity type is ClientIP")),
        Some(number) if number <= 0 || number > AFFINITY_SECONDS_LIMIT => {
            errors.push(seconds.invalid(format!("must be greater than 0 and less than {AFFINITY_SECONDS_LIMIT}")));
        }
        Some(_) => {}
    }
}

fn load_balancer(spec: &Spot<'_>, errors: &mut Errors) {
    let balanced = spec.get("type").text() == "LoadBalancer";
    let (sources, class) = (spec.get("loadBalancerSourceRanges"), spec.get("loadBalancerClass"));
    if sources.len() > 0 && !balanced {
        errors.push(sources.forbidden("may only be used when `type` is 'LoadBalancer'"));
    }
    for source in sources.items() {
        if network_length(source.text().trim()).is_none() {
            errors.push(source.invalid("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
        }
    }
    let allocates = spec.get("allocateLoadBalancerNodePorts");
    if allocates.is_set() && !balanced {
        errors.push(allocates.forbidden("may only be used when `type` is 'LoadBalancer'"));
    }
    if class.is_set() {
        match balanced {
            false => errors.push(class.forbidden("may only be used when `type` is 'LoadBalancer'")),
            true => class.qualified_name(errors),
        }
    }
}

fn external_traffic(spec: &Spot<'_>, errors: &mut Errors) {
    let kind = spec.get("type").text();
    let external =
        matches!(kind, "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && spec.get("externalIPs").len() > 0);
    let (policy, health) = (spec.get("externalTrafficPolicy"), spec.get("healthCheckNodePort"));
    match external {
        false if !policy.text().is_empty() => {
            errors.push(policy.invalid("may only be set for externally-accessible services"));
        }
        true => policy.choice(&["Cluster", "Local"], errors),
        false => {}
    }
    let needs_health = kind == "LoadBalancer" && policy.text() == "Local";
    match health.number().unwrap_or_default() {
        0 => {}
        _ if !needs_health => {
            let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(health.invalid(detail));
        }
        _ => health.port(errors),
    }
}

/// Addresses, families and their policy, as far as they do not depend on the cluster.
fn addresses(spec: &Spot<'_>, errors: &mut Errors) {
    if spec.get("type").text() == "ExternalName" {
        return;
    }
    let (address, list) = (spec.get("clusterIP"), spec.get("clusterIPs"));
    if list.len() > 0 && list.items().next().is_some_and(|first| first.text() != address.text()) {
        errors.push(list.invalid("first value must match `clusterIP`"));
    }
    if address.text() == "None" && list.len() > 1 {
        errors.push(list.invalid("'None' must be the first and only value"));
    }
    spec.get("ipFamilyPolicy").optional_choice(&["PreferDualStack", "RequireDualStack", "SingleStack"], errors);
    let mut seen = Vec::new();
    for family in spec.get("ipFamilies").items() {
        if !["IPv4", "IPv6"].contains(&family.text()) {
            errors.push(FieldError::not_supported(family.path(), family.text(), &["IPv4", "IPv6"]));
        }
        if seen.contains(&family.text()) {
            errors.push(family.duplicate());
        }
        seen.push(family.text());
    }
    for (one, family) in list.items().zip(&seen).filter(|(one, _)| one.text() != "None") {
        let is_ipv4 = one.text().parse::<std::net::IpAddr>().map(|address| address.is_ipv4());
        match (is_ipv4, *family) {
            (Err(_), _) => one.address(errors),
            (Ok(true), "IPv6") | (Ok(false), "IPv4") => {
                errors.push(one.invalid(format!("expected an {family} value as indicated by `ipFamilies[0]`")));
            }
            _ => {}
        }
    }
}

/// A change of a service.
pub(crate) fn service_update(object: &Object, old: &Object) -> Errors {
    let mut errors = service(object);
    let (spec, before) = (Spot::of(object).get("spec"), Spot::of(old).get("spec"));
    let internal = |spec: &Spot<'_>| spec.get("type").text() != "ExternalName";
    if internal(&spec) && internal(&before) {
        let (new, own) = (spec.get("clusterIP"), before.get("clusterIP"));
        if !own.text().is_empty() && new.text() != own.text() {
            let path = spec.get("clusterIPs").path().index(0);
            let shown = apimachinery::value!([new.text()]);
            errors.push(FieldError::invalid(&path, shown, "may not change once set"));
        }
        let (families, own) = (spec.get("ipFamilies"), before.get("ipFamilies"));
        let first = |list: &Spot<'_>| list.items().next().map(|family| family.text().to_owned());
        if own.len() > 0 && families.len() > 0 && first(&families) != first(&own) {
            let path = families.path().index(0);
            let shown = families.value().clone();
            errors.push(FieldError::invalid(&path, shown, "may not change once set"));
        }
    }
    let needs_health = |spec: &Spot<'_>| {
        spec.get("type").text() == "LoadBalancer" && spec.get("externalTrafficPolicy").text() == "Local"
    };
    let (health, own) = (spec.get("healthCheckNodePort"), before.get("healthCheckNodePort"));
    if needs_health(&spec) && needs_health(&before) && health.number() != own.number() {
        errors.push(health.forbidden("field is immutable"));
    }
    let balanced = |spec: &Spot<'_>| spec.get("type").text() == "LoadBalancer";
    if balanced(&spec) && balanced(&before) {
        spec.get("loadBalancerClass").immutable(&before.get("loadBalancerClass"), &mut errors);
    }
    errors
}
