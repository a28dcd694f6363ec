//! What a container sees, and what it may do.

use cri_api::v1::security_profile::ProfileType;
use cri_api::v1::*;
use cri_api::{Code, ImageService, RuntimeService};
use runtime::{BuildSource, ImageBuild};

use crate::harness::{Host, Pod, Test, owner, security};

pub(crate) const TESTS: &[Test] = &[
    ("users_and_privileges_are_as_asked", |host| Box::pin(users_and_privileges_are_as_asked(host))),
    ("a_default_container_has_few_privileges", |host| Box::pin(a_default_container_has_few_privileges(host))),
    ("the_root_can_be_read_only", |host| Box::pin(the_root_can_be_read_only(host))),
    ("paths_are_masked_and_protected", |host| Box::pin(paths_are_masked_and_protected(host))),
    ("mounts_are_made_as_asked", |host| Box::pin(mounts_are_made_as_asked(host))),
    ("images_are_mounted_as_volumes", |host| Box::pin(images_are_mounted_as_volumes(host))),
    ("limits_are_set_and_changed", |host| Box::pin(limits_are_set_and_changed(host))),
    ("namespaces_are_private_or_shared", |host| Box::pin(namespaces_are_private_or_shared(host))),
    ("the_environment_is_merged", |host| Box::pin(the_environment_is_merged(host))),
    ("the_binary_cannot_be_written_from_inside", |host| Box::pin(the_binary_cannot_be_written_from_inside(host))),
];

/// The value behind a name in `/proc/PID/status`.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim()
}

async fn own_status(pod: &Pod, change: impl FnOnce(&mut ContainerConfig)) -> String {
    let (status, log) = pod.finish(&["read", "/proc/self/status"], change).await;
    assert_eq!(status.exit_code, 0, "{log}");
    log.lines().map(|line| line.trim_start_matches("stdout F ").to_owned() + "\n").collect()
}

async fn users_and_privileges_are_as_asked(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let change = |config: &mut ContainerConfig| {
        let security = security(config);
        security.run_as_username = "web".to_owned();
        security.supplemental_groups = vec![1234];
        security.no_new_privs = true;
        security.seccomp =
            Some(SecurityProfile { profile_type: ProfileType::RuntimeDefault.into(), ..Default::default() });
        security.capabilities = Some(Capability {
            drop_capabilities: vec!["ALL".to_owned()],
            add_capabilities: vec!["KILL".to_owned()],
            ..Default::default()
        });
    };
    let status = own_status(&pod, change).await;
    assert_eq!(field(&status, "Uid"), "33\t33\t33\t33");
    assert_eq!(field(&status, "Gid"), "44\t44\t44\t44");
    assert_eq!(field(&status, "Groups"), "44 50 1234");
    assert_eq!(field(&status, "NoNewPrivs"), "1");
    assert_eq!((field(&status, "Seccomp"), field(&status, "Seccomp_filters")), ("2", "1"));
    assert_eq!(field(&status, "CapEff"), "0000000000000000");
    assert_eq!(field(&status, "CapBnd"), "0000000000000020");
    // A command has the same.
    let container = pod.start(&["wait"], change).await;
    let (_, command, _) = pod.exec(&container, &["read", "/proc/self/status"]).await;
    for name in ["Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd"] {
        assert_eq!(field(&command, name), field(&status, name), "{name}");
    }
    let user = pod.status(&container).await.user.unwrap().linux.unwrap();
    assert_eq!((user.uid, user.gid, user.supplemental_groups), (33, 44, vec![44, 50, 1234]));
}

async fn a_default_container_has_few_privileges(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let status = own_status(&pod, |_| {}).await;
    assert_eq!(field(&status, "CapEff"), "00000000a80425fb");
    assert_eq!(field(&status, "CapInh"), "0000000000000000");
    assert_eq!(field(&status, "Pid"), "1");
    assert_eq!(field(&status, "Seccomp"), "0");
    let status = own_status(&pod, |config| security(config).privileged = true).await;
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    assert_eq!(field(&status, "CapEff"), field(&own, "CapBnd"), "all that this host may give");
}

async fn the_root_can_be_read_only(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let (status, log) = pod.finish(&["write", "/file"], |config| security(config).readonly_rootfs = true).await;
    assert_eq!((status.exit_code, log.as_str()), (1, "stdout F Read-only file system (os error 30)\n"));
    let (status, _) = pod.finish(&["write", "/file"], |_| {}).await;
    assert_eq!(status.exit_code, 0);
    let (status, _) = pod.finish(&["read", "/file"], |_| {}).await;
    assert_eq!(status.exit_code, 1, "what one container writes no other sees");
}

