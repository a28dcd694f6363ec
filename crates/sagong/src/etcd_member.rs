//! A member of etcd of this server's own: `sagong up --join-etcd`.
//!
//! The first server makes a cluster of one member; each further one joins by the address of any member, follows until
//! it has caught up, and votes then. Members show each other and their clients certificates of the authority in
//! `pki/etcd-ca.*`, which is copied with the other keys: who has it may join. Which members there are is written to
//! etcd itself, so that every server knows where to turn when its own member fails.

mod following;
mod tls;

use std::{collections::BTreeSet, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use etcd::{Endpoint, EtcdEngine, Members};
use store::StoreError;

use crate::{
    directories::Directories,
    etcd_process::{EtcdProcess, IsRemoved},
    renewal::Renewal,
};
use following::{follow, promote};
use tls::MemberTls;
pub(crate) use tls::files_of;

/// What etcd refuses for now is tried again after this time.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// etcd's log is begun anew at this size; so many old ones stay.
const LOG_ROTATION: &str = r#"{"maxsize": 16, "maxbackups": 2}"#;

/// The flags about a member of this server's own.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct MemberOptions {
    /// Run a member of etcd beside the server, and keep the objects there: the first one when nothing is named, a further
    /// one of the cluster that the members at these addresses (HOST, HOST:PORT or URL, with commas between) belong to.
    /// A further server has the first one's keys: with --join, which knows the addresses too, or in a copy of its pki.
    #[arg(long, value_name = "MEMBERS", num_args = 0..=1, default_missing_value = "", value_delimiter = ',')]
    join_etcd: Option<Vec<String>>,
    /// The program of etcd, 3.5.13 or newer; the one in PATH when not given.
    #[arg(long, value_name = "FILE")]
    etcd_binary: Option<PathBuf>,
    /// The port of this server's member for clients.
    #[arg(long, value_name = "PORT", default_value_t = 2379)]
    etcd_client_port: u16,
    /// The port of this server's member for other members.
    #[arg(long, value_name = "PORT", default_value_t = 2380)]
    etcd_peer_port: u16,
}

/// This server's member.
pub(crate) struct EtcdMember {
    process: EtcdProcess,
    tls: MemberTls,
    directories: Directories,
    peer_url: String,
}

/// The address of a member as people write it: HOST, HOST:PORT or a URL.
fn endpoint_of(text: &str) -> anyhow::Result<Endpoint> {
    let url = match text.trim() {
        text if text.contains("://") => text.to_owned(),
        text if text.contains(':') => format!("https://{text}"),
        text => format!("https://{text}:2379"),
    };
    Endpoint::parse(&url).context("--join-etcd")
}

fn parse_all<'t>(urls: impl IntoIterator<Item = &'t str>) -> Vec<Endpoint> {
    urls.into_iter().filter_map(|url| Endpoint::parse(url.trim()).ok()).collect()
}

impl MemberOptions {
    /// Whether this server has a member.
    pub(crate) fn is_wanted(&self) -> bool {
        self.join_etcd.is_some()
    }

    /// Whether this server's member is not of a cluster yet.
    pub(crate) fn must_join(&self, directories: &Directories) -> bool {
        self.is_wanted() && !directories.etcd().join("member").exists()
    }

