//! Work items and the directory.

use forebay_sdk::http::{Method, TransportError};
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::workflow::{Directory as _, PrincipalKind, TaskQuery, Tasks as _};
use serde_json::{Value as Json, json};

use super::{
    FLOWABLE, NOON, PAST_TASKS, TASKS, call, data, engine, error_of, flowable, hal, opentext,
    past_task, plain,
};

const T1: &str = "/workflow/v1/tasks/t1";

fn open_task(id: &str) -> Json {
    json!({
        "id": id, "name": "legal", "assignee": null, "createTime": NOON, "dueDate": null,
        "processInstanceId": "p1", "processDefinitionId": "assetApproval:3:0001",
        "variables": [{"name": "stage", "type": "string", "value": "legal", "scope": "local"}],
        "assignments": [
            {"user": null, "group": "legal", "type": "candidate"},
            {"user": "cara@example.test", "group": null, "type": "candidate"},
        ],
    })
}

fn of_process() -> TaskQuery {
    TaskQuery {
        process: Some("p1".to_owned()),
        ..TaskQuery::default()
    }
}

#[test]
fn open_tasks_are_listed_with_their_candidates() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, TASKS, 200, hal("tasks", &[open_task("t1")]));
    let page = plain(&vendor).list(&of_process()).unwrap();
    let task = &page.tasks[0];
    assert_eq!(
        (task.name.as_str(), task.created_at, task.completed_at),
        ("legal", START, None)
    );
    assert_eq!(task.candidate_groups, ["legal"]);
    assert_eq!(task.candidate_users, ["cara@example.test"]);
    assert_eq!(page.next, None);
    let asked = vendor.seen().remove(0);
    assert!(
        asked.contains("includeTaskLocalVariables=true&includeTaskAssignments=true"),
        "{asked}"
    );
    assert!(asked.contains("processInstanceId=p1"), "{asked}");
}

#[test]
fn an_empty_list_has_no_embedded_part() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, TASKS, 200, hal("tasks", &[]));
    assert_eq!(plain(&vendor).list(&of_process()).unwrap().tasks, []);
}

#[test]
fn tasks_that_leave_the_list_while_it_is_read_leave_no_gap() {
    let vendor = Recorded::new();
    let page = |ids: &[&str], total: u32| {
        let rows: Vec<_> = ids.iter().map(|id| open_task(id)).collect();
        json!({"_embedded": {"tasks": rows}, "page": {"totalElements": total}})
    };
    let url = |offset: u32| {
        format!(
            "{TASKS}?includeTaskLocalVariables=true&includeTaskAssignments=true&processInstanceId=p1&offset={offset}&count=2"
        )
    };
    vendor.on(Method::Get, &url(0), 200, page(&["t1", "t2"], 4));
    // t1 was completed: t3 moved to where t2 was.
    vendor.on(Method::Get, &url(2), 200, page(&["t4"], 3));
    vendor.on(Method::Get, &url(1), 200, page(&["t3", "t4"], 3));
    let engine = engine(call(&vendor, &opentext(json!({"page_size": 2}))));
    let first = engine.list(&of_process()).unwrap();
    let query = TaskQuery {
        page: first.next,
        ..of_process()
    };
    let second = engine.list(&query).unwrap();
    let ids: Vec<_> = second.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!((ids, second.next), (vec!["t3", "t4"], None));
}

#[test]
fn completed_tasks_come_from_the_history_without_those_taken_away() {
    let vendor = Recorded::new();
    let rows = [
        past_task("t1", Some(NOON), None),
        past_task("t2", Some(NOON), Some("Delete MI execution")),
        past_task("t3", None, None),
    ];
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &rows),
    );
    let query = TaskQuery {
        business_key: Some("k1".to_owned()),
        candidate_group: Some("legal".to_owned()),
        include_completed: true,
        ..TaskQuery::default()
    };
    let tasks = plain(&vendor).list(&query).unwrap().tasks;
    let told: Vec<_> = tasks
        .iter()
        .map(|task| (task.id.as_str(), task.outcome.as_deref(), task.completed_at))
        .collect();
    assert_eq!(
        told,
        [("t1", Some("approved"), Some(START)), ("t3", None, None)]
    );
    assert!(vendor.seen()[0].contains("processBusinessKey=k1"));
}

