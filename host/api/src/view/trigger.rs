//! What makes flows begin by themselves: schedules and backfills.

use forebay_engine::schedule::ScheduleStatus;
use forebay_store::triggers::{Backfill, BackfillState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::run::StartResult;
use super::{Time, times};

/// A schedule of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleView {
    /// Its name.
    name: String,
    /// Minute, hour, day of month, month, day of week.
    cron: String,
    /// Zone the pattern is read in.
    zone: String,
    /// What becomes of days that the flow's calendar has off: `fire`, `skip` or `move`.
    days_off: &'static str,
    /// What the handler gets, besides `schedule`.
    input: Value,
    /// When it is fired next; null while the flow is switched off.
    next_at: Option<Time>,
    /// When what was fired last was due.
    last_due_at: Option<Time>,
    /// When it was fired.
    last_fired_at: Option<Time>,
    /// The run that it started or was given to.
    last_run: Option<String>,
    /// What became of it, in words.
    last_note: Option<String>,
}

impl From<ScheduleStatus> for ScheduleView {
    fn from(status: ScheduleStatus) -> Self {
        let (spec, last) = (status.spec, status.last);
        let fate = last.as_ref().map(|last| &last.fate);
        Self {
            name: spec.name,
            cron: spec.cron,
            zone: spec.zone,
            days_off: spec.days_off.map_or("fire", |off| off.rule.word()),
            input: spec.input,
            next_at: times(status.next),
            last_due_at: times(last.as_ref().map(|last| last.due_at)),
            last_fired_at: times(last.as_ref().map(|last| last.fired_at)),
            last_run: fate.and_then(|fate| Some(fate.run.as_ref()?.to_string())),
            last_note: fate.map(|fate| fate.note.clone()),
        }
    }
}

/// What firing a schedule by hand did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FiredSchedule)]
pub(crate) struct FiredView {
    /// What became of it.
    pub(crate) result: StartResult,
    /// The run.
    pub(crate) run_id: String,
}

/// From when on to bring back what happened.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BackfillInput {
    /// RFC 3339; from the beginning if absent.
    #[schema(format = DateTime)]
    pub(crate) since: Option<String>,
}

/// Where a backfill stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BackfillState)]
pub(crate) enum StateView {
    /// What it would do is being counted. Nothing is started.
    Counting,
    /// Counted; somebody must confirm it.
    Counted,
    /// It hands events to its flow.
    Running,
    /// All was handed over.
    Completed,
    /// Somebody ended it.
    Cancelled,
}

/// Bringing a flow what happened before it was there.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Backfill)]
pub(crate) struct BackfillView {
    /// The flow.
    flow: String,
    /// Where it stands.
    state: StateView,
    /// From when on.
    since: Time,
    /// Events read so far in this state.
    seen: u64,
    /// Runs that would be started, as far as it is counted.
    would_start: u64,
    /// Live runs that would get an event more.
    would_join: u64,
    /// Events that the flow does not want.
    ignored: u64,
    /// Events handed to the flow so far.
    handed_over: u64,
    /// What the last page failed with; it is tried again.
    error: Option<String>,
    /// When it was asked for.
    asked_at: Time,
    /// When it last changed.
    updated_at: Time,
}

impl From<Backfill> for BackfillView {
    fn from(backfill: Backfill) -> Self {
        let counted = backfill.counted.unwrap_or_default();
        Self {
            flow: backfill.flow.to_string(),
            state: match backfill.state {
                BackfillState::Counting => StateView::Counting,
                BackfillState::Counted => StateView::Counted,
                BackfillState::Running => StateView::Running,
                BackfillState::Completed => StateView::Completed,
                BackfillState::Cancelled => StateView::Cancelled,
            },
            since: backfill.since.into(),
            seen: backfill.seen,
            would_start: counted.would_start,
            would_join: counted.would_join,
            ignored: counted.ignored,
            handed_over: backfill.handed_over,
            error: backfill.error,
            asked_at: backfill.asked_at.into(),
            updated_at: backfill.updated_at.into(),
        }
    }
}
