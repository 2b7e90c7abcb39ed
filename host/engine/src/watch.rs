//! The watchdog: runs that should move and do not are never silently stuck.
//!
//! A run is stalled if something of it has been due for longer than
//! [`stalled_after`](crate::Options::stalled_after): an inbox item, a retry, a lease that nobody
//! renews, a timer. A run that is parked or paused, or waits for the health of a connection, is not:
//! those say themselves what they wait for.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use forebay_model::run::Run;
use forebay_model::{RunId, Timestamp};
use forebay_store::query::{PageRequest, RunFilter};

use crate::Result;
use crate::core::Core;

/// Stalled runs that are looked at and told of in a round. Where there are more, the number alone
/// says enough, and nobody would read their names.
const TOLD: u32 = 100;

/// Runs that were told of as stalled, so that each is told of once.
#[derive(Debug, Default)]
pub(crate) struct Stuck {
    runs: BTreeSet<RunId>,
}

impl Core {
    /// Since when something must have been due for its run to count as stalled now.
    #[must_use]
    pub fn stalled_since(&self) -> Timestamp {
        self.clock.now().minus(self.options.stalled_after)
    }

    /// Look for stalled runs and tell of them, in the log and the metric `forebay_runs_stalled`;
    /// returns the newest of them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn watch_progress(&self) -> Result<Vec<Run>> {
        let filter = RunFilter {
            stalled_since: Some(self.stalled_since()),
            ..RunFilter::default()
        };
        let page = PageRequest {
            cursor: None,
            limit: TOLD,
        };
        let stalled = self.store.runs(filter, page).await?.items;
        metrics::gauge!("forebay_runs_stalled").set(u32::try_from(stalled.len()).unwrap_or(TOLD));
        let now: BTreeSet<RunId> = stalled.iter().map(|run| run.id.clone()).collect();
        let before = {
            let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut stuck.runs, now.clone())
        };
        for run in stalled.iter().filter(|run| !before.contains(&run.id)) {
            tracing::error!(run = %run.id, flow = %run.flow, state = run.state.as_str(),
                last_error = run.last_error, "stalled: what is due for this run is not done");
        }
        for run in before.difference(&now) {
            tracing::info!(%run, "no longer stalled");
        }
        Ok(stalled)
    }
}
