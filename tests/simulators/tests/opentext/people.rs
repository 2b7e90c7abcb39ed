use serde_json::json;

use crate::support::{PROCESSES, TASKS, World, review_request, stages, value};

#[tokio::test]
async fn an_excluded_user_cannot_decide() {
    let mut world = World::start().await;
    let mut request = review_request("k", &stages(&["brand-reviewers"]));
    let excluded = json!({"name": "excludedUsers", "value": "[\"ann@example.test\"]"});
    request["variables"].as_array_mut().unwrap().push(excluded);
    let (_, process) = world.post(PROCESSES, request).await;
    let task = world.open(process["id"].as_str().unwrap())[0].clone();
    world.become_person("ann@example.test").await;
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    assert_eq!(world.open(process["id"].as_str().unwrap()).len(), 1);
    world.become_person("ben@example.test").await;
    assert_eq!(world.complete(&task, "approved").await.0, 200);
}

#[tokio::test]
async fn an_excluded_user_cannot_hide_behind_the_service_account() {
    let world = World::start().await;
    let mut request = review_request("k", &stages(&["brand-reviewers"]));
    let excluded = json!({"name": "excludedUsers", "value": "ann@example.test"});
    request["variables"].as_array_mut().unwrap().push(excluded);
    let (_, process) = world.post(PROCESSES, request).await;
    let task = world.open(process["id"].as_str().unwrap())[0].clone();
    world.sim.claim(&task, "ann@example.test").unwrap();
    assert_eq!(world.complete(&task, "approved").await.0, 409);
}

#[tokio::test]
async fn a_person_claims_and_completes_for_himself_only() {
    let mut world = World::start().await;
    let id = world.review("k", stages(&["brand-reviewers"])).await;
    let task = world.open(&id)[0].clone();
    let path = format!("{TASKS}/{task}");
    world.become_person("ann@example.test").await;
    let for_ben = json!({"action": "claim", "assignee": "ben@example.test"});
    assert_eq!(world.post(&path, for_ben).await.0, 403);
    assert_eq!(world.post(&path, json!({"action": "claim"})).await.0, 200);
    world.become_person("ben@example.test").await;
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    world.become_person("ann@example.test").await;
    assert_eq!(world.complete(&task, "approved").await.0, 200);
    let done = &world.sim.tasks(&id)[0];
    assert_eq!(done.assignee.as_deref(), Some("ann@example.test"));
}

#[tokio::test]
async fn a_service_account_may_be_kept_from_tasks() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.sim.let_service_act_on_tasks(false);
    assert_eq!(world.complete(&world.open(&id)[0], "approved").await.0, 403);
}

#[tokio::test]
async fn a_disabled_user_takes_no_task() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.sim.disable_user("cara@example.test");
    let claim = json!({"action": "claim", "assignee": "cara@example.test"});
    assert_eq!(
        world
            .post(&format!("{TASKS}/{}", world.open(&id)[0]), claim)
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn users_and_groups_are_looked_up() {
    let world = World::start().await;
    world.sim.add_group("night-shift", &["owl@example.test"]);
    let (status, user) = world
        .get("/workflow/v1/identity/users/owl@example.test")
        .await;
    assert_eq!(
        (status, &user["enabled"], &user["groups"]),
        (200, &json!(true), &json!(["night-shift"]))
    );
    world.sim.disable_user("owl@example.test");
    let (_, user) = world
        .get("/workflow/v1/identity/users/owl@example.test")
        .await;
    assert_eq!(user["enabled"], false);
    assert_eq!(
        world
            .get("/workflow/v1/identity/users/nobody@example.test")
            .await
            .0,
        404
    );
    let (_, group) = world.get("/workflow/v1/identity/groups/night-shift").await;
    assert_eq!(
        (&group["members"], &group["enabled"]),
        (&json!(["owl@example.test"]), &json!(true))
    );
    assert_eq!(world.get("/workflow/v1/identity/groups/none").await.0, 404);
}

#[tokio::test]
async fn a_notice_ends_when_acknowledged_and_a_rework_when_done() {
    let world = World::start().await;
    for (key, who, outcome) in [
        (
            "forebayNotice",
            json!({"name": "assignee", "value": "ann@example.test"}),
            "acknowledged",
        ),
        (
            "forebayNotice",
            json!({"name": "group", "value": "legal"}),
            "acknowledged",
        ),
        (
            "assetRework",
            json!({"name": "assignee", "value": "uploader@example.test"}),
            "done",
        ),
    ] {
        let variables = json!([who, {"name": "title", "value": "Crop again"},
                               {"name": "message", "value": "The logo is cut off"},
                               {"name": "due", "value": 1_713_435_463_902_i64}]);
        let (status, started) = world
            .post(
                PROCESSES,
                json!({"processDefinitionKey": key, "variables": variables}),
            )
            .await;
        assert_eq!(status, 201, "{started}");
        let id = started["id"].as_str().unwrap();
        let (_, task) = world.get(&format!("{TASKS}/{}", world.open(id)[0])).await;
        assert_eq!(
            [&task["name"], &task["description"]],
            ["Crop again", "The logo is cut off"]
        );
        assert_eq!(task["dueDate"], "2024-04-18T10:17:43.902+0000");
        let done = json!({"action": "complete"});
        let path = format!("{TASKS}/{}", task["id"].as_str().unwrap());
        assert_eq!(world.post(&path, done).await.0, 200);
        let past = format!(
            "/workflow-history/v1/historic-process-instances/{id}?includeProcessVariables=true"
        );
        assert_eq!(
            value(&world.get(&past).await.1["variables"], "outcome"),
            outcome
        );
    }
    for key in ["forebayNotice", "assetRework"] {
        let (status, _) = world
            .post(PROCESSES, json!({"processDefinitionKey": key}))
            .await;
        assert_eq!(status, 400);
    }
}
