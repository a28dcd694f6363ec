//! From CRI's configuration and the image's to a specification.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cri_api::v1::{
    ContainerConfig, ContainerEventType, LinuxContainerSecurityContext, Mount, MountPropagation, NamespaceMode,
    SupplementalGroupsPolicy,
};
use cri_api::{Error, Result};

use crate::cgroups::{DeviceRule, standard_devices};
use crate::container::Container;
use crate::error::{Context, blocking};
use crate::images::RunnableImage;
use crate::init::DEFAULT_PATH;
use crate::records::{ContainerRecord, Phase};
use crate::runtime::{Inner, lock, now_nanoseconds, path_text};
use crate::sandbox::Sandbox;
use crate::spec::{ContainerSpec, DeviceSpec, ImageMountSpec, MountSpec, ProcessSpec, Propagation, RootSpec, UserSpec};
use crate::{capabilities, confinement, identifiers, seccomp, signals, state};

/// Files of the sandbox that stand in `/etc` of each container, unless a mount of the caller's does.
const POD_FILES: [(&str, &str); 2] = [("resolv.conf", "/etc/resolv.conf"), ("hostname", "/etc/hostname")];

/// Where, in a container's directory, an image volume is mounted for a moment.
const SCRATCH: &str = "scratch";

/// The security part of a configuration.
pub(crate) fn security_of(config: &ContainerConfig) -> LinuxContainerSecurityContext {
    config.linux.as_ref().and_then(|linux| linux.security_context.clone()).unwrap_or_default()
}

impl Inner {
    /// Prepares a container: everything but its cgroup and its process.
    pub(crate) async fn create_container(
        self: Arc<Self>,
        sandbox: Arc<Sandbox>,
        config: ContainerConfig,
    ) -> Result<String> {
        if config.metadata.is_none() {
            return Err(Error::invalid_argument("the container has no metadata"));
        }
        if !lock(&sandbox.record).ready {
            return Err(Error::failed_precondition(format!("sandbox {} is not ready", sandbox.id)));
        }
        let inner = self.clone();
        let container = blocking(move || {
            let container = inner.prepare_container(sandbox, config)?;
            let written = container.save();
            if written.is_err() {
                let _ = fs::remove_dir_all(&container.directory);
                let _ = fs::remove_dir_all(inner.writable_layer(&container.id));
                inner.images.release(&container.id);
            }
            written.map(|()| Arc::new(container))
        })
        .await?;
        self.add_container(container.clone());
        self.container_event(&container, ContainerEventType::ContainerCreatedEvent);
        Ok(container.id.clone())
    }

    fn prepare_container(&self, sandbox: Arc<Sandbox>, config: ContainerConfig) -> Result<Container> {
        let id = identifiers::new_identifier().context(|| "make an identifier".to_owned())?;
        let prepared = self.prepare_named(id.clone(), sandbox, config);
        if prepared.is_err() {
            self.images.release(&id);
        }
        prepared
    }

    fn prepare_named(&self, id: String, sandbox: Arc<Sandbox>, config: ContainerConfig) -> Result<Container> {
        let image = config.image.as_ref().map(|image| image.image.clone()).unwrap_or_default();
        let image = self.images.runnable(&image, &id)?;
        let sandbox_record = lock(&sandbox.record).clone();
        let directory = sandbox.directory.join("containers").join(&id);
        let cgroup = format!("{}/{id}", sandbox_record.cgroup_parent);
        let log_path = match (sandbox_record.config.log_directory.as_str(), config.log_path.as_str()) {
            ("", _) | (_, "") => String::new(),
            (logs, path) => path_text(&Path::new(logs).join(path)),
        };
        let stop_signal = signals::of_cri(config.stop_signal)
            .or_else(|| signals::number(&image.configuration.config.stop_signal))
            .unwrap_or(libc::SIGTERM);
        let record = ContainerRecord {
            id: id.clone(),
            sandbox_id: sandbox.id.clone(),
            image_id: image.image.id.clone(),
            image_ref: image.image.digests.first().unwrap_or(&image.image.id).clone(),
            phase: Phase::Created,
            created_at: now_nanoseconds(),
            cgroup,
            log_path,
            stop_signal,
            resources: config.linux.as_ref().and_then(|linux| linux.resources.clone()).unwrap_or_default(),
            config,
            ..ContainerRecord::default()
        };
        let spec = self.specification(&sandbox, &record, image, &directory)?;
        let make = || -> std::io::Result<()> {
            fs::create_dir_all(&spec.root.upper)?;
            fs::create_dir_all(&spec.root.work)?;
            fs::create_dir_all(&spec.root.mount_point)?;
            fs::create_dir_all(directory.join(SCRATCH))?;
            state::write(&directory.join("spec.json"), &spec)
        };
        if let Err(error) = make() {
            let _ = fs::remove_dir_all(&directory);
            let _ = fs::remove_dir_all(self.writable_layer(&id));
            return Err(Error::internal(format!("prepare container {id}: {error}")));
        }
        Ok(Container::new(directory, sandbox, record))
    }

