//! Runs: start, see, act on.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use forebay_engine::operate::StartRequest;
use forebay_model::event::Signal;
use forebay_model::run::RunState;
use forebay_model::{FlowName, RunId, Timestamp};
use forebay_store::query::{PageRequest, RunFilter};
use forebay_store::runs::{Control, RequestKey, StartOutcome};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Digest as _;
use utoipa::{IntoParams, ToSchema};

use super::Context;
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, NoBody, Query};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::page::{Page, page_request};
use crate::view::run::{
    ControlledView, RunDetail, RunParts, RunView, StartResult, StartedView, location,
};
use crate::view::step::Steps;

/// Header that says that the answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Notices shown with a run; `/v1/notices?run=` has the others.
const NOTICES_SHOWN: u32 = 50;

/// Start a run.
///
/// The body is the input, whose form is the flow's. With an `Idempotency-Key` the request can be
/// repeated: the answer names the same run, with `Idempotency-Replayed: true`.
#[utoipa::path(post, path = "/v1/flows/{flow}/runs", tag = "runs",
    params(
        ("flow" = String, Path, description = "Name of the flow"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Value,
    responses(
        (status = 202, description = "A run was started, or the live run of this business key got the input",
            body = StartedView, headers(("Location" = String, description = "Path of the run"))),
        (status = 200, description = "The same request was answered before",
            body = StartedView, headers(
                ("Location" = String, description = "Path of the run"),
                ("Idempotency-Replayed" = String, description = "`true`"))),
        (status = 404, description = "No such flow"),
        (status = 409, description = "The flow is switched off"),
        (status = 422, description = "The handler refuses the input, or the key was used for another request"),
        (status = 503, description = "The host takes no work now"),
    ))]
pub(crate) async fn start(
    State(shared): Context,
    caller: Caller,
    Path(flow): Path<String>,
    IdempotencyKey(key): IdempotencyKey,
    Body(input): Body<Value>,
) -> Result<Response> {
    if !shared.is_ready() {
        return Err(Problem::unavailable("the host is starting or draining"));
    }
    let flow = FlowName::from(flow);
    if !shared.core.flow(&flow)?.spec.enabled {
        return Err(Problem::conflict(format!(
            "the flow {flow} is switched off (enabled = false)"
        )));
    }
    // A request without a key is none of the others, also of those in the same millisecond.
    let key = match key {
        Some(key) => format!("{}:{key}", caller.key),
        None => format!("request {}", shared.next_request_id()),
    };
    let key = RequestKey {
        key,
        fingerprint: fingerprint(&flow, &input),
    };
    let request = StartRequest {
        flow,
        input,
        key: Some(key),
        actor: caller.actor(),
    };
    let (result, id) = match shared.core.start_run(request).await? {
        StartOutcome::Started(id) => (StartResult::Started, id),
        StartOutcome::Delivered(id) => (StartResult::Delivered, id),
        StartOutcome::Repeated(id) => (StartResult::Repeated, id),
        StartOutcome::KeyReused => {
            return Err(Problem::key_reused(
                "this `Idempotency-Key` came before with another flow or body",
            ));
        }
    };
    // It is accepted: a store that fails now must not turn the answer into an error.
    let run = shared
        .core
        .store()
        .run(&id)
        .await
        .ok()
        .flatten()
        .map(RunView::from);
    let status = match result {
        StartResult::Repeated => StatusCode::OK,
        StartResult::Started | StartResult::Delivered => StatusCode::ACCEPTED,
    };
    let view = StartedView {
        result,
        run_id: id.to_string(),
        run,
    };
    let mut response = (status, Json(view)).into_response();
    if let Ok(location) = HeaderValue::try_from(location(&id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if matches!(result, StartResult::Repeated) {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// What was asked for: the flow and the meaning of the body, whatever the order of its keys.
fn fingerprint(flow: &FlowName, input: &Value) -> String {
    let mut input = input.clone();
    input.sort_all_objects();
    let text = json!([flow.as_str(), input]).to_string();
    hex::encode(sha2::Sha256::digest(text))
}

/// Which runs. All conditions must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Of this flow.
    flow: Option<String>,
    /// In one of these states: repeated, or separated by commas.
    state: Vec<String>,
    /// With this business key.
    business_key: Option<String>,
    /// About the entity of this id.
    subject: Option<String>,
    /// With this label, as `name:value`.
    label: Option<String>,
    /// Created at or after this time, RFC 3339.
    since: Option<String>,
    /// Created before this time, RFC 3339.
    until: Option<String>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

impl RunQuery {
    fn parts(self) -> Result<(RunFilter, PageRequest)> {
        let label = match self.label {
            Some(label) => match label.split_once(':') {
                Some((name, value)) => Some((name.to_owned(), value.to_owned())),
                None => return Err(Problem::malformed("query `label`: write `name:value`")),
            },
            None => None,
        };
        let filter = RunFilter {
            flow: self.flow.map(FlowName::from),
            states: states(&self.state)?,
            business_key: self.business_key,
            subject: self.subject,
            label,
            since: time("since", self.since)?,
            until: time("until", self.until)?,
        };
        Ok((filter, page_request(self.cursor, self.limit)?))
    }
}

fn states(names: &[String]) -> Result<Vec<RunState>> {
    let names = names
        .iter()
        .flat_map(|names| names.split(','))
        .map(str::trim);
    let state = |name: &str| {
        RunState::parse(name).ok_or_else(|| {
            let known = RunState::ALL.map(RunState::as_str).join(", ");
            Problem::malformed(format!("query `state`: `{name}` is none of {known}"))
        })
    };
    names.filter(|name| !name.is_empty()).map(state).collect()
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let parse = |text: String| {
        text.parse()
            .map_err(|error| Problem::malformed(format!("query `{name}`: {error}")))
    };
    text.map(parse).transpose()
}

/// List runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(RunQuery),
    responses((status = 200, body = Page<RunView>)))]
pub(crate) async fn list(
    State(shared): Context,
    Query(query): Query<RunQuery>,
) -> Result<Json<Page<RunView>>> {
    let (filter, page) = query.parts()?;
    Ok(Json(Page::of(
        shared.core.store().runs(filter, page).await,
    )?))
}

/// Which parked runs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParkedQuery {
    /// Of this flow.
    flow: Option<String>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// List runs that wait for an operator, newest first.
#[utoipa::path(get, path = "/v1/parked", tag = "runs", params(ParkedQuery),
    responses((status = 200, body = Page<RunView>)))]
