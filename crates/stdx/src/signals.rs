//! What a process does when a signal comes.

/// Ends this process when it writes to a pipe that nobody reads any more, as other commands do (`sagong … | head`).
///
/// Rust's runtime ignores SIGPIPE, so that printing would fail with an error instead. Not for servers, which must
/// outlive clients that hang up.
pub fn end_when_nobody_reads() {
    // SAFETY: SIG_DFL is a valid disposition, and no other thread runs yet that could rely on the old one.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}
