//! Cases of filters and scores, one plugin at a time.

use apimachinery::{Map, Object, Value, value};

use super::IN_TREE;
use crate::{
    algorithm::{Algorithm, Outcome},
    cache::{Cache, NodeInfo},
    framework::{Arguments, Cycle, Plugin, Profile, ProfileConfiguration},
    testing::{cache, node, pod, pod_info, with},
};

fn plugin(name: &str) -> Box<dyn Plugin> {
    plugin_with(name, &Arguments::default())
}

fn plugin_with(name: &str, arguments: &Arguments) -> Box<dyn Plugin> {
    let descriptor = IN_TREE.iter().find(|descriptor| descriptor.name == name).expect("a plugin");
    (descriptor.make)(arguments)
}

fn ordered(cache: &Cache) -> impl Iterator<Item = &NodeInfo> {
    let mut nodes: Vec<&NodeInfo> = cache.ordered().iter().map(|index| cache.node(*index)).collect();
    nodes.sort_by_key(|node| node.name.clone());
    nodes.into_iter()
}

/// The names of the nodes that pass, or the reason against all of them.
fn passing(plugin: &dyn Plugin, cache: &Cache, pod: Value) -> Result<Vec<String>, String> {
    let pod = pod_info(pod);
    let prepared = plugin.pre_filter(Cycle { pod: &pod, cache }).map_err(|rejection| rejection.reason.into_owned())?;
    let passes = |node: &&NodeInfo| prepared.filter.as_ref().is_none_or(|filter| filter.filter(node).is_ok());
    Ok(ordered(cache).filter(passes).map(|node| node.name.to_string()).collect())
}

fn passes(name: &str, cache: &Cache, pod: Value) -> Vec<String> {
    passing(plugin(name).as_ref(), cache, pod).unwrap()
}

/// Normalized scores in the order of names; `None` when the plugin ranks nothing.
fn scores(plugin: &dyn Plugin, cache: &Cache, pod: Value) -> Option<Vec<i64>> {
    let pod = pod_info(pod);
    let nodes: Vec<u32> = ordered(cache).map(|node| node.index).collect();
    let scorer = plugin.pre_score(Cycle { pod: &pod, cache }, &nodes)?;
    let mut scores: Vec<i64> = nodes.iter().map(|index| scorer.score(cache.node(*index))).collect();
    scorer.normalize(&nodes, &mut scores);
    Some(scores)
}

fn labelled(name: &str, labels: Value) -> Value {
    let own = node(name, "10");
    let mut all: Map = labels.as_map().cloned().unwrap_or_default();
    all.insert("kubernetes.io/hostname", name);
    with(own, &["metadata", "labels"], Value::Map(all))
}

fn zoned(name: &str, zone: &str) -> Value {
    labelled(name, value!({"topology.kubernetes.io/zone": zone}))
}

fn app(name: &str, app: &str) -> Value {
    with(pod(name, "100m"), &["metadata", "labels"], value!({"app": app}))
}

#[test]
fn every_plugin_has_its_own_name_and_a_bit() {
    let names: std::collections::BTreeSet<&str> = IN_TREE.iter().map(|descriptor| descriptor.name).collect();
    assert_eq!(names.len(), IN_TREE.len());
    assert!(IN_TREE.len() < 32, "sets of plugins are 32 bits");
    for descriptor in IN_TREE {
        assert_eq!((descriptor.make)(&ProfileConfiguration::default().arguments).name(), descriptor.name);
    }
}