pub(crate) async fn parked(
    State(shared): Context,
    Query(query): Query<ParkedQuery>,
) -> Result<Json<Page<RunView>>> {
    let filter = RunFilter {
        flow: query.flow.map(FlowName::from),
        states: vec![RunState::Parked],
        ..RunFilter::default()
    };
    let page = page_request(query.cursor, query.limit)?;
    Ok(Json(Page::of(
        shared.core.store().runs(filter, page).await,
    )?))
}

/// Show a run with all that it holds and waits for.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = RunDetail), (status = 404, description = "No such run")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(id): Path<String>,
) -> Result<Json<RunDetail>> {
    let id = RunId::from(id);
    let store = shared.core.store();
    let run = super::run(&shared, &id).await?;
    let notices = PageRequest {
        cursor: None,
        limit: NOTICES_SHOWN,
    };
    let parts = RunParts {
        run,
        waits: store.waits(&id).await?,
        timers: store.timers(&id).await?,
        inbox: store.inbox(&id).await?,
        notices: store.notices(Some(&id), notices).await?.items,
    };
    Ok(Json(parts.into()))
}

/// Show the steps of a run, with every call they made.
#[utoipa::path(get, path = "/v1/runs/{id}/steps", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = Steps), (status = 404, description = "No such run")))]
pub(crate) async fn steps(State(shared): Context, Path(id): Path<String>) -> Result<Json<Steps>> {
    let id = RunId::from(id);
    super::run(&shared, &id).await?;
    let store = shared.core.store();
    let steps = store.steps(&id).await?;
    Ok(Json(Steps::new(
        steps,
        store.journal_entries(&id, None).await?,
    )))
}

/// How a run is to be cancelled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelInput {
    /// Why, for the audit and the handler.
    reason: String,
    /// End it at once, without asking the handler to clean up.
    #[serde(default)]
    force: bool,
}

/// Cancel a run.
///
/// Its handler gets the signal `cancel` and cleans up; with `force` it ends at once.
#[utoipa::path(post, path = "/v1/runs/{id}:cancel", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")), request_body = CancelInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn cancel(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<CancelInput>,
) -> Result<Json<ControlledView>> {
    let control = Control::Cancel {
        reason: input.reason,
        force: input.force,
        sender: caller.actor(),
    };
    act(&shared, &caller, id, control).await
}

/// Try a parked or put-off run again at once.
#[utoipa::path(post, path = "/v1/runs/{id}:retry", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn retry(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<ControlledView>> {
    act(&shared, &caller, id, Control::Retry).await
}

/// Hold a run.
#[utoipa::path(post, path = "/v1/runs/{id}:pause", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn pause(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<ControlledView>> {
    act(&shared, &caller, id, Control::Pause).await
}

/// Let a held run go on.
#[utoipa::path(post, path = "/v1/runs/{id}:resume", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn resume(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<ControlledView>> {
    act(&shared, &caller, id, Control::Resume).await
}

/// A message to a run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalInput {
    /// Its name, as the handler knows it.
    name: String,
    /// What it carries.
    #[serde(default)]
    data: Value,
}

/// Send a signal to a run.
#[utoipa::path(post, path = "/v1/runs/{id}:signal", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")), request_body = SignalInput,
    responses((status = 200, body = ControlledView), (status = 404, description = "No such run"),
        (status = 409, description = "It does not fit the run's state")))]
pub(crate) async fn signal(
    State(shared): Context,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<SignalInput>,
) -> Result<Json<ControlledView>> {
    let signal = Signal {
        name: input.name,
        data: input.data.to_string(),
        sender: caller.actor(),
    };
    act(&shared, &caller, id, Control::Signal(signal)).await
}

async fn act(
    shared: &Shared,
    caller: &Caller,
    id: String,
    control: Control,
) -> Result<Json<ControlledView>> {
    let controlled = shared
        .core
        .control(&RunId::from(id), control, &caller.actor())
        .await?;
    Ok(Json(controlled.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_meaning() {
        let flow = FlowName::from("f");
        let one = fingerprint(&flow, &json!({"a": 1, "b": {"c": 2, "d": 3}}));
        assert_eq!(
            one,
            fingerprint(&flow, &json!({"b": {"d": 3, "c": 2}, "a": 1}))
        );
        assert_ne!(
            one,
            fingerprint(&flow, &json!({"a": 1, "b": {"c": 2, "d": 4}}))
        );
        assert_ne!(
            one,
            fingerprint(&"g".into(), &json!({"a": 1, "b": {"c": 2, "d": 3}}))
        );
    }
}
