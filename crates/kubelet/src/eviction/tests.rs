use std::{collections::BTreeMap, time::Duration};

use apimachinery::{Value, value};

use super::{
    limits,
    ranking::{self, Candidate},
    signals::{self, Condition, Limit, Observation, Signal},
    usage::{ContainerUsage, PodUsage},
    *,
};

const GIB: u64 = 1 << 30;

fn pod(name: &str, priority: i64, resources: Value) -> Value {
    value!({
        "metadata": {"name": name, "uid": name},
        "spec": {"priority": priority, "containers": [{"name": "a", "resources": resources}]}
    })
}

fn used(memory: i64, disk: i64) -> PodUsage {
    let container = ContainerUsage { memory_bytes: memory, disk_bytes: disk };
    PodUsage { memory_bytes: memory, containers: BTreeMap::from([("a".to_owned(), container)]), ..PodUsage::default() }
}

#[test]
fn thresholds_are_read_and_met() {
    let defaults = "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,\
        imagefs.inodesFree<5%";
    assert_eq!(signals::parse(defaults).unwrap(), signals::defaults());
    assert_eq!(signals::parse("").unwrap(), []);
    assert_eq!(signals::parse("pid.available<7").unwrap()[0].signal, Signal::Pid);
    for wrong in ["memory.available", "disk<1%", "memory.available<x", "nodefs.available<101%"] {
        assert!(signals::parse(wrong).is_err(), "{wrong}");
    }
    let met = |memory: u64, disk: u64| {
        let observed = Observation::new([(Signal::NodeFs, disk, 100 * GIB), (Signal::Memory, memory, 4 * GIB)]);
        signals::met(&signals::defaults(), &observed).into_iter().map(|met| met.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(met(GIB, 10 * GIB), Vec::<String>::new(), "at the threshold nothing is short");
    assert_eq!(
        met(100 << 19, 5 * GIB),
        ["Threshold quantity: 100Mi, available: 51200Ki. ", "Threshold quantity: 10Gi, available: 5242880Ki. "]
    );
    assert!(matches!(signals::defaults()[1].limit, Limit::Percent(10.0)));
}

#[test]
fn who_exceeds_its_request_goes_first_then_who_matters_least() {
    let request = |memory: &str| value!({"requests": {"memory": memory}});
    let pods = [
        pod("within", 0, request("1Gi")),
        pod("above", 10, request("1Mi")),
        pod("far-above", 10, request("1Mi")),
        pod("important", 100, value!({})),
    ];
    let usage: BTreeMap<&str, PodUsage> = BTreeMap::from([
        ("within", used(512 << 20, 0)),
        ("above", used(2 << 20, 0)),
        ("far-above", used(64 << 20, 0)),
        ("important", used(512 << 20, 0)),
    ]);
    let mut candidates: Vec<Candidate<'_>> = pods
        .iter()
        .map(|pod| Candidate::new(Pod::of(pod), usage.get(Pod::of(pod).metadata().uid()), Signal::Memory))
        .collect();
    candidates.sort_by(ranking::order);
    let order: Vec<&str> = candidates.iter().map(|candidate| candidate.uid).collect();
    assert_eq!(order, ["far-above", "above", "important", "within"]);
    let observed = Observation::new([(Signal::Memory, 1 << 20, GIB)]);
    let met = signals::met(&signals::defaults(), &observed);
    assert_eq!(
        ranking::message(&candidates[0], &met[0]),
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1024Ki. Container a was using \
         65536Ki, request is 1Mi, has larger consumption of memory. "
    );
}

#[tokio::test(start_paused = true)]
async fn a_condition_outlasts_its_cause() {
    let met = |memory: u64| signals::met(&signals::defaults(), &Observation::new([(Signal::Memory, memory, GIB)]));
    let (mut pressure, transition) = (Pressure::default(), Duration::from_secs(300));
    assert!(!pressure.update(&met(GIB), transition));
    assert!(pressure.update(&met(1), transition) && pressure.conditions() == [Condition::Memory]);
    tokio::time::sleep(Duration::from_secs(299)).await;
    assert!(!pressure.update(&met(GIB), transition), "it holds still");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(pressure.update(&met(GIB), transition) && pressure.conditions().is_empty());
}

#[test]
fn admission_under_pressure() {
    let best_effort = pod("p", 0, value!({}));
    let burstable = pod("p", 0, value!({"requests": {"memory": "1Mi"}}));
    let critical = pod("p", 2_000_000_000, value!({}));
    let admitted = |pod: &Value, conditions: &[Condition]| admit(Pod::of(pod), conditions);
    assert_eq!(admitted(&best_effort, &[]), Ok(()));
    assert_eq!(admitted(&best_effort, &[Condition::Memory]).unwrap_err(), "The node had condition: [MemoryPressure]. ");
    assert_eq!(admitted(&burstable, &[Condition::Memory]), Ok(()));
    assert!(admitted(&burstable, &[Condition::Memory, Condition::Disk]).is_err());
    assert_eq!(admitted(&critical, &[Condition::Disk]), Ok(()));
}

#[test]
fn limits_of_what_is_written() {
    let mut limited = pod("p", 0, value!({"limits": {"ephemeral-storage": "1Mi"}}));
    limited.set(
        &["spec", "volumes"],
        value!([
            {"name": "scratch", "emptyDir": {"sizeLimit": "2Mi"}},
            {"name": "memory", "emptyDir": {"sizeLimit": "1Mi", "medium": "Memory"}}
        ]),
    );
    assert!(limits::has_any(Pod::of(&limited)) && !limits::has_any(Pod::of(&pod("q", 0, value!({})))));
    let exceeded = |usage: &PodUsage| limits::exceeded(Pod::of(&limited), usage);
    assert_eq!(exceeded(&used(0, 1 << 20)), None);
    let volumes = BTreeMap::from([("scratch".to_owned(), 3 << 20), ("memory".to_owned(), 9 << 20)]);
    assert_eq!(
        exceeded(&PodUsage { volumes, ..PodUsage::default() }).unwrap(),
        "Usage of EmptyDir volume \"scratch\" exceeds the limit \"2Mi\". "
    );
    assert_eq!(
        exceeded(&used(0, (1 << 20) + 1)).unwrap(),
        "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. "
    );
}
