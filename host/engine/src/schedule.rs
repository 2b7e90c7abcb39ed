//! Schedules: telling flows that it is time.
//!
//! What is due is settled in one transaction with the run it starts, so that an instant is fired
//! once, whoever else looks at the same schedule and whatever dies in between. Of several instants
//! that nobody fired in time only the latest is: a handler that scans finds all there is to find in
//! one go.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use forebay_model::audit::AuditEntry;
use forebay_model::event::DeliveryContent;
use forebay_model::flow::RetryPolicy;
use forebay_model::ports::Guests;
use forebay_model::schedule::ScheduleSpec;
use forebay_model::step::Admission;
use forebay_model::{Finding, FlowName, Severity, Timestamp};
use forebay_store::runs::{RequestKey, StartOutcome};
use forebay_store::triggers::{Fired, Firing, ScheduleState};
use serde_json::json;

use crate::core::Core;
use crate::operate::{Admitted, StartRequest};
use crate::topology::LiveFlow;
use crate::{Error, Result, backoff};

/// How long an instant that cannot be fired waits: as long as an event that cannot be routed.
const STALL_POLICY: RetryPolicy = RetryPolicy {
    initial: Duration::from_secs(1),
    maximum: Duration::from_secs(60),
    budget: Duration::MAX,
};

/// An instant fired later than this is told as late: the host was away, or the flow switched off.
const LATE: Duration = Duration::from_secs(60);

/// Schedules whose flow failed, how often, and when they are tried again. Kept in memory: after a
/// start everything that is due is tried at once.
pub(crate) type Stalled = BTreeMap<(FlowName, String), (u32, Timestamp)>;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Instants that were fired.
    pub fired: u32,
    /// When something is due next.
    pub next: Option<Timestamp>,
}

/// A schedule with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleStatus {
    /// The schedule.
    pub spec: ScheduleSpec,
    /// When it is fired next; absent while its flow is switched off.
    pub next: Option<Timestamp>,
    /// What was fired last.
    pub last: Option<Fired>,
}

