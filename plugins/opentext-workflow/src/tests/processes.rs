//! Reading, ending and messaging processes.

use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::testing::Recorded;
use forebay_sdk::workflow::{ProcessState, WorkflowSink as _};
use forebay_sdk::{Field, Value};
use serde_json::json;

use super::{
    EXECUTIONS, FLOWABLE, MODELS, NOON, PAST_PROCESSES, PAST_TASKS, PROCESSES, call, data, engine,
    error_of, flowable, hal, opentext, past, past_task, plain, running,
};

const LATER: &str = "2026-01-01T12:05:00.000+0000";

fn p1() -> String {
    format!("{PROCESSES}/p1")
}

fn past_p1() -> String {
    format!("{PAST_PROCESSES}/p1")
}

#[test]
fn decisions_are_the_completed_tasks_with_their_own_variables() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &p1(), 404, json!({}));
    vendor.on(Method::Get, &past_p1(), 200, past("p1", Some(LATER), None));
    let mut escalated = past_task("t1", Some(LATER), None);
    escalated["owner"] = json!("dirk@example.test");
    escalated["assignments"] = json!([
        {"group": "leads", "type": "candidate"}, {"group": "legal", "type": "candidate"},
        {"user": "dirk@example.test", "type": "participant"},
    ]);
    let tasks = [
        escalated,
        past_task("t2", Some(LATER), Some("Delete MI execution")),
        past_task("t0", Some(NOON), None),
    ];
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &tasks),
    );
    let process = plain(&vendor).get("p1").unwrap();
    assert_eq!(
        (process.state, process.outcome.as_deref()),
        (ProcessState::Completed, Some("approved"))
    );
    assert_eq!(
        process.ended_at.unwrap() - process.started_at.unwrap(),
        5 * 60_000
    );
    let told: Vec<_> = process
        .decisions
        .iter()
        .map(|d| {
            (
                d.task.as_str(),
                d.group.as_deref(),
                d.outcome.as_str(),
                d.comment.as_str(),
            )
        })
        .collect();
    let legal = Some("legal");
    assert_eq!(
        told,
        [
            ("t0", legal, "approved", "fine"),
            ("t1", legal, "approved", "fine")
        ]
    );
    assert_eq!(process.decisions[0].on_behalf_of, None);
    assert_eq!(
        process.decisions[1].by.as_deref(),
        Some("cara@example.test")
    );
    assert_eq!(
        process.decisions[1].on_behalf_of.as_deref(),
        Some("dirk@example.test")
    );
}

#[test]
fn only_an_own_end_has_an_outcome() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &p1(), 404, json!({}));
    vendor.on(
        Method::Get,
        &past_p1(),
        200,
        past("p1", Some(LATER), Some("cleaned up")),
    );
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let process = plain(&vendor).get("p1").unwrap();
    assert_eq!(
        (process.state, process.outcome),
        (ProcessState::Terminated, None)
    );
    assert_eq!(process.reason.as_deref(), Some("cleaned up"));
}

#[test]
fn the_runtime_tells_that_a_process_is_suspended() {
    let vendor = Recorded::new();
    let mut row = running("p1");
    row["suspended"] = json!(true);
    vendor.on(Method::Get, &p1(), 200, row);
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let settings = opentext(json!({"process_link": "https://wf.test/inbox/{id}"}));
    let process = engine(call(&vendor, &settings)).get("p1").unwrap();
    assert_eq!(
        (process.state, process.outcome),
        (ProcessState::Suspended, None)
    );
    assert_eq!(process.link.as_deref(), Some("https://wf.test/inbox/p1"));
}

