//! The router: an event goes to the live runs that wait for it; every other flow that wants its
//! kind is asked whether it starts a run.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use forebay_model::event::{DeliveryContent, Incoming};
use forebay_model::flow::RetryPolicy;
use forebay_model::{Entity, FlowName, Timestamp};
use forebay_store::intake::{RoutePlan, StoredEvent};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::backoff;
use crate::core::Core;
use crate::operate::Admitted;
use crate::topology::LiveFlow;
use crate::{Error, Result};

/// Events whose routing failed, and when to try them again. Kept in memory: after a start every
/// unrouted event is tried at once.
#[derive(Debug, Default)]
pub(crate) struct Stalled {
    events: BTreeMap<u64, (u32, Timestamp)>,
}

/// Which events are to be routed.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Those not routed yet.
    New,
    /// Those that came while this flow was switched off or failed.
    Kept(&'a LiveFlow),
}

/// Entities whose events are routed at the same time: enough that a commit is shared by many, and few
/// enough that handlers asked for admission leave room for work.
const ENTITIES_AT_ONCE: usize = 32;

/// Longest pause before a stalled event is tried again.
const STALL_POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(1),
    maximum: Duration::from_secs(60),
    budget: Duration::MAX,
};

/// Events grouped by what they are about, in the order they came.
fn by_entity(events: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    let mut lanes: Vec<Vec<StoredEvent>> = Vec::new();
    let mut lane_of: BTreeMap<(String, Entity), usize> = BTreeMap::new();
    for event in events {
        let entity = (event.connection.to_string(), event.event.entity.clone());
        let lane = *lane_of.entry(entity).or_insert(lanes.len());
        match lanes.get_mut(lane) {
            Some(lane) => lane.push(event),
            None => lanes.push(vec![event]),
        }
    }
    lanes
}

