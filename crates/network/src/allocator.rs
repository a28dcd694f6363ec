//! Which address belongs to which sandbox.
//!
//! The state is a small file, replaced atomically on every change, so that a restarted process knows what
//! its predecessor gave away. It is bound to the boot: a machine that was restarted has no sandboxes, and
//! its file is taken as empty. Addresses are given in order; those that were released come again only when
//! no fresh one is left, the longest released first, since others may still remember them.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Cidr, HostPort};

/// Why no address can be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("cannot {action} the address file {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not one of ours.
    #[error("the address file {} is malformed: {source}; it may be removed when no pod runs on this node", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Every address of the range is in use.
    #[error("no free address in {range}: {in_use} are in use")]
    Exhausted {
        /// The node's pod range.
        range: Cidr,
        /// How many addresses are given away.
        in_use: usize,
    },
}

/// What a sandbox was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// One address per address family, in the order of the node's ranges.
    pub addresses: Vec<IpAddr>,
    /// Ports of the node that lead to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<HostPort>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    version: u32,
    boot_id: String,
    sandboxes: BTreeMap<String, Assignment>,
    /// Released addresses, the longest released first.
    released: VecDeque<IpAddr>,
    /// Index of the next address that was never given, by range.
    next: BTreeMap<String, u64>,
}

const VERSION: u32 = 1;
/// Indices 0 (the network; the node's tunnel end) and 1 (by custom a gateway) are never given.
const FIRST_INDEX: u64 = 2;

/// Gives and takes back addresses of a node's pod ranges.
pub struct Allocator {
    path: PathBuf,
    ranges: Vec<Cidr>,
    state: State,
}

impl Allocator {
    /// Reads the state of an earlier process from `path`, or begins with none.
    pub fn open(path: &Path, ranges: &[Cidr]) -> Result<Allocator, Error> {
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        let fresh = || State { version: VERSION, boot_id: boot_id.clone(), ..State::default() };
        let state = match fs::read(path) {
            Ok(bytes) if bytes.is_empty() => fresh(),
            Ok(bytes) => {
                let state: State = serde_json::from_slice(&bytes)
                    .map_err(|source| Error::Malformed { path: path.to_owned(), source })?;
                if state.boot_id == boot_id { state } else { fresh() }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fresh(),
            Err(source) => return Err(Error::File { action: "read", path: path.to_owned(), source }),
        };
        Ok(Allocator { path: path.to_owned(), ranges: ranges.to_vec(), state })
    }

    /// What `sandbox` was given.
    pub fn get(&self, sandbox: &str) -> Option<&Assignment> {
        self.state.sandboxes.get(sandbox)
    }

    /// All sandboxes with what they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Assignment)> {
        self.state.sandboxes.iter().map(|(sandbox, assignment)| (sandbox.as_str(), assignment))
    }

    /// Gives `sandbox` one address of each range; the same ones when it has them already.
    pub fn assign(&mut self, sandbox: &str, host_ports: &[HostPort]) -> Result<Assignment, Error> {
        if let Some(assignment) = self.state.sandboxes.get_mut(sandbox) {
            if assignment.host_ports != host_ports {
                assignment.host_ports = host_ports.to_vec();
                let assignment = assignment.clone();
                self.save()?;
                return Ok(assignment);
            }
            return Ok(assignment.clone());
        }
        let mut addresses = Vec::with_capacity(self.ranges.len());
        for range in self.ranges.clone() {
            match self.take(range) {
                Ok(address) => addresses.push(address),
                Err(error) => {
                    self.state.released.extend(addresses);
                    return Err(error);
                }
            }
        }
        let assignment = Assignment { addresses, host_ports: host_ports.to_vec() };
        self.state.sandboxes.insert(sandbox.to_owned(), assignment.clone());
        if let Err(error) = self.save() {
            self.state.sandboxes.remove(sandbox);
            self.state.released.extend(&assignment.addresses);
            return Err(error);
        }
        Ok(assignment)
    }

    fn take(&mut self, range: Cidr) -> Result<IpAddr, Error> {
        let next = self.state.next.entry(range.to_string()).or_insert(FIRST_INDEX);
        // The last IPv4 address of a range is its broadcast address.
        let last = u128::from(range.address.is_ipv4());
        if range.nth(u128::from(*next) + last).is_some() {
            let address = range.nth(u128::from(*next)).expect("a lower index than one that exists");
            *next += 1;
            return Ok(address);
        }
        let oldest = self.state.released.iter().position(|address| range.contains(*address));
        oldest
            .and_then(|index| self.state.released.remove(index))
            .ok_or(Error::Exhausted { range, in_use: self.state.sandboxes.len() })
    }

    /// Takes back what `sandbox` was given; nothing happens when it has nothing.
    pub fn release(&mut self, sandbox: &str) -> Result<(), Error> {
        let Some(assignment) = self.state.sandboxes.remove(sandbox) else { return Ok(()) };
        self.state.released.extend(&assignment.addresses);
        self.save()
    }

    fn save(&self) -> Result<(), Error> {
        let fail = |source| Error::File { action: "write", path: self.path.clone(), source };
        let bytes = serde_json::to_vec(&self.state).map_err(|error| fail(error.into()))?;
        let temporary = self.path.with_extension("new");
        // No fsync: a crash of the machine ends all sandboxes too, and a crash of the process loses nothing.
        fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, &self.path)).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_addresses_come_last_and_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addresses.json");
        let ranges = ["10.42.3.0/29".parse().unwrap(), "fd00:3::/64".parse().unwrap()];
        let mut allocator = Allocator::open(&path, &ranges).unwrap();
        let first =
            |allocator: &mut Allocator, name: &str| allocator.assign(name, &[]).unwrap().addresses[0].to_string();
        assert_eq!(first(&mut allocator, "a"), "10.42.3.2");
        assert_eq!(first(&mut allocator, "b"), "10.42.3.3");
        allocator.release("a").unwrap();
        allocator.release("b").unwrap();

        let mut allocator = Allocator::open(&path, &ranges).unwrap();
        let given: Vec<String> = ["c", "d", "e", "f"].map(|name| first(&mut allocator, name)).to_vec();
        assert_eq!(given, ["10.42.3.4", "10.42.3.5", "10.42.3.6", "10.42.3.2"]);
        assert_eq!(first(&mut allocator, "c"), "10.42.3.4", "the same sandbox keeps its address");
        assert_eq!(first(&mut allocator, "g"), "10.42.3.3");
        let error = allocator.assign("h", &[]).unwrap_err().to_string();
        assert_eq!(error, "no free address in 10.42.3.0/29: 5 are in use");
        assert_eq!(allocator.get("c").unwrap().addresses[1].to_string(), "fd00:3::4");
    }

    #[test]
    fn a_file_of_an_earlier_boot_is_empty_and_a_malformed_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addresses.json");
        let text = r#"{"version":1,"bootId":"x","sandboxes":{"a":{"addresses":["10.0.0.2"]}},"released":[],"next":{}}"#;
        fs::write(&path, text).unwrap();
        assert_eq!(Allocator::open(&path, &[]).unwrap().iter().count(), 0);
        fs::write(&path, "{").unwrap();
        assert!(matches!(Allocator::open(&path, &[]), Err(Error::Malformed { .. })));
    }
}
