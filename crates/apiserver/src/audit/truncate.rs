//! Events that are too large go without their objects, or not at all.

use bytes::Bytes;

use super::{Event, Level, metrics};

/// The name of this part in metrics and logs.
const PLUGIN: &str = "truncate";
/// What tells that objects were left out.
const ANNOTATION: (&str, &str) = ("audit.k8s.io/truncated", "true");

/// How large events may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The most bytes of an event.
    pub event_bytes_limit: u64,
    /// The most bytes of a batch.
    pub batch_bytes_limit: u64,
}

/// Upstream's encoder ends every event with a line end, which counts.
fn size(encoded: &[u8]) -> u64 {
    encoded.len() as u64 + 1
}

impl Truncation {
    /// The event as it shall be written by `encode`, whole or without its objects; `None` when it is too large all the
    /// same, which is counted. Sizes are those of JSON, whatever is written in the end.
    pub(super) fn encode(&self, event: &Event, encode: impl Fn(&Event, Option<Vec<u8>>) -> Bytes) -> Option<Bytes> {
        let whole = event.to_json();
        if size(&whole) <= self.event_bytes_limit {
            return Some(encode(event, Some(whole)));
        }
        let mut length = size(&whole);
        if event.level >= Level::Request {
            let mut shorter = Event { request_object: None, response_object: None, ..event.clone() };
            shorter.annotations.push((ANNOTATION.0, ANNOTATION.1.into()));
            let encoded = shorter.to_json();
            length = size(&encoded);
            if length <= self.event_bytes_limit {
                return Some(encode(&shorter, Some(encoded)));
            }
        }
        let problem = format!("event is too large even after truncating: {length} bytes");
        metrics::lost_event(PLUGIN, &problem, event);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::event::tests::full;

    fn truncated(event: &Event, limit: u64) -> Option<String> {
        let truncation = Truncation { event_bytes_limit: limit, batch_bytes_limit: limit };
        let encoded = truncation.encode(event, |_, json| json.unwrap().into())?;
        Some(String::from_utf8(encoded.to_vec()).unwrap())
    }

    #[test]
    fn objects_go_before_the_event_does() {
        let mut event = full();
        let whole = event.to_json().len() as u64 + 1;
        assert!(truncated(&event, whole).unwrap().contains("requestObject"));
        event.request_object = Some(vec![b'1'; 4096].into());
        let shorter = truncated(&event, whole + 100).unwrap();
        assert!(!shorter.contains("requestObject") && !shorter.contains("responseObject"), "{shorter}");
        assert!(shorter.contains(r#""audit.k8s.io/truncated":"true""#), "{shorter}");
        assert_eq!(truncated(&event, 100), None);
        event.level = Level::Metadata;
        assert_eq!(truncated(&event, whole + 100), None, "nothing of an event of this level can go");
    }
}