impl Core {
    /// Route every event that can be routed now; returns how many were.
    ///
    /// An event whose handler fails stays unrouted and is tried again; later events of the same
    /// entity wait behind it, all others go on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn route_events(self: &Arc<Self>) -> Result<u32> {
        let mut routed = 0;
        let topology = self.topology();
        for name in self.store.flows_with_deferred().await? {
            if let Some(flow) = topology.flows.get(&name)
                && flow.spec.enabled
            {
                routed += self.route_first(Source::Kept(flow)).await?;
            }
        }
        routed += self.route_first(Source::New).await?;
        if routed > 0 {
            self.runs_wake.notify_one();
        }
        Ok(routed)
    }

    /// Route the first events that can be routed. Where the oldest are all held up, those behind
    /// them are looked at, too.
    async fn route_first(&self, source: Source<'_>) -> Result<u32> {
        let mut limit = self.options.route_batch;
        loop {
            let events = match source {
                Source::New => self.store.unrouted_events(limit).await?,
                Source::Kept(flow) => self.store.deferred_events(&flow.spec.name, limit).await?,
            };
            let all = events.len() < limit as usize;
            let routed = self.route_each(source, events).await?;
            if routed > 0 || all {
                return Ok(routed);
            }
            limit = limit.saturating_mul(2);
        }
    }

    /// Route these events: those of an entity one after the other, entities side by side, so that their
    /// writes share commits.
    async fn route_each(&self, source: Source<'_>, events: Vec<StoredEvent>) -> Result<u32> {
        let lanes = by_entity(events).into_iter();
        let lanes = lanes.map(|lane| self.route_lane(source, lane));
        stream::iter(lanes)
            .buffered(ENTITIES_AT_ONCE)
            .try_fold(0, async |routed, of_lane| Ok(routed + of_lane))
            .await
    }

    /// Route the events of an entity; one that cannot be routed holds up those behind it.
    async fn route_lane(&self, source: Source<'_>, events: Vec<StoredEvent>) -> Result<u32> {
        let mut routed = 0;
        for event in events {
            if self.is_stalled(event.id) {
                break;
            }
            let result = match source {
                Source::New => self.route(&event).await,
                Source::Kept(flow) => self.route_deferred(flow, &event).await,
            };
            match result {
                Ok(()) => {
                    self.unstall(event.id);
                    routed += 1;
                }
                Err(Error::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(event = event.id, kind = event.event.kind, %error,
                        "event cannot be routed yet; it is kept and tried again");
                    self.stall(event.id);
                    break;
                }
            }
        }
        Ok(routed)
    }

    async fn route(&self, event: &StoredEvent) -> Result<()> {
        let subscribers = self.store.subscribers(event.id).await?;
        let mut plan = RoutePlan::default();
        let mut failed = None;
        for flow in self.topology().flows.values() {
            // A run of this flow that waits for the event is told; it starts no second one (C-04).
            if subscribers
                .iter()
                .any(|subscriber| subscriber.flow == flow.spec.name)
            {
                plan.told.push(flow.spec.name.clone());
                continue;
            }
            let Some(role) = self.wanting_role(flow, event) else {
                continue;
            };
            if !flow.spec.enabled {
                plan.deferred.push(flow.spec.name.clone());
                continue;
            }
            match self.plan_start(flow, role, event, &mut plan).await {
                Ok(()) => {}
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) => {
                    plan.deferred.push(flow.spec.name.clone());
                    failed = Some(error);
                }
            }
        }
        // Somebody else wants it: it is kept for the flow that fails and goes on to the others.
        if let Some(error) = failed {
            if subscribers.is_empty() && plan.starts.is_empty() {
                return Err(error);
            }
            tracing::warn!(event = event.id, kind = event.event.kind, %error,
                "event cannot be routed to every flow yet; it is kept for those that fail");
        }
        let routed = self.store.route(event.id, plan, self.clock.now()).await;
        self.heard(routed)?;
        Ok(())
    }

    /// Route an event that was kept for this flow.
    async fn route_deferred(&self, flow: &LiveFlow, event: &StoredEvent) -> Result<()> {
        let mut plan = RoutePlan::default();
        if let Some(role) = self.wanting_role(flow, event) {
            self.plan_start(flow, role, event, &mut plan).await?;
        }
        let routed = self
            .store
            .route_deferred(event.id, &flow.spec.name, plan, self.clock.now())
            .await;
        self.heard(routed)?;
        Ok(())
    }

    /// The role under which a flow wants to see an event, if it does.
    fn wanting_role(&self, flow: &LiveFlow, event: &StoredEvent) -> Option<String> {
        let handler = self.guests.current(&flow.spec.handler);
        let Some(info) = handler.as_ref().and_then(|plugin| plugin.handler()) else {
            // Without its handler nobody knows what the flow wants: ask when it is back.
            return flow
                .spec
                .connections
                .iter()
                .find(|(_, connection)| **connection == event.connection)
                .map(|(role, _)| role.clone());
        };
        let role = info.roles.iter().find(|role| {
            flow.spec.connections.get(&role.name) == Some(&event.connection)
                && role.events.contains(&event.event.kind)
        })?;
        Some(role.name.clone())
    }

    async fn plan_start(
        &self,
        flow: &LiveFlow,
        role: String,
        event: &StoredEvent,
        plan: &mut RoutePlan,
    ) -> Result<()> {
        let name: &FlowName = &flow.spec.name;
        if let Some(origin) = &event.event.origin {
            let reason = format!("change made by Forebay itself in run {origin}");
            self.count_ignored(name, "own-change");
            plan.ignored.push((name.clone(), reason));
            return Ok(());
        }
        let delivery = DeliveryContent::Event(Box::new(Incoming {
            connection: event.connection.clone(),
            role,
            event: event.event.clone(),
        }));
        match self.admit(name, &delivery).await? {
            Admitted::Start {
                flow,
                handler,
                start,
            } => {
                let origin = &event.identity.0;
                let now = self.clock.now();
                let actor = "system".to_owned();
                plan.starts
                    .push(flow.new_run(&handler, start, delivery, origin, actor, now));
            }
            Admitted::Ignored(reason) | Admitted::Refused(reason) => {
                self.count_ignored(name, "handler");
                plan.ignored.push((name.clone(), reason));
            }
        }
        Ok(())
    }

    fn count_ignored(&self, flow: &FlowName, reason: &'static str) {
        metrics::counter!("forebay_events_ignored_total", "flow" => flow.to_string(),
            "reason" => reason)
        .increment(1);
    }

    fn is_stalled(&self, event: u64) -> bool {
        let stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        stalled
            .events
            .get(&event)
            .is_some_and(|(_, retry_at)| *retry_at > self.clock.now())
    }

    fn stall(&self, event: u64) {
        let mut stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = stalled.events.entry(event).or_insert((0, Timestamp(0)));
        entry.0 += 1;
        let pause = backoff::pause(&STALL_POLICY, entry.0, None, &event.to_string());
        entry.1 = self.clock.now().plus(pause);
    }

    fn unstall(&self, event: u64) {
        self.stalled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .events
            .remove(&event);
    }

    /// When a stalled event is tried again.
    pub(crate) fn next_stalled(&self) -> Option<Timestamp> {
        let stalled = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        stalled.events.values().map(|(_, retry_at)| *retry_at).min()
    }
}
