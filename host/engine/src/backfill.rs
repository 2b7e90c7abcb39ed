//! Backfills: bringing a flow what happened before it was there (rule C-07).
//!
//! The connections that the flow listens to are read again from a time on, with a cursor of the
//! backfill's own. First everything is only counted; after somebody has confirmed the number, the
//! same pages are kept for the flow and routed to it like events that came while it was switched
//! off, at a bounded rate. Other flows see none of it.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_model::audit::AuditEntry;
use forebay_model::flow::RetryPolicy;
use forebay_model::{FlowName, Timestamp};
use forebay_store::triggers::{Backfill, BackfillState, Counted};
use serde_json::json;

use crate::core::Core;
use crate::topology::LiveFlow;
use crate::{Error, Result, backoff};

/// How a page that cannot be read is tried again: unhurriedly, because nobody waits for it.
const PAGE_POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(5),
    maximum: Duration::from_secs(300),
    budget: Duration::MAX,
};

/// Counts under way: business keys seen so far. A host that starts again counts again.
pub(crate) type Counts = BTreeMap<FlowName, (Timestamp, BTreeSet<String>)>;

/// What somebody wants of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillStep {
    /// Count what it would do; from the beginning without a time.
    Count(Option<Timestamp>),
    /// Do what was counted.
    Confirm,
    /// End it. What was handed over stays.
    Cancel,
}

impl Core {
    /// Count, confirm or cancel the backfill of a flow; audited.
    ///
    /// # Errors
    /// [`Error::Refused`] if the backfill does not stand where this step could be made from.
    pub async fn step_backfill(
        &self,
        flow: &FlowName,
        step: BackfillStep,
        actor: String,
    ) -> Result<Backfill> {
        let live = self.flow(flow)?;
        let now = self.clock.now();
        let before = self.store.backfill(flow).await?;
        let mut after = match (step, before) {
            (BackfillStep::Count(_), Some(before)) if before.state.is_live() => {
                let message = "a backfill of this flow is under way; cancel it first";
                return Err(Error::Refused(message.to_owned()));
            }
            (BackfillStep::Count(since), before) => {
                if self.sources(&live).is_empty() {
                    let message = format!("{flow} listens to no connection that can be polled");
                    return Err(Error::Refused(message));
                }
                self.counts().remove(flow);
                fresh(flow, since.unwrap_or_default(), before, now)
            }
            (BackfillStep::Confirm, Some(before)) if before.state == BackfillState::Counted => {
                Backfill {
                    state: BackfillState::Running,
                    ..rewound(before)
                }
            }
            (BackfillStep::Confirm, _) => {
                let message = "nothing was counted that could be confirmed";
                return Err(Error::Refused(message.to_owned()));
            }
            (BackfillStep::Cancel, Some(before))
                if before.state.is_live() || before.state == BackfillState::Counted =>
            {
                Backfill {
                    state: BackfillState::Cancelled,
                    ..before
                }
            }
            (BackfillStep::Cancel, _) => {
                let message = "there is no backfill of this flow to cancel";
                return Err(Error::Refused(message.to_owned()));
            }
        };
        after.revision = after.revision.saturating_add(1);
        after.updated_at = now;
        after.next_at = now;
        let action = match step {
            BackfillStep::Count(_) => "operator.backfill-count",
            BackfillStep::Confirm => "operator.backfill-confirm",
            BackfillStep::Cancel => "operator.backfill-cancel",
        };
        let audit = audit(&after, actor, action, now);
        let saved = self
            .store
            .save_backfill(after.clone(), None, vec![audit])
            .await;
        if !self.heard(saved)? {
            let message = "somebody else changed the backfill at this moment; look again";
            return Err(Error::Refused(message.to_owned()));
        }
        self.backfills_wake.notify_one();
        Ok(after)
    }

    /// Read the next page of every backfill that is due; returns when the next one is.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn tend_backfills(&self) -> Result<Option<Timestamp>> {
        let mut next = None;
        for backfill in self.store.live_backfills().await? {
            let Ok(flow) = self.flow(&backfill.flow) else {
                continue;
            };
            if !flow.spec.enabled {
                continue;
            }
            let due = if backfill.next_at > self.clock.now() {
                Some(backfill.next_at)
            } else {
                self.tend_backfill(&flow, backfill).await?
            };
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }

    /// One page of one backfill; returns when the next is due.
    async fn tend_backfill(&self, flow: &LiveFlow, before: Backfill) -> Result<Option<Timestamp>> {
        let now = self.clock.now();
        let mut after = match self.counting_lost(&before) {
            true => rewound(before.clone()),
            false => before.clone(),
        };
        after.revision = before.revision.saturating_add(1);
        after.updated_at = now;
        let page = match self.backfill_page(flow, &mut after).await {
            Ok(page) => page,
            Err(Error::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(flow = %flow.spec.name, %error, "backfill cannot go on yet; it is tried again");
                after = Backfill {
                    revision: after.revision,
                    error: Some(error.to_string()),
                    failures: before.failures.saturating_add(1),
                    ..before
                };
                let asked = match &error {
                    Error::Capability(error) => error.retry_after(),
                    _ => None,
                };
                let seed = flow.spec.name.as_str();
                let pause = backoff::pause(&PAGE_POLICY, after.failures, asked, seed);
                after.next_at = now.plus(pause);
                None
            }
        };
        let audits = match after.state {
            BackfillState::Counted | BackfillState::Completed => {
                let word = match after.state {
                    BackfillState::Counted => "backfill.counted",
                    _ => "backfill.completed",
                };
                tracing::info!(flow = %flow.spec.name, seen = after.seen, handed_over = after.handed_over, "{word}");
                vec![audit(&after, "system".to_owned(), word, now)]
            }
            _ => Vec::new(),
        };
        let handed_over = page.is_some();
        let saved = self.store.save_backfill(after.clone(), page, audits).await;
        let saved = self.heard(saved)?;
        if saved && handed_over {
            self.events_wake.notify_one();
        }
        // Whoever changed it in between is gone on with in the next round.
        let next = if saved { after.next_at } else { now };
        Ok((!saved || after.state.is_live()).then_some(next))
    }
}

/// A backfill that has not begun.
fn fresh(flow: &FlowName, since: Timestamp, before: Option<Backfill>, now: Timestamp) -> Backfill {
    Backfill {
        flow: flow.clone(),
        revision: before.map_or(0, |before| before.revision),
        state: BackfillState::Counting,
        since,
        finished: Vec::new(),
        cursor: None,
        seen: 0,
        counted: Some(Counted::default()),
        handed_over: 0,
        next_at: now,
        error: None,
        failures: 0,
        asked_at: now,
        updated_at: now,
    }
}

/// The same, to be read from the beginning; a count begins anew.
fn rewound(backfill: Backfill) -> Backfill {
    let counted = match backfill.state {
        BackfillState::Counting => Some(Counted::default()),
        _ => backfill.counted,
    };
    Backfill {
        finished: Vec::new(),
        cursor: None,
        seen: 0,
        counted,
        error: None,
        failures: 0,
        ..backfill
    }
}

fn audit(backfill: &Backfill, actor: String, action: &str, at: Timestamp) -> AuditEntry {
    AuditEntry {
        at,
        run: None,
        flow: Some(backfill.flow.to_string()),
        actor,
        action: action.to_owned(),
        details: json!({
            "since": backfill.since.to_string(),
            "counted": backfill.counted,
            "seen": backfill.seen,
            "handed-over": backfill.handed_over,
        }),
    }
}
