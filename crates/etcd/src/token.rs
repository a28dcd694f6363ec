//! The token of a user with a password: fetched when first needed, and again when etcd no longer takes it.

use http::HeaderValue;
use http_body_util::{BodyExt, Full};
use tokio::sync::Mutex;

use crate::{
    connection::Connection,
    failure::{Failure, code},
    frame,
    messages::{AuthenticateRequest, AuthenticateResponse, procedure},
};

/// Who asks.
pub struct Credentials {
    /// The user.
    pub name: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What etcd says while its authentication is off.
const NOT_ENABLED: &str = "etcdserver: authentication is not enabled";

/// How many tokens there were before, and this one; none where etcd's authentication is off.
pub(crate) type Numbered = (u64, Option<HeaderValue>);

/// The tokens of one user; of nobody without credentials.
pub(crate) struct Tokens {
    credentials: Option<Credentials>,
    /// Held while one is fetched, so that all who need one wait for the same.
    current: Mutex<Option<Numbered>>,
}

impl Tokens {
    pub(crate) fn new(credentials: Option<Credentials>) -> Tokens {
        Tokens { credentials, current: Mutex::default() }
    }

    /// A token that is newer than `stale`; `None` where none is needed.
    ///
    /// # Errors
    /// The name or the password is wrong, or etcd cannot be reached.
    pub(crate) async fn get(&self, connection: &Connection, stale: Option<u64>) -> Result<Option<Numbered>, Failure> {
        let Some(credentials) = &self.credentials else { return Ok(None) };
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|(number, _)| stale.is_none_or(|stale| *number > stale)) {
            return Ok(Some(token.clone()));
        }
        let request = AuthenticateRequest { name: credentials.name.clone(), password: credentials.password.clone() };
        let body = Full::new(frame::encode(&request)).boxed();
        // Nothing that it was fetched for has been sent yet, whatever becomes of this.
        let answer = async { connection.call(procedure::AUTHENTICATE, None, body).await?.only().await }.await;
        let value = match answer {
            Ok(AuthenticateResponse { token }) => {
                let mut value = HeaderValue::from_str(&token).map_err(Failure::malformed)?;
                value.set_sensitive(true);
                Some(value)
            }
            Err(failure) if failure.message == NOT_ENABLED => None,
            Err(failure) => return Err(Failure { is_without_effect: true, ..failure }),
        };
        let number = current.as_ref().map_or(0, |(number, _)| number + 1);
        *current = Some((number, value));
        Ok(current.clone())
    }
}

/// Whether etcd refuses the user and not the token: another one would be refused too.
pub(crate) fn is_refused(failure: &Failure) -> bool {
    failure.code != code::UNAVAILABLE && failure.message.contains("authentication failed")
}