async fn paths_are_masked_and_protected(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let change = |config: &mut ContainerConfig| {
        security(config).masked_paths = ["/proc/version", "/sys/kernel", "/no/such"].map(str::to_owned).to_vec();
        security(config).readonly_paths = vec!["/proc/sys".to_owned()];
    };
    let container = pod.start(&["wait"], change).await;
    assert_eq!(pod.exec(&container, &["read", "/proc/version"]).await, (0, String::new(), String::new()));
    assert_eq!(pod.exec(&container, &["list", "/sys/kernel"]).await, (0, "\n".into(), String::new()));
    let (code, error, _) = pod.exec(&container, &["write", "/proc/sys/net/ipv4/ip_forward"]).await;
    assert_eq!((code, error.as_str()), (1, "Read-only file system (os error 30)\n"));
    let (_, devices, _) = pod.exec(&container, &["list", "/dev"]).await;
    assert_eq!(devices, "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero\n");
}

async fn mounts_are_made_as_asked(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let source = host.directory.join("volume");
    std::fs::create_dir_all(source.join("inner")).unwrap();
    std::fs::write(source.join("text"), "content").unwrap();
    let path = |name: &str| source.join(name).to_str().unwrap().to_owned();
    let mount = |name: &str, container_path: &str, readonly| Mount {
        host_path: path(name),
        container_path: container_path.to_owned(),
        readonly,
        ..Default::default()
    };
    let mounts = vec![
        mount("text", "/etc/hosts", true),
        mount("", "/deep/in/the/root", false),
        mount("made", "/deep/in/the/root/inner", true),
    ];
    let container = pod.start(&["wait"], |config| config.mounts = mounts).await;
    assert_eq!(pod.exec(&container, &["read", "/etc/hosts"]).await.1, "content");
    let (code, error, _) = pod.exec(&container, &["write", "/etc/hosts"]).await;
    assert_eq!((code, error.as_str()), (1, "Read-only file system (os error 30)\n"));
    assert_eq!(pod.exec(&container, &["write", "/deep/in/the/root/new"]).await.0, 0);
    assert_eq!(std::fs::read_to_string(source.join("new")).unwrap(), "written");
    assert_eq!(pod.exec(&container, &["write", "/deep/in/the/root/inner/new"]).await.0, 1);
    assert!(source.join("made").is_dir(), "a source that did not exist was made");
    assert_eq!(owner(&source.join("new")), (0, 0));
}

/// Images of one layer and of several, whole and in part, are seen and cannot be written; who uses one keeps it.
async fn images_are_mounted_as_volumes(host: Host) {
    let runtime = host.runtime().await;
    let file = |destination: &str, text: &str| BuildSource::Bytes {
        bytes: text.as_bytes().to_vec(),
        destination: destination.into(),
        mode: 0o644,
    };
    let content = ImageBuild {
        name: "example.org/content:1".to_owned(),
        sources: vec![file("/top", "whole"), file("/data/inner", "part")],
        ..ImageBuild::default()
    };
    runtime.images().build(&content).unwrap();
    let layers = host.directory.join("layers.tar");
    crate::images::archive_of(&layers, &[&[("low", "below")], &[("high", "above")]]);
    runtime.images().import(&layers, None).unwrap();
    let image = |name: &str, sub_path: &str, container_path: &str| Mount {
        image: Some(ImageSpec { image: name.to_owned(), ..Default::default() }),
        image_sub_path: sub_path.to_owned(),
        container_path: container_path.to_owned(),
        readonly: true,
        ..Default::default()
    };
    let options = Mount {
        host_path: host.directory.to_str().unwrap().to_owned(),
        container_path: "/options".to_owned(),
        mount_options: vec!["noexec".to_owned(), "nosuid".to_owned()],
        ..Default::default()
    };
    let mounts = vec![
        image("example.org/content:1", "", "/content"),
        image("example.org/content:1", "data", "/part"),
        image("example.org/content:1", "data/inner", "/file"),
        image("made:here", "", "/several"),
        options,
    ];
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |config| config.mounts = mounts).await;
    for (path, text) in [
        ("/content/top", "whole"),
        ("/part/inner", "part"),
        ("/file", "part"),
        ("/several/low", "below"),
        ("/several/high", "above"),
    ] {
        assert_eq!(pod.exec(&container, &["read", path]).await.1, text, "{path}");
    }
    for path in ["/content/new", "/part/new", "/file", "/several/new"] {
        assert_eq!(pod.exec(&container, &["write", path]).await.1, "Read-only file system (os error 30)\n", "{path}");
    }
    let (_, mounted, _) = pod.exec(&container, &["read", "/proc/self/mounts"]).await;
    let line = mounted.lines().find(|line| line.contains(" /options ")).unwrap();
    assert!(line.contains("noexec") && line.contains("nosuid"), "{line}");
    // A mount that is looked at for a part of it is not left behind.
    assert!(!mounted.contains("scratch"), "{mounted}");
    let missing = pod.create(&["wait"], |config| config.mounts = vec![image("example.org/none", "", "/none")]).await;
    assert!(missing.unwrap_err().is_not_found());
    let escape = image("example.org/content:1", "../../etc", "/etc-of-host");
    let id = pod.create(&["wait"], |config| config.mounts = vec![escape]).await.unwrap();
    assert!(runtime.start_container(StartContainerRequest { container_id: id }).await.is_err(), "it has no /etc");

    let remove = RemoveImageRequest { image: Some(ImageSpec { image: "made:here".into(), ..Default::default() }) };
    let refused = runtime.remove_image(remove.clone()).await.unwrap_err();
    assert_eq!(refused.code, Code::FailedPrecondition, "{refused}");
    // Whoever takes over knows it, too.
    drop(runtime);
    let runtime = host.runtime().await;
    assert!(runtime.remove_image(remove.clone()).await.is_err());
    runtime.remove_container(RemoveContainerRequest { container_id: container }).await.unwrap();
    runtime.remove_image(remove).await.unwrap();
}

