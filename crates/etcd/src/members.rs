//! The cluster's members: who they are, how each does, and what is asked of one of them alone.
//!
//! Who the members are is decided by a quorum, so that any endpoint answers for it. How a member does, its snapshot and
//! its defragmentation are asked at its own address.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use prost::Message;
use tokio::time::timeout;

use crate::{
    client::{Access, Client, Repeat},
    connection::Connection,
    endpoint::Endpoint,
    failure::Failure,
    frame::{self, Messages},
    messages::{
        DefragmentRequest, HeaderResponse, Member as MemberMessage, MemberAddRequest, MemberAddResponse,
        MemberIdRequest, MemberListRequest, MembersResponse, MoveLeaderRequest, SnapshotRequest, SnapshotResponse,
        StatusRequest, StatusResponse, procedure,
    },
};

/// A member that does not shake hands for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Who the members are is not known when no quorum has said so after this time.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// A member that does not say how it does for this long does not work, or is not ready yet: a new one that was sent a
/// snapshot by the leader answers only after etcd's own timeout of 7 s.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);
/// How long another member may take to take over the lead.
const MOVE_LEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A defragmentation copies the whole database; this is a gibibyte at the speed of a slow disk.
const DEFRAGMENT_TIMEOUT: Duration = Duration::from_secs(120);
/// A piece of a snapshot that does not come for this long does not come.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why something of members could not be done: etcd's words, or the connection's.
#[derive(Debug, thiserror::Error)]
#[error("etcd: {operation}: {reason}")]
pub struct MembersError {
    operation: &'static str,
    reason: String,
}

/// What etcd refuses while members have not been connected for five seconds, or a learner has not caught up.
const FOR_NOW: [&str; 2] =
    ["etcdserver: unhealthy cluster", "etcdserver: can only promote a learner member which is in sync with leader"];

impl MembersError {
    /// Whether etcd may do in a moment what it refuses now.
    pub fn is_for_now(&self) -> bool {
        FOR_NOW.contains(&self.reason.as_str())
    }
}

fn failed(operation: &'static str) -> impl Fn(Failure) -> MembersError {
    move |failure| MembersError { operation, reason: failure.message }
}

/// A member, as the cluster knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number in the cluster.
    pub id: u64,
    /// Its name; empty for one that has not started yet.
    pub name: String,
    /// Where members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients do; none for one that has not started yet.
    pub client_urls: Vec<String>,
    /// Whether it follows and does not vote yet.
    pub is_learner: bool,
}

impl Member {
    fn of(message: MemberMessage) -> Member {
        Member {
            id: message.id,
            name: message.name,
            peer_urls: message.peer_urls,
            client_urls: message.client_urls,
            is_learner: message.is_learner,
        }
    }
}

/// How a member does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its number in the cluster.
    pub id: u64,
    /// The release that it runs.
    pub version: String,
    /// Whether it leads.
    pub is_leader: bool,
    /// Whether it knows of a leader: without one it cannot write.
    pub has_leader: bool,
    /// Its database in bytes.
    pub database_bytes: u64,
    /// What of that is in use.
    pub used_bytes: u64,
    /// The number of its last entry of the log.
    pub raft_index: u64,
    /// Alarms, and what else is wrong with it.
    pub errors: Vec<String>,
}

/// The members of a cluster. It is made within a tokio runtime.
pub struct Members(Client);

impl Members {
    /// Of the cluster that is reached so.
    pub fn new(access: Access) -> Members {
        Members(Client::new(access))
    }

    /// All members, as a quorum knows them.
    ///
    /// # Errors
    /// No quorum answers.
    pub async fn list(&self) -> Result<Vec<Member>, MembersError> {
        let request = MemberListRequest { linearizable: true };
        let asked = self.0.call::<MembersResponse>(procedure::MEMBER_LIST, &request, Repeat::Always);
        let answer = timeout(LIST_TIMEOUT, asked).await.unwrap_or_else(|_| Err(Failure::timed_out()));
        Ok(answer.map_err(failed("listing members"))?.members.into_iter().map(Member::of).collect())
    }

    /// Adds a member that follows until it is promoted; its number.
    ///
    /// # Errors
    /// etcd refuses it: members are not healthy, there is a learner already.
    pub async fn add_learner(&self, peer_url: &str) -> Result<u64, MembersError> {
        let request = MemberAddRequest { peer_urls: vec![peer_url.to_owned()], is_learner: true };
        let answer: Result<MemberAddResponse, Failure> =
            self.0.call(procedure::MEMBER_ADD, &request, Repeat::WithoutEffect).await;
        Ok(answer.map_err(failed("adding a member"))?.member.unwrap_or_default().id)
    }

    /// Lets a learner vote.
    ///
    /// # Errors
    /// It has not caught up yet; there is no such learner.
    pub async fn promote(&self, id: u64) -> Result<(), MembersError> {
        self.change(procedure::MEMBER_PROMOTE, id).await.map_err(failed("promoting a member"))
    }

