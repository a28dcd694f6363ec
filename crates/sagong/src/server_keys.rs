//! Whether all servers on one etcd have the same keys: a token that one of them issues is verified by the others, and a
//! certificate too.
//!
//! The first server writes the hashes of its public keys to etcd, and each one that comes later is compared with them
//! before it serves anything. No secret is in them. Upstream's API servers, which have no such record, neither see nor
//! change it; that their `--client-ca-file` and `--service-account-key-file` are of the same keys is for their
//! operator to see to.
//!
//! Keys are rotated while no server runs: the files are replaced everywhere, and the first server that starts is told
//! that it is on purpose (`--rotate-server-keys`).

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use apimachinery::{Map, Value, decode, json};
use bytes::Bytes;
use store::{Engine, Expect, KeyValue, StoreError, Write};

use crate::{directories::Directories, identity::Identity};

/// Below the prefix that servers may write to, where etcd's own authorization is on. No resource of upstream's has this
/// name, and groups of custom resources have a dot in theirs.
const KEY: &str = "/registry/sagong/server-keys";

/// A key that every server has.
struct ServerKey {
    /// Its name in the record.
    field: &'static str,
    /// The file by which it is named to people.
    file: &'static str,
    purpose: &'static str,
}

const SERVER_KEYS: [ServerKey; 3] = [
    ServerKey { field: "authority", file: "ca.crt", purpose: "the cluster's authority" },
    ServerKey { field: "frontProxyAuthority", file: "front-proxy-ca.crt", purpose: "the authority of front proxies" },
    ServerKey { field: "serviceAccounts", file: "sa.key", purpose: "the key of service account tokens" },
];

/// What must be the same on every server.
const FILES: [&str; 5] = ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key"];

type Hashes = BTreeMap<String, String>;

/// Loads this server's keys, or makes them when it is the first one, and compares them with those of the others.
///
/// # Errors
/// They differ, or there are none here and some elsewhere; etcd cannot be asked; a file cannot be read.
pub(crate) async fn open(engine: &dyn Engine, directories: &Directories, rotate: bool) -> anyhow::Result<Identity> {
    let (found, _) = engine.get(KEY.as_bytes()).await.context("cannot read the hashes of the servers' keys")?;
    if found.is_some() && !rotate && SERVER_KEYS.iter().all(|key| !directories.pki_file(key.file).exists()) {
        bail!(
            "other servers have this etcd, and {} has no keys yet: {}",
            directories.pki().display(),
            way_out(directories)
        );
    }
    let identity = Identity::open(directories)?;
    let own = hashes(&identity)?;
    compare(engine, directories, &own, found, rotate).await?;
    Ok(identity)
}

/// The hashes of the public keys.
fn hashes(identity: &Identity) -> anyhow::Result<Hashes> {
    let values = [
        identity.authority.public_key_hash(),
        identity.front_proxy.public_key_hash(),
        identity.service_account_key()?.public_key_hash(),
    ];
    Ok(SERVER_KEYS.iter().map(|key| key.field.to_owned()).zip(values).collect())
}

async fn compare(
    engine: &dyn Engine,
    directories: &Directories,
    own: &Hashes,
    mut found: Option<KeyValue>,
    rotate: bool,
) -> anyhow::Result<()> {
    loop {
        let expect = match &found {
            None => Expect::Absent,
            Some(present) => {
                let theirs = read(&present.value)?;
                let differing = differing(own, &theirs);
                if differing.is_empty() {
                    return Ok(());
                }
                if !rotate {
                    bail!("{}", refusal(directories, own, &theirs, &differing));
                }
                let files: Vec<&str> = differing.iter().map(|key| key.file).collect();
                tracing::warn!(?files, "the servers' keys are others from now on, as --rotate-server-keys says");
                Expect::Revision(present.mod_revision)
            }
        };
        let record: Map = own.iter().map(|(field, hash)| (field.as_str(), hash.as_str())).collect();
        let value = Bytes::from(json::to_vec(&Value::Map(record)));
        match engine.commit(vec![Write::Put { key: KEY.into(), value, expect, time_to_live: None }]).await {
            Ok(_) => return Ok(()),
            // Another one was faster: it is compared with.
            Err(StoreError::Conflict { current, .. }) => found = current,
            Err(error) => return Err(error).context("cannot write the hashes of this server's keys"),
        }
    }
}

fn read(record: &Bytes) -> anyhow::Result<Hashes> {
    let context = || format!("{KEY} in etcd does not hold the hashes of the servers' keys");
    let record = decode::json_untyped(record).map_err(|error| anyhow::anyhow!("{error}")).with_context(context)?;
    let Value::Map(record) = record else { bail!("{}", context()) };
    let text = |(field, hash): (&_, &Value)| Some((AsRef::<str>::as_ref(field).to_owned(), hash.as_str()?.to_owned()));
    Ok(record.iter().filter_map(text).collect())
}

