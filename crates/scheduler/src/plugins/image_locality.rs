//! Prefers nodes that hold a pod's images, the more so the larger they are and the more nodes hold them.

use apimachinery::Str;

use super::Descriptor;
use crate::{
    cache::{Cache, NodeInfo},
    framework::{Cycle, MAX_NODE_SCORE, NodeScore, Plugin},
};

const MEGABYTE: i64 = 1024 * 1024;
/// Less than this, in bytes, is as good as nothing.
const MIN_BYTES: i64 = 23 * MEGABYTE;
/// More than this per image, in bytes, is as good as this.
const MAX_BYTES_PER_IMAGE: i64 = 1000 * MEGABYTE;

pub(super) const DESCRIPTOR: Descriptor =
    Descriptor { name: "ImageLocality", weight: 1, make: |_| Box::new(ImageLocality) };

struct ImageLocality;

struct Images<'c> {
    images: &'c [Str],
    cache: &'c Cache,
}

impl NodeScore for Images<'_> {
    fn score(&self, node: &NodeInfo) -> i64 {
        let nodes = self.cache.nodes_total() as f64;
        let mut sum = 0;
        for image in self.images {
            if let Ok(index) = node.images.binary_search_by(|(name, _)| name.cmp(image)) {
                let spread = f64::from(self.cache.image_nodes(image)) / nodes;
                sum += (node.images[index].1 as f64 * spread) as i64;
            }
        }
        let most = MAX_BYTES_PER_IMAGE * self.images.len() as i64;
        MAX_NODE_SCORE * (sum.clamp(MIN_BYTES, most) - MIN_BYTES) / (most - MIN_BYTES)
    }
}

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        DESCRIPTOR.name
    }

    fn pre_score<'c>(&'c self, cycle: Cycle<'c>, _nodes: &[u32]) -> Option<Box<dyn NodeScore + 'c>> {
        let (images, cache) = (cycle.pod.wishes().images.as_slice(), cycle.cache);
        // Where no node holds any of them, all nodes are equal.
        let held = images.iter().any(|image| cache.image_nodes(image) > 0);
        held.then(|| Box::new(Images { images, cache }) as Box<dyn NodeScore>)
    }
}
