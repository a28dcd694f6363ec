//! Selectors of nodes and pods, read once per object.

use api::views::{
    ViewList,
    core_v1::{self, NodeSelectorRequirement, PodSpec},
    meta_v1::LabelSelector,
};
use apimachinery::{Map, Str, Value, labels::Selector};

use super::NodeInfo;

/// The label that names a node's host.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label that names a node's zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
    Unknown,
}

/// One requirement on a node's labels or name.
#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: Str,
    operator: Operator,
    values: Vec<Str>,
}

impl Requirement {
    fn read(requirement: NodeSelectorRequirement<'_>) -> Requirement {
        let operator = match requirement.operator() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::GreaterThan,
            "Lt" => Operator::LessThan,
            _ => Operator::Unknown,
        };
        let values = requirement.values().iter().map(Str::from).collect();
        Requirement { key: requirement.key().into(), operator, values }
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|candidate| *candidate == value);
        let number = |text: &str| text.parse::<i64>().ok();
        let pair = || value.and_then(number).zip(self.values.first().and_then(|bound| number(bound)));
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => pair().is_some_and(|(value, bound)| value > bound),
            Operator::LessThan => pair().is_some_and(|(value, bound)| value < bound),
            Operator::Unknown => false,
        }
    }
}

/// Requirements that hold together.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeTerm {
    expressions: Vec<Requirement>,
    fields: Vec<Requirement>,
}

impl NodeTerm {
    /// Reads a `NodeSelectorTerm`.
    pub fn read(term: core_v1::NodeSelectorTerm<'_>) -> NodeTerm {
        let expressions = term.match_expressions().iter().map(Requirement::read).collect();
        let fields = term.match_fields().iter().map(Requirement::read).collect();
        NodeTerm { expressions, fields }
    }

    /// Whether the node fulfils it; a term without requirements matches nothing.
    pub fn matches(&self, node: &NodeInfo) -> bool {
        if self.expressions.is_empty() && self.fields.is_empty() {
            return false;
        }
        let field = |key: &str| if key == "metadata.name" { Some(node.name.as_str()) } else { None };
        self.expressions.iter().all(|requirement| requirement.matches(node.labels.str_at(&requirement.key)))
            && self.fields.iter().all(|requirement| requirement.matches(field(&requirement.key)))
    }

    /// The only nodes that can match by name; `None` for any.
    fn names(&self) -> Option<Vec<Str>> {
        let by_name =
            |requirement: &&Requirement| requirement.key == "metadata.name" && requirement.operator == Operator::In;
        let mut sets = self.fields.iter().filter(by_name).map(|requirement| requirement.values.clone());
        let first = sets.next()?;
        Some(sets.fold(first, |names, more| names.into_iter().filter(|name| more.contains(name)).collect()))
    }
}

/// Where a pod may run: `nodeSelector` and required node affinity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequiredNodes {
    labels: Vec<(Str, Str)>,
    terms: Option<Vec<NodeTerm>>,
}

impl RequiredNodes {
    /// Reads it from a pod's spec.
    pub fn read(spec: PodSpec<'_>) -> RequiredNodes {
        let labels = spec.node_selector().iter().map(|(key, value)| (key.into(), value.into())).collect();
        let required = spec
            .affinity()
            .and_then(|affinity| affinity.node_affinity())
            .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution());
        RequiredNodes { labels, terms: required.map(RequiredNodes::terms) }
    }

    /// Reads a `NodeSelector` alone.
    pub fn from_selector(selector: core_v1::NodeSelector<'_>) -> RequiredNodes {
        RequiredNodes { labels: Vec::new(), terms: Some(RequiredNodes::terms(selector)) }
    }

    fn terms(selector: core_v1::NodeSelector<'_>) -> Vec<NodeTerm> {
        selector.node_selector_terms().iter().map(NodeTerm::read).collect()
    }

    /// Whether any node will do.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.terms.is_none()
    }

    /// Whether the pod may run there.
    pub fn matches(&self, node: &NodeInfo) -> bool {
        self.labels.iter().all(|(key, value)| node.labels.str_at(key) == Some(value.as_str()))
            && self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }

    /// The names that every term asks for; `None` when some term does not name its nodes. A pod of a daemon
    /// set names its only node so, and no other node has to be looked at.
    pub fn names(&self) -> Option<Vec<Str>> {
        let mut names = Vec::new();
        let terms = self.terms.as_ref()?;
        if terms.is_empty() {
            return None;
        }
        for term in terms {
            names.extend(term.names()?);
        }
        names.sort();
        names.dedup();
        Some(names)
    }
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintEffect {
    /// Pods that do not tolerate it are not put there.
    NoSchedule,
    /// … are put there only when nothing else is left.
    PreferNoSchedule,
    /// … are not put there, and driven out.
    NoExecute,
}

