//! What operators do to a run. `many` has the same actions for many runs.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use forebay_engine::operate::{Action, Order};
use forebay_model::RunId;
use forebay_model::event::Signal;
use forebay_store::runs::{Control, RequestKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::Context;
use super::start::{REPLAYED, REPLAYED_TRUE, fingerprint};
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, Query};
use crate::guard::Caller;
use crate::problem::Result;
use crate::view::action::ControlledView;

/// Whether it is only a question.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// Only tell what would happen.
    #[param(default = false)]
    pub(crate) dry_run: bool,
}

/// Why, for actions that say no more.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonInput {
    /// Why, for the audit.
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// How a run is to be cancelled.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelInput {
    /// Why, for the audit and the handler.
    reason: String,
    /// End it at once, without asking the handler to clean up.
    #[serde(default)]
    force: bool,
}

/// A message to a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalInput {
    /// Its name, as the handler knows it.
    name: String,
    /// What it carries.
    #[serde(default)]
    data: Value,
    /// Why, for the audit.
    #[serde(default)]
    reason: Option<String>,
}

/// An outcome that the handler did not decide.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteInput {
    /// One of the handler's outcomes.
    outcome: String,
    /// Why, for the audit.
    reason: String,
}

/// An action as it was asked for.
pub(crate) struct Asked {
    /// Its verb in the path.
    verb: &'static str,
    pub(crate) action: Action,
    reason: Option<String>,
    /// The request's body, to tell requests under one key apart.
    body: Value,
}

impl Asked {
    pub(crate) fn simple(
        verb: &'static str,
        action: impl Into<Action>,
        input: ReasonInput,
    ) -> Self {
        Self {
            verb,
            action: action.into(),
            body: json!(input),
            reason: input.reason,
        }
    }

    pub(crate) fn cancel(input: CancelInput, caller: &Caller) -> Self {
        let body = json!(input);
        let control = Control::Cancel {
            reason: input.reason,
            force: input.force,
            sender: caller.actor(),
        };
        Self {
            verb: "cancel",
            action: control.into(),
            reason: None,
            body,
        }
    }

    pub(crate) fn signal(input: SignalInput, caller: &Caller) -> Self {
        let body = json!(input);
        let signal = Signal {
            name: input.name,
            data: input.data.to_string(),
            sender: caller.actor(),
        };
        Self {
            verb: "signal",
            action: Control::Signal(signal).into(),
            reason: input.reason,
            body,
        }
    }

    pub(crate) fn complete(input: CompleteInput, caller: &Caller) -> Self {
        let body = json!(input);
        let control = Control::Complete {
            outcome: input.outcome,
            reason: input.reason,
            sender: caller.actor(),
        };
        Self {
            verb: "complete",
            action: control.into(),
            reason: None,
            body,
        }
    }

    /// The order it is carried out by. `about` is what the path or body names besides.
    pub(crate) fn order(
        &self,
        caller: &Caller,
        key: Option<String>,
        dry_run: bool,
        about: &Value,
    ) -> Order {
        let request = key.map(|key| RequestKey {
            key: format!("{}:{key}", caller.key),
            fingerprint: fingerprint(json!([self.verb, about, self.body])),
        });
        Order {
            actor: caller.actor(),
            reason: self.reason.clone(),
            request,
            dry_run,
        }
    }
}

/// Cancel a run.
///
/// Its handler gets the signal `cancel` and cleans up; with `force` it ends at once.
#[utoipa::path(post, path = "/v1/runs/{id}:cancel", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CancelInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn cancel(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<CancelInput>,
) -> Result<Response> {
    let asked = Asked::cancel(input, &caller);
    act(&shared, &caller, id, key, query, asked).await
}

/// Try a parked or put-off run again at once.
///
/// Its failed call is made again under its old key; what was recorded before stays.
#[utoipa::path(post, path = "/v1/runs/{id}:retry", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ReasonInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn retry(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ReasonInput>,
) -> Result<Response> {
    let asked = Asked::simple("retry", Control::Retry, input);
    act(&shared, &caller, id, key, query, asked).await
}

/// Hold a run.
#[utoipa::path(post, path = "/v1/runs/{id}:pause", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ReasonInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn pause(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ReasonInput>,
) -> Result<Response> {
    let asked = Asked::simple("pause", Control::Pause, input);
    act(&shared, &caller, id, key, query, asked).await
}

/// Let a held run go on.
#[utoipa::path(post, path = "/v1/runs/{id}:resume", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ReasonInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn resume(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ReasonInput>,
) -> Result<Response> {
    let asked = Asked::simple("resume", Control::Resume, input);
    act(&shared, &caller, id, key, query, asked).await
}

/// Send a signal to a run.
#[utoipa::path(post, path = "/v1/runs/{id}:signal", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = SignalInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn signal(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<SignalInput>,
) -> Result<Response> {
    let asked = Asked::signal(input, &caller);
    act(&shared, &caller, id, key, query, asked).await
}

/// End a run with an outcome that its handler did not decide.
///
/// It ends at once as completed; its handler is not asked and cleans nothing up.
#[utoipa::path(post, path = "/v1/runs/{id}:complete", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = CompleteInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state"),
        (status = 422, description = "No reason, or an outcome that the handler does not know")))]
pub(crate) async fn complete(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<CompleteInput>,
) -> Result<Response> {
    let asked = Asked::complete(input, &caller);
    act(&shared, &caller, id, key, query, asked).await
}

/// Begin a run anew.
///
/// Another run of the same business key starts with what the first one started with, on the handler
/// and configuration of now. The first must have ended or be parked; parked it ends as failed, without
/// cleaning up. A run is redriven once: repeated, the answer names the same successor.
#[utoipa::path(post, path = "/v1/runs/{id}:redrive", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ReasonInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state, or another run of its key is live")))]
pub(crate) async fn redrive(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ReasonInput>,
) -> Result<Response> {
    let asked = Asked::simple("redrive", Action::Redrive, input);
    act(&shared, &caller, id, key, query, asked).await
}

/// Move a run to the handler and configuration of now.
///
/// Its state is taken over by the new handler where that has another version of it, and held against
/// the new handler's schema. A run in the middle of an activation is refused.
#[utoipa::path(post, path = "/v1/runs/{id}:upgrade", tag = "runs",
    params(("id" = String, Path, description = "Id of the run"), DryRun,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
    request_body = ReasonInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state"),
        (status = 422, description = "It cannot be moved; says why")))]
pub(crate) async fn upgrade(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<DryRun>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<ReasonInput>,
) -> Result<Response> {
    let asked = Asked::simple("upgrade", Action::Upgrade, input);
    act(&shared, &caller, id, key, query, asked).await
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
        .core
        .act(&RunId::from(id), &asked.action, &order)
        .await?;
    let repeated = acted.controlled.repeated;
    let mut response = Json(ControlledView::from(acted)).into_response();
    if repeated {
        response.headers_mut().insert(REPLAYED, REPLAYED_TRUE);
    }
    Ok(response)
}
