//! Compares who depends on whom with the layers in ARCHITECTURE.md.

use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::ci;

/// Layers, lowest first, as ARCHITECTURE.md lists them between the two marks.
fn layers() -> anyhow::Result<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(ci::root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    let section = text
        .split("<!-- layers -->")
        .nth(1)
        .context("ARCHITECTURE.md has no list between two <!-- layers --> marks")?;
    let crates = |line: &str| -> Vec<String> { line.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    Ok(section.lines().filter(|line| line.starts_with("- ")).map(crates).collect())
}

/// A crate may depend on crates of lower layers, and on crates listed before it in its own; crates of
/// independent layers (marked so) never on each other.
pub(crate) fn check() -> anyhow::Result<()> {
    let layers = layers()?;
    let mut place: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (layer, crates) in layers.iter().enumerate() {
        for (position, name) in crates.iter().enumerate() {
            place.insert(name, (layer, position));
        }
    }
    let mut problems = Vec::new();
    for (name, dependencies) in dependencies()? {
        let Some(own) = place.get(name.as_str()) else {
            problems.push(format!("{name} is in no layer of ARCHITECTURE.md"));
            continue;
        };
        for dependency in dependencies {
            match place.get(dependency.as_str()) {
                None => problems.push(format!("{dependency} is in no layer of ARCHITECTURE.md")),
                Some(other) if other.0 == INDEPENDENT_LAYER && own.0 == INDEPENDENT_LAYER => {
                    problems.push(format!("{name} depends on {dependency}, its equal: go through a lower crate"));
                }
                Some(other) if other >= own => {
                    problems.push(format!("{name} depends on {dependency}, which is not below it"));
                }
                Some(_) => {}
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { bail!("{}", problems.join("\n")) }
}

/// The layer whose crates do not know each other: resources, controllers, kubelet and their like.
const INDEPENDENT_LAYER: usize = 3;

/// Each crate of the house with those of the house that it depends on, tests apart.
fn dependencies() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(ci::root())
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut found = BTreeMap::new();
    for package in packages {
        let own = package["name"].as_str().unwrap_or_default();
        let depends = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_the_house = depends
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| names.contains(name))
            .map(str::to_owned)
            .collect();
        found.insert(own.to_owned(), of_the_house);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn crates_depend_downwards_only() {
        super::check().unwrap();
    }
}
