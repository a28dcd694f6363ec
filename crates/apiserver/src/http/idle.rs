//! Which connections nobody uses.

use std::time::Duration;

use tokio::sync::watch;

use super::{Body, held};

/// A connection whose requests have all ended is idle after this time, as upstream.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// A connection on which no request ever began is given up after this time: upstream's for the first headers.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(32);

#[derive(Clone, Copy, Default)]
struct Count {
    begun: bool,
    under_way: usize,
}

/// The requests of a connection; clones share them.
#[derive(Clone)]
pub(super) struct Requests(watch::Sender<Count>);

/// A request, from its headers to the end of its answer.
pub(super) struct UnderWay(watch::Sender<Count>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| count.under_way -= 1);
    }
}

impl Requests {
    pub(super) fn new() -> Requests {
        Requests(watch::channel(Count::default()).0)
    }

    /// A request begins.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| *count = Count { begun: true, under_way: count.under_way + 1 });
        UnderWay(self.0.clone())
    }

    /// Waits until the connection has been idle for long enough; answers whether there ever was a request.
    pub(super) async fn idle(&self) -> bool {
        let mut counts = self.0.subscribe();
        loop {
            // The sender lives in this object.
            let begun = counts.wait_for(|count| count.under_way == 0).await.is_ok_and(|count| count.begun);
            let timeout = if begun { IDLE_TIMEOUT } else { FIRST_REQUEST_TIMEOUT };
            tokio::select! {
                () = tokio::time::sleep(timeout) => return begun,
                _ = counts.changed() => {}
            }
        }
    }
}

impl UnderWay {
    /// The request ends when `body` does.
    pub(super) fn follow(self, body: Body) -> Body {
        held::until_the_end_of(body, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::full;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_the_last_answer_has_ended() {
        let requests = Requests::new();
        let started = tokio::time::Instant::now();
        assert!(!requests.idle().await, "nothing ever began");
        assert_eq!(started.elapsed(), FIRST_REQUEST_TIMEOUT);
        let body = requests.begin().follow(full("long"));
        let watched = requests.clone();
        let idle = tokio::spawn(async move { watched.idle().await });
        tokio::time::sleep(IDLE_TIMEOUT * 3).await;
        assert!(!idle.is_finished(), "the answer is still read");
        drop(body);
        let ended = tokio::time::Instant::now();
        assert!(idle.await.unwrap());
        assert_eq!(ended.elapsed(), IDLE_TIMEOUT);
    }
}
