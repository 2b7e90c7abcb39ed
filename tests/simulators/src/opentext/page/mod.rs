//! The task inbox for people: choose who you are, see your tasks, take and decide them; and the list
//! of processes. Server-rendered, no scripts. A page of the simulator, not of the vendor.

mod form;

use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, response::Html};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::engine::model::{Process, Task};
use super::engine::variable::{self, Variable};
use super::engine::{Engine, Error};
use super::http::Sim;
use crate::common::page::{page, pill};

const PRODUCT: &str = "OpenText Workflow";
const NAV: &[(&str, &str)] = &[("Inbox", "/"), ("Processes", "/inbox/processes")];

pub(super) fn router() -> Router<Sim> {
    Router::new()
        .route("/", get(inbox))
        .route("/inbox/tasks/{id}", get(task))
        .route("/inbox/tasks/{id}/claim", post(claim))
        .route("/inbox/tasks/{id}/decide", post(form::decide))
        .route("/inbox/processes", get(processes))
        .route("/inbox/processes/{id}", get(process))
        .route("/inbox/processes/{id}/terminate", post(terminate))
}

#[derive(Deserialize)]
struct Viewer {
    #[serde(default)]
    user: String,
}

async fn inbox(State(sim): State<Sim>, Query(viewer): Query<Viewer>) -> Html<String> {
    let engine = &sim.lock().engine;
    let user = match engine.users.iter().find(|user| user.id == viewer.user) {
        Some(user) => user.id.as_str(),
        None => engine.users.first().map_or("", |user| user.id.as_str()),
    };
    let open: Vec<&Task> = engine.tasks.iter().filter(|task| task.is_open()).collect();
    let mine: Vec<&Task> = select(&open, |task| task.assignee.as_deref() == Some(user));
    let content = html! {
        form.row method="get" action="/" {
            label { "You are"
                select name="user" {
                    @for known in engine.users.iter().filter(|known| known.enabled) {
                        option value=(known.id) selected[known.id == user] { (known.id) }
                    }
                }
            }
            button { "Show" }
        }
        h2 { "Assigned to you" }
        (task_table(engine, &mine, user))
        @for group in engine.groups_of(user) {
            h2 { "Offered to " (group) }
            (task_table(engine, &select(&open, |task| {
                task.assignee.is_none() && task.candidate_groups().any(|offered| offered == group)
            }), user))
        }
    };
    page(PRODUCT, "Inbox", NAV, &content)
}

fn select<'a>(tasks: &[&'a Task], which: impl Fn(&Task) -> bool) -> Vec<&'a Task> {
    tasks.iter().copied().filter(|task| which(task)).collect()
}

fn task_table(engine: &Engine, tasks: &[&Task], user: &str) -> Markup {
    html! {
        @if tasks.is_empty() { p.quiet { "Nothing to do." } } @else {
            table {
                tr { th { "Task" } th { "About" } th { "Group" } th { "Since" } th { "Due" } }
                @for task in tasks {
                    tr {
                        td { a href=(address(task, user)) { (task.name) } }
                        td { (subject(engine, task)) }
                        td { (task.candidate_groups().collect::<Vec<_>>().join(", ")) }
                        td { (task.created_at) }
                        td { @if let Some(due) = task.due_at { (due) } }
                    }
                }
            }
        }
    }
}

fn address(task: &Task, user: &str) -> String {
    let user: String = url::form_urlencoded::byte_serialize(user.as_bytes()).collect();
    format!("/inbox/tasks/{}?user={user}", task.id)
}

fn subject(engine: &Engine, task: &Task) -> String {
    let process = engine.processes.get(&task.process);
    process
        .and_then(|process| process.text("title").or(process.name.as_deref()))
        .or(task.description.as_deref())
        .unwrap_or(&task.process)
        .to_owned()
}

async fn task(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(viewer): Query<Viewer>,
) -> Response {
    let engine = &sim.lock().engine;
    let Some(task) = engine.tasks.get(&id) else {
        return sorry(&Error::no_task(&id));
    };
    let Some(process) = engine.processes.get(&task.process) else {
        return sorry(&Error::no_process(&task.process));
    };
    let content = html! {
        p { (subject(engine, task)) }
        @if let Some(text) = &task.description { p.quiet { (text) } }
        @for line in form::local(task, "text").lines() { p { (line) } }
        p {
            "Process " a href={ "/inbox/processes/" (process.id) } { (process.definition) } " "
            @if let Some(assignee) = &task.assignee { "· with " (assignee) } @else { "· with nobody" }
        }
        (links(process))
        @if task.is_open() { (form::forms(task, &viewer.user)) } @else { p { (pill("closed")) } }
        h2 { "Variables" }
        (variable_table(&process.variables))
    };
    page(PRODUCT, &task.name, NAV, &content).into_response()
}

/// Links for people, from the variable `links`: one URL, or a JSON object or list of them.
fn links(process: &Process) -> Markup {
    let text = process.text("links").unwrap_or_default();
    let parsed = serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::from(text));
    let found: Vec<(String, String)> = match parsed {
        Value::Object(named) => named
            .iter()
            .filter_map(|(name, to)| Some((name.clone(), to.as_str()?.to_owned())))
            .collect(),
        Value::Array(items) => items.iter().filter_map(link).collect(),
        single => link(&single).into_iter().collect(),
    };
    html! {
        ul {
            // Only web addresses: a variable must not become a script.
            @for (label, to) in found.iter().filter(|(_, to)| to.starts_with("http")) {
                li { a href=(to) rel="noopener" target="_blank" { (label) } }
            }
        }
    }
}

