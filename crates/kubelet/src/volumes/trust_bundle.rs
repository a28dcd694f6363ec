//! `clusterTrustBundle`, a source of projected volumes: trust anchors as one file.

use api::views::core_v1::ClusterTrustBundleProjection;
use apimachinery::{Map, labels::Selector};

use super::{Context, Error};

/// The anchors that a source selects, each once; nothing when none is there and none must be.
pub(super) async fn read(context: &Context<'_>, source: ClusterTrustBundleProjection<'_>) -> Result<String, Error> {
    let optional = source.optional() == Some(true);
    let objects = &context.volumes.objects;
    let (found, missing) = match (source.name(), source.signer_name()) {
        (Some(name), _) => {
            let missing =
                format!("while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io {name:?} not found");
            (objects.trust_bundle(name).await?.into_iter().collect(), missing)
        }
        (None, Some(signer)) => {
            let selector = source.label_selector().map(|selector| selector.0.clone().into());
            let selector = Selector::from_label_selector(selector.as_ref());
            let selector =
                selector.map_err(|error| Error::Missing(format!("while parsing label selector: {error}")))?;
            let mut found = objects.trust_bundles(signer).await?;
            let none = Map::new();
            found.retain(|bundle| selector.matches(bundle.map_at(&["metadata", "labels"]).unwrap_or(&none)));
            (found, "combination of signerName and labelSelector matched zero ClusterTrustBundles".to_owned())
        }
        (None, None) => {
            let problem = "ClusterTrustBundle projection requires either name or signerName to be set";
            return Err(Error::Unsupported(problem.to_owned()));
        }
    };
    if found.is_empty() && !optional {
        return Err(Error::Missing(missing));
    }
    let bundles = found.iter().map(|bundle| bundle.spec().str_at("trustBundle").unwrap_or_default());
    Ok(pki::trust_anchors::merge(bundles))
}