    fn program(&self) -> anyhow::Result<PathBuf> {
        let advice = "--join-etcd needs the program etcd: install it, or name it with --etcd-binary";
        match &self.etcd_binary {
            Some(program) if program.is_file() => Ok(program.clone()),
            Some(program) => bail!("--etcd-binary: there is no file {}", program.display()),
            None => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let mut places = std::env::split_paths(&path).map(|place| place.join("etcd"));
                places.find(|program| program.is_file()).context(advice)
            }
        }
    }

    /// Starts the member, which joins its cluster first where it must; `found` are addresses of members beside those
    /// that the flag names.
    ///
    /// # Errors
    /// The program, a key or the cluster is not there; etcd refuses the member.
    pub(crate) async fn start(
        &self,
        directories: &Directories,
        address: Ipv4Addr,
        host_name: &str,
        found: &[String],
    ) -> anyhow::Result<EtcdMember> {
        let program = self.program()?;
        let named: Vec<&String> =
            self.join_etcd.iter().flatten().chain(found).filter(|text| !text.is_empty()).collect();
        let others: Vec<Endpoint> = named.iter().map(|text| endpoint_of(text)).collect::<Result<_, _>>()?;
        if others.is_empty() && self.must_join(directories) {
            refuse_second_cluster(directories)?;
        }
        let tls = MemberTls::make(directories, address, host_name, others.is_empty())?;
        let name = format!("{host_name}-{}", self.etcd_peer_port);
        let client_url = format!("https://{address}:{}", self.etcd_client_port);
        let peer_url = format!("https://{address}:{}", self.etcd_peer_port);
        let data = directories.etcd();
        let mut initial = vec![format!("{name}={peer_url}")];
        if !others.is_empty() && self.must_join(directories) {
            initial.extend(join(&Members::new(tls.access(others.clone())?), &name, &peer_url).await?);
        }
        let mut listened = BTreeSet::from([client_url.clone()]);
        listened.insert(format!("https://127.0.0.1:{}", self.etcd_client_port));
        let state = if others.is_empty() { "new" } else { "existing" };
        let mut arguments = vec![
            format!("--name={name}"),
            format!("--data-dir={}", data.display()),
            format!("--listen-client-urls={}", listened.into_iter().collect::<Vec<_>>().join(",")),
            format!("--advertise-client-urls={client_url}"),
            format!("--listen-peer-urls={peer_url}"),
            format!("--initial-advertise-peer-urls={peer_url}"),
            format!("--initial-cluster={}", initial.join(",")),
            format!("--initial-cluster-state={state}"),
            format!("--log-outputs={}", directories.etcd_log().display()),
            "--enable-log-rotation".to_owned(),
            format!("--log-rotation-config-json={LOG_ROTATION}"),
        ];
        let authority = directories.pki_file("etcd-ca.crt").display().to_string();
        for side in ["", "peer-"] {
            arguments.push(format!("--{side}trusted-ca-file={authority}"));
            arguments.push(format!("--{side}client-cert-auth"));
            arguments.push(format!("--{side}cert-file={}", tls.file("member.crt")));
            arguments.push(format!("--{side}key-file={}", tls.file("member.key")));
        }
        let mut known = parse_all([client_url.as_str()]);
        known.extend(others);
        write_note(directories, &known)?;
        let process = EtcdProcess::start(program, arguments, is_removed(directories, &tls, &peer_url))?;
        Ok(EtcdMember { process, tls, directories: directories.clone(), peer_url })
    }
}

/// Keys that came from another server are those of a cluster that there is: nobody wants a second one by a flag that was
/// forgotten.
fn refuse_second_cluster(directories: &Directories) -> anyhow::Result<()> {
    let key = directories.pki_file("etcd-ca.key");
    if key.exists() && !directories.etcd_tls().exists() {
        bail!(
            "{} is of a cluster that has members already: name one, --join-etcd ADDRESS. If this is to be the first \
             member of a new cluster, remove etcd-ca.key and etcd-ca.crt",
            key.display()
        );
    }
    Ok(())
}

