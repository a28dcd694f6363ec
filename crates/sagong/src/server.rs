//! A control plane from its parts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use apiserver::{
    Server, UserInfo, authentication::TokenAuthenticator, authorization::PrivilegedGroup, http as api_http,
    loopback::Loopback, server::Parts,
};
use async_trait::async_trait;
use auth::{
    node::NodeAuthorizer,
    rbac::RbacAuthorizer,
    tokens::{BootstrapTokens, Issuer, ServiceAccountTokens},
};
use client::Client;
use resources::{Extensions, Ranges, ServiceAllocators, bootstrap};
use stdx::memory;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    admin,
    commands::UpOptions,
    components::{self, ComponentContext, NodePlace, NodeSettings},
    directories::Directories,
    etcd_member::EtcdMember,
    kubelet_dialer::KubeletDialer,
    renewal::Renewals,
    server_join,
    server_leases::ServerLeases,
    status::StatusSource,
    store_watch,
};

/// How many calls may block at once, on a disk or the kernel. Each thread has a heap of its own, and with hundreds of
/// them a burst of pods would take hundreds of MiB.
pub(crate) const BLOCKING_THREADS: usize = 32;

/// Who issues service account tokens, as upstream's installers name it.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The DNS service has the tenth address of the service network, as elsewhere.
const DNS_HOST_NUMBER: u32 = 10;
/// Names of checks, as upstream's.
const ROLES_CHECK: &str = "poststarthook/rbac/bootstrap-roles";
const DEFINITIONS_CHECK: &str = "poststarthook/crd-informer-synced";
/// History older than this is forgotten, as upstream asks etcd to.
const COMPACTION_PERIOD: Duration = Duration::from_secs(300);

/// What a guest of a running server may use.
pub(crate) struct Running {
    /// The API, as the server itself.
    pub(crate) client: Client,
    /// The node's parts, once they are there.
    pub(crate) node: NodePlace,
    /// How long the control plane took to be ready.
    pub(crate) ready_milliseconds: u128,
}

/// Something that runs beside the server and ends before it.
#[async_trait]
pub(crate) trait Guest: Send + Sync {
    /// Runs when the server is ready; an error ends the server.
    async fn run(&self, running: &Running) -> anyhow::Result<()>;

    /// Tidies up when the server is about to end.
    async fn leave(&self, running: &Running);
}

/// Runs a control plane until SIGINT or SIGTERM.
pub(crate) fn run(options: &UpOptions, guest: Option<&dyn Guest>) -> anyhow::Result<()> {
    stdx::open_files::raise_limit().context("cannot raise the limit of open files")?;
    if !options.no_node && !rustix::process::geteuid().is_root() {
        bail!(
            "a node makes namespaces, mounts and network links: run `sagong up` as root, or the control plane alone with \
             --no-node"
        );
    }
    let directories = Directories::open(&options.data_dir)?;
    let api_runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("api")
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from))
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("cannot start the API's threads")?;
    let ended = api_runtime.block_on(control_plane(options, &directories, guest));
    // What still blocks somewhere must not hold the end up.
    api_runtime.shutdown_background();
    ended
}

fn parse_network(text: &str) -> anyhow::Result<(Ipv4Addr, u8)> {
    let parsed = text.split_once('/').and_then(|(address, length)| {
        let length: u8 = length.parse().ok().filter(|length| (8..=30).contains(length))?;
        Some((address.parse::<Ipv4Addr>().ok()?, length))
    });
    let Some((address, length)) = parsed else {
        bail!("{text:?} is no IPv4 network: give an address and a length of 8 to 30, for example 10.43.0.0/16");
    };
    if u32::from(address) & (u32::MAX >> length) != 0 {
        bail!(
            "{text:?} has host bits set: the network is {}/{length}",
            Ipv4Addr::from(u32::from(address) & !(u32::MAX >> length))
        );
    }
    Ok((address, length))
}

pub(crate) fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().to_lowercase()
}

/// The address by which the machine reaches others; loopback when it has no route.
pub(crate) fn own_address() -> Ipv4Addr {
    // Connecting a datagram socket sends nothing; it only asks the routing table.
    let routed = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    match routed {
        Ok(SocketAddr::V4(address)) if !address.ip().is_unspecified() => *address.ip(),
        _ => Ipv4Addr::LOCALHOST,
    }
}