#[test]
fn resources() {
    let one = cache(&[node("n", "1")], &[("n", pod("placed", "600m"))]);
    let device = with(node("n", "1"), &["status", "allocatable", "example.com/gpu"], Value::from("1"));
    let gpu = cache(&[device], &[]);
    let full =
        cache(&[with(node("n", "1"), &["status", "allocatable", "pods"], Value::from("1"))], &[("n", pod("a", "0"))]);
    let wants = |name: &str, amount: &str| {
        let list = value!([{"name": "c", "resources": {"requests": {name: amount}}}]);
        with(pod("p", "0"), &["spec", "containers"], list)
    };
    for (cache, pod, reason) in [
        (&one, pod("p", "400m"), None),
        (&one, pod("p", "500m"), Some(("Insufficient cpu", false))),
        (&one, pod("p", "2"), Some(("Insufficient cpu", true))),
        (&one, wants("memory", "64Gi"), Some(("Insufficient memory", true))),
        (&one, wants("ephemeral-storage", "1"), Some(("Insufficient ephemeral-storage", true))),
        (&one, wants("example.com/gpu", "1"), Some(("Insufficient example.com/gpu", true))),
        (&gpu, wants("example.com/gpu", "1"), None),
        (&gpu, wants("example.com/gpu", "2"), Some(("Insufficient example.com/gpu", true))),
        (&full, pod("p", "0"), Some(("Too many pods", false))),
    ] {
        let (plugin, info) = (plugin("NodeResourcesFit"), pod_info(pod.clone()));
        let filter = plugin.pre_filter(Cycle { pod: &info, cache }).unwrap().filter.unwrap();
        let rejection = filter.filter(ordered(cache).next().unwrap()).err();
        let found = rejection.as_ref().map(|rejection| (rejection.reason.as_ref(), rejection.unresolvable));
        assert_eq!(found, reason, "{pod:?}");
    }
}

#[test]
fn empty_and_balanced_nodes_score_higher() {
    let nodes = [node("a", "4"), node("b", "4")];
    let cache = cache(&nodes, &[("a", pod("placed", "2"))]);
    let fit = scores(plugin("NodeResourcesFit").as_ref(), &cache, pod("p", "1")).unwrap();
    assert_eq!(fit, [62, 87], "a: cpu 25, memory 99; b: cpu 75, memory 99");
    let memory = value!([{"name": "c", "resources": {"requests": {"memory": "16Gi"}}}]);
    let memory = with(pod("p", "0"), &["spec", "containers"], memory);
    let balanced = scores(plugin("NodeResourcesBalancedAllocation").as_ref(), &cache, memory).unwrap();
    assert_eq!(balanced, [87, 62], "memory makes up for CPU on a and is alone on b");
    let best_effort = value!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}});
    assert_eq!(scores(plugin("NodeResourcesBalancedAllocation").as_ref(), &cache, best_effort), None);
}

