//! The command's flags; `cargo xtask bench` passes them on.

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::Side;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Against {
    /// Sagong alone.
    Sagong,
    /// Upstream alone.
    Upstream,
    /// Both, in the order A B B A.
    Both,
}

/// Measure Sagong and upstream's control plane beside each other.
///
/// Example: `cargo xtask bench create get --clients 16,256`
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "cargo xtask bench")]
pub struct Options {
    /// The scenarios to run, by name; all when none is named.
    pub scenarios: Vec<String>,
    /// Print the scenarios and end.
    #[arg(long)]
    pub list: bool,
    /// Small sizes and short measurements: a look at everything in three minutes.
    #[arg(long)]
    pub quick: bool,
    /// Who is measured.
    #[arg(long, value_enum, default_value = "both")]
    pub against: Against,
    /// Write the figures as JSON to this file as well.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the table to this file (`bench/RESULTS.md` is made so).
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// How often each side is measured; in full runs twice, as A B B A.
    #[arg(long)]
    pub rounds: Option<usize>,
    /// How long each case is measured; 5 in full runs, 1 in quick ones.
    #[arg(long)]
    pub seconds: Option<f64>,
    /// How many clients, each with a connection of its own; once per case: 1,16,256,1000.
    #[arg(long, value_delimiter = ',')]
    pub clients: Vec<usize>,
    /// How many clients share a connection.
    #[arg(long, default_value_t = 1)]
    pub clients_per_connection: usize,
    /// How many pods are listed: 10000, in quick runs 1000.
    #[arg(long)]
    pub objects: Option<usize>,
    /// How many watchers, once per case: 1,100,1000,10000.
    #[arg(long, value_delimiter = ',')]
    pub watchers: Vec<usize>,
    /// How many pods are kept for the memory figure: 50000, in quick runs 5000.
    #[arg(long)]
    pub pods: Option<usize>,
    /// How many nodes, once per case, in scenarios of hollow nodes.
    #[arg(long, value_delimiter = ',')]
    pub nodes: Vec<usize>,
    /// How many services, once per case: 100,1000,10000.
    #[arg(long, value_delimiter = ',')]
    pub services: Vec<usize>,
    /// The program of Sagong.
    #[arg(long, value_name = "FILE", hide = true)]
    pub sagong: Option<PathBuf>,
    /// The folder with upstream's programs.
    #[arg(long, value_name = "DIR", hide = true)]
    pub upstream: Option<PathBuf>,
    /// Images for pods of scenarios with a node, as an archive.
    #[arg(long, value_name = "FILE", hide = true)]
    pub images: Option<PathBuf>,
    /// Where control planes keep their data, on a disk of which fsync costs what it costs.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub work: PathBuf,
    /// Leave samples of where the server spends its time here, in perf's form.
    #[arg(long, value_name = "FILE", hide = true)]
    pub profile: Option<PathBuf>,
    /// Set when this process runs in namespaces of its own already.
    #[arg(long, hide = true)]
    pub inside: bool,
}

impl Options {
    /// How long a case is measured.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 1.0 } else { 5.0 }))
    }

    /// How long a case runs before it is measured.
    pub fn warm_up(&self) -> Duration {
        self.length() / 4
    }

    /// How often each side is measured.
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 2 }).max(1)
    }

    /// The sides, in the order of one pair of rounds.
    pub fn sides(&self) -> Vec<Side> {
        match self.against {
            Against::Sagong => vec![Side::Sagong],
            Against::Upstream => vec![Side::Upstream],
            Against::Both => vec![Side::Upstream, Side::Sagong],
        }
    }

    /// Numbers that were given, or those of a full or quick run.
    pub fn sizes(&self, given: &[usize], full: &[usize], quick: &[usize]) -> Vec<usize> {
        let usual = if self.quick { quick } else { full };
        (if given.is_empty() { usual } else { given }).to_vec()
    }

    /// A number that was given, or that of a full or quick run.
    pub fn size(&self, given: Option<usize>, full: usize, quick: usize) -> usize {
        given.unwrap_or(if self.quick { quick } else { full })
    }
}
