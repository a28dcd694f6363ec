//! `sagong down`: ends the server of a data directory.

use std::path::PathBuf;

use apimachinery::value;

use crate::admin;

/// Stop the server of a data directory; pods go on running.
///
/// Example: `sagong down --data-dir /srv/sagong`
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Options {
    /// The data directory of the server.
    #[arg(long, default_value = "/var/lib/sagong")]
    data_dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    admin::order(&options.data_dir, "/stop", &value!({}))?;
    println!("the server is stopping; pods go on running, and the next `sagong up` finds them");
    Ok(())
}
