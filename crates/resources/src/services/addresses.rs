//! Addresses of services: an IPAddress object for each, out of the ranges of the ServiceCIDRs.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use apimachinery::{Object, Status, Value, value};
use apiserver::{Server, UserInfo, loopback::Loopback};
use client::{
    Api, Options,
    kinds::{IP_ADDRESSES, SERVICE_CIDRS},
};

use super::invalid;
use crate::{
    allocator::{Span, address_number},
    install::text_at,
};

/// Who manages the objects that are made here, as upstream.
pub(super) const MANAGED_BY: &str = "ipallocator.k8s.io";
pub(super) const MANAGED_BY_LABEL: &str = "ipaddress.kubernetes.io/managed-by";
pub(super) const FAMILY_LABEL: &str = "ipaddress.kubernetes.io/ip-family";

/// The object that says that `service` has `address`.
pub(super) fn ip_address(address: IpAddr, service: &Object) -> Value {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    value!({
        "apiVersion": IP_ADDRESSES.api_version(),
        "kind": &IP_ADDRESSES.kind,
        "metadata": {
            "name": address.to_string(),
            "labels": {(FAMILY_LABEL): family, (MANAGED_BY_LABEL): MANAGED_BY}
        },
        "spec": {"parentRef": {
            "group": "", "resource": "services", "namespace": service.namespace(), "name": service.name()
        }}
    })
}

/// The addresses of a network that may be given out, when `text` is an IPv4 network.
pub(super) fn span(text: &str) -> Option<Span> {
    let (network, length) = text.split_once('/')?;
    let (network, length): (Ipv4Addr, u32) = (network.parse().ok()?, length.parse().ok()?);
    // The network's own address and the broadcast address are nobody's.
    let size = 1u128.checked_shl(32u32.checked_sub(length)?)?.saturating_sub(2);
    Some(Span::of_addresses(address_number(network.into()) + 1, size))
}

fn api(server: &Arc<Server>) -> Api {
    let user = UserInfo::new("system:apiserver", &["system:masters"]);
    Loopback::client(server, user, "kube-apiserver").all(&IP_ADDRESSES)
}

fn is_ready(range: &Object) -> bool {
    let conditions = range.list_at(&["status", "conditions"]);
    let ready = conditions.iter().find(|condition| condition.str_at(&["type"]) == Some("Ready"));
    // Before its controller has seen it, a range counts as ready.
    range.deletion_timestamp().is_none() && ready.is_none_or(|condition| condition.str_at(&["status"]) == Some("True"))
}

/// The ranges from which addresses are given out now, the oldest first.
fn spans(server: &Arc<Server>) -> Result<Vec<Span>, Status> {
    let kind = &SERVICE_CIDRS;
    let mut ranges = server.registry().objects(&kind.group, &kind.resource, "")?;
    ranges.retain(|range| is_ready(range));
    ranges.sort_by(|a, b| (a.creation_timestamp(), a.name()).cmp(&(b.creation_timestamp(), b.name())));
    let cidrs = ranges.iter().flat_map(|range| range.list_at(&["spec", "cidrs"]).iter().filter_map(Value::as_str));
    Ok(cidrs.filter_map(span).collect())
}

fn is_taken(server: &Arc<Server>, address: IpAddr) -> Result<bool, Status> {
    let kind = &IP_ADDRESSES;
    let addresses = server.registry().find(&kind.group, &kind.version, &kind.resource);
    let addresses = addresses.ok_or_else(|| Status::service_unavailable("allocator not ready"))?;
    Ok(addresses.stored()?.get(&address.to_string()).is_some())
}

/// Takes `address` for `service`; false when somebody has it.
async fn take(server: &Arc<Server>, service: &Object, address: IpAddr, dry_run: bool) -> Result<bool, Status> {
    if dry_run {
        return Ok(!is_taken(server, address)?);
    }
    match api(server).create(ip_address(address, service)).await {
        Ok(_) => Ok(true),
        Err(status) if status.is_already_exists() => Ok(false),
        Err(status) => Err(status),
    }
}

/// Gives `addresses` back, where they are still those of `service`.
pub(super) async fn release(server: &Arc<Server>, service: &Object, addresses: &[IpAddr]) {
    for address in addresses {
        let kind = &IP_ADDRESSES;
        let present = server.registry().object(&kind.group, &kind.resource, "", &address.to_string());
        let Ok(Some(present)) = present else { continue };
        let parent = |field| text_at(&present, &["spec", "parentRef", field]);
        if (parent("namespace"), parent("name")) != (service.namespace(), service.name()) {
            continue;
        }
        let options = Options { precondition_uid: present.uid().to_owned(), ..Options::default() };
        if let Err(error) = api(server).delete(&address.to_string(), options).await
            && !error.is_not_found()
        {
            // The repair loop finds it.
            tracing::warn!(%address, %error, "an address could not be given back");
        }
    }
}

