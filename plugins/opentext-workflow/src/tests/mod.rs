//! The connector against recorded exchanges of both dialects, one test per peculiarity.

mod changes;
mod comments;
mod processes;
mod setup;
mod start;
mod tasks;
mod webhook;

use forebay_sdk::connector::Connector as _;
use forebay_sdk::http::Method;
use forebay_sdk::testing::{self, Recorded};
use serde_json::{Value as Json, json};

use crate::Engine;

const PROCESSES: &str = "/workflow/v1/process-instances";
const EXECUTIONS: &str = "/workflow/v1/process-instances/executions";
const TASKS: &str = "/workflow/v1/tasks";
const MODELS: &str = "/workflow/v1/runtime/models";
const PAST_PROCESSES: &str = "/workflow-history/v1/historic-process-instances";
const PAST_TASKS: &str = "/workflow-history/v1/historic-task-instances";
const FLOWABLE: &str = "/flowable-rest/service";

/// 2026-01-01T12:00:00Z, when the tests' time begins, as the engine writes it.
const NOON: &str = "2026-01-01T12:00:00.000+0000";

fn opentext(settings: Json) -> Json {
    merged(
        json!({"base_url": "https://wf.test", "tenant": "t1"}),
        settings,
    )
}

fn flowable(settings: Json) -> Json {
    merged(
        json!({"base_url": "https://wf.test", "dialect": "flowable"}),
        settings,
    )
}

fn merged(mut base: Json, more: Json) -> Json {
    let members = more.as_object().cloned().unwrap_or_default();
    members
        .into_iter()
        .for_each(|(name, value)| base[name] = value);
    base
}

fn call(vendor: &Recorded, settings: &Json) -> testing::CallBuilder {
    testing::call(settings).transport(vendor.clone().into_transport())
}

fn engine(call: testing::CallBuilder) -> Engine {
    Engine::new(call.build()).unwrap()
}

/// The connector of an OpenText tenant with nothing else set.
fn plain(vendor: &Recorded) -> Engine {
    engine(call(vendor, &opentext(json!({}))))
}

/// A list as OpenText sends it: without `_embedded` where there is nothing.
fn hal(key: &str, rows: &[Json]) -> Json {
    let mut body = json!({"_links": {}, "page": {"size": 100, "totalElements": rows.len()}});
    if !rows.is_empty() {
        body["_embedded"] = json!({key: rows});
    }
    body
}

fn data(rows: &[Json]) -> Json {
    json!({"data": rows, "total": rows.len(), "start": 0, "size": rows.len()})
}

fn running(id: &str) -> Json {
    json!({
        "id": id, "businessKey": "k1", "startTime": NOON, "ended": false, "suspended": false,
        "processDefinitionId": "assetApproval:3:0001", "variables": [],
    })
}

fn past(id: &str, end: Option<&str>, reason: Option<&str>) -> Json {
    json!({
        "id": id, "businessKey": "k1", "startTime": NOON, "endTime": end, "deleteReason": reason,
        "processDefinitionId": "assetApproval:3:0001", "startUserId": "client",
        "variables": [{"name": "outcome", "type": "string", "value": "approved", "scope": "global"}],
    })
}

fn past_task(id: &str, end: Option<&str>, reason: Option<&str>) -> Json {
    let local = |name: &str, value: &str| json!({"name": name, "type": "string", "value": value, "scope": "local"});
    json!({
        "id": id, "name": "legal", "startTime": NOON, "endTime": end, "deleteReason": reason,
        "assignee": "cara@example.test", "owner": null, "dueDate": null,
        "processInstanceId": "p1", "processDefinitionId": "assetApproval:3:0001",
        "variables": [
            local("stage", "legal"), local("group", "legal"), local("outcome", "approved"),
            local("comment", "fine"),
            {"name": "outcome", "type": "string", "value": "shared", "scope": "global"},
        ],
        "assignments": [{"user": null, "group": "legal", "type": "candidate"}],
    })
}

/// A vendor that holds no process of any business key.
fn without_processes() -> Recorded {
    let vendor = Recorded::new();
    vendor.on(Method::Get, PROCESSES, 200, hal("process-instances", &[]));
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[]),
    );
    vendor
}

fn error_of<T: std::fmt::Debug>(result: Result<T, forebay_sdk::Error>) -> forebay_sdk::Error {
    result.unwrap_err()
}
