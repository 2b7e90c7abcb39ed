use forebay_simulators::opentext::DateStyle;
use serde_json::{Value, json};

use crate::support::{PROCESSES, TASKS, World, embedded, review_request, stages, three, value};

#[tokio::test]
async fn a_task_shows_stage_group_due_date_and_variables_on_request() {
    let world = World::start().await;
    let due = 1_713_435_463_902_i64;
    let stages = json!([{"name": "legal", "groups": [{"group": "legal-dach", "due": due}]}]);
    let id = world.review("k", stages).await;
    let all = [
        ("processInstanceId", id.as_str()),
        ("includeProcessVariables", "true"),
        ("includeTaskLocalVariables", "true"),
        ("includeTaskAssignments", "true"),
        ("includeTaskComments", "true"),
    ];
    let (_, list) = world.query(TASKS, &all).await;
    let task = &embedded(&list, "tasks")[0];
    assert_eq!(task["name"], "legal");
    assert_eq!(task["createTime"], "2024-04-17T10:17:43.902+0000");
    assert_eq!(task["dueDate"], "2024-04-18T10:17:43.902+0000");
    assert_eq!(
        task["assignments"],
        json!([{"user": null, "group": "legal-dach", "type": "candidate"}])
    );
    assert_eq!(value(&task["variables"], "stage"), "legal");
    assert_eq!(value(&task["variables"], "title"), "hero.jpg");
    let (_, plain) = world.get(TASKS).await;
    let plain = &embedded(&plain, "tasks")[0];
    assert_eq!(
        (&plain["variables"], plain.get("assignments")),
        (&json!([]), None)
    );

    world.sim.write_dates(DateStyle::Zulu);
    let (_, list) = world.get(TASKS).await;
    assert_eq!(
        embedded(&list, "tasks")[0]["createTime"],
        "2024-04-17T10:17:43.902Z"
    );
}

#[tokio::test]
async fn tasks_are_found_by_every_filter() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    world.review("other", stages(&["compliance"])).await;
    let task = world.open(&id)[0].clone();
    for (name, wanted) in [
        ("name", "legal"),
        ("nameLike", "%ega%"),
        ("candidateGroup", "legal"),
        ("candidateGroups", "x,legal"),
        ("candidateUser", "cara@example.test"),
        ("candidateOrAssigned", "cara@example.test"),
        ("processInstanceId", id.as_str()),
        ("processInstanceBusinessKey", "k"),
    ] {
        let (_, list) = world.query(TASKS, &[(name, wanted)]).await;
        let found = embedded(&list, "tasks");
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0]["id"], task, "{name}");
    }
    for (name, wanted, count) in [
        ("assignee", "cara@example.test", 0),
        ("unassigned", "true", 2),
        ("withoutDueDate", "true", 2),
        ("minimumPriority", "51", 0),
        ("active", "false", 0),
        ("createdAfter", "2024-04-17T10:17:43.902Z", 0),
        ("createdBefore", "2024-04-17T10:17:43.903+0000", 2),
        ("processDefinitionKey", "assetApproval", 2),
        ("involvedUser", "cara@example.test", 0),
        ("a-filter-nobody-knows", "x", 2),
    ] {
        let (_, list) = world.query(TASKS, &[(name, wanted)]).await;
        assert_eq!(list["page"]["totalElements"], count, "{name}");
    }
    // An offset whose plus was not escaped arrives as a space and is no date.
    let path = format!("{TASKS}?createdAfter=2024-04-17T10:17:43.902+0000");
    assert_eq!(world.get(&path).await.0, 400);
}

#[tokio::test]
async fn a_claimed_task_is_no_longer_a_candidates() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal-dach"])).await;
    let task = world.open(&id)[0].clone();
    let path = format!("{TASKS}/{task}");
    let claim = |who: Value| json!({"action": "claim", "assignee": who});
    assert_eq!(
        world.post(&path, claim(json!("cara@example.test"))).await.0,
        200
    );
    let (status, body) = world.post(&path, claim(json!("dirk@example.test"))).await;
    assert_eq!(status, 409);
    assert!(
        body["exception"]
            .as_str()
            .unwrap()
            .contains("already claimed"),
        "{body}"
    );
    let count =
        async |filter| world.query(TASKS, &[filter]).await.1["page"]["totalElements"].clone();
    assert_eq!(count(("candidateUser", "dirk@example.test")).await, 0);
    assert_eq!(count(("assignee", "cara@example.test")).await, 1);
    assert_eq!(world.post(&path, claim(json!(null))).await.0, 200);
    assert_eq!(count(("candidateUser", "dirk@example.test")).await, 1);
    assert_eq!(
        world
            .post(&path, claim(json!("nobody@example.test")))
            .await
            .0,
        400
    );
    assert_eq!(world.post(&path, json!({"action": "eat"})).await.0, 400);
    assert_eq!(world.post(&path, json!({})).await.0, 400);
}

#[tokio::test]
async fn a_task_is_completed_once() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let task = world.open(&id)[0].clone();
    assert_eq!(world.complete(&task, "approved").await.0, 200);
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    assert_eq!(world.get(&format!("{TASKS}/{task}")).await.0, 404);
    assert_eq!(world.complete("no-such-task", "approved").await.0, 404);
    assert_eq!(world.sim.frame().recorder().effects("complete-task"), 1);
}

