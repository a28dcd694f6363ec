//! `sagong check`: whether this machine can run Sagong.

use std::path::PathBuf;

use anyhow::{Context, bail};
use apimachinery::{Value, value};
use network::Cidr;

use crate::{
    check::{self, Finding, State, Wanted, probe},
    output::{self, Output},
};

/// Say whether this machine can run Sagong, and what to do where it cannot.
///
/// Changes nothing. The exit code is 1 when something needed is missing.
///
/// Example: `sagong check --output yaml`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory that `sagong up` will be given.
    #[arg(long, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// The port of the API.
    #[arg(long, default_value_t = 6443)]
    port: u16,
    /// The port of the kubelet's API.
    #[arg(long, default_value_t = 10250)]
    kubelet_port: u16,
    /// The network of services.
    #[arg(long, default_value = "10.43.0.0/16")]
    service_cidr: String,
    /// The network of pods.
    #[arg(long, default_value = "10.42.0.0/16")]
    cluster_cidr: String,
    /// Ask only what a control plane without a node needs.
    #[arg(long)]
    no_node: bool,
    /// How to print; wide has the way out in a column.
    #[arg(long, short, default_value = "table")]
    output: Output,
}

fn range(flag: &str, text: &str) -> anyhow::Result<Cidr> {
    text.parse().with_context(|| flag.to_owned())
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let wanted = Wanted {
        node: !options.no_node,
        port: options.port,
        kubelet_port: options.kubelet_port,
        cluster_range: range("--cluster-cidr", &options.cluster_cidr)?,
        service_range: range("--service-cidr", &options.service_cidr)?,
    };
    let findings = check::judge(&probe::facts(&options.data_dir), &wanted);
    match output::document(options.output, &findings.iter().map(finding_value).collect())? {
        Some(document) => print!("{document}"),
        None => print!("{}", people(&findings, options.output)),
    }
    match findings.iter().filter(|finding| finding.state == State::Missing).count() {
        0 => Ok(()),
        1 => bail!("one thing that is needed is missing"),
        count => bail!("{count} things that are needed are missing"),
    }
}

fn finding_value(finding: &Finding) -> Value {
    value!({
        "name": finding.name.as_str(),
        "state": finding.state.text(),
        "found": finding.found.as_str(),
        "remedy": finding.remedy.as_str()
    })
}

fn people(findings: &[Finding], output: Output) -> String {
    let cells = |finding: &Finding| vec![finding.name.clone(), finding.state.text().to_owned(), finding.found.clone()];
    if output == Output::Wide {
        let rows: Vec<_> =
            findings.iter().map(|finding| [cells(finding), vec![finding.remedy.clone()]].concat()).collect();
        return output::table(&["CHECK", "STATE", "FOUND", "WAY OUT"], &rows);
    }
    let rows: Vec<_> = findings.iter().map(cells).collect();
    let mut text = output::table(&["CHECK", "STATE", "FOUND"], &rows);
    let troubles: Vec<&Finding> = findings.iter().filter(|finding| finding.state != State::Ok).collect();
    if !troubles.is_empty() {
        text.push('\n');
    }
    for finding in troubles {
        text.push_str(&format!("{} ({}): {}\n", finding.name, finding.state.text(), finding.remedy));
    }
    text
}
