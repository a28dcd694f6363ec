//! `configMap`: the data of a ConfigMap as files.

use api::views::ViewList;
use api::views::core_v1::{KeyToPath, Volume};
use async_trait::async_trait;

use super::{
    Context, Error, Mounted, Plugin, atomic_writer,
    atomic_writer::{File, Payload},
    blocking,
};
use crate::objects::{Source, data, missing};

pub(super) struct ConfigMap;

/// Permissions of files when nothing else is said.
pub(super) const DEFAULT_MODE: i64 = 0o644;

/// Which keys of an object become which files.
pub(super) struct Selection<'a> {
    pub(super) source: Source,
    pub(super) name: &'a str,
    pub(super) items: ViewList<'a, KeyToPath<'a>>,
    pub(super) defaults: Defaults,
    pub(super) optional: bool,
}

/// Who may do what with files of which nothing else is said.
#[derive(Clone, Copy)]
pub(super) struct Defaults {
    pub(super) mode: i64,
    pub(super) user: Option<i64>,
}

impl Defaults {
    pub(super) fn new(mode: Option<i64>, user: Option<i64>) -> Defaults {
        Defaults { mode: mode.unwrap_or(DEFAULT_MODE), user }
    }

    /// A file with these, unless it has a mode or a user of its own.
    pub(super) fn file(self, data: Vec<u8>, mode: Option<i64>, user: Option<i64>) -> File {
        let owner = user.or(self.user).and_then(|user| u32::try_from(user).ok());
        File { data, mode: bits(mode.unwrap_or(self.mode)), owner }
    }
}

/// Permission bits out of an API number.
pub(super) fn bits(mode: i64) -> u32 {
    u32::try_from(mode & 0o777).unwrap_or(0)
}

/// Reads the object and adds its files to `payload`.
pub(super) async fn project(
    context: &Context<'_>,
    selection: Selection<'_>,
    payload: &mut Payload,
) -> Result<(), Error> {
    let Selection { source, name, items, defaults, optional } = selection;
    let namespace = context.pod.namespace();
    let Some(object) = context.volumes.objects.get(source, namespace, name).await? else {
        return if optional { Ok(()) } else { Err(Error::Missing(missing(source, name))) };
    };
    let data = data(source, &object);
    if items.is_empty() {
        let files = data.into_iter().map(|(key, data)| (key, defaults.file(data, None, None)));
        payload.extend(files);
        return Ok(());
    }
    for item in items.iter() {
        match data.iter().find(|(key, _)| key == item.key()) {
            Some((_, data)) => {
                let file = defaults.file(data.clone(), item.mode(), item.user());
                payload.insert(item.path().to_owned(), file);
            }
            None if optional => {}
            None => {
                let kind = source.kind().to_lowercase();
                return Err(Error::Missing(format!("{kind} references non-existent {kind} key: {}", item.key())));
            }
        }
    }
    Ok(())
}

/// Writes the files, in memory when they must never reach a disk.
pub(super) async fn write(context: &Context<'_>, payload: Payload, in_memory: bool) -> Result<Mounted, Error> {
    let (directory, group) = (context.directory.clone(), context.fs_group());
    let mounter = context.volumes.mounter.clone();
    blocking(move || {
        std::fs::create_dir_all(&directory).map_err(Error::at("make", &directory))?;
        if in_memory {
            mounter.tmpfs(&directory, None).map_err(Error::at("mount a tmpfs on", &directory))?;
        }
        let mut payload = payload;
        if group.is_some() {
            // The group must be able to read what it owns.
            payload.values_mut().for_each(|file| file.mode |= 0o440);
        }
        atomic_writer::write(&directory, &payload, group).map_err(Error::at("write the files of", &directory))?;
        Ok(Mounted::at(directory))
    })
    .await
}

#[async_trait]
impl Plugin for ConfigMap {
    fn name(&self) -> &'static str {
        "kubernetes.io/configmap"
    }

    fn makes(&self, volume: Volume<'_>) -> bool {
        volume.config_map().is_some()
    }

    async fn set_up(&self, context: &Context<'_>, volume: Volume<'_>) -> Result<Mounted, Error> {
        let Some(source) = volume.config_map() else { return Err(Error::NoPlugin(volume.name().to_owned())) };
        let mut payload = Payload::new();
        let selection = Selection {
            source: Source::ConfigMap,
            name: source.name(),
            items: source.items(),
            defaults: Defaults::new(source.default_mode(), source.default_user()),
            optional: source.optional() == Some(true),
        };
        project(context, selection, &mut payload).await?;
        write(context, payload, false).await
    }
}