    /// Removes a member for good.
    ///
    /// # Errors
    /// etcd refuses it: without it there would be no quorum; there is no such member.
    pub async fn remove(&self, id: u64) -> Result<(), MembersError> {
        self.change(procedure::MEMBER_REMOVE, id).await.map_err(failed("removing a member"))
    }

    async fn change(&self, procedure: &'static str, id: u64) -> Result<(), Failure> {
        let answer: Result<MembersResponse, Failure> =
            self.0.call(procedure, &MemberIdRequest { id }, Repeat::WithoutEffect).await;
        answer.map(drop)
    }

    /// How the member at an address does.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn status(&self, endpoint: &Endpoint) -> Result<MemberStatus, MembersError> {
        let context = "asking a member how it does";
        let request = StatusRequest {};
        let asked = self.one::<StatusResponse>(endpoint, procedure::STATUS, &request);
        let answer = timeout(STATUS_TIMEOUT, asked).await.unwrap_or_else(|_| Err(Failure::timed_out()));
        let answer = answer.map_err(failed(context))?;
        let id = answer.header.map_or(0, |header| header.member_id);
        let bytes = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(MemberStatus {
            id,
            version: answer.version,
            is_leader: answer.leader == id && id != 0,
            has_leader: answer.leader != 0,
            database_bytes: bytes(answer.database_bytes),
            used_bytes: bytes(answer.used_bytes),
            raft_index: answer.raft_index,
            errors: answer.errors,
        })
    }

    /// Gives the space that a member's database no longer uses back to its disk. It answers nobody meanwhile.
    ///
    /// # Errors
    /// It does not answer in time, or its disk is full.
    pub async fn defragment(&self, endpoint: &Endpoint) -> Result<(), MembersError> {
        let request = DefragmentRequest {};
        let asked = self.one::<HeaderResponse>(endpoint, procedure::DEFRAGMENT, &request);
        let done = timeout(DEFRAGMENT_TIMEOUT, asked).await.unwrap_or_else(|_| Err(Failure::timed_out()));
        done.map(drop).map_err(failed("defragmenting a member"))
    }

    /// Has the leader, which is at this address, give the lead to another member.
    ///
    /// # Errors
    /// It is not the leader, or the other one does not take over.
    pub async fn move_leader(&self, leader: &Endpoint, to: u64) -> Result<(), MembersError> {
        let request = MoveLeaderRequest { target: to };
        let asked = self.one::<HeaderResponse>(leader, procedure::MOVE_LEADER, &request);
        let moved = timeout(MOVE_LEADER_TIMEOUT, asked).await.unwrap_or_else(|_| Err(Failure::timed_out()));
        moved.map(drop).map_err(failed("moving the lead"))
    }

    /// Begins a snapshot of a member: its database, with the SHA-256 of it behind.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn snapshot(&self, endpoint: &Endpoint) -> Result<Snapshot, MembersError> {
        let begun = self.begin(endpoint, procedure::SNAPSHOT, &SnapshotRequest {}).await;
        let (connection, messages) = begun.map_err(failed("beginning a snapshot"))?;
        Ok(Snapshot { messages, _connection: connection })
    }

    /// Calls a unary procedure of the member at an address.
    async fn one<A: Message + Default>(
        &self,
        endpoint: &Endpoint,
        procedure: &'static str,
        request: &impl Message,
    ) -> Result<A, Failure> {
        let (_connection, messages) = self.begin(endpoint, procedure, request).await?;
        messages.only().await
    }

    /// Calls a procedure of the member at an address; the connection has to live as long as the answer.
    async fn begin(
        &self,
        endpoint: &Endpoint,
        procedure: &'static str,
        request: &impl Message,
    ) -> Result<(Connection, Messages), Failure> {
        let opened = timeout(CONNECT_TIMEOUT, self.0.open(endpoint)).await;
        let opened = opened.unwrap_or_else(|_| Err("it does not answer".to_owned()));
        let connection = opened.map_err(|problem| Failure::transport(format!("{endpoint}: {problem}"), false))?;
        let token = self.0.token(&connection).await?;
        let body = Full::new(frame::encode(request)).boxed();
        let messages = connection.call(procedure, token, body).await?;
        Ok((connection, messages))
    }
}

/// A snapshot on its way.
pub struct Snapshot {
    messages: Messages,
    /// It ends with its last user.
    _connection: Connection,
}

impl Snapshot {
    /// The next piece of the file; `None` at its end.
    ///
    /// # Errors
    /// The member does not go on.
    pub async fn next(&mut self) -> Result<Option<Bytes>, MembersError> {
        let piece = timeout(SNAPSHOT_TIMEOUT, self.messages.next::<SnapshotResponse>()).await;
        let piece = piece.unwrap_or_else(|_| Err(Failure::timed_out())).map_err(failed("reading a snapshot"))?;
        Ok(piece.map(|piece| piece.blob))
    }
}