/// Gives `service` an address unless it has one, and fills in the fields around it.
pub(super) async fn allocate(server: &Arc<Server>, service: &mut Object, dry_run: bool) -> Result<(), Status> {
    set_families(service)?;
    let wanted = match text_at(service, &["spec", "clusterIP"]) {
        "" => service.list_at(&["spec", "clusterIPs"]).first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        text => text.to_owned(),
    };
    let given = match wanted.as_str() {
        "None" => "None".to_owned(),
        "" => next(server, service, dry_run).await?.to_string(),
        text => {
            named(server, service, text, dry_run).await?;
            text.to_owned()
        }
    };
    service.set(&["spec", "clusterIP"], given.as_str());
    service.set(&["spec", "clusterIPs"], value!([given]));
    Ok(())
}

async fn next(server: &Arc<Server>, service: &Object, dry_run: bool) -> Result<IpAddr, Status> {
    for span in spans(server)? {
        for number in span.candidates() {
            let address = IpAddr::V4(Ipv4Addr::from(number as u32));
            // Somebody may be faster: then the next one is tried.
            if !is_taken(server, address)? && take(server, service, address, dry_run).await? {
                return Ok(address);
            }
        }
    }
    let name = service.name();
    Err(Status::internal(format!("failed to allocate a serviceIP for Service {name:?}: range is full")))
}

async fn named(server: &Arc<Server>, service: &Object, text: &str, dry_run: bool) -> Result<(), Status> {
    let path = "spec.clusterIPs";
    let shown = || value!([text]);
    let Ok(address) = text.parse::<IpAddr>() else {
        let problem = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        return Err(invalid(service, &format!("{path}[0]"), text, problem));
    };
    // An update names the address that the service has.
    let kind = &IP_ADDRESSES;
    if let Some(present) = server.registry().object(&kind.group, &kind.resource, "", text)? {
        let parent = |field| text_at(&present, &["spec", "parentRef", field]);
        let own = (parent("namespace"), parent("name")) == (service.namespace(), service.name());
        if own && !service.resource_version().is_empty() {
            return Ok(());
        }
    }
    let number = address_number(address);
    if !address.is_ipv4() || !spans(server)?.iter().any(|span| span.contains(number)) {
        let problem = format!("failed to allocate IP {text}: the provided network does not match the current range");
        return Err(invalid(service, path, shown(), problem));
    }
    match take(server, service, address, dry_run).await? {
        true => Ok(()),
        false => {
            let problem = format!("failed to allocate IP {text}: provided IP is already allocated");
            Err(invalid(service, path, shown(), problem))
        }
    }
}

/// Fills in the family and its policy. Services of this cluster have one family, IPv4.
fn set_families(service: &mut Object) -> Result<(), Status> {
    let headless_without_selector = text_at(service, &["spec", "clusterIP"]) == "None"
        && service.map_at(&["spec", "selector"]).is_none_or(apimachinery::Map::is_empty);
    if text_at(service, &["spec", "ipFamilyPolicy"]).is_empty() {
        let policy = if headless_without_selector { "RequireDualStack" } else { "SingleStack" };
        service.set(&["spec", "ipFamilyPolicy"], policy);
    }
    let policy = text_at(service, &["spec", "ipFamilyPolicy"]).to_owned();
    let families: Vec<String> = service
        .list_at(&["spec", "ipFamilies"])
        .iter()
        .filter_map(|family| family.as_str().map(str::to_owned))
        .collect();
    let path = "spec.ipFamilyPolicy";
    if policy == "SingleStack" {
        let several = |field: &str, shown: &str| {
            (service.list_at(&["spec", field]).len() > 1).then(|| {
                let detail =
                    format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {shown} are specified");
                invalid(service, path, policy.as_str(), detail)
            })
        };
        let refused = several("clusterIPs", "cluster IPs").or_else(|| several("ipFamilies", "IP families"));
        if let Some(refused) = refused {
            return Err(refused);
        }
    }
    if headless_without_selector {
        // Whoever fills in the endpoints decides; the cluster's own families do not matter.
        let families = match (families.as_slice(), policy.as_str()) {
            ([], "SingleStack") => value!(["IPv4"]),
            ([], _) => value!(["IPv4", "IPv6"]),
            ([one], "SingleStack") => value!([one.as_str()]),
            ([one], _) if one == "IPv6" => value!(["IPv6", "IPv4"]),
            ([_], _) => value!(["IPv4", "IPv6"]),
            _ => return Ok(()),
        };
        service.set(&["spec", "ipFamilies"], families);
        return Ok(());
    }
    if policy == "RequireDualStack" {
        return Err(invalid(service, path, policy, "this cluster is not configured for dual-stack services"));
    }
    if let Some((index, family)) = families.iter().enumerate().find(|(_, family)| *family != "IPv4") {
        let path = format!("spec.ipFamilies[{index}]");
        return Err(invalid(service, &path, family.as_str(), "not configured on this cluster"));
    }
    if families.is_empty() {
        service.set(&["spec", "ipFamilies"], value!(["IPv4"]));
    }
    Ok(())
}
