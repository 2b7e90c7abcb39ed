//! A process starts exactly once.

use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::testing::Recorded;
use forebay_sdk::workflow::{ProcessState, StartRequest, WorkflowSink as _};
use forebay_sdk::{Error, Value};
use serde_json::json;

use super::{
    FLOWABLE, PAST_PROCESSES, PAST_TASKS, PROCESSES, call, data, engine, error_of, flowable, hal,
    opentext, past, plain, running, without_processes,
};

fn request() -> StartRequest {
    let mut request = StartRequest::new("assetApproval", "k1", "Approve hero.jpg")
        .variable("stages", Value::Json("[{\"name\":\"legal\"}]".to_owned()))
        .variable("parallelStages", false);
    request.comment = Some("started by the flow".to_owned());
    request
}

#[test]
fn a_start_looks_among_running_and_ended_processes_first() {
    let vendor = without_processes();
    vendor.on(Method::Post, PROCESSES, 201, running("p1"));
    let started = plain(&vendor).start(&request()).unwrap();
    assert!(!started.adopted);
    assert_eq!(
        (started.process.id.as_str(), started.process.state),
        ("p1", ProcessState::Active)
    );
    assert_eq!(started.process.definition, "assetApproval");
    let filter = "processDefinitionKey=assetApproval&businessKey=k1&offset=0&count=100";
    assert_eq!(
        vendor.seen(),
        [
            format!("GET {PROCESSES}?{filter}"),
            format!("GET {PAST_PROCESSES}?{filter}"),
            format!("POST {PROCESSES}"),
        ]
    );
    assert_eq!(
        vendor.body(2),
        json!({
            "processDefinitionKey": "assetApproval", "name": "Approve hero.jpg",
            "businessKey": "k1", "returnVariables": true,
            "comment": {"message": "started by the flow", "type": "info"},
            "variables": [
                {"name": "stages", "value": "[{\"name\":\"legal\"}]", "type": "string"},
                {"name": "parallelStages", "value": false, "type": "boolean"},
            ],
        })
    );
}

#[test]
fn an_ended_process_of_the_business_key_is_adopted() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, PROCESSES, 200, hal("process-instances", &[]));
    let ended = past("p1", Some("2026-01-01T12:05:00.000+0000"), None);
    let mut foreign = ended.clone();
    foreign["id"] = json!("p0");
    foreign["businessKey"] = json!("another");
    let rows = [foreign, ended.clone()];
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &rows),
    );
    vendor.on(
        Method::Get,
        &format!("{PROCESSES}/p1"),
        404,
        json!({"exception": "none"}),
    );
    vendor.on(Method::Get, &format!("{PAST_PROCESSES}/p1"), 200, ended);
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let started = plain(&vendor).start(&request()).unwrap();
    assert!(started.adopted);
    assert_eq!(started.process.outcome.as_deref(), Some("approved"));
}

#[test]
fn after_a_lost_answer_the_process_is_looked_up_and_adopted() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, PROCESSES, 200, hal("process-instances", &[]));
    vendor.on(
        Method::Get,
        PROCESSES,
        200,
        hal("process-instances", &[running("p1")]),
    );
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[]),
    );
    vendor.reply(
        Method::Post,
        PROCESSES,
        Err(TransportError::Lost("cut".to_owned())),
    );
    vendor.on(Method::Get, &format!("{PROCESSES}/p1"), 200, running("p1"));
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let started = plain(&vendor).start(&request()).unwrap();
    assert!(started.adopted);
    assert_eq!(started.process.id, "p1");
}

#[test]
fn a_process_that_cannot_be_seen_yet_is_not_started_twice() {
    let vendor = without_processes();
    vendor.on(
        Method::Post,
        PROCESSES,
        504,
        json!({"fault": {"faultstring": "timeout"}}),
    );
    let settings = opentext(json!({"settle_seconds": 20}));
    let lost = error_of(engine(call(&vendor, &settings)).start(&request()));
    assert!(
        matches!(&lost, Error::RateLimited(limited) if limited.retry_after_seconds == Some(20))
    );

    // The second attempt only looks, and lets the time pass once more: the host may have gone down.
    let second = error_of(engine(call(&vendor, &settings).repeated(2)).start(&request()));
    assert_eq!(second.case(), "rate-limited");
    let posts = |vendor: &Recorded| {
        vendor
            .seen()
            .iter()
            .filter(|s| s.starts_with("POST"))
            .count()
    };
    assert_eq!(posts(&vendor), 1);

    // The third finds nothing after that time and starts.
    let vendor = without_processes();
    vendor.on(Method::Post, PROCESSES, 201, running("p2"));
    let third = engine(call(&vendor, &settings).repeated(3))
        .start(&request())
        .unwrap();
    assert_eq!((third.adopted, posts(&vendor)), (false, 1));
}

#[test]
fn of_several_processes_the_first_started_is_the_one() {
    let vendor = Recorded::new();
    let mut later = running("p1");
    later["startTime"] = json!("2026-01-01T12:00:09.000+0000");
    vendor.on(
        Method::Get,
        PROCESSES,
        200,
        hal("process-instances", &[later, running("p2")]),
    );
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[]),
    );
    vendor.on(Method::Get, &format!("{PROCESSES}/p2"), 200, running("p2"));
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let found = plain(&vendor).find("assetApproval", "k1").unwrap();
    assert_eq!(found.unwrap().id, "p2");
}

#[test]
fn a_start_without_business_key_is_refused_before_anything_is_sent() {
    let vendor = Recorded::new();
    let error = error_of(plain(&vendor).start(&StartRequest::new("assetApproval", "", "x")));
    assert_eq!((error.case(), vendor.requests().len()), ("invalid", 0));
}

#[test]
fn the_engines_refusal_keeps_its_words() {
    let vendor = without_processes();
    let body = json!({"message": "Bad request", "exception": "no deployed process definition"});
    vendor.on(Method::Post, PROCESSES, 400, body);
    let error = error_of(plain(&vendor).start(&request()));
    assert_eq!(error.case(), "invalid");
    let vendor = error.detail().vendor.clone().unwrap();
    assert_eq!(
        (vendor.status, vendor.message.as_str()),
        (Some(400), "no deployed process definition")
    );
}

#[test]
fn flowable_takes_a_starts_comment_separately() {
    let vendor = Recorded::new();
    let list = format!("{FLOWABLE}/runtime/process-instances");
    let history = format!("{FLOWABLE}/history/historic-process-instances");
    vendor.on(Method::Get, &list, 200, data(&[]));
    vendor.on(Method::Get, &history, 200, data(&[]));
    vendor.on(Method::Post, &list, 201, running("p1"));
    vendor.on(
        Method::Post,
        &format!("{history}/p1/comments"),
        500,
        json!({}),
    );
    let started = engine(call(&vendor, &flowable(json!({}))))
        .start(&request())
        .unwrap();
    assert!(
        !started.adopted,
        "a comment that fails does not undo the start"
    );
    assert!(vendor.seen()[0].ends_with("businessKey=k1&start=0&size=100"));
    assert_eq!(vendor.body(2).get("comment"), None);
    assert_eq!(vendor.body(3), json!({"message": "started by the flow"}));
}