#[test]
fn a_completed_task_can_still_be_read() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 404, json!({"exception": "none"}));
    vendor.on(
        Method::Get,
        &format!("{PAST_TASKS}/t1"),
        200,
        past_task("t1", Some(NOON), None),
    );
    let task = plain(&vendor).get("t1").unwrap();
    assert_eq!(
        (task.completed_at, task.outcome.as_deref()),
        (Some(START), Some("approved"))
    );
}

#[test]
fn completing_a_completed_task_depends_on_its_outcome() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 404, json!({}));
    vendor.on(
        Method::Get,
        &format!("{PAST_TASKS}/t1"),
        200,
        past_task("t1", Some(NOON), None),
    );
    plain(&vendor).complete("t1", "approved", &[]).unwrap();
    let other = error_of(plain(&vendor).complete("t1", "rejected", &[]));
    assert_eq!(other.case(), "conflict");
    assert!(
        other
            .message()
            .contains("cara@example.test with outcome `approved`"),
        "{other}"
    );
    assert!(vendor.seen().iter().all(|seen| seen.starts_with("GET")));
}

#[test]
fn a_task_is_claimed_where_set_and_completed() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 200, open_task("t1"));
    vendor.on(Method::Post, T1, 200, json!(null));
    let settings = opentext(json!({"complete_as": "svc@example.test"}));
    let fields = [forebay_sdk::Field::new("comment", "fine")];
    engine(call(&vendor, &settings))
        .complete("t1", "approved", &fields)
        .unwrap();
    assert_eq!(
        vendor.body(1),
        json!({"action": "claim", "assignee": "svc@example.test"})
    );
    let variables = json!([{"name": "comment", "value": "fine", "type": "string"}]);
    let expected = json!({"action": "complete", "outcome": "approved", "variables": variables});
    assert_eq!(vendor.body(2), expected);
}

#[test]
fn somebody_who_was_faster_is_looked_at() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 200, open_task("t1"));
    vendor.on(Method::Get, T1, 404, json!({}));
    vendor.on(
        Method::Post,
        T1,
        409,
        json!({"exception": "already completed"}),
    );
    vendor.on(
        Method::Get,
        &format!("{PAST_TASKS}/t1"),
        200,
        past_task("t1", Some(NOON), None),
    );
    plain(&vendor).complete("t1", "approved", &[]).unwrap();
}

#[test]
fn a_lost_completion_is_tried_again_by_the_host() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 200, open_task("t1"));
    vendor.reply(
        Method::Post,
        T1,
        Err(TransportError::Lost("cut".to_owned())),
    );
    assert_eq!(
        error_of(plain(&vendor).complete("t1", "approved", &[])).case(),
        "unavailable"
    );
}

#[test]
fn a_group_is_added_once_and_read_back() {
    let vendor = Recorded::new();
    let url = format!("{T1}/assignments");
    let rows = |groups: &[&str]| {
        let rows: Vec<_> = groups
            .iter()
            .map(|group| json!({"group": group, "type": "candidate"}))
            .collect();
        hal("assignments", &rows)
    };
    vendor.on(Method::Get, &url, 200, rows(&["legal"]));
    vendor.on(Method::Get, &url, 200, rows(&["legal", "leads"]));
    vendor.on(Method::Post, &url, 201, json!({}));
    plain(&vendor).reassign("t1", "leads").unwrap();
    assert_eq!(
        vendor.body(1),
        json!({"group": "leads", "type": "candidate"})
    );
    plain(&vendor).reassign("t1", "leads").unwrap();
    assert_eq!(vendor.requests().len(), 4, "the second call only reads");
}

#[test]
fn the_due_time_is_written_where_it_differs() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, T1, 200, open_task("t1"));
    vendor.on(Method::Put, T1, 200, json!({}));
    plain(&vendor).set_due("t1", START).unwrap();
    assert_eq!(vendor.body(1), json!({"dueDate": "2026-01-01T12:00:00Z"}));
    let vendor = Recorded::new();
    let mut due = open_task("t1");
    due["dueDate"] = json!(NOON);
    vendor.on(Method::Get, T1, 200, due);
    plain(&vendor).set_due("t1", START).unwrap();
    assert_eq!(vendor.requests().len(), 1);
}