impl TaintEffect {
    fn read(text: &str) -> Option<TaintEffect> {
        match text {
            "NoSchedule" => Some(TaintEffect::NoSchedule),
            "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
            "NoExecute" => Some(TaintEffect::NoExecute),
            _ => None,
        }
    }

    /// Whether it keeps pods away for certain.
    pub fn is_hard(self) -> bool {
        self != TaintEffect::PreferNoSchedule
    }
}

/// A mark of a node that keeps pods away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    key: Str,
    value: Str,
    /// What it does.
    pub effect: TaintEffect,
}

impl Taint {
    /// A taint.
    pub fn new(key: &str, value: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.into(), value: value.into(), effect }
    }

    /// Reads the taints of a node; those with an unknown effect do nothing.
    pub fn read(taints: ViewList<'_, core_v1::Taint<'_>>) -> Vec<Taint> {
        let read = |taint: core_v1::Taint<'_>| {
            Some(Taint::new(taint.key(), taint.value(), TaintEffect::read(taint.effect())?))
        };
        taints.iter().filter_map(read).collect()
    }
}

/// What a pod puts up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    key: Str,
    operator: Str,
    value: Str,
    effect: Option<TaintEffect>,
}

impl Toleration {
    /// Reads the tolerations of a pod.
    pub fn read(tolerations: ViewList<'_, core_v1::Toleration<'_>>) -> Vec<Toleration> {
        let read = |toleration: core_v1::Toleration<'_>| Toleration {
            key: toleration.key().into(),
            operator: toleration.operator().into(),
            value: toleration.value().into(),
            effect: TaintEffect::read(toleration.effect()),
        };
        tolerations.iter().map(read).collect()
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let numbers = || number(&taint.value).zip(number(&self.value));
        self.effect.is_none_or(|effect| effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match self.operator.as_str() {
                "" | "Equal" => self.value == taint.value,
                "Exists" => true,
                "Lt" => numbers().is_some_and(|(taint, bound)| taint < bound),
                "Gt" => numbers().is_some_and(|(taint, bound)| taint > bound),
                _ => false,
            }
    }
}

/// Whether some toleration covers the taint.
pub fn tolerated(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether all taints that keep pods away for certain are tolerated.
pub fn hard_taints_tolerated(tolerations: &[Toleration], taints: &[Taint]) -> bool {
    taints.iter().filter(|taint| taint.effect.is_hard()).all(|taint| tolerated(tolerations, taint))
}

fn label_selector(selector: Option<LabelSelector<'_>>) -> Selector {
    // Validation has refused selectors that cannot be read.
    let value = selector.map(|selector| Value::Map(selector.0.clone()));
    Selector::from_label_selector(value.as_ref()).unwrap_or_else(|_| Selector::nothing())
}

/// `selector` narrowed by the pod's own values of `keys` (or, with `exclude`, by any other values of them).
fn narrowed(
    selector: Option<LabelSelector<'_>>,
    keys: ViewList<'_, &str>,
    excluded_keys: ViewList<'_, &str>,
    labels: &Map,
) -> Selector {
    if selector.is_none() || (keys.is_empty() && excluded_keys.is_empty()) {
        return label_selector(selector);
    }
    let mut value = selector.map(|selector| Value::Map(selector.0.clone())).unwrap_or_default();
    let expressions = value.make_map().get_or_insert_with("matchExpressions", Value::default).make_list();
    for (keys, operator) in [(keys, "In"), (excluded_keys, "NotIn")] {
        for key in keys.iter() {
            if let Some(own) = labels.str_at(key) {
                expressions.push(apimachinery::value!({"key": key, "operator": operator, "values": [own]}));
            }
        }
    }
    Selector::from_label_selector(Some(&value)).unwrap_or_else(|_| Selector::nothing())
}

/// A wish to be near certain pods, or far from them.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTerm {
    namespaces: Vec<Str>,
    namespace_selector: Selector,
    selector: Selector,
    /// What "near" means: nodes with the same value of this label.
    pub topology_key: Str,
}