#[tokio::test]
async fn a_task_that_was_taken_away_is_gone() {
    let world = World::start().await;
    let id = world.review("k", three("any", None)).await;
    let [first, second, _] = world.open(&id).try_into().unwrap();
    assert_eq!(world.complete(&first, "approved").await.0, 200);
    assert_eq!(world.complete(&second, "rejected").await.0, 404);
    assert_eq!(
        world.sim.processes("k")[0].text("outcome"),
        Some("approved")
    );
}

#[tokio::test]
async fn a_delegated_task_is_resolved_before_it_is_completed() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let task = world.open(&id)[0].clone();
    let path = format!("{TASKS}/{task}");
    let claim = json!({"action": "claim", "assignee": "cara@example.test"});
    assert_eq!(world.post(&path, claim).await.0, 200);
    let delegate = json!({"action": "delegate", "assignee": "dirk@example.test"});
    assert_eq!(world.post(&path, delegate).await.0, 200);
    let (_, row) = world.get(&path).await;
    let shown = [&row["assignee"], &row["owner"], &row["delegationState"]];
    assert_eq!(shown, ["dirk@example.test", "cara@example.test", "pending"]);
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    assert_eq!(world.post(&path, json!({"action": "resolve"})).await.0, 200);
    let (_, row) = world.get(&path).await;
    assert_eq!(
        [&row["assignee"], &row["delegationState"]],
        ["cara@example.test", "resolved"]
    );
    assert_eq!(world.complete(&task, "approved").await.0, 200);
}

#[tokio::test]
async fn a_task_is_changed_and_offered_to_more_groups() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{TASKS}/{}", world.open(&id)[0]);
    let change = json!({"dueDate": "2024-05-01T00:00:00.000+0000", "priority": 80});
    let (status, row) = world.put(&path, change).await;
    assert_eq!(
        (status, &row["dueDate"], &row["priority"]),
        (200, &json!("2024-05-01T00:00:00.000+0000"), &json!(80))
    );
    assert_eq!(world.put(&path, json!({"dueDate": "soon"})).await.0, 400);
    assert_eq!(
        world.put(&path, json!({"dueDate": null})).await.1["dueDate"],
        json!(null)
    );

    let links = format!("{path}/assignments");
    let new = json!({"group": "dam-leads", "type": "candidate"});
    assert_eq!(world.post(&links, new.clone()).await.0, 201);
    assert_eq!(world.post(&links, new).await.0, 201);
    assert_eq!(embedded(&world.get(&links).await.1, "assignments").len(), 2);
    assert_eq!(
        world
            .delete(&format!("{links}?group=legal&type=candidate"))
            .await,
        204
    );
    assert_eq!(
        world
            .delete(&format!("{links}?group=legal&type=candidate"))
            .await,
        404
    );
    let (_, list) = world.query(TASKS, &[("candidateGroup", "dam-leads")]).await;
    assert_eq!(list["page"]["totalElements"], 1);
    assert_eq!(
        world
            .put(&links, json!([{"user": "ann@example.test"}]))
            .await
            .0,
        200
    );
    assert_eq!(
        world.post(&links, json!({"type": "candidate"})).await.0,
        400
    );
}

#[tokio::test]
async fn a_task_has_comments_and_variables_of_its_own() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{TASKS}/{}", world.open(&id)[0]);
    let said = json!({"message": "reminder [forebay:42]"});
    assert_eq!(world.post(&format!("{path}/comments"), said).await.0, 201);
    let (_, comments) = world.get(&format!("{path}/comments")).await;
    assert_eq!(
        embedded(&comments, "comments")[0]["message"],
        "reminder [forebay:42]"
    );

    let variables = format!("{path}/variables");
    let local = json!([{"name": "seen", "value": true, "scope": "local"}]);
    assert_eq!(world.post(&variables, local.clone()).await.0, 201);
    assert_eq!(world.post(&variables, local.clone()).await.0, 409);
    assert_eq!(world.put(&variables, local).await.0, 200);
    let (_, all) = world.get(&variables).await;
    assert_eq!(
        (value(&all, "seen"), value(&all, "title")),
        (&json!(true), &json!("hero.jpg"))
    );
    assert_eq!(world.sim.processes("k")[0].text("seen"), None);
}

#[tokio::test]
async fn paging_shifts_when_tasks_change_between_pages() {
    let world = World::start().await;
    for n in 0..4 {
        let request = review_request(&format!("k{n}"), &stages(&["legal"]));
        assert_eq!(world.post(PROCESSES, request).await.0, 201);
    }
    let page = async |offset| {
        let (_, list) = world
            .query(TASKS, &[("offset", offset), ("count", "2")])
            .await;
        embedded(&list, "tasks")
            .iter()
            .map(|t| t["processInstanceId"].clone())
            .collect::<Vec<_>>()
    };
    let before = [page("0").await, page("2").await].concat();
    let first = world.sim.processes("k0")[0].id.clone();
    world.complete(&world.open(&first)[0], "approved").await;
    let second_page = page("2").await;
    assert_eq!(
        second_page,
        before[3..],
        "the third task has slipped onto the page read before"
    );
}
