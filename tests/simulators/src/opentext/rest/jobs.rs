//! `/workflow/v1/external-jobs`. Acquiring is documented; completing and failing follow Flowable.

use std::time::Duration;

use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::super::engine::model::Job;
use super::super::engine::variable::Variable;
use super::super::engine::{Engine, Error, Result};
use super::super::http::{Answer, Body, Caller, Sim, nothing, reply};
use super::super::render::Include;

pub(super) async fn acquire(State(sim): State<Sim>, _: Caller, body: Body) -> Answer {
    let mut world = sim.lock();
    let jobs = take(&mut world.engine, &body)?;
    let writer = world.writer(Include::default());
    let content: Value = jobs.iter().map(|job| writer.job(job)).collect();
    reply(
        StatusCode::OK,
        json!({"links": {"empty": true}, "content": content}),
    )
}

pub(super) async fn complete(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    finish(&mut sim.lock().engine, &id, &body, false)?;
    nothing()
}

pub(super) async fn bpmn_error(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    finish(&mut sim.lock().engine, &id, &body, true)?;
    nothing()
}

pub(super) async fn fail(
    State(sim): State<Sim>,
    _: Caller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    give_back(&mut sim.lock().engine, &id, &body)?;
    nothing()
}

/// Acquire and lock jobs of a topic.
pub(crate) fn take(engine: &mut Engine, body: &Body) -> Result<Vec<Job>> {
    let lock = body
        .text("lockDuration")
        .map(duration)
        .transpose()?
        .unwrap_or(DEFAULT_LOCK);
    let count = body
        .0
        .get("numberOfTasks")
        .and_then(Value::as_u64)
        .unwrap_or(1);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(engine.acquire(
        body.required("topic")?,
        body.required("workerId")?,
        lock,
        count,
    ))
}

/// Complete a job, or throw a BPMN error from it.
pub(crate) fn finish(engine: &mut Engine, id: &str, body: &Body, error: bool) -> Result<()> {
    let (variables, _) = Variable::parse_list(body.0.get("variables"))?;
    let code = error.then(|| body.text("errorCode").unwrap_or("error"));
    engine.complete_job(id, body.required("workerId")?, variables, code)
}

/// Give a job back as failed.
pub(crate) fn give_back(engine: &mut Engine, id: &str, body: &Body) -> Result<()> {
    let after = body.text("retryTimeout").map(duration).transpose()?;
    let retries = body.0.get("retries").and_then(Value::as_i64);
    engine.fail_job(
        id,
        body.required("workerId")?,
        body.text("errorMessage"),
        retries,
        after,
    )
}

/// How long a job is held where the worker does not say: the vendor's sample.
const DEFAULT_LOCK: Duration = Duration::from_secs(600);

/// An ISO 8601 duration, `PT10M`.
fn duration(text: &str) -> Result<Duration> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| Error::Invalid(format!("'{text}' is no duration.")))
}
