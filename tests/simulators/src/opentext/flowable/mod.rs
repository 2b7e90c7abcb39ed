//! The Flowable dialect: the same state under `/flowable-rest/service` (and external jobs under
//! `/flowable-rest/external-job-api`), with Flowable's envelope, paging and Basic authentication.
//!
//! Paths, members and statuses follow Flowable's public REST specification.

mod history;
mod identity;
mod jobs;
mod processes;
mod repository;
mod tasks;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use serde_json::{Value, json};

use super::engine::{self, Error};
use super::http::{Caller, Refusal, Sim, World, exception};
use super::render::{Include, Writer};
use crate::common::Frame;

/// Page size where the request names none: Flowable's default.
const DEFAULT_SIZE: usize = 10;

/// All routes of the dialect. They are not nested: the recorder shall see whole paths.
pub(super) fn router(frame: &Frame) -> Router<Sim> {
    let service = Router::new()
        .merge(processes(frame))
        .merge(tasks(frame))
        .merge(history(frame))
        .merge(others(frame));
    let jobs = Router::new()
        .route(
            "/flowable-rest/external-job-api/acquire/jobs",
            frame.op("acquire-jobs", post(jobs::acquire)),
        )
        .route(
            "/flowable-rest/external-job-api/acquire/jobs/{id}/complete",
            frame.op("complete-job", post(jobs::complete)),
        )
        .route(
            "/flowable-rest/external-job-api/acquire/jobs/{id}/fail",
            frame.op("fail-job", post(jobs::fail)),
        )
        .route(
            "/flowable-rest/external-job-api/acquire/jobs/{id}/bpmnError",
            frame.op("error-job", post(jobs::bpmn_error)),
        );
    service.merge(jobs)
}

fn processes(frame: &Frame) -> Router<Sim> {
    let list = frame
        .op("list-processes", get(processes::list))
        .merge(frame.op("start-process", post(processes::start)));
    let instance = frame
        .op("read-process", get(processes::read))
        .merge(frame.op("act-on-process", put(processes::act)))
        .merge(frame.op("terminate-process", delete(processes::terminate)));
    let variables = frame
        .op("list-variables", get(processes::variables))
        .merge(frame.op("create-variables", post(processes::create_variables)))
        .merge(frame.op("set-variables", put(processes::set_variables)));
    Router::new()
        .route("/flowable-rest/service/runtime/process-instances", list)
        .route(
            "/flowable-rest/service/query/process-instances",
            frame.op("list-processes", post(processes::query)),
        )
        .route(
            "/flowable-rest/service/runtime/process-instances/{id}",
            instance,
        )
        .route(
            "/flowable-rest/service/runtime/process-instances/{id}/variables",
            variables,
        )
        .route(
            "/flowable-rest/service/runtime/process-instances/{id}/variables/{name}",
            frame.op("read-variable", get(processes::variable)),
        )
        .route(
            "/flowable-rest/service/runtime/executions",
            frame.op("list-executions", get(processes::executions)),
        )
        .route(
            "/flowable-rest/service/runtime/executions/{id}",
            frame.op("act-on-execution", put(processes::act_on_execution)),
        )
}

fn tasks(frame: &Frame) -> Router<Sim> {
    let task = frame
        .op("read-task", get(tasks::read))
        .merge(frame.op("act-on-task", post(tasks::act)))
        .merge(frame.op("change-task", put(tasks::change)));
    let links = frame
        .op("list-assignments", get(tasks::links))
        .merge(frame.op("add-assignment", post(tasks::add_link)));
    let comments = frame
        .op("list-task-comments", get(tasks::comments))
        .merge(frame.op("add-task-comment", post(tasks::add_comment)));
    let variables = frame
        .op("list-task-variables", get(tasks::variables))
        .merge(frame.op("create-task-variables", post(tasks::create_variables)));
    Router::new()
        .route(
            "/flowable-rest/service/runtime/tasks",
            frame.op("list-tasks", get(tasks::list)),
        )
        .route(
            "/flowable-rest/service/query/tasks",
            frame.op("list-tasks", post(tasks::query)),
        )
        .route("/flowable-rest/service/runtime/tasks/{id}", task)
        .route(
            "/flowable-rest/service/runtime/tasks/{id}/identitylinks",
            links,
        )
        .route(
            "/flowable-rest/service/runtime/tasks/{id}/identitylinks/{family}/{identity}/{kind}",
            frame.op("remove-assignment", delete(tasks::remove_link)),
        )
        .route(
            "/flowable-rest/service/runtime/tasks/{id}/comments",
            comments,
        )
        .route(
            "/flowable-rest/service/runtime/tasks/{id}/variables",
            variables,
        )
}