#[test]
fn an_unknown_process_is_not_found_and_a_refused_token_is_denied() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &p1(), 404, json!({"exception": "none"}));
    vendor.on(Method::Get, &past_p1(), 404, json!({"exception": "none"}));
    assert_eq!(error_of(plain(&vendor).get("p1")).case(), "not-found");
    let vendor = Recorded::new();
    let fault = json!({"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}});
    vendor.on(Method::Get, &p1(), 401, fault);
    let error = error_of(plain(&vendor).get("p1"));
    let reply = error.detail().vendor.clone().unwrap();
    assert_eq!(
        (error.case(), reply.message.as_str()),
        ("denied", "Invalid ApiKey")
    );
    assert_eq!(reply.code.as_deref(), Some("oauth.v2.InvalidApiKey"));
}

#[test]
fn ending_a_process_that_has_ended_changes_nothing() {
    let vendor = Recorded::new();
    vendor.on(Method::Delete, &p1(), 204, json!(null));
    plain(&vendor).cancel("p1", "asset deleted").unwrap();
    assert_eq!(
        vendor.seen(),
        [format!(
            "DELETE {PROCESSES}/p1?deleteReason=asset%20deleted"
        )]
    );

    let vendor = Recorded::new();
    vendor.on(Method::Delete, &p1(), 404, json!({}));
    vendor.on(Method::Get, &past_p1(), 200, past("p1", Some(LATER), None));
    plain(&vendor).cancel("p1", "asset deleted").unwrap();

    let vendor = Recorded::new();
    vendor.on(Method::Delete, &p1(), 404, json!({}));
    vendor.on(Method::Get, &past_p1(), 404, json!({}));
    assert_eq!(
        error_of(plain(&vendor).cancel("p1", "x")).case(),
        "not-found"
    );
}

#[test]
fn only_differing_variables_are_written_and_read_back() {
    let vendor = Recorded::new();
    let url = format!("{PROCESSES}/p1/variables");
    let due = json!({"name": "due", "type": "date", "value": NOON, "scope": "global"});
    let old = json!({"name": "n", "type": "integer", "value": 1, "scope": "global"});
    let new = json!({"name": "n", "type": "integer", "value": 2, "scope": "global"});
    vendor.on(Method::Get, &url, 200, json!([due, old]));
    vendor.on(Method::Get, &url, 200, json!([due, new]));
    vendor.on(Method::Put, &url, 200, json!([]));
    let at = forebay_sdk::testing::START;
    let wanted = [Field::new("due", Value::Timestamp(at)), Field::new("n", 2)];
    plain(&vendor).set_variables("p1", &wanted).unwrap();
    assert_eq!(
        vendor.body(1),
        json!([{"name": "n", "value": 2, "type": "integer"}])
    );
    plain(&vendor).set_variables("p1", &wanted).unwrap();
    assert_eq!(
        vendor.requests().len(),
        4,
        "nothing differs: one read and no write"
    );
}

#[test]
fn variables_of_an_ended_process_are_a_conflict() {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        &format!("{PROCESSES}/p1/variables"),
        404,
        json!({}),
    );
    vendor.on(Method::Get, &past_p1(), 200, past("p1", Some(LATER), None));
    let error = error_of(plain(&vendor).set_variables("p1", &[Field::new("n", 2)]));
    assert_eq!(error.case(), "conflict");
}

fn executions() -> serde_json::Value {
    let rows = [
        json!({"id": "e1", "activityId": null, "processInstanceId": "p1"}),
        json!({"id": "e2", "activityId": "assetChanged", "processInstanceId": "p1"}),
    ];
    hal("executions", &rows)
}

#[test]
fn a_message_goes_to_the_execution_that_waits_for_it() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, EXECUTIONS, 200, executions());
    vendor.on(Method::Put, &format!("{EXECUTIONS}/e2"), 200, json!(null));
    plain(&vendor)
        .message("p1", "assetChanged", &[Field::new("title", "x")])
        .unwrap();
    assert_eq!(
        vendor.body(1),
        json!({
            "action": "messageEventReceived", "messageName": "assetChanged",
            "variables": [
                {"name": "title", "value": "x", "type": "string"},
                {"name": "forebayMessage", "value": "key-1", "type": "string"},
            ],
        })
    );
}

#[test]
fn a_message_nobody_waits_for_is_a_conflict_with_the_engines_words() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, EXECUTIONS, 200, executions());
    for execution in ["e1", "e2"] {
        let body = json!({"exception": "does not have a subscription"});
        vendor.on(Method::Put, &format!("{EXECUTIONS}/{execution}"), 400, body);
    }
    let error = error_of(plain(&vendor).message("p1", "other", &[]));
    assert_eq!(error.case(), "conflict");
    assert_eq!(
        error.detail().vendor.as_ref().unwrap().message,
        "does not have a subscription"
    );
}

