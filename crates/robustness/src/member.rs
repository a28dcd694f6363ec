//! A cluster of one etcd member, for a server to stand on.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::Context;

/// A running member; it ends with this value.
pub struct Member {
    program: PathBuf,
    arguments: Vec<String>,
    url: String,
    log: File,
    process: Child,
}

impl Member {
    /// Starts a new member whose files are all below `directory`. What it logs is added to the file `log`.
    ///
    /// # Errors
    /// The program cannot be run, or the files cannot be made.
    pub fn start(program: &Path, directory: &Path, log: &Path) -> anyhow::Result<Member> {
        let [url, peer] = testkit::free_ports()?.map(|port| format!("http://127.0.0.1:{port}"));
        let arguments = vec![
            format!("--data-dir={}", directory.join("etcd").display()),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            "--log-level=warn".to_owned(),
        ];
        let log = File::options().create(true).append(true).open(log)?;
        let process = launch(program, &arguments, &log)?;
        Ok(Member { program: program.to_owned(), arguments, url, log, process })
    }

    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it at once, with SIGKILL.
    ///
    /// # Errors
    /// It ended by itself before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.try_wait()? {
            anyhow::bail!("etcd ended by itself with {status}");
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again where it was. It serves some time later.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = launch(&self.program, &self.arguments, &self.log)?;
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(program: &Path, arguments: &[String], log: &File) -> anyhow::Result<Child> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))
}