fn history(frame: &Frame) -> Router<Sim> {
    let comments = frame
        .op("list-comments", get(history::comments))
        .merge(frame.op("add-comment", post(history::add_comment)));
    Router::new()
        .route(
            "/flowable-rest/service/history/historic-process-instances",
            frame.op("list-process-history", get(history::processes)),
        )
        .route(
            "/flowable-rest/service/query/historic-process-instances",
            frame.op("list-process-history", post(history::query_processes)),
        )
        .route(
            "/flowable-rest/service/history/historic-process-instances/{id}",
            frame.op("read-process-history", get(history::process)),
        )
        .route(
            "/flowable-rest/service/history/historic-process-instances/{id}/comments",
            comments,
        )
        .route(
            "/flowable-rest/service/history/historic-task-instances",
            frame.op("list-task-history", get(history::tasks)),
        )
        .route(
            "/flowable-rest/service/query/historic-task-instances",
            frame.op("list-task-history", post(history::query_tasks)),
        )
        .route(
            "/flowable-rest/service/history/historic-task-instances/{id}",
            frame.op("read-task-history", get(history::task)),
        )
        .route(
            "/flowable-rest/service/history/historic-task-instances/{id}/identitylinks",
            frame.op("list-assignments", get(history::links)),
        )
        .route(
            "/flowable-rest/service/history/historic-variable-instances",
            frame.op("list-variable-history", get(history::variables)),
        )
}

fn others(frame: &Frame) -> Router<Sim> {
    Router::new()
        .route(
            "/flowable-rest/service/repository/process-definitions",
            frame.op("list-models", get(repository::list)),
        )
        .route(
            "/flowable-rest/service/repository/process-definitions/{id}",
            frame.op("read-model", get(repository::read)),
        )
        .route(
            "/flowable-rest/service/identity/users",
            frame.op("list-users", get(identity::users)),
        )
        .route(
            "/flowable-rest/service/identity/users/{id}",
            frame.op("read-user", get(identity::user)),
        )
        .route(
            "/flowable-rest/service/identity/groups",
            frame.op("list-groups", get(identity::groups)),
        )
        .route(
            "/flowable-rest/service/identity/groups/{id}",
            frame.op("read-group", get(identity::group)),
        )
}

/// An engine's refusal with Flowable's statuses: a task that was completed is simply gone.
struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self.0 {
            Error::AlreadyDone(text) => exception(StatusCode::NOT_FOUND, &text),
            other => Refusal::from(other).into_response(),
        }
    }
}

/// What handlers return.
type Answer = Result<Response, Failure>;

fn reply(status: StatusCode, body: Value) -> Answer {
    Ok((status, axum::Json(body)).into_response())
}

fn nothing() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A page in Flowable's envelope.
fn page<T>(caller: &Caller, rows: &[T], write: impl FnMut(&T) -> Value) -> Answer {
    let (start, size) = caller.params.page("start", "size", DEFAULT_SIZE)?;
    let data: Vec<Value> = rows.iter().skip(start).take(size).map(write).collect();
    let body = json!({
        "total": rows.len(),
        "start": start,
        "sort": caller.params.get("sort").unwrap_or("id"),
        "order": caller.params.get("order").unwrap_or("asc"),
        "size": data.len(),
        "data": data,
    });
    reply(StatusCode::OK, body)
}

/// A writer of Flowable replies: process variables are local to their process.
fn writer(world: &World, include: Include) -> Writer<'_> {
    Writer {
        process_scope: "local",
        ..world.writer(include)
    }
}

/// A row with its own address.
fn linked(caller: &Caller, path: &str, mut row: Value) -> Value {
    let id = row["id"].as_str().unwrap_or_default();
    row["url"] = format!("{}/flowable-rest/service/{path}/{id}", caller.base).into();
    row
}

/// Everything a handler may refuse with.
type Result<T, E = engine::Error> = std::result::Result<T, E>;
