//! Pages and conditions of lists.

use rusqlite::types::Value;

use crate::query::{Page, PageRequest};
use crate::{Error, Result};

/// Entries of a page when the caller does not say.
const DEFAULT_PAGE: u32 = 50;

/// Most entries of a page: what a client can want at once, and little enough to hold in memory.
const LARGEST_PAGE: u32 = 500;

/// How many entries this page may have.
pub(super) fn limit_of(page: &PageRequest) -> u32 {
    if page.limit == 0 {
        DEFAULT_PAGE
    } else {
        page.limit.min(LARGEST_PAGE)
    }
}

/// The number the page before ended with.
pub(super) fn position(page: &PageRequest) -> Result<Option<u64>> {
    let Some(cursor) = &page.cursor else {
        return Ok(None);
    };
    cursor
        .parse()
        .map(Some)
        .map_err(|_| Error::Refused(format!("`{cursor}` is not a cursor this store gave out")))
}

/// A page of at most `limit` of these numbered entries; one more than `limit` tells of a next page.
pub(super) fn numbered_page<T>(mut numbered: Vec<(u64, T)>, limit: u32) -> Page<T> {
    let limit = limit as usize;
    let more = numbered.len() > limit;
    numbered.truncate(limit);
    let next = numbered
        .last()
        .filter(|_| more)
        .map(|(number, _)| number.to_string());
    Page {
        items: numbered.into_iter().map(|(_, item)| item).collect(),
        next,
    }
}

/// Conditions of a query whose shape depends on what is asked for.
#[derive(Default)]
pub(super) struct Conditions {
    terms: Vec<String>,
    /// Values of the placeholders, in order.
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// Add a condition; `?` in it stands for the value.
    pub(super) fn add(&mut self, term: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.terms
            .push(term.replace('?', &format!("?{}", self.values.len())));
    }

    /// Add a condition without a value.
    pub(super) fn add_fixed(&mut self, term: &str) {
        self.terms.push(term.to_owned());
    }

    /// The `WHERE` clause, empty without conditions.
    pub(super) fn clause(&self) -> String {
        if self.terms.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.terms.join(" AND "))
        }
    }
}
