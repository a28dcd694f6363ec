//! Flags from a file: `--config FILE` names YAML with the same names as the flags. What the command line or the
//! environment says wins; a name that is no flag is refused.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context, bail};
use apimachinery::Value;
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, parser::ValueSource};

/// Flags that a file cannot hold.
const NOT_IN_FILES: [&str; 3] = ["config", "help", "version"];

/// Reads the command line, and the file that it names; ends the process with a usage message when the line is wrong.
///
/// # Errors
/// The file cannot be read, is no YAML, or names what is no flag of the command.
pub(crate) fn parse<P: CommandFactory + FromArgMatches>() -> anyhow::Result<P> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let matches = P::command().get_matches_from(&arguments);
    let arguments = with_file(&P::command(), &matches, arguments)?;
    let matches = P::command().get_matches_from(arguments);
    Ok(P::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The command line with the flags of the file that it names behind it.
fn with_file(
    command: &clap::Command,
    matches: &ArgMatches,
    mut arguments: Vec<OsString>,
) -> anyhow::Result<Vec<OsString>> {
    let Some((name, given)) = matches.subcommand() else { return Ok(arguments) };
    let Some(command) = command.find_subcommand(name) else { return Ok(arguments) };
    let Some(path) = given.try_get_one::<PathBuf>("config").ok().flatten() else { return Ok(arguments) };
    let bytes = std::fs::read(path).with_context(|| format!("cannot read --config {}", path.display()))?;
    let value: Value = serde_saphyr::from_slice(&bytes).with_context(|| format!("{} is no YAML", path.display()))?;
    arguments.extend(flags(command, given, &value).with_context(|| path.display().to_string())?);
    Ok(arguments)
}

fn flags(command: &clap::Command, given: &ArgMatches, file: &Value) -> anyhow::Result<Vec<OsString>> {
    let mut flags = Vec::new();
    if file.is_null() {
        return Ok(flags);
    }
    let entries = file.as_map().context("a configuration is a map from flags to values")?;
    let known = || command.get_arguments().filter(|argument| !NOT_IN_FILES.contains(&argument.get_id().as_str()));
    for (key, value) in entries.iter() {
        let Some(argument) = known().find(|argument| argument.get_long() == Some(key.as_str())) else {
            let names: Vec<&str> = known().filter_map(|argument| argument.get_long()).collect();
            bail!("{:?} is no flag of this command; there are {}", key.as_str(), names.join(", "));
        };
        let source = given.value_source(argument.get_id().as_str());
        if matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
            continue;
        }
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            match value.as_bool() {
                Some(true) => flags.push(format!("--{key}").into()),
                Some(false) => {}
                None => bail!("{key}: true or false, not {}", value.type_name()),
            }
            continue;
        }
        let values = value.as_list().map_or(std::slice::from_ref(value), |list| list.as_slice());
        for value in values {
            flags.push(format!("--{key}={}", scalar(key, value)?).into());
        }
    }
    Ok(flags)
}

fn scalar(key: &str, value: &Value) -> anyhow::Result<String> {
    match (value.as_str(), value.as_i64(), value.as_bool()) {
        (Some(text), ..) => Ok(text.to_owned()),
        (_, Some(number), _) => Ok(number.to_string()),
        (.., Some(flag)) => Ok(flag.to_string()),
        _ => bail!("{key}: a text or a number, not {}", value.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser, Debug)]
    enum Line {
        Up(Up),
    }

    #[derive(clap::Args, Debug)]
    struct Up {
        #[arg(long)]
        config: Option<PathBuf>,
        #[arg(long, default_value_t = 6443)]
        port: u16,
        #[arg(long)]
        no_node: bool,
        #[arg(long)]
        data_dir: Option<PathBuf>,
    }

    fn read(file: &str, line: &[&str]) -> anyhow::Result<Up> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("config.yaml");
        std::fs::write(&path, file)?;
        let mut arguments: Vec<OsString> = ["sagong", "up", "--config"].map(OsString::from).to_vec();
        arguments.push(path.into());
        arguments.extend(line.iter().map(OsString::from));
        let matches = Line::command().try_get_matches_from(&arguments)?;
        let Line::Up(up) = Line::try_parse_from(with_file(&Line::command(), &matches, arguments)?)?;
        Ok(up)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let up = read("port: 7000\nno-node: true\ndata-dir: /srv\n", &["--port=8000"]).unwrap();
        assert_eq!((up.port, up.no_node, up.data_dir), (8000, true, Some(PathBuf::from("/srv"))));
        assert!(up.config.is_some());
        assert_eq!(read("port: 7000\nno-node: false\n", &[]).unwrap().port, 7000);
        assert_eq!(read("", &[]).unwrap().port, 6443);
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        for file in ["ports: 1", "config: other.yaml", "no-node: 3", "port: {a: 1}", "[1]", "port: many"] {
            assert!(read(file, &[]).is_err(), "{file}");
        }
        let error = format!("{:#}", read("ports: 1", &[]).unwrap_err());
        assert!(error.contains("\"ports\" is no flag") && error.contains("port, no-node, data-dir"), "{error}");
    }
}
