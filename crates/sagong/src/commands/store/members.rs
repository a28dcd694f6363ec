//! `sagong store etcd`: the members of the etcd cluster that keeps the objects.

mod people;

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use apimachinery::{Value, value};
use etcd::{Endpoint, Member, MemberStatus, Members, MembersError};
use etcd_snapshot::Hash;

use crate::{
    backup_files::sync_folder,
    directories::Directories,
    etcd_member,
    etcd_options::EtcdOptions,
    output::{self, Output},
};

/// What etcd refuses for now is tried so long: members count when they have been connected for five seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// The time between two tries.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Look after the members of the etcd cluster that keeps the objects.
///
/// They are asked themselves, and not through a server, so that this works while none serves. Without --etcd-servers
/// they are those that the server of the data directory used last. What etcd wants to be shown is named as for
/// `sagong up`; with a member of the server's own (`sagong up --join-etcd`) it is known.
///
/// Example: `sagong store etcd members --etcd-servers https://10.0.0.1:2379 --etcd-cafile ca.crt --etcd-certfile
/// client.crt --etcd-keyfile client.key`
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Options {
    #[command(flatten)]
    etcd: EtcdOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Clone, Debug)]
enum Action {
    /// List the members, who leads, and how each does; wide has their numbers and addresses among members too.
    ///
    /// Example: `sagong store etcd members --output wide`
    Members,
    /// Tell the cluster of a new member, which follows until it is promoted, and say how to start it.
    ///
    /// Example: `sagong store etcd add --name etcd4 --peer-url https://10.0.0.4:2380`
    Add(New),
    /// Let a member vote that has only followed until now.
    ///
    /// Example: `sagong store etcd promote etcd4`
    Promote {
        /// Its name or number.
        member: String,
    },
    /// Remove a member for good; it does not come back by being started again.
    ///
    /// Example: `sagong store etcd remove etcd2`
    Remove {
        /// Its name or number.
        member: String,
    },
    /// Remove a member that is lost and tell the cluster of the one that takes its place: remove and add in one.
    ///
    /// Example: `sagong store etcd replace etcd2 --name etcd4 --peer-url https://10.0.0.4:2380`
    Replace {
        /// The name or number of the one that goes.
        member: String,
        #[command(flatten)]
        new: New,
    },
    /// Copy a member's database to a file, and read the copy once to prove it.
    ///
    /// It works without a quorum too, of a member whose address is named.
    ///
    /// It is what `etcdctl snapshot save` makes: `etcdutl snapshot restore` and `sagong store import` take it. It has
    /// every secret of the cluster in it.
    ///
    /// Example: `sagong store etcd snapshot /var/backups/etcd.snapshot`
    Snapshot {
        /// The file to make.
        file: PathBuf,
        /// The name or number of the member that is asked; one that does not lead when not given.
        #[arg(long)]
        member: Option<String>,
    },
    /// Give the disks back what the databases no longer use: one member after the other, the leader last, which gives
    /// the lead away before. Every member must work, since each answers nobody for a moment.
    ///
    /// Example: `sagong store etcd defrag`
    Defrag,
}

/// A member that is about to be.
#[derive(clap::Args, Clone, Debug)]
struct New {
    /// The name with which it will be started.
    #[arg(long)]
    name: String,
    /// Where the other members will reach it.
    #[arg(long, value_name = "URL")]
    peer_url: String,
}

/// A member, and how it says that it does.
struct Seen {
    member: Member,
    /// Where it was asked; none before it has started.
    endpoint: Option<Endpoint>,
    status: Result<MemberStatus, String>,
}

impl Seen {
    fn state(&self) -> &'static str {
        match &self.status {
            _ if self.member.client_urls.is_empty() => "not started",
            Err(_) => "silent",
            Ok(status) if !status.has_leader => "no leader",
            Ok(_) if self.member.is_learner => "learner",
            Ok(status) if status.is_leader => "leader",
            Ok(_) => "follower",
        }
    }

    /// The name; the number of one that has none yet.
    fn shown(&self) -> String {
        if self.member.name.is_empty() { number(self.member.id) } else { self.member.name.clone() }
    }

    fn to_value(&self) -> Value {
        let mut seen = value!({
            "id": number(self.member.id),
            "name": self.member.name.as_str(),
            "state": self.state(),
            "clientURLs": self.member.client_urls.iter().map(String::as_str).collect::<Value>(),
            "peerURLs": self.member.peer_urls.iter().map(String::as_str).collect::<Value>()
        });
        match &self.status {
            Ok(status) => {
                seen.set(&["version"], status.version.as_str());
                seen.set(&["databaseBytes"], status.database_bytes as i64);
                seen.set(&["usedBytes"], status.used_bytes as i64);
                seen.set(&["raftIndex"], status.raft_index as i64);
                seen.set(&["errors"], status.errors.iter().map(String::as_str).collect::<Value>());
            }
            Err(problem) => seen.set(&["errors"], value!([problem.as_str()])),
        }
        seen
    }
}

