use forebay_simulators::common::{Fault, Rule};
use http::Method;
use serde_json::json;

use crate::support::{PROCESSES, TASKS, World, read, review_request, stages};

#[tokio::test]
async fn a_start_can_be_committed_and_its_reply_lost() {
    let world = World::start().await;
    world
        .sim
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::CommitThenTimeout));
    let request = review_request("k", &stages(&["legal"]));
    let lost = world
        .request(Method::POST, PROCESSES)
        .json(&request)
        .send()
        .await;
    assert!(lost.is_err());
    let (_, found) = world.query(PROCESSES, &[("businessKey", "k")]).await;
    assert_eq!(found["page"]["totalElements"], 1);
    assert_eq!(world.sim.frame().recorder().effects("start-process"), 1);
    assert_eq!(
        world.sim.frame().recorder().calls_of("start-process")[0].status,
        None
    );
}

#[tokio::test]
async fn a_connection_lost_before_the_start_commits_nothing() {
    let world = World::start().await;
    world
        .sim
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::ConnectionLost));
    let request = review_request("k", &stages(&["legal"]));
    assert!(
        world
            .request(Method::POST, PROCESSES)
            .json(&request)
            .send()
            .await
            .is_err()
    );
    assert!(world.sim.processes("k").is_empty());
}

#[tokio::test]
async fn the_gateway_says_429_and_503_in_its_own_words() {
    let world = World::start().await;
    world
        .sim
        .frame()
        .faults()
        .add(Rule::once("list-tasks", Fault::too_many(120)));
    let response = world.request(Method::GET, TASKS).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"], "120");
    world
        .sim
        .frame()
        .faults()
        .add(Rule::once("list-tasks", Fault::status(503)));
    let (status, body) = world.get(TASKS).await;
    assert_eq!(status, 503);
    assert!(body["fault"]["faultstring"].is_string(), "{body}");
    world
        .sim
        .frame()
        .faults()
        .add(Rule::once("list-tasks", Fault::status(500)));
    let (status, body) = world.get(TASKS).await;
    assert_eq!(status, 500);
    assert!(body["exception"].is_string(), "{body}");
    assert_eq!(world.get(TASKS).await.0, 200);
}

#[tokio::test]
async fn an_administrator_ends_a_process_behind_everybodys_back() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let task = world.open(&id)[0].clone();
    world.sim.terminate(&id, "cleaned up").unwrap();
    assert_eq!(world.complete(&task, "approved").await.0, 404);
    assert_eq!(world.get(&format!("{PROCESSES}/{id}")).await.0, 404);
    assert!(world.sim.terminate(&id, "again").is_err());
    assert_eq!(world.sim.processes("k")[0].text("outcome"), None);
}

#[tokio::test]
async fn faults_are_set_from_outside_too() {
    let world = World::start().await;
    let rule = json!({"operation": "act-on-task", "fault": {"status": {"code": 409}}, "times": 1});
    assert_eq!(world.post("/_sim/faults", rule).await.0, 204);
    let id = world.review("k", stages(&["legal"])).await;
    let task = world.open(&id)[0].clone();
    assert_eq!(world.complete(&task, "approved").await.0, 409);
    assert_eq!(world.complete(&task, "approved").await.0, 200);
    let (_, calls) = world.get("/_sim/calls?operation=act-on-task").await;
    assert_eq!(calls[0]["faults"], json!(["status 409"]));
    assert_eq!(calls[1]["effects"], json!(["complete-task"]));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_a_bad_request() {
    let world = World::start().await;
    let (status, body) = read(world.request(Method::POST, PROCESSES).body("{not json")).await;
    assert_eq!(status, 400);
    assert!(body["exception"].is_string(), "{body}");
}
