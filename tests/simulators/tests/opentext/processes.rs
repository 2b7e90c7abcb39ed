use serde_json::{Value, json};

use crate::support::{PAST_PROCESSES, PROCESSES, World, embedded, review_request, stages, value};

#[tokio::test]
async fn a_start_answers_201_with_the_process_and_what_it_was_asked_for() {
    let world = World::start().await;
    let mut request = review_request("canto:image:abc", &stages(&["legal"]));
    request["returnVariables"] = json!(true);
    request["comment"] = json!({"message": "Started by the flow", "type": "info"});
    let (status, body) = world.post(PROCESSES, request).await;
    assert_eq!(status, 201);
    assert_eq!(body["businessKey"], "canto:image:abc");
    assert_eq!(body["startTime"], "2024-04-17T10:17:43.902+0000");
    assert!(
        body["processDefinitionId"]
            .as_str()
            .unwrap()
            .starts_with("assetApproval:1:")
    );
    assert_eq!(value(&body["variables"], "title"), "hero.jpg");
    assert_eq!(body["comments"][0]["message"], "Started by the flow");
    assert_eq!(
        (&body["ended"], &body["suspended"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(world.sim.frame().recorder().effects("start-process"), 1);
}

#[tokio::test]
async fn the_service_has_no_idempotency_key() {
    let world = World::start().await;
    world.review("same", stages(&["legal"])).await;
    world.review("same", stages(&["legal"])).await;
    assert_eq!(world.sim.processes("same").len(), 2);
}

#[tokio::test]
async fn exactly_one_of_key_id_and_message_picks_the_definition() {
    let world = World::start().await;
    let (_, models) = world
        .query("/workflow/v1/runtime/models", &[("key", "forebayNotice")])
        .await;
    let id = embedded(&models, "models")[0]["id"].clone();
    let variables = json!([{"name": "group", "value": "legal"}, {"name": "title", "value": "t"}]);
    for (body, wanted) in [
        (json!({"processDefinitionKey": "forebayNotice"}), 201),
        (json!({"processDefinitionId": id}), 201),
        (json!({"message": "forebayNoticeRequested"}), 201),
        (json!({}), 400),
        (
            json!({"processDefinitionKey": "forebayNotice", "message": "forebayNoticeRequested"}),
            400,
        ),
        (json!({"processDefinitionKey": "nobody-deployed-this"}), 400),
        (json!({"message": "nobody-listens"}), 400),
    ] {
        let mut request = body.clone();
        request["variables"] = variables.clone();
        let (status, reply) = world.post(PROCESSES, request).await;
        assert_eq!(status, wanted, "{body}: {reply}");
        assert_eq!(reply.get("exception").is_some(), wanted == 400);
    }
}

#[tokio::test]
async fn a_removed_definition_starts_nothing_and_its_processes_go_on() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.sim.remove_definition("assetApproval");
    let request = review_request("k2", &stages(&["legal"]));
    assert_eq!(world.post(PROCESSES, request).await.0, 400);
    assert_eq!(world.get(&format!("{PROCESSES}/{id}")).await.0, 200);
}

#[tokio::test]
async fn an_empty_list_has_no_embedded_member_and_pages_are_counted() {
    let world = World::start().await;
    let (_, empty) = world.get(PROCESSES).await;
    assert_eq!(
        (empty.get("_embedded"), &empty["page"]["totalElements"]),
        (None, &json!(0))
    );

    for n in 0..5 {
        world.review(&format!("k{n}"), stages(&["legal"])).await;
    }
    let (_, page) = world
        .query(PROCESSES, &[("offset", "4"), ("count", "2")])
        .await;
    assert_eq!(embedded(&page, "process-instances").len(), 1);
    assert_eq!(
        page["page"],
        json!({"size": 2, "totalElements": 5, "totalPages": 3, "number": 2})
    );
    assert!(
        page["_links"]["self"]["href"]
            .as_str()
            .unwrap()
            .ends_with("?offset=4&count=2")
    );
    let (_, beyond) = world.query(PROCESSES, &[("offset", "9")]).await;
    assert_eq!(beyond.get("_embedded"), None);
    let (_, found) = world.query(PROCESSES, &[("businessKey", "k3")]).await;
    assert_eq!(
        embedded(&found, "process-instances")[0]["businessKey"],
        "k3"
    );
    assert_eq!(world.query(PROCESSES, &[("count", "-1")]).await.0, 400);
}

#[tokio::test]
async fn lists_are_sorted_as_asked() {
    let world = World::start().await;
    for key in ["b", "a", "c"] {
        world.review(key, stages(&["legal"])).await;
    }
    for (order, wanted) in [("asc", ["a", "b", "c"]), ("desc", ["c", "b", "a"])] {
        let (_, page) = world
            .query(PROCESSES, &[("sort", "businessKey"), ("order", order)])
            .await;
        let rows = embedded(&page, "process-instances");
        let keys: Vec<&str> = rows
            .iter()
            .map(|row| row["businessKey"].as_str().unwrap())
            .collect();
        assert_eq!(keys, wanted);
    }
}

#[tokio::test]
async fn a_suspended_process_stands_still() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{PROCESSES}/{id}");
    let task = world.open(&id)[0].clone();
    let (status, body) = world.put(&path, json!({"action": "suspend"})).await;
    assert_eq!((status, &body["suspended"]), (200, &json!(true)));
    assert_eq!(world.put(&path, json!({"action": "suspend"})).await.0, 409);
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    assert_eq!(world.put(&path, json!({"action": "activate"})).await.0, 200);
    assert_eq!(world.complete(&task, "approved").await.0, 200);
    assert_eq!(world.put(&path, json!({"action": "rewind"})).await.0, 400);
}

#[tokio::test]
async fn an_ended_process_leaves_the_runtime_and_its_tasks_leave_the_inboxes() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{PROCESSES}/{id}");
    assert_eq!(
        world
            .delete(&format!("{path}?deleteReason=asset%20deleted"))
            .await,
        204
    );
    assert_eq!(world.delete(&path).await, 404);
    assert_eq!(world.get(&path).await.0, 404);
    assert!(world.open(&id).is_empty());
    let (_, past) = world.get(&format!("{PAST_PROCESSES}/{id}")).await;
    assert_eq!(past["deleteReason"], "asset deleted");
    assert_eq!(past["endActivityId"], Value::Null);
}