/// The keys that are others than the record says. What it does not say is no difference: a release may add some.
fn differing<'k>(own: &Hashes, theirs: &Hashes) -> Vec<&'k ServerKey> {
    let differs = |key: &&ServerKey| theirs.get(key.field).is_some_and(|hash| own.get(key.field) != Some(hash));
    SERVER_KEYS.iter().filter(differs).collect()
}

fn refusal(directories: &Directories, own: &Hashes, theirs: &Hashes, differing: &[&ServerKey]) -> String {
    let mut text = String::from("other servers that have this etcd have other keys than this one: ");
    for (place, key) in differing.iter().enumerate() {
        let hash = |hashes: &Hashes| hashes.get(key.field).cloned().unwrap_or_default();
        text.push_str(if place == 0 { "" } else { "; " });
        let file = directories.pki_file(key.file);
        text.push_str(&format!("{} ({}) is {} here and {}", file.display(), key.purpose, hash(own), hash(theirs)));
        text.push_str(" there");
    }
    format!("{text}. {}", way_out(directories))
}

fn way_out(directories: &Directories) -> String {
    format!(
        "Copy {} from the folder pki of a server that works, for example `scp -p 'SERVER:/var/lib/sagong/pki/*' {}/`. \
         If the keys were rotated on purpose, on every server, give --rotate-server-keys once",
        FILES.join(", "),
        directories.pki().display()
    )
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;

    fn engine(place: &Path) -> Arc<dyn Engine> {
        store::embedded::open(place.join("store"), Default::default()).unwrap()
    }

    fn server() -> (tempfile::TempDir, Directories) {
        let root = tempfile::tempdir().unwrap();
        let directories = Directories::open(root.path()).unwrap();
        (root, directories)
    }

    fn copy(file: &str, from: &Directories, to: &Directories) {
        std::fs::copy(from.pki_file(file), to.pki_file(file)).unwrap();
    }

    #[tokio::test]
    async fn a_server_with_other_keys_is_refused_until_it_has_the_same() {
        let place = tempfile::tempdir().unwrap();
        let engine = engine(place.path());
        let (_first_root, first) = server();
        let refused = |result: anyhow::Result<Identity>| format!("{:#}", result.err().expect("it is refused"));
        open(&*engine, &first, false).await.unwrap();
        open(&*engine, &first, false).await.unwrap();
        // Without any it makes none, or they would have to be removed again.
        let (_second_root, second) = server();
        let said = refused(open(&*engine, &second, false).await);
        assert!(said.contains(&format!("{} has no keys yet: Copy ca.crt, ca.key,", second.pki().display())), "{said}");
        assert_eq!(std::fs::read_dir(second.pki()).unwrap().count(), 0);
        // One that forgets a file is told which.
        FILES[..4].iter().for_each(|file| copy(file, &first, &second));
        let said = refused(open(&*engine, &second, false).await);
        let own = Identity::open(&second).unwrap().service_account_key().unwrap().public_key_hash();
        let file = second.pki_file("sa.key");
        let expected = format!("{} (the key of service account tokens) is {own} here and sha256:", file.display());
        assert!(said.contains(&expected) && !said.contains("ca.crt ("), "{said}");
        copy("sa.key", &first, &second);
        open(&*engine, &second, false).await.unwrap();
    }

    #[tokio::test]
    async fn keys_are_rotated_on_purpose() {
        let place = tempfile::tempdir().unwrap();
        let engine = engine(place.path());
        let ((_old_root, old), (_new_root, new)) = (server(), server());
        open(&*engine, &old, false).await.unwrap();
        Identity::open(&new).unwrap();
        assert!(open(&*engine, &new, false).await.is_err());
        open(&*engine, &new, true).await.unwrap();
        open(&*engine, &new, false).await.unwrap();
        let said = format!("{:#}", open(&*engine, &old, false).await.err().unwrap());
        assert!(said.contains("ca.crt (the cluster's authority)") && said.contains("front-proxy-ca.crt"), "{said}");
    }

    #[tokio::test]
    async fn one_of_two_that_begin_at_once_is_first() {
        let place = tempfile::tempdir().unwrap();
        let engine = engine(place.path());
        let ((_one_root, one), (_two_root, two)) = (server(), server());
        let (one, two) = tokio::join!(open(&*engine, &one, false), open(&*engine, &two, false));
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|first| **first).count(), 1);
    }

    #[tokio::test]
    async fn what_is_no_record_is_told_and_what_a_later_release_adds_is_no_difference() {
        let place = tempfile::tempdir().unwrap();
        let engine = engine(place.path());
        let (_root, directories) = server();
        Identity::open(&directories).unwrap();
        for (value, begins) in [("[]", true), ("nonsense", true), ("{\"later\":\"sha256:1\"}", false)] {
            let put = Write::Put { key: KEY.into(), value: value.into(), expect: Expect::Any, time_to_live: None };
            engine.commit(vec![put]).await.unwrap();
            let said = open(&*engine, &directories, false).await.err().map(|error| format!("{error:#}"));
            assert_eq!(said.is_some_and(|said| said.starts_with(KEY)), begins, "{value}");
        }
    }
}