#[test]
fn taints() {
    let tainted = |name: &str, effect: &str| {
        with(node(name, "1"), &["spec", "taints"], value!([{"key": "gpu", "value": "yes", "effect": effect}]))
    };
    let nodes =
        [node("a", "1"), tainted("b", "NoSchedule"), tainted("c", "NoExecute"), tainted("d", "PreferNoSchedule")];
    let cache = cache(&nodes, &[]);
    for (tolerations, nodes) in [
        (value!([]), "a d"),
        (value!([{"key": "gpu", "value": "no"}]), "a d"),
        (value!([{"key": "gpu", "value": "yes"}]), "a b c d"),
        (value!([{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]), "a b d"),
        (value!([{"operator": "Exists"}]), "a b c d"),
    ] {
        let pod = with(pod("p", "1"), &["spec", "tolerations"], tolerations.clone());
        assert_eq!(passes("TaintToleration", &cache, pod).join(" "), nodes, "{tolerations:?}");
    }
    let scores = scores(plugin("TaintToleration").as_ref(), &cache, pod("p", "1")).unwrap();
    assert_eq!(scores, [100, 100, 100, 0]);
}

#[test]
fn unschedulable_nodes() {
    let cache = cache(&[node("a", "1"), with(node("b", "1"), &["spec", "unschedulable"], Value::from(true))], &[]);
    assert_eq!(passes("NodeUnschedulable", &cache, pod("p", "1")), ["a"]);
    let tolerations = value!([{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]);
    let tolerant = with(pod("p", "1"), &["spec", "tolerations"], tolerations);
    assert_eq!(passes("NodeUnschedulable", &cache, tolerant), ["a", "b"]);
}

#[test]
fn node_affinity() {
    let cache = cache(
        &[
            labelled("a", value!({"disk": "ssd", "cores": "8"})),
            labelled("b", value!({"disk": "hdd"})),
            labelled("c", value!({})),
        ],
        &[],
    );
    let required = |terms: Value| {
        let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        with(pod("p", "1"), &path, value!({"nodeSelectorTerms": terms}))
    };
    let expression = |operator: &str, key: &str, values: Value| {
        required(value!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]))
    };
    let name = |names: Value| value!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": names}]});
    for (pod, nodes) in [
        (with(pod("p", "1"), &["spec", "nodeSelector"], value!({"disk": "ssd"})), "a"),
        (expression("In", "disk", value!(["ssd", "hdd"])), "a b"),
        (expression("NotIn", "disk", value!(["ssd"])), "b c"),
        (expression("Exists", "disk", value!([])), "a b"),
        (expression("DoesNotExist", "disk", value!([])), "c"),
        (expression("Gt", "cores", value!(["4"])), "a"),
        (expression("Lt", "cores", value!(["4"])), ""),
        (required(value!([name(value!(["c"]))])), "c"),
        (required(value!([{}])), ""),
        (required(value!([name(value!(["c"])), name(value!(["a"]))])), "a c"),
    ] {
        assert_eq!(passes("NodeAffinity", &cache, pod.clone()).join(" "), nodes, "{pod:?}");
    }
    let conflict = value!({"matchFields": [
        {"key": "metadata.name", "operator": "In", "values": ["a"]},
        {"key": "metadata.name", "operator": "In", "values": ["b"]}
    ]});
    let conflict = passing(plugin("NodeAffinity").as_ref(), &cache, required(value!([conflict])));
    assert_eq!(conflict, Err("pod affinity terms conflict".to_owned()));

    let preferred = value!([
        {"weight": 10, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}},
        {"weight": 30, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}}
    ]);
    let path = ["spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"];
    let preferring = with(pod("p", "1"), &path, preferred);
    assert_eq!(scores(plugin("NodeAffinity").as_ref(), &cache, preferring), Some(vec![100, 25, 0]));

    let added = value!({"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
    }});
    let added = Arguments { added_affinity: added, ..Arguments::default() };
    let found = passing(plugin_with("NodeAffinity", &added).as_ref(), &cache, pod("p", "1")).unwrap();
    assert_eq!(found, ["a", "b"]);
}

#[test]
fn host_ports() {
    let port = |port: i64, protocol: &str, ip: &str| {
        let ports = value!([{"hostPort": port, "protocol": protocol, "hostIP": ip}]);
        with(pod("p", "1"), &["spec", "containers"], value!([{"name": "c", "ports": ports}]))
    };
    let taken = with(port(80, "TCP", "10.0.0.1"), &["metadata", "uid"], Value::from("other"));
    let cache = cache(&[node("n", "1")], &[("n", taken)]);
    for (pod, free) in [
        (port(80, "TCP", "10.0.0.1"), false),
        (port(80, "TCP", ""), false),
        (port(80, "TCP", "10.0.0.2"), true),
        (port(80, "UDP", "10.0.0.1"), true),
        (port(81, "", ""), true),
        (pod("p", "1"), true),
    ] {
        assert_eq!(!passes("NodePorts", &cache, pod.clone()).is_empty(), free, "{pod:?}");
    }
}

fn spread(key: &str, skew: i64, when: &str, more: Value) -> Value {
    let mut constraint = value!({
        "topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": when, "labelSelector": {"matchLabels": {"app": "web"}}
    });
    for (key, value) in more.as_map().into_iter().flat_map(Map::iter) {
        constraint.set(&[key.as_str()], value.clone());
    }
    with(app("p", "web"), &["spec", "topologySpreadConstraints"], value!([constraint]))
}