#[tokio::test]
async fn the_reason_of_an_end_may_stand_in_the_body_or_nowhere() {
    let world = World::start().await;
    for (body, wanted) in [
        (json!({"comment": {"message": "superseded"}}), "superseded"),
        (json!(null), "process instance deleted"),
    ] {
        let id = world.review("k", stages(&["legal"])).await;
        let request = world
            .request(http::Method::DELETE, &format!("{PROCESSES}/{id}"))
            .json(&body);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 204);
        assert_eq!(
            world
                .sim
                .processes("k")
                .last()
                .unwrap()
                .delete_reason
                .as_deref(),
            Some(wanted)
        );
    }
}

#[tokio::test]
async fn variables_are_created_once_and_set_often() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{PROCESSES}/{id}/variables");
    let new = json!([{"name": "run", "value": "r1", "type": "string"}]);
    assert_eq!(world.post(&path, new.clone()).await.0, 201);
    assert_eq!(world.post(&path, new).await.0, 409);
    let (status, _) = world
        .put(&path, json!([{"name": "run", "value": "r2"}]))
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        world
            .put(&format!("{path}/run"), json!({"value": 3}))
            .await
            .0,
        200
    );
    let (_, one) = world.get(&format!("{path}/run")).await;
    assert_eq!(
        (&one["value"], &one["type"]),
        (&json!(3), &json!("integer"))
    );
    assert_eq!(world.get(&format!("{path}/none")).await.0, 404);
    let wrong = json!([{"name": "run", "value": "three", "type": "integer"}]);
    assert_eq!(world.put(&path, wrong).await.0, 400);
}

