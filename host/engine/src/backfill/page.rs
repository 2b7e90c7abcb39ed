//! One page of a backfill: read, counted or picked from, and what is known of a count under way.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use forebay_model::event::{DeliveryContent, Incoming};
use forebay_model::ports::{ChangeOptions, ChangePage};
use forebay_model::{ConnectionName, Event, InterfaceName};
use forebay_store::query::{PageRequest, RunFilter};
use forebay_store::triggers::{Backfill, BackfillPage, BackfillState};

use super::Counts;
use crate::core::Core;
use crate::operate::Admitted;
use crate::topology::LiveFlow;
use crate::{Error, Result};

impl Core {
    /// Read a page and take it into account; gives what is to be handed over.
    pub(super) async fn backfill_page(
        &self,
        flow: &LiveFlow,
        backfill: &mut Backfill,
    ) -> Result<Option<BackfillPage>> {
        let counting = backfill.state == BackfillState::Counting;
        if counting {
            self.remember_count(backfill);
        }
        let mut sources = self.sources(flow).into_iter();
        let Some(connection) = sources.find(|name| !backfill.finished.contains(name)) else {
            backfill.state = match counting {
                true => BackfillState::Counted,
                false => BackfillState::Completed,
            };
            self.counts().remove(&backfill.flow);
            return Ok(None);
        };
        let page = self.read_page(&connection, backfill).await?;
        let moved = backfill.cursor.as_deref() != Some(page.cursor.as_str());
        backfill.seen += page.events.len() as u64;
        backfill.error = None;
        backfill.failures = 0;
        let mut wanted = Vec::new();
        for event in page.events {
            let admitted = self.would_start(flow, &connection, &event).await?;
            if counting {
                self.count(backfill, admitted).await?;
            } else if admitted.is_some() {
                wanted.push(event);
            }
        }
        // A page that claims more without moving its cursor would be read for ever.
        if page.more && moved {
            backfill.cursor = Some(page.cursor);
        } else {
            backfill.cursor = None;
            backfill.finished.push(connection.clone());
        }
        let now = self.clock.now();
        let number = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        let rate = self.options.backfill_runs_per_minute.max(1);
        let pause = Duration::from_secs(60).saturating_mul(number) / rate;
        backfill.next_at = now.plus(pause);
        backfill.handed_over += u64::from(number);
        Ok((!wanted.is_empty()).then_some(BackfillPage {
            connection,
            events: wanted,
            at: now,
        }))
    }

    async fn read_page(
        &self,
        connection: &ConnectionName,
        backfill: &Backfill,
    ) -> Result<ChangePage> {
        let (digest, spec) = self.connector(connection).ok_or_else(|| Error::Unknown {
            what: "connector plugin of the connection",
            name: connection.to_string(),
        })?;
        let limit = match backfill.state {
            BackfillState::Counting => spec.poll.page,
            _ => spec
                .poll
                .page
                .min(self.options.backfill_runs_per_minute)
                .max(1),
        };
        let options = ChangeOptions {
            start_at: Some(backfill.since),
            overlap_seconds: 0,
            limit,
        };
        let context = self.read_context("backfill");
        let cursor = backfill.cursor.as_deref();
        let page = self
            .guests
            .changes(&digest, &spec, context, cursor, options);
        Ok(page.await??)
    }

    /// The run that an event would start or reach, if the flow wants it.
    async fn would_start(
        &self,
        flow: &LiveFlow,
        connection: &ConnectionName,
        event: &Event,
    ) -> Result<Option<forebay_store::runs::NewRun>> {
        let handler = self.handler(&flow.spec)?;
        let roles = handler.handler().map(|info| info.roles.as_slice());
        let role = roles.unwrap_or_default().iter().find(|role| {
            flow.spec.connections.get(&role.name) == Some(connection)
                && role.events.contains(&event.kind)
        });
        let Some(role) = role.filter(|_| event.origin.is_none()) else {
            return Ok(None);
        };
        let delivery = DeliveryContent::Event(Box::new(Incoming {
            connection: connection.clone(),
            role: role.name.clone(),
            event: event.clone(),
        }));
        match self.admit(&flow.spec.name, &delivery).await? {
            Admitted::Start {
                flow,
                handler,
                start,
            } => {
                let origin = event.identity(connection).0;
                let actor = "system".to_owned();
                let now = self.clock.now();
                Ok(Some(
                    flow.new_run(&handler, start, delivery, &origin, actor, now),
                ))
            }
            Admitted::Ignored(_) | Admitted::Refused(_) => Ok(None),
        }
    }

    async fn count(
        &self,
        backfill: &mut Backfill,
        admitted: Option<forebay_store::runs::NewRun>,
    ) -> Result<()> {
        let counted = backfill.counted.get_or_insert_default();
        let Some(run) = admitted else {
            counted.ignored += 1;
            return Ok(());
        };
        let seen_before = {
            let mut counts = self.counts();
            let count = counts.get_mut(&backfill.flow);
            count.is_some_and(|(_, keys)| !keys.insert(run.business_key.clone()))
        };
        if seen_before {
            return Ok(());
        }
        let filter = RunFilter {
            flow: Some(run.flow.clone()),
            business_key: Some(run.business_key.clone()),
            ..RunFilter::default()
        };
        let newest = PageRequest {
            cursor: None,
            limit: 1,
        };
        let found = self.store.runs(filter, newest).await?.items;
        if found.iter().any(|found| found.state.is_live()) {
            counted.would_join += 1;
        } else if self.store.run(&run.id).await?.is_none() {
            counted.would_start += 1;
        } else {
            counted.ignored += 1;
        }
        Ok(())
    }

    /// Connections whose events the flow wants to see, and that can be asked for them.
    pub(super) fn sources(&self, flow: &LiveFlow) -> BTreeSet<ConnectionName> {
        let source = InterfaceName::new("forebay:connector/event-source");
        let handler = self.guests.current(&flow.spec.handler);
        let info = handler.as_ref().and_then(|plugin| plugin.handler());
        let roles = info.map(|info| info.roles.as_slice()).unwrap_or_default();
        let listening = roles.iter().filter(|role| !role.events.is_empty());
        listening
            .filter_map(|role| flow.spec.connections.get(&role.name))
            .filter(|connection| self.offers(connection, &source))
            .cloned()
            .collect()
    }

    /// Is this a count whose keys this host does not have, because it has started since?
    pub(super) fn counting_lost(&self, backfill: &Backfill) -> bool {
        let begun = backfill.seen > 0 || !backfill.finished.is_empty();
        let counts = self.counts();
        let known = counts.get(&backfill.flow);
        backfill.state == BackfillState::Counting
            && begun
            && known.is_none_or(|(asked_at, _)| *asked_at != backfill.asked_at)
    }

    /// Note that this host counts, also while nothing was found that counts.
    fn remember_count(&self, backfill: &Backfill) {
        let mut counts = self.counts();
        let count = counts.entry(backfill.flow.clone()).or_default();
        if count.0 != backfill.asked_at {
            *count = (backfill.asked_at, BTreeSet::new());
        }
    }

    pub(super) fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
