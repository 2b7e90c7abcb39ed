//! The OpenText dialect: `/tenants/…`, `/workflow/v1/…`, `/workflow-history/v1/…`.
//!
//! One file per resource. What the vendor's public material leaves open follows Flowable; lists are
//! in the HAL form everywhere but for variables, which are a plain array.

pub(crate) mod executions;
mod history;
mod identity;
pub(crate) mod jobs;
mod models;
pub(crate) mod processes;
pub(crate) mod tasks;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::auth;
use super::engine::Error;
use super::http::{Answer, Caller, Refusal, Sim, reply};
use crate::common::Frame;

/// Page size where the request names none: the one of the vendor's sample.
const DEFAULT_COUNT: usize = 20;

/// All routes of the dialect.
pub(crate) fn router(frame: &Frame) -> Router<Sim> {
    Router::new()
        .route(
            "/tenants/{tenant}/oauth2/token",
            frame.op("token", post(auth::token)),
        )
        .merge(models(frame))
        .merge(processes(frame))
        .merge(tasks(frame))
        .merge(jobs(frame))
        .merge(history(frame))
        .merge(identity(frame))
}

fn identity(frame: &Frame) -> Router<Sim> {
    Router::new()
        .route(
            "/workflow/v1/identity/users/{id}",
            frame.op("read-user", get(identity::user)),
        )
        .route(
            "/workflow/v1/identity/groups/{id}",
            frame.op("read-group", get(identity::group)),
        )
}

fn history(frame: &Frame) -> Router<Sim> {
    let processes = frame.op("list-process-history", get(history::processes));
    let process = frame.op("read-process-history", get(history::process));
    let tasks = frame.op("list-task-history", get(history::tasks));
    let task = frame.op("read-task-history", get(history::task));
    Router::new()
        .route("/workflow-history/v1/historic-process-instances", processes)
        .route(
            "/workflow-history/v1/historic-process-instances/{id}",
            process,
        )
        .route("/workflow-history/v1/historic-task-instances", tasks)
        .route("/workflow-history/v1/historic-task-instances/{id}", task)
}

fn models(frame: &Frame) -> Router<Sim> {
    Router::new()
        .route(
            "/workflow/v1/runtime/models",
            frame
                .op("list-models", get(models::list))
                .merge(frame.op("deploy-model", post(models::deploy))),
        )
        .route(
            "/workflow/v1/runtime/models/{id}",
            frame.op("read-model", get(models::read)),
        )
}

fn processes(frame: &Frame) -> Router<Sim> {
    let instance = frame
        .op("read-process", get(processes::read))
        .merge(frame.op("act-on-process", put(processes::act)))
        .merge(frame.op("terminate-process", delete(processes::terminate)));
    let variables = frame
        .op("list-variables", get(processes::variables))
        .merge(frame.op("create-variables", post(processes::create_variables)))
        .merge(frame.op("set-variables", put(processes::set_variables)));
    let variable = frame
        .op("read-variable", get(processes::variable))
        .merge(frame.op("set-variable", put(processes::set_variable)));
    let comments = frame
        .op("list-comments", get(processes::comments))
        .merge(frame.op("add-comment", post(processes::add_comment)));
    Router::new()
        .route(
            "/workflow/v1/process-instances",
            frame
                .op("list-processes", get(processes::list))
                .merge(frame.op("start-process", post(processes::start))),
        )
        .route(
            "/workflow/v1/process-instances/executions",
            frame.op("list-executions", get(executions::list)),
        )
        .route(
            "/workflow/v1/process-instances/executions/{id}",
            frame.op("act-on-execution", put(executions::act)),
        )
        .route("/workflow/v1/process-instances/{id}", instance)
        .route(
            "/workflow/v1/process-instances/{id}/diagram",
            frame.op("read-diagram", get(processes::diagram)),
        )
        .route("/workflow/v1/process-instances/{id}/variables", variables)
        .route(
            "/workflow/v1/process-instances/{id}/variables/{name}",
            variable,
        )
        .route("/workflow/v1/process-instances/{id}/comments", comments)
        .route(
            "/workflow/v1/process-instances/{id}/comments/{comment}",
            frame.op("remove-comment", delete(processes::remove_comment)),
        )
}

