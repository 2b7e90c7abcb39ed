//! One action on many runs.

use std::sync::Arc;

use forebay_model::RunId;
use forebay_store::query::{PageRequest, RunFilter};
use forebay_store::runs::RequestKey;
use futures_util::{StreamExt as _, stream};

use super::{Acted, Action, Order};
use crate::Result;
use crate::core::Core;

/// Runs acted on at once. Their writes share commits, so more would only wait for the same disk.
const SIDE_BY_SIDE: usize = 32;

/// Which runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of a list, a page of it.
    Matching(RunFilter, PageRequest),
    /// These.
    These(Vec<RunId>),
}

/// What became of an action on many runs.
#[derive(Debug)]
pub struct Report {
    /// Run by run, in the order of the list.
    pub items: Vec<(RunId, Result<Acted>)>,
    /// Cursor of the page behind, if there is one.
    pub next: Option<String>,
}

impl Core {
    /// Act on many runs, each in a transaction of its own. A repeated request is about the runs of the
    /// first time, and acts on each once.
    ///
    /// # Errors
    /// If the runs cannot be found. What goes wrong with a run stands in its item.
    pub async fn act_on_many(
        self: &Arc<Self>,
        selection: Selection,
        action: &Action,
        order: &Order,
    ) -> Result<Report> {
        let (mut runs, next) = match selection {
            Selection::These(runs) => (runs, None),
            Selection::Matching(mut filter, page) => {
                if filter.states.is_empty() {
                    filter.states = action.usual_states().to_vec();
                }
                let page = self.store.runs(filter, page).await?;
                (
                    page.items.into_iter().map(|run| run.id).collect(),
                    page.next,
                )
            }
        };
        if let (Some(request), false) = (&order.request, order.dry_run) {
            runs = self
                .store
                .reserve(request.clone(), runs, self.clock.now())
                .await?;
        }
        let acts = runs.into_iter().map(|run| {
            let order = Order {
                request: order.request.as_ref().map(|request| RequestKey {
                    key: format!("{} {run}", request.key),
                    fingerprint: request.fingerprint.clone(),
                }),
                ..order.clone()
            };
            async move {
                let acted = self.act(&run, action, &order).await;
                (run, acted)
            }
        });
        let items = stream::iter(acts).buffered(SIDE_BY_SIDE).collect().await;
        Ok(Report { items, next })
    }

    /// Have an event routed anew. Runs that had it do not get it again, and a run that it started is
    /// not started again; flows that ignored it are asked once more.
    ///
    /// # Errors
    /// If there is no such event.
    pub async fn redeliver(
        &self,
        event: u64,
        reason: Option<String>,
        actor: &str,
    ) -> Result<forebay_store::intake::StoredEvent> {
        let audit = forebay_model::audit::AuditEntry {
            at: self.clock.now(),
            run: None,
            flow: None,
            actor: actor.to_owned(),
            action: "operator.redeliver".to_owned(),
            details: serde_json::json!({ "event": event, "reason": reason }),
        };
        let event = self.heard(self.store.redeliver(event, audit).await)?;
        self.events_wake.notify_one();
        Ok(event)
    }
}
