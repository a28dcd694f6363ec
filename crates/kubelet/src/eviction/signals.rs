//! What a node is short of: signals, thresholds, conditions.

use std::{fmt, path::Path};

use apimachinery::quantity::{Format, Quantity};

/// A condition of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// `MemoryPressure`
    Memory,
    /// `DiskPressure`
    Disk,
    /// `PIDPressure`
    Pid,
}

impl Condition {
    /// All of them.
    pub const ALL: [Condition; 3] = [Condition::Memory, Condition::Disk, Condition::Pid];

    /// Its type in the node's status.
    pub fn name(self) -> &'static str {
        match self {
            Condition::Memory => "MemoryPressure",
            Condition::Disk => "DiskPressure",
            Condition::Pid => "PIDPressure",
        }
    }

    /// Reason and message in the node's status.
    pub fn words(self, holds: bool) -> (&'static str, &'static str) {
        match (self, holds) {
            (Condition::Memory, true) => ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
            (Condition::Memory, false) => ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            (Condition::Disk, true) => ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            (Condition::Disk, false) => ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            (Condition::Pid, true) => ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
            (Condition::Pid, false) => ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        }
    }

    /// The reason of the event that tells of a change.
    pub fn event(self, holds: bool) -> &'static str {
        match (self, holds) {
            (Condition::Memory, true) => "NodeHasInsufficientMemory",
            (Condition::Memory, false) => "NodeHasSufficientMemory",
            (Condition::Disk, true) => "NodeHasDiskPressure",
            (Condition::Disk, false) => "NodeHasNoDiskPressure",
            (Condition::Pid, true) => "NodeHasInsufficientPID",
            (Condition::Pid, false) => "NodeHasSufficientPID",
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// `memory.available`
    Memory,
    /// `nodefs.available`
    NodeFs,
    /// `nodefs.inodesFree`
    NodeFsInodes,
    /// `imagefs.available`
    ImageFs,
    /// `imagefs.inodesFree`
    ImageFsInodes,
    /// `pid.available`
    Pid,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 6] =
        [Signal::Memory, Signal::NodeFs, Signal::NodeFsInodes, Signal::ImageFs, Signal::ImageFsInodes, Signal::Pid];

    /// Upstream's name.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Memory => "memory.available",
            Signal::NodeFs => "nodefs.available",
            Signal::NodeFsInodes => "nodefs.inodesFree",
            Signal::ImageFs => "imagefs.available",
            Signal::ImageFsInodes => "imagefs.inodesFree",
            Signal::Pid => "pid.available",
        }
    }

    /// The condition that it means.
    pub fn condition(self) -> Condition {
        match self {
            Signal::Memory => Condition::Memory,
            Signal::Pid => Condition::Pid,
            _ => Condition::Disk,
        }
    }

    /// The resource that is short.
    pub fn resource(self) -> &'static str {
        match self {
            Signal::Memory => "memory",
            Signal::Pid => "pids",
            Signal::NodeFs | Signal::ImageFs => "ephemeral-storage",
            Signal::NodeFsInodes | Signal::ImageFsInodes => "inodes",
        }
    }

    /// A number of this signal as quantities print it.
    pub fn quantity(self, amount: u64) -> Quantity {
        let format = match self {
            Signal::Memory | Signal::NodeFs | Signal::ImageFs => Format::Binary,
            _ => Format::Decimal,
        };
        Quantity::from_units(i64::try_from(amount).unwrap_or(i64::MAX), format)
    }
}

/// When too little is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So much.
    Quantity(Quantity),
    /// So many hundredths of all.
    Percent(f64),
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Quantity(quantity) => write!(formatter, "{quantity}"),
            Limit::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}

/// A threshold below which pods are evicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Of what.
    pub signal: Signal,
    /// Below which.
    pub limit: Limit,
}

/// Upstream's defaults.
pub fn defaults() -> Vec<Threshold> {
    let percent = |signal, percent| Threshold { signal, limit: Limit::Percent(percent) };
    vec![
        Threshold { signal: Signal::Memory, limit: Limit::Quantity(Quantity::from_units(100 << 20, Format::Binary)) },
        percent(Signal::NodeFs, 10.0),
        percent(Signal::NodeFsInodes, 5.0),
        percent(Signal::ImageFs, 15.0),
        percent(Signal::ImageFsInodes, 5.0),
    ]
}

/// A list of thresholds that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} is no eviction threshold: {problem}")]
pub struct ParseError {
    part: String,
    problem: &'static str,
}