/// Tells the cluster of the member, unless it was told already; the other members, as etcd wants them named.
async fn join(members: &Members, name: &str, peer_url: &str) -> anyhow::Result<Vec<String>> {
    let context = "cannot join the etcd cluster that --join-etcd names";
    let present = members.list().await.context(context)?;
    if let Some(other) = present.iter().find(|member| member.name == name) {
        bail!(
            "{context}: it has a member {name:?} already, whose data is not here. If it is lost, remove it first: \
             `sagong store etcd remove {:x}`",
            other.id
        );
    }
    if !present.iter().any(|member| member.peer_urls.iter().any(|url| url == peer_url)) {
        loop {
            match members.add_learner(peer_url).await {
                Ok(_) => break,
                Err(error) if error.is_for_now() => {
                    tracing::info!(%error, "waiting to join the etcd cluster");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
                Err(error) => return Err(error).context(context),
            }
        }
    }
    let others = present.iter().filter(|member| !member.name.is_empty());
    Ok(others.flat_map(|member| member.peer_urls.iter().map(|url| format!("{}={url}", member.name))).collect())
}

/// Asks the other members whether this one was removed.
fn is_removed(directories: &Directories, tls: &MemberTls, peer_url: &str) -> IsRemoved {
    let (directories, tls, peer_url) = (directories.clone(), tls.clone(), peer_url.to_owned());
    Arc::new(move || {
        let (directories, tls, peer_url) = (directories.clone(), tls.clone(), peer_url.clone());
        Box::pin(async move {
            let Ok(access) = tls.access(read_note(&directories)) else { return false };
            let Ok(present) = Members::new(access).list().await else { return false };
            let removed = !present.iter().any(|member| member.peer_urls.contains(&peer_url));
            if removed {
                tracing::error!(
                    "this server's member was removed from the etcd cluster and is not started again; the objects are \
                     reached through the others. To have one again, end the server, remove {} and start it with \
                     --join-etcd and the address of another member",
                    directories.etcd().display()
                );
            }
            removed
        })
    })
}

/// The addresses of members, as they were known last.
fn read_note(directories: &Directories) -> Vec<Endpoint> {
    let text = std::fs::read_to_string(directories.etcd_note()).unwrap_or_default();
    parse_all(text.trim().split(','))
}

/// Writes addresses of members down, with those that were known before.
fn write_note(directories: &Directories, endpoints: &[Endpoint]) -> anyhow::Result<()> {
    let mut all: Vec<String> = Vec::new();
    for endpoint in endpoints.iter().cloned().chain(read_note(directories)).map(|endpoint| endpoint.to_string()) {
        if !all.contains(&endpoint) {
            all.push(endpoint);
        }
    }
    replace_note(directories, &all.join(","))
}

/// Commands read it at any time: it is there whole.
fn replace_note(directories: &Directories, text: &str) -> anyhow::Result<()> {
    Ok(pki::write_public(&directories.etcd_note(), format!("{text}\n").as_bytes())?)
}

impl EtcdMember {
    /// The engine on the cluster of the member; waits until the cluster serves.
    ///
    /// # Errors
    /// What waiting does not mend.
    pub(crate) async fn open(&self) -> anyhow::Result<Arc<EtcdEngine>> {
        loop {
            let access = self.tls.access(read_note(&self.directories))?;
            match etcd::open(access, etcd::Options::default()).await {
                Ok(engine) => {
                    let members = || anyhow::Ok(Members::new(self.tls.access(read_note(&self.directories))?));
                    let (directories, peer_url) = (self.directories.clone(), self.peer_url.clone());
                    tokio::spawn(promote(members()?, peer_url.clone()));
                    tokio::spawn(follow(engine.clone(), members()?, directories, peer_url));
                    return Ok(engine);
                }
                // The other members may start later than this one.
                Err(error @ StoreError::Unavailable { .. }) => tracing::warn!(%error, "waiting for etcd"),
                Err(error) => return Err(error).context("cannot use etcd"),
            }
        }
    }

    /// What renews its certificates, and those by which it is reached.
    pub(crate) fn renewals(&self) -> [Renewal; 2] {
        self.tls.renewals()
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.process.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{following::urls_in, *};

    #[test]
    fn members_are_named_as_people_do() {
        for (text, url) in [
            ("10.0.0.1", "https://10.0.0.1:2379"),
            (" etcd1:2479", "https://etcd1:2479"),
            ("https://10.0.0.1:2379", "https://10.0.0.1:2379"),
        ] {
            assert_eq!(endpoint_of(text).unwrap().to_string(), url);
        }
        assert!(format!("{:#}", endpoint_of("https://10.0.0.1").unwrap_err()).starts_with("--join-etcd: "));
    }

    #[test]
    fn who_has_no_authority_may_not_join() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let address = Ipv4Addr::new(10, 0, 0, 1);
        let refused = MemberTls::make(&directories, address, "host", false).err().unwrap().to_string();
        assert!(refused.contains("etcd-ca.key is missing: copy the folder pki of a server"), "{refused}");
        assert!(files_of(&directories).is_none());
        refuse_second_cluster(&directories).unwrap();
        MemberTls::make(&directories, address, "host", true).unwrap();
        MemberTls::make(&directories, address, "host", false).unwrap();
        assert!(files_of(&directories).is_some());
        // A first start that failed may be tried again, but not beside the cluster that the keys came from.
        refuse_second_cluster(&directories).unwrap();
        std::fs::remove_dir_all(directories.etcd_tls()).unwrap();
        let refused = refuse_second_cluster(&directories).unwrap_err().to_string();
        assert!(refused.contains("name one, --join-etcd ADDRESS"), "{refused}");
    }

    #[test]
    fn what_was_known_of_members_stays_known() {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        let endpoints = |urls: &[&str]| parse_all(urls.iter().copied());
        write_note(&directories, &endpoints(&["https://a:1"])).unwrap();
        write_note(&directories, &endpoints(&["https://b:2", "https://a:1"])).unwrap();
        assert_eq!(read_note(&directories), endpoints(&["https://b:2", "https://a:1"]));
        assert_eq!(urls_in(&Bytes::from_static(b"[\"https://a:1\", 3]")), BTreeSet::from(["https://a:1".to_owned()]));
        assert!(urls_in(&Bytes::from_static(b"nonsense")).is_empty());
    }
}
