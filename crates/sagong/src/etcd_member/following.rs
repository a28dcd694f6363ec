//! What goes on while a member runs: it votes once it has caught up, and every server knows where the members are.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use apimachinery::{Value, decode, json};
use bytes::Bytes;
use etcd::{EtcdEngine, Members};
use store::{Engine, Expect, StoreError, Write};

use super::{RETRY_DELAY, parse_all, replace_note};
use crate::directories::Directories;

/// Where the members' addresses for clients are.
const KEY: &str = "/registry/sagong/etcd-members";
/// Has the member at `peer_url` vote as soon as it has caught up, if it does not yet.
pub(super) async fn promote(members: Members, peer_url: String) {
    loop {
        let listed = members.list().await;
        let own = listed.iter().flatten().find(|member| member.peer_urls.contains(&peer_url));
        match own {
            Some(own) if own.is_learner => match members.promote(own.id).await {
                Ok(()) => return tracing::info!(member = own.name, "this server's member of etcd votes"),
                Err(error) if error.is_for_now() => {}
                Err(error) => tracing::warn!(%error, "this server's member of etcd does not vote yet"),
            },
            Some(_) => return,
            // It was removed, or the members cannot be asked for the moment.
            None if listed.is_ok() => return,
            None => {}
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Keeps the engine's endpoints those of all members, for ever: who joins writes under one key which they are.
pub(super) async fn follow(engine: Arc<EtcdEngine>, members: Members, directories: Directories, peer_url: String) {
    loop {
        let Err(error) = follow_once(&engine, &members, &directories, &peer_url).await;
        tracing::warn!("the addresses of etcd's members are not followed for a moment: {error:#}");
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

async fn follow_once(
    engine: &EtcdEngine,
    members: &Members,
    directories: &Directories,
    peer_url: &str,
) -> anyhow::Result<Infallible> {
    let end = [KEY.as_bytes(), b"\0"].concat();
    let (mut found, read_at) = engine.get(KEY.as_bytes()).await?;
    let mut watch = engine.watch(KEY.into(), Bytes::from(end), read_at)?;
    loop {
        let urls = present(members, peer_url).await?;
        engine.set_endpoints(parse_all(urls.iter().map(String::as_str)));
        replace_note(directories, &urls.iter().cloned().collect::<Vec<_>>().join(","))?;
        if found.as_ref().is_none_or(|found| urls_in(&found.value) != urls) {
            let list: Value = urls.iter().map(String::as_str).collect();
            let expect = found.as_ref().map_or(Expect::Absent, |found| Expect::Revision(found.mod_revision));
            let value = Bytes::from(json::to_vec(&list));
            match engine.commit(vec![Write::Put { key: KEY.into(), value, expect, time_to_live: None }]).await {
                // What this or another one wrote is on its way.
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        found = loop {
            if let Some(event) = watch.next().await?.events.into_iter().next_back() {
                break (!event.kv.value.is_empty()).then_some(event.kv);
            }
        };
    }
}

/// Where clients reach the members, once this server's own is among them, unless it was removed.
async fn present(members: &Members, peer_url: &str) -> anyhow::Result<BTreeSet<String>> {
    loop {
        let listed = members.list().await?;
        let starts =
            |member: &etcd::Member| member.client_urls.is_empty() && member.peer_urls.iter().any(|url| url == peer_url);
        if !listed.iter().any(starts) {
            return Ok(listed.into_iter().flat_map(|member| member.client_urls).collect());
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

pub(super) fn urls_in(value: &Bytes) -> BTreeSet<String> {
    let list = decode::json_untyped(value).unwrap_or_default();
    list.as_list().into_iter().flatten().filter_map(|url| url.as_str().map(str::to_owned)).collect()
}
