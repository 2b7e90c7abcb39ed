//! Jobs: what runs long, and what integrations report.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::http::{Caller, Refusal, overlay, paged, required};
use super::types::{Record, date, text};
use super::{Sim, with};
use crate::common::effect;

const STATUSES: [&str; 10] = [
    "READY",
    "STARTED",
    "FINISHED",
    "FINISHED_WITH_WARNING",
    "FAILED",
    "WAITING",
    "ABORT_PENDING",
    "ABORTED",
    "SKIPPED",
    "PAUSED",
];

fn no_job() -> Refusal {
    Refusal::not_found("Job")
}

/// `GET /API/jobs/v1/jobs/`
pub(super) async fn list(State(sim): State<Sim>, caller: Caller) -> Result<Json<Value>, Refusal> {
    with(&sim, |world, _| {
        let wanted = |job: &&Record| {
            ["status", "type", "object_id", "object_type"]
                .into_iter()
                .all(|key| {
                    caller
                        .query(key)
                        .is_none_or(|value| text(job, key) == value)
                })
        };
        let jobs = world.domain.jobs.iter().filter(wanted);
        paged(&caller, jobs.cloned().map(Value::Object).collect())
    })
}

/// `POST /API/jobs/v1/jobs/`
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Json(body): Json<Record>,
) -> Result<(StatusCode, Json<Record>), Refusal> {
    required(&body, "title")?;
    required(&body, "type")?;
    known(required(&body, "status")?)?;
    with(&sim, |world, now| {
        let mut job = Record::new();
        overlay(
            &mut job,
            &body,
            &["id", "date_created", "date_modified", "created_by"],
        );
        let own = [
            ("id", world.domain.new_id()),
            ("created_by", caller.user.clone()),
            ("date_created", date(now)),
            ("date_modified", date(now)),
        ];
        job.extend(own.map(|(key, value)| (key.to_owned(), json!(value))));
        world.domain.jobs.push(job.clone());
        effect("create-job");
        let data = Value::Object(job.clone());
        world.domain.emit(
            ("jobs", "entity", "create"),
            text(&job, "id"),
            &caller.user,
            data,
        );
        Ok((StatusCode::CREATED, Json(job)))
    })
}

fn known(status: &str) -> Result<(), Refusal> {
    match STATUSES.contains(&status) {
        true => Ok(()),
        false => Err(Refusal::field("status", "Not a valid choice.")),
    }
}

/// `GET /API/jobs/v1/jobs/{job_id}/`
pub(super) async fn read(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Record>, Refusal> {
    with(&sim, |world, _| {
        let job = world.domain.jobs.iter().find(|job| text(job, "id") == id);
        job.cloned().map(Json).ok_or_else(no_job)
    })
}

/// `PATCH` and `PUT /API/jobs/v1/jobs/{job_id}/`
pub(super) async fn update(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Record>,
) -> Result<Json<Record>, Refusal> {
    if body.contains_key("status") {
        known(text(&body, "status"))?;
    }
    with(&sim, |world, now| {
        let job = world
            .domain
            .jobs
            .iter_mut()
            .find(|job| text(job, "id") == id);
        let job = job.ok_or_else(no_job)?;
        overlay(
            job,
            &body,
            &["id", "date_created", "date_modified", "created_by"],
        );
        job.insert("date_modified".to_owned(), date(now).into());
        let job = job.clone();
        effect("update-job");
        let data = Value::Object(job.clone());
        world
            .domain
            .emit(("jobs", "entity", "update"), &id, &caller.user, data);
        Ok(Json(job))
    })
}
