//! What was freed goes back to the kernel, whichever thread freed it.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BLOCK_BYTES: usize = 1 << 10;
const BLOCKS: usize = 100_000;

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[test]
fn what_a_thread_has_free_is_given_back_by_another() {
    let before = resident_bytes();
    let (freed, is_freed) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let blocks: Vec<_> = (0..BLOCKS).map(|number| vec![number as u8; BLOCK_BYTES]).collect();
        let peak = resident_bytes();
        drop(blocks);
        freed.send(peak).unwrap();
        // Its memory must not come back because it has ended.
        let _ = ended.recv();
    });
    let peak = is_freed.recv().unwrap();
    assert!(peak - before >= BLOCKS * BLOCK_BYTES, "{before} bytes, then {peak}");
    stdx::memory::give_back();
    let after = resident_bytes();
    assert!(after < before + BLOCKS * BLOCK_BYTES / 10, "{before} bytes, then {peak}, then {after}");
    drop(end);
    thread.join().unwrap();
}
