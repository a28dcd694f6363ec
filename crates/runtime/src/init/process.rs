//! The last steps, common to containers and commands: limits, user, privileges, and the program itself.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use rustix::fs::{Access, AtFlags, CWD};
use rustix::process::{Gid, Uid};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::user::User;
use super::{Failure, Never, PROCESS, Reports, Step, terminal, user};
use crate::spec::ProcessSpec;
use crate::{confinement, sys};

/// Where programs are looked for when the container says nothing.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Joins a running container and becomes a command in it.
pub(super) fn join_and_run(process: ProcessSpec, reports: &Reports) -> Result<Never, Failure> {
    let target = sys::inherited_descriptor(PROCESS).step(|| "find the container's process".to_owned())?;
    enter_cgroups(&process)?;
    let namespaces = ThreadNameSpaceType::MOUNT | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(target.as_fd(), namespaces).step(|| "join the container's namespaces".to_owned())?;
    rustix::process::chdir("/").step(|| "enter the container's root".to_owned())?;
    if process.terminal {
        terminal::open(reports, false)?;
    }
    run(process, reports)
}

/// Moves this process into its cgroup and sets what is set through the host's `/proc`.
pub(super) fn enter_cgroups(process: &ProcessSpec) -> Result<(), Failure> {
    for procs in &process.cgroup_procs {
        fs::write(procs, "0").step(|| format!("enter the cgroup by {procs}"))?;
    }
    let wanted = process.oom_score_adj.unwrap_or(0);
    match fs::write("/proc/self/oom_score_adj", wanted.to_string()) {
        // Without CAP_SYS_RESOURCE a value can only rise: what was inherited is the nearest that can be had.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result.step(|| format!("set oom_score_adj to {wanted}")),
    }
}

/// Becomes the program. The process is in its namespaces, its root and its cgroup already.
pub(super) fn run(process: ProcessSpec, reports: &Reports) -> Result<Never, Failure> {
    let user = user::resolve(Path::new("/"), &process.user)?;
    let seccomp = process.seccomp.iter().map(|program| decode_program(program)).collect::<Result<Vec<_>, _>>()?;
    let directory = enter_working_directory(&process.working_directory)?;
    if let Some(profile) = &process.app_armor {
        confinement::confine_at_exec(profile).step(|| format!("apply apparmor profile {profile}"))?;
    }
    own_streams(&user);
    rustix::thread::set_keep_capabilities(true).step(|| "keep capabilities".to_owned())?;
    let capabilities = limit_capabilities(process.capabilities)?;
    // Loading a filter takes either a capability or the promise that is optional here.
    if !process.no_new_privileges {
        load_seccomp(&seccomp)?;
    }
    become_user(&user)?;
    set_capabilities(capabilities, process.ambient_capabilities)?;
    if let Err(error) = directory {
        // Root was not let in, but the user may be.
        rustix::process::chdir(&*process.working_directory).map_err(|_| error)?;
    }
    let environment = environment(&process, &user);
    let program = find_program(&process, &environment)?;
    let strings =
        |strings: &[String]| strings.iter().map(|string| CString::new(string.as_str())).collect::<Result<Vec<_>, _>>();
    let arguments = strings(&process.arguments).step(|| "pass the arguments".to_owned())?;
    let variables = strings(&environment).step(|| "pass the environment".to_owned())?;
    let path = CString::new(program.as_os_str().as_bytes()).step(|| "pass the program's path".to_owned())?;
    reports.ready(user.ids);
    if process.no_new_privileges {
        rustix::thread::set_no_new_privs(true).step(|| "forbid new privileges".to_owned())?;
        load_seccomp(&seccomp)?;
    }
    sys::reset_signals();
    let error = sys::exec(&path, &arguments, &variables);
    Err(Failure(format!("exec {}: {}", program.display(), describe(&error))))
}

/// Makes the directory if need be and enters it; the inner error may be mended by being another user.
fn enter_working_directory(directory: &str) -> Result<Result<(), Failure>, Failure> {
    let directory = if directory.is_empty() { "/" } else { directory };
    if !Path::new(directory).is_absolute() {
        return Err(Failure(format!("Cwd must be an absolute path: {directory}")));
    }
    fs::create_dir_all(directory).step(|| format!("mkdir {directory}"))?;
    match rustix::process::chdir(directory) {
        Err(error) if error == rustix::io::Errno::ACCESS => {
            Ok(Err(Failure(format!("chdir to cwd ({directory:?}) set in config.json failed: permission denied"))))
        }
        result => result.step(|| format!("chdir to cwd ({directory:?})")).map(Ok),
    }
}

