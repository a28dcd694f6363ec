//! Which of upstream's packages the house knows: those whose versions an API server serves by default,
//! and those that its own protocols need.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// The releases that the committed files are made from.
const LIBRARIES_VERSION: &str = "v0.37.0";
const KUBERNETES_VERSION: &str = "v1.37.0";

/// A Go package of API types.
pub(crate) struct PackageSource {
    /// Our name for it, unique and short: `core/v1`.
    pub(crate) short: &'static str,
    /// Go's import path.
    pub(crate) path: &'static str,
    /// The API group of its kinds.
    pub(crate) group: &'static str,
    /// Files that declare types.
    pub(crate) files: &'static [&'static str],
    /// Served by default, so that upstream's discovery lists its resources.
    pub(crate) served: bool,
}

const fn served(short: &'static str, path: &'static str, group: &'static str) -> PackageSource {
    PackageSource { short, path, group, files: &["types.go"], served: true }
}

const fn known(short: &'static str, path: &'static str, group: &'static str) -> PackageSource {
    PackageSource { served: false, ..served(short, path, group) }
}

/// In the order in which types are numbered.
pub(crate) static PACKAGES: &[PackageSource] = &[
    PackageSource {
        files: &["types.go", "watch.go", "group_version.go"],
        ..known("meta/v1", "k8s.io/apimachinery/pkg/apis/meta/v1", "meta.k8s.io")
    },
    served("core/v1", "k8s.io/api/core/v1", ""),
    served("admissionregistration/v1", "k8s.io/api/admissionregistration/v1", "admissionregistration.k8s.io"),
    PackageSource {
        files: &["types.go", "types_jsonschema.go"],
        ..served("apiextensions/v1", "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1", "apiextensions.k8s.io")
    },
    served("apiregistration/v1", "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1", "apiregistration.k8s.io"),
    served("apps/v1", "k8s.io/api/apps/v1", "apps"),
    served("authentication/v1", "k8s.io/api/authentication/v1", "authentication.k8s.io"),
    served("authorization/v1", "k8s.io/api/authorization/v1", "authorization.k8s.io"),
    served("autoscaling/v1", "k8s.io/api/autoscaling/v1", "autoscaling"),
    served("autoscaling/v2", "k8s.io/api/autoscaling/v2", "autoscaling"),
    served("batch/v1", "k8s.io/api/batch/v1", "batch"),
    served("certificates/v1", "k8s.io/api/certificates/v1", "certificates.k8s.io"),
    served("coordination/v1", "k8s.io/api/coordination/v1", "coordination.k8s.io"),
    served("discovery/v1", "k8s.io/api/discovery/v1", "discovery.k8s.io"),
    served("events/v1", "k8s.io/api/events/v1", "events.k8s.io"),
    served("flowcontrol/v1", "k8s.io/api/flowcontrol/v1", "flowcontrol.apiserver.k8s.io"),
    served("networking/v1", "k8s.io/api/networking/v1", "networking.k8s.io"),
    served("node/v1", "k8s.io/api/node/v1", "node.k8s.io"),
    served("policy/v1", "k8s.io/api/policy/v1", "policy"),
    served("rbac/v1", "k8s.io/api/rbac/v1", "rbac.authorization.k8s.io"),
    served("resource/v1", "k8s.io/api/resource/v1", "resource.k8s.io"),
    served("scheduling/v1", "k8s.io/api/scheduling/v1", "scheduling.k8s.io"),
    served("storage/v1", "k8s.io/api/storage/v1", "storage.k8s.io"),
    served("storagemigration/v1", "k8s.io/api/storagemigration/v1", "storagemigration.k8s.io"),
    known("admission/v1", "k8s.io/api/admission/v1", "admission.k8s.io"),
    known("apidiscovery/v2", "k8s.io/api/apidiscovery/v2", "apidiscovery.k8s.io"),
    // batch/v1 embeds types of it.
    known("scheduling/v1alpha3", "k8s.io/api/scheduling/v1alpha3", "scheduling.k8s.io"),
    known("audit/v1", "k8s.io/apiserver/pkg/apis/audit/v1", "audit.k8s.io"),
    known("metrics/v1beta1", "k8s.io/metrics/pkg/apis/metrics/v1beta1", "metrics.k8s.io"),
];

impl PackageSource {
    /// The version, which is the end of the path.
    pub(crate) fn version(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The prefix of its types' names in OpenAPI: `io.k8s.api.core.v1`.
    pub(crate) fn openapi_prefix(&self) -> String {
        self.path.replacen("k8s.io", "io.k8s", 1).replace('/', ".")
    }

    /// The name of its files: `core_v1`.
    pub(crate) fn file_stem(&self) -> String {
        self.short.replace('/', "_")
    }
}

/// Upstream's sources in a Go module cache.
pub(crate) struct Modules(PathBuf);

impl Modules {
    /// The module cache at `directory`, or else the one that `go env GOMODCACHE` names.
    pub(crate) fn locate(directory: Option<&Path>) -> Result<Modules> {
        if let Some(directory) = directory {
            return Ok(Modules(directory.to_owned()));
        }
        let output = Command::new("go").args(["env", "GOMODCACHE"]).output().context("run go env GOMODCACHE")?;
        let text = String::from_utf8(output.stdout).context("go env GOMODCACHE printed no text")?;
        if text.trim().is_empty() {
            bail!("go env GOMODCACHE named no directory; pass --modules");
        }
        Ok(Modules(PathBuf::from(text.trim())))
    }

    /// The directory of a package by its import path.
    pub(crate) fn package(&self, import_path: &str) -> PathBuf {
        let mut parts = import_path.splitn(3, '/');
        let (host, module, rest) = (parts.next(), parts.next(), parts.next());
        let module = format!("{}@{LIBRARIES_VERSION}", module.unwrap_or_default());
        self.0.join(host.unwrap_or_default()).join(module).join(rest.unwrap_or_default())
    }

    /// A path in upstream's main repository.
    pub(crate) fn kubernetes(&self, path: &str) -> PathBuf {
        self.0.join(format!("k8s.io/kubernetes@{KUBERNETES_VERSION}")).join(path)
    }
}
