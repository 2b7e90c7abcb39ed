//! Starting a run on request.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use forebay_engine::operate::StartRequest;
use forebay_model::FlowName;
use forebay_store::runs::{RequestKey, StartOutcome};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sha2::Digest as _;

use super::Context;
use crate::extract::{Body, IdempotencyKey};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::run::{RunView, StartResult, StartedView, location};

/// Header that says that the answer is that of an earlier request.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Its value.
pub(crate) const REPLAYED_TRUE: HeaderValue = HeaderValue::from_static("true");

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
    // A request without a key is none of the others, also of those in the same millisecond.
    let key = match key {
        Some(key) => format!("{}:{key}", caller.key),
        None => format!("request {}", shared.next_request_id()),
    };
    let key = RequestKey {
        key,
        fingerprint: fingerprint(json!([flow.as_str(), input])),
    };
    let request = StartRequest {
        flow,
        input,
        key: Some(key),
        actor: caller.actor(),
    };
    let outcome = shared
        .carry_out(|core| async move { core.start_run(request).await })
        .await?;
    let (result, id) = match outcome {
        StartOutcome::Started(id) => (StartResult::Started, id),
        StartOutcome::Delivered(id) => (StartResult::Delivered, id),
        StartOutcome::Repeated(id) => (StartResult::Repeated, id),
        StartOutcome::KeyReused => {
            return Err(forebay_store::Error::KeyReused.into());
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
        response.headers_mut().insert(REPLAYED, REPLAYED_TRUE);
    }
    Ok(response)
}

/// What was asked for: its meaning, whatever the order of keys.
pub(crate) fn fingerprint(mut asked: Value) -> String {
    asked.sort_all_objects();
    hex::encode(sha2::Sha256::digest(asked.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_meaning() {
        let one = fingerprint(json!(["f", {"a": 1, "b": {"c": 2, "d": 3}}]));
        assert_eq!(
            one,
            fingerprint(json!(["f", {"b": {"d": 3, "c": 2}, "a": 1}]))
        );
        assert_ne!(
            one,
            fingerprint(json!(["f", {"a": 1, "b": {"c": 2, "d": 4}}]))
        );
        assert_ne!(
            one,
            fingerprint(json!(["g", {"a": 1, "b": {"c": 2, "d": 3}}]))
        );
    }
}
