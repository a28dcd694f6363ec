//! Paths outside of the API that a program adds to its server.

use apimachinery::Status;
use async_trait::async_trait;

use super::{HttpRequest, HttpResponse};

/// Answers at a path of its own, to whoever is authorized for the method and the path as for any URL that is no
/// resource.
#[async_trait]
pub trait PathHandler: Send + Sync {
    /// Answers a request, of any method.
    ///
    /// # Errors
    /// As the client shall see it.
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, Status>;
}
