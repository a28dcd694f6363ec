//! The default profile: what ordinary programs need, and not what only administrators of a host do.
//!
//! It allows the calls that the default profiles of containerd and Docker allow; the rest fails with EPERM. Some are
//! open only to a container that has the capability they need anyway.

use super::filter::{Action, Condition, Operator, Policy};
use crate::capabilities;

/// Calls that every container may make.
const ALLOWED: &str = "accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 \
    clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep \
    clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 \
    epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit \
    exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 \
    fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat \
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait \
    futex_waitv futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid \
    getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom \
    getresgid getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage getsid getsockname getsockopt \
    get_thread_area gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init \
    inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents io_pgetevents_time64 \
    ioprio_get ioprio_set io_setup io_submit ipc kill landlock_add_rule landlock_create_ruleset \
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr listxattrat llistxattr \
    _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret \
    mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open \
    mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget \
    msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat _newselect open openat \
    openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 \
    prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 \
    read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages \
    removexattr removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction \
    rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 \
    rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min \
    sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr \
    sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 \
    send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 \
    setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid \
    setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address \
    setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 \
    sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat \
    sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime \
    timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime \
    timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime \
    utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev arch_prctl modify_ldt \
    arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls process_vm_readv \
    process_vm_writev";

/// Calls that come with a capability.
const BY_CAPABILITY: [(&str, &str); 12] = [
    ("DAC_READ_SEARCH", "open_by_handle_at"),
    (
        "SYS_ADMIN",
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr \
         lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl \
         quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
    ),
    ("SYS_BOOT", "reboot"),
    ("SYS_CHROOT", "chroot"),
    ("SYS_MODULE", "delete_module finit_module init_module"),
    ("SYS_PACCT", "acct"),
    ("SYS_PTRACE", "kcmp pidfd_getfd process_madvise"),
    ("SYS_RAWIO", "ioperm iopl"),
    ("SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
    ("SYS_TTY_CONFIG", "vhangup"),
    ("SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    ("BPF", "bpf"),
];

/// The execution domains that change nothing but the version that a program is told.
const PERSONALITIES: [u64; 5] = [0x0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Flags of clone that make namespaces.
const NAMESPACE_FLAGS: u64 = 0x7e02_0000;

/// Sockets to hypervisors, whose other end is the host.
const VIRTUAL_MACHINE_SOCKETS: u64 = 40;

/// The profile for a container with a set of capabilities.
pub(super) fn policy(capabilities: u64) -> Policy {
    let condition = |operator, mask, value| Condition { argument: 0, operator, mask, value };
    let mut policy = Policy::new(Action::errno(libc::EPERM as u32));
    for name in ALLOWED.split_whitespace() {
        policy.rule(name, Vec::new(), Action::ALLOW);
    }
    for personality in PERSONALITIES {
        policy.rule("personality", vec![condition(Operator::Equal, u64::MAX, personality)], Action::ALLOW);
    }
    policy.rule("socket", vec![condition(Operator::NotEqual, u64::MAX, VIRTUAL_MACHINE_SOCKETS)], Action::ALLOW);
    for (capability, names) in BY_CAPABILITY {
        if capabilities::has(capabilities, capability) {
            for name in names.split_whitespace() {
                policy.rule(name, Vec::new(), Action::ALLOW);
            }
        }
    }
    if !capabilities::has(capabilities, "SYS_ADMIN") {
        policy.rule("clone", vec![condition(Operator::Equal, NAMESPACE_FLAGS, 0)], Action::ALLOW);
        // Its flags are in memory, which a filter cannot read; told that it is missing, libraries use clone.
        policy.rule("clone3", Vec::new(), Action::errno(libc::ENOSYS as u32));
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::super::filter::{compile, tests::decide};
    use super::*;

    #[test]
    fn ordinary_calls_pass_and_administrators_do_not() {
        let plain = compile(&policy(capabilities::resolve(None, false).unwrap().0)).unwrap();
        let allowed = |call: i64, first: u64| decide(&plain, call, [first, 0, 0, 0, 0, 0]) == Action::ALLOW.0;
        let first = [libc::SYS_read, libc::SYS_openat, libc::SYS_execve, libc::SYS_exit_group, libc::SYS_chroot];
        assert!(first.into_iter().all(|call| allowed(call, 0)));
        assert!(
            [libc::SYS_mount, libc::SYS_bpf, libc::SYS_unshare, libc::SYS_kexec_load, libc::SYS_keyctl]
                .into_iter()
                .all(|call| !allowed(call, 0))
        );
        assert!(
            allowed(libc::SYS_clone, libc::CLONE_VM as u64) && !allowed(libc::SYS_clone, libc::CLONE_NEWUSER as u64)
        );
        assert!(allowed(libc::SYS_socket, libc::AF_INET as u64) && !allowed(libc::SYS_socket, VIRTUAL_MACHINE_SOCKETS));
        assert!(allowed(libc::SYS_personality, 8) && !allowed(libc::SYS_personality, 0x40_0000));
        assert_eq!(decide(&plain, libc::SYS_clone3, [0; 6]), Action::errno(libc::ENOSYS as u32).0);
        let admin = compile(&policy(capabilities::ALL)).unwrap();
        assert_eq!(decide(&admin, libc::SYS_mount, [0; 6]), Action::ALLOW.0);
        assert_eq!(decide(&admin, libc::SYS_clone3, [0; 6]), Action::ALLOW.0);
    }
}
