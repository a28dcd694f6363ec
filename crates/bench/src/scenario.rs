//! What a scenario is and what it gets.

use std::sync::Arc;

use anyhow::Context;
use futures::future::BoxFuture;

use crate::{
    Figures, Row, Side, Target,
    http::{Connection, Connector},
    options::Options,
    process::Process,
    sides::Launcher,
};

/// What a scenario needs to run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The scenario starts control planes by itself, through [`Bench::launcher`].
    pub starts_itself: bool,
    /// It wants a control plane that nobody used before, in `--quick` too. Otherwise it cleans up after itself.
    pub fresh: bool,
    /// A real node beside the control plane; needs root. Upstream has none here.
    pub node: bool,
    /// The network of pods; empty for `10.42.0.0/16`, which has room for 256 nodes.
    pub cluster_cidr: &'static str,
    /// Requests per second that upstream's scheduler and controller manager allow themselves; 0 for their defaults of
    /// 50 and 20.
    pub scheduler_qps: u32,
}

impl Setup {
    /// A control plane as it comes.
    pub const PLAIN: Setup =
        Setup { starts_itself: false, fresh: false, node: false, cluster_cidr: "", scheduler_qps: 0 };
}

/// One line of the table of scenarios.
pub struct Scenario {
    /// By which it is chosen.
    pub name: &'static str,
    /// What it measures, in a sentence.
    pub summary: &'static str,
    /// What it runs on.
    pub setup: Setup,
    /// Why upstream has no column, where it has none; `bench/README.md` repeats it.
    pub sagong_only: Option<&'static str>,
    /// Whether `--quick` includes it.
    pub quick: bool,
    /// Measures, and records what it finds.
    pub run: for<'b> fn(&'b mut Bench) -> BoxFuture<'b, anyhow::Result<()>>,
}

/// What a scenario works with: one side, once.
pub struct Bench {
    /// The command's options, sizes among them.
    pub options: Arc<Options>,
    /// Starts control planes of this side.
    pub launcher: Arc<Launcher>,
    pub(crate) scenario: &'static str,
    pub(crate) target: Option<Target>,
    pub(crate) rows: Vec<Row>,
}

impl Bench {
    /// Who is measured.
    pub fn side(&self) -> Side {
        self.launcher.side
    }

    /// The control plane that is measured.
    ///
    /// # Panics
    /// In a scenario that starts its own.
    pub fn target(&self) -> &Target {
        self.target.as_ref().expect("the scenario says that it starts its own control planes")
    }

    /// Measures the process that answers names along with the others, once it is there.
    pub(crate) fn count_name_server(&mut self) {
        let target = self.target.as_mut().expect("the scenario says that it starts its own control planes");
        if target.side == Side::Sagong && !target.processes.iter().any(Process::is_name_server) {
            target.processes.extend(Process::name_server());
        }
    }

    /// A connection to it.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn connect(&self) -> anyhow::Result<Connection> {
        self.connector()?.open().await.with_context(|| format!("cannot reach {}", self.side()))
    }

    /// For many connections.
    ///
    /// # Errors
    /// Malformed PEM.
    pub fn connector(&self) -> anyhow::Result<Connector> {
        Connector::new(self.target())
    }

    /// Keeps what one case showed, and says it.
    pub fn record(&mut self, case: impl Into<String>, figures: Figures) {
        let row = Row { scenario: self.scenario, case: case.into(), side: self.side(), figures };
        println!("{}", crate::report::line(&row));
        self.rows.push(row);
    }
}