#[test]
fn a_message_that_arrived_is_not_sent_again() {
    let vendor = Recorded::new();
    let marker = json!({"name": "forebayMessage", "type": "string", "value": "key-1"});
    vendor.on(
        Method::Get,
        &format!("{PROCESSES}/p1/variables"),
        200,
        json!([marker]),
    );
    let repeated = call(&vendor, &opentext(json!({}))).repeated(2);
    engine(repeated).message("p1", "assetChanged", &[]).unwrap();
    assert_eq!(vendor.requests().len(), 1);

    // It led the process to its end.
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        &format!("{PROCESSES}/p1/variables"),
        404,
        json!({}),
    );
    let mut ended = past("p1", Some(LATER), None);
    ended["variables"] = json!([marker]);
    vendor.on(Method::Get, &past_p1(), 200, ended);
    let repeated = call(&vendor, &opentext(json!({}))).repeated(2);
    engine(repeated).message("p1", "assetChanged", &[]).unwrap();

    let vendor = Recorded::new();
    vendor.on(Method::Get, EXECUTIONS, 200, executions());
    let lost = Err(TransportError::Lost("cut".to_owned()));
    vendor.reply(Method::Put, &format!("{EXECUTIONS}/e2"), lost);
    let unmarked = opentext(json!({"message_marker": ""}));
    let first = engine(call(&vendor, &unmarked)).message("p1", "assetChanged", &[]);
    assert_eq!(error_of(first).case(), "uncertain");
    let again = engine(call(&vendor, &unmarked).repeated(2)).message("p1", "assetChanged", &[]);
    assert_eq!(error_of(again).case(), "uncertain");
}

#[test]
fn definitions_come_page_by_page() {
    let vendor = Recorded::new();
    let model =
        |key: &str| json!({"id": format!("{key}:1:x"), "key": key, "name": key, "version": 1});
    let page =
        |key: &str| json!({"_embedded": {"models": [model(key)]}, "page": {"totalElements": 2}});
    let url = |offset: u32| format!("{MODELS}?latestVersion=true&offset={offset}&count=1");
    vendor.on(Method::Get, &url(0), 200, page("a"));
    vendor.on(Method::Get, &url(1), 200, page("b"));
    let engine = engine(call(&vendor, &opentext(json!({"page_size": 1}))));
    let first = engine.definitions(None).unwrap();
    let second = engine.definitions(first.next.as_deref()).unwrap();
    assert_eq!(first.definitions[0].version, "1");
    assert_eq!(
        (second.definitions[0].key.as_str(), second.next),
        ("b", None)
    );
}

#[test]
fn an_engine_may_send_smaller_pages_than_asked_for() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, &p1(), 200, running("p1"));
    let page = |id: &str| {
        let row = past_task(id, Some(NOON), None);
        json!({"_embedded": {"historic-task-instances": [row]}, "page": {"totalElements": 2}})
    };
    vendor.on(Method::Get, PAST_TASKS, 200, page("t1"));
    vendor.on(Method::Get, PAST_TASKS, 200, page("t2"));
    let process = plain(&vendor).get("p1").unwrap();
    let tasks: Vec<_> = process
        .decisions
        .iter()
        .map(|decision| decision.task.as_str())
        .collect();
    assert_eq!(tasks, ["t1", "t2"]);
    assert!(vendor.seen()[2].ends_with("offset=1&count=100"));
}

#[test]
fn flowable_tells_variables_and_groups_in_calls_of_their_own() {
    let vendor = Recorded::new();
    let runtime = format!("{FLOWABLE}/runtime/process-instances/p1");
    let past_tasks = format!("{FLOWABLE}/history/historic-task-instances");
    vendor.on(Method::Get, &runtime, 200, running("p1"));
    let variable = json!({"name": "title", "value": "hero", "type": "string", "scope": "local"});
    vendor.on(
        Method::Get,
        &format!("{runtime}/variables"),
        200,
        json!([variable]),
    );
    let mut task = past_task("t1", Some(LATER), None);
    task["variables"] = json!([]);
    task["assignments"] = json!(null);
    vendor.on(Method::Get, &past_tasks, 200, data(&[task]));
    let links = json!([{"userId": null, "groupId": "legal", "type": "candidate"}]);
    vendor.on(
        Method::Get,
        &format!("{past_tasks}/t1/identitylinks"),
        200,
        links,
    );
    let process = engine(call(&vendor, &flowable(json!({}))))
        .get("p1")
        .unwrap();
    assert_eq!(process.variables, [Field::new("title", "hero")]);
    assert_eq!(process.decisions[0].group.as_deref(), Some("legal"));

    let vendor = Recorded::new();
    vendor.on(Method::Get, &runtime, 404, json!({"message": "Not found"}));
    let past_processes = format!("{FLOWABLE}/history/historic-process-instances");
    let ended = past("p1", Some(LATER), None);
    vendor.on(Method::Get, &past_processes, 200, data(&[ended]));
    vendor.on(Method::Get, &past_tasks, 200, data(&[]));
    let process = engine(call(&vendor, &flowable(json!({}))))
        .get("p1")
        .unwrap();
    assert_eq!(process.outcome.as_deref(), Some("approved"));
}
