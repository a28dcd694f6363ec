//! etcd as a child process: it is started again when it ends, and ends with this process, however that happens.

use std::{
    ffi::OsString,
    os::{fd::OwnedFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::sync::{oneshot, watch};

/// The name under which this binary becomes etcd.
const CHILD_NAME: &str = "sagong-etcd";
/// etcd that ended is started again after this time.
const RESTART_DELAY: Duration = Duration::from_secs(1);
/// How long etcd may take to hand the lead over and end.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// Becomes etcd, where this process was started for that; returns otherwise.
///
/// The arguments are the number of who has started it, the program and the program's own.
pub(crate) fn dispatch(arguments: impl IntoIterator<Item = OsString>) {
    let mut arguments = arguments.into_iter();
    if arguments.next().is_none_or(|name| name != CHILD_NAME) {
        return;
    }
    eprintln!("{CHILD_NAME}: {}", become_etcd(arguments));
    std::process::exit(1);
}

/// Why it did not become it.
fn become_etcd(mut arguments: impl Iterator<Item = OsString>) -> String {
    let (parent, program) = (arguments.next(), arguments.next());
    let parent =
        parent.and_then(|parent| parent.to_str().and_then(|parent| parent.parse().ok()).and_then(Pid::from_raw));
    let Some(program) = program else { return "no program is named".to_owned() };
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return format!("it would outlive its server: {error}");
    }
    // Who has started it may have ended before that.
    if rustix::process::getppid() != parent {
        return "its server has ended".to_owned();
    }
    Command::new(&program).args(arguments).exec().to_string()
}

/// Whether it is in vain to start etcd again: asked each time that it has ended by itself.
pub(crate) type IsRemoved = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// etcd, kept running.
pub(crate) struct EtcdProcess {
    current: Arc<Mutex<Option<OwnedFd>>>,
    stopping: Arc<watch::Sender<bool>>,
    supervisor: tokio::task::JoinHandle<()>,
}

impl EtcdProcess {
    /// Starts it, and goes on doing so until it is stopped or removed.
    ///
    /// # Errors
    /// It ends at once: a flag or its data is not as it should be.
    pub(crate) fn start(
        program: PathBuf,
        arguments: Vec<String>,
        is_removed: IsRemoved,
    ) -> anyhow::Result<EtcdProcess> {
        let (current, stopping) = (Arc::new(Mutex::new(None)), Arc::new(watch::channel(false).0));
        let first = launch(&program, &arguments, &current)?;
        let (shared, stop) = (current.clone(), stopping.clone());
        let supervisor = tokio::spawn(async move {
            let mut running = first;
            loop {
                let ended = running.await.unwrap_or_else(|_| "its thread ended".to_owned());
                if *stop.borrow() {
                    return;
                }
                tracing::error!(ended, "etcd ended");
                if is_removed().await {
                    return;
                }
                let mut stopped = stop.subscribe();
                tokio::select! {
                    _ = stopped.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(RESTART_DELAY) => {}
                }
                running = match launch(&program, &arguments, &shared) {
                    Ok(running) => running,
                    Err(error) => {
                        tracing::error!("{error:#}");
                        oneshot::channel().1
                    }
                };
            }
        });
        Ok(EtcdProcess { current, stopping, supervisor })
    }

    /// Ends it in order, and waits for that; one that does not end is killed.
    pub(crate) async fn stop(mut self) {
        self.stopping.send_replace(true);
        self.signal(Signal::TERM);
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.supervisor).await.is_err() {
            tracing::warn!("etcd did not end within {STOP_TIMEOUT:?} and is killed");
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &*self.current.lock() {
            // One that has ended already needs none.
            let _ = rustix::process::pidfd_send_signal(process, signal);
        }
    }
}

/// Starts etcd once; the answer says how it ended.
fn launch(
    program: &std::path::Path,
    arguments: &[String],
    current: &Arc<Mutex<Option<OwnedFd>>>,
) -> anyhow::Result<oneshot::Receiver<String>> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(CHILD_NAME).arg(std::process::id().to_string()).arg(program).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let ((started, is_started), (end, ended)) = (std::sync::mpsc::channel(), oneshot::channel());
    let current = current.clone();
    // The kernel ends the child with the thread that has started it: this one waits for the child.
    let life = move || {
        let begun = command.spawn().and_then(|child| {
            let process = rustix::process::pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
            *current.lock() = Some(process);
            Ok(child)
        });
        match begun {
            Err(error) => drop(started.send(Err(error))),
            Ok(mut child) => {
                let _ = started.send(Ok(()));
                let status = child.wait();
                *current.lock() = None;
                let _ = end.send(status.map_or_else(|error| error.to_string(), |status| status.to_string()));
            }
        }
    };
    std::thread::Builder::new().name("etcd".to_owned()).spawn(life).context("no thread can be started for etcd")?;
    match is_started.recv() {
        Ok(Ok(())) => Ok(ended),
        Ok(Err(error)) => Err(error).with_context(|| format!("cannot start {}", program.display())),
        Err(_) => bail!("cannot start {}: its thread ended", program.display()),
    }
}