fn link(item: &Value) -> Option<(String, String)> {
    let member = |name: &str| item.get(name).and_then(Value::as_str);
    let to = item.as_str().or(member("url")).or(member("href"))?;
    let label = member("label").or(member("name")).unwrap_or(to);
    Some((label.to_owned(), to.to_owned()))
}

fn variable_table(variables: &[Variable]) -> Markup {
    html! {
        table {
            tr { th { "Name" } th { "Value" } th { "Type" } }
            @for variable in variables {
                tr { td { (variable.name) } td { (shown(&variable.value)) } td.quiet { (variable.kind) } }
            }
        }
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

async fn claim(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Form(viewer): Form<Viewer>,
) -> Response {
    let engine = &mut sim.lock().engine;
    match engine.claim(&id, Some(&viewer.user)) {
        Ok(()) => match engine.tasks.get(&id) {
            Some(task) => Redirect::to(&address(task, &viewer.user)).into_response(),
            None => sorry(&Error::no_task(&id)),
        },
        Err(error) => sorry(&error),
    }
}

async fn processes(State(sim): State<Sim>) -> Html<String> {
    let engine = &sim.lock().engine;
    let mut rows: Vec<&Process> = engine.processes.iter().collect();
    rows.reverse();
    let content = html! {
        @if rows.is_empty() { p.quiet { "No process has been started yet." } }
        table {
            tr { th { "Process" } th { "Definition" } th { "Business key" } th { "State" } th { "Started" } th { "Ended" } }
            @for process in rows {
                tr {
                    td { a href={ "/inbox/processes/" (process.id) } {
                        (process.text("title").or(process.name.as_deref()).unwrap_or(&process.id))
                    } }
                    td { (process.definition) }
                    td { (process.business_key.as_deref().unwrap_or_default()) }
                    td { (pill(&state(process))) }
                    td { (process.started_at) }
                    td { @if let Some(time) = process.ended_at { (time) } }
                }
            }
        }
    };
    page(PRODUCT, "Processes", NAV, &content)
}

fn state(process: &Process) -> String {
    match (process.is_running(), &process.delete_reason) {
        (true, _) if process.suspended => "suspended".to_owned(),
        (true, _) => "active".to_owned(),
        (false, Some(_)) => "terminated".to_owned(),
        (false, None) => process.text("outcome").unwrap_or("completed").to_owned(),
    }
}

async fn process(State(sim): State<Sim>, Path(id): Path<String>) -> Response {
    let engine = &sim.lock().engine;
    let Some(process) = engine.processes.get(&id) else {
        return sorry(&Error::no_process(&id));
    };
    let content = html! {
        p { (process.definition) " · " (process.business_key.as_deref().unwrap_or_default()) " "
            (pill(&state(process))) }
        @if let Some(reason) = &process.delete_reason { p { "Ended from outside: " (reason) } }
        (links(process))
        h2 { "Tasks" }
        table {
            tr { th { "Task" } th { "Group" } th { "With" } th { "Outcome" } th { "Comment" } th { "Ended" } }
            @for task in engine.tasks.iter().filter(|task| task.process == process.id) {
                tr {
                    td { (task.name) }
                    td { (task.candidate_groups().collect::<Vec<_>>().join(", ")) }
                    td { (task.assignee.as_deref().unwrap_or_default()) }
                    td { @if task.is_completed() {
                        (pill(variable::text(&task.locals, "outcome").unwrap_or("completed")))
                    } @else if !task.is_open() { span.quiet { "taken away" } } }
                    td { (variable::text(&task.locals, "comment").unwrap_or_default()) }
                    td { @if let Some(time) = task.ended_at { (time) } }
                }
            }
        }
        h2 { "Comments" }
        @for comment in engine.comments.iter().filter(|comment| comment.process == process.id) {
            p { (comment.author) ": " (comment.message) }
        }
        h2 { "Variables" }
        (variable_table(&process.variables))
        @if process.is_running() {
            h2 { "Administrator" }
            form.row method="post" action={ "/inbox/processes/" (process.id) "/terminate" } {
                input name="reason" placeholder="Reason";
                button { "End this process" }
            }
        }
    };
    page(
        PRODUCT,
        process.text("title").unwrap_or(&process.definition),
        NAV,
        &content,
    )
    .into_response()
}

#[derive(Deserialize)]
struct Termination {
    #[serde(default)]
    reason: String,
}

async fn terminate(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Form(form): Form<Termination>,
) -> Response {
    let reason = Some(form.reason.trim()).filter(|reason| !reason.is_empty());
    match sim.lock().engine.terminate(&id, reason) {
        Ok(()) => Redirect::to(&format!("/inbox/processes/{id}")).into_response(),
        Err(error) => sorry(&error),
    }
}

fn sorry(error: &Error) -> Response {
    let status = match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    };
    let content = html! { p { (error) } p { a href="/" { "Back to the inbox" } } };
    (status, page(PRODUCT, "That did not work", NAV, &content)).into_response()
}
