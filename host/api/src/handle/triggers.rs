//! What makes flows begin by themselves: schedules and backfills.

use axum::Json;
use axum::extract::{Path, State};
use forebay_engine::backfill::BackfillStep;
use forebay_model::{FlowName, Timestamp};
use forebay_store::runs::{RequestKey, StartOutcome};
use http::StatusCode;

use super::Context;
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, NoBody};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::run::StartResult;
use crate::view::trigger::{BackfillInput, BackfillView, FiredView};

/// A time as clients write it.
pub(super) fn time(field: &str, text: &str) -> Result<Timestamp> {
    text.parse()
        .map_err(|error| Problem::malformed(format!("`{field}`: {error}")))
}

/// Fire a schedule now, besides its timetable. With an `Idempotency-Key` the request can be repeated.
#[utoipa::path(post, path = "/v1/flows/{name}/schedules/{schedule}:fire", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow"),
        ("schedule" = String, Path, description = "Name of the schedule"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    responses((status = 202, body = FiredView, description = "A run was started, or the live run of its key got the input"),
        (status = 200, body = FiredView, description = "The same request was answered before"),
        (status = 404, description = "No such flow or schedule"),
        (status = 422, description = "The flow is switched off, or its handler refuses the input")))]
pub(crate) async fn fire(
    State(shared): Context,
    caller: Caller,
    Path((name, schedule)): Path<(String, String)>,
    IdempotencyKey(key): IdempotencyKey,
    _: NoBody,
) -> Result<(StatusCode, Json<FiredView>)> {
    let key = key.map(|key| RequestKey {
        key: format!("{}:{key}", caller.key),
        fingerprint: format!("fire {name} {schedule}"),
    });
    let flow = FlowName::from(name);
    let fired = shared
        .carry_out(|core| async move { core.fire_now(&flow, &schedule, key, caller.actor()).await })
        .await?;
    let (status, result, run) = match fired {
        StartOutcome::Started(run) => (StatusCode::ACCEPTED, StartResult::Started, run),
        StartOutcome::Delivered(run) => (StatusCode::ACCEPTED, StartResult::Delivered, run),
        StartOutcome::Repeated(run) => (StatusCode::OK, StartResult::Repeated, run),
        StartOutcome::KeyReused => {
            return Err(Problem::key_reused(
                "this `Idempotency-Key` came before with another request",
            ));
        }
    };
    let run_id = run.to_string();
    Ok((status, Json(FiredView { result, run_id })))
}

async fn step(
    shared: &Shared,
    name: String,
    step: BackfillStep,
    caller: &Caller,
) -> Result<Json<BackfillView>> {
    let flow = FlowName::from(name);
    let actor = caller.actor();
    let backfill = shared
        .carry_out(|core| async move { core.step_backfill(&flow, step, actor).await })
        .await?;
    Ok(Json(backfill.into()))
}

/// Count what a flow would do about what happened before it was there. Nothing is started; look at
/// `GET /v1/flows/{name}/backfill` until the state is `counted`, then confirm or cancel.
#[utoipa::path(post, path = "/v1/flows/{name}:backfill", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow")), request_body = BackfillInput,
    responses((status = 200, body = BackfillView), (status = 404, description = "No such flow"),
        (status = 422, description = "One is under way, or the flow listens to nothing")))]
pub(crate) async fn backfill(
    State(shared): Context,
    caller: Caller,
    Path(name): Path<String>,
    Body(input): Body<BackfillInput>,
) -> Result<Json<BackfillView>> {
    let since = input.since.map(|since| time("since", &since)).transpose()?;
    step(&shared, name, BackfillStep::Count(since), &caller).await
}

/// Start what was counted, at the configured rate.
#[utoipa::path(post, path = "/v1/flows/{name}:confirm-backfill", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow")),
    responses((status = 200, body = BackfillView), (status = 404, description = "No such flow"),
        (status = 422, description = "Nothing was counted")))]
pub(crate) async fn confirm_backfill(
    State(shared): Context,
    caller: Caller,
    Path(name): Path<String>,
    _: NoBody,
) -> Result<Json<BackfillView>> {
    step(&shared, name, BackfillStep::Confirm, &caller).await
}

/// End a backfill. Runs that it started go on.
#[utoipa::path(post, path = "/v1/flows/{name}:cancel-backfill", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow")),
    responses((status = 200, body = BackfillView), (status = 404, description = "No such flow"),
        (status = 422, description = "There is none to cancel")))]
pub(crate) async fn cancel_backfill(
    State(shared): Context,
    caller: Caller,
    Path(name): Path<String>,
    _: NoBody,
) -> Result<Json<BackfillView>> {
    step(&shared, name, BackfillStep::Cancel, &caller).await
}

/// Show the latest backfill of a flow.
#[utoipa::path(get, path = "/v1/flows/{name}/backfill", tag = "flows",
    params(("name" = String, Path, description = "Name of the flow")),
    responses((status = 200, body = BackfillView),
        (status = 404, description = "No such flow, or it never had one")))]
pub(crate) async fn show_backfill(
    State(shared): Context,
    Path(name): Path<String>,
) -> Result<Json<BackfillView>> {
    let flow = FlowName::from(name);
    shared.core.flow(&flow)?;
    let found = shared.core.store().backfill(&flow).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("{flow} never had a backfill")))?;
    Ok(Json(found.into()))
}