impl PodTerm {
    fn read(term: core_v1::PodAffinityTerm<'_>, namespace: &str, labels: &Map) -> PodTerm {
        let mut namespaces: Vec<Str> = term.namespaces().iter().map(Str::from).collect();
        if namespaces.is_empty() && term.namespace_selector().is_none() {
            namespaces.push(namespace.into());
        }
        PodTerm {
            namespaces,
            namespace_selector: label_selector(term.namespace_selector()),
            selector: narrowed(term.label_selector(), term.match_label_keys(), term.mismatch_label_keys(), labels),
            topology_key: term.topology_key().into(),
        }
    }

    /// Whether it selects namespaces by their labels.
    pub fn selects_namespaces(&self) -> bool {
        self.namespace_selector != Selector::nothing()
    }

    /// Whether it is about pods with `labels` in `namespace`, which has `namespace_labels`.
    pub fn matches(&self, namespace: &str, labels: &Map, namespace_labels: &Map) -> bool {
        (self.namespaces.iter().any(|known| *known == namespace) || self.namespace_selector.matches(namespace_labels))
            && self.selector.matches(labels)
    }
}

/// All wishes of a pod about other pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodAffinity {
    /// Pods that must be near.
    pub required: Vec<PodTerm>,
    /// Pods that must be far.
    pub required_anti: Vec<PodTerm>,
    /// Pods that should be near, with weights.
    pub preferred: Vec<(i64, PodTerm)>,
    /// Pods that should be far, with weights.
    pub preferred_anti: Vec<(i64, PodTerm)>,
}

impl PodAffinity {
    /// Reads them; `None` when there is none.
    pub fn read(spec: PodSpec<'_>, namespace: &str, labels: &Map) -> Option<PodAffinity> {
        let affinity = spec.affinity()?;
        let read = |term: core_v1::PodAffinityTerm<'_>| PodTerm::read(term, namespace, labels);
        let weighted = |term: core_v1::WeightedPodAffinityTerm<'_>| (term.weight(), read(term.pod_affinity_term()));
        let mut all = PodAffinity::default();
        if let Some(near) = affinity.pod_affinity() {
            all.required = near.required_during_scheduling_ignored_during_execution().iter().map(read).collect();
            all.preferred = near.preferred_during_scheduling_ignored_during_execution().iter().map(weighted).collect();
        }
        if let Some(far) = affinity.pod_anti_affinity() {
            all.required_anti = far.required_during_scheduling_ignored_during_execution().iter().map(read).collect();
            let preferred = far.preferred_during_scheduling_ignored_during_execution();
            all.preferred_anti = preferred.iter().map(weighted).collect();
        }
        (all != PodAffinity::default()).then_some(all)
    }
}

/// A rule for spreading pods evenly.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadConstraint {
    /// How much more pods one domain may have than another.
    pub max_skew: i64,
    /// Nodes with the same value of this label are a domain.
    pub topology_key: Str,
    /// Which pods count.
    pub selector: Selector,
    /// With fewer domains than this the least crowded one counts as empty.
    pub min_domains: i64,
    /// Whether only nodes count on which the pod's node affinity lets it run.
    pub honors_affinity: bool,
    /// Whether only nodes count whose taints the pod tolerates.
    pub honors_taints: bool,
    /// Whether it is a must.
    pub hard: bool,
}

impl SpreadConstraint {
    /// Reads the constraints of a pod.
    pub fn read(spec: PodSpec<'_>, labels: &Map) -> Vec<SpreadConstraint> {
        let read = |constraint: core_v1::TopologySpreadConstraint<'_>| SpreadConstraint {
            max_skew: constraint.max_skew(),
            topology_key: constraint.topology_key().into(),
            selector: narrowed(constraint.label_selector(), constraint.match_label_keys(), empty(), labels),
            min_domains: constraint.min_domains().unwrap_or(1),
            honors_affinity: constraint.node_affinity_policy() != Some("Ignore"),
            honors_taints: constraint.node_taints_policy() == Some("Honor"),
            hard: constraint.when_unsatisfiable() != "ScheduleAnyway",
        };
        spec.topology_spread_constraints().iter().map(read).collect()
    }

    /// A wish for every pod that brings none of its own.
    pub fn default_wish(topology_key: &'static str, max_skew: i64) -> SpreadConstraint {
        SpreadConstraint {
            max_skew,
            topology_key: Str::from_static(topology_key),
            selector: Selector::nothing(),
            min_domains: 1,
            honors_affinity: true,
            honors_taints: false,
            hard: false,
        }
    }
}

/// No keys.
fn empty<'a>() -> ViewList<'a, &'a str> {
    api::views::Item::item(&Value::Null)
}