async fn control_plane(
    options: &UpOptions,
    directories: &Directories,
    guest: Option<&dyn Guest>,
) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let (network, prefix_length) = parse_network(&options.service_cidr).context("--service-cidr")?;
    let auditor = options.audit.open()?;
    let listener = TcpListener::bind(("0.0.0.0", options.port)).await.with_context(|| {
        format!("cannot listen on port {}: choose another with --port, or end what uses it", options.port)
    })?;
    let backups = options.store.backups.plan()?;
    let (host_name, advertised) = (host_name(), own_address());
    let member = options.store.start_member(directories, advertised, &host_name).await?;
    let engine = options.store.open(directories, member.as_ref()).await?;
    let identity = options.store.identity(&*engine, directories).await?;
    let allocators = ServiceAllocators::new(Ranges { network, prefix_length, ..Ranges::default() }, engine.clone());
    let renewals = Renewals::new();
    member.iter().flat_map(EtcdMember::renewals).for_each(|renewal| renewals.add(renewal));
    let (config, trust) = identity.server_config(
        &renewals,
        &host_name,
        &[Ipv4Addr::LOCALHOST, advertised, allocators.first_address()],
        &options.tls_san,
    )?;

    let node = node_settings(options, directories, host_name.clone(), advertised)?;
    let rbac = Arc::new(RbacAuthorizer::new());
    let issuer = Arc::new(Issuer::new(ISSUER, &[], identity.service_account_key()?)?);
    let server = Server::new(Parts {
        engine: engine.clone(),
        admission: admission::chain(&rbac),
        authorizers: vec![Arc::new(PrivilegedGroup), Arc::new(NodeAuthorizer::new()), rbac.clone()],
        authenticators: authenticators(options, &engine, &issuer),
    });
    if let Some(auditor) = &auditor {
        server.set_auditor(auditor.clone());
    }
    bootstrap::expect(server.health());
    server.health().expect(ROLES_CHECK, "not finished");
    server.health().expect(DEFINITIONS_CHECK, "not finished");
    for (path, document) in auth::discovery::documents(&issuer, &format!("https://{advertised}:{}", options.port)) {
        server.serve_document(path, document);
    }
    tokio::spawn(server.registry().clone().follow());
    tokio::spawn(memory::tend(memory::give_back));
    resources::install(&server, &extensions(&rbac, &issuer), &allocators).await.context("cannot read the store")?;
    resources::metrics::install(&server);
    apiextensions::controller::serve_established(&server).await.context("cannot serve custom resources")?;
    server.health().set(DEFINITIONS_CHECK, Ok(()));

    let (stop, stopped) = watch::channel(false);
    tokio::spawn(api_http::serve_tls(server.clone(), listener, Arc::new(config), trust, stopped.clone()));
    let kubeconfigs = [directories.admin_kubeconfig()].into_iter().chain(options.write_kubeconfig.clone());
    let own_url = format!("https://127.0.0.1:{}", options.port);
    identity.write_kubeconfigs(&renewals, own_url, kubeconfigs.collect())?;

    let own = Loopback::client(&server, UserInfo::new("system:apiserver", &["system:masters"]), "kube-apiserver");
    let settings = bootstrap::Settings {
        service_network: allocators.network(),
        service_address: allocators.first_address(),
        sole_address: (!options.store.is_shared()).then_some(advertised),
        port: options.port,
        client_authority_pem: identity.authority.certificate_pem(),
        front_proxy_authority_pem: identity.front_proxy.certificate_pem(),
    };
    let roles = async {
        auth::bootstrap::reconcile(&own).await?;
        server.health().set(ROLES_CHECK, Ok(()));
        Ok(())
    };
    let node_parts = NodePlace::new();
    let context = ComponentContext {
        server: server.clone(),
        identity: Arc::new(identity),
        renewals: renewals.clone(),
        issuer: issuer.clone(),
        server_address: format!("https://{advertised}:{}", options.port),
        cluster_cidrs: vec![options.cluster_cidr.clone()],
        service_network: allocators.network(),
        dns_address: Ipv4Addr::from(u32::from(network) + DNS_HOST_NUMBER),
        node,
        node_parts: node_parts.clone(),
        candidate: options.store.is_shared().then(|| format!("{host_name}_{}", stdx::random::uuid()).into()),
    };
    let made = async {
        futures::try_join!(bootstrap::ensure(&own, &settings, server.health()), roles)?;
        components::join::ensure(&own, &context).await
    };
    made.await.context("cannot make the objects that every cluster has")?;
    let leases = options.store.is_shared().then(|| Arc::new(ServerLeases::new(engine.clone(), advertised)));
    let settings = Arc::new(settings);
    let renewing = leases.clone().map(|leases| {
        let (client, settings) = (own.clone(), settings.clone());
        tokio::spawn(async move { leases.follow(&client, &settings).await })
    });
    let admin_socket = admin::listen(&directories.admin_socket())?;
    let ready_milliseconds = started.elapsed().as_millis();
    tracing::info!(milliseconds = ready_milliseconds as u64, port = options.port, "ready");
    if options.store.is_compacted_here() {
        tokio::spawn(compact(engine.clone()));
    }
    store_watch::measure(engine.clone());
    tokio::spawn(store_watch::tell_of_space(engine.clone(), own.clone(), host_name));
    if let Some(plan) = backups {
        tokio::spawn(plan.follow(engine.clone()));
    }
    tokio::spawn(resources::repair(server.clone(), own.clone(), allocators.clone()));
    let running = Running { client: own.clone(), node: node_parts.clone(), ready_milliseconds };
    let (request_stop, mut stop_requested) = tokio::sync::mpsc::channel(1);
    server.set_node_dialer(Arc::new(KubeletDialer::new(&context.identity, &renewals)?));
    let node_name = context.node.as_ref().map(|node| node.name.clone());
    let states = components::start(&context)?;
    crate::store_api::install(&server, engine.clone());
    if options.store.is_shared() {
        server_join::install(&server, engine.clone(), directories);
    }
    let status = StatusSource {
        started: std::time::SystemTime::now(),
        engine: engine.clone(),
        server: server.clone(),
        states,
        renewals,
        directories: directories.clone(),
        node_name,
    };
    let orders = admin::Admin {
        node: context.node.is_some().then_some(node_parts),
        status: Some(Arc::new(status)),
        stop: request_stop,
    };
    let admin = tokio::spawn(admin::serve(admin_socket, orders));

    let ended = tokio::select! {
        signal = wait_for_signal() => signal,
        _ = stop_requested.recv() => Ok(()),
        failed = accompany(guest, &running) => failed,
    };
    if let Some(guest) = guest {
        guest.leave(&running).await;
    }
    admin.abort();
    tracing::info!("stopping; pods go on running");
    if let (Some(leases), Some(renewing)) = (leases, renewing) {
        renewing.abort();
        if let Err(error) = leases.end(&own, &settings).await {
            tracing::warn!(error = format!("{error:#}"), "this server is still among the endpoints of the API");
        }
    }
    server.health().ask("shutdown", true, || Err("process is shutting down".to_owned()));
    stop.send_replace(true);
    if let Some(auditor) = &auditor {
        auditor.stop().await;
    }
    // What was acknowledged is complete on the disk then, and in the archive of the log.
    let closed = tokio::task::spawn_blocking(move || engine.close()).await;
    closed.context("the store did not close in order")?;
    if let Some(member) = member {
        member.stop().await;
    }
    ended
}

