//! `k8s.io/api/storagemigration/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct StorageVersionMigration<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageVersionMigration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageVersionMigration(map_of(value))
    }
}

impl<'a> StorageVersionMigration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageVersionMigration(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> StorageVersionMigrationSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> StorageVersionMigrationStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageVersionMigrationSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageVersionMigrationSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageVersionMigrationSpec(map_of(value))
    }
}

impl<'a> StorageVersionMigrationSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageVersionMigrationSpec(map_of(value))
    }
    #[inline]
    pub fn resource(self) -> views::meta_v1::GroupResource<'a> {
        bare(self.0, "resource")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageVersionMigrationStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageVersionMigrationStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageVersionMigrationStatus(map_of(value))
    }
}

impl<'a> StorageVersionMigrationStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageVersionMigrationStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageVersionMigrationList<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageVersionMigrationList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageVersionMigrationList(map_of(value))
    }
}

impl<'a> StorageVersionMigrationList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageVersionMigrationList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, StorageVersionMigration<'a>> {
        bare(self.0, "items")
    }
}
