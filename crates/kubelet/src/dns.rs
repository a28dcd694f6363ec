//! Names of pods: host name, resolver configuration, `/etc/hosts`.

use std::fmt::Write as _;

use api::views::core_v1::Pod;
use cri_api::v1::DnsConfig;

use crate::config::Config;

/// What resolvers read at most.
const NAMESERVERS_LIMIT: usize = 3;
/// What the kubelet hands on at most.
const SEARCHES_LIMIT: usize = 32;
const SEARCH_LINE_LIMIT_BYTES: usize = 2048;
const DOMAIN_LIMIT_BYTES: usize = 253;
/// The kernel's limit of a host name.
const HOST_NAME_LIMIT_BYTES: usize = 63;

/// Reads a resolver configuration file; the last `search` counts, options are gathered.
pub fn parse_resolver_configuration(text: &str) -> DnsConfig {
    let mut config = DnsConfig::default();
    for line in text.lines() {
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => config.servers.extend(words.next().map(str::to_owned)),
            Some("search") => {
                let trimmed =
                    |word: &str| if word == "." { word.to_owned() } else { word.trim_end_matches('.').to_owned() };
                config.searches = words.map(trimmed).collect();
            }
            Some("options") => config.options = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    config
}

/// The resolver configuration of a pod, and what had to be left out or replaced, in words for an event.
pub fn of_pod(pod: Pod<'_>, config: &Config, host: &DnsConfig) -> (DnsConfig, Vec<String>) {
    let spec = pod.spec();
    let mut problems = Vec::new();
    let mut dns = match spec.dns_policy() {
        "None" => DnsConfig::default(),
        "Default" => host.clone(),
        "ClusterFirst" | "" if spec.host_network() => host.clone(),
        _ if config.cluster_dns.is_empty() => {
            problems.push(
                "kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. \
                 Falling back to \"Default\" policy."
                    .to_owned(),
            );
            host.clone()
        }
        _ => cluster(pod, config, host),
    };
    if let Some(own) = spec.dns_config() {
        append(&mut dns.servers, own.nameservers().iter());
        append(&mut dns.searches, own.searches().iter());
        for option in own.options().iter() {
            let text = match option.value() {
                Some(value) if !value.is_empty() => format!("{}:{value}", option.name()),
                _ => option.name().to_owned(),
            };
            dns.options.retain(|known| known.split(':').next() != Some(option.name()));
            dns.options.push(text);
        }
    }
    limit(&mut dns, &mut problems);
    (dns, problems)
}

fn cluster(pod: Pod<'_>, config: &Config, host: &DnsConfig) -> DnsConfig {
    let domain = &config.cluster_domain;
    let namespace = pod.metadata().namespace();
    let mut searches = vec![format!("{namespace}.svc.{domain}"), format!("svc.{domain}"), domain.clone()];
    append(&mut searches, host.searches.iter().map(String::as_str));
    DnsConfig {
        servers: config.cluster_dns.iter().map(ToString::to_string).collect(),
        searches,
        options: vec!["ndots:5".to_owned()],
    }
}

fn append<'a>(list: &mut Vec<String>, more: impl Iterator<Item = &'a str>) {
    for item in more {
        if !list.iter().any(|known| known == item) {
            list.push(item.to_owned());
        }
    }
}

fn limit(dns: &mut DnsConfig, problems: &mut Vec<String>) {
    if dns.servers.len() > NAMESERVERS_LIMIT {
        dns.servers.truncate(NAMESERVERS_LIMIT);
        problems.push(format!(
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {}",
            dns.servers.join(" ")
        ));
    }
    let before = dns.searches.len();
    dns.searches.truncate(SEARCHES_LIMIT);
    dns.searches.retain(|search| search.len() <= DOMAIN_LIMIT_BYTES);
    while dns.searches.join(" ").len() > SEARCH_LINE_LIMIT_BYTES {
        dns.searches.pop();
    }
    if dns.searches.len() < before {
        problems.push(format!(
            "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {}",
            dns.searches.join(" ")
        ));
    }
}

/// The host name of a pod and the domain behind it, which is empty without a subdomain.
pub fn host_name_and_domain(pod: Pod<'_>, cluster_domain: &str) -> (String, String) {
    let (spec, metadata) = (pod.spec(), pod.metadata());
    let truncated = |name: &str| {
        let cut = name.get(..HOST_NAME_LIMIT_BYTES).unwrap_or(name);
        cut.trim_end_matches(['-', '.']).to_owned()
    };
    if let Some(name) = spec.hostname_override() {
        return (truncated(name), String::new());
    }
    let name = if spec.hostname().is_empty() { metadata.name() } else { spec.hostname() };
    let domain = match spec.subdomain() {
        "" => String::new(),
        subdomain => format!("{subdomain}.{}.svc.{cluster_domain}", metadata.namespace()),
    };
    (truncated(name), domain)
}

