//! What operators do to a run. `many` has the same actions for many runs.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use forebay_model::RunId;
use serde_json::json;

use super::Context;
use super::asked::{Asked, CancelInput, CompleteInput, DryRun, ReasonInput, SignalInput};
use super::start::{REPLAYED, REPLAYED_TRUE};
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, Query};
use crate::guard::Caller;
use crate::problem::Result;
use crate::view::action::ControlledView;

/// Endpoints that differ in what they ask for alone: name and body of each, its path, when it is
/// refused as a conflict, and other answers.
macro_rules! actions {
    ($($(#[$text:meta])+ $name:ident($input:ident), $path:literal, $conflict:literal
        $(, $status:literal: $other:literal)*;)+) => {$(
        $(#[$text])+
        #[utoipa::path(post, path = $path, tag = "runs",
            params(("id" = String, Path, description = "Id of the run"), DryRun,
                ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
            request_body = $input,
            responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
                (status = 409, description = $conflict) $(, (status = $status, description = $other))*))]
        pub(crate) async fn $name(
            State(shared): Context,
            caller: Caller,
            Path(id): Path<String>,
            Query(query): Query<DryRun>,
            IdempotencyKey(key): IdempotencyKey,
            Body(input): Body<$input>,
        ) -> Result<Response> {
            let asked = Asked::$name(input, &caller);
            act(&shared, &caller, id, key, query, asked).await
        }
    )+};
}

actions! {
    /// Cancel a run.
    ///
    /// Its handler gets the signal `cancel` and cleans up; with `force` it ends at once.
    cancel(CancelInput), "/v1/runs/{id}:cancel",
        "It does not fit the run's state";
    /// Try a parked or put-off run again at once.
    ///
    /// Its failed call is made again under its old key; what was recorded before stays.
    retry(ReasonInput), "/v1/runs/{id}:retry",
        "It does not fit the run's state";
    /// Hold a run.
    pause(ReasonInput), "/v1/runs/{id}:pause",
        "It does not fit the run's state";
    /// Let a held run go on.
    resume(ReasonInput), "/v1/runs/{id}:resume",
        "It does not fit the run's state";
    /// Send a signal to a run.
    signal(SignalInput), "/v1/runs/{id}:signal",
        "It does not fit the run's state";
    /// End a run with an outcome that its handler did not decide.
    ///
    /// It ends at once as completed; its handler is not asked and cleans nothing up.
    complete(CompleteInput), "/v1/runs/{id}:complete",
        "It does not fit the run's state",
        422: "No reason, or an outcome that the handler does not know";
    /// Begin a run anew.
    ///
    /// Another run of the same business key starts with what the first one started with, on the handler
    /// and configuration of now. The first must have ended or be parked; parked it ends as failed, without
    /// cleaning up. A run is redriven once: repeated, the answer names the same successor.
    redrive(ReasonInput), "/v1/runs/{id}:redrive",
        "It does not fit the run's state, or another run of its key is live";
    /// Move a run to the handler and configuration of now.
    ///
    /// Its state is taken over by the new handler where that has another version of it, and held against
    /// the new handler's schema. A run in the middle of an activation is refused.
    upgrade(ReasonInput), "/v1/runs/{id}:upgrade",
        "It does not fit the run's state",
        422: "It cannot be moved; says why";
}

async fn act(
    shared: &Shared,
    caller: &Caller,
    id: String,
    key: Option<String>,
    query: DryRun,
    asked: Asked,
) -> Result<Response> {
    let order = asked.order(caller, key, query.dry_run, &json!(id));
    let acted = shared
        .carry_out(|core| async move { core.act(&RunId::from(id), &asked.action, &order).await })
        .await?;
    let repeated = acted.controlled.repeated;
    let mut response = Json(ControlledView::from(acted)).into_response();
    if repeated {
        response.headers_mut().insert(REPLAYED, REPLAYED_TRUE);
    }
    Ok(response)
}
