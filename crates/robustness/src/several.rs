//! Three servers on three members of etcd, each on a machine of its own: any one is killed, any two are parted, while
//! clients write through all of the servers and watchers go from one to the next.
//!
//! What everybody was told is judged as that of one server is. In addition somebody schedules and controls again soon,
//! whoever fails: another server takes the leases, pods that are asked for after the fault are bound, and a Deployment
//! that is scaled then has its pods. What two schedulers or controllers at work at once would do is found by what became
//! of all pods ([`robustness::workload`]).

use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use client::{Api, Client, Options, WatchEvent, kinds};
use futures::StreamExt;
use http::Method;
use robustness::{history::History, load::Load, server::Server, truth::Violation, workload::Workload};
use sim::Access;

use crate::machines::{Machine, set_parted};

/// How many servers, and how many members.
const COUNT: usize = 3;
/// A fault lasts at least so long, and up to twice as long.
const FAULT: Duration = Duration::from_secs(4);
/// Leases last 15 s and are tried each 2 s, at upstream's settings.
const TAKEOVER_LIMIT: Duration = Duration::from_secs(20);
/// How long the servers may take to serve after a fault has ended.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// The time between two looks at whether they do.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
const USER_AGENT: &str = "sagong-robustness";
/// What one of the servers is elected to do.
const LEASES: [&str; 2] = ["kube-scheduler", "kube-controller-manager"];

/// What is done to the cluster.
#[derive(Clone, Copy, Debug)]
enum Fault {
    KillServer(usize),
    /// It stands still, and goes on as if nothing had been.
    PauseServer(usize),
    KillMember(usize),
    /// Of machines: the servers first, then the members.
    Part(usize, usize),
    /// A server reaches no member.
    IsolateServer(usize),
    /// A member reaches no other.
    IsolateMember(usize),
}

/// Every fault once.
fn every_fault() -> Vec<Fault> {
    let mut faults: Vec<Fault> = (0..COUNT)
        .flat_map(|index| {
            [
                Fault::KillServer(index),
                Fault::PauseServer(index),
                Fault::KillMember(index),
                Fault::IsolateServer(index),
                Fault::IsolateMember(index),
            ]
        })
        .collect();
    let pairs = (0..2 * COUNT).flat_map(|one| (one + 1..2 * COUNT).map(move |other| Fault::Part(one, other)));
    faults.extend(pairs);
    faults
}

/// Each third fault is of who has a lease, since only that is taken over: of who schedules first.
fn fault_of_leader(turn: usize, holders: [usize; 2]) -> Fault {
    let holder = holders[turn / 3 % 2];
    match turn % 3 {
        0 => Fault::IsolateServer(holder),
        1 => Fault::PauseServer(holder),
        _ => Fault::KillServer(holder),
    }
}

/// A server of the cluster, and how it is reached from here.
struct Place {
    server: Server,
    kubeconfig: PathBuf,
}

struct Several {
    /// Of the servers, then of the members.
    machines: Vec<Machine>,
    members: Vec<Option<Child>>,
    places: Vec<Place>,
    etcd: PathBuf,
    directory: PathBuf,
}

impl Several {
    fn start(program: &Path, etcd: &Path, directory: &Path, flags: &[String]) -> anyhow::Result<Several> {
        let name = |number: usize| if number < COUNT { format!("server{number}") } else { format!("member{number}") };
        let machines: Vec<Machine> =
            (0..2 * COUNT).map(|number| Machine::start(number + 1, &name(number))).collect::<Result<_, _>>()?;
        let members = (0..COUNT).map(|_| None).collect();
        let (etcd, directory) = (etcd.to_owned(), directory.to_owned());
        let mut several = Several { machines, members, places: Vec::new(), etcd, directory };
        for member in 0..COUNT {
            several.start_member(member)?;
        }
        for number in 0..COUNT {
            several.start_server(program, number, flags)?;
        }
        Ok(several)
    }

    fn member(&self, index: usize) -> &Machine {
        &self.machines[COUNT + index]
    }

