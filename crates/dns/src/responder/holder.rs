//! Who has an address that we want.
//!
//! A responder outlives who started it. A node that begins anew with another state directory does not know of it, and
//! finds the cluster's DNS address taken by it: then the old one is ended. Anybody else who has it is named.

use std::{
    fmt,
    fs::{read_dir, read_link, read_to_string},
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use super::RESPONDER_NAME;

/// How long a responder may take to end. It has nothing to tidy up.
const END_WAIT: Duration = Duration::from_secs(5);

/// A process that has a socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pid: u32,
    /// Its `argv[0]`.
    name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} ({})", self.pid, self.name)
    }
}

impl Holder {
    /// Who of this network and PID namespace is bound to `address` or to its port on all addresses.
    pub(super) fn of(address: SocketAddr) -> Option<Holder> {
        let tables = ["udp", "tcp", "udp6", "tcp6"];
        let inodes: Vec<String> = tables
            .iter()
            .filter_map(|table| read_to_string(format!("/proc/self/net/{table}")).ok())
            .flat_map(|table| inodes(&table, address))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        if inodes.is_empty() {
            return None;
        }
        let has_one = |process: &Path| {
            let files = read_dir(process.join("fd")).into_iter().flatten().flatten();
            files.filter_map(|file| read_link(file.path()).ok()).any(|target| {
                let target = target.to_string_lossy();
                inodes.iter().any(|inode| *inode == target)
            })
        };
        let processes = read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
        let process = processes.filter(|process| process.join("fd").exists()).find(|process| has_one(process))?;
        let command = read_to_string(process.join("cmdline")).unwrap_or_default();
        let name = command.split('\0').next().unwrap_or_default().to_owned();
        Some(Holder { pid: process.file_name()?.to_str()?.parse().ok()?, name })
    }

    /// Whether it is a responder as we are, and not this process itself.
    pub(super) fn is_responder(&self) -> bool {
        self.name == RESPONDER_NAME && self.pid != std::process::id()
    }

    /// Ends it and waits until it has ended.
    pub(super) fn end(&self) -> io::Result<()> {
        let Some(pid) = Pid::from_raw(self.pid as i32) else { return Ok(()) };
        let process = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            opened => opened?,
        };
        match pidfd_send_signal(&process, Signal::TERM) {
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            sent => sent?,
        }
        let limit = Timespec { tv_sec: END_WAIT.as_secs() as i64, tv_nsec: 0 };
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit))? {
            0 => Err(io::Error::new(io::ErrorKind::TimedOut, format!("{self} does not end"))),
            _ => Ok(()),
        }
    }
}

/// Inodes of the sockets in a table of the kernel (`/proc/net/udp` and its like) that are bound to `address` or to all
/// addresses; other ends of connections are not bound.
fn inodes(table: &str, address: SocketAddr) -> Vec<u64> {
    let wanted = [shown(address.ip(), address.port()), shown([0; 4].into(), address.port()), {
        shown([0_u16; 8].into(), address.port())
    }];
    let bound = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, remote, inode) = (fields.get(1)?, fields.get(2)?, fields.get(9)?);
        let connected = !remote.ends_with(":0000");
        (!connected && wanted.iter().any(|wanted| wanted == local)).then(|| inode.parse().ok())?
    };
    table.lines().skip(1).filter_map(bound).collect()
}

/// An address as the kernel's tables show it: words of 32 bits in the machine's order.
fn shown(address: IpAddr, port: u16) -> String {
    let word = |bytes: &[u8]| format!("{:08X}", u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let words: String = match address {
        IpAddr::V4(address) => word(&address.octets()),
        IpAddr::V6(address) => address.octets().chunks(4).map(word).collect(),
    };
    format!("{words}:{port:04X}")
}
