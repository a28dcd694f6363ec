//! Where the cluster's objects are kept, and how: the flags of `sagong up` that are about the store.

use std::sync::Arc;

use anyhow::Context;

use crate::{directories::Directories, embedded_options::EmbeddedOptions, scheduled_backups::BackupFlags};

/// The flags about the store.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreOptions {
    #[command(flatten)]
    pub(crate) backups: BackupFlags,
    #[command(flatten)]
    embedded: EmbeddedOptions,
}

impl StoreOptions {
    /// Opens the store that the flags name.
    pub(crate) fn open(&self, directories: &Directories) -> anyhow::Result<Arc<dyn store::Engine>> {
        let place = directories.store();
        let engine = store::embedded::open(&place, self.embedded.engine_options()?);
        let advice = match &engine {
            Err(error) if error.is_damage() => {
                "; `sagong store verify --repair` says what is damaged and what can be saved, or restore a backup"
            }
            _ => "",
        };
        Ok(engine.with_context(|| format!("cannot open the store in {}{advice}", place.display()))?)
    }
}