async fn limits_are_set_and_changed(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let limit =
        |bytes: i64| LinuxContainerResources { memory_limit_in_bytes: bytes, cpu_shares: 512, ..Default::default() };
    let container =
        pod.start(&["wait"], |config| config.linux.as_mut().unwrap().resources = Some(limit(64 << 20))).await;
    let current = || {
        let files = host.cgroups().into_iter().flat_map(|group| {
            let group = group.join("pods").join(&pod.id).join(&container);
            [group.join("memory.limit_in_bytes"), group.join("memory.max")]
        });
        files.filter_map(|file| std::fs::read_to_string(file).ok()?.trim().parse::<i64>().ok()).collect::<Vec<_>>()
    };
    assert_eq!(current(), [64 << 20]);
    let request = UpdateContainerResourcesRequest {
        container_id: container.clone(),
        linux: Some(LinuxContainerResources { memory_limit_in_bytes: 128 << 20, ..Default::default() }),
        ..Default::default()
    };
    runtime.update_container_resources(request).await.unwrap();
    assert_eq!(current(), [128 << 20]);
    let resources = pod.status(&container).await.resources.unwrap().linux.unwrap();
    assert_eq!((resources.memory_limit_in_bytes, resources.cpu_shares), (128 << 20, 512));
    let request = ContainerStatsRequest { container_id: container.clone() };
    let stats = runtime.container_stats(request).await.unwrap().stats.unwrap();
    let used = stats.memory.unwrap().usage_bytes.unwrap().value;
    assert!((1..128 << 20).contains(&used), "{used}");
}

