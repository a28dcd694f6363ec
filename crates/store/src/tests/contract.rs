use crate::{embedded, testing::contract};

#[test]
fn the_embedded_engine_keeps_the_contract() {
    let parent = tempfile::tempdir().unwrap();
    let options = embedded::Options { watch_ring_limit_bytes: 256 << 20, ..Default::default() };
    let store = embedded::open(parent.path().join("store"), options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(contract::check(&*store));
}