    fn start_member(&mut self, index: usize) -> anyhow::Result<()> {
        let url = |index: usize, port: u16| format!("http://{}:{port}", self.member(index).address);
        let initial: Vec<String> =
            (0..COUNT).map(|index| format!("{}={}", self.member(index).name, url(index, 2380))).collect();
        let machine = self.member(index);
        let log = self.directory.join(format!("{}.log", machine.name));
        let log = std::fs::File::options().create(true).append(true).open(log)?;
        let mut command = machine.command(&self.etcd);
        command.arg(format!("--name={}", machine.name));
        command.arg(format!("--data-dir={}", self.directory.join(&machine.name).display()));
        command.arg(format!("--listen-client-urls={}", url(index, 2379)));
        command.arg(format!("--advertise-client-urls={}", url(index, 2379)));
        command.arg(format!("--listen-peer-urls={}", url(index, 2380)));
        command.arg(format!("--initial-advertise-peer-urls={}", url(index, 2380)));
        command.arg(format!("--initial-cluster={}", initial.join(",")));
        // A process that is killed loses nothing that the kernel has; no machine's power fails here.
        command.args(["--unsafe-no-fsync", "--log-level=warn"]);
        let started = command.stdout(Stdio::null()).stderr(log).spawn().context("cannot run etcd")?;
        self.members[index] = Some(started);
        Ok(())
    }

    fn start_server(&mut self, program: &Path, number: usize, flags: &[String]) -> anyhow::Result<()> {
        let machine = &self.machines[number];
        let directory = self.directory.join(&machine.name);
        std::fs::create_dir_all(directory.join("data/pki"))?;
        if let Some(first) = self.places.first() {
            let from = first.kubeconfig.with_file_name("data").join("pki");
            for file in std::fs::read_dir(&from)? {
                let file = file?;
                std::fs::copy(file.path(), directory.join("data/pki").join(file.file_name()))?;
            }
        }
        let members: Vec<String> =
            (0..COUNT).map(|index| format!("http://{}:2379", self.member(index).address)).collect();
        let further = ["--store".to_owned(), "etcd".to_owned(), "--etcd-servers".to_owned(), members.join(",")];
        let script = machine.wrap(program, &self.directory)?;
        let server = Server::start(&script, &directory, &directory.join("server.log"), &[&further, flags].concat())?;
        // The administrator's kubeconfig is for the machine itself.
        let own = std::fs::read_to_string(server.kubeconfig())?;
        let kubeconfig = directory.join("kubeconfig");
        std::fs::write(&kubeconfig, own.replace("127.0.0.1", &machine.address))?;
        self.places.push(Place { server, kubeconfig });
        Ok(())
    }

    /// How the servers are reached, all but those left out.
    fn accesses(&self, without: Option<usize>) -> anyhow::Result<Vec<Access>> {
        let wanted = self.places.iter().enumerate().filter(|(number, _)| Some(*number) != without);
        wanted.map(|(_, place)| Access::read(&place.kubeconfig).map_err(Into::into)).collect()
    }

    fn client(&self, number: usize) -> anyhow::Result<Client> {
        let remote = Access::read(&self.places[number].kubeconfig)?.connection(USER_AGENT)?;
        Ok(Client::new(remote, USER_AGENT))
    }

    /// What the names of a server's candidates begin with.
    fn identity(&self, number: usize) -> String {
        format!("{}_", self.machines[number].name)
    }

    /// Who holds the leases.
    async fn leaders(&self) -> anyhow::Result<[usize; 2]> {
        let found = holders(&self.client(0)?.namespaced(&kinds::LEASES, "kube-system")).await?;
        let number = |holder: &String| (0..COUNT).find(|number| holder.starts_with(&self.identity(*number)));
        let [scheduler, controller] = found.each_ref().map(number);
        scheduler.zip(controller).map(|(one, other)| [one, other]).with_context(|| format!("no server is {found:?}"))
    }

