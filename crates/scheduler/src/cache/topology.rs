//! Labels of nodes as small numbers, so that counting by topology is counting in an array.

use apimachinery::{Map, Str};

use super::Table;

/// A label of a node: which key, which value.
pub(super) type LabelIds = Vec<(u32, u32)>;

#[derive(Debug, Default)]
struct Key {
    key: Str,
    values: Table<Str, u32>,
    /// How many nodes have each value.
    nodes: Vec<u32>,
    free: Vec<u32>,
}

/// The label keys and values that nodes carry; what no node carries any longer is forgotten.
#[derive(Debug, Default)]
pub struct Topology {
    keys: Vec<Key>,
    by_name: Table<Str, u32>,
    free: Vec<u32>,
}

impl Topology {
    /// The number of a label key; `None` when no node has it.
    pub fn key(&self, key: &str) -> Option<u32> {
        self.by_name.get(key).copied()
    }

    /// One more than the largest number of a value of this key.
    pub fn values_limit(&self, key: u32) -> usize {
        self.keys[key as usize].nodes.len()
    }

    /// Numbers the labels of a node, in key order.
    pub(super) fn add(&mut self, labels: &Map) -> LabelIds {
        let mut ids: LabelIds = labels.iter().map(|(key, value)| self.add_one(key, value.as_str())).collect();
        ids.sort_unstable();
        ids
    }

    fn add_one(&mut self, key: &Str, value: Option<&str>) -> (u32, u32) {
        let key_id = match self.by_name.get(key.as_str()) {
            Some(id) => *id,
            None => {
                let id = self.free.pop().unwrap_or_else(|| {
                    self.keys.push(Key::default());
                    self.keys.len() as u32 - 1
                });
                self.keys[id as usize].key = key.clone();
                self.by_name.insert(key.clone(), id);
                id
            }
        };
        let entry = &mut self.keys[key_id as usize];
        let value: Str = value.unwrap_or_default().into();
        let id = *entry.values.entry(value).or_insert_with(|| {
            entry.free.pop().unwrap_or_else(|| {
                entry.nodes.push(0);
                entry.nodes.len() as u32 - 1
            })
        });
        entry.nodes[id as usize] += 1;
        (key_id, id)
    }

    /// Takes back what [`Topology::add`] gave for the same labels.
    pub(super) fn remove(&mut self, labels: &Map, ids: &LabelIds) {
        for (key, value) in labels.iter() {
            let Some(key_id) = self.key(key) else { continue };
            let Ok(index) = ids.binary_search_by_key(&key_id, |(key, _)| *key) else { continue };
            let entry = &mut self.keys[key_id as usize];
            let id = ids[index].1;
            entry.nodes[id as usize] -= 1;
            if entry.nodes[id as usize] == 0 {
                entry.values.remove(value.as_str().unwrap_or_default());
                entry.free.push(id);
            }
            if entry.values.is_empty() {
                *entry = Key::default();
                self.by_name.remove(key.as_str());
                self.free.push(key_id);
            }
        }
    }
}