#[test]
fn topology_spread_filter() {
    const ZONE: &str = "topology.kubernetes.io/zone";
    let nodes = [zoned("a", "1"), zoned("b", "1"), zoned("c", "2"), labelled("d", value!({}))];
    let going = with(app("going", "web"), &["metadata", "deletionTimestamp"], Value::from("2026-01-01T00:00:00Z"));
    let cache = cache(&nodes, &[("a", app("x", "web")), ("c", app("y", "db")), ("c", going)]);
    let none = || value!({});
    for (pod, nodes) in [
        (spread(ZONE, 1, "DoNotSchedule", none()), "c"),
        (spread(ZONE, 2, "DoNotSchedule", none()), "a b c"),
        (spread("kubernetes.io/hostname", 1, "DoNotSchedule", none()), "b c d"),
        (spread(ZONE, 1, "ScheduleAnyway", none()), "a b c d"),
        (spread(ZONE, 1, "DoNotSchedule", value!({"minDomains": 3})), "c"),
        (spread("rack", 1, "DoNotSchedule", none()), ""),
        (spread(ZONE, 1, "DoNotSchedule", value!({"matchLabelKeys": ["app"]})), "c"),
        // Zone 2 is out of the pod's reach: the skew is counted in zone 1 alone.
        (with(spread(ZONE, 1, "DoNotSchedule", none()), &["spec", "nodeSelector"], value!({ZONE: "1"})), "a b c"),
        (
            with(
                spread(ZONE, 1, "DoNotSchedule", value!({"nodeAffinityPolicy": "Ignore"})),
                &["spec", "nodeSelector"],
                value!({ZONE: "1"}),
            ),
            "c",
        ),
    ] {
        assert_eq!(passes("PodTopologySpread", &cache, pod.clone()).join(" "), nodes, "{pod:?}");
    }
}

#[test]
fn topology_spread_scores() {
    let nodes = [zoned("a", "1"), zoned("b", "1"), zoned("c", "2")];
    let mut cache = cache(&nodes, &[("a", app("x", "web")), ("a", app("y", "web")), ("b", app("z", "web"))]);
    let soft = spread("kubernetes.io/hostname", 1, "ScheduleAnyway", value!({}));
    assert_eq!(scores(plugin("PodTopologySpread").as_ref(), &cache, soft), Some(vec![0, 33, 100]));
    assert_eq!(scores(plugin("PodTopologySpread").as_ref(), &cache, app("p", "web")), None, "it belongs to nothing");
    let service = value!({"metadata": {"namespace": "default", "name": "web"}, "spec": {"selector": {"app": "web"}}});
    cache.workloads.set_service(&Object(service), false);
    let by_default = scores(plugin("PodTopologySpread").as_ref(), &cache, app("p", "web")).unwrap();
    assert!(by_default[0] < by_default[1] && by_default[1] < by_default[2], "{by_default:?}");
}

fn term(app: &str, key: &str) -> Value {
    value!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key})
}

fn wishing(own: &str, kind: &str, term: Value) -> Value {
    let path = ["spec", "affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"];
    with(app("p", own), &path, value!([term]))
}

#[test]
fn pod_affinity_filter() {
    const ZONE: &str = "topology.kubernetes.io/zone";
    let nodes = [zoned("a", "1"), zoned("b", "1"), zoned("c", "2"), labelled("d", value!({}))];
    let mut cache = cache(&nodes, &[("a", app("x", "web"))]);
    cache.set_namespace("other".into(), value!({"team": "red"}).as_map().cloned());
    cache.set_namespace("default".into(), value!({"team": "blue"}).as_map().cloned());
    let elsewhere = |mut term: Value, team: &str| {
        term.set(&["namespaceSelector"], value!({"matchLabels": {"team": team}}));
        term
    };
    for (pod, nodes) in [
        (wishing("p", "podAffinity", term("web", ZONE)), "a b"),
        (wishing("p", "podAffinity", term("web", "kubernetes.io/hostname")), "a"),
        (wishing("p", "podAffinity", term("db", ZONE)), ""),
        // The first of a group that wants to be near itself may go anywhere with the label.
        (wishing("db", "podAffinity", term("db", ZONE)), "a b c"),
        (wishing("p", "podAntiAffinity", term("web", ZONE)), "c d"),
        (wishing("p", "podAntiAffinity", term("db", ZONE)), "a b c d"),
        (wishing("p", "podAffinity", elsewhere(term("web", ZONE), "blue")), "a b"),
        (wishing("p", "podAffinity", elsewhere(term("web", ZONE), "red")), ""),
        (with(wishing("p", "podAffinity", term("web", ZONE)), &["metadata", "namespace"], Value::from("other")), ""),
    ] {
        assert_eq!(passes("InterPodAffinity", &cache, pod.clone()).join(" "), nodes, "{pod:?}");
    }
}

