use http::Method;
use serde_json::{Value, json};

use crate::support::{As, FLOWABLE, World, object, review_request, stages, three, value};

fn at(path: &str) -> String {
    format!("{FLOWABLE}{path}")
}

async fn review(world: &World, key: &str, stages: Value) -> String {
    let (status, body) = world
        .post(
            &at("/runtime/process-instances"),
            review_request(key, &stages),
        )
        .await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn basic_authentication_is_asked_for() {
    let mut world = World::flowable().await;
    let path = at("/runtime/tasks");
    assert_eq!(world.get(&path).await.0, 200);
    for caller in [
        As::Nobody,
        As::Basic("rest-admin".into(), "wrong".into()),
        As::Bearer("x".into()),
    ] {
        world.caller = caller;
        let response = world.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert!(
            response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Basic")
        );
    }
    world.caller = As::Basic("ann@example.test".into(), "test-password".into());
    assert_eq!(world.get(&path).await.0, 200);
    world.sim.disable_user("ann@example.test");
    assert_eq!(world.get(&path).await.0, 401);
}

#[tokio::test]
async fn lists_come_in_flowables_envelope() {
    let world = World::flowable().await;
    let path = at("/runtime/process-instances");
    let (_, empty) = world.get(&path).await;
    assert_eq!((&empty["data"], &empty["total"]), (&json!([]), &json!(0)));
    for n in 0..12 {
        review(&world, &format!("k{n}"), stages(&["legal"])).await;
    }
    let (_, page) = world.query(&path, &[("start", "10"), ("size", "10")]).await;
    assert_eq!([&page["total"], &page["start"], &page["size"]], [12, 10, 2]);
    let (_, default) = world.get(&path).await;
    assert_eq!(default["data"].as_array().unwrap().len(), 10);
    let (_, found) = world.query(&path, &[("businessKey", "k7")]).await;
    assert_eq!(found["data"][0]["businessKey"], "k7");
    let url = found["data"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(
        world
            .get(url.strip_prefix(&world.sim.base_url()).unwrap())
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn both_dialects_show_the_same_state() {
    let mut world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.caller = As::Basic("rest-admin".into(), "test-admin-password".into());
    let (status, process) = world
        .get(&at(&format!("/runtime/process-instances/{id}")))
        .await;
    assert_eq!((status, &process["businessKey"]), (200, &json!("k")));
}

#[tokio::test]
async fn a_completed_task_is_not_found_and_errors_come_in_pairs() {
    let world = World::flowable().await;
    let id = review(&world, "k", stages(&["legal"])).await;
    let path = at(&format!("/runtime/tasks/{}", world.open(&id)[0]));
    let claim = json!({"action": "claim", "assignee": "cara@example.test"});
    assert_eq!(world.post(&path, claim).await.0, 200);
    let other = json!({"action": "claim", "assignee": "dirk@example.test"});
    let (status, body) = world.post(&path, other).await;
    assert_eq!((status, &body["message"]), (409, &json!("Conflict")));
    let done = json!({"action": "complete", "variables": [
        {"name": "outcome", "value": "approved"}, {"name": "comment", "value": "ok", "scope": "local"}]});
    assert_eq!(world.post(&path, done.clone()).await.0, 200);
    let (status, body) = world.post(&path, done).await;
    assert_eq!((status, &body["message"]), (404, &json!("Not Found")));
    let (status, body) = world.get(&at("/runtime/tasks/1")).await;
    assert_eq!(
        (status, &body["exception"]),
        (404, &json!("Could not find a task with id '1'."))
    );
    let unknown = json!({"processDefinitionKey": "unknown"});
    assert_eq!(
        world
            .post(&at("/runtime/process-instances"), unknown)
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn tasks_are_queried_changed_and_offered() {
    let world = World::flowable().await;
    let id = review(&world, "k", stages(&["legal"])).await;
    let (_, list) = world
        .post(
            &at("/query/tasks"),
            json!({"processInstanceId": id, "candidateGroupIn": ["x", "legal"],
                                          "includeProcessVariables": true}),
        )
        .await;
    assert_eq!(list["total"], 1);
    assert_eq!(value(&list["data"][0]["variables"], "title"), "hero.jpg");
    let path = at(&format!(
        "/runtime/tasks/{}",
        list["data"][0]["id"].as_str().unwrap()
    ));
    assert_eq!(
        world.put(&path, json!({"priority": 90})).await.1["priority"],
        90
    );

    let links = format!("{path}/identitylinks");
    let new = json!({"groupId": "dam-leads", "type": "candidate"});
    assert_eq!(world.post(&links, new).await.0, 201);
    assert_eq!(world.get(&links).await.1.as_array().unwrap().len(), 2);
    assert_eq!(
        world
            .delete(&format!("{links}/groups/legal/candidate"))
            .await,
        204
    );
    assert_eq!(
        world
            .delete(&format!("{links}/groups/legal/candidate"))
            .await,
        404
    );
    assert_eq!(
        world
            .delete(&format!("{links}/tribes/legal/candidate"))
            .await,
        400
    );

    let said = json!({"message": "please hurry"});
    assert_eq!(world.post(&format!("{path}/comments"), said).await.0, 201);
    assert_eq!(
        world.get(&format!("{path}/comments")).await.1[0]["author"],
        "rest-admin"
    );
    let (_, local) = world
        .query(&format!("{path}/variables"), &[("scope", "local")])
        .await;
    assert_eq!(local.as_array().unwrap().len(), 2);
    let (_, created) = world
        .post(
            &format!("{path}/variables"),
            json!([{"name": "x", "value": 1, "scope": "local"}]),
        )
        .await;
    assert_eq!(created[0]["scope"], "local");
}

#[tokio::test]
async fn processes_are_suspended_changed_and_deleted() {
    let world = World::flowable().await;
    let id = review(&world, "k", stages(&["legal"])).await;
    let path = at(&format!("/runtime/process-instances/{id}"));
    assert_eq!(
        world.put(&path, json!({"action": "suspend"})).await.1["suspended"],
        true
    );
    assert_eq!(world.put(&path, json!({"action": "suspend"})).await.0, 409);
    assert_eq!(world.put(&path, json!({"action": "activate"})).await.0, 200);
    let variables = format!("{path}/variables");
    assert_eq!(
        world
            .put(&variables, json!([{"name": "run", "value": "r"}]))
            .await
            .0,
        201
    );
    assert_eq!(
        world
            .post(&variables, json!([{"name": "run", "value": "r"}]))
            .await
            .0,
        409
    );
    assert_eq!(world.get(&format!("{variables}/run")).await.1["value"], "r");
    assert!(world.get(&variables).await.1.as_array().unwrap().len() > 2);

    let (_, executions) = world
        .query(
            &at("/runtime/executions"),
            &[
                ("processInstanceId", id.as_str()),
                ("messageEventSubscriptionName", "assetChanged"),
            ],
        )
        .await;
    let execution = executions["data"][0]["id"].as_str().unwrap();
    let message = json!({"action": "messageEventReceived", "messageName": "assetChanged"});
    assert_eq!(
        world
            .put(&at(&format!("/runtime/executions/{execution}")), message)
            .await
            .0,
        204
    );

    assert_eq!(
        world
            .delete(&format!("{path}?deleteReason=superseded"))
            .await,
        204
    );
    assert_eq!(world.get(&path).await.0, 404);
    let (_, past) = world
        .post(
            &at("/query/historic-process-instances"),
            json!({"processBusinessKey": "k"}),
        )
        .await;
    assert_eq!(past["data"][0]["deleteReason"], "superseded");
}

#[tokio::test]
async fn history_keeps_processes_tasks_variables_and_comments() {
    let world = World::flowable().await;
    let id = review(&world, "k", three("any", None)).await;
    let task = world.open(&id)[0].clone();
    let said = object(json!({"comment": "fine"}));
    world
        .sim
        .decide(&task, "ann@example.test", "approved", &said)
        .unwrap();
    let (_, past) = world
        .get(&at(&format!("/history/historic-process-instances/{id}")))
        .await;
    assert_eq!(past["durationInMillis"], 0);
    let (_, list) = world
        .query(
            &at("/history/historic-process-instances"),
            &[("businessKey", "k"), ("includeProcessVariables", "true")],
        )
        .await;
    assert_eq!(value(&list["data"][0]["variables"], "outcome"), "approved");
    let query = [
        ("processInstanceId", id.as_str()),
        ("finished", "true"),
        ("includeTaskLocalVariables", "true"),
    ];
    let (_, tasks) = world
        .query(&at("/history/historic-task-instances"), &query)
        .await;
    assert_eq!(tasks["total"], 3);
    assert_eq!(value(&tasks["data"][0]["variables"], "comment"), "fine");
    let (_, same) = world
        .post(
            &at("/query/historic-task-instances"),
            json!({"processInstanceBusinessKey": "k"}),
        )
        .await;
    assert_eq!(same["total"], 3);
    let (_, one) = world
        .get(&at(&format!("/history/historic-task-instances/{task}")))
        .await;
    assert_eq!(one["assignee"], "ann@example.test");
    let (_, links) = world
        .get(&at(&format!(
            "/history/historic-task-instances/{task}/identitylinks"
        )))
        .await;
    assert_eq!(links[0]["group"], "brand-reviewers");
    let query = [("taskId", task.as_str()), ("variableName", "outcome")];
    let (_, variables) = world
        .query(&at("/history/historic-variable-instances"), &query)
        .await;
    assert_eq!(variables["data"][0]["variable"]["value"], "approved");
    let comments = at(&format!(
        "/history/historic-process-instances/{id}/comments"
    ));
    assert_eq!(
        world.post(&comments, json!({"message": "filed"})).await.0,
        201
    );
    assert_eq!(world.get(&comments).await.1[0]["message"], "filed");
}

#[tokio::test]
async fn definitions_and_people_are_listed() {
    let world = World::flowable().await;
    let (_, list) = world
        .query(
            &at("/repository/process-definitions"),
            &[("latest", "true"), ("key", "assetApproval")],
        )
        .await;
    assert_eq!([&list["total"], &list["data"][0]["version"]], [1, 1]);
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        world
            .get(&at(&format!("/repository/process-definitions/{id}")))
            .await
            .0,
        200
    );
    let (_, users) = world
        .query(&at("/identity/users"), &[("memberOfGroup", "legal")])
        .await;
    assert_eq!(users["data"][0]["id"], "cara@example.test");
    assert_eq!(
        world.get(&at("/identity/users/cara@example.test")).await.0,
        200
    );
    world.sim.disable_user("cara@example.test");
    assert_eq!(
        world.get(&at("/identity/users/cara@example.test")).await.0,
        404
    );
    assert_eq!(
        world.get(&at("/identity/groups/legal")).await.1["type"],
        "assignment"
    );
    assert_eq!(world.get(&at("/identity/groups/none")).await.0, 404);
    let (_, groups) = world
        .query(&at("/identity/groups"), &[("member", "eva@example.test")])
        .await;
    assert_eq!(groups["total"], 2);
}
