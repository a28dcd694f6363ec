//! Which side runs which scenario when.
//!
//! A full run gives each scenario control planes of its own, in the order A B B A, so that what the machine does
//! meanwhile meets both. A quick one starts each side once for all scenarios that tidy up after themselves.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context, bail};

use crate::{
    Bench, Row, Scenario, Side, options::Options, profile::Profiler, report, scenario::Setup, scenarios,
    sides::Launcher,
};

/// Runs what the options name and reports it.
///
/// # Errors
/// A name that is none; a side that does not start; a scenario that fails.
pub async fn run(options: Options) -> anyhow::Result<()> {
    if options.list {
        for scenario in scenarios::ALL {
            println!("{:<22} {}", scenario.name, scenario.summary);
        }
        return Ok(());
    }
    let chosen = choose(&options)?;
    let options = Arc::new(options);
    let mut launchers = BTreeMap::new();
    for side in options.sides() {
        let program = match side {
            Side::Sagong => &options.sagong,
            Side::Upstream => &options.upstream,
        };
        let program = program.as_ref().with_context(|| format!("no program of {side} is named"))?;
        launchers.insert(side, Arc::new(Launcher::new(side, program, &options)?));
    }
    let mut rows = Vec::new();
    let (mut failures, mut sessions) = (Vec::new(), sessions(&options, &chosen));
    for Session { side, scenarios } in sessions.drain(..) {
        if let Err(error) = session(&options, &launchers[&side], &scenarios, &mut rows, &mut failures).await {
            let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name).collect();
            println!("{side}: {}: {error:#}", names.join(", "));
            failures.push(format!("{side}: {error:#}"));
        }
    }
    publish(&options, &rows, &failures)?;
    if failures.is_empty() { Ok(()) } else { bail!("{} scenarios failed:\n{}", failures.len(), failures.join("\n")) }
}

/// Whether a scenario that the options name has a node, which needs images and root.
pub fn needs_node(options: &Options) -> bool {
    choose(options).is_ok_and(|chosen| chosen.iter().any(|scenario| scenario.setup.node))
}

fn choose(options: &Options) -> anyhow::Result<Vec<&'static Scenario>> {
    if options.scenarios.is_empty() {
        return Ok(scenarios::ALL.iter().filter(|scenario| scenario.quick || !options.quick).collect());
    }
    let find = |name: &String| {
        let names = || scenarios::ALL.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
        let found = scenarios::ALL.iter().find(|scenario| scenario.name == name);
        found.with_context(|| format!("there is no scenario {name:?}: choose of {}", names()))
    };
    options.scenarios.iter().map(find).collect()
}

/// What runs on one control plane.
struct Session {
    side: Side,
    scenarios: Vec<&'static Scenario>,
}

fn sessions(options: &Options, chosen: &[&'static Scenario]) -> Vec<Session> {
    let mut groups: Vec<Vec<&'static Scenario>> = Vec::new();
    for &scenario in chosen {
        let alone = !options.quick || scenario.setup != Setup::PLAIN;
        match groups.iter_mut().find(|group| !alone && group[0].setup == Setup::PLAIN) {
            Some(group) => group.push(scenario),
            None => groups.push(vec![scenario]),
        }
    }
    let mut sessions = Vec::new();
    for group in groups {
        for round in 0..options.rounds() {
            let mut sides = options.sides();
            if round % 2 == 1 {
                sides.reverse();
            }
            for side in sides {
                let measured = |scenario: &&Scenario| side == Side::Sagong || scenario.sagong_only.is_none();
                let scenarios: Vec<_> = group.iter().copied().filter(measured).collect();
                if !scenarios.is_empty() {
                    sessions.push(Session { side, scenarios });
                }
            }
        }
    }
    sessions
}

async fn session(
    options: &Arc<Options>,
    launcher: &Arc<Launcher>,
    scenarios: &[&'static Scenario],
    rows: &mut Vec<Row>,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let setup = scenarios[0].setup;
    let target = if setup.starts_itself { None } else { Some(launcher.start(setup).await?) };
    let profiler = match (&options.profile, &target) {
        (Some(file), Some(target)) => Some(Profiler::start(target, file)?),
        (Some(_), None) => bail!("{} starts its own control planes and cannot be profiled", scenarios[0].name),
        (None, _) => None,
    };
    let mut bench =
        Bench { options: options.clone(), launcher: launcher.clone(), scenario: "", target, rows: Vec::new() };
    for scenario in scenarios {
        bench.scenario = scenario.name;
        if let Err(error) = (scenario.run)(&mut bench).await {
            println!("{} on {}: {error:#}", scenario.name, bench.side());
            failures.push(format!("{} on {}: {error:#}", scenario.name, bench.side()));
        }
    }
    rows.append(&mut bench.rows);
    if let Some(profiler) = profiler {
        profiler.finish()?;
    }
    let folder = bench.target.as_ref().map(|target| target.folder.clone());
    if let Some(target) = bench.target.take() {
        target.stop().await?;
    }
    if let Some(folder) = folder.filter(|_| failures.is_empty()) {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}

fn publish(options: &Options, rows: &[Row], failures: &[String]) -> anyhow::Result<()> {
    let machine = machine();
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let mut preamble = String::from(
        "# Results\n\nWritten by `cargo xtask bench`, never by hand; `README.md` says how each figure is taken. Ratios say how \
         often upstream needs what Sagong needs (throughput: how often Sagong does what upstream does). In cells with two \
         figures the first is Sagong's, the second upstream's.\n\n",
    );
    for (name, value) in &machine {
        preamble.push_str(&format!("- {name}: {value}\n"));
    }
    for failure in failures {
        preamble.push_str(&format!("- failed: {}\n", failure.lines().next().unwrap_or_default()));
    }
    let table = report::markdown(rows, &preamble);
    println!("\n{table}");
    if let Some(path) = &options.markdown {
        write(path, table)?;
    }
    if let Some(path) = &options.json {
        write(path, format!("{:#}\n", report::json(rows, &machine)))?;
    }
    Ok(())
}

/// What the figures were taken on.
fn machine() -> BTreeMap<&'static str, String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    BTreeMap::from([
        ("time", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string()),
        ("commit", std::env::var("SAGONG_COMMIT").unwrap_or_else(|_| "unknown".to_owned())),
        ("processor", format!("{}, {cores} cores", field(&read("/proc/cpuinfo"), "model name"))),
        ("memory", field(&read("/proc/meminfo"), "MemTotal")),
        ("kernel", kernel),
        ("load at the end", read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")),
    ])
}