#[test]
fn a_comment_is_recognised_by_its_reference() {
    let vendor = Recorded::new();
    let url = format!("{T1}/comments");
    vendor.on(Method::Post, &url, 201, json!({}));
    plain(&vendor).comment("t1", "Reminder").unwrap();
    let written = vendor.body(0)["message"].clone();
    assert!(
        written.as_str().unwrap().starts_with("Reminder (ref "),
        "{written}"
    );

    let settings = opentext(json!({}));
    vendor.on(
        Method::Get,
        &url,
        200,
        hal("comments", &[json!({"id": "c1", "message": written})]),
    );
    engine(call(&vendor, &settings).repeated(2))
        .comment("t1", "Reminder")
        .unwrap();
    assert_eq!(vendor.requests().len(), 2, "it is there already");
    engine(call(&vendor, &settings).key("key-2").repeated(2))
        .comment("t1", "Reminder")
        .unwrap();
    assert_eq!(
        vendor.requests().len(),
        4,
        "the same words of another effect are written"
    );
}

#[test]
fn a_comment_on_a_closed_task_is_a_conflict() {
    let vendor = Recorded::new();
    vendor.on(Method::Post, &format!("{T1}/comments"), 404, json!({}));
    vendor.on(Method::Get, T1, 404, json!({}));
    vendor.on(
        Method::Get,
        &format!("{PAST_TASKS}/t1"),
        200,
        past_task("t1", Some(NOON), None),
    );
    assert_eq!(
        error_of(plain(&vendor).comment("t1", "Reminder")).case(),
        "conflict"
    );
}

#[test]
fn flowable_names_things_differently() {
    let vendor = Recorded::new();
    let task = format!("{FLOWABLE}/runtime/tasks/t1");
    let history = format!("{FLOWABLE}/history/historic-task-instances");
    let mut row = past_task("t1", None, None);
    row["assignments"] = json!(null);
    vendor.on(Method::Get, &history, 200, data(&[row]));
    let links = format!("{task}/identitylinks");
    vendor.on(Method::Get, &links, 200, json!([]));
    vendor.on(
        Method::Get,
        &links,
        200,
        json!([{"groupId": "leads", "type": "candidate"}]),
    );
    vendor.on(Method::Post, &links, 201, json!({}));
    vendor.on(Method::Post, &task, 200, json!(null));
    let settings = flowable(json!({}));
    engine(call(&vendor, &settings))
        .reassign("t1", "leads")
        .unwrap();
    assert_eq!(
        vendor.body(1),
        json!({"groupId": "leads", "type": "candidate"})
    );
    engine(call(&vendor, &settings))
        .complete("t1", "approved", &[])
        .unwrap();
    let sent = vendor.body(vendor.requests().len() - 1);
    assert_eq!(sent["variables"][0]["name"], "outcome");
}

#[test]
fn the_directory_answers_only_where_one_is_set() {
    let vendor = Recorded::new();
    let unset = plain(&vendor).lookup(PrincipalKind::Group, "legal");
    assert_eq!(error_of(unset).case(), "unsupported");

    let settings =
        opentext(json!({"user_path": "/ids/users/{id}", "group_path": "ids/groups/{id}"}));
    let engine = engine(call(&vendor, &settings));
    let user =
        json!({"id": "ann@example.test", "firstName": "Ann", "lastName": "E", "enabled": false});
    vendor.on(Method::Get, "/ids/users/ann%40example.test", 200, user);
    vendor.on(Method::Get, "/ids/groups/none", 404, json!({}));
    let ann = engine
        .lookup(PrincipalKind::User, "ann@example.test")
        .unwrap()
        .unwrap();
    assert_eq!((ann.display_name.as_str(), ann.enabled), ("Ann E", false));
    assert_eq!(engine.lookup(PrincipalKind::Group, "none").unwrap(), None);
}

#[test]
fn flowable_brings_its_own_directory() {
    let vendor = Recorded::new();
    let group = json!({"id": "legal", "name": "Legal", "type": "assignment"});
    vendor.on(
        Method::Get,
        &format!("{FLOWABLE}/identity/groups/legal"),
        200,
        group,
    );
    let engine = engine(call(&vendor, &flowable(json!({}))));
    let found = engine
        .lookup(PrincipalKind::Group, "legal")
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.display_name.as_str(), found.enabled),
        ("Legal", true)
    );
}
