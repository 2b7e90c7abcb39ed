//! Where a search goes on. Offsets shift while assets change: a scan in order of modification moves
//! its lower bound along instead, so that an asset which is changed during the scan is seen again at
//! its end and pushes nobody else out of sight.

use forebay_sdk::assets::SortBy;
use forebay_sdk::time;
use serde::{Deserialize, Serialize};

use crate::wire::{Content, Page};

/// Position of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Results to pass over.
    pub(crate) start: u64,
    /// Lower bound of the modification time, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from_second: Option<i64>,
    /// How many there were in all when the search began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

impl Position {
    /// Where the search goes on after a page; absent at its end.
    pub(crate) fn after(self, page: &Page, limit: u32, sort: SortBy) -> Option<Self> {
        if !page.more(self.start, limit) {
            return None;
        }
        let found = page.found.and_then(|found| u64::try_from(found).ok());
        let total = self.total.or(found);
        let counted = Self {
            start: self.start + page.results.len() as u64,
            total,
            ..self
        };
        let seconds: Vec<i64> = page.results.iter().map(second).collect();
        let in_order = seconds.is_sorted();
        match seconds.last() {
            Some(&last)
                if sort == SortBy::ModifiedAscending
                    && in_order
                    && Some(last) > self.from_second =>
            {
                // Those of the last second are passed over again.
                let of_last = seconds.iter().rev().take_while(|at| **at == last).count();
                Some(Self {
                    start: of_last as u64,
                    from_second: Some(last),
                    total,
                })
            }
            _ => Some(counted),
        }
    }
}

fn second(content: &Content) -> i64 {
    content.modified_at().div_euclid(time::SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(times: &[&str], found: i64) -> Page {
        let result = |time: &&str| Content {
            time: (*time).to_owned(),
            ..Content::default()
        };
        Page {
            results: times.iter().map(result).collect(),
            found: Some(found),
        }
    }

    #[test]
    fn a_scan_by_modification_moves_its_bound_and_others_count() {
        let first = page(
            &[
                "20260101000000000",
                "20260101000001000",
                "20260101000001500",
            ],
            9,
        );
        let begin = Position::default();
        let next = begin.after(&first, 3, SortBy::ModifiedAscending).unwrap();
        assert_eq!(
            (next.start, next.total),
            (2, Some(9)),
            "two of the last second"
        );
        assert!(next.from_second.is_some());
        let counted = begin.after(&first, 3, SortBy::NameAscending).unwrap();
        assert_eq!((counted.start, counted.from_second), (3, None));
    }

    #[test]
    fn within_one_second_and_without_order_it_counts() {
        let same = page(&["20260101000001000", "20260101000001500"], 9);
        let begin = Position::default();
        let next = begin.after(&same, 2, SortBy::ModifiedAscending).unwrap();
        let again = next.after(&same, 2, SortBy::ModifiedAscending).unwrap();
        assert_eq!((next.start, again.start), (2, 4));
        assert_eq!(next.from_second, again.from_second);
        let unordered = page(&["20260102000000000", "20260101000001500"], 9);
        let next = begin
            .after(&unordered, 2, SortBy::ModifiedAscending)
            .unwrap();
        assert_eq!((next.start, next.from_second), (2, None));
    }

    #[test]
    fn it_ends_where_all_were_found() {
        let last = page(&["20260101000001000"], 1);
        assert_eq!(
            Position::default().after(&last, 2, SortBy::ModifiedAscending),
            None
        );
    }
}
