//! The server under test, which is killed again and again.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal};

/// How long a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);
/// What the server logs when it serves.
const READY: &str = "ready";

/// A running server; it ends with this value.
pub struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    kubeconfig: PathBuf,
    log: PathBuf,
    process: Child,
}

impl Server {
    /// Starts a control plane whose files are all below `directory`, and waits until it is ready. What it logs is added
    /// to the file `log`.
    ///
    /// # Errors
    /// It cannot be run, or does not become ready within a minute.
    pub fn start(program: &Path, directory: &Path, log: &Path, flags: &[String]) -> anyhow::Result<Server> {
        let [port] = testkit::free_ports()?;
        let mut arguments = vec!["up".to_owned(), "--no-node".to_owned(), "--log=info".to_owned()];
        arguments.push(format!("--port={port}"));
        arguments.push(format!("--data-dir={}", directory.join("data").display()));
        arguments.push(format!("--state-dir={}", directory.join("state").display()));
        arguments.extend_from_slice(flags);
        let process = launch(program, &arguments, log)?;
        let kubeconfig = directory.join("data/admin.kubeconfig");
        Ok(Server { program: program.to_owned(), arguments, kubeconfig, log: log.to_owned(), process })
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Ends it at once, with SIGKILL.
    ///
    /// # Errors
    /// It ended by itself before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the server ended by itself with {status}: see {}", self.log.display());
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Stops it where it is, or has it go on: it notices nothing but that time has passed.
    ///
    /// # Errors
    /// It ended by itself before.
    pub fn set_paused(&self, paused: bool) -> anyhow::Result<()> {
        let signal = if paused { Signal::STOP } else { Signal::CONT };
        Ok(rustix::process::kill_process(Pid::from_child(&self.process), signal)?)
    }

    /// Starts it again where it was, and waits until it is ready.
    ///
    /// # Errors
    /// As of [`Server::start`].
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.process = launch(&self.program, &self.arguments, &self.log)?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the program and waits until it says that it is ready.
fn launch(program: &Path, arguments: &[String], log_path: &Path) -> anyhow::Result<Child> {
    let mut log = File::options().create(true).append(true).open(log_path)?;
    let mut process = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let lines = BufReader::new(process.stderr.take().context("it has no standard error")?).lines();
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.split_whitespace().any(|word| word == READY) {
                let _ = ready.send(());
            }
            let _ = writeln!(log, "{line}");
        }
    });
    if is_ready.recv_timeout(START_LIMIT).is_err() {
        let _ = process.kill();
        bail!("the server did not become ready: {:?}; see {}", process.wait(), log_path.display());
    }
    Ok(process)
}