#[test]
fn placed_pods_keep_others_away() {
    let nodes = [zoned("a", "1"), zoned("b", "1"), zoned("c", "2")];
    let hermit = wishing("hermit", "podAntiAffinity", term("web", "topology.kubernetes.io/zone"));
    let mut cache = cache(&nodes, &[("a", hermit)]);
    assert_eq!(passes("InterPodAffinity", &cache, app("q", "web")), ["c"]);
    assert_eq!(passes("InterPodAffinity", &cache, app("q", "db")), ["a", "b", "c"]);
    cache.remove_pod("default/p");
    assert_eq!(passes("InterPodAffinity", &cache, app("q", "web")), ["a", "b", "c"]);
}

#[test]
fn pod_affinity_scores() {
    let nodes = [zoned("a", "1"), zoned("b", "2"), zoned("c", "3")];
    let preferring = |kind: &str| {
        let path = ["spec", "affinity", kind, "preferredDuringSchedulingIgnoredDuringExecution"];
        let term = value!({"weight": 5, "podAffinityTerm": term("web", "topology.kubernetes.io/zone")});
        with(app("p", "p"), &path, value!([term]))
    };
    let near_web = wishing("fan", "podAffinity", term("web", "topology.kubernetes.io/zone"));
    let placed = [("a", app("x", "web")), ("a", app("y", "web")), ("b", app("z", "web")), ("b", near_web)];
    let cache = cache(&nodes, &placed);
    let plugin = plugin("InterPodAffinity");
    assert_eq!(scores(plugin.as_ref(), &cache, preferring("podAffinity")), Some(vec![100, 50, 0]));
    assert_eq!(scores(plugin.as_ref(), &cache, preferring("podAntiAffinity")), Some(vec![0, 50, 100]));
    assert_eq!(scores(plugin.as_ref(), &cache, app("q", "web")), Some(vec![0, 100, 0]), "symmetric");
    assert_eq!(scores(plugin.as_ref(), &cache, app("q", "db")), None);
}

#[test]
fn image_locality() {
    let image = |name: &str, image: &str, megabytes: i64| {
        let images = value!([{"names": [image], "sizeBytes": megabytes * 1024 * 1024}]);
        with(node(name, "1"), &["status", "images"], images)
    };
    let cache = cache(&[image("a", "app:latest", 600), image("b", "other:1", 900), node("c", "1")], &[]);
    // 600 MiB on a third of the nodes count as 200: (200 - 23) / (1000 - 23).
    assert_eq!(scores(plugin("ImageLocality").as_ref(), &cache, pod("p", "1")), Some(vec![18, 0, 0]));
    let unknown = with(pod("p", "1"), &["spec", "containers"], value!([{"name": "c", "image": "unknown"}]));
    assert_eq!(scores(plugin("ImageLocality").as_ref(), &cache, unknown), None);
}

/// The node where room is made, and the victims; or the message.
fn preemption(cache: &mut Cache, pod: Value) -> Result<(String, Vec<String>), String> {
    let pod = pod_info(pod);
    let profile = Profile::new(&ProfileConfiguration::default());
    cache.order();
    match Algorithm::default().schedule(&profile, 0, cache, &pod) {
        Outcome::Node(index) => panic!("it fits on {}", cache.node(index).name),
        Outcome::Unschedulable(_, post) => match post.preemption {
            Some((node, victims)) => {
                let mut victims: Vec<String> = victims.iter().map(|pod| pod.name.to_string()).collect();
                victims.sort();
                Ok((node.to_string(), victims))
            }
            None => Err(post.message),
        },
    }
}