async fn namespaces_are_private_or_shared(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let container = pod.start(&["wait"], |_| {}).await;
    let (_, interfaces, _) = pod.exec(&container, &["list", "/sys/class/net"]).await;
    assert_eq!(interfaces, "lo\n");
    assert_eq!(pod.exec(&container, &["read", "/proc/sys/kernel/hostname"]).await.1, "pod-host\n");
    assert_eq!(pod.exec(&container, &["read", "/proc/1/comm"]).await.1, "helper\n");
    // In a pod that shares its processes, the first one is not the container's.
    let shared = Pod::run_with(&host, &runtime, |config| {
        let security = config.linux.as_mut().unwrap().security_context.as_mut().unwrap();
        security.namespace_options = Some(NamespaceOption { pid: NamespaceMode::Pod.into(), ..Default::default() });
    })
    .await;
    let share = |config: &mut ContainerConfig| {
        let options = NamespaceOption { pid: NamespaceMode::Pod.into(), ..Default::default() };
        security(config).namespace_options = Some(options);
    };
    let first = shared.start(&["wait"], share).await;
    let second = shared.start(&["wait"], share).await;
    assert_eq!(shared.exec(&second, &["read", "/proc/1/comm"]).await.1, "sagong-init\n");
    let (_, processes, _) = shared.exec(&second, &["list", "/proc"]).await;
    assert_eq!(processes.split_whitespace().filter(|name| name.parse::<u32>().is_ok()).count(), 4, "{processes}");
    runtime.stop_container(StopContainerRequest { container_id: first.clone(), timeout: 600 }).await.unwrap();
    assert_eq!(shared.status(&first).await.exit_code, 143, "it is no init, so SIGTERM ends it");
    shared.remove().await;
    // A container that sees the host's processes is ended as a whole all the same.
    let open = |config: &mut ContainerConfig| {
        let options = NamespaceOption { pid: NamespaceMode::Node.into(), ..Default::default() };
        security(config).namespace_options = Some(options);
    };
    let container = pod.start(&["wait"], open).await;
    let own = format!("/proc/{}/comm", std::process::id());
    let comm = std::fs::read_to_string(&own).unwrap();
    assert_eq!(pod.exec(&container, &["read", &own]).await.1, comm);
    runtime.stop_container(StopContainerRequest { container_id: container.clone(), timeout: 600 }).await.unwrap();
    assert_eq!(pod.status(&container).await.exit_code, 143);
    // A container beside another one sees that one's processes.
    let target = pod.start(&["wait"], |_| {}).await;
    let container = pod
        .start(&["wait"], |config| {
            let options =
                NamespaceOption { pid: NamespaceMode::Target.into(), target_id: target.clone(), ..Default::default() };
            security(config).namespace_options = Some(options);
        })
        .await;
    let (_, processes, _) = pod.exec(&container, &["list", "/proc"]).await;
    assert_eq!(processes.split_whitespace().filter(|name| name.parse::<u32>().is_ok()).count(), 3, "{processes}");
    // The host's network is the host's.
    let hosts = Pod::run_with(&host, &runtime, |config| {
        let security = config.linux.as_mut().unwrap().security_context.as_mut().unwrap();
        let options = NamespaceOption {
            network: NamespaceMode::Node.into(),
            pid: NamespaceMode::Container.into(),
            ..Default::default()
        };
        security.namespace_options = Some(options);
    })
    .await;
    assert_eq!(runtime.network_namespace(&hosts.id).unwrap(), None);
    let container = hosts.start(&["wait"], |_| {}).await;
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(hosts.exec(&container, &["read", "/proc/sys/kernel/hostname"]).await.1, own);
}

async fn the_environment_is_merged(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run(&host, &runtime).await;
    let variable = |key: &str, value: &str| KeyValue { key: key.to_owned(), value: value.into() };
    let (_, log) = pod
        .finish(&["environment"], |config| {
            config.envs = vec![variable("BOTH", "caller"), variable("EMPTY", "")];
            config.working_dir = "/made/for/it".to_owned();
            security(config).run_as_user = Some(Int64Value { value: 33 });
        })
        .await;
    for line in ["FROM_IMAGE=yes", "BOTH=caller", "EMPTY=", "HOME=/srv", "HOSTNAME=pod-host", "cwd=/made/for/it"] {
        assert!(log.lines().any(|found| found == format!("stdout F {line}")), "{line} is not in {log}");
    }
    let broken =
        pod.create(&["environment"], |config| config.envs = vec![KeyValue { key: "B".into(), value: vec![0xff] }]);
    assert_eq!(broken.await.unwrap_err().code, Code::InvalidArgument);
}

async fn the_binary_cannot_be_written_from_inside(host: Host) {
    let runtime = host.runtime().await;
    let pod = Pod::run_with(&host, &runtime, |config| {
        let security = config.linux.as_mut().unwrap().security_context.as_mut().unwrap();
        security.namespace_options = Some(NamespaceOption { pid: NamespaceMode::Pod.into(), ..Default::default() });
    })
    .await;
    // The init of the shared namespace runs from the binary, and a privileged container can reach it.
    let container = pod
        .start(&["wait"], |config| {
            security(config).privileged = true;
            security(config).namespace_options =
                Some(NamespaceOption { pid: NamespaceMode::Pod.into(), ..Default::default() });
        })
        .await;
    let (code, error, _) = pod.exec(&container, &["write", "/proc/1/exe"]).await;
    // Busy while it runs from there; after that, read-only.
    assert_eq!(code, 1);
    assert!(error.contains("Read-only file system"), "{error}");
    let (_, root, _) = pod.exec(&container, &["list", "/proc/1/root"]).await;
    assert_eq!(root, "\n", "the pod's init has nothing to see");
}
