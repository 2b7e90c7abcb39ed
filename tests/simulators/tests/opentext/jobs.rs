use serde_json::{Value, json};

use crate::support::{FLOWABLE, PROCESSES, World, object};

const JOBS: &str = "/workflow/v1/external-jobs";

fn work(world: &World) -> String {
    let variables = object(json!({"topic": "canto-lookup", "assetId": "abc"}));
    world
        .sim
        .start_process("assetWork", "k", &variables)
        .unwrap()
}

async fn acquire(world: &World, worker: &str) -> Vec<Value> {
    let body = json!({"topic": "canto-lookup", "workerId": worker, "lockDuration": "PT10M",
                      "numberOfTasks": 5, "numberOfRetries": 3});
    let (status, body) = world.post(JOBS, body).await;
    assert_eq!((status, &body["links"]), (200, &json!({"empty": true})));
    body["content"].as_array().unwrap().clone()
}

fn path(job: &Value, call: &str) -> String {
    format!("{JOBS}/{}/{call}", job["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_job_is_given_to_one_worker_until_its_lock_expires() {
    let world = World::start().await;
    work(&world);
    let job = acquire(&world, "w1").await.remove(0);
    assert_eq!(
        [&job["lockOwner"], &job["retries"]],
        [&json!("w1"), &json!(3)]
    );
    assert_eq!(job["lockExpirationTime"], "2024-04-17T10:27:43.902+0000");
    assert_eq!(job["variables"][1]["value"], "abc");
    assert!(acquire(&world, "w2").await.is_empty());
    let done = |worker: &str| json!({"workerId": worker});
    assert_eq!(world.post(&path(&job, "complete"), done("w2")).await.0, 403);
    world.advance(600);
    assert_eq!(
        world.post(&path(&job, "complete"), done("w1")).await.0,
        403,
        "the lock is over"
    );
    assert_eq!(acquire(&world, "w2").await.len(), 1);
    assert_eq!(world.post(&path(&job, "complete"), done("w2")).await.0, 204);
    assert_eq!(world.post(&path(&job, "complete"), done("w2")).await.0, 404);
    assert_eq!(world.sim.processes("k")[0].text("outcome"), Some("done"));
}

#[tokio::test]
async fn a_failed_job_comes_back_until_its_retries_are_used_up() {
    let world = World::start().await;
    work(&world);
    let job = acquire(&world, "w").await.remove(0);
    let failure = json!({"workerId": "w", "errorMessage": "no answer", "retries": 1, "retryTimeout": "PT30S"});
    assert_eq!(world.post(&path(&job, "fail"), failure).await.0, 204);
    assert!(acquire(&world, "w").await.is_empty());
    world.advance(30);
    let again = acquire(&world, "w").await.remove(0);
    assert_eq!(
        [&again["exceptionMessage"], &again["retries"]],
        [&json!("no answer"), &json!(1)]
    );
    assert_eq!(
        world
            .post(&path(&job, "fail"), json!({"workerId": "w"}))
            .await
            .0,
        204
    );
    assert!(acquire(&world, "w").await.is_empty(), "no retry is left");
    assert!(world.sim.processes("k")[0].is_running());
}

#[tokio::test]
async fn a_bpmn_error_ends_the_process_with_its_code() {
    let world = World::start().await;
    work(&world);
    let job = acquire(&world, "w").await.remove(0);
    let error = json!({"workerId": "w", "errorCode": "ASSET_GONE"});
    assert_eq!(world.post(&path(&job, "bpmnError"), error).await.0, 204);
    assert_eq!(
        world.sim.processes("k")[0].text("outcome"),
        Some("ASSET_GONE")
    );
}

#[tokio::test]
async fn requests_for_jobs_are_checked() {
    let world = World::start().await;
    assert_eq!(world.post(JOBS, json!({"workerId": "w"})).await.0, 400);
    let body = json!({"topic": "t", "workerId": "w", "lockDuration": "ten minutes"});
    assert_eq!(world.post(JOBS, body).await.0, 400);
    let start = json!({"processDefinitionKey": "assetWork"});
    assert_eq!(world.post(PROCESSES, start).await.0, 400);
}

#[tokio::test]
async fn flowable_answers_a_plain_array_at_its_own_address() {
    let world = World::flowable().await;
    work(&world);
    let jobs = FLOWABLE.replace("service", "external-job-api/acquire/jobs");
    let body = json!({"topic": "canto-lookup", "workerId": "w", "lockDuration": "PT1M", "numberOfTasks": 1});
    let (status, list) = world.post(&jobs, body).await;
    assert_eq!(status, 200);
    let id = list[0]["id"].as_str().unwrap();
    let done = json!({"workerId": "w", "variables": [{"name": "found", "value": true}]});
    assert_eq!(
        world.post(&format!("{jobs}/{id}/complete"), done).await.0,
        204
    );
    assert!(!world.sim.processes("k")[0].is_running());
}
