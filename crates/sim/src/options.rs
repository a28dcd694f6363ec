//! What a fleet is like.

/// What happens to pods that are bound to hollow nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PodLife {
    /// They start, run, end and go as on a real node.
    #[default]
    Play,
    /// Nobody looks at them: they stay Pending, as in upstream's scheduler benchmarks.
    Ignore,
}

/// How the fleet hears of its pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WatchMode {
    /// One watch of pods for each node, as many as kubelets would have.
    #[default]
    PerNode,
    /// All watches of a kubelet for each node: its pods, its Node, services, runtime classes and CSI drivers.
    Kubelet,
    /// One watch of all bound pods: cheap for the server, which no real cluster is.
    Shared,
}

/// The size and the habits of a fleet.
#[derive(Clone, Debug, clap::Args)]
pub struct FleetOptions {
    /// How many nodes.
    #[arg(long, default_value_t = 100)]
    pub nodes: u32,
    /// What their names begin with; also the value of the label `sim.sagong.dev/fleet`.
    #[arg(long, default_value = "hollow")]
    pub prefix: String,
    /// Over how many zones they are spread; 0 for no zones.
    #[arg(long, default_value_t = 3)]
    pub zones: u32,
    /// Cores of a node.
    #[arg(long, default_value = "4")]
    pub cpu: String,
    /// Memory of a node.
    #[arg(long, default_value = "32Gi")]
    pub memory: String,
    /// The most pods of a node.
    #[arg(long, default_value_t = 110)]
    pub max_pods: u32,
    /// A further label of every node, KEY=VALUE; once for each.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub label: Vec<(String, String)>,
    /// What happens to pods.
    #[arg(long, value_enum, default_value_t)]
    pub pods: PodLife,
    /// How the fleet hears of its pods.
    #[arg(long, value_enum, default_value_t)]
    pub watch: WatchMode,
    /// From when it is seen until a pod runs and is ready, at least, in milliseconds.
    #[arg(long, default_value_t = 500)]
    pub start_delay_milliseconds: u64,
    /// What chance adds to that at most.
    #[arg(long, default_value_t = 500)]
    pub start_jitter_milliseconds: u64,
    /// How long the containers of a deleted pod take to stop; its grace period ends it earlier.
    #[arg(long, default_value_t = 200)]
    pub stop_delay_milliseconds: u64,
    /// How long pods run that are to end by themselves (`restartPolicy` OnFailure or Never) and do not say it in
    /// the annotation `sim.sagong.dev/run-milliseconds`.
    #[arg(long, default_value_t = 5000)]
    pub run_milliseconds: u64,
    /// How often a node's lease is renewed, in seconds.
    #[arg(long, default_value_t = 10)]
    pub lease_period_seconds: u64,
    /// How often a node's status is written, in seconds.
    #[arg(long, default_value_t = 300)]
    pub status_period_seconds: u64,
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Default for FleetOptions {
    fn default() -> FleetOptions {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            options: FleetOptions,
        }
        <Defaults as clap::Parser>::parse_from(["sim"]).options
    }
}

impl FleetOptions {
    /// The name of a node.
    pub fn node_name(&self, index: u32) -> String {
        format!("{}-{index}", self.prefix)
    }
}