impl Core {
    /// Fire every schedule that is due.
    ///
    /// A flow that fails holds up its own schedules only; they are tried again.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fire_schedules(&self) -> Result<Tended> {
        let mut tended = Tended::default();
        for flow in self.topology().flows.values() {
            for schedule in &flow.spec.schedules {
                let key = (flow.spec.name.clone(), schedule.name.clone());
                let (fired, next) = match self.tend(flow, schedule).await {
                    Ok(done) => {
                        self.stalled_schedules().remove(&key);
                        done
                    }
                    Err(Error::Store(error)) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(flow = %key.0, schedule = key.1, %error,
                            "schedule cannot be fired yet; it is tried again");
                        (0, Some(self.stall_schedule(key)))
                    }
                };
                tended.fired += fired;
                tended.next = tended.next.into_iter().chain(next).min();
            }
        }
        if tended.fired > 0 {
            self.runs_wake.notify_one();
        }
        Ok(tended)
    }

    /// Fire a schedule if it is due; also says when it is due next.
    async fn tend(
        &self,
        flow: &LiveFlow,
        schedule: &ScheduleSpec,
    ) -> Result<(u32, Option<Timestamp>)> {
        let now = self.clock.now();
        let timetable = schedule.timetable().map_err(|error| {
            Error::Refused(format!("the schedule {} has {error}", schedule.name))
        })?;
        let state = self.schedule_state(flow, schedule).await?;
        if !flow.spec.enabled {
            return Ok((0, None));
        }
        let key = (flow.spec.name.clone(), schedule.name.clone());
        let retry_at = self.stalled_schedules().get(&key).map(|(_, at)| *at);
        if let Some(retry_at) = retry_at.filter(|at| *at > now) {
            return Ok((0, Some(retry_at)));
        }
        let Some(due_at) = timetable.latest(state.settled_to, now) else {
            return Ok((0, timetable.next_after(state.settled_to)));
        };
        let first = timetable.next_after(state.settled_to).unwrap_or(due_at);
        let fired = self.fire(flow, schedule, first, due_at).await?;
        Ok((u32::from(fired), timetable.next_after(due_at)))
    }

    /// What is known of a schedule; one that is new is settled up to now.
    async fn schedule_state(
        &self,
        flow: &LiveFlow,
        schedule: &ScheduleSpec,
    ) -> Result<ScheduleState> {
        let (name, rhythm) = (&flow.spec.name, schedule.rhythm());
        let known = self.store.schedule(name, &schedule.name).await?;
        if let Some(known) = known.filter(|known| known.rhythm == rhythm) {
            return Ok(known);
        }
        let now = self.clock.now();
        let opened = self.store.open_schedule(name, &schedule.name, &rhythm, now);
        Ok(opened.await?)
    }

    async fn fire(
        &self,
        flow: &LiveFlow,
        schedule: &ScheduleSpec,
        first: Timestamp,
        due_at: Timestamp,
    ) -> Result<bool> {
        let (name, now) = (&flow.spec.name, self.clock.now());
        let delivery = DeliveryContent::Request(schedule.request(due_at).to_string());
        let start = match self.admit(name, &delivery).await? {
            Admitted::Start {
                flow,
                handler,
                start,
            } => {
                let origin = format!("schedule {} at {due_at}", schedule.name);
                let actor = format!("schedule:{}", schedule.name);
                Ok(Box::new(
                    flow.new_run(&handler, start, delivery, &origin, actor, now),
                ))
            }
            Admitted::Ignored(reason) => Err(format!("ignored by the handler: {reason}")),
            Admitted::Refused(reason) => Err(format!("refused by the handler: {reason}")),
        };
        if let Err(reason) = &start {
            tracing::warn!(flow = %name, schedule = schedule.name, reason, "schedule starts nothing");
        }
        let skipped_from = (first < due_at).then_some(first);
        if now.since(due_at) > LATE || skipped_from.is_some() {
            tracing::warn!(flow = %name, schedule = schedule.name, %due_at, skipped_from = ?skipped_from,
                "schedule fired late; of what was missed only the latest is fired");
        }
        let started = start.as_ref().ok().map(|run| run.id.to_string());
        let audit = AuditEntry {
            at: now,
            run: started,
            flow: Some(name.to_string()),
            actor: "system".to_owned(),
            action: "schedule.fired".to_owned(),
            details: json!({
                "schedule": schedule.name,
                "due-at": due_at.to_string(),
                "late-by-seconds": now.since(due_at).as_secs(),
                "skipped-from": skipped_from.map(|at| at.to_string()),
                "reason": start.as_ref().err(),
            }),
        };
        let firing = Firing {
            flow: name.clone(),
            name: schedule.name.clone(),
            rhythm: schedule.rhythm(),
            due_at,
            start,
            audit: vec![audit],
            at: now,
        };
        let fate = self.heard(self.store.fire(firing).await)?;
        if fate.is_some() {
            metrics::counter!("forebay_schedules_fired_total", "flow" => name.to_string(),
                "schedule" => schedule.name.clone())
            .increment(1);
        }
        Ok(fate.is_some())
    }

    /// The schedules of a flow.
    ///
    /// # Errors
    /// If there is no such flow, or the store fails.
    pub async fn schedules(&self, flow: &FlowName) -> Result<Vec<ScheduleStatus>> {
        let flow = self.flow(flow)?;
        let mut all = Vec::new();
        for spec in &flow.spec.schedules {
            let known = self.store.schedule(&flow.spec.name, &spec.name).await?;
            let known = known.filter(|known| known.rhythm == spec.rhythm());
            let settled_to = known.as_ref().map_or(self.clock.now(), |it| it.settled_to);
            let timetable = spec.timetable().ok().filter(|_| flow.spec.enabled);
            all.push(ScheduleStatus {
                spec: spec.clone(),
                next: timetable.and_then(|table| table.next_after(settled_to)),
                last: known.and_then(|known| known.last),
            });
        }
        Ok(all)
    }

    /// Fire a schedule now, besides its timetable.
    ///
    /// # Errors
    /// If there is no such schedule, or as [`Core::start_run`].
    pub async fn fire_now(
        &self,
        flow: &FlowName,
        name: &str,
        key: Option<RequestKey>,
        actor: String,
    ) -> Result<StartOutcome> {
        let live = self.flow(flow)?;
        let schedule = live.spec.schedules.iter().find(|spec| spec.name == name);
        let schedule = schedule.ok_or_else(|| Error::Unknown {
            what: "schedule",
            name: name.to_owned(),
        })?;
        let request = StartRequest {
            flow: flow.clone(),
            input: schedule.request(self.clock.now()),
            key,
            actor,
        };
        self.start_run(request).await
    }

    fn stalled_schedules(&self) -> std::sync::MutexGuard<'_, Stalled> {
        self.stalled_schedules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn stall_schedule(&self, key: (FlowName, String)) -> Timestamp {
        let seed = format!("{} {}", key.0, key.1);
        let mut stalled = self.stalled_schedules();
        let (failures, retry_at) = stalled.entry(key).or_default();
        *failures += 1;
        let pause = backoff::pause(&STALL_POLICY, *failures, None, &seed);
        *retry_at = self.clock.now().plus(pause);
        *retry_at
    }
}

/// Would the handler take what each schedule of a flow tells it? Paths are inside the flow.
pub async fn check_schedules(
    guests: &Arc<dyn Guests>,
    flow: &forebay_model::flow::FlowSpec,
    now: Timestamp,
) -> Vec<Finding> {
    let Some(handler) = guests.current(&flow.handler) else {
        return Vec::new();
    };
    let (config, bindings) = (flow.config.to_string(), flow.bindings());
    let mut findings = Vec::new();
    for (index, schedule) in flow.schedules.iter().enumerate() {
        let due_at = schedule.timetable().ok().and_then(|it| it.next_after(now));
        let request = schedule.request(due_at.unwrap_or(now));
        let delivery = DeliveryContent::Request(request.to_string());
        let admitted = guests
            .admit(&handler.digest, &config, &bindings, &delivery)
            .await;
        let (severity, message) = match admitted {
            Ok(Admission::Start(_)) => continue,
            Ok(Admission::Ignore(reason)) => {
                let message = format!("the handler ignores what this schedule tells it: {reason}");
                (Severity::Warning, message)
            }
            Ok(Admission::Refuse(reason)) => {
                let message = format!("the handler refuses what this schedule tells it: {reason}");
                (Severity::Error, message)
            }
            Err(error) => {
                let message = format!("the handler cannot say whether it takes this: {error}");
                (Severity::Error, message)
            }
        };
        findings.push(Finding {
            severity,
            path: format!("schedules[{index}].input"),
            message,
            mend: "give the handler the input it documents for requests".to_owned(),
        });
    }
    findings
}
