//! What an informer knows: objects by key, and by the values of named indexes.

use std::{collections::BTreeMap, sync::Arc};

use apimachinery::{Object, Str};
use parking_lot::RwLock;

/// The values under which an object stands in an index.
pub type IndexFunction = fn(&Object) -> Vec<Str>;

type Objects = BTreeMap<Str, Arc<Object>>;

struct Index {
    function: IndexFunction,
    objects: BTreeMap<Str, Objects>,
}

impl Index {
    fn insert(&mut self, key: &Str, object: &Arc<Object>) {
        for value in (self.function)(object) {
            self.objects.entry(value).or_default().insert(key.clone(), object.clone());
        }
    }

    fn remove(&mut self, key: &Str, object: &Object) {
        for value in (self.function)(object) {
            if let Some(objects) = self.objects.get_mut(&value) {
                objects.remove(key);
                if objects.is_empty() {
                    self.objects.remove(&value);
                }
            }
        }
    }
}

#[derive(Default)]
struct Contents {
    objects: Objects,
    indexes: BTreeMap<&'static str, Index>,
}

/// Objects in key order, with indexes. Reads take a lock for the time of a copy of pointers.
#[derive(Default)]
pub(super) struct Store {
    contents: RwLock<Contents>,
}

impl Store {
    pub(super) fn add_index(&self, name: &'static str, function: IndexFunction) {
        let mut contents = self.contents.write();
        if contents.indexes.contains_key(name) {
            return;
        }
        let mut index = Index { function, objects: BTreeMap::new() };
        for (key, object) in &contents.objects {
            index.insert(key, object);
        }
        contents.indexes.insert(name, index);
    }

    pub(super) fn insert(&self, key: Str, object: Arc<Object>) -> Option<Arc<Object>> {
        let mut contents = self.contents.write();
        let old = contents.objects.insert(key.clone(), object.clone());
        for index in contents.indexes.values_mut() {
            if let Some(old) = &old {
                index.remove(&key, old);
            }
            index.insert(&key, &object);
        }
        old
    }

    /// Packs the objects: inserts in key order leave each node of the tree about half full.
    pub(super) fn make_dense(&self) {
        let mut contents = self.contents.write();
        contents.objects = std::mem::take(&mut contents.objects).into_iter().collect();
    }

    pub(super) fn remove(&self, key: &str) -> Option<Arc<Object>> {
        let mut contents = self.contents.write();
        let (key, old) = contents.objects.remove_entry(key)?;
        for index in contents.indexes.values_mut() {
            index.remove(&key, &old);
        }
        Some(old)
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<Object>> {
        self.contents.read().objects.get(key).cloned()
    }

    pub(super) fn len(&self) -> usize {
        self.contents.read().objects.len()
    }

    pub(super) fn keys(&self) -> Vec<Str> {
        self.contents.read().objects.keys().cloned().collect()
    }

    pub(super) fn list(&self) -> Vec<Arc<Object>> {
        self.contents.read().objects.values().cloned().collect()
    }

    pub(super) fn list_namespace(&self, namespace: &str) -> Vec<Arc<Object>> {
        let prefix = format!("{namespace}/");
        let contents = self.contents.read();
        let from = contents.objects.range(Str::from(prefix.as_str())..);
        from.take_while(|(key, _)| key.starts_with(&prefix)).map(|(_, object)| object.clone()).collect()
    }

    pub(super) fn by_index(&self, name: &str, value: &str) -> Vec<Arc<Object>> {
        let contents = self.contents.read();
        let objects = contents.indexes.get(name).and_then(|index| index.objects.get(value));
        objects.map(|objects| objects.values().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn narrowest_by_index(&self, name: &str, values: &[Str]) -> Vec<Arc<Object>> {
        let contents = self.contents.read();
        let Some(index) = contents.indexes.get(name) else { return Vec::new() };
        let with = values.iter().map(|value| index.objects.get(value));
        let narrowest = with.min_by_key(|objects| objects.map_or(0, Objects::len)).flatten();
        narrowest.map(|objects| objects.values().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    fn pod(name: &str, node: &str) -> Arc<Object> {
        Arc::new(Object(value!({"metadata": {"namespace": "a", "name": name}, "spec": {"nodeName": node}})))
    }

    fn names(objects: &[Arc<Object>]) -> Vec<&str> {
        objects.iter().map(|object| object.name()).collect()
    }

    #[test]
    fn indexes_follow_changes_and_may_come_late() {
        let store = Store::default();
        store.insert("a/x".into(), pod("x", "n1"));
        store.add_index("node", |pod| vec![pod.spec().str_at("nodeName").unwrap_or_default().into()]);
        store.insert("a/y".into(), pod("y", "n1"));
        assert_eq!(names(&store.by_index("node", "n1")), ["x", "y"]);
        store.insert("a/x".into(), pod("x", "n2"));
        store.remove("a/y");
        assert_eq!(names(&store.by_index("node", "n1")), [""; 0]);
        assert_eq!(names(&store.by_index("node", "n2")), ["x"]);
        assert_eq!(names(&store.list_namespace("a")), ["x"]);
        assert_eq!(names(&store.list_namespace("aa")), [""; 0]);
    }

    #[test]
    fn of_several_values_the_rarest_is_looked_up() {
        let store = Store::default();
        store.add_index("node", |pod| vec![pod.spec().str_at("nodeName").unwrap_or_default().into()]);
        for (name, node) in [("x", "n1"), ("y", "n1"), ("z", "n2")] {
            store.insert(format!("a/{name}").into(), pod(name, node));
        }
        let narrowest = |values: &[&str]| {
            let values: Vec<Str> = values.iter().copied().map(Str::from).collect();
            names(&store.narrowest_by_index("node", &values)).join(" ")
        };
        assert_eq!(narrowest(&["n1"]), "x y");
        assert_eq!(narrowest(&["n1", "n2"]), "z");
        assert_eq!(narrowest(&["n1", "unknown"]), "");
        assert_eq!(narrowest(&[]), "");
    }
}
