//! The certificates that this server gives itself: each is made anew while it runs, long before its end.
//!
//! As client-go's certificate manager: after 70 to 90 % of a certificate's life, at a moment that is drawn once, so that
//! servers that were started together do not renew together. The moment is one of the clock, which may be set meanwhile
//! ([`stdx::clock::sleep_until`]). What cannot be renewed is told and tried again; the rest of its life is there for that.
//! New connections show the new certificate, those that are there go on.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use component_base::metrics::{Counter, Family, Gauge, of_process};
use futures::future::BoxFuture;
use jiff::Timestamp;
use parking_lot::Mutex;
use stdx::clock;

/// As client-go: a renewal that failed is tried again after this time, twice as long each time,
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// and after this time in the end.
const RETRY_LAST: Duration = Duration::from_secs(128);
/// Which part of its life a certificate is used at least,
const USED_AT_LEAST: f64 = 0.7;
/// and what chance adds to that at most.
const USED_BY_CHANCE: f64 = 0.2;

static ENDS: Family<Gauge> = Family::gauge(
    "sagong_certificate_expiration_timestamp_seconds",
    "When a certificate that this server gave itself ends, in seconds since the Unix epoch.",
    &["certificate"],
);
static FAILURES: Family<Counter> = Family::counter(
    "sagong_certificate_renewal_failures_total",
    "Renewals of certificates that this server gives itself that failed, and are tried again.",
    &["certificate"],
);

/// When a certificate is to be renewed.
///
/// # Errors
/// The text holds no certificate.
pub(crate) fn due(certificate_pem: &str) -> Result<Timestamp, pki::PkiError> {
    let (from, to) = pki::validity(certificate_pem)?;
    let life = Duration::try_from(to.duration_since(from)).unwrap_or_default();
    Ok(from + life.mul_f64(USED_AT_LEAST + USED_BY_CHANCE * stdx::random::fraction()))
}

/// Makes a certificate anew, and puts it where it is shown; the certificate in PEM.
type Renew = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<String>> + Send + Sync>;

/// A certificate, and how it is made anew.
pub(crate) struct Renewal {
    name: &'static str,
    certificate_pem: String,
    renew: Renew,
}

impl Renewal {
    /// The certificate `name` as it is now; `renew` makes it anew, puts it where it is shown, and answers it.
    pub(crate) fn new<F>(
        name: &'static str,
        certificate_pem: &str,
        renew: impl Fn() -> F + Send + Sync + 'static,
    ) -> Renewal
    where
        F: Future<Output = anyhow::Result<String>> + Send + 'static,
    {
        let renew: Renew = Box::new(move || Box::pin(renew()));
        Renewal { name, certificate_pem: certificate_pem.to_owned(), renew }
    }

    /// Makes it anew, by trying until that is possible.
    async fn again(&self) -> String {
        let mut delay = RETRY_FIRST;
        loop {
            match (self.renew)().await {
                Ok(renewed) => return renewed,
                Err(error) => {
                    FAILURES.with(&[self.name]).increment();
                    tracing::error!(certificate = self.name, "a certificate could not be renewed: {error:#}");
                }
            }
            tokio::time::sleep(delay.mul_f64(1.0 + 0.1 * stdx::random::fraction())).await;
            delay = (delay * 2).min(RETRY_LAST);
        }
    }
}