/// Reads `memory.available<100Mi,nodefs.available<10%`; an empty text is no threshold at all.
pub fn parse(text: &str) -> Result<Vec<Threshold>, ParseError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let fail = |problem| ParseError { part: part.to_owned(), problem };
            let (name, limit) = part.split_once('<').ok_or_else(|| fail("it has the form SIGNAL<LIMIT"))?;
            let signal = Signal::ALL.into_iter().find(|signal| signal.name() == name);
            let signal = signal.ok_or_else(|| fail("unknown signal"))?;
            let limit = match limit.strip_suffix('%') {
                Some(percent) => match percent.parse::<f64>() {
                    Ok(percent) if (0.0..=100.0).contains(&percent) => Limit::Percent(percent),
                    _ => return Err(fail("a percentage is from 0 to 100")),
                },
                None => Limit::Quantity(Quantity::parse(limit).map_err(|_| fail("the limit is no quantity"))?),
            };
            Ok(Threshold { signal, limit })
        })
        .collect()
}

/// What is left, and of how much; `None` for what cannot be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation(Vec<(Signal, u64, u64)>);

impl Observation {
    /// Of these: signal, left, all.
    pub fn new(amounts: impl IntoIterator<Item = (Signal, u64, u64)>) -> Observation {
        Observation(amounts.into_iter().collect())
    }

    /// Asks the kernel. `images` is where images are, if that is another file system.
    pub fn read(root: &Path, images: Option<&Path>) -> Observation {
        let mut found = Vec::new();
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let bytes = |key: &str| {
            let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
        };
        // What is in use counts without files that nobody has touched of late, as in a container's working set.
        if let (Some(all), Some(free), Some(inactive)) = (bytes("MemTotal"), bytes("MemFree"), bytes("Inactive(file)"))
        {
            found.push((Signal::Memory, (free + inactive).min(all), all));
        }
        let mut file_system = |path: &Path, space: Signal, inodes: Signal| {
            if let Ok(stat) = rustix::fs::statvfs(path) {
                found.push((space, stat.f_bavail * stat.f_frsize, usable_bytes(&stat)));
                // Some file systems make inodes as they need them, and count none.
                if stat.f_files > 0 {
                    found.push((inodes, stat.f_favail, stat.f_files));
                }
            }
        };
        file_system(root, Signal::NodeFs, Signal::NodeFsInodes);
        file_system(images.unwrap_or(root), Signal::ImageFs, Signal::ImageFsInodes);
        let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
        let threads = std::fs::read_to_string("/proc/loadavg")
            .ok()
            .and_then(|text| text.split_whitespace().nth(3)?.split_once('/')?.1.parse::<u64>().ok());
        let limit = [number("/proc/sys/kernel/pid_max"), number("/proc/sys/kernel/threads-max")];
        if let (Some(limit), Some(threads)) = (limit.into_iter().flatten().min(), threads) {
            found.push((Signal::Pid, limit.saturating_sub(threads), limit));
        }
        Observation(found)
    }

    /// What is left of a signal, and of how much.
    pub fn get(&self, signal: Signal) -> Option<(u64, u64)> {
        self.0.iter().find(|(known, _, _)| *known == signal).map(|(_, left, all)| (*left, *all))
    }
}

/// The size of a file system without what is kept back: percentages are of what can be had, as `df` has it.
pub(crate) fn usable_bytes(stat: &rustix::fs::StatVfs) -> u64 {
    (stat.f_blocks - stat.f_bfree + stat.f_bavail) * stat.f_frsize
}

/// A threshold that is met.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// Of what.
    pub signal: Signal,
    /// The threshold.
    pub threshold: Quantity,
    /// What is left.
    pub available: Quantity,
}

impl fmt::Display for Met {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Threshold quantity: {}, available: {}. ",
            self.threshold,
            Kibibytes(self.signal, self.available)
        )
    }
}

/// Observed amounts of memory and disk are shown in KiB, as upstream's are: exact to the byte they would be long.
struct Kibibytes(Signal, Quantity);

impl fmt::Display for Kibibytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Signal::Memory | Signal::NodeFs | Signal::ImageFs => write!(formatter, "{}Ki", self.1.value() / 1024),
            _ => write!(formatter, "{}", self.1),
        }
    }
}

/// The thresholds that are met, memory first.
pub fn met(thresholds: &[Threshold], observed: &Observation) -> Vec<Met> {
    let mut found: Vec<Met> = thresholds
        .iter()
        .filter_map(|threshold| {
            let (left, all) = observed.get(threshold.signal)?;
            let limit = match threshold.limit {
                Limit::Quantity(quantity) => u64::try_from(quantity.value()).unwrap_or(0),
                Limit::Percent(percent) => (all as f64 * percent / 100.0) as u64,
            };
            (left < limit).then(|| Met {
                signal: threshold.signal,
                threshold: threshold.signal.quantity(limit),
                available: threshold.signal.quantity(left),
            })
        })
        .collect();
    found.sort_by_key(|met| met.signal);
    found
}