/// What this machine's node is told; `None` for a control plane alone.
fn node_settings(
    options: &UpOptions,
    directories: &Directories,
    host_name: String,
    address: Ipv4Addr,
) -> anyhow::Result<Option<NodeSettings>> {
    let eviction_hard = kubelet::eviction::signals::parse(&options.eviction_hard).context("--eviction-hard")?;
    Ok((!options.no_node).then(|| NodeSettings {
        name: options.node_name.clone().unwrap_or(host_name),
        address,
        kubelet_port: options.kubelet_port,
        max_pods: options.max_pods,
        static_pods: options.pod_manifest_path.clone(),
        eviction_hard,
        directory: directories.node(),
        registry_directory: directories.registries(),
        state_directory: options.state_dir.clone(),
    }))
}

/// Who is known by a bearer token, in order.
fn authenticators(
    options: &UpOptions,
    engine: &Arc<dyn store::Engine>,
    issuer: &Arc<Issuer>,
) -> Vec<Arc<dyn TokenAuthenticator>> {
    let mut all: Vec<Arc<dyn TokenAuthenticator>> =
        vec![Arc::new(ServiceAccountTokens::new(issuer.clone())), Arc::new(BootstrapTokens)];
    if options.store.is_shared() {
        all.push(Arc::new(server_join::ServerTokens(engine.clone())));
    }
    all
}

/// Runs the guest; returns only when it fails.
async fn accompany(guest: Option<&dyn Guest>, running: &Running) -> anyhow::Result<()> {
    if let Some(guest) = guest {
        guest.run(running).await?;
    }
    std::future::pending().await
}

/// What other crates bring to the table of built-in resources.
fn extensions(rbac: &Arc<RbacAuthorizer>, issuer: &Arc<Issuer>) -> Extensions {
    let mut extensions =
        Extensions { creators: auth::reviews::creators(rbac, issuer).into_iter().collect(), ..Extensions::default() };
    let definitions = ("apiextensions.k8s.io", "customresourcedefinitions");
    extensions.strategies.insert(definitions, Arc::new(apiextensions::Definitions));
    extensions
}

/// Forgets history that is older than one period.
async fn compact(engine: Arc<dyn store::Engine>) {
    let mut before = engine.current_revision();
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + COMPACTION_PERIOD, COMPACTION_PERIOD);
    loop {
        ticks.tick().await;
        match engine.compact(before).await {
            Ok(()) | Err(store::StoreError::Compacted { .. }) => {}
            Err(error) => tracing::warn!(%error, "history could not be compacted"),
        }
        before = engine.current_revision();
    }
}

pub(crate) async fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
