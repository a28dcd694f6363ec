//! What a scenario finds.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{histogram::Histogram, target::Side};

/// Memory of one process or several, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Resident pages.
    pub rss: u64,
    /// Resident pages, those that are shared counted in parts.
    pub pss: u64,
    /// Pages that no other process has.
    pub private: u64,
}

impl std::ops::Add for Memory {
    type Output = Memory;

    fn add(self, other: Memory) -> Memory {
        Memory { rss: self.rss + other.rss, pss: self.pss + other.pss, private: self.private + other.private }
    }
}

/// What one case of one run on one side showed. Everything that does not apply stays empty.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// How many operations were done in the time.
    pub operations: u64,
    /// How long was measured.
    pub elapsed: Duration,
    /// How long each operation took, as the client sees it.
    pub latency: Histogram,
    /// CPU time of each process of the control plane in that time.
    pub server_cpu: BTreeMap<&'static str, Duration>,
    /// CPU time of the client in that time.
    pub client_cpu: Duration,
    /// Memory of each process of the control plane at the end.
    pub memory: BTreeMap<&'static str, Memory>,
    /// Operations that the server refused for now (429) and that were tried again.
    pub refused: u64,
    /// Operations that failed; a measurement with many of them says nothing.
    pub failed: u64,
    /// Other figures by name, with their unit last: `ready_milliseconds`.
    pub named: BTreeMap<String, f64>,
}

impl Figures {
    /// Figures that are nothing but one named number.
    pub fn one(name: &str, value: f64) -> Figures {
        Figures::default().with(name, value)
    }

    /// The same and a named number.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Figures {
        self.named.insert(name.to_owned(), value);
        self
    }

    /// CPU time of the whole control plane.
    pub fn cpu(&self) -> Duration {
        self.server_cpu.values().sum()
    }

    /// Memory of the whole control plane.
    pub fn whole_memory(&self) -> Memory {
        self.memory.values().fold(Memory::default(), |sum, one| sum + *one)
    }
}

/// Figures, and what they are of.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scenario's name.
    pub scenario: &'static str,
    /// Which of its cases: `16 clients`.
    pub case: String,
    /// Who was measured.
    pub side: Side,
    /// What was found.
    pub figures: Figures,
}