/// Lets the user open its own streams again through `/dev/stdout`; not what is shared, like `/dev/null`.
fn own_streams(user: &User) {
    if user.ids.uid == 0 {
        return;
    }
    let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev).ok();
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    for stream in streams {
        if rustix::fs::fstat(stream).is_ok_and(|stream| stream.st_rdev == 0 || Some(stream.st_rdev) != null) {
            let _ = rustix::fs::fchown(stream, Some(Uid::from_raw(user.ids.uid)), None);
        }
    }
}

/// Narrows the bounding set; returns what of `wanted` this process may have at all.
fn limit_capabilities(wanted: u64) -> Result<u64, Failure> {
    let mut allowed = 0;
    for capability in 0..64 {
        if wanted & (1 << capability) != 0 {
            allowed |= 1 << capability;
        } else if !sys::drop_bounding_capability(capability).step(|| "limit the capabilities".to_owned())? {
            break;
        }
    }
    let own = rustix::thread::capabilities(None).step(|| "read the own capabilities".to_owned())?;
    Ok(allowed & own.permitted.bits())
}

fn become_user(user: &User) -> Result<(), Failure> {
    let groups = user.ids.groups.iter().map(|group| Gid::from_raw(*group)).collect::<Vec<_>>();
    let (uid, gid) = (Uid::from_raw(user.ids.uid), Gid::from_raw(user.ids.gid));
    rustix::thread::set_thread_groups(&groups).step(|| "set the groups".to_owned())?;
    rustix::thread::set_thread_res_gid(gid, gid, gid).step(|| format!("become group {}", user.ids.gid))?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).step(|| format!("become user {}", user.ids.uid))
}

fn set_capabilities(allowed: u64, ambient: u64) -> Result<(), Failure> {
    let ambient = ambient & allowed;
    sys::set_capabilities(allowed, allowed, ambient).step(|| "set the capabilities".to_owned())?;
    rustix::thread::clear_ambient_capability_set().step(|| "clear the ambient capabilities".to_owned())?;
    for capability in (0..64).filter(|capability| ambient & (1 << capability) != 0) {
        let capability = rustix::thread::CapabilitySet::from_bits_retain(1 << capability);
        rustix::thread::configure_capability_in_ambient_set(capability, true)
            .step(|| "raise an ambient capability".to_owned())?;
    }
    Ok(())
}

fn decode_program(program: &str) -> Result<Vec<u64>, Failure> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(program);
    let bytes = bytes.step(|| "decode the seccomp program".to_owned())?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect())
}

fn load_seccomp(programs: &[Vec<u64>]) -> Result<(), Failure> {
    programs.iter().try_for_each(|program| sys::load_seccomp(program)).step(|| "load the seccomp filter".to_owned())
}

fn environment(process: &ProcessSpec, user: &User) -> Vec<String> {
    let mut environment = process.environment.clone();
    let has = |environment: &[String], name: &str| environment.iter().any(|variable| variable.starts_with(name));
    if !has(&environment, "HOME=") {
        environment.push(format!("HOME={}", user.home));
    }
    if process.terminal && !has(&environment, "TERM=") {
        environment.push("TERM=xterm".to_owned());
    }
    environment
}

/// Finds the program, with the words that runc has for the ways in which it is not there.
fn find_program(process: &ProcessSpec, environment: &[String]) -> Result<PathBuf, Failure> {
    let name = process.arguments.first().map(String::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(Failure("no command specified".to_owned()));
    }
    if name.contains('/') {
        return match executable(Path::new(name)) {
            Ok(()) => Ok(PathBuf::from(name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Failure(format!("exec: {name:?}: stat {name}: no such file or directory")))
            }
            Err(error) => Err(Failure(format!("exec: {name:?}: {}", describe(&error)))),
        };
    }
    let path = environment.iter().rev().find_map(|variable| variable.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    for directory in path.split(':') {
        let candidate = Path::new(if directory.is_empty() { "." } else { directory }).join(OsStr::new(name));
        if executable(&candidate).is_ok() {
            return Ok(candidate);
        }
    }
    Err(Failure(format!("exec: {name:?}: executable file not found in $PATH")))
}

fn executable(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    Ok(rustix::fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)?)
}

/// The kernel's word for an error, without the number that Rust adds.
fn describe(error: &io::Error) -> String {
    let text = match error.raw_os_error() {
        Some(libc::ENOEXEC) => "exec format error",
        Some(libc::ENOENT) => "no such file or directory",
        Some(libc::EACCES) => "permission denied",
        _ => match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied",
            io::ErrorKind::IsADirectory => "is a directory",
            _ => return error.to_string(),
        },
    };
    text.to_owned()
}
