//! The actions of operators on many runs at once.

use axum::Json;
use axum::extract::State;
use forebay_engine::operate::{Action, Selection};
use forebay_model::{RunId, Timestamp};
use forebay_store::query::RunFilter;
use forebay_store::runs::Control;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Context;
use super::actions::{Asked, CancelInput, CompleteInput, DryRun, ReasonInput, SignalInput};
use super::runs::RunQuery;
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, Query};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::action::ManyView;

/// Which runs, and what is said about each. Give `matching` or `runs`.
///
/// The answer tells run by run what became of it. If it names a `next`, more match: repeat the request
/// with it as `cursor`. Without `state` only runs that the action is meant for match.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, bound = "T: Serialize + DeserializeOwned")]
pub(crate) struct ManyInput<T> {
    /// Those that `GET /v1/runs` lists for this. At least one condition is needed.
    #[serde(default)]
    matching: Option<RunQuery>,
    /// Those with these ids, 500 at most.
    #[serde(default)]
    runs: Option<Vec<String>>,
    /// What a request about one run has as its body.
    #[serde(default = "Option::default")]
    with: Option<T>,
}

/// Most ids in one request: a page of a list has no more.
const MOST_IDS: usize = 500;

impl<T: DeserializeOwned> ManyInput<T> {
    fn parts(self, stalled_since: Timestamp) -> Result<(Selection, T)> {
        let selection = match (self.matching, self.runs) {
            (Some(query), None) => {
                let (filter, page) = query.parts(stalled_since)?;
                if filter == RunFilter::default() {
                    return Err(Problem::malformed(
                        "body `matching`: name a condition, such as `flow` or `state`",
                    ));
                }
                Selection::Matching(filter, page)
            }
            (None, Some(runs)) if runs.len() <= MOST_IDS => {
                Selection::These(runs.into_iter().map(RunId::from).collect())
            }
            (None, Some(_)) => {
                return Err(Problem::malformed(format!(
                    "body `runs`: at most {MOST_IDS}"
                )));
            }
            _ => return Err(Problem::malformed("body: give `matching` or `runs`")),
        };
        let with = match self.with {
            Some(with) => with,
            None => serde_json::from_value(json!({}))
                .map_err(|error| Problem::malformed(format!("body `with`: {error}")))?,
        };
        Ok((selection, with))
    }
}

/// Cancel many runs.
#[utoipa::path(post, path = "/v1/runs:cancel", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<CancelInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn cancel_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<CancelInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::cancel(with, &caller)
    })
    .await
}

/// Try many parked or put-off runs again at once.
#[utoipa::path(post, path = "/v1/runs:retry", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<ReasonInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn retry_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<ReasonInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::simple("retry", Control::Retry, with)
    })
    .await
}

/// Hold many runs.
#[utoipa::path(post, path = "/v1/runs:pause", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<ReasonInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn pause_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<ReasonInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::simple("pause", Control::Pause, with)
    })
    .await
}

/// Let many held runs go on.
#[utoipa::path(post, path = "/v1/runs:resume", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<ReasonInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn resume_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<ReasonInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::simple("resume", Control::Resume, with)
    })
    .await
}

/// Send a signal to many runs.
#[utoipa::path(post, path = "/v1/runs:signal", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<SignalInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn signal_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<SignalInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::signal(with, &caller)
    })
    .await
}

/// End many runs with an outcome that their handler did not decide.
#[utoipa::path(post, path = "/v1/runs:complete", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<CompleteInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn complete_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<CompleteInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::complete(with, &caller)
    })
    .await
}

/// Begin many runs anew.
#[utoipa::path(post, path = "/v1/runs:redrive", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<ReasonInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn redrive_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<ReasonInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::simple("redrive", Action::Redrive, with)
    })
    .await
}

/// Move many runs to the handler and configuration of now.
#[utoipa::path(post, path = "/v1/runs:upgrade", tag = "runs",
    params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ManyInput<ReasonInput>, responses((status = 200, body = ManyView)))]
pub(crate) async fn upgrade_many(
    State(shared): Context,
    caller: Caller,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ManyInput<ReasonInput>>,
) -> Result<Json<ManyView>> {
    act(&shared, &caller, key, query, input, |with| {
        Asked::simple("upgrade", Action::Upgrade, with)
    })
    .await
}

async fn act<T: Serialize + DeserializeOwned>(
    shared: &Shared,
    caller: &Caller,
    key: Option<String>,
    query: DryRun,
    input: ManyInput<T>,
    asked: impl FnOnce(T) -> Asked,
) -> Result<Json<ManyView>> {
    let about = json!([input.matching, input.runs]);
    let (selection, with) = input.parts(shared.core.stalled_since())?;
    let asked = asked(with);
    let order = asked.order(caller, key, query.dry_run, &about);
    let report = shared
        .core
        .act_on_many(selection, &asked.action, &order)
        .await?;
    Ok(Json(ManyView::new(report, query.dry_run)))
}
