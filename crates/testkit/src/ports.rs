//! Ports for servers under test.

use std::{
    net::{Ipv4Addr, TcpListener},
    ops::RangeInclusive,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, bail};

/// Above the well-known ones, below those of services.
const RANGE: RangeInclusive<u16> = 10_000..=29_999;

/// So many ports in a row that nobody uses, for servers that listen on them in a moment.
///
/// They lie outside of the kernel's range for connections, if that leaves any. A port that the kernel names for a listener may be a
/// connection's a moment later, and for the minute after that connection's end: a server that is told to listen there
/// cannot.
///
/// # Errors
/// The kernel's range cannot be read, or nothing is free.
pub fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let of_connections = range_of_connections()?;
    let ports = match find(|port| !of_connections.contains(&port) && is_free(port))? {
        None => find(is_free)?,
        found => found,
    };
    ports.with_context(|| format!("no {COUNT} ports in a row are free from {} to {}", RANGE.start(), RANGE.end()))
}

/// The next ports in a row that are all `wanted`.
fn find<const COUNT: usize>(wanted: impl Fn(u16) -> bool) -> anyhow::Result<Option<[u16; COUNT]>> {
    /// Where this process looks next: two processes begin at different places, and none returns to a port soon.
    static STEPS: AtomicU32 = AtomicU32::new(0);
    let count = u16::try_from(COUNT)?;
    let starts = u32::from(RANGE.end() - RANGE.start() + 1 - count);
    for _ in 0..starts {
        let step = STEPS.fetch_add(u32::from(count), Ordering::Relaxed);
        let offset = std::process::id().wrapping_mul(101).wrapping_add(step) % starts;
        let first = RANGE.start() + u16::try_from(offset)?;
        let ports = std::array::from_fn(|index| first + u16::try_from(index).unwrap_or(count));
        if ports.iter().all(|port| wanted(*port)) {
            return Ok(Some(ports));
        }
    }
    Ok(None)
}

/// Whether a server could listen there, on all addresses.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

fn range_of_connections() -> anyhow::Result<RangeInclusive<u16>> {
    let file = "/proc/sys/net/ipv4/ip_local_port_range";
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let mut bounds = text.split_whitespace().map(str::parse);
    match (bounds.next(), bounds.next()) {
        (Some(Ok(first)), Some(Ok(last))) => Ok(first..=last),
        _ => bail!("{file} has no range: {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_in_a_row_and_given_once() {
        let [first, second, third] = free_ports().unwrap();
        assert_eq!((second, third), (first + 1, first + 2));
        let [other] = free_ports().unwrap();
        assert!(![first, second, third].contains(&other));
    }

    #[test]
    fn no_connection_takes_one() {
        let of_connections = range_of_connections().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(of_connections.contains(&listener.local_addr().unwrap().port()));
        let [port] = free_ports().unwrap();
        assert!(!of_connections.contains(&port));
    }

    #[test]
    fn all_of_a_row_are_wanted_and_there_may_be_none() {
        let [first, second] = find(|port| port >= 20_000).unwrap().unwrap();
        assert!(first >= 20_000 && second == first + 1, "{first}");
        assert_eq!(find::<1>(|_| false).unwrap(), None);
    }

    #[test]
    fn one_in_use_is_not_given() {
        let [first] = free_ports().unwrap();
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert!(!is_free(first));
    }
}
