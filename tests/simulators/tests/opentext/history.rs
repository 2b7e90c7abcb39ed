use serde_json::{Value, json};

use crate::support::{
    PAST_PROCESSES, PAST_TASKS, PROCESSES, TASKS, World, embedded, object, stages, three, value,
};

#[tokio::test]
async fn ended_processes_are_found_by_business_key() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.advance(90);
    world.complete(&world.open(&id)[0], "approved").await;
    let (_, runtime) = world.query(PROCESSES, &[("businessKey", "k")]).await;
    assert_eq!(runtime.get("_embedded"), None);
    let query = [
        ("businessKey", "k"),
        ("includeProcessVariables", "true"),
        ("includeProcessComments", "true"),
    ];
    let (_, past) = world.query(PAST_PROCESSES, &query).await;
    let row = &embedded(&past, "historic-process-instances")[0];
    assert_eq!(row["endTime"], "2024-04-17T10:19:13.902+0000");
    assert_eq!(
        [&row["durationInMillis"], &row["deleteReason"]],
        [&json!(90_000), &Value::Null]
    );
    assert_eq!(value(&row["variables"], "outcome"), "approved");
    assert_eq!(row["comments"], json!([]));
}

#[tokio::test]
async fn processes_are_filtered_by_their_times_and_ends() {
    let world = World::start().await;
    let first = world.review("first", stages(&["legal"])).await;
    world.advance(10);
    world.review("second", stages(&["legal"])).await;
    world.complete(&world.open(&first)[0], "approved").await;
    for (name, wanted, keys) in [
        ("finished", "true", &["first"][..]),
        ("finished", "false", &["second"]),
        ("startedAfter", "2024-04-17T10:17:50.000Z", &["second"]),
        ("startedBefore", "2024-04-17T10:17:50.000Z", &["first"]),
        ("finishedAfter", "2024-04-17T10:17:50.000Z", &["first"]),
        ("finishedBefore", "2024-04-17T10:17:50.000Z", &[]),
        (
            "processDefinitionKey",
            "assetApproval",
            &["first", "second"],
        ),
        ("processDefinitionKey", "assetRework", &[]),
    ] {
        let (_, list) = world.query(PAST_PROCESSES, &[(name, wanted)]).await;
        let rows = embedded(&list, "historic-process-instances");
        let found: Vec<&str> = rows
            .iter()
            .map(|row| row["businessKey"].as_str().unwrap())
            .collect();
        assert_eq!(found, keys, "{name}={wanted}");
    }
    assert_eq!(
        world
            .query(PAST_PROCESSES, &[("startedAfter", "yesterday")])
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_decision_stays_readable_with_its_task() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let task = world.open(&id)[0].clone();
    world.advance(60);
    let said = object(json!({"comment": "fine", "reasonCode": "OK"}));
    world
        .sim
        .decide(&task, "cara@example.test", "approved", &said)
        .unwrap();
    let query = [
        ("finished", "true"),
        ("processBusinessKey", "k"),
        ("includeTaskLocalVariables", "true"),
        ("includeTaskAssignments", "true"),
    ];
    let (_, list) = world.query(PAST_TASKS, &query).await;
    let row = &embedded(&list, "historic-task-instances")[0];
    assert_eq!(
        [&row["id"], &row["assignee"]],
        [&json!(task), &json!("cara@example.test")]
    );
    assert_eq!(
        [&row["endTime"], &row["deleteReason"]],
        [&json!("2024-04-17T10:18:43.902+0000"), &Value::Null]
    );
    let told = ["stage", "group", "outcome", "comment", "reasonCode"]
        .map(|name| value(&row["variables"], name));
    assert_eq!(told, ["legal", "legal", "approved", "fine", "OK"]);
    assert_eq!(row["assignments"][0]["group"], "legal");
    let (_, one) = world.get(&format!("{PAST_TASKS}/{task}")).await;
    assert_eq!(one["taskDefinitionKey"], "review");
    assert_eq!(world.get(&format!("{PAST_TASKS}/none")).await.0, 404);
}

#[tokio::test]
async fn tasks_that_were_taken_away_are_finished_with_a_reason() {
    let world = World::start().await;
    let id = world.review("k", three("any", None)).await;
    world.complete(&world.open(&id)[0], "approved").await;
    let (_, list) = world
        .query(
            PAST_TASKS,
            &[("processInstanceId", id.as_str()), ("finished", "true")],
        )
        .await;
    let rows = embedded(&list, "historic-task-instances");
    let reasons: Vec<bool> = rows
        .iter()
        .map(|row| row["deleteReason"].is_null())
        .collect();
    assert_eq!(reasons, [true, false, false]);
}

#[tokio::test]
async fn completed_tasks_are_polled_by_a_watermark() {
    let world = World::start().await;
    for key in ["a", "b"] {
        let id = world.review(key, stages(&["legal"])).await;
        world.advance(10);
        world.complete(&world.open(&id)[0], "approved").await;
    }
    let after = async |time| {
        let query = [("finished", "true"), ("taskCompletedAfter", time)];
        world.query(PAST_TASKS, &query).await.1["page"]["totalElements"].clone()
    };
    assert_eq!(after("2024-04-17T10:17:43.902Z").await, 2);
    assert_eq!(
        after("2024-04-17T10:17:53.902Z").await,
        1,
        "the watermark itself is excluded"
    );
    assert_eq!(after("2024-04-17T10:18:03.902Z").await, 0);
}

#[tokio::test]
async fn what_happened_may_be_readable_only_later() {
    let world = World::start().await;
    world
        .sim
        .frame()
        .faults()
        .set_visibility_delay(std::time::Duration::from_secs(5));
    let id = world.review("k", stages(&["legal"])).await;
    assert_eq!(world.get(&format!("{PROCESSES}/{id}")).await.0, 404);
    assert_eq!(
        world.query(PAST_PROCESSES, &[("businessKey", "k")]).await.1["page"]["totalElements"],
        0
    );
    assert_eq!(world.get(TASKS).await.1["page"]["totalElements"], 0);
    world.advance(5);
    assert_eq!(world.get(&format!("{PROCESSES}/{id}")).await.0, 200);
    world.complete(&world.open(&id)[0], "approved").await;
    let (_, past) = world.get(&format!("{PAST_PROCESSES}/{id}")).await;
    assert_eq!(past["endTime"], Value::Null);
    world.advance(5);
    let (_, past) = world.get(&format!("{PAST_PROCESSES}/{id}")).await;
    assert_ne!(past["endTime"], Value::Null);
}