    fn specification(
        &self,
        sandbox: &Sandbox,
        record: &ContainerRecord,
        image: RunnableImage,
        directory: &Path,
    ) -> Result<ContainerSpec> {
        let (config, security) = (&record.config, security_of(&record.config));
        let layer = self.writable_layer(&record.id);
        Ok(ContainerSpec {
            process: self.process(sandbox, record, &image)?,
            root: RootSpec {
                layers_directory: path_text(&self.images.layers_directory()),
                lower: image.lower,
                upper: path_text(&layer.join("upper")),
                work: path_text(&layer.join("work")),
                mount_point: path_text(&directory.join("rootfs")),
                readonly: security.readonly_rootfs,
            },
            mounts: self.mounts(sandbox, &record.id, config, directory)?,
            devices: devices(config, security.privileged)?,
            masked_paths: if security.privileged { Vec::new() } else { security.masked_paths },
            readonly_paths: if security.privileged { Vec::new() } else { security.readonly_paths },
            privileged: security.privileged,
            cgroups: self.cgroups.view(),
        })
    }

    fn process(&self, sandbox: &Sandbox, record: &ContainerRecord, image: &RunnableImage) -> Result<ProcessSpec> {
        let (config, security) = (&record.config, security_of(&record.config));
        let defaults = &image.configuration.config;
        let (mut arguments, rest) = match (config.command.is_empty(), config.args.is_empty()) {
            (false, _) => (config.command.clone(), &config.args),
            (true, false) => (defaults.entrypoint.clone(), &config.args),
            (true, true) => (defaults.entrypoint.clone(), &defaults.cmd),
        };
        arguments.extend(rest.iter().cloned());
        if arguments.is_empty() {
            return Err(Error::invalid_argument(format!(
                "no command specified, and image {} has none",
                image.image.id
            )));
        }
        let (capabilities, ambient_capabilities) =
            capabilities::resolve(security.capabilities.as_ref(), security.privileged)?;
        let directory = Some(&config.working_dir).filter(|path| !path.is_empty()).unwrap_or(&defaults.working_dir);
        Ok(ProcessSpec {
            arguments,
            environment: environment(sandbox, config, &defaults.env)?,
            working_directory: directory.clone(),
            user: user(&security, &defaults.user)?,
            capabilities,
            ambient_capabilities,
            no_new_privileges: security.no_new_privs,
            seccomp: seccomp::programs(&security, capabilities)?,
            app_armor: confinement::profile(&security)?,
            oom_score_adj: i32::try_from(record.resources.oom_score_adj).ok(),
            terminal: config.tty,
            cgroup_procs: self.cgroup_procs(&record.cgroup),
        })
    }
}

fn user(security: &LinuxContainerSecurityContext, image_user: &str) -> Result<UserSpec> {
    let number = |value: i64, what: &str| {
        u32::try_from(value).map_err(|_| Error::invalid_argument(format!("{what} {value} is no number of one")))
    };
    if security.run_as_group.is_some() && security.run_as_user.is_none() && security.run_as_username.is_empty() {
        return Err(Error::invalid_argument("user group is specified without user"));
    }
    let name = if security.run_as_username.is_empty() { image_user } else { &security.run_as_username };
    Ok(UserSpec {
        name: name.to_owned(),
        uid: security.run_as_user.map(|user| number(user.value, "user")).transpose()?,
        gid: security.run_as_group.map(|group| number(group.value, "group")).transpose()?,
        groups: security.supplemental_groups.iter().map(|group| number(*group, "group")).collect::<Result<_>>()?,
        merge_image_groups: security.supplemental_groups_policy() == SupplementalGroupsPolicy::Merge,
    })
}

