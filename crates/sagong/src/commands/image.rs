//! `sagong image`: the images of this machine's node.

use std::path::PathBuf;

use anyhow::{Context, bail};
use apimachinery::{Value, value};

use crate::{
    admin,
    output::{self, Output},
};

/// Pull, import, list, build and remove the node's images.
///
/// Example: `sagong image import app.tar`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the running server.
    #[arg(long, global = true, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
    /// How to print.
    #[arg(long, short, global = true, default_value = "table")]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Action {
    /// Pull an image from its registry, whatever is here under its name.
    Pull {
        /// The image.
        name: String,
        /// The user at the registry; SAGONG_REGISTRY_PASSWORD holds the password.
        #[arg(long, default_value = "")]
        username: String,
    },
    /// Import a docker-archive or an OCI layout (a directory, or a tar, plain or compressed).
    Import {
        /// The archive.
        path: PathBuf,
        /// The name of an image that brings none.
        #[arg(long)]
        name: Option<String>,
    },
    /// List images.
    Ls,
    /// Remove an image by its name, digest or identifier.
    Rm {
        /// The image.
        name: String,
    },
    /// Make an image from a directory, which becomes its root, or from one static program.
    Build {
        /// The directory or program.
        path: PathBuf,
        /// The image's name, with a tag.
        #[arg(long, short)]
        tag: String,
        /// The program to run, once for each word of it; a single program runs itself.
        #[arg(long)]
        entrypoint: Vec<String>,
        /// Arguments that a container may replace, once for each.
        #[arg(long)]
        command: Vec<String>,
        /// NAME=VALUE, once for each.
        #[arg(long = "env")]
        environment: Vec<String>,
        /// user[:group]
        #[arg(long, default_value = "")]
        user: String,
    },
}

fn absolute(path: &PathBuf) -> anyhow::Result<String> {
    let path = std::fs::canonicalize(path).with_context(|| format!("cannot find {}", path.display()))?;
    Ok(path.to_string_lossy().into_owned())
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (path, order) = match &options.action {
        Action::Pull { name, username } => return pull(options, name, username),
        Action::Import { path, name } => {
            ("/images/import", value!({"path": absolute(path)?, "name": name.clone().unwrap_or_default()}))
        }
        Action::Ls => ("/images", value!({})),
        Action::Rm { name } => ("/images/remove", value!({"name": name})),
        Action::Build { path, tag, entrypoint, command, environment, user } => (
            "/images/build",
            value!({
                "path": absolute(path)?,
                "name": tag,
                "entrypoint": entrypoint.iter().map(String::as_str).collect::<Value>(),
                "command": command.iter().map(String::as_str).collect::<Value>(),
                "environment": environment.iter().map(String::as_str).collect::<Value>(),
                "user": user
            }),
        ),
    };
    let images = admin::order(&options.data_dir, path, &order)?;
    print(options.output, &images)
}

/// Pulls with a line for each step: for people to standard output, or else to standard error.
fn pull(options: &Options, name: &str, username: &str) -> anyhow::Result<()> {
    let password = std::env::var("SAGONG_REGISTRY_PASSWORD").unwrap_or_default();
    let order = value!({"name": name, "username": username, "password": password});
    let mut ended = None;
    admin::order_lines(&options.data_dir, "/images/pull", &order, &mut |line| {
        if let Some(error) = line.str_at(&["error"]) {
            bail!("{error}");
        }
        match (line.get("image"), options.output) {
            (Some(image), _) => ended = Some(image.clone()),
            (None, Output::Table | Output::Wide) => println!("{}", progress(&line)),
            (None, Output::Json | Output::Yaml) => eprintln!("{}", progress(&line)),
        }
        Ok(())
    })?;
    let image = ended.context("the server ended before the image was there")?;
    print(options.output, &[image].into_iter().collect())
}

fn print(output: Output, images: &Value) -> anyhow::Result<()> {
    let document = output::document(output, images)?;
    print!("{}", document.unwrap_or_else(|| people(images, output == Output::Wide)));
    Ok(())
}

fn progress(line: &Value) -> String {
    let digest = line.str_at(&["digest"]).unwrap_or_default();
    let short = digest.trim_start_matches("sha256:").get(..12).unwrap_or(digest);
    match line.str_at(&["step"]).unwrap_or_default() {
        "downloading" => {
            let megabytes = |field: &str| line.i64_at(&[field]).unwrap_or_default() as f64 / 1e6;
            format!("{short}: {:.1} of {:.1} MB", megabytes("receivedBytes"), megabytes("totalBytes"))
        }
        "resolved" => format!("resolved to {digest}"),
        step => format!("{short}: {step}"),
    }
}

/// A line for each name of each image; `wide` shows whole identifiers, and digests.
fn people(images: &Value, wide: bool) -> String {
    let mut rows = Vec::new();
    for image in images.as_list().map_or(&[][..], |list| list.as_slice()) {
        let id = image.str_at(&["id"]).unwrap_or_default().trim_start_matches("sha256:");
        let id = if wide { id } else { id.get(..12).unwrap_or(id) };
        let size = format!("{:.1} MB", image.i64_at(&["sizeBytes"]).unwrap_or_default() as f64 / 1e6);
        let texts = |field: &str| image.list_at(&[field]).iter().filter_map(Value::as_str).collect::<Vec<_>>();
        let (tags, digests) = (texts("tags"), texts("digests").join(" "));
        for name in if tags.is_empty() { vec!["<none>"] } else { tags } {
            rows.push(vec![name.to_owned(), id.to_owned(), size.clone(), digests.clone()]);
        }
    }
    match wide {
        true => output::table(&["IMAGE", "ID", "SIZE", "DIGESTS"], &rows),
        false => output::table(&["IMAGE", "ID", "SIZE"], &rows.iter().map(|row| row[..3].to_vec()).collect::<Vec<_>>()),
    }
}
