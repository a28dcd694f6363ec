//! Sets of completion indexes, in the form `1,3-5,7`.

use std::fmt;

/// Disjoint intervals in order, ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(Vec<(i64, i64)>);

impl Indexes {
    /// Reads the text; numbers of `limit` and above are left out.
    pub(super) fn parse(text: &str, limit: i64) -> Indexes {
        let interval = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first < limit).then_some((first, last.min(limit - 1)))
        };
        Indexes(text.split(',').filter_map(interval).collect()).normalized()
    }

    fn normalized(mut self) -> Indexes {
        self.0.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(self.0.len());
        for (first, last) in self.0 {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Indexes(merged)
    }

    pub(super) fn with(&self, added: impl IntoIterator<Item = i64>) -> Indexes {
        let mut all = self.0.clone();
        all.extend(added.into_iter().map(|index| (index, index)));
        Indexes(all).normalized()
    }

    pub(super) fn contains(&self, index: i64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= index);
        after > 0 && self.0[after - 1].1 >= index
    }

    pub(super) fn total(&self) -> i64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, (first, last)) in self.0.iter().enumerate() {
            formatter.write_str(if count > 0 { "," } else { "" })?;
            match last - first {
                0 => write!(formatter, "{first}")?,
                // Two neighbours are not a range.
                1 => write!(formatter, "{first},{last}")?,
                _ => write!(formatter, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_read_and_print() {
        let indexes = Indexes::parse("1,3-5,9", 9);
        assert_eq!((indexes.to_string().as_str(), indexes.total()), ("1,3-5", 4));
        assert_eq!(indexes.with([2, 7, 8]).to_string(), "1-5,7,8");
        assert!(indexes.contains(4) && !indexes.contains(2) && !indexes.contains(9));
        assert_eq!(Indexes::parse("", 5), Indexes::default());
    }
}
