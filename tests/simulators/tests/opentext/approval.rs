use serde_json::{Value, json};

use crate::support::{PAST_PROCESSES, TASKS, World, object, stages, three, value};

async fn end(world: &World, process: &str) -> Value {
    let path = format!("{PAST_PROCESSES}/{process}?includeProcessVariables=true");
    let (_, past) = world.get(&path).await;
    assert_ne!(past["endTime"], json!(null), "still running");
    past["variables"].clone()
}

#[tokio::test]
async fn stages_follow_each_other() {
    let world = World::start().await;
    let id = world
        .review("k", stages(&["brand-reviewers", "legal"]))
        .await;
    let first = world.open(&id);
    assert_eq!(first.len(), 1);
    assert_eq!(world.complete(&first[0], "approved").await.0, 200);
    let second = world.sim.open_tasks(&id);
    assert_eq!(second[0].name, "legal");
    assert_eq!(
        world.sim.processes("k")[0].text("outcome"),
        None,
        "no outcome before the end"
    );
    assert_eq!(world.complete(&second[0].id, "approved").await.0, 200);
    let variables = end(&world, &id).await;
    assert_eq!(value(&variables, "outcome"), "approved");
    assert_eq!(value(&variables, "outcomeStage"), &Value::Null);
}

#[tokio::test]
async fn policies_need_one_all_or_some_groups() {
    let world = World::start().await;
    for (policy, quorum, needed) in [("any", None, 1), ("quorum", Some(2), 2), ("all", None, 3)] {
        let id = world.review(policy, three(policy, quorum)).await;
        for n in 1..=needed {
            assert!(
                world.sim.processes(policy)[0].is_running(),
                "{policy} before {n}"
            );
            assert_eq!(world.complete(&world.open(&id)[0], "approved").await.0, 200);
        }
        assert!(!world.sim.processes(policy)[0].is_running(), "{policy}");
        assert!(world.open(&id).is_empty());
        let taken_away = world
            .sim
            .tasks(&id)
            .iter()
            .filter(|task| !task.is_completed())
            .count();
        assert_eq!(taken_away, 3 - needed, "{policy}");
    }
}

#[tokio::test]
async fn a_rejection_ends_the_review_and_no_later_stage_gets_a_task() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal", "compliance"])).await;
    let body = json!({"action": "complete", "outcome": "rejected", "variables": [
        {"name": "reasonCode", "value": "RIGHTS"}, {"name": "comment", "value": "no licence"}]});
    let path = format!("{TASKS}/{}", world.open(&id)[0]);
    assert_eq!(world.post(&path, body).await.0, 200);
    let variables = end(&world, &id).await;
    let told =
        ["outcome", "outcomeStage", "reasonCode", "comment"].map(|name| value(&variables, name));
    assert_eq!(told, ["rejected", "legal", "RIGHTS", "no licence"]);
    assert_eq!(world.sim.tasks(&id).len(), 1);
}

#[tokio::test]
async fn parallel_stages_open_together_and_one_rejection_closes_all() {
    let world = World::start().await;
    let variables =
        json!({"stages": stages(&["legal", "compliance"]).to_string(), "parallelStages": true});
    let id = world
        .sim
        .start_process("assetApproval", "k", &object(variables))
        .unwrap();
    let open = world.open(&id);
    assert_eq!(open.len(), 2);
    assert_eq!(world.complete(&open[1], "changes-requested").await.0, 200);
    assert!(world.open(&id).is_empty());
    assert_eq!(
        value(&end(&world, &id).await, "outcome"),
        "changes-requested"
    );
}

#[tokio::test]
async fn conditions_are_gathered_and_the_earliest_expiry_holds() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal", "compliance"])).await;
    for (condition, expiry) in [
        ("web only", "2025-01-01T00:00:00Z"),
        ("not in DE", "2024-06-01T00:00:00Z"),
    ] {
        let variables = object(json!({"conditions": condition, "expiry": expiry}));
        let task = &world.open(&id)[0];
        let person = if condition == "web only" {
            "cara@example.test"
        } else {
            "eva@example.test"
        };
        world
            .sim
            .decide(task, person, "approved-with-conditions", &variables)
            .unwrap();
    }
    let variables = end(&world, &id).await;
    let told = ["outcome", "conditions", "expiry"].map(|name| value(&variables, name));
    assert_eq!(
        told,
        [
            "approved-with-conditions",
            "web only\nnot in DE",
            "2024-06-01T00:00:00Z"
        ]
    );
}

#[tokio::test]
async fn an_outcome_the_model_does_not_know_ends_the_process_with_it() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    assert_eq!(
        world.complete(&world.open(&id)[0], "perhaps-later").await.0,
        200
    );
    assert_eq!(value(&end(&world, &id).await, "outcome"), "perhaps-later");
}

#[tokio::test]
async fn an_outcome_may_come_as_a_variable_and_must_come() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let path = format!("{TASKS}/{}", world.open(&id)[0]);
    let (status, body) = world.post(&path, json!({"action": "complete"})).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(world.open(&id).len(), 1, "nothing has happened");
    let variable =
        json!({"action": "complete", "variables": [{"name": "outcome", "value": "approved"}]});
    assert_eq!(world.post(&path, variable).await.0, 200);
    assert_eq!(value(&end(&world, &id).await, "outcome"), "approved");
}

#[tokio::test]
async fn wrong_stages_start_nothing() {
    let world = World::start().await;
    for stages in ["", "no json", "[]", r#"[{"name":"s","groups":[]}]"#] {
        let variables = object(json!({"stages": stages}));
        assert!(
            world
                .sim
                .start_process("assetApproval", "k", &variables)
                .is_err(),
            "{stages}"
        );
    }
    assert!(world.sim.processes("k").is_empty());
}