/// As etcd's own tools show it.
fn number(id: u64) -> String {
    format!("{id:x}")
}

pub(super) fn run(data_directory: &Path, output: Output, options: &Options) -> anyhow::Result<()> {
    let mut etcd = options.etcd.clone();
    if etcd.etcd_servers.is_empty() {
        let directories = Directories::look(data_directory)?;
        if let (None, Some([authority, certificate, key])) = (&etcd.etcd_cafile, etcd_member::files_of(&directories)) {
            etcd.etcd_cafile = Some(authority);
            (etcd.etcd_certfile, etcd.etcd_keyfile) = (Some(certificate), Some(key));
        }
        let note = directories.etcd_note();
        let servers = std::fs::read_to_string(&note).with_context(|| {
            format!("the server of {} has no etcd: name its members with --etcd-servers", data_directory.display())
        })?;
        etcd.etcd_servers = servers.trim().split(',').map(str::to_owned).collect();
    }
    let access = etcd.access()?;
    let named = access.endpoints.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let members = Members::new(access);
        carry_out(&members, &named, &options.action).await
    })?;
    print!("{}", output::document(output, &answer)?.unwrap_or_else(|| people::people(output, &answer)));
    Ok(())
}

async fn carry_out(members: &Members, named: &[Endpoint], action: &Action) -> anyhow::Result<Value> {
    match action {
        Action::Members => {
            Ok(value!({"members": look(members, named).await.iter().map(Seen::to_value).collect::<Value>()}))
        }
        Action::Add(new) => add(members, new).await,
        Action::Promote { member } => {
            let found = find(&members.list().await?, member)?;
            if !found.is_learner {
                bail!("{member} votes already");
            }
            let promoted = patiently(async || members.promote(found.id).await).await;
            promoted.with_context(|| format!("{member} is not promoted: wait until it has caught up"))?;
            Ok(value!({"promoted": found.name.as_str(), "id": number(found.id)}))
        }
        Action::Remove { member } => remove(members, member).await,
        Action::Replace { member, new } => {
            let removed = remove(members, member).await?;
            let mut answer = add(members, new).await.with_context(|| {
                format!("{member} is removed, and nothing is in its place: try `sagong store etcd add`")
            })?;
            answer.set(&["removed"], removed.get("removed").cloned().unwrap_or_default());
            Ok(answer)
        }
        Action::Snapshot { file, member } => snapshot(members, named, file, member.as_deref()).await,
        Action::Defrag => defragment(members).await,
    }
}

/// Every member, and how it does; all are asked at once. Without a quorum nobody says who they are: then those that are
/// named are asked.
async fn look(members: &Members, named: &[Endpoint]) -> Vec<Seen> {
    match members.list().await {
        Ok(all) => ask(members, all).await,
        Err(error) => {
            eprintln!("no quorum answers, only the members that are named are asked: {error}");
            let of = |endpoint: &Endpoint| Member {
                id: 0,
                name: endpoint.to_string(),
                peer_urls: Vec::new(),
                client_urls: vec![endpoint.to_string()],
                is_learner: false,
            };
            let mut all = ask(members, named.iter().map(of).collect()).await;
            for seen in &mut all {
                seen.member.id = seen.status.as_ref().map_or(0, |status| status.id);
            }
            all
        }
    }
}

async fn ask(members: &Members, all: Vec<Member>) -> Vec<Seen> {
    let asked = all.into_iter().map(|member| async {
        let endpoint = member.client_urls.first().and_then(|url| Endpoint::parse(url).ok());
        let status = match &endpoint {
            None => Err("it has no address for clients yet".to_owned()),
            Some(endpoint) => members.status(endpoint).await.map_err(|error| error.to_string()),
        };
        Seen { member, endpoint, status }
    });
    futures::future::join_all(asked).await
}

/// Does what etcd may refuse for now.
async fn patiently<T>(mut change: impl AsyncFnMut() -> Result<T, MembersError>) -> Result<T, MembersError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match change().await {
            Err(error) if error.is_for_now() && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(RETRY_DELAY).await;
            }
            done => return done,
        }
    }
}

fn find(all: &[Member], wanted: &str) -> anyhow::Result<Member> {
    let found: Vec<&Member> =
        all.iter().filter(|member| member.name == wanted || number(member.id) == wanted).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let name = |member: &Member| match member.name.as_str() {
                "" => format!("{}, which has not started", number(member.id)),
                name => format!("{name} ({})", number(member.id)),
            };
            let names: Vec<String> = all.iter().map(name).collect();
            bail!("there is no member {wanted:?}: there are {}", names.join(", "))
        }
        _ => bail!("there are several members {wanted:?}: give the number of one"),
    }
}

