//! Names and what is known of them.
//!
//! Every owner (a service, a namespace) contributes names, some with records, some that merely exist. A name
//! also exists when another lies below it. Both are counted, so that "no such name" and "no such record" are
//! told apart by one lookup.

use std::collections::HashMap;

use apimachinery::Str;

use crate::wire::Data;

/// A name and what it says; `None` when it merely exists.
pub type Contribution = (Str, Option<Data>);

#[derive(Debug, Default)]
struct Entry {
    records: Vec<(Str, Data)>,
    /// How many contributions are for this name or for names below it.
    contributions: usize,
}

/// What a lookup found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// The name has records of some type.
    Records(Vec<&'a Data>),
    /// The name exists, without records.
    Exists,
    /// There is no such name.
    Absent,
}

/// The index.
#[derive(Debug, Default)]
pub struct Index {
    entries: HashMap<Str, Entry>,
    owners: HashMap<Str, Vec<Contribution>>,
}

fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
}

impl Index {
    /// Replaces what `owner` contributes.
    pub fn set(&mut self, owner: &str, contributions: Vec<Contribution>) {
        if self.owners.get(owner).map_or(&[][..], Vec::as_slice) == contributions.as_slice() {
            return;
        }
        for (name, data) in self.owners.remove(owner).unwrap_or_default() {
            self.withdraw(owner, &name, data.as_ref());
        }
        for (name, data) in &contributions {
            for ancestor in ancestors(name) {
                match self.entries.get_mut(ancestor) {
                    Some(entry) => entry.contributions += 1,
                    None => {
                        self.entries.insert(ancestor.into(), Entry { contributions: 1, ..Entry::default() });
                    }
                }
            }
            if let (Some(data), Some(entry)) = (data, self.entries.get_mut(name)) {
                entry.records.push((owner.into(), data.clone()));
            }
        }
        if !contributions.is_empty() {
            self.owners.insert(owner.into(), contributions);
        }
    }

    fn withdraw(&mut self, owner: &str, name: &str, data: Option<&Data>) {
        if let (Some(data), Some(entry)) = (data, self.entries.get_mut(name)) {
            let position = entry.records.iter().position(|(holder, held)| holder == owner && held == data);
            if let Some(position) = position {
                entry.records.remove(position);
            }
        }
        for ancestor in ancestors(name) {
            if let Some(entry) = self.entries.get_mut(ancestor) {
                entry.contributions -= 1;
                if entry.contributions == 0 {
                    self.entries.remove(ancestor);
                }
            }
        }
    }

    /// What is known of `name`, which is in lower case.
    pub fn find(&self, name: &str) -> Found<'_> {
        match self.entries.get(name) {
            None => Found::Absent,
            Some(entry) if entry.records.is_empty() => Found::Exists,
            Some(entry) => Found::Records(entry.records.iter().map(|(_, data)| data).collect()),
        }
    }

    /// Owners that contribute something.
    pub fn owners(&self) -> impl Iterator<Item = &Str> {
        self.owners.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_exists_while_something_lies_below_it() {
        let mut index = Index::default();
        let record = Data::A([10, 0, 0, 1].into());
        index.set("one", vec![("web.a.svc".into(), Some(record.clone()))]);
        index.set("two", vec![("a.svc".into(), None), ("web.a.svc".into(), Some(record.clone()))]);
        assert_eq!(index.find("web.a.svc"), Found::Records(vec![&record, &record]));
        assert_eq!(index.find("svc"), Found::Exists);
        assert_eq!(index.find("b.svc"), Found::Absent);
        index.set("one", vec![]);
        assert_eq!(index.find("web.a.svc"), Found::Records(vec![&record]));
        index.set("two", vec![]);
        assert_eq!(index.find("svc"), Found::Absent);
        assert_eq!(index.entries.len(), 0);
    }
}