/// The image's variables, then the caller's over them; PATH and HOSTNAME are always there.
fn environment(sandbox: &Sandbox, config: &ContainerConfig, image: &[String]) -> Result<Vec<String>> {
    let hostname = lock(&sandbox.record).config.hostname.clone();
    let mut variables = vec![format!("PATH={DEFAULT_PATH}")];
    if !hostname.is_empty() {
        variables.push(format!("HOSTNAME={hostname}"));
    }
    let own = config.envs.iter().map(|variable| match std::str::from_utf8(&variable.value) {
        Ok(value) => Ok(format!("{}={value}", variable.key)),
        Err(_) => Err(Error::invalid_argument(format!("the variable {} is not UTF-8", variable.key))),
    });
    let own = own.collect::<Result<Vec<_>>>()?;
    for variable in image.iter().chain(&own) {
        let name = variable.split_once('=').map_or(variable.as_str(), |(name, _)| name);
        let same = |known: &String| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        match variables.iter_mut().find(|known| same(known)) {
            Some(known) => known.clone_from(variable),
            None => variables.push(variable.clone()),
        }
    }
    Ok(variables)
}

impl Inner {
    /// The pod's shared memory and files, then the caller's mounts: those nearer to the root first.
    fn mounts(
        &self,
        sandbox: &Sandbox,
        id: &str,
        config: &ContainerConfig,
        directory: &Path,
    ) -> Result<Vec<MountSpec>> {
        let mut mounts = vec![standard_mount(&sandbox.shared_memory(), "/dev/shm")];
        for (name, destination) in POD_FILES {
            let source = sandbox.directory.join(name);
            if source.exists() {
                mounts.push(standard_mount(&source, destination));
            }
        }
        let requested = config.mounts.iter().map(|wanted| match &wanted.image {
            Some(image) if !image.image.is_empty() => self.image_mount(id, wanted, &image.image, directory),
            _ => mount(wanted),
        });
        let requested = requested.collect::<Result<Vec<_>>>()?;
        mounts.retain(|standard| !requested.iter().any(|mount| mount.destination == standard.destination));
        mounts.extend(requested);
        mounts.sort_by_key(|mount| Path::new(&mount.destination).components().count());
        Ok(mounts)
    }

    /// An image as a volume: its layers, read-only.
    fn image_mount(&self, id: &str, wanted: &Mount, image: &str, directory: &Path) -> Result<MountSpec> {
        let runnable = self.images.runnable(image, id)?;
        let layers = self.images.layers_directory();
        Ok(MountSpec {
            readonly: true,
            image: Some(ImageMountSpec {
                layers: runnable.lower.iter().map(|layer| path_text(&layers.join(layer))).collect(),
                sub_path: wanted.image_sub_path.clone(),
                scratch: path_text(&directory.join(SCRATCH)),
            }),
            ..standard_mount(Path::new(""), &path_text(&Path::new("/").join(&wanted.container_path)))
        })
    }
}

fn standard_mount(source: &Path, destination: &str) -> MountSpec {
    MountSpec {
        source: path_text(source),
        destination: destination.to_owned(),
        readonly: false,
        recursive_readonly: false,
        propagation: Propagation::Private,
        attributes: 0,
        image: None,
    }
}

fn mount(mount: &Mount) -> Result<MountSpec> {
    let refuse = |what: &str| Err(Error::unimplemented(format!("mount at {}: {what}", mount.container_path)));
    if !mount.uid_mappings.is_empty() || !mount.gid_mappings.is_empty() {
        return refuse("mappings of users are not supported");
    }
    let mut attributes = 0;
    for option in &mount.mount_options {
        attributes |= match option.as_str() {
            "noexec" => libc::MOUNT_ATTR_NOEXEC,
            "nosuid" => libc::MOUNT_ATTR_NOSUID,
            "nodev" => libc::MOUNT_ATTR_NODEV,
            other => return refuse(&format!("the mount option {other:?} is not supported")),
        };
    }
    let propagation = match mount.propagation() {
        MountPropagation::PropagationPrivate => Propagation::Private,
        MountPropagation::PropagationHostToContainer => Propagation::HostToContainer,
        MountPropagation::PropagationBidirectional => Propagation::Bidirectional,
    };
    if mount.recursive_read_only && (!mount.readonly || propagation != Propagation::Private) {
        let message = "recursive read-only needs a read-only mount with private propagation";
        return Err(Error::invalid_argument(format!("mount at {}: {message}", mount.container_path)));
    }
    // A source that does not exist becomes a directory, as with containerd.
    if !Path::new(&mount.host_path).exists() {
        fs::create_dir_all(&mount.host_path).context(|| format!("create {}", mount.host_path))?;
    }
    let source = fs::canonicalize(&mount.host_path).context(|| format!("resolve {}", mount.host_path))?;
    if propagation == Propagation::Bidirectional && !is_shared(&source)? {
        let message =
            format!("path {:?} is not on a shared mount, as bidirectional propagation needs", mount.host_path);
        return Err(Error::failed_precondition(message));
    }
    Ok(MountSpec {
        source: path_text(&source),
        destination: path_text(&Path::new("/").join(&mount.container_path)),
        readonly: mount.readonly,
        recursive_readonly: mount.recursive_read_only,
        propagation,
        attributes,
        image: None,
    })
}

