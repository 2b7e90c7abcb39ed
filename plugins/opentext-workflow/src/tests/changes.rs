//! Polling.

use forebay_sdk::connector::{ChangeOptions, ChangePage, EventSource as _};
use forebay_sdk::http::Method;
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::time::{MINUTE, SECOND};
use forebay_sdk::{Event, FieldsExt as _, Value};
use serde_json::{Value as Json, json};

use super::{
    PAST_PROCESSES, PAST_TASKS, PROCESSES, TASKS, call, engine, error_of, hal, opentext, past,
    past_task, running,
};

pub(super) const LATER: &str = "2026-01-01T12:05:00.000+0000";

fn options() -> ChangeOptions {
    ChangeOptions {
        start_at: None,
        overlap_seconds: 60,
        limit: 100,
    }
}

/// A vendor where nothing happened and nothing is open.
pub(super) fn quiet() -> Recorded {
    let vendor = Recorded::new();
    vendor.on(Method::Get, PROCESSES, 200, hal("process-instances", &[]));
    vendor.on(Method::Get, TASKS, 200, hal("tasks", &[]));
    vendor
}

/// One review: started at noon, its task and itself completed at five past.
pub(super) fn finished(vendor: &Recorded) {
    let process = past("p1", Some(LATER), None);
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[process]),
    );
    let task = past_task("t1", Some(LATER), None);
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[task]),
    );
}

pub(super) fn poll(
    vendor: &Recorded,
    settings: &Json,
    now: i64,
    cursor: Option<&str>,
) -> ChangePage {
    engine(call(vendor, settings).now(now))
        .changes(cursor, &options())
        .unwrap()
}

pub(super) fn seed(settings: &Json) -> String {
    poll(&quiet(), settings, START - MINUTE, None).cursor
}

/// Kind, id and token of each event, in order.
pub(super) fn told(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| format!("{} {} {}", event.kind, event.entity.id, event.change_token);
    let mut lines: Vec<_> = events.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn the_first_call_only_seeds() {
    let vendor = quiet();
    let page = poll(&vendor, &opentext(json!({})), START, None);
    assert_eq!(
        (page.events, page.more, page.next_poll_seconds),
        (Vec::new(), false, None)
    );
    let cursor: Json = serde_json::from_str(&page.cursor).unwrap();
    assert_eq!(
        (&cursor["v"], &cursor["watermark"]),
        (&json!(1), &json!(START))
    );
}

#[test]
fn a_pass_tells_what_happened_since_and_again_with_the_same_tokens() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    finished(&vendor);
    let first = poll(
        &vendor,
        &settings,
        START + 6 * MINUTE,
        Some(&seed(&settings)),
    );
    let expected = [
        "process.completed p1 ended",
        "process.started p1 started",
        "task.completed t1 completed",
        "task.created t1 created",
    ];
    assert_eq!(told(&first.events), expected);
    assert!(!first.more);
    assert_eq!(
        first.next_poll_seconds,
        Some(10),
        "something has just happened"
    );

    let again = poll(&vendor, &settings, START + 7 * MINUTE, Some(&first.cursor));
    assert_eq!(
        told(&again.events),
        [expected[0], expected[2]],
        "what lies in the overlap"
    );
    assert_eq!(again.next_poll_seconds, None);
    let cursor: Json = serde_json::from_str(&again.cursor).unwrap();
    assert_eq!(
        cursor["watermark"],
        START + 5 * MINUTE,
        "by the engine's clock"
    );
}

#[test]
fn events_carry_what_handlers_filter_on() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    finished(&vendor);
    let page = poll(
        &vendor,
        &settings,
        START + 6 * MINUTE,
        Some(&seed(&settings)),
    );
    let find = |kind: &str| page.events.iter().find(|event| event.kind == kind).unwrap();
    let end = find("process.completed");
    assert_eq!(end.occurred_at, START + 5 * MINUTE);
    let data = ["business-key", "definition", "state"].map(|name| end.data.text(name));
    assert_eq!(data, [Some("k1"), Some("assetApproval"), Some("completed")]);
    let task = find("task.completed");
    assert_eq!(task.actor.as_deref(), Some("cara@example.test"));
    assert_eq!(
        (task.related[0].kind.as_str(), task.related[0].id.as_str()),
        ("process", "p1")
    );
    let data = ["group", "outcome"].map(|name| task.data.value(name));
    assert_eq!(
        data,
        [Some(&Value::text("legal")), Some(&Value::text("approved"))]
    );
}

#[test]
fn the_overlap_never_reaches_before_the_beginning() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    finished(&vendor);
    let seeded = poll(&quiet(), &settings, START + 5 * MINUTE + SECOND, None).cursor;
    let page = poll(&vendor, &settings, START + 6 * MINUTE, Some(&seeded));
    assert_eq!(page.events, []);
    let asked = vendor.seen().remove(0);
    assert!(
        asked.contains("startedAfter=2026-01-01T12%3A05%3A00.999Z"),
        "{asked}"
    );
}

#[test]
fn a_start_time_asks_for_the_past() {
    let vendor = quiet();
    finished(&vendor);
    let from = ChangeOptions {
        start_at: Some(START),
        ..options()
    };
    let settings = opentext(json!({}));
    let engine = engine(call(&vendor, &settings).now(START + 6 * MINUTE));
    assert_eq!(engine.changes(None, &from).unwrap().events.len(), 4);
}

