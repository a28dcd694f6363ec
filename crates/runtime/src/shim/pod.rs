//! The pod's namespaces, which the shim makes by entering them.
//!
//! Whatever the shim starts is born in them. The network namespace is also pinned by a file, so that the pod's network
//! can be configured by path. The shim stays in the host's mount and process namespaces.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::mount::MountFlags;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::Shim;
use super::launch::{ChildNamespace, ChildStreams};
use super::protocol::PodRequest;
use crate::descriptors::short_socket_path;
use crate::init::POD_MODE;
use crate::sys;

/// Names a step in an error.
fn step<E: Into<io::Error>>(what: &str) -> impl FnOnce(E) -> io::Error + '_ {
    move |error| {
        let error = error.into();
        io::Error::new(error.kind(), format!("cannot {what}: {error}"))
    }
}

impl Shim {
    pub(super) fn make_pod(&mut self, request: &PodRequest) -> io::Result<()> {
        for procs in &request.shim_cgroup_procs {
            fs::write(procs, "0").map_err(step(&format!("enter the shim's cgroup by {procs}")))?;
        }
        // Dying first when memory is short would take the whole pod with it. Lowering needs a capability that the
        // host may not give: then the shim keeps what it inherited.
        let _ = fs::write("/proc/self/oom_score_adj", "-998");
        self.enter_namespaces(request)?;
        for (name, value) in &request.sysctls {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            fs::write(&path, value).map_err(step(&format!("set the kernel parameter {name} to {value:?}")))?;
        }
        if request.own_ipc {
            let (path, limit_bytes) = (&request.shared_memory, request.shared_memory_limit_bytes);
            mount_shared_memory(path, limit_bytes).map_err(step(&format!("mount shared memory on {path}")))?;
        }
        if request.shared_processes {
            self.start_pod_init(request).map_err(step("start the init of the pod's process namespace"))?;
        }
        let listen = || {
            let (path, _directory) = short_socket_path(Path::new(&request.socket))?;
            UnixListener::bind(path)
        };
        let listener = listen().map_err(step(&format!("listen on {}", request.socket)))?;
        listener.set_nonblocking(true)?;
        self.listener = Some(listener);
        self.socket = Some(request.socket.clone());
        Ok(())
    }

    fn enter_namespaces(&self, request: &PodRequest) -> io::Result<()> {
        let mut flags = 0;
        if request.network_namespace.is_some() {
            flags |= libc::CLONE_NEWNET;
        }
        if request.own_ipc {
            flags |= libc::CLONE_NEWIPC;
        }
        if request.hostname.is_some() {
            flags |= libc::CLONE_NEWUTS;
        }
        sys::unshare(flags).map_err(step("make the pod's namespaces"))?;
        if let Some(hostname) = &request.hostname {
            rustix::system::sethostname(hostname.as_bytes()).map_err(step(&format!("set the host name {hostname}")))?;
        }
        if let Some(path) = &request.network_namespace {
            let pin = || {
                fs::File::create_new(path)?;
                rustix::mount::mount_bind("/proc/thread-self/ns/net", path)?;
                let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
                sys::bring_loopback_up(socket.as_fd())
            };
            pin().map_err(step(&format!("pin the network namespace at {path}")))?;
        }
        Ok(())
    }

    fn start_pod_init(&mut self, request: &PodRequest) -> io::Result<()> {
        let streams = ChildStreams::null()?;
        let descriptors = [streams.stdin.as_fd(), streams.stdout.as_fd(), streams.stderr.as_fd()];
        let (pid, pidfd) = self.clone_init(POD_MODE, sys::NEW_MOUNT, ChildNamespace::New, &descriptors)?;
        for procs in &request.init_cgroup_procs {
            fs::write(procs, pid.to_string())?;
        }
        self.pod_init = Some((pid, pidfd));
        Ok(())
    }
}

fn mount_shared_memory(path: &str, limit_bytes: u64) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let options = std::ffi::CString::new(format!("mode=1777,size={limit_bytes}"))?;
    Ok(rustix::mount::mount("shm", path, "tmpfs", flags, options.as_c_str())?)
}
