//! Lists.

use forebay_store::Error as StoreError;
use forebay_store::query::{Page as StorePage, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Problem, Result};

/// Most entries of a page; the store goes no further.
const LONGEST_PAGE: u32 = 500;

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The entries.
    items: Vec<T>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

impl<T> Page<T> {
    /// The store's answer to a list request. What it refuses there is the cursor.
    pub(crate) fn of<S>(answer: forebay_store::Result<StorePage<S>>) -> Result<Self>
    where
        T: From<S>,
    {
        let page = answer.map_err(|error| match error {
            StoreError::Refused(reason) => Problem::malformed(format!("query `cursor`: {reason}")),
            error => error.into(),
        })?;
        Ok(Self {
            items: page.items.into_iter().map(T::from).collect(),
            next: page.next,
        })
    }
}

/// A complete list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            items: items.into_iter().collect(),
        }
    }
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

impl PageQuery {
    pub(crate) fn request(self) -> Result<PageRequest> {
        page_request(self.cursor, self.limit)
    }
}

/// The page that a query asks for.
pub(crate) fn page_request(cursor: Option<String>, limit: Option<u32>) -> Result<PageRequest> {
    match limit {
        Some(limit) if limit == 0 || limit > LONGEST_PAGE => Err(Problem::malformed(format!(
            "query `limit`: from 1 to {LONGEST_PAGE}"
        ))),
        _ => Ok(PageRequest {
            cursor,
            limit: limit.unwrap_or(0),
        }),
    }
}
