//! What a new release could add unnoticed: a group version that is served by default, a defaulting function.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};

use crate::generate_api::{
    go::Package,
    packages::{Modules, PACKAGES, PackageSource},
};

/// Upstream's defaulting functions whose work stands elsewhere with us, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    ("apiextensions/v1.CustomResourceDefinitionSpec", "on CustomResourceDefinition"),
    ("apps/v1.DaemonSet", "on DaemonSetSpec and DaemonSetUpdateStrategy"),
    ("apps/v1.Deployment", "on DeploymentSpec and DeploymentStrategy"),
    ("apps/v1.ReplicaSet", "on ReplicaSetSpec"),
    ("apps/v1.StatefulSet", "on StatefulSetSpec, StatefulSetUpdateStrategy and the retention policy"),
    ("autoscaling/v1.HorizontalPodAutoscaler", "on HorizontalPodAutoscalerSpec"),
    ("autoscaling/v2.HorizontalPodAutoscaler", "on HorizontalPodAutoscalerSpec"),
    ("autoscaling/v2.HorizontalPodAutoscalerBehavior", "on HorizontalPodAutoscalerSpec"),
    ("batch/v1.CronJob", "on CronJobSpec"),
    ("core/v1.ConfigMap", "makes an empty map, which is never written"),
    ("core/v1.Endpoints", "on EndpointPort"),
    ("core/v1.PersistentVolumeClaim", "on PersistentVolumeClaimStatus"),
    ("core/v1.PodLogOptions", "only with the feature gate PodLogsQuerySplitStreams, which is off"),
    ("core/v1.ResourceList", "every map of quantities in core/v1 is rounded"),
    ("networking/v1.IngressClass", "on IngressClassParametersReference"),
    ("networking/v1.NetworkPolicy", "on NetworkPolicySpec"),
    ("rbac/v1.ClusterRoleBinding", "on RoleRef"),
    ("rbac/v1.RoleBinding", "on RoleRef"),
    ("resource/v1.DeviceTaint", "needs a clock: the strategy sets it"),
    ("storage/v1.CSIDriver", "on CSIDriverSpec"),
];

/// Lists what we do not know of.
pub(crate) fn compare(modules: &Modules, differences: &mut BTreeSet<String>) -> Result<()> {
    served_by_default(modules, differences)?;
    let conditional: BTreeSet<&str> = api::conditionally_defaulted_types().collect();
    for package in PACKAGES.iter().filter(|package| package.served) {
        for name in defaulting_functions(modules, package)? {
            let short = format!("{}.{name}", package.short);
            let known = conditional.contains(short.as_str())
                || ELSEWHERE.iter().any(|(elsewhere, _)| *elsewhere == short)
                || has_unconditional_defaults(package, &name);
            if !known {
                differences.insert(format!("{short}: upstream has a defaulting function for it"));
            }
        }
    }
    Ok(())
}

fn has_unconditional_defaults(package: &PackageSource, name: &str) -> bool {
    let Some(id) = api::schema().id(&format!("{}.{name}", package.openapi_prefix())) else { return false };
    let fields = &api::schema().get(id).fields;
    fields.iter().any(|field| field.default.is_some() && !field.default_is_published)
}

/// The types that `SetDefaults_TYPE` functions are for.
fn defaulting_functions(modules: &Modules, package: &PackageSource) -> Result<Vec<String>> {
    let internal = modules.kubernetes(&format!("pkg/apis/{}/defaults.go", package.short));
    let path = if internal.exists() { internal } else { modules.package(package.path).join("defaults.go") };
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let functions = text.lines().filter_map(|line| line.strip_prefix("func SetDefaults_"));
    Ok(functions.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())).collect())
}

/// Compares with the lists of group versions that upstream enables by default.
fn served_by_default(modules: &Modules, differences: &mut BTreeSet<String>) -> Result<()> {
    let path = modules.kubernetes("pkg/controlplane/instance.go");
    let mut file = Package::default();
    file.read(&path)?;
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut theirs = BTreeSet::new();
    for list in text.split("tableAPIGroupVersionsEnabledByDefault = ").skip(1) {
        let lines = list.lines().skip(1).take_while(|line| line.trim() != "}");
        let aliases = lines.filter_map(|line| line.trim().strip_suffix(".SchemeGroupVersion,"));
        // Some are named through the package that also has the internal types.
        let internal = "k8s.io/kubernetes/pkg/apis/";
        theirs.extend(aliases.filter_map(|alias| Some(file.imports.get(alias)?.replace(internal, "k8s.io/api/"))));
    }
    // Extensions and aggregation have servers of their own, which upstream chains before this one.
    let ours = PACKAGES.iter().filter(|package| package.served && package.path.starts_with("k8s.io/api/"));
    let ours: BTreeSet<String> = ours.map(|package| package.path.to_owned()).collect();
    for path in ours.symmetric_difference(&theirs) {
        differences.insert(format!("{path}: served by default on one side only"));
    }
    Ok(())
}