/// Whether the mount that a path is on has peers to propagate to.
fn is_shared(path: &Path) -> Result<bool> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context(|| "read the mounts".to_owned())?;
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    // The longest mount point that leads to the path is its mount's; of several on one place the last covers the rest.
    let found = fields.filter(|fields| path.starts_with(fields[4])).max_by_key(|fields| fields[4].len());
    Ok(found.is_some_and(|fields| {
        fields[6..].iter().take_while(|field| **field != "-").any(|field| field.starts_with("shared:"))
    }))
}

/// Nodes beyond the standard ones: those asked for, and for a privileged container all of the host's.
fn devices(config: &ContainerConfig, privileged: bool) -> Result<Vec<DeviceSpec>> {
    let mut devices = Vec::new();
    for device in &config.devices {
        let source = Path::new(&device.host_path);
        if source.is_dir() {
            // A directory of devices stands for all in it.
            let nested = nodes_in(source).into_iter().filter_map(|path| {
                let destination = Path::new(&device.container_path).join(path.strip_prefix(source).ok()?);
                Some(DeviceSpec { source: path_text(&path), destination: path_text(&destination) })
            });
            devices.extend(nested);
        } else {
            devices.push(DeviceSpec { source: device.host_path.clone(), destination: device.container_path.clone() });
        }
    }
    if privileged {
        let host = nodes_in(Path::new("/dev")).into_iter().map(|path| path_text(&path));
        devices.extend(host.map(|path| DeviceSpec { source: path.clone(), destination: path }));
    }
    Ok(devices)
}

/// Device nodes below a directory, without what every container has of its own.
fn nodes_in(directory: &Path) -> Vec<PathBuf> {
    let own = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/console", "/dev/ptmx"].map(Path::new);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if own.contains(&path.as_path()) {
            continue;
        }
        if kind.is_dir() {
            found.extend(nodes_in(&path));
        } else if kind.is_char_device() || kind.is_block_device() {
            found.push(path);
        }
    }
    found
}

/// Which devices the container's cgroup allows; `None` for all.
pub(crate) fn device_rules(config: &ContainerConfig) -> Result<Option<Vec<DeviceRule>>> {
    if security_of(config).privileged {
        return Ok(None);
    }
    let mut rules = standard_devices();
    for device in &config.devices {
        let source = Path::new(&device.host_path);
        let nodes = if source.is_dir() { nodes_in(source) } else { vec![source.to_path_buf()] };
        for node in nodes {
            let metadata = fs::metadata(&node).context(|| format!("look at the device {}", node.display()))?;
            rules.push(DeviceRule {
                block: metadata.file_type().is_block_device(),
                major: Some(rustix::fs::major(metadata.rdev())),
                minor: Some(rustix::fs::minor(metadata.rdev())),
                permissions: device.permissions.clone(),
            });
        }
    }
    Ok(Some(rules))
}

/// Refuses what a sandbox's configuration asks for and this runtime does not have.
pub(crate) fn check_sandbox(config: &cri_api::v1::PodSandboxConfig) -> Result<()> {
    let security = config.linux.as_ref().and_then(|linux| linux.security_context.as_ref());
    let namespaces = security.and_then(|security| security.namespace_options.as_ref());
    let user = namespaces.and_then(|namespaces| namespaces.userns_options.as_ref());
    if user.is_some_and(|user| user.mode() == NamespaceMode::Pod) {
        return Err(Error::unimplemented("pods with a user namespace of their own are not supported"));
    }
    Ok(())
}