/// All of them, and when each one ends.
#[derive(Clone, Default)]
pub(crate) struct Renewals(Arc<Mutex<BTreeMap<&'static str, Timestamp>>>);

impl Renewals {
    /// None yet; their metrics are shown from now on.
    pub(crate) fn new() -> Renewals {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            of_process().add(&ENDS);
            of_process().add(&FAILURES);
        });
        Renewals::default()
    }

    /// Renews a certificate from now on, on this runtime.
    pub(crate) fn add(&self, renewal: Renewal) {
        tokio::spawn(self.clone().keep(renewal));
    }

    /// When each one ends, in seconds since 1970.
    pub(crate) fn ends(&self) -> Vec<(&'static str, i64)> {
        self.0.lock().iter().map(|(name, end)| (*name, end.as_second())).collect()
    }

    fn note(&self, name: &'static str, certificate_pem: &str) -> Option<Timestamp> {
        let end = pki::expires_at(certificate_pem).ok()?;
        ENDS.with(&[name]).set(end.as_second() as f64);
        self.0.lock().insert(name, end);
        Some(end)
    }

    async fn keep(self, mut renewal: Renewal) {
        let name = renewal.name;
        let mut end = self.note(name, &renewal.certificate_pem);
        loop {
            // One that cannot be read is made anew at once.
            clock::sleep_until(due(&renewal.certificate_pem).unwrap_or(Timestamp::UNIX_EPOCH)).await;
            renewal.certificate_pem = renewal.again().await;
            let ended = std::mem::replace(&mut end, self.note(name, &renewal.certificate_pem));
            if end <= ended {
                tracing::error!(
                    certificate = name,
                    "it ends with the authority that signs it and is not renewed again: give the server an authority that \
                     lives longer, and start it again"
                );
                return;
            }
            tracing::info!(certificate = name, "a certificate was renewed");
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::cell::Cell;

    use stdx::clock;
    use tokio::time::Instant;

    thread_local! {
        static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    /// The clock of this thread goes with tokio's until this value is dropped.
    pub(crate) struct Simulated;

    impl Simulated {
        pub(crate) fn clock() -> Simulated {
            BEGAN.set(Some(Instant::now()));
            clock::set_for_thread(Some(|| {
                let start: jiff::Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
                start + BEGAN.get().unwrap().elapsed()
            }));
            Simulated
        }
    }

    /// Whether a renewal of the certificate `name` has failed in this process.
    pub(crate) fn has_failed(name: &str) -> bool {
        super::FAILURES.with(&[name]).get() > 0
    }

    impl Drop for Simulated {
        fn drop(&mut self) {
            clock::set_for_thread(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use anyhow::bail;
    use pki::{CertificateAuthority, Profile};

    use super::{testing::Simulated, *};

    const DAY: Duration = Duration::from_secs(86_400);

    /// A certificate of `life` whose renewals are noted: when, and when the one before ends.
    struct Kept {
        authority: CertificateAuthority,
        life: Duration,
        current: StdMutex<String>,
        renewed: StdMutex<Vec<(Timestamp, Timestamp)>>,
        failures: StdMutex<u32>,
    }

    impl Kept {
        fn new(authority_life: Duration, life: Duration) -> Arc<Kept> {
            let authority = CertificateAuthority::create("test", authority_life).unwrap();
            let current = authority.issue(&Profile::client("c", &[], life)).unwrap().certificate_pem;
            let (renewed, failures) = (StdMutex::default(), StdMutex::default());
            Arc::new(Kept { authority, life, current: StdMutex::new(current), renewed, failures })
        }

        fn renewal(self: &Arc<Self>, name: &'static str) -> Renewal {
            let kept = self.clone();
            Renewal::new(name, &self.current.lock().unwrap(), move || {
                let kept = kept.clone();
                async move {
                    let failures = &mut *kept.failures.lock().unwrap();
                    if *failures > 0 {
                        *failures -= 1;
                        bail!("writing member.crt: No space left on device");
                    }
                    let current = &mut *kept.current.lock().unwrap();
                    kept.renewed.lock().unwrap().push((clock::now(), pki::expires_at(current).unwrap()));
                    *current = kept.authority.issue(&Profile::client("c", &[], kept.life))?.certificate_pem;
                    Ok(current.clone())
                }
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_certificate_is_renewed_after_most_of_its_life() {
        let _simulated = Simulated::clock();
        let kept = Kept::new(4000 * DAY, 365 * DAY);
        let renewals = Renewals::new();
        renewals.add(kept.renewal("of-years"));
        tokio::time::sleep(2000 * DAY).await;
        let renewed = kept.renewed.lock().unwrap().clone();
        let mut before = clock::now() - 2000 * DAY;
        for (at, end) in &renewed {
            let used = Duration::try_from(at.duration_since(before)).unwrap().as_secs_f64() / (365.0 * 86_400.0);
            assert!((0.699..0.901).contains(&used), "{used}");
            assert!(at < end);
            before = *at;
        }
        assert!((6..=7).contains(&renewed.len()), "{renewed:?}");
        let end = pki::expires_at(&kept.current.lock().unwrap()).unwrap().as_second();
        assert_eq!(renewals.ends(), [("of-years", end)]);
        assert!(of_process().text().contains(&format!("{}{{certificate=\"of-years\"}} {end}", ENDS_NAME)));
    }

    const ENDS_NAME: &str = "sagong_certificate_expiration_timestamp_seconds";

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_renewed_is_told_and_tried_again() {
        let _simulated = Simulated::clock();
        let kept = Kept::new(4000 * DAY, 10 * DAY);
        *kept.failures.lock().unwrap() = 12;
        Renewals::new().add(kept.renewal("fails"));
        tokio::time::sleep(10 * DAY).await;
        let (at, end) = kept.renewed.lock().unwrap()[0];
        assert!(at < end);
        let told = "sagong_certificate_renewal_failures_total{certificate=\"fails\"} 12";
        assert!(of_process().text().contains(told));
    }

    #[tokio::test(start_paused = true)]
    async fn an_authority_that_ends_is_not_asked_for_ever() {
        let _simulated = Simulated::clock();
        let kept = Kept::new(20 * DAY, 15 * DAY);
        Renewals::new().add(kept.renewal("ends"));
        tokio::time::sleep(40 * DAY).await;
        // The second one lives as long as the authority; it is made anew once more, in vain.
        assert_eq!(kept.renewed.lock().unwrap().len(), 2);
    }
}