async fn remove(members: &Members, wanted: &str) -> anyhow::Result<Value> {
    let found = find(&members.list().await?, wanted)?;
    let removed = patiently(async || members.remove(found.id).await).await;
    removed.with_context(|| format!("{wanted} is not removed"))?;
    Ok(value!({"removed": found.name.as_str(), "id": number(found.id)}))
}

async fn add(members: &Members, new: &New) -> anyhow::Result<Value> {
    Endpoint::parse(&new.peer_url).context("--peer-url")?;
    let before = members.list().await?;
    if before.iter().any(|member| member.name == new.name) {
        bail!("--name {:?}: there is such a member", new.name);
    }
    let id = patiently(async || members.add_learner(&new.peer_url).await).await?;
    let others = before.iter().filter(|member| !member.name.is_empty());
    let mut initial: Vec<String> =
        others.flat_map(|member| member.peer_urls.iter().map(|url| format!("{}={url}", member.name))).collect();
    initial.push(format!("{}={}", new.name, new.peer_url));
    Ok(value!({
        "added": new.name.as_str(),
        "id": number(id),
        "initialCluster": initial.join(","),
        "initialClusterState": "existing"
    }))
}

async fn snapshot(members: &Members, named: &[Endpoint], file: &Path, wanted: Option<&str>) -> anyhow::Result<Value> {
    let all = look(members, named).await;
    let works = |seen: &&Seen| seen.status.is_ok() && !seen.member.is_learner;
    let chosen = match wanted {
        Some(wanted) => {
            let id = find(&all.iter().map(|seen| seen.member.clone()).collect::<Vec<_>>(), wanted)?.id;
            all.iter().find(|seen| seen.member.id == id)
        }
        // The leader has the most to do.
        None => all.iter().filter(works).min_by_key(|seen| seen.state() == "leader"),
    };
    let chosen = chosen.context("no member answers")?;
    let endpoint = chosen.endpoint.as_ref().with_context(|| format!("{} has not started yet", chosen.shown()))?;
    let unfinished = PathBuf::from(format!("{}.unfinished", file.display()));
    let made = receive(members, endpoint, &unfinished).await.and_then(|content| {
        std::fs::rename(&unfinished, file).with_context(|| format!("cannot make {}", file.display()))?;
        sync_folder(file)?;
        Ok(content)
    });
    // What is no whole snapshot must not look like one.
    let (revision, keys, bytes) = made.inspect_err(|_| drop(std::fs::remove_file(&unfinished)))?;
    Ok(value!({
        "file": file.display().to_string(),
        "member": chosen.shown(),
        "revision": revision as i64,
        "keys": keys as i64,
        "fileBytes": bytes as i64
    }))
}

/// Writes the file and reads it again; its revision, how many keys it has, and its length in bytes.
async fn receive(members: &Members, endpoint: &Endpoint, place: &Path) -> anyhow::Result<(u64, usize, u64)> {
    let context = || format!("cannot write {}", place.display());
    let open = OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(place);
    let mut file = open.with_context(context)?;
    let mut snapshot = members.snapshot(endpoint).await?;
    while let Some(piece) = snapshot.next().await? {
        file.write_all(&piece).with_context(context)?;
    }
    file.sync_all().with_context(context)?;
    let bytes = file.metadata().with_context(context)?.len();
    let content = etcd_snapshot::read(&file, Hash::Required, 0).context("what etcd sent is no whole snapshot")?;
    Ok((content.revision, content.items.len(), bytes))
}

async fn defragment(members: &Members) -> anyhow::Result<Value> {
    let mut all = ask(members, members.list().await?).await;
    if let Some(silent) = all.iter().find(|seen| seen.status.is_err()) {
        let problem = silent.status.as_ref().err().cloned().unwrap_or_default();
        bail!("{} does not work ({problem}): with one more that is busy there may be no quorum", silent.shown());
    }
    all.sort_by_key(|seen| seen.state() == "leader");
    let mut done = Vec::new();
    for seen in &all {
        let Some(endpoint) = &seen.endpoint else { continue };
        let other = all.iter().find(|other| other.state() == "follower");
        if let (true, Some(other)) = (seen.state() == "leader", other) {
            members.move_leader(endpoint, other.member.id).await?;
        }
        let defragmented = members.defragment(endpoint).await;
        defragmented.with_context(|| format!("{} is not defragmented", seen.shown()))?;
        let after = members.status(endpoint).await?;
        let before = seen.status.as_ref().map_or(0, |status| status.database_bytes);
        done.push(value!({
            "name": seen.shown(),
            "databaseBytesBefore": before as i64,
            "databaseBytes": after.database_bytes as i64
        }));
    }
    Ok(value!({"defragmented": done.into_iter().collect::<Value>()}))
}