#[test]
fn a_long_pass_goes_on_where_it_stopped() {
    let settings = opentext(json!({"page_size": 1, "watch_suspended": false}));
    let vendor = quiet();
    let rows = |offset: usize| {
        let row = past(&format!("p{offset}"), None, None);
        json!({"_embedded": {"historic-process-instances": [row]}, "page": {"totalElements": 2}})
    };
    for offset in [0, 1] {
        let path = format!(
            "{PAST_PROCESSES}?startedAfter=2026-01-01T11%3A58%3A59.999Z&offset={offset}&count=1"
        );
        vendor.on(Method::Get, &path, 200, rows(offset));
    }
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[]),
    );
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[]),
    );
    let limit = ChangeOptions {
        limit: 1,
        ..options()
    };
    let mut cursor = seed(&settings);
    let mut found = Vec::new();
    for more in [true, true, false] {
        let engine = engine(call(&vendor, &settings).now(START + MINUTE));
        let page = engine.changes(Some(&cursor), &limit).unwrap();
        assert_eq!(page.more, more);
        assert_ne!(page.cursor, cursor, "the cursor moves");
        cursor = page.cursor;
        found.extend(page.events.into_iter().map(|event| event.entity.id));
    }
    assert_eq!(found, ["p0", "p1"]);
}

#[test]
fn an_end_by_somebody_is_a_termination_and_a_task_taken_away_is_no_completion() {
    let settings = opentext(json!({}));
    let vendor = quiet();
    let process = past("p1", Some(LATER), Some("cleaned up"));
    vendor.on(
        Method::Get,
        PAST_PROCESSES,
        200,
        hal("historic-process-instances", &[process]),
    );
    let task = past_task("t1", Some(LATER), Some("cleaned up"));
    vendor.on(
        Method::Get,
        PAST_TASKS,
        200,
        hal("historic-task-instances", &[task]),
    );
    let page = poll(
        &vendor,
        &settings,
        START + 6 * MINUTE,
        Some(&seed(&settings)),
    );
    let expected = [
        "process.started p1 started",
        "process.terminated p1 ended",
        "task.created t1 created",
    ];
    assert_eq!(told(&page.events), expected);
}

#[test]
fn a_suspension_is_told_once_and_the_next_one_again() {
    let settings = opentext(json!({}));
    let mut row = running("p1");
    row["suspended"] = json!(true);
    let suspended = || {
        let vendor = Recorded::new();
        // An engine that ignores the filter sends the others as well.
        let rows = [row.clone(), running("p2")];
        vendor.on(Method::Get, PROCESSES, 200, hal("process-instances", &rows));
        vendor.on(Method::Get, TASKS, 200, hal("tasks", &[]));
        vendor
    };
    let with_history = |vendor: Recorded| {
        vendor.on(Method::Get, PAST_PROCESSES, 200, hal("x", &[]));
        vendor.on(Method::Get, PAST_TASKS, 200, hal("x", &[]));
        vendor
    };
    let seeded = poll(&suspended(), &settings, START, None).cursor;
    let mut cursor = seed(&settings);
    let mut tokens = Vec::new();
    for (minute, is_suspended) in [(1, true), (2, true), (3, false), (4, true)] {
        let vendor = with_history(if is_suspended { suspended() } else { quiet() });
        let page = poll(&vendor, &settings, START + minute * MINUTE, Some(&cursor));
        cursor = page.cursor;
        tokens.extend(page.events.into_iter().map(|event| event.change_token));
    }
    let token = |minute: i64| format!("suspended:{}", START + minute * MINUTE);
    assert_eq!(tokens, [token(1), token(4)]);
    let known = poll(
        &with_history(suspended()),
        &settings,
        START + MINUTE,
        Some(&seeded),
    );
    assert_eq!(known.events, [], "what was suspended before is no news");
}

#[test]
fn polls_are_restricted_to_the_named_definitions() {
    let settings = opentext(json!({"definitions": ["assetRework"]}));
    let vendor = quiet();
    finished(&vendor);
    let page = poll(
        &vendor,
        &settings,
        START + 6 * MINUTE,
        Some(&seed(&settings)),
    );
    assert_eq!(
        page.events,
        [],
        "what an engine sends in spite of the filter is left out"
    );
    assert!(
        vendor
            .seen()
            .iter()
            .all(|seen| seen.contains("processDefinitionKey=assetRework"))
    );
}

#[test]
fn polls_come_faster_while_a_task_is_due() {
    let settings = opentext(json!({"fast_poll_seconds": 7}));
    let due = |at: &str| {
        let vendor = Recorded::new();
        vendor.on(Method::Get, PROCESSES, 200, hal("x", &[]));
        vendor.on(Method::Get, PAST_PROCESSES, 200, hal("x", &[]));
        vendor.on(Method::Get, PAST_TASKS, 200, hal("x", &[]));
        vendor.on(
            Method::Get,
            TASKS,
            200,
            hal("tasks", &[json!({"id": "t1", "dueDate": at})]),
        );
        poll(&vendor, &settings, START, Some(&seed(&settings))).next_poll_seconds
    };
    assert_eq!(due("2026-01-01T12:10:00.000+0000"), Some(7));
    assert_eq!(due("2026-01-02T12:10:00.000+0000"), None);
}

#[test]
fn a_cursor_of_another_kind_is_refused() {
    let settings = opentext(json!({}));
    for cursor in [
        "x",
        "{\"v\":9,\"watermark\":0,\"floor\":0,\"pass\":null,\"suspended\":{}}",
    ] {
        let engine = engine(call(&quiet(), &settings));
        assert_eq!(
            error_of(engine.changes(Some(cursor), &options())).case(),
            "invalid"
        );
    }
}