    /// Brings a fault about, or ends it.
    fn set(&mut self, fault: Fault, load: &Load, begun: bool) -> anyhow::Result<()> {
        match (fault, begun) {
            (Fault::KillServer(number), true) => {
                load.servers_are(self.accesses(Some(number))?);
                self.places[number].server.kill()?;
            }
            (Fault::KillServer(number), false) => {
                self.places[number].server.start_again()?;
                load.servers_are(self.accesses(None)?);
            }
            (Fault::PauseServer(number), true) => {
                load.servers_are(self.accesses(Some(number))?);
                self.places[number].server.set_paused(true)?;
            }
            (Fault::PauseServer(number), false) => {
                self.places[number].server.set_paused(false)?;
                load.servers_are(self.accesses(None)?);
            }
            (Fault::KillMember(index), true) => {
                let mut member = self.members[index].take().context("the member runs")?;
                member.kill()?;
                member.wait()?;
            }
            (Fault::KillMember(index), false) => self.start_member(index)?,
            (Fault::Part(one, other), parted) => set_parted(&self.machines[one], &self.machines[other], parted)?,
            (Fault::IsolateServer(number), parted) => {
                for member in COUNT..2 * COUNT {
                    set_parted(&self.machines[number], &self.machines[member], parted)?;
                }
            }
            (Fault::IsolateMember(index), parted) => {
                for other in (COUNT..2 * COUNT).filter(|other| *other != COUNT + index) {
                    set_parted(&self.machines[COUNT + index], &self.machines[other], parted)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until every server serves.
    async fn recovered(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + RECOVERY_LIMIT;
        for place in &self.places {
            loop {
                let remote = Access::read(&place.kubeconfig)?.connection(USER_AGENT)?;
                let Err(status) = remote.stream_path(Method::GET, "/readyz").await else { break };
                if Instant::now() > deadline {
                    let shown = place.kubeconfig.display();
                    bail!(
                        "VIOLATION: the server of {shown} does not serve {RECOVERY_LIMIT:?} after: {}",
                        status.message
                    );
                }
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        }
        Ok(())
    }
}

/// The servers that hold the leases.
async fn holders(leases: &Api) -> anyhow::Result<[String; 2]> {
    let mut holders = [String::new(), String::new()];
    for (holder, name) in holders.iter_mut().zip(LEASES) {
        let lease = leases.get(name).await.map_err(|status| anyhow::anyhow!("lease {name}: {}", status.message))?;
        *holder = lease.0.str_at(&["spec", "holderIdentity"]).unwrap_or_default().to_owned();
    }
    Ok(holders)
}

/// Waits until another one than `before` holds a lease.
async fn taken_over(leases: &Api, name: &str, before: &str) {
    loop {
        let Ok(lease) = leases.get(name).await else { continue };
        let holder = |lease: &apimachinery::Object| lease.0.str_at(&["spec", "holderIdentity"]).map(str::to_owned);
        let other = |holder: Option<String>| holder.is_some_and(|holder| !holder.is_empty() && holder != before);
        if other(holder(&lease)) {
            return;
        }
        let field_selector = format!("metadata.name={name}");
        let resource_version = lease.resource_version().to_owned();
        let options = Options { field_selector, resource_version, ..Options::default() };
        let Ok(mut events) = leases.watch(options, false).await else { continue };
        while let Some(Ok(event)) = events.next().await {
            if let WatchEvent::Modified(lease) = event
                && other(holder(&lease))
            {
                return;
            }
        }
    }
}

/// How long it took after a fault until all was done again.
struct Took {
    /// Until another one held the leases of who failed; none if it had none.
    leases: Option<Duration>,
    /// Until a pod was bound that was asked for after it.
    scheduling: Duration,
}

/// Makes `arguments.kills` faults, every kind in turn; answers what everybody was told, and what became of pods that must
/// not be.
pub(crate) async fn run(
    arguments: &crate::Arguments,
    etcd: &Path,
    directory: &Path,
) -> anyhow::Result<(History, Vec<Violation>)> {
    let mut several = Several::start(&arguments.program, etcd, directory, &arguments.up_flags)?;
    several.recovered().await?;
    let workload = Workload::start(&several.accesses(None)?).await?;
    let load = Load::start(several.accesses(None)?, arguments.size()).await?;
    let mut waiting = Vec::new();
    let mut longest = [Duration::ZERO; 2];
    for number in 0..arguments.kills {
        if waiting.is_empty() {
            waiting = every_fault();
        }
        load.list().await?;
        let fault = match number % 3 {
            0 => fault_of_leader(number as usize / 3, several.leaders().await?),
            _ => waiting.swap_remove(stdx::random::below(waiting.len() as u64) as usize),
        };
        let began = Instant::now();
        let took = one(&mut several, &load, &workload, fault).await.with_context(|| format!("{fault:?}"))?;
        let (seconds, scheduling) = (began.elapsed().as_secs_f64(), took.scheduling.as_secs_f64());
        let leases = took.leases.map(|leases| format!("leases after {:.1} s, ", leases.as_secs_f64()));
        let (bound, revision) = workload.progress();
        println!(
            "{}: {fault:?}: {seconds:.1} s; {}scheduling after {scheduling:.1} s; {} operations, {bound} pods bound until \
             revision {revision}",
            number + 1,
            leases.unwrap_or_default(),
            load.operations()
        );
        longest = [longest[0].max(took.leases.unwrap_or_default()), longest[1].max(took.scheduling)];
    }
    println!(
        "at the longest, leases were taken over after {:.1?}, and scheduling after {:.1?}",
        longest[0], longest[1]
    );
    Ok((load.finish().await?, workload.finish(TAKEOVER_LIMIT)))
}

/// One fault, and how long it took until somebody had taken over.
async fn one(several: &mut Several, load: &Load, workload: &Workload, fault: Fault) -> anyhow::Result<Took> {
    let concerned = match fault {
        Fault::KillServer(number) | Fault::PauseServer(number) | Fault::IsolateServer(number) => Some(number),
        _ => None,
    };
    let asked = several.client(concerned.map_or(0, |number| (number + 1) % COUNT))?;
    let leases = asked.namespaced(&kinds::LEASES, "kube-system");
    let before = holders(&leases).await?;
    several.set(fault, load, true)?;
    let (begun, moment) = (Instant::now(), workload.now());
    let of_concerned = |number: usize| {
        let own = several.identity(number);
        before.iter().zip(LEASES).filter(move |(holder, _)| holder.starts_with(&own))
    };
    let lost: Vec<_> = concerned.into_iter().flat_map(of_concerned).collect();
    let taken = async {
        futures::future::join_all(lost.iter().map(|(holder, name)| taken_over(&leases, name, holder))).await;
        (!lost.is_empty()).then(|| begun.elapsed())
    };
    let scheduled = async {
        workload.bound_after(moment).await;
        begun.elapsed()
    };
    let (leases, scheduling, ()) = tokio::join!(in_time(taken), in_time(scheduled), workload.scale());
    let nobody = |what: &str| format!("VIOLATION: nobody {what} after {TAKEOVER_LIMIT:?}: before {before:?}");
    let leases = leases.with_context(|| nobody("has taken the leases"))?;
    let scheduling = scheduling.with_context(|| nobody("schedules"))?;
    let lasts = FAULT + FAULT.mul_f64(stdx::random::fraction());
    // Not to wait for something: how long it lasts is what is tried.
    tokio::time::sleep(lasts.saturating_sub(begun.elapsed())).await;
    several.set(fault, load, false)?;
    several.recovered().await?;
    workload.rest().await?;
    Ok(Took { leases, scheduling })
}

/// What comes within the limit of a take-over.
async fn in_time<T>(done: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(TAKEOVER_LIMIT, done).await.ok()
}

impl Drop for Several {
    fn drop(&mut self) {
        for member in self.members.iter_mut().flatten() {
            let _ = member.kill();
            let _ = member.wait();
        }
    }
}
