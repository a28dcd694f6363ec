//! System calls that neither the standard library nor rustix offers, or not in the form needed here.
//!
//! Everything unsafe of this crate is in this module and its children.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Namespaces and flags for [`clone_and_exec`], as in `clone(2)`.
pub(crate) const NEW_MOUNT: u64 = libc::CLONE_NEWNS as u64;
/// See [`NEW_MOUNT`].
pub(crate) const NEW_PID: u64 = libc::CLONE_NEWPID as u64;

/// Descriptors from this number on are moved out of the way before a child's first descriptors are arranged.
const FIRST_SAFE_DESCRIPTOR: RawFd = 64;

/// Runs `executable` (an open file, found by no path) in a child created by clone3 with `flags`.
///
/// `descriptors[i]` becomes descriptor `i` of the child; all others are closed by exec. Returns the child's process
/// number and a pidfd. An exec that fails ends the child with code 127.
pub(crate) fn clone_and_exec(
    flags: u64,
    executable: BorrowedFd<'_>,
    arguments: &[&CStr],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<(i32, OwnedFd)> {
    let executable = rustix::io::fcntl_dupfd_cloexec(executable, FIRST_SAFE_DESCRIPTOR)?;
    let moved: Vec<OwnedFd> = descriptors
        .iter()
        .map(|descriptor| rustix::io::fcntl_dupfd_cloexec(descriptor, FIRST_SAFE_DESCRIPTOR))
        .collect::<Result<_, _>>()?;
    let mut argv: Vec<*const libc::c_char> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    argv.push(std::ptr::null());
    // The same setting of the allocator as a shim's: clearing pages that are never used takes longer than the rest.
    let environment: [*const libc::c_char; 2] = [c"MIMALLOC_ARENA_EAGER_COMMIT=0".as_ptr(), std::ptr::null()];
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is plain numbers; zero is a valid value for each.
    let mut clone_arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    clone_arguments.flags = flags | libc::CLONE_PIDFD as u64;
    clone_arguments.pidfd = (&raw mut pidfd) as u64;
    clone_arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: without CLONE_VM the child has a copy of this address space. It makes only system calls on memory that
    // was prepared above (no allocation, no lock) and ends in exec or exit.
    unsafe {
        let pid = libc::syscall(libc::SYS_clone3, &raw mut clone_arguments, std::mem::size_of::<libc::clone_args>());
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        if pid == 0 {
            for (index, descriptor) in moved.iter().enumerate() {
                libc::syscall(libc::SYS_dup3, descriptor.as_raw_fd(), index as libc::c_int, 0);
            }
            libc::syscall(
                libc::SYS_execveat,
                executable.as_raw_fd(),
                c"".as_ptr(),
                argv.as_ptr(),
                environment.as_ptr(),
                libc::AT_EMPTY_PATH,
            );
            libc::syscall(libc::SYS_exit_group, 127);
        }
        Ok((pid as i32, OwnedFd::from_raw_fd(pidfd)))
    }
}

/// Replaces this process. Returns only the reason why that failed.
pub(crate) fn exec(path: &CStr, arguments: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>()
    };
    let (argv, envp) = (pointers(arguments), pointers(environment));
    // SAFETY: both arrays end in a null pointer and outlive the call, as do the strings that they point to.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// What [`mount_set_attributes`] changes.
#[derive(Clone, Copy, Default)]
pub(crate) struct MountAttributes {
    /// `MOUNT_ATTR_*` flags to set.
    pub(crate) set: u64,
    /// `MOUNT_ATTR_*` flags to clear.
    pub(crate) clear: u64,
    /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, or 0 to leave it.
    pub(crate) propagation: u64,
}

/// `mount_setattr(2)` on an open mount, with its children when `recursive`.
pub(crate) fn mount_set_attributes(
    mount: BorrowedFd<'_>,
    attributes: MountAttributes,
    recursive: bool,
) -> io::Result<()> {
    let request = libc::mount_attr {
        attr_set: attributes.set,
        attr_clr: attributes.clear,
        propagation: attributes.propagation,
        userns_fd: 0,
    };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a valid empty string and the structure outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const request,
            std::mem::size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Loads a seccomp program into this thread (the process has only one). The words are `struct sock_filter`, eight
/// bytes each.
pub(crate) fn load_seccomp(program: &[u64]) -> io::Result<()> {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        filter: program.as_ptr() as *mut libc::sock_filter,
    };
    // SAFETY: sock_filter is eight bytes with an alignment of four, so the slice is an array of it; the kernel copies it.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const filter) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Blocks `signals` for this process and gives a descriptor that reports them.
pub(crate) fn signal_descriptor(signals: &[i32]) -> io::Result<OwnedFd> {
    // SAFETY: the set is initialized by sigemptyset before use; all pointers are to locals.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) < 0 {
            return Err(io::Error::last_os_error());
        }
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Gives every signal its default action and blocks none: what a program expects of whoever starts it.
pub(crate) fn reset_signals() {
    // SAFETY: plain calls on a local set; the numbers are those of all signals.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut());
    }
}

/// Ignores a signal in this process.
pub(crate) fn ignore_signal(signal: i32) {
    // SAFETY: SIG_IGN is a valid disposition for every catchable signal.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Sends any signal, real-time ones included, to the process behind a pidfd.
pub(crate) fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: no pointers but a null siginfo.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Brings the loopback interface of this thread's network namespace up.
pub(crate) fn bring_loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: ifreq is plain data; the kernel reads and writes only the structure passed.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Drops a capability from the bounding set; `false` when the kernel does not know the number.
pub(crate) fn drop_bounding_capability(capability: u32) -> io::Result<bool> {
    // SAFETY: prctl with numbers only.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability as libc::c_ulong, 0, 0, 0) };
    match result {
        0 => Ok(true),
        _ if io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sets the effective, permitted and inheritable sets of this thread to bit masks by capability number.
pub(crate) fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> io::Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: VERSION_3, pid: 0 };
    let half = |set: u64, shift: u32| (set >> shift) as u32;
    let data: [[u32; 3]; 2] = [
        [half(effective, 0), half(permitted, 0), half(inheritable, 0)],
        [half(effective, 32), half(permitted, 32), half(inheritable, 32)],
    ];
    // SAFETY: both structures have the layout of version 3 of the call and outlive it.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes ownership of a descriptor that this process inherited under a fixed number.
///
/// Only for the first moments of a shim or an init, whose creator arranged the descriptors.
pub(crate) fn inherited_descriptor(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl on a number; it fails on one that is not open.
    let result = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, and the caller takes each number once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// How a child ended: its exit code, or 128 plus the signal that ended it, as shells and runtimes report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChildExit {
    /// The child's process number, which is free for others from now on.
    pub(crate) pid: i32,
    /// 0 to 255.
    pub(crate) code: i32,
}

/// Reaps one ended child, whichever it is; `None` when none has ended.
///
/// Only for a process that is the only parent in its program (the shim, the init of a pod's process namespace):
/// elsewhere it would steal the status of a child that somebody else waits for.
pub(crate) fn reap_any_child() -> Option<ChildExit> {
    // SAFETY: siginfo is plain data that the kernel fills; it is read only after success.
    unsafe {
        let mut information: libc::siginfo_t = std::mem::zeroed();
        if libc::waitid(libc::P_ALL, 0, &raw mut information, libc::WEXITED | libc::WNOHANG) < 0 {
            return None;
        }
        let pid = information.si_pid();
        if pid == 0 {
            return None;
        }
        let status = information.si_status();
        let code = if information.si_code == libc::CLD_EXITED { status } else { 128 + status };
        Some(ChildExit { pid, code })
    }
}

/// Forgets the pages of this program's code that are mapped: those that are needed come back from the page cache.
///
/// The kernel maps many pages around each that is touched, most of which a process that only waits never needs.
pub(crate) fn forget_code_pages() -> io::Result<()> {
    for line in std::fs::read_to_string("/proc/self/maps")?.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(range), Some(permissions)) = (fields.next(), fields.next()) else { continue };
        let (offset, path) = (fields.next(), fields.nth(2));
        // Read-only data beyond the file's first part is left alone: it was relocated when the program started.
        let unchanged = permissions == "r-xp" || (permissions == "r--p" && offset == Some("00000000"));
        if !unchanged || !path.is_some_and(|path| path.starts_with('/')) {
            continue;
        }
        let bounds = range.split_once('-').and_then(|(start, end)| {
            Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
        });
        let Some((start, end)) = bounds else { continue };
        // SAFETY: the range is a private mapping of a file that this process has not changed: the next access reads
        // the same bytes from the file. Execution goes on in the same way.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
    }
    Ok(())
}

/// `unshare(2)`. The caller is a process with one thread, and no flag that shares memory tables is used.
pub(crate) fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: namespaces are properties of the calling thread alone; descriptors and memory are not unshared.
    if unsafe { libc::unshare(flags) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_ALLOW_MULTI: u32 = 2;

/// The beginning of `union bpf_attr` for loading a program; what follows may be left out.
#[repr(C)]
struct LoadAttributes {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
}

/// The beginning of `union bpf_attr` for attaching a program.
#[repr(C)]
struct AttachAttributes {
    target: i32,
    program: i32,
    kind: u32,
    flags: u32,
}

/// Loads a program that decides about devices.
pub(crate) fn load_device_program(instructions: &[crate::device_filter::Instruction]) -> io::Result<OwnedFd> {
    let attributes = LoadAttributes {
        program_type: BPF_PROG_TYPE_CGROUP_DEVICE,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
    };
    // SAFETY: the kernel copies the attributes and what they point to, all of which outlive the call.
    unsafe {
        let size = std::mem::size_of::<LoadAttributes>();
        let descriptor = libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw const attributes, size);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(descriptor as RawFd))
    }
}

/// Attaches such a program to a cgroup, beside those of others.
pub(crate) fn attach_device_program(cgroup: &OwnedFd, program: &OwnedFd) -> io::Result<()> {
    let attributes = AttachAttributes {
        target: cgroup.as_raw_fd(),
        program: program.as_raw_fd(),
        kind: BPF_CGROUP_DEVICE,
        flags: BPF_F_ALLOW_MULTI,
    };
    // SAFETY: the kernel copies the attributes; both descriptors are open.
    let result = unsafe {
        let size = std::mem::size_of::<AttachAttributes>();
        libc::syscall(libc::SYS_bpf, BPF_PROG_ATTACH, &raw const attributes, size)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets a task wait for a descriptor. Puts it into non-blocking mode.
pub(crate) fn register(descriptor: OwnedFd) -> io::Result<tokio::io::unix::AsyncFd<OwnedFd>> {
    rustix::io::ioctl_fionbio(&descriptor, true)?;
    // SAFETY: an OwnedFd names the same open descriptor until it is dropped, which the AsyncFd does after deregistering.
    Ok(unsafe { tokio::io::unix::AsyncFd::register(descriptor) }?)
}
