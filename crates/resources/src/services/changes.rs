//! What a changed service keeps of what it was given, and what goes with its type.

use apimachinery::{Object, Value, value};

use super::{ports, service_type, wants_address};
use crate::install::text_at;

const ADDRESS_FIELDS: [&str; 4] = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

fn is_unset(object: &Object, field: &str) -> bool {
    match object.at(&["spec", field]) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(list)) => list.is_empty(),
        Some(_) => false,
    }
}

fn same(object: &Object, old: &Object, field: &str) -> bool {
    object.at(&["spec", field]) == old.at(&["spec", field])
}

/// Brings the form with one address and that with a list together: who changed one of them means both.
fn normalize_addresses(object: &mut Object, old: &Object) {
    let address = text_at(object, &["spec", "clusterIP"]).to_owned();
    let list_kept = same(object, old, "clusterIPs");
    if !same(object, old, "clusterIP") && list_kept {
        if address.is_empty() {
            object.remove(&["spec", "clusterIPs"]);
        } else {
            let mut list = object.list_at(&["spec", "clusterIPs"]).to_vec();
            match list.first_mut() {
                Some(first) => *first = address.as_str().into(),
                None => list.push(address.as_str().into()),
            }
            object.set(&["spec", "clusterIPs"], list);
        }
    } else if !list_kept && is_unset(object, "clusterIPs") && same(object, old, "clusterIP") {
        object.remove(&["spec", "clusterIP"]);
    }
    if is_unset(object, "clusterIPs") && !text_at(object, &["spec", "clusterIP"]).is_empty() {
        let address = text_at(object, &["spec", "clusterIP"]).to_owned();
        object.set(&["spec", "clusterIPs"], value!([address]));
    }
}

/// A client that changes a service without saying anything of its addresses and ports keeps them; what the
/// new type does not know goes, unless the client says it anew.
pub(super) fn inherit(object: &mut Object, old: &Object) {
    keep_allocated(object, old);
    normalize_addresses(object, old);
    drop_dependents(object, old);
}

fn keep_allocated(object: &mut Object, old: &Object) {
    if wants_address(object) && wants_address(old) {
        let unset = is_unset(object, "clusterIP") && is_unset(object, "clusterIPs");
        for field in ADDRESS_FIELDS {
            let keeps = if field.starts_with("clusterIP") { unset } else { is_unset(object, field) };
            if let (true, Some(value)) = (keeps, old.at(&["spec", field])) {
                object.set(&["spec", field], value.clone());
            }
        }
    }
    if ports::wants_health_port(object)
        && ports::wants_health_port(old)
        && object.i64_at(&["spec", "healthCheckNodePort"]).unwrap_or_default() == 0
        && let Some(port) = old.i64_at(&["spec", "healthCheckNodePort"])
    {
        object.set(&["spec", "healthCheckNodePort"], port);
    }
    if !(ports::wanted(object) && ports::wanted(old)) {
        return;
    }
    let before: Vec<Value> = old.list_at(&["spec", "ports"]).to_vec();
    let named: Vec<i64> =
        object.list_at(&["spec", "ports"]).iter().filter_map(|port| port.i64_at(&["nodePort"])).collect();
    let Some(list) = object.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut) else { return };
    for port in list.iter_mut().filter(|port| port.i64_at(&["nodePort"]).unwrap_or_default() == 0) {
        let same = |old: &&Value| {
            old.i64_at(&["port"]) == port.i64_at(&["port"]) && old.str_at(&["protocol"]) == port.str_at(&["protocol"])
        };
        let kept = before.iter().find(same).and_then(|old| old.i64_at(&["nodePort"]));
        if let Some(node_port) = kept.filter(|node_port| !named.contains(node_port)) {
            port.set(&["nodePort"], node_port);
        }
    }
}

fn drop_dependents(object: &mut Object, old: &Object) {
    if wants_address(old) && !wants_address(object) {
        let addresses_kept = same(object, old, "clusterIP") && same(object, old, "clusterIPs");
        for field in ADDRESS_FIELDS {
            let kept = if field.starts_with("clusterIP") { addresses_kept } else { same(object, old, field) };
            if kept {
                object.remove(&["spec", field]);
            }
        }
    }
    if ports::wanted(old) && !ports::wanted(object) {
        let before: Vec<Option<i64>> =
            old.list_at(&["spec", "ports"]).iter().map(|port| port.i64_at(&["nodePort"])).collect();
        let list = object.at_mut(&["spec", "ports"]).and_then(Value::as_list_mut);
        let now: Vec<Option<i64>> =
            list.as_deref().map_or_else(Vec::new, |list| list.iter().map(|port| port.i64_at(&["nodePort"])).collect());
        if now == before {
            for port in list.into_iter().flatten() {
                port.remove(&["nodePort"]);
            }
        }
    }
    let balanced = |object: &Object| service_type(object) == "LoadBalancer";
    let external = |object: &Object| {
        ports::wanted(object)
            || balanced(object)
            || (service_type(object) == "ClusterIP" && !is_unset(object, "externalIPs"))
    };
    let mut drop_unless = |field: &str, needed: &dyn Fn(&Object) -> bool| {
        if needed(old) && !needed(object) && same(object, old, field) {
            object.remove(&["spec", field]);
        }
    };
    drop_unless("healthCheckNodePort", &ports::wants_health_port);
    drop_unless("allocateLoadBalancerNodePorts", &balanced);
    drop_unless("loadBalancerClass", &balanced);
    drop_unless("externalTrafficPolicy", &external);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(old: Value, new: Value) -> Value {
        let (old, mut object) = (Object(value!({"spec": old})), Object(value!({"spec": new})));
        inherit(&mut object, &old);
        object.at(&["spec"]).cloned().unwrap_or_default()
    }

    #[test]
    fn what_was_given_stays_and_what_depends_on_the_type_goes() {
        let node_port = value!({
            "type": "NodePort", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "externalTrafficPolicy": "Cluster",
            "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30001}]
        });
        let replaced =
            changed(node_port.clone(), value!({"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]}));
        assert_eq!(replaced.str_at(&["clusterIP"]), Some("10.0.0.1"));
        assert_eq!(replaced.list_at(&["ports"])[0].i64_at(&["nodePort"]), Some(30001));
        let mut plain = node_port.clone();
        plain.set(&["type"], "ClusterIP");
        let plain = changed(node_port.clone(), plain);
        assert_eq!(plain.list_at(&["ports"])[0].i64_at(&["nodePort"]), None);
        assert_eq!(plain.at(&["externalTrafficPolicy"]), None);
        let mut external = node_port.clone();
        external.set(&["type"], "ExternalName");
        let external = changed(node_port, external);
        assert!(external.at(&["clusterIP"]).is_none() && external.at(&["clusterIPs"]).is_none());
    }
}