fn tasks(frame: &Frame) -> Router<Sim> {
    let task = frame
        .op("read-task", get(tasks::read))
        .merge(frame.op("act-on-task", post(tasks::act)))
        .merge(frame.op("change-task", put(tasks::change)));
    let assignments = frame
        .op("list-assignments", get(tasks::assignments))
        .merge(frame.op("add-assignment", post(tasks::add_assignment)))
        .merge(frame.op("set-assignments", put(tasks::set_assignments)))
        .merge(frame.op("remove-assignment", delete(tasks::remove_assignment)));
    let comments = frame
        .op("list-task-comments", get(tasks::comments))
        .merge(frame.op("add-task-comment", post(tasks::add_comment)));
    let variables = frame
        .op("list-task-variables", get(tasks::variables))
        .merge(frame.op("create-task-variables", post(tasks::create_variables)))
        .merge(frame.op("set-task-variables", put(tasks::set_variables)));
    Router::new()
        .route(
            "/workflow/v1/tasks",
            frame.op("list-tasks", get(tasks::list)),
        )
        .route("/workflow/v1/tasks/{id}", task)
        .route("/workflow/v1/tasks/{id}/assignments", assignments)
        .route("/workflow/v1/tasks/{id}/comments", comments)
        .route("/workflow/v1/tasks/{id}/variables", variables)
}

fn jobs(frame: &Frame) -> Router<Sim> {
    Router::new()
        .route(
            "/workflow/v1/external-jobs",
            frame.op("acquire-jobs", post(jobs::acquire)),
        )
        .route(
            "/workflow/v1/external-jobs/{id}/complete",
            frame.op("complete-job", post(jobs::complete)),
        )
        .route(
            "/workflow/v1/external-jobs/{id}/fail",
            frame.op("fail-job", post(jobs::fail)),
        )
        .route(
            "/workflow/v1/external-jobs/{id}/bpmnError",
            frame.op("error-job", post(jobs::bpmn_error)),
        )
}

/// A page of a list: `_embedded` is left out when it is empty.
fn hal<T>(caller: &Caller, key: &str, rows: &[T], write: impl FnMut(&T) -> Value) -> Answer {
    let (offset, count) = caller.params.page("offset", "count", DEFAULT_COUNT)?;
    if count == 0 {
        return Err(Refusal::from(Error::Invalid(
            "'count' must be positive.".to_owned(),
        )));
    }
    let shown: Vec<Value> = rows.iter().skip(offset).take(count).map(write).collect();
    let mut body = Map::new();
    if !shown.is_empty() {
        body.insert("_embedded".to_owned(), json!({key: shown}));
    }
    body.insert("_links".to_owned(), json!({"self": {"href": caller.url}}));
    let page = json!({
        "size": count,
        "totalElements": rows.len(),
        "totalPages": rows.len().div_ceil(count),
        "number": offset / count,
    });
    body.insert("page".to_owned(), page);
    reply(StatusCode::OK, Value::Object(body))
}

/// One row with a link to itself.
fn linked(caller: &Caller, path: &str, mut row: Value) -> Value {
    let href = format!(
        "{}/{path}/{}",
        caller.base,
        row["id"].as_str().unwrap_or_default()
    );
    row["_links"] = json!({"self": {"href": href}});
    row
}

/// A body the vendor answers as an array.
fn array(body: Value) -> Answer {
    reply(StatusCode::OK, body)
}

/// 200 without content.
fn done() -> Answer {
    let response: Response = StatusCode::OK.into_response();
    Ok(response)
}
