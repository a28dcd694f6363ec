//! How a call failed, what may be done about it, and what the store's user is told.

use std::{fmt, io, sync::Arc};

use store::{Revision, StoreError};

/// gRPC's codes, as far as they are told apart.
pub(crate) mod code {
    pub(crate) const DEADLINE_EXCEEDED: i32 = 4;
    pub(crate) const INTERNAL: i32 = 13;
    pub(crate) const UNAVAILABLE: i32 = 14;
    pub(crate) const UNAUTHENTICATED: i32 = 16;
}

/// etcd's own words for what it did not decide in time; clients know them.
pub(crate) const TIMED_OUT: &str = "etcdserver: request timed out";
const NO_LEADER: &str = "etcdserver: no leader";
const TOO_MANY_REQUESTS: &str = "etcdserver: too many requests";
const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const FUTURE_REVISION: &str = "etcdserver: mvcc: required revision is a future revision";
const NO_SPACE: &str = "etcdserver: mvcc: database space exceeded";
const LEASE_NOT_FOUND: &str = "etcdserver: requested lease not found";
const TOO_LARGE: &str = "etcdserver: request is too large";
const TOO_MANY_OPERATIONS: &str = "etcdserver: too many operations in txn request";
/// A token that is no longer known, that is older than the rules that it was made under, or that is missing.
const STALE_TOKEN: [&str; 3] =
    ["etcdserver: invalid auth token", "etcdserver: revision of auth store is old", "etcdserver: user name is empty"];

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// gRPC's code.
    pub(crate) code: i32,
    /// What the server or the transport says.
    pub(crate) message: String,
    /// Whether it is certain that the call changed nothing.
    pub(crate) is_without_effect: bool,
    /// Whether it came from the connection and not from the server.
    pub(crate) is_of_transport: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Failure {
    /// The server's answer.
    pub(crate) fn answered(code: i32, message: String) -> Failure {
        // What a server could not decide in time, or was told as it stopped, may still be decided. All other refusals
        // come from checks before a request is proposed, or from a transaction that was applied and did nothing.
        let undecided = matches!(code, code::UNAVAILABLE | code::DEADLINE_EXCEEDED | code::INTERNAL | 1 | 2)
            && message != NO_LEADER;
        Failure { code, message, is_without_effect: !undecided, is_of_transport: false }
    }

    /// The connection broke; `sent` when the request had gone out.
    pub(crate) fn transport(message: impl fmt::Display, sent: bool) -> Failure {
        let message = message.to_string();
        Failure { code: code::UNAVAILABLE, message, is_without_effect: !sent, is_of_transport: true }
    }

    /// Nothing was answered in time.
    pub(crate) fn timed_out() -> Failure {
        Failure { is_of_transport: true, ..Failure::answered(code::DEADLINE_EXCEEDED, TIMED_OUT.to_owned()) }
    }

    /// The server answered something that makes no sense.
    pub(crate) fn malformed(problem: impl fmt::Display) -> Failure {
        Failure::answered(code::INTERNAL, format!("etcd's answer is malformed: {problem}"))
    }

    /// Whether a new token may help.
    pub(crate) fn is_stale_token(&self) -> bool {
        self.code == code::UNAUTHENTICATED || STALE_TOKEN.contains(&self.message.as_str())
    }

    /// Whether the member or the way to it is at fault, so that another one may answer.
    pub(crate) fn is_of_member(&self) -> bool {
        self.is_of_transport || matches!(self.code, code::UNAVAILABLE | code::DEADLINE_EXCEEDED)
    }

    pub(crate) fn is_overload(&self) -> bool {
        self.message == TOO_MANY_REQUESTS
    }

    pub(crate) fn is_compacted(&self) -> bool {
        self.message == COMPACTED
    }

    pub(crate) fn is_future_revision(&self) -> bool {
        self.message == FUTURE_REVISION
    }

    pub(crate) fn is_no_space(&self) -> bool {
        self.message == NO_SPACE
    }

    pub(crate) fn is_lease_not_found(&self) -> bool {
        self.message == LEASE_NOT_FOUND
    }

    /// What the store's user is told; `asked` is the revision that the call was about.
    pub(crate) fn into_store_error(self, operation: &str, asked: Revision, known: Known) -> StoreError {
        if self.is_compacted() {
            // etcd does not say how far: at least past what was asked for.
            return StoreError::Compacted { compacted: known.compacted.max(asked + 1), current: known.current };
        }
        if self.is_future_revision() {
            return StoreError::FutureRevision { requested: asked, current: known.current };
        }
        if self.is_no_space() {
            return StoreError::NoSpace { path: "etcd".into() };
        }
        if self.is_without_effect && (self.is_overload() || self.is_of_member()) {
            return StoreError::Unavailable { reason: self.message.into() };
        }
        let kind = match self.code {
            code::UNAVAILABLE | code::DEADLINE_EXCEEDED => io::ErrorKind::TimedOut,
            7 | code::UNAUTHENTICATED => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        let source = match self.is_of_transport {
            // The wire's own words mean nothing to clients; that it is not known how it ended does.
            true => {
                tracing::warn!(operation, error = self.message, "a call to etcd broke off");
                io::Error::new(kind, TIMED_OUT)
            }
            false => io::Error::new(kind, self.message),
        };
        StoreError::Io { operation: operation.to_owned(), source: Arc::new(source) }
    }

    /// [`Failure::into_store_error`] of a commit of so many bytes and writes.
    pub(crate) fn of_commit(self, size_bytes: usize, writes: usize, known: Known) -> StoreError {
        // The limits are flags of etcd, by default these.
        match self.message.as_str() {
            TOO_LARGE => {
                let limit = store::limits::VALUE_LIMIT_BYTES.min(size_bytes);
                StoreError::TooLarge { what: "commit of bytes", size: size_bytes, limit }
            }
            TOO_MANY_OPERATIONS => {
                let limit = OPERATIONS_LIMIT.min(writes);
                StoreError::TooLarge { what: "number of writes in a commit", size: writes, limit }
            }
            _ => self.into_store_error("etcd: commit", 0, known),
        }
    }
}

/// etcd's default of `--max-txn-ops`.
const OPERATIONS_LIMIT: usize = 128;

/// What is known of the cluster's revisions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The newest that an answer told of.
    pub(crate) current: Revision,
    /// The oldest that can be read, as far as this process knows.
    pub(crate) compacted: Revision,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_never_called_undone() {
        let answered = |code, message: &str| Failure::answered(code, message.to_owned());
        assert!(answered(14, NO_LEADER).is_without_effect);
        assert!(answered(8, TOO_MANY_REQUESTS).is_without_effect);
        assert!(answered(8, NO_SPACE).is_without_effect);
        assert!(answered(16, STALE_TOKEN[0]).is_without_effect);
        for undecided in [TIMED_OUT, "etcdserver: leader changed", "etcdserver: server stopped"] {
            assert!(!answered(14, undecided).is_without_effect, "{undecided}");
        }
        assert!(!Failure::timed_out().is_without_effect);
        assert!(!Failure::transport("connection reset", true).is_without_effect);
        assert!(Failure::transport("connection refused", false).is_without_effect);
    }

    #[test]
    fn errors_are_told_in_the_stores_words() {
        let known = Known { current: 9, compacted: 5 };
        let told = |code, message: &str| {
            Failure::answered(code, message.to_owned()).into_store_error("etcd: range", 3, known).to_string()
        };
        assert_eq!(told(11, COMPACTED), "revision is compacted: the oldest that is kept is 5, the current is 9");
        assert_eq!(told(11, FUTURE_REVISION), "revision 3 is in the future: the current one is 9");
        assert_eq!(told(8, NO_SPACE), "no space left on the device of etcd");
        assert_eq!(told(8, TOO_MANY_REQUESTS), TOO_MANY_REQUESTS);
        assert_eq!(told(14, NO_LEADER), NO_LEADER);
        assert_eq!(told(14, TIMED_OUT), "etcd: range: etcdserver: request timed out");
        assert_eq!(told(7, "etcdserver: permission denied"), "etcd: range: etcdserver: permission denied");
        let broken = Failure::transport("connection reset", true).into_store_error("etcd: commit", 0, known);
        assert_eq!(broken.to_string(), "etcd: commit: etcdserver: request timed out");
        let large = Failure::answered(3, TOO_LARGE.to_owned()).of_commit(2_000_000, 1, known);
        assert_eq!(large.to_string(), "commit of bytes of 2000000 exceeds the limit of 1572864");
    }
}
