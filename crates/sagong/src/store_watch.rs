//! How the store does, told to those who look at metrics and events.

use std::sync::{Arc, Once};

use apimachinery::value;
use client::{Client, EventRecorder, EventType};
use component_base::metrics::{Collector, Text, of_process};
use store::Engine;
use tokio::time::Instant;

/// What is shown of the engine when somebody asks.
struct OfStore(Arc<dyn Engine>);

impl Collector for OfStore {
    fn collect(&self, text: &mut Text) {
        let status = self.0.status();
        let flag = |set: bool| f64::from(u8::from(set));
        let gauges = [
            ("sagong_store_revision", "The durable revision.", status.revision as f64),
            ("sagong_store_compacted_revision", "The oldest revision that can be read.", status.compacted as f64),
            ("sagong_store_keys", "Keys that exist.", status.keys as f64),
            ("sagong_store_memory_bytes", "Keys and values in memory, in bytes.", status.memory_bytes as f64),
            (
                "sagong_store_history_memory_bytes",
                "Values of old revisions in memory, in bytes.",
                status.history_memory_bytes as f64,
            ),
            (
                "sagong_store_history_disk_bytes",
                "What of the log, and of snapshots, is kept for old revisions alone, in bytes.",
                status.history_disk_bytes as f64,
            ),
            (
                "sagong_store_kept_from_revision",
                "The oldest revision that can be read after a restart.",
                status.kept_from as f64,
            ),
            ("sagong_store_log_bytes", "The log on the disk, in bytes.", status.log_bytes as f64),
            ("sagong_store_snapshot_bytes", "The snapshot on the disk, in bytes.", status.snapshot_bytes as f64),
            ("sagong_store_read_only", "1 when the store no longer writes.", flag(status.read_only.is_some())),
            ("sagong_store_disk_full", "1 while only urgent writes are made.", flag(status.no_space.is_some())),
        ];
        for (name, help, value) in gauges {
            text.family(name, help, "gauge");
            text.sample(name, "", &[], value);
        }
        let (name, help) =
            ("sagong_store_early_compactions_total", "Compactions that the store made without being asked.");
        text.family(name, help, "counter");
        text.sample(name, "", &[], status.early_compactions as f64);
    }
}

/// Shows the engine of this process among its metrics.
pub(crate) fn measure(engine: Arc<dyn Engine>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| of_process().add(OfStore(engine)));
}

/// Tells by an event each time that a full disk has space again. That it is full can be told by no event, which would
/// have to be written: `/readyz` and the metrics say so.
pub(crate) async fn tell_of_space(engine: Arc<dyn Engine>, client: Client, host: String) {
    let Some(mut full) = engine.full_disk() else { return };
    drop(engine);
    let events = EventRecorder::new(client, "sagong-store", host);
    let mut since = None;
    while full.changed().await.is_ok() {
        let file = full.borrow_and_update().clone();
        match (file, since.take()) {
            (Some(file), before) => since = before.or(Some((Instant::now(), file))),
            (None, Some((began, file))) => {
                let seconds = began.elapsed().as_secs();
                let disk = file.parent().unwrap_or(&file).display();
                let message = format!(
                    "the disk of {disk} has space again; it was full for {seconds} s, in which only deletes and leases were written"
                );
                let about = value!({"apiVersion": "v1", "kind": "Namespace", "name": "kube-system"});
                events.event_about(about, EventType::Normal, "StoreHasSpace", message);
            }
            (None, None) => {}
        }
    }
}
