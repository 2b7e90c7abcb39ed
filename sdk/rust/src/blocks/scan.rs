//! A scan: a run that walks through the results of a search, a page per activation. Its place in the
//! results is part of its state, so an interrupted scan goes on where it was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capability::assets::{Asset, Query};
use crate::handler::Cx;
use crate::types::Error;

/// How far a scan has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scan {
    /// Token of the next page.
    pub page: Option<String>,
    /// Assets looked at.
    pub seen: u64,
    /// Runs started for them.
    pub started: u64,
    /// Are there no more pages?
    pub finished: bool,
}

impl Scan {
    /// The next page. Sort by name or another order that does not change while runs change assets.
    ///
    /// # Errors
    /// Those of `asset-source.search`.
    pub fn next_page(&mut self, cx: &Cx, query: &Query) -> Result<Vec<Asset>, Error> {
        if self.finished {
            return Ok(Vec::new());
        }
        let query = Query {
            page: self.page.clone(),
            ..query.clone()
        };
        let found = cx.assets().search(&query)?;
        self.seen += found.assets.len() as u64;
        self.finished = found.next.is_none();
        self.page = found.next;
        if let Some(total) = found.total {
            cx.progress(self.seen, total);
        }
        Ok(found.assets)
    }
}