#[tokio::test]
async fn comments_are_added_listed_and_removed() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{PROCESSES}/{id}/comments");
    assert_eq!(world.get(&path).await.1.get("_embedded"), None);
    let (status, comment) = world.post(&path, json!({"message": "look again"})).await;
    assert_eq!((status, &comment["author"]), (201, &json!("test-client")));
    assert_eq!(embedded(&world.get(&path).await.1, "comments").len(), 1);
    let one = format!("{path}/{}", comment["id"].as_str().unwrap());
    assert_eq!(world.delete(&one).await, 204);
    assert_eq!(world.delete(&one).await, 404);
    assert_eq!(world.post(&path, json!({})).await.0, 400);
}

#[tokio::test]
async fn a_message_reaches_only_the_execution_that_waits_for_it() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{PROCESSES}/executions");
    let (_, list) = world
        .query(&path, &[("processInstanceId", id.as_str())])
        .await;
    let executions = embedded(&list, "executions");
    let of = |activity: Value| {
        let found = executions
            .iter()
            .find(|row| row["activityId"] == activity)
            .unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let message = json!({"action": "messageEventReceived", "messageName": "assetChanged",
                         "variables": [{"name": "assetVersion", "value": "v2"}]});
    for (activity, wanted) in [
        (json!(null), 400),
        (json!("review"), 400),
        (json!("assetChanged"), 200),
    ] {
        let (status, _) = world
            .put(&format!("{path}/{}", of(activity)), message.clone())
            .await;
        assert_eq!(status, wanted);
    }
    assert_eq!(world.sim.processes("k")[0].text("assetVersion"), Some("v2"));
    assert_eq!(world.open(&id).len(), 1, "the review goes on");
    let trigger = json!({"action": "trigger"});
    assert_eq!(
        world
            .put(&format!("{path}/{}", of(json!(null))), trigger)
            .await
            .0,
        400
    );
    assert_eq!(world.put(&format!("{path}/nowhere"), message).await.0, 404);
}

#[tokio::test]
async fn models_tell_the_possible_outcomes() {
    let world = World::start().await;
    let path = "/workflow/v1/runtime/models";
    let (_, list) = world.query(path, &[("latestVersion", "true")]).await;
    assert_eq!(embedded(&list, "models").len(), 14);
    let (_, found) = world.query(path, &[("key", "assetApproval")]).await;
    let id = embedded(&found, "models")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, model) = world
        .query(&format!("{path}/{id}"), &[("modelType", "json")])
        .await;
    let shapes = model["modelContent"]["childShapes"].as_array().unwrap();
    let review = shapes
        .iter()
        .find(|shape| shape["stencil"]["id"] == "UserTask")
        .unwrap();
    let outcomes = review["properties"]["possibleoutcomes"].as_str().unwrap();
    assert!(outcomes.contains("Reject:rejected"), "{outcomes}");
    assert_eq!(review["properties"]["outcomevariable"], "outcome");

    let new = json!({"modelId": id, "modelType": "xml", "modelContent": "<definitions/>"});
    let (status, deployed) = world.post(path, new).await;
    assert_eq!((status, &deployed["version"]), (201, &json!(2)));
    let (_, latest) = world
        .query(path, &[("latestVersion", "true"), ("key", "assetApproval")])
        .await;
    assert_eq!(embedded(&latest, "models").len(), 1);
}

#[tokio::test]
async fn recorded_paths_are_whole_and_links_lead_back() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let (_, body) = world.get(&format!("{PROCESSES}/{id}")).await;
    let link = body["_links"]["self"]["href"].as_str().unwrap();
    let path = link.strip_prefix(&world.sim.base_url()).unwrap();
    assert_eq!(world.get(path).await.1["id"], id);
    let calls = world.sim.frame().recorder().calls_of("start-process");
    assert_eq!(
        (calls[0].path.as_str(), calls[0].actor.as_deref()),
        (PROCESSES, Some("test-client"))
    );
}