/// What `gethostname` answers in the pod: the name alone, or with its domain when `setHostnameAsFQDN` asks for it.
/// Fails when that is longer than the kernel takes.
pub fn kernel_host_name(pod: Pod<'_>, cluster_domain: &str) -> Result<String, String> {
    let (name, domain) = host_name_and_domain(pod, cluster_domain);
    if pod.spec().set_hostname_as_fqdn() != Some(true) || domain.is_empty() {
        return Ok(name);
    }
    let full = format!("{name}.{domain}");
    if full.len() > HOST_NAME_LIMIT_BYTES + 1 {
        return Err(format!(
            "failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long ({HOST_NAME_LIMIT_BYTES} characters is the max, {} characters requested)",
            full.len()
        ));
    }
    Ok(full)
}

/// The text of a pod's `/etc/hosts`; `node_hosts` is the node's own file, for pods in its network.
pub fn hosts_file(pod: Pod<'_>, config: &Config, addresses: &[String], node_hosts: &str) -> String {
    let mut text = if pod.spec().host_network() {
        format!("# Kubernetes-managed hosts file (host network).\n{node_hosts}")
    } else {
        let mut text = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n\
             ::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n\
             fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
            .to_owned();
        let (name, domain) = host_name_and_domain(pod, &config.cluster_domain);
        for address in addresses {
            let full = if domain.is_empty() { String::new() } else { format!("{name}.{domain}\t") };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{address}\t{full}{name}");
        }
        text
    };
    if !pod.spec().host_aliases().is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
        for alias in pod.spec().host_aliases().iter() {
            let names: Vec<&str> = alias.hostnames().iter().collect();
            let _ = writeln!(text, "{}\t{}", alias.ip(), names.join("\t"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, value};

    fn config() -> Config {
        let mut config = Config::new("n", "/nowhere");
        config.cluster_dns = vec!["10.96.0.10".parse().unwrap()];
        config
    }

    fn shown(spec: Value) -> String {
        let pod = value!({"metadata": {"name": "p", "namespace": "ns"}, "spec": spec});
        let host =
            parse_resolver_configuration("# x\nnameserver 9.9.9.9\nsearch a.example. b.example\noptions edns0\n");
        let (dns, problems) = of_pod(Pod::of(&pod), &config(), &host);
        format!(
            "{} | {} | {} | {}",
            dns.servers.join(" "),
            dns.searches.join(" "),
            dns.options.join(" "),
            problems.len()
        )
    }

    #[test]
    fn policies() {
        let cluster = "ns.svc.cluster.local svc.cluster.local cluster.local a.example b.example";
        assert_eq!(shown(value!({"dnsPolicy": "ClusterFirst"})), format!("10.96.0.10 | {cluster} | ndots:5 | 0"));
        let host = "9.9.9.9 | a.example b.example | edns0 | 0";
        assert_eq!(shown(value!({"dnsPolicy": "Default"})), host);
        assert_eq!(shown(value!({"dnsPolicy": "ClusterFirst", "hostNetwork": true})), host);
        let with = value!({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": true});
        assert_eq!(shown(with), format!("10.96.0.10 | {cluster} | ndots:5 | 0"));
        let own = value!({
            "nameservers": ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"], "searches": ["x"],
            "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]
        });
        let none = value!({"dnsPolicy": "None", "dnsConfig": own});
        assert_eq!(shown(none), "1.1.1.1 2.2.2.2 3.3.3.3 | x | ndots:2 edns0 | 1");
    }

    #[test]
    fn hosts() {
        let pod = value!({"metadata": {"name": "p", "namespace": "ns"}, "spec": {
            "hostname": "h", "subdomain": "s", "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a", "b"]}]
        }});
        let text = hosts_file(Pod::of(&pod), &config(), &["10.0.0.1".to_owned()], "");
        assert!(text.ends_with(
            "ip6-allrouters\n10.0.0.1\th.s.ns.svc.cluster.local\th\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"
        ));
    }

    #[test]
    fn host_names() {
        let long = "x".repeat(70);
        let pod = value!({"metadata": {"name": long}});
        assert_eq!(host_name_and_domain(Pod::of(&pod), "c").0.len(), 63);
        let full = |subdomain: &str| {
            let spec = value!({"subdomain": subdomain, "setHostnameAsFQDN": true});
            let pod = value!({"metadata": {"name": "p", "namespace": "ns"}, "spec": spec});
            kernel_host_name(Pod::of(&pod), "cluster.local")
        };
        assert_eq!(full("s").as_deref(), Ok("p.s.ns.svc.cluster.local"));
        assert!(full(&"s".repeat(60)).is_err());
    }
}
