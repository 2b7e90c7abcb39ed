//! `/flowable-rest/external-job-api/acquire/jobs`

use axum::extract::{Path, State};
use http::StatusCode;

use super::super::http::{BasicCaller, Body, Sim};
use super::super::render::Include;
use super::super::rest::jobs as work;
use super::{Answer, nothing, reply, writer};

pub(super) async fn acquire(State(sim): State<Sim>, _: BasicCaller, body: Body) -> Answer {
    let mut world = sim.lock();
    let jobs = work::take(&mut world.engine, &body)?;
    let writer = writer(&world, Include::default());
    reply(
        StatusCode::OK,
        jobs.iter().map(|job| writer.job(job)).collect(),
    )
}

pub(super) async fn complete(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    work::finish(&mut sim.lock().engine, &id, &body, false)?;
    nothing()
}

pub(super) async fn bpmn_error(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    work::finish(&mut sim.lock().engine, &id, &body, true)?;
    nothing()
}

pub(super) async fn fail(
    State(sim): State<Sim>,
    _: BasicCaller,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    work::give_back(&mut sim.lock().engine, &id, &body)?;
    nothing()
}