fn ranked(name: &str, cpu: &str, priority: i64) -> Value {
    let pod = with(pod(name, cpu), &["spec", "priority"], Value::from(priority));
    with(pod, &["metadata", "labels"], value!({"app": name}))
}

#[test]
fn preemption_takes_the_least() {
    let nodes = [node("a", "2"), node("b", "2")];
    let found = |placed: &[(&str, Value)], cpu: &str| preemption(&mut cache(&nodes, placed), ranked("p", cpu, 100));
    let ok =
        |node: &str, victims: &[&str]| Ok((node.to_owned(), victims.iter().map(|name| (*name).to_owned()).collect()));

    let by_priority = [("a", ranked("low", "2", 1)), ("b", ranked("middle", "2", 50))];
    assert_eq!(found(&by_priority, "1"), ok("a", &["low"]));
    let by_count = [("a", ranked("x", "1", 1)), ("a", ranked("y", "1", 1)), ("b", ranked("z", "2", 1))];
    assert_eq!(found(&by_count, "2"), ok("b", &["z"]));
    let reprieved = [("a", ranked("x", "1", 1)), ("a", ranked("y", "1", 50)), ("b", ranked("z", "2", 100))];
    assert_eq!(found(&reprieved, "1"), ok("a", &["x"]), "y is put back, z is as important");
    let started = |name: &str, time: &str| with(ranked(name, "2", 1), &["status", "startTime"], Value::from(time));
    let by_age = [("a", started("old", "2026-01-01T00:00:00Z")), ("b", started("young", "2026-02-01T00:00:00Z"))];
    assert_eq!(found(&by_age, "2"), ok("b", &["young"]));

    let helpless = [("a", ranked("x", "2", 100)), ("b", ranked("y", "2", 200))];
    let message = "preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.";
    assert_eq!(found(&helpless, "1"), Err(message.to_owned()));
    let too_large = "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(found(&by_priority, "3"), Err(too_large.to_owned()));
    let polite = with(ranked("p", "1", 100), &["spec", "preemptionPolicy"], Value::from("Never"));
    let message = "preemption: not eligible due to preemptionPolicy=Never.";
    assert_eq!(preemption(&mut cache(&nodes, &by_priority), polite), Err(message.to_owned()));
}

#[test]
fn preemption_respects_disruption_budgets() {
    let nodes = [node("a", "2"), node("b", "2")];
    let mut cache = cache(&nodes, &[("a", ranked("guarded", "2", 1)), ("b", ranked("free", "2", 50))]);
    let budget = |allowed: i64| {
        Object(value!({
            "metadata": {"namespace": "default", "name": "budget"},
            "spec": {"selector": {"matchLabels": {"app": "guarded"}}},
            "status": {"disruptionsAllowed": allowed}
        }))
    };
    cache.workloads.set_budget(&budget(0), false);
    let victims = |cache: &mut Cache| preemption(cache, ranked("p", "2", 100)).unwrap().1;
    assert_eq!(victims(&mut cache), ["free"], "although it is more important");
    cache.workloads.set_budget(&budget(1), false);
    assert_eq!(victims(&mut cache), ["guarded"]);
}

#[test]
fn a_node_named_by_affinity_is_the_only_one_looked_at() {
    let mut cache = cache(&[node("a", "1"), node("b", "1")], &[]);
    let on = |name: &str| {
        let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        let fields = value!([{"key": "metadata.name", "operator": "In", "values": [name]}]);
        with(pod("p", "1"), &path, value!({"nodeSelectorTerms": [{"matchFields": fields}]}))
    };
    let profile = Profile::new(&ProfileConfiguration::default());
    cache.order();
    let found = |pod: Value| Algorithm::default().schedule(&profile, 0, &cache, &pod_info(pod));
    assert!(matches!(found(on("b")), Outcome::Node(index) if cache.node(index).name == "b"));
    let Outcome::Unschedulable(diagnosis, _) = found(on("missing")) else { panic!("there is no such node") };
    let message = diagnosis.message();
    assert!(
        message.starts_with("0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."),
        "{message}"
    );
}
