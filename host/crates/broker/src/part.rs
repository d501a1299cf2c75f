//! A part of a list in the making. Policy decides row by row what a caller sees, so rows are read until the part is full, they are
//! at an end, or enough were read: whoever sees little must not keep the store busy for long.

use std::str::FromStr;

use hallpass_domain::name::NameError;

use crate::error::BrokerError;
use crate::views::{Page, Part};

/// Rows that are read at once. Between two batches others get at the store.
const BATCH: usize = 100;
/// Rows that are read for one part.
const MOST_READ: usize = 1_000;

/// What was kept so far, and where reading goes on.
pub(crate) struct Filling<I, T> {
    after: Option<I>,
    size: usize,
    left: usize,
    /// Rows of the last batch that were not passed yet, once no batch follows it.
    unread: Option<usize>,
    items: Vec<T>,
}

impl<I: Clone + ToString + FromStr<Err = NameError>, T> Filling<I, T> {
    pub(crate) fn new(page: &Page) -> Result<Self, BrokerError> {
        Ok(Self { after: page.cursor()?, size: page.rows() as usize, left: MOST_READ, unread: None, items: Vec::new() })
    }

    /// The row after which the next batch begins and how many rows it has, if one is needed.
    pub(crate) fn next(&self) -> Option<(Option<I>, u32)> {
        let wanted = !self.is_full() && self.left > 0 && self.unread.is_none();
        wanted.then(|| (self.after.clone(), u32::try_from(self.batch()).unwrap_or(u32::MAX)))
    }

    fn batch(&self) -> usize {
        BATCH.min(self.left)
    }

    /// Notes how many rows came.
    pub(crate) fn came(&mut self, rows: usize) {
        self.unread = (rows < self.batch()).then_some(rows);
    }

    /// Notes that this row is looked at; `false` when the part is full.
    pub(crate) fn pass(&mut self, id: &I) -> bool {
        if self.is_full() {
            return false;
        }
        self.after = Some(id.clone());
        self.left = self.left.saturating_sub(1);
        self.unread = self.unread.map(|n| n.saturating_sub(1));
        true
    }

    pub(crate) fn keep(&mut self, item: T) {
        self.items.push(item);
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.size
    }

    pub(crate) fn finish(self) -> Part<T> {
        let next = if self.unread == Some(0) { None } else { self.after.map(|id| id.to_string()) };
        Part { items: self.items, next }
    }
}

#[cfg(test)]
mod tests {
    use hallpass_domain::Timestamp;
    use hallpass_domain::ids::RequestId;
    use hallpass_domain::rng::SeededRng;

    use super::*;

    /// Lists the even ones of `rows` rows in parts of `limit`; the parts' lengths, and what they held.
    fn list(rows: usize, limit: u32) -> (Vec<usize>, Vec<usize>) {
        let rng = SeededRng::new(1);
        let ids: Vec<RequestId> = (0..rows).map(|n| RequestId::new(Timestamp(i64::try_from(n).unwrap() * 1_000), &rng).unwrap()).collect();
        let (mut lengths, mut seen, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let mut part = Filling::new(&Page { after, limit }).unwrap();
            while let Some((after, most)) = part.next() {
                let from = after.map_or(0, |id: RequestId| ids.iter().position(|i| *i == id).unwrap() + 1);
                let batch: Vec<usize> = (from..rows).take(most as usize).collect();
                part.came(batch.len());
                for n in batch {
                    if !part.pass(&ids[n]) {
                        break;
                    }
                    if n % 2 == 0 {
                        part.keep(n);
                    }
                }
            }
            let part = part.finish();
            lengths.push(part.items.len());
            seen.extend(part.items);
            after = part.next;
            if after.is_none() {
                return (lengths, seen);
            }
        }
    }

    #[test]
    fn every_row_comes_once_however_the_parts_fall() {
        for rows in [0, 1, 2, 99, 100, 101, 199, 200, 201, 1_001, 2_500] {
            for limit in [1, 2, 50, 100, 500] {
                let (_, seen) = list(rows, limit);
                assert_eq!(seen, (0..rows).filter(|n| n % 2 == 0).collect::<Vec<_>>(), "{rows} rows in parts of {limit}");
            }
        }
    }

    #[test]
    fn no_part_reads_more_than_its_share() {
        let (lengths, _) = list(2_500, 1_000);
        assert_eq!(lengths, [500, 500, 250], "1,000 rows each");
    }
}
